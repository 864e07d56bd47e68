import { z } from "zod";
import { answersOf } from "./answers.ts";
import { numberOf } from "./numbers.ts";
import { defineVerifier } from "./verifier.ts";

/** How thinking ends and the answer begins: with one space, to the letter. The prompt ends with `<think>`. */
const TURN = "</think> <answer>";
const OPEN = "<answer>";
const CLOSE = "</answer>";

/**
 * Whether the response thinks and then answers in tags, as the r1-zero prompt asks for; with `field`, whether the answer
 * is right, too. A right form with a wrong answer scores 0: whoever rewards the form alone teaches it alone. Parts:
 * `format` and `answer`. The rule for form and answer's text is the course's (stanford-cs336/assignment5-alignment
 * eb2c562, drgrpo_grader.py); its comparison of formulas is not rebuilt, answers are compared as texts or numbers.
 */
export default defineVerifier({
  name: "format",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    field: z.string().optional().describe("the row's field that holds the answer; without it only the form counts"),
    compare: z.enum(["numeric", "exact"]).default("numeric").describe("how answers are compared"),
  }),
  verify(response, asked, { field, compare }) {
    const comparable = (text: string) => (compare === "numeric" ? numberOf(text) : text.trim());
    const right = field === undefined ? undefined : answersOf(asked, field).map(comparable);
    if (right?.includes(undefined)) throw new Error(`the field "${field}" has no number`);
    const format = response.includes(TURN) && response.includes(CLOSE) ? 1 : 0;
    if (right === undefined) return { score: format, parts: { format } };
    const text = response.slice(response.lastIndexOf(OPEN) + OPEN.length).replaceAll(CLOSE, "");
    const found = comparable(text);
    const answer = format === 1 && found !== undefined && right.includes(found) ? 1 : 0;
    return { score: answer, parts: { format, answer } };
  },
});
