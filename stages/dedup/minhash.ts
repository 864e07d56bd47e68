/**
 * MinHash (Broder 1997): under a random order of all possible shingles, two sets have the same first element with
 * probability equal to their Jaccard similarity. An order is `(a·x + b) mod 2³²` with odd `a`, a permutation of the
 * 32-bit integers; `x` is a shingle hash, well mixed already. Minima are *unsigned*. This file is the definition;
 * `kernel/` computes the same minima.
 *
 *     minima   m₀ … m₇ | m₈ … m₁₅ | …          rows × bands of them
 *     keys     (lo,hi) | (lo,hi)  | …          64 bits a band
 */

import { absorb, mix32 } from "../../pipeline/mix.ts";
import { seededRandom } from "../../pipeline/random.ts";

/** The random orders: permutation i is `(multipliers[i]·x + offsets[i]) mod 2³²`. */
export interface Permutations {
  readonly count: number;
  /** All odd. */
  readonly multipliers: Uint32Array;
  readonly offsets: Uint32Array;
}

export function makePermutations(seed: number, count: number): Permutations {
  const random = seededRandom(seed);
  const draw = () => Math.floor(random() * 2 ** 32);
  const multipliers = new Uint32Array(count);
  const offsets = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    multipliers[i] = draw() | 1;
    offsets[i] = draw();
  }
  return { count, multipliers, offsets };
}

/** The definition of a signature: the least image of any shingle under each permutation; 2³² − 1 for an empty set. */
export function minima(shingles: Iterable<number>, permutations: Permutations): Uint32Array {
  const { count, multipliers, offsets } = permutations;
  const least = new Uint32Array(count).fill(0xffff_ffff);
  for (const x of shingles) {
    for (let i = 0; i < count; i++) {
      const image = (Math.imul(multipliers[i]!, x) + offsets[i]!) >>> 0;
      if (image < least[i]!) least[i] = image;
    }
  }
  return least;
}

/** Two independent 32-bit hashes make a band's key. */
const LOW = { basis: 0x9747b28c, multiplier: 0xcc9e2d51 } as const;
const HIGH = { basis: 0x3c6ef372, multiplier: 0x1b873593 } as const;
export const KEY_WORDS_PER_BAND = 2;

/**
 * One 64-bit key a band, of its `rows` minima in order. 64 because the key alone stands for the band: among 10⁸ pages
 * with 32 bits, every page would meet a stranger in some band.
 */
export function bandKeys(signature: Uint32Array, bands: number, rows: number): Uint32Array {
  const keys = new Uint32Array(bands * KEY_WORDS_PER_BAND);
  for (let band = 0; band < bands; band++) {
    let low: number = LOW.basis;
    let high: number = HIGH.basis;
    for (let i = band * rows; i < (band + 1) * rows; i++) {
      low = absorb(low, signature[i]!, LOW.multiplier);
      high = absorb(high, signature[i]!, HIGH.multiplier);
    }
    keys[band * KEY_WORDS_PER_BAND] = mix32(low);
    keys[band * KEY_WORDS_PER_BAND + 1] = mix32(high);
  }
  return keys;
}
