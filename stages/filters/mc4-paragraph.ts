import { defineFilter, z } from "../../pipeline/stage.ts";
import { countCodePoints } from "../../pipeline/text/python-text.ts";
import { drop, keep } from "../../pipeline/verdict.ts";

/**
 * Drops pages without three long lines: the paragraph filter of mC4 (Xue et al. 2021) as datatrove applies it
 * (huggingface/datatrove a649de7, C4ParagraphFilter in c4_filters.py). Lines lie between "\n" and are not trimmed;
 * lengths are code points. A page of fewer lines is dropped whatever `minLineChars` is.
 *
 * @example mc4Paragraph({ minLineChars: 100 })
 */
export default defineFilter({
  name: "mc4-paragraph",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    minLines: z.int().min(1).default(3).describe("How many long lines a page must have."),
    minLineChars: z.int().min(0).default(200).describe("Code points that make a line long."),
  }),
  thresholds: ["minLineChars"],
  referenceReasons: { "too-few-paragraphs": "< 3 paragraphs" },
  score: ({ text }, { minLines }) => {
    const chars = lineChars(text);
    return { lines: chars.length, nthLongestChars: chars[minLines - 1] ?? 0 };
  },
  keep: ({ lines, nthLongestChars }, { minLines, minLineChars }) =>
    lines < minLines || nthLongestChars < minLineChars ? drop("too-few-paragraphs", nthLongestChars) : keep,
});

/** Code points of every line, the longest first. */
function lineChars(text: string): Float64Array {
  return Float64Array.from(text.split("\n"), (line) => countCodePoints(line))
    .sort()
    .reverse();
}
