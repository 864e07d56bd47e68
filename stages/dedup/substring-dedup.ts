import { definePassages, z } from "../../pipeline/stage.ts";
import { SubstringIndex } from "./substring/substring-index.ts";

/**
 * Cuts strings that stand in the corpus more than once, wherever they begin and end.
 *
 * A *window* is `minBytes` bytes of a page's UTF-8 on end. With `copies: first` a byte goes if it lies in a window that
 * stood at an earlier place: in an earlier page of the input, or before in the page. With `copies: none` it goes if it lies
 * in a window that stands at any other place, so that nothing is left of what repeats. In either case a character goes if
 * all its bytes go; windows that overlap or touch become one cut, whose twin is the page in which the windows stood first
 * that make up the longest part of it. No window reaches over the end of a page.
 *
 * A string of `minBytes` bytes or more that repeats consists of such windows, and so goes as a whole. Where it overlaps its
 * own copy, as in a line of dashes, one period of it stays: of 5 million times the same letter, one. What is left and right
 * of a cut meets then, and may together repeat something: a second run may find a little more.
 *
 * Source: ExactSubstr of Lee et al. 2021, "Deduplicating training data makes language models better"
 * (google-research/deduplicate-text-datasets 4e9888a, src/main.rs, `self-similar` and `collect`, which cuts all copies;
 * 100 bytes there are 50 tokens of two bytes). RefinedWeb (Penedo et al. 2023) and datatrove cut the same way. Not as
 * there: bytes of text are compared rather than of tokens, and a page ends where it ends instead of with a separator that
 * may be part of what repeats.
 *
 * No suffix array is built; see `substring/substring-index.ts`. Memory: what the run grants, whatever the corpus holds,
 * and the longest page. Disk: one byte for each byte of text, and 3 for each byte that may be part of what repeats (16 more
 * of these where memory is so small that a part of it has to be looked at in several passes). Windows are compared by
 * fingerprints of 64 bits and a hash of half their bytes: among 10¹⁰ bytes of what repeats, two windows that differ are
 * taken for equal less than once in 1,000 runs.
 */
export default definePassages({
  name: "substring-dedup",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    minBytes: z
      .int()
      .min(16)
      .max(10_000)
      .default(100)
      .describe("Length, in bytes of UTF-8, from which on a string that repeats is cut."),
    copies: z
      .enum(["first", "none"])
      .default("first")
      .describe("What stays of a string that repeats: its first copy, or none."),
  }),
  openIndex: ({ minBytes, copies }, context) => new SubstringIndex(minBytes, copies, context),
});
