/**
 * What `Signer` computes, in TypeScript as fast as it gets: one pass over the text, a rolling hash, a radix sort, and
 * minima eight at a time. It is what the kernel is measured against; the definitions, which make a string of every word
 * and every shingle, would flatter it.
 */
import type { Signature } from "../../../pipeline/stage.ts";
import { packEvidence } from "../../../stages/dedup/jaccard.ts";
import { bandKeys, makePermutations, type Permutations } from "../../../stages/dedup/minhash.ts";
import { NGRAM_MULTIPLIER, WORD_BASIS, WORD_MULTIPLIER } from "../../../stages/dedup/shingles.ts";
import type { SignerParams } from "../../../stages/dedup/signer.ts";
import { ASTRAL_BLOCK, AstralClass, astralClasses, FOLD, foldTable } from "../../../stages/dedup/word-class.ts";
import { absorb, mix32 } from "../../mix.ts";

export class PlainSigner {
  readonly #params: SignerParams;
  readonly #fold = foldTable();
  readonly #permutations: Permutations;
  readonly #minima: Uint32Array;
  #words = new Uint32Array(0);
  #shingles = new Uint32Array(0);

  constructor(params: SignerParams) {
    this.#params = params;
    this.#permutations = makePermutations(params.seed, params.bands * params.rows);
    this.#minima = new Uint32Array(this.#permutations.count);
  }

