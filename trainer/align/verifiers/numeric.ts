import { z } from "zod";
import { answersOf } from "./answers.ts";
import { numberOf } from "./numbers.ts";
import { defineVerifier } from "./verifier.ts";

/**
 * Whether the response comes to the right number: its last one, or the one behind `####` where it has that mark, as
 * GSM8K's solutions do (Cobbe et al. 2021; the last number is the rule of the course's parser). Answers are read alike.
 */
export default defineVerifier({
  name: "numeric",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    field: z
      .string()
      .default("answer")
      .describe("the row's field that holds the answer, or a solution that ends in it"),
    tolerance: z.number().min(0).default(0).describe("how far off a number may be"),
  }),
  verify(response, asked, { field, tolerance }) {
    const answers = answersOf(asked, field).map((answer) => expectedNumber(answer, field));
    const found = numberOf(response);
    if (found === undefined) return 0;
    const isRight = (answer: string) =>
      answer === found || (tolerance > 0 && Math.abs(Number(answer) - Number(found)) <= tolerance);
    return answers.some(isRight) ? 1 : 0;
  },
});

function expectedNumber(answer: string, field: string): string {
  // What a number beyond 1e21 or below 1e-6 becomes as text: its last number would be the exponent.
  const number = /^-?[\d.]+e[+-]?\d+$/.test(answer) ? undefined : numberOf(answer);
  if (number !== undefined) return number;
  throw new Error(`the field "${field}" has no number in ${JSON.stringify(answer.slice(0, 60))}; write it in digits`);
}
