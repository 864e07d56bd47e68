import { definePassages, z } from "../../pipeline/stage.ts";
import { BloomFilter, bloomShape } from "./passages/bloom-filter.ts";
import { NgramOverlap, REMOVALS } from "./passages/ngram-overlap.ts";

/**
 * Cuts lines, and drops pages, of which most runs of 13 words were met before: the deduplication of DCLM (Li et al. 2024;
 * mlfoundations/dclm 361714b, dedup/bff/src/main.rs, `--remove-type old-both`). Words are UAX #29's, punctuation included. A
 * line of which more than `threshold` of the runs were met goes with the "\n" before it; the runs of all others are
 * remembered, also for the next line of the page. A page goes whole if more than `threshold` of all its runs were met.
 * Lines of fewer words than a run has always stay.
 *
 * What was met is kept in a Bloom filter, 9.6 bits a run at a rate of 0.01. It is sized for `expectedNgrams` and cannot
 * grow: with more, false positives become more; with twice as many 0.16 of what is new is taken for known. Once it holds as
 * many as were expected, one new line of exactly 13 words in 100 is lost, one of 14 in 10,000, and so on.
 *
 * The result depends on the order of the pages, and not on chance: equal input gives equal output for one `seed`. BFF
 * reads files in random order, on several threads. Which page a line was met in is not known.
 *
 * @example ngramDedup({ expectedNgrams: 2e9 })
 */
export default definePassages({
  name: "ngram-dedup",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    ngram: z.int().min(1).max(1000).default(13).describe("Words in a run."),
    threshold: z
      .number()
      .min(0)
      .max(1)
      .default(0.8)
      .describe("A line or page of which a greater share of the runs was met before goes."),
    remove: z
      .enum(REMOVALS)
      .default("both")
      .describe(
        "What goes: lines, and pages by all their lines' runs; lines alone; or pages by their runs across lines.",
      ),
    expectedNgrams: z
      .int()
      .min(1)
      .max(10_000_000_000)
      .default(100_000_000)
      .describe(
        "How many different runs the pages that stay may have, nearly as many as words. At the default rate of false positives a billion takes 1.2 GB, whether or not they come.",
      ),
    falsePositiveRate: z
      .number()
      .min(1e-9)
      .max(0.5)
      .default(0.01)
      .describe("Share of new runs taken for known ones once so many are."),
    seed: z.int().min(0).max(0xffff_ffff).default(1).describe("Another seed draws other false positives."),
  }),
  openIndex: (params) =>
    new NgramOverlap(params, new BloomFilter(bloomShape(params.expectedNgrams, params.falsePositiveRate))),
});