  sign(text: string): Signature | null {
    const { bands, rows, ngram, verify } = this.#params;
    let wordCount = this.#hashWords(text);
    if (wordCount === NEEDS_LOWERING) wordCount = this.#hashWords(text.toLowerCase());
    if (wordCount < ngram) return null;
    const shingles = this.#shingles.subarray(0, rollNgrams(this.#words, wordCount, ngram, this.#shingles));
    const hashes = verify ? sortDistinct(shingles, this.#words) : shingles;
    minimaInto(hashes, this.#permutations, this.#minima);
    const keys = bandKeys(this.#minima, bands, rows);
    return verify ? { keys, evidence: packEvidence(hashes) } : { keys };
  }

  #hashWords(text: string): number {
    const mostWords = (text.length >>> 1) + 1; // a word and its gap take two code units at least
    if (this.#words.length < mostWords) {
      this.#words = new Uint32Array(mostWords);
      this.#shingles = new Uint32Array(mostWords);
    }
    return hashWords(text, this.#fold, this.#words);
  }
}

const NEEDS_LOWERING = -1;

/** Writes the hash of each word; returns their number, or `NEEDS_LOWERING` at a character that no table can fold. */
function hashWords(text: string, fold: Uint16Array, out: Uint32Array): number {
  const length = text.length;
  let count = 0;
  let h = WORD_BASIS | 0;
  let inWord = false;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    let folded = fold[unit]!;
    if (folded === FOLD.ask) {
      const codePoint = text.codePointAt(i)!;
      if (codePoint <= 0xffff) {
        if ((unit & 0xf800) !== 0xd800) return NEEDS_LOWERING;
        folded = FOLD.gap; // half a surrogate pair
      } else {
        const kind = astralClassOf(codePoint);
        if (kind === AstralClass.capital) return NEEDS_LOWERING;
        i++;
        if (kind === AstralClass.word) {
          h = absorb(h, unit, WORD_MULTIPLIER);
          folded = text.charCodeAt(i);
        } else folded = FOLD.gap;
      }
    }
    if (folded !== FOLD.gap) {
      h = absorb(h, folded, WORD_MULTIPLIER);
      inWord = true;
    } else if (inWord) {
      out[count++] = mix32(h);
      h = WORD_BASIS | 0;
      inWord = false;
    }
  }
  if (inWord) out[count++] = mix32(h);
  return count;
}

function astralClassOf(codePoint: number): number {
  return astralClasses(codePoint - (codePoint % ASTRAL_BLOCK))[codePoint % ASTRAL_BLOCK]!;
}

/** Rolls the polynomial hash along: the oldest word's digit, by now times multiplier^ngram, leaves as the next enters. */
function rollNgrams(words: Uint32Array, wordCount: number, ngram: number, out: Uint32Array): number {
  if (wordCount < ngram) return 0;
  let leaving = 1;
  for (let i = 0; i < ngram; i++) leaving = Math.imul(leaving, NGRAM_MULTIPLIER);
  let h = 0;
  for (let i = 0; i < ngram; i++) h = (Math.imul(h, NGRAM_MULTIPLIER) + words[i]!) | 0;
  out[0] = mix32(h);
  for (let i = ngram; i < wordCount; i++) {
    h = (Math.imul(h, NGRAM_MULTIPLIER) + words[i]! - Math.imul(words[i - ngram]!, leaving)) | 0;
    out[i - ngram + 1] = mix32(h);
  }
  return wordCount - ngram + 1;
}

/** Sorts hashes in place, moves the distinct ones to the front and lends them. `spare` is as long or longer. */
function sortDistinct(hashes: Uint32Array, spare: Uint32Array): Uint32Array {
  radixSort(hashes, spare);
  let distinct = 0;
  for (let i = 0; i < hashes.length; i++) {
    if (i === 0 || hashes[i] !== hashes[i - 1]) hashes[distinct++] = hashes[i]!;
  }
  return hashes.subarray(0, distinct);
}

const DIGIT_BITS = 8;
const RADIX = 1 << DIGIT_BITS;
const DIGITS = 32 / DIGIT_BITS;

const counts = new Uint32Array(RADIX * DIGITS);

/**
 * Sorts 32-bit unsigned integers in place, by their bytes from the lowest up: four passes whatever the values, in less
 * than half the time that `Uint32Array.sort` takes for a page's shingles. `spare` is as long as `values` or longer.
 */
function radixSort(values: Uint32Array, spare: Uint32Array): void {
  const length = values.length;
  counts.fill(0);
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    for (let d = 0; d < DIGITS; d++) counts[d * RADIX + digitOf(value, d)]!++;
  }
  let from = values;
  let to = spare;
  for (let d = 0; d < DIGITS; d++) {
    const starts = counts.subarray(d * RADIX, (d + 1) * RADIX);
    countsToStarts(starts);
    for (let i = 0; i < length; i++) {
      const value = from[i]!;
      to[starts[digitOf(value, d)]!++] = value;
    }
    // The number of passes is even, so the last one writes into `values`.
    [from, to] = [to, from];
  }
}

function digitOf(value: number, digit: number): number {
  return (value >>> (digit * DIGIT_BITS)) & (RADIX - 1);
}

function countsToStarts(counts: Uint32Array): void {
  let start = 0;
  for (let digit = 0; digit < RADIX; digit++) {
    const count = counts[digit]!;
    counts[digit] = start;
    start += count;
  }
}

/** Minima that are kept in locals at once. */
const STRIP = 8;

/** Flips the top bit, which turns the unsigned order of 32-bit integers into the signed one. */
const SIGN = 0x8000_0000 | 0;

/**
 * Writes the minima to `out`; the last strip may reach beyond the permutations, where arrays have nothing and take nothing. Adding 2³¹ to a sum mod 2³² only
 * flips its top bit, so that with the flip put into the offset, signed comparisons find the unsigned minimum.
 */
function minimaInto(shingles: Uint32Array, permutations: Permutations, out: Uint32Array): void {
  const { multipliers, offsets } = permutations;
  const shingleCount = shingles.length;
  for (let s = 0; s < multipliers.length; s += STRIP) {
    const a0 = multipliers[s]! | 0;
    const a1 = multipliers[s + 1]! | 0;
    const a2 = multipliers[s + 2]! | 0;
    const a3 = multipliers[s + 3]! | 0;
    const a4 = multipliers[s + 4]! | 0;
    const a5 = multipliers[s + 5]! | 0;
    const a6 = multipliers[s + 6]! | 0;
    const a7 = multipliers[s + 7]! | 0;
    const b0 = offsets[s]! ^ SIGN;
    const b1 = offsets[s + 1]! ^ SIGN;
    const b2 = offsets[s + 2]! ^ SIGN;
    const b3 = offsets[s + 3]! ^ SIGN;
    const b4 = offsets[s + 4]! ^ SIGN;
    const b5 = offsets[s + 5]! ^ SIGN;
    const b6 = offsets[s + 6]! ^ SIGN;
    const b7 = offsets[s + 7]! ^ SIGN;
    let m0 = 0x7fff_ffff;
    let m1 = m0;
    let m2 = m0;
    let m3 = m0;
    let m4 = m0;
    let m5 = m0;
    let m6 = m0;
    let m7 = m0;
    for (let i = 0; i < shingleCount; i++) {
      const x = shingles[i]! | 0;
      const h0 = (Math.imul(a0, x) + b0) | 0;
      const h1 = (Math.imul(a1, x) + b1) | 0;
      const h2 = (Math.imul(a2, x) + b2) | 0;
      const h3 = (Math.imul(a3, x) + b3) | 0;
      const h4 = (Math.imul(a4, x) + b4) | 0;
      const h5 = (Math.imul(a5, x) + b5) | 0;
      const h6 = (Math.imul(a6, x) + b6) | 0;
      const h7 = (Math.imul(a7, x) + b7) | 0;
      if (h0 < m0) m0 = h0;
      if (h1 < m1) m1 = h1;
      if (h2 < m2) m2 = h2;
      if (h3 < m3) m3 = h3;
      if (h4 < m4) m4 = h4;
      if (h5 < m5) m5 = h5;
      if (h6 < m6) m6 = h6;
      if (h7 < m7) m7 = h7;
    }
    out[s] = m0 ^ SIGN;
    out[s + 1] = m1 ^ SIGN;
    out[s + 2] = m2 ^ SIGN;
    out[s + 3] = m3 ^ SIGN;
    out[s + 4] = m4 ^ SIGN;
    out[s + 5] = m5 ^ SIGN;
    out[s + 6] = m6 ^ SIGN;
    out[s + 7] = m7 ^ SIGN;
  }
}
