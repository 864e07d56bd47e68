import { definePassages } from "../../pipeline/stage.ts";
import { passageParams, RepeatedPassages } from "./passages/repeated-passages.ts";
import { splitParagraphs } from "./passages/split.ts";

/**
 * Cuts paragraphs that stand elsewhere, too. A paragraph is what lies between blank lines, lines of white space alone; it
 * goes with the blank lines behind it, and at the text's end with those before it. What stays is byte for byte what it was.
 * (What cc_net and dolma call paragraphs are lines: see `line-dedup`.)
 *
 * Paragraphs of fewer than `minChars` characters are left alone, as short lines are. Copies are counted, not pages.
 *
 * Memory: 21 to 32 bytes a distinct paragraph, and as much again while its table grows.
 *
 * @example paragraphDedup({ normalize: "whitespace-case", minWords: 8 })
 */
export default definePassages({
  name: "paragraph-dedup",
  module: import.meta.url,
  version: 1,
  params: passageParams("paragraphs"),
  openIndex: (params) => new RepeatedPassages(params, splitParagraphs),
});
