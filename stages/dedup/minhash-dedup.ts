import { dedupOptions } from "../../pipeline/dedup-options.ts";
import { defineDedup, z } from "../../pipeline/stage.ts";
import { KEY_WORDS_PER_BAND } from "./minhash.ts";
import { MinhashIndex } from "./minhash-index.ts";
import { Signer } from "./signer.ts";

/**
 * Drops pages that nearly repeat an earlier, kept page: the Jaccard similarity of their sets of word n-grams is at
 * least `minJaccard`. Candidates are found by banded MinHash signatures, so that a pair of similarity s is looked at
 * with probability `duplicateProbability(s, bands, rows)`, and then compared shingle by shingle. Of several pages it
 * resembles, the most similar is named, or the first of equals. With `verify: false` every candidate counts as a
 * duplicate, as in the pipelines that only keep signatures, under a reason of its own; the similarity is then an
 * estimate from the number of bands shared.
 *
 * The defaults are FineWeb's (Penedo et al. 2024): 5-grams of words, 14 bands of 8 rows. Pages with fewer than `ngram`
 * words have no shingle and are kept.
 *
 * The result depends on the order of the pages, not on threads or batches. It is the same for any order as far as
 * pages fall into groups that are all alike within and unlike without; then only which page stays for a group differs.
 */
export default defineDedup({
  name: "minhash-dedup",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    bands: z
      .int()
      .min(1)
      .max(1024)
      .default(14)
      .describe("Bands of the signature: pages that agree in all rows of one band are compared."),
    rows: z.int().min(1).max(64).default(8).describe("Hashes in a band."),
    ngram: z.int().min(1).max(64).default(5).describe("Words in a shingle."),
    minJaccard: z
      .number()
      .gt(0)
      .max(1)
      .default(0.8)
      .describe("Least share of shingles in common, of all that either page has, that makes a page a near-duplicate."),
    verify: z
      .boolean()
      .default(true)
      .describe("Whether candidates are compared shingle by shingle; if not, each counts as a near-duplicate."),
    seed: z.int().min(0).max(0xffff_ffff).default(1).describe("Another seed draws other hash functions."),
    ...dedupOptions,
  }),
  setup: ({ bands, rows, ngram, seed, verify }) => new Signer({ bands, rows, ngram, seed, verify }),
  sign: ({ text }, _, signer) => signer.sign(text),
  keyWords: KEY_WORDS_PER_BAND,
  thresholds: ["minJaccard"],
  openIndex: (params) => new MinhashIndex(params),
});
