import { z } from "zod";
import { fieldOf } from "./answers.ts";
import { defineVerifier } from "./verifier.ts";

/**
 * Whether the response chooses the right letter. What it chooses is the first of: what it says to be the answer ("the
 * answer is B", "Answer: (B)"); the letter that a line begins with ("B", "B. Paris", "(B)"); "option B". A capital
 * letter elsewhere is no choice: "A" is a word.
 */
export default defineVerifier({
  name: "choice",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    field: z.string().default("answer").describe("the row's field with the right letter, or with its number from 0"),
    letters: z
      .string()
      .regex(/^[A-Z]{2,26}$/, "expected at least two capital letters")
      .default("ABCD")
      .describe("those that can be chosen"),
  }),
  verify(response, { fields }, { field, letters }) {
    const answer = fieldOf(fields, field);
    const right = typeof answer === "number" ? letters[answer] : String(answer).trim();
    if (right === undefined || right.length !== 1 || !letters.includes(right)) {
      throw new Error(`the field "${field}" is ${JSON.stringify(answer)?.slice(0, 60)}; expected one of ${letters}`);
    }
    return choiceOf(response, letters) === right ? 1 : 0;
  },
});

// Spaces are bounded: two runs of any length side by side would make long blanks quadratic.
const STATEMENTS = [
  /\b(?:[Aa]nswer|ANSWER)(?:\s{1,3}(?:is|was|would be|should be))?\s{0,3}[:=]?\s{0,3}(?:(?:[Oo]ption|[Cc]hoice|[Ll]etter)\s{1,3})?\(?([A-Z])(?![\p{L}\p{N}'’])/gu,
  /^[ \t]{0,3}\(?([A-Z])(?:[).:,]|[ \t]{0,3}$)/gmu,
  /\b(?:[Oo]ption|[Cc]hoice|[Ll]etter)\s{1,3}\(?([A-Z])(?![\p{L}\p{N}'’])/gu,
];

/** The letter that a response chooses, if any. */
export function choiceOf(response: string, letters = "ABCD"): string | undefined {
  const plain = response.replaceAll("*", "");
  for (const statement of STATEMENTS) {
    for (const [, letter] of plain.matchAll(statement)) if (letters.includes(letter!)) return letter;
  }
  return undefined;
}
