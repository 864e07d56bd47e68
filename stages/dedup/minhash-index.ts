/**
 * Decides whether a page resembles a kept one: pages that share a band are candidates, and their shingles settle it.
 *
 * Every page is compared with pages that *stay*, never with ones that were themselves dropped, so that a chain of
 * small steps from page to page cannot carry away pages unlike any that is kept.
 *
 * The work per page is bounded, so that a crawl in which every page carries the same menu costs linear time: a band's
 * key remembers its first `MAX_PAGES_PER_KEY` pages, and of the candidates the `MAX_CANDIDATES` that share the most
 * bands are compared. Both limits are counted when they bite, and what they leave out does not depend on timing.
 */
import type { DedupIndex, DuplicateOf } from "../../pipeline/stage.ts";
import { containmentAtLeast } from "./containment.ts";
import { similarityFromBands } from "./curve.ts";
import { jaccardAtLeast, readEvidence } from "./jaccard.ts";
import { KeyIndex } from "./key-index.ts";
import { KEY_WORDS_PER_BAND } from "./minhash.ts";

/** Pages of one key beyond these are near-duplicates that verification let pass: boilerplate, not copies. */
export const MAX_PAGES_PER_KEY = 32;
/** Comparisons a page may cost. A pair at the default threshold of 0.8 shares 2.3 of 14 bands on average. */
export const MAX_CANDIDATES = 64;

/** How two pages' shingle sets are compared. */
export const MEASURES = ["jaccard", "containment"] as const;

export interface MinhashIndexParams {
  readonly bands: number;
  readonly rows: number;
  readonly verify: boolean;
  readonly measure: (typeof MEASURES)[number];
  /** The least similarity by either measure; that of the other is not read. */
  readonly minJaccard: number;
  readonly minContainment: number;
}

export class MinhashIndex implements DedupIndex {
  readonly #params: MinhashIndexParams;
  readonly #index: KeyIndex;
  readonly #hits: Uint32Array;
  readonly #ranked: Float64Array;
  #candidatesSkipped = 0;
  #comparisons = 0;

  constructor(params: MinhashIndexParams) {
    this.#params = params;
    this.#index = new KeyIndex({
      bands: params.bands,
      keyWords: KEY_WORDS_PER_BAND,
      maxPagesPerKey: MAX_PAGES_PER_KEY,
    });
    this.#hits = new Uint32Array(this.#index.maxPagesFound);
    this.#ranked = new Float64Array(this.#index.maxPagesFound);
  }

  get bytes(): number {
    return this.#index.bytes;
  }

  /** Pairs whose shingles were compared, and what the two limits left out, for those who watch for boilerplate. */
  get counts(): { readonly comparisons: number; readonly candidatesSkipped: number; readonly entriesSkipped: number } {
    return {
      comparisons: this.#comparisons,
      candidatesSkipped: this.#candidatesSkipped,
      entriesSkipped: this.#index.entriesSkipped,
    };
  }

  find(keys: Uint32Array, evidence: (added?: number) => Uint8Array): DuplicateOf | undefined {
    const hitCount = this.#index.pagesInto(keys, this.#hits);
    if (hitCount === 0) return undefined;
    const candidates = this.#rank(this.#hits.subarray(0, hitCount));
    return this.#params.verify ? this.#bestVerified(candidates, evidence) : this.#likeliest(candidates);
  }

  /** Counted as if every page that is added shared all bands. */
  room(keys: Uint32Array): number {
    const hits = this.#hits.subarray(0, this.#index.pagesInto(keys, this.#hits));
    return Math.min(MAX_PAGES_PER_KEY - this.#index.mostUnderOneKey(keys), MAX_CANDIDATES - new Set(hits).size);
  }

  add(keys: Uint32Array): void {
    this.#index.add(keys);
  }

  /** Distinct candidates, those that share the most bands first, then the lowest page number. */
  #rank(hits: Uint32Array): Float64Array {
    const { bands } = this.#params;
    hits.sort();
    let count = 0;
    for (let start = 0, end = 0; start < hits.length; start = end) {
      while (end < hits.length && hits[end] === hits[start]) end++;
      this.#ranked[count++] = packRank(bands - (end - start), hits[start]!);
    }
    return this.#ranked.subarray(0, count).sort();
  }

  #bestVerified(candidates: Float64Array, evidence: (added?: number) => Uint8Array): DuplicateOf | undefined {
    const own = readEvidence(evidence());
    const { measure, minJaccard, minContainment } = this.#params;
    const isJaccard = measure === "jaccard";
    const similarityAtLeast = isJaccard ? jaccardAtLeast : containmentAtLeast;
    let bar = isJaccard ? minJaccard : minContainment;
    let best: DuplicateOf | undefined;
    const compared = Math.min(candidates.length, MAX_CANDIDATES);
    for (let i = 0; i < compared; i++) {
      const twin = pageOf(candidates[i]!);
      this.#comparisons++;
      const similarity = similarityAtLeast(own, readEvidence(evidence(twin)), bar);
      if (similarity === undefined) continue;
      if (best !== undefined && similarity === best.similarity && twin > best.twin) continue;
      best = { twin, reason: "near-duplicate", similarity };
      bar = similarity;
      // Pages with equal shingles share every band: they come first, lowest number first, and nothing beats them. A page
      // that holds all of another may come in any place.
      if (isJaccard && similarity === 1) return best;
    }
    this.#candidatesSkipped += candidates.length - compared;
    return best;
  }

  #likeliest(candidates: Float64Array): DuplicateOf {
    const { bands, rows } = this.#params;
    const similarity = similarityFromBands(bands - missingBandsOf(candidates[0]!), bands, rows);
    return { twin: pageOf(candidates[0]!), reason: "near-duplicate-unverified", similarity };
  }
}

// A candidate as one number that sorts as it should: bands that differ × 2³² + page number.
const packRank = (missingBands: number, page: number) => missingBands * 2 ** 32 + page;
const missingBandsOf = (rank: number) => Math.floor(rank / 2 ** 32);
const pageOf = (rank: number) => rank >>> 0;
