/**
 * Character shingles: every run of `ngram` consecutive characters of a text, white space and all. A character is a
 * code point; a lone surrogate is one, too. A text that is shorter is one shingle, itself; an empty one has none.
 * So NeMo Curator's (rapidsai/cudf 01500dd, cpp/src/text/minhash.cu) and, of cleaned text, marin's
 * (rust/dupekit/src/minhash_ops.rs).
 *
 * There are as many of them as characters, six times as many as word shingles: signing and evidence cost that much more.
 */

import { mix32 } from "../../pipeline/mix.ts";
import { isHighSurrogate, isLowSurrogate } from "../../pipeline/text/python-text.ts";
import { hasRoom } from "./buffer-room.ts";
import { NGRAM_MULTIPLIER } from "./shingles.ts";

/** In lower case, without ASCII punctuation, white space one space: SlimPajama's cleaning, as marin has it. */
export function cleanChars(text: string): string {
  return text
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]+/g, "")
    .replace(/\p{White_Space}+/gu, " ")
    .replace(/^ | $/g, "");
}

/** The shingles of a text in order, repeats included. */
export function charShinglesOf(text: string, ngram: number): readonly string[] {
  const chars = [...text];
  if (chars.length === 0) return [];
  return Array.from({ length: Math.max(1, chars.length - ngram + 1) }, (_, i) => chars.slice(i, i + ngram).join(""));
}

/** A character as a digit: without mixing, near characters would be near digits, and some runs of them equal sums. */
const digitOf = (codePoint: number) => mix32(codePoint + 1);

/** Hashes a shingle: its characters as digits of a polynomial mod 2³², which can be rolled along a text. */
function hashCharShingle(shingle: string): number {
  let h = 0;
  for (const char of shingle) h = (Math.imul(h, NGRAM_MULTIPLIER) + digitOf(char.codePointAt(0)!)) | 0;
  return mix32(h) >>> 0;
}

/** The definition: hashes of a text's shingles in order, repeats included. */
export function charShingleHashes(text: string, ngram: number): readonly number[] {
  return charShinglesOf(text, ngram).map(hashCharShingle);
}

const LEAST_CHARS = 1 << 14;

/** The fast twin: one pass gives the digits, one more rolls the hash along them. One per worker. */
export class CharShingler {
  readonly #ngram: number;
  #digits = new Int32Array(LEAST_CHARS);
  #shingles = new Uint32Array(LEAST_CHARS);

  constructor(ngram: number) {
    this.#ngram = ngram;
  }

  /** Lends the hashes of the text's shingles in order, repeats included; valid until the next call. */
  viewShingles(text: string): Uint32Array {
    if (!hasRoom(this.#digits.length, text.length)) {
      const chars = Math.max(LEAST_CHARS, text.length);
      this.#digits = new Int32Array(chars);
      this.#shingles = new Uint32Array(chars);
    }
    const charCount = writeDigits(text, this.#digits);
    return this.#shingles.subarray(0, rollChars(this.#digits, charCount, this.#ngram, this.#shingles));
  }
}

/** Writes a digit for each character; returns how many. */
function writeDigits(text: string, out: Int32Array): number {
  const length = text.length;
  let count = 0;
  for (let i = 0; i < length; i++) {
    let codePoint = text.charCodeAt(i);
    if (isHighSurrogate(codePoint) && i + 1 < length && isLowSurrogate(text.charCodeAt(i + 1))) {
      codePoint = text.codePointAt(i++)!;
    }
    out[count++] = digitOf(codePoint);
  }
  return count;
}

/** The oldest character's digit, by now times multiplier^ngram, leaves as the next enters. */
function rollChars(digits: Int32Array, charCount: number, ngram: number, out: Uint32Array): number {
  if (charCount === 0) return 0;
  const first = Math.min(ngram, charCount);
  let leaving = 1;
  for (let i = 0; i < ngram; i++) leaving = Math.imul(leaving, NGRAM_MULTIPLIER);
  let h = 0;
  for (let i = 0; i < first; i++) h = (Math.imul(h, NGRAM_MULTIPLIER) + digits[i]!) | 0;
  out[0] = mix32(h);
  for (let i = first; i < charCount; i++) {
    h = (Math.imul(h, NGRAM_MULTIPLIER) + digits[i]! - Math.imul(digits[i - ngram]!, leaving)) | 0;
    out[i - ngram + 1] = mix32(h);
  }
  return charCount - first + 1;
}
