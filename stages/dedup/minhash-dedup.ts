import { dedupOptions } from "../../pipeline/dedup-options.ts";
import { defineDedup, z } from "../../pipeline/stage.ts";
import { CharSigner } from "./char-signer.ts";
import { CONFIGURATION_NAMES, settingsOf, UNITS } from "./configurations.ts";
import { HASHES, PRECISIONS } from "./datatrove/signature.ts";
import { DatatroveSigner } from "./datatrove/signer.ts";
import { readEvidence } from "./jaccard.ts";
import { KEY_WORDS_PER_BAND } from "./minhash.ts";
import { MEASURES, MinhashIndex } from "./minhash-index.ts";
import { Signer } from "./signer.ts";

/**
 * Drops pages that nearly repeat a kept page: the Jaccard similarity of their sets of shingles (runs of words or
 * characters) is at least `minJaccard`. Candidates are found by banded MinHash signatures, so that a pair of similarity
 * s is looked at with probability 1 − (1 − s^rows)^bands, and then compared shingle by shingle. Of several pages it
 * resembles, the most similar is named, or the first of equals. With `verify: false` every candidate counts as a
 * duplicate, as in the pipelines that only keep signatures, under a reason of its own; the similarity is then an
 * estimate from the number of bands shared.
 *
 * With `measure: containment` a page goes when nearly all of the smaller page's shingles are in the other, be it that
 * page or its twin: with `keep: longest` it is the smaller one. Candidates are found by Jaccard similarity all the same,
 * so that pages of very different size seldom meet.
 *
 * `config` names a published configuration; what is given beside it (`bands`, `rows`, `ngram`, `unit`) takes its place.
 * The default is FineWeb's (Penedo et al. 2024): 14 bands of 8 hashes, shingles of 5 words. A run's manifest holds what
 * its recipe says; `settingsOf` tells what it comes to. Pages with fewer than `ngram` words have no shingle and are kept.
 *
 * `parity: datatrove` gives the signatures of huggingface/datatrove (a649de7), bit for bit, with its words, hashes and
 * random numbers; `seed` is then numpy's. What it finds is verified as everything else.
 *
 * The result depends on the order of the pages, not on threads or batches. It is the same for any order as far as
 * pages fall into groups that are all alike within and unlike without; then only which page stays for a group differs.
 *
 * Memory: 14 to 21 bytes a band and kept page, 198 to 297 for 14 bands; see `KeyIndex`.
 */
export default defineDedup({
  name: "minhash-dedup",
  module: import.meta.url,
  version: 1,
  params: z
    .strictObject({
      config: z
        .enum(CONFIGURATION_NAMES)
        .default("fineweb")
        .describe(
          "A published configuration: fineweb is 14 bands of 8 hashes over 5 words, refinedweb 450 × 20 over 5 words, nemo 20 × 13 over 24 characters, dclm 93 × 15 over 5 words, duplodocus 20 × 5 over 5 words, marin 26 × 11 over 5 characters of cleaned text.",
        ),
      bands: z
        .int()
        .min(1)
        .max(1024)
        .optional()
        .describe(
          "Bands of the signature: pages that agree in all hashes of one band are compared. If absent, `config` tells.",
        ),
      rows: z.int().min(1).max(64).optional().describe("Hashes in a band. If absent, `config` tells."),
      ngram: z.int().min(1).max(64).optional().describe("Words or characters in a shingle. If absent, `config` tells."),
      unit: z
        .enum(UNITS)
        .optional()
        .describe(
          "What shingles are made of: words, in lower case; characters of the text as it is; or of the text in lower case without ASCII punctuation. If absent, `config` tells.",
        ),
      measure: z
        .enum(MEASURES)
        .default("jaccard")
        .describe(
          "How candidates are compared: by the shingles in common, as a share of all that either page has (jaccard), or of those that the smaller one has (containment).",
        ),
      minJaccard: z
        .number()
        .gt(0)
        .max(1)
        .default(0.8)
        .describe(
          "Least share of shingles in common, of all that either page has, that makes a page a near-duplicate.",
        ),
      minContainment: z
        .number()
        .gt(0)
        .max(1)
        .default(0.9)
        .describe(
          "With `measure: containment`, the least share of the smaller page's shingles that the other page has, too.",
        ),
      verify: z
        .boolean()
        .default(true)
        .describe("Whether candidates are compared shingle by shingle; if not, each counts as a near-duplicate."),
      seed: z.int().min(0).max(0xffff_ffff).default(1).describe("Another seed draws other hash functions."),
      parity: z
        .enum(["datatrove"])
        .optional()
        .describe("Whose signatures candidates are found by, bit for bit, where they are not to be our own."),
      hash: z
        .enum(HASHES)
        .default("sha1")
        .describe("With `parity`, what hashes shingles: sha1, as for FineWeb, or xxhash, datatrove's default."),
      precision: z.literal(PRECISIONS).default(64).describe("With `parity`, bits of a hash."),
      ...dedupOptions,
    })
    .check(({ value, issues }) => {
      const { unit } = settingsOf(value);
      if (value.parity === undefined || unit === "words") return;
      const message = "Invalid unit: expected shingles of words, as datatrove makes them";
      issues.push({ code: "custom", path: ["parity"], input: unit, message });
    }),
  setup: ({ config, bands, rows, ngram, unit, seed, verify, parity, hash, precision }) => {
    const settings = settingsOf({ config, bands, rows, ngram, unit });
    if (parity === "datatrove") return new DatatroveSigner({ ...settings, seed, verify, hash, precision });
    if (settings.unit === "words") return new Signer({ ...settings, seed, verify });
    return new CharSigner({ ...settings, clean: settings.unit === "clean-chars", seed, verify });
  },
  sign: ({ text }, _, signer) => signer.sign(text),
  keyWords: KEY_WORDS_PER_BAND,
  signedBy: ({ config, bands, rows, ngram, unit, seed, verify, parity, hash, precision }) => ({
    ...settingsOf({ config, bands, rows, ngram, unit }),
    seed,
    verify,
    ...(parity === undefined ? {} : { parity, hash, precision }),
  }),
  thresholds: ["measure", "minJaccard", "minContainment"],
  tell: (page, twin) => {
    const [own, other] = [new Set(readEvidence(page)), new Set(readEvidence(twin))];
    const [common, ours, theirs] = [own.intersection(other).size, own.size, other.size].map((n) =>
      n.toLocaleString("en-US"),
    );
    return `${common} shingles in common, of ${ours} of the page and ${theirs} of its twin`;
  },
  openIndex: (params) => new MinhashIndex({ ...params, ...settingsOf(params) }),
});
