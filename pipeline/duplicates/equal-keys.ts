/**
 * Finds which keys of a list occur more than once, by sorting.
 *
 *     pairs   | first word | index |     sorted by radix, 11 bits a pass, three passes whatever the values
 *
 * Only keys whose first words agree are looked at further. Stable: of equal keys the one of the lowest index is first.
 */
import { release } from "./typed-arrays.ts";

const DIGIT_BITS = 11;
const DIGITS = 3;
const RADIX = 1 << DIGIT_BITS;

/** What sorting needs for each key, beside the key. */
export const SORT_BYTES_PER_KEY = 16;

export class EqualKeys {
  readonly #keyWords: number;
  readonly #counts = new Uint32Array(DIGITS * RADIX);
  #pairs: Uint32Array<ArrayBuffer> = new Uint32Array(0);
  #spare: Uint32Array<ArrayBuffer> = new Uint32Array(0);

  constructor(keyWords: number) {
    this.#keyWords = keyWords;
  }

  /**
   * Calls `repeated` with the index of every key that occurs more than once among the first `count`. Lends the distinct
   * keys in ascending order, as pairs: first word, lowest index. Keys of which all words are 0 do not take part.
   */
  find(keys: Uint32Array, count: number, repeated: (index: number) => void): Uint32Array {
    const pairs = this.#sort(keys, count);
    const length = pairs.length;
    let distinct = 0;
    for (let start = 0, end = 0; start < length; start = end) {
      const first = pairs[start]!;
      end = start + 2;
      while (end < length && pairs[end] === first) end += 2;
      if (end - start > 2 && !this.#areEqual(keys, pairs, start, end))
        this.#sortByRest(keys, pairs.subarray(start, end));
      for (let from = start, to = start; from < end; from = to) {
        const index = pairs[from + 1]!;
        to = from + 2;
        while (to < end && this.#isEqual(keys, index, pairs[to + 1]!)) to += 2;
        if (to - from > 2) for (let i = from; i < to; i += 2) repeated(pairs[i + 1]!);
        pairs[distinct] = first;
        pairs[distinct + 1] = index;
        distinct += 2;
      }
    }
    return pairs.subarray(0, distinct);
  }

  /** Gives the memory for sorting back. */
  forget(): void {
    release(this.#pairs);
    release(this.#spare);
    this.#pairs = new Uint32Array(0);
    this.#spare = new Uint32Array(0);
  }

  /** Pairs in ascending order of the first word, then of the index. */
  #sort(keys: Uint32Array, count: number): Uint32Array {
    if (this.#pairs.length < 2 * count) {
      this.forget();
      this.#pairs = new Uint32Array(2 * count);
      this.#spare = new Uint32Array(2 * count);
    }
    const keyWords = this.#keyWords;
    const counts = this.#counts.fill(0);
    let from = this.#spare;
    let to = this.#pairs;
    let length = 0;
    for (let index = 0; index < count; index++) {
      if (isNone(keys, index * keyWords, keyWords)) continue;
      const first = keys[index * keyWords]!;
      for (let d = 0; d < DIGITS; d++) counts[d * RADIX + digitOf(first, d)]!++;
      from[length++] = first;
      from[length++] = index;
    }
    for (let d = 0; d < DIGITS; d++) {
      const starts = counts.subarray(d * RADIX, (d + 1) * RADIX);
      countsToStarts(starts);
      for (let i = 0; i < length; i += 2) {
        const first = from[i]!;
        const at = 2 * starts[digitOf(first, d)]!++;
        to[at] = first;
        to[at + 1] = from[i + 1]!;
      }
      [from, to] = [to, from];
    }
    return from.subarray(0, length);
  }

  #isEqual(keys: Uint32Array, a: number, b: number): boolean {
    const keyWords = this.#keyWords;
    for (let w = 1; w < keyWords; w++) if (keys[a * keyWords + w] !== keys[b * keyWords + w]) return false;
    return true;
  }

  #areEqual(keys: Uint32Array, pairs: Uint32Array, start: number, end: number): boolean {
    for (let i = start + 2; i < end; i += 2) {
      if (!this.#isEqual(keys, pairs[start + 1]!, pairs[i + 1]!)) return false;
    }
    return true;
  }

  /** Few keys that differ agree in the first word, if first words are spread as hashes are. */
  #sortByRest(keys: Uint32Array, pairs: Uint32Array): void {
    const keyWords = this.#keyWords;
    const indexes = pairs.filter((_, i) => i % 2 === 1);
    indexes.sort((a, b) => {
      for (let w = 1; w < keyWords; w++) {
        const difference = keys[a * keyWords + w]! - keys[b * keyWords + w]!;
        if (difference !== 0) return difference;
      }
      return a - b;
    });
    for (const [i, index] of indexes.entries()) pairs[2 * i + 1] = index;
  }
}

/** Whether all words of the key at `keys[at]` are 0: it stands for one that nobody else has. */
export function isNone(keys: Uint32Array, at: number, keyWords: number): boolean {
  for (let w = 0; w < keyWords; w++) if (keys[at + w] !== 0) return false;
  return true;
}

function digitOf(value: number, digit: number): number {
  return (value >>> (digit * DIGIT_BITS)) & (RADIX - 1);
}

function countsToStarts(counts: Uint32Array): void {
  let start = 0;
  for (let digit = 0; digit < counts.length; digit++) {
    const count = counts[digit]!;
    counts[digit] = start;
    start += count;
  }
}
