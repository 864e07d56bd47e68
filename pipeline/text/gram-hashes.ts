/** Runs of words as keys of 64 bits, from the words' hashes. */
import { mix32 } from "../mix.ts";
import type { WordHasher } from "./word-hashes.ts";

const LOW_DIGIT = 0xcc9e2d53;
const HIGH_DIGIT = 0x1b873593;

/** Keys of runs of words in two halves, in arrays that are used again: valid until the next call. */
export class GramRoller {
  low = new Uint32Array(0);
  high = new Uint32Array(0);
  count = 0;

  /** Of the runs of `length` words: the words' hashes as digits of two polynomials mod 2³², rolled along the text. */
  roll(words: WordHasher, length: number): this {
    this.count = Math.max(0, words.count - length + 1);
    if (this.low.length < words.count) {
      this.low = new Uint32Array(words.low.length);
      this.high = new Uint32Array(words.low.length);
    }
    // Runs of different lengths share a table: their length goes into the key.
    rollHalf(words.low, words.count, length, LOW_DIGIT, this.low);
    rollHalf(words.high, words.count, length, HIGH_DIGIT, this.high);
    return this;
  }
}

/** The key of the one run that begins at a word: what rolling gives, for those who ask seldom. */
export function gramKey(
  { low, high }: WordHasher,
  start: number,
  length: number,
  into: { low: number; high: number },
): void {
  let a = 0;
  let b = 0;
  for (let i = start; i < start + length; i++) {
    a = (Math.imul(a, LOW_DIGIT) + low[i]!) | 0;
    b = (Math.imul(b, HIGH_DIGIT) + high[i]!) | 0;
  }
  into.low = mix32(a + length) >>> 0;
  into.high = mix32(b + length) >>> 0;
}

function rollHalf(words: Uint32Array, count: number, length: number, digit: number, out: Uint32Array): void {
  let leaving = 1;
  for (let i = 0; i < length; i++) leaving = Math.imul(leaving, digit);
  let hash = 0;
  for (let i = 0; i < count; i++) {
    hash = (Math.imul(hash, digit) + words[i]!) | 0;
    if (i >= length) hash = (hash - Math.imul(words[i - length]!, leaving)) | 0;
    if (i >= length - 1) out[i - length + 1] = mix32(hash + length);
  }
}
