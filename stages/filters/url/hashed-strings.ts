/**
 * A set of strings of which only 64-bit hashes are kept, sorted, in one typed array: 8 bytes an entry, however long the
 * strings are. While the set is filled it takes up to 18 bytes an entry, when the array moves to a larger place.
 *
 * A string that was never added is taken for one that was with a probability of entries / 2⁶⁴: for a list of 10⁷ entries
 * in one look-up of 10¹². (The hash is no cryptographic one: who wants to can make two strings that are taken for one.)
 */
import { mix32 } from "../../../pipeline/mix.ts";

const INITIAL_ENTRIES = 1 << 10;
const GROWTH = 1.25;
const WORDS = 2; // 32-bit words an entry
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
/** Where an entry's upper and lower half lie, seen as 32-bit words. */
const UPPER = IS_LITTLE_ENDIAN ? 1 : 0;
const LOWER = 1 - UPPER;

export class HashedStrings {
  readonly #halves: Uint32Array;
  readonly size: number;

  private constructor(halves: Uint32Array) {
    this.#halves = halves;
    this.size = halves.length / WORDS;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#halves.byteLength;
  }

  /** The set of all strings that come; duplicates count once. */
  static async from(strings: AsyncIterable<readonly string[]>): Promise<HashedStrings> {
    let halves = new Uint32Array(INITIAL_ENTRIES * WORDS);
    let length = 0;
    for await (const group of strings) {
      for (const text of group) {
        if (length === halves.length) halves = resized(halves, Math.ceil((length / WORDS) * GROWTH) * WORDS);
        hashString(text);
        halves[length + UPPER] = upper;
        halves[length + LOWER] = lower;
        length += WORDS;
      }
    }
    return new HashedStrings(sortedOnce(halves, length));
  }

  has(text: string): boolean {
    if (this.size === 0) return false;
    hashString(text);
    const halves = this.#halves;
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * WORDS;
      const midUpper = halves[at + UPPER]!;
      const midLower = halves[at + LOWER]!;
      if (midUpper === upper && midLower === lower) return true;
      if (midUpper < upper || (midUpper === upper && midLower < lower)) low = middle + 1;
      else high = middle;
    }
    return false;
  }
}

function resized(halves: Uint32Array<ArrayBuffer>, words: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(halves.buffer.transfer(words * 4));
}

/** Sorts the first `length` words as entries, and keeps each once in an array of their own size. */
function sortedOnce(halves: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  new BigUint64Array(halves.buffer, 0, length / WORDS).sort();
  let unique = 0;
  for (let from = 0; from < length; from += WORDS) {
    if (from > 0 && halves[from] === halves[from - WORDS] && halves[from + 1] === halves[from - 1]) continue;
    halves[unique] = halves[from]!;
    halves[unique + 1] = halves[from + 1]!;
    unique += WORDS;
  }
  return resized(halves, unique);
}

/** The latest hash: two halves with different seeds, kept here so that none is allocated. */
let upper = 0;
let lower = 0;

/** MurmurHash3's 32-bit round over pairs of UTF-16 units, twice, with multipliers and seeds that differ. */
function hashString(text: string): void {
  let a = 0x9747b28c;
  let b = 0x5bd1e995;
  const { length } = text;
  for (let i = 0; i < length; i += 2) {
    // Beyond the end charCodeAt is NaN, which `|` takes for 0; the length tells "a" from "a\0".
    const pair = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16);
    a = mix(a, Math.imul(rotate(Math.imul(pair, 0xcc9e2d51), 15), 0x1b873593));
    b = mix(b, Math.imul(rotate(Math.imul(pair, 0x239b961b), 17), 0xab0e9789));
  }
  upper = mix32(a ^ length) >>> 0;
  lower = mix32(b ^ length) >>> 0;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function mix(hash: number, block: number): number {
  return (Math.imul(rotate(hash ^ block, 13), 5) + 0xe6546b64) | 0;
}
