/**
 * A set of 64-bit hashes that forgets what it holds and remembers that it holds it: what was added is always found, and of
 * what was not, a share is found all the same. Sized as DCLM's BFF (mlfoundations/dclm 361714b, dedup/bff/src/main.rs).
 */
import { RecipeError } from "../../../pipeline/errors.ts";
import { mix32 } from "../../../pipeline/mix.ts";

const WORD_BYTES = 4;
/** Odd, with bits all over. */
const STEP = 0x9e3779b1;
const BIT_MULTIPLIER = 0x2c1b3c6d;

export interface BloomShape {
  readonly bytes: number;
  /** Bits that stand for an entry. */
  readonly probes: number;
}

/** The fewest bytes, and the probes, with which so many entries give so many false positives. */
export function bloomShape(expectedEntries: number, falsePositiveRate: number): BloomShape {
  let low = WORD_BYTES;
  let high = WORD_BYTES;
  while (rateOf(high, expectedEntries) > falsePositiveRate) high *= 2;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (rateOf(middle, expectedEntries) > falsePositiveRate) low = middle + 1;
    else high = middle;
  }
  const bytes = Math.ceil(high / WORD_BYTES) * WORD_BYTES;
  return { bytes, probes: probesOf(bytes, expectedEntries) };
}

/** The number of probes that is best for a size, rounded up. */
function probesOf(bytes: number, entries: number): number {
  return Math.ceil(((bytes * 8) / entries) * Math.LN2);
}

function rateOf(bytes: number, entries: number): number {
  return falsePositiveRateOf({ bytes, probes: probesOf(bytes, entries) }, entries);
}

/** The share of strangers that is found among so many entries: (1 − (1 − 1/m)^kn)^k. */
export function falsePositiveRateOf({ bytes, probes }: BloomShape, entries: number): number {
  return (-Math.expm1(probes * entries * Math.log1p(-1 / (bytes * 8)))) ** probes;
}

export class BloomFilter {
  readonly #words: Uint32Array;
  readonly #probes: number;

  constructor({ bytes, probes }: BloomShape) {
    this.#probes = probes;
    try {
      this.#words = new Uint32Array(bytes / WORD_BYTES);
    } catch {
      const room = `${(bytes / 1e9).toFixed(1)} GB`;
      throw new RecipeError(
        `a Bloom filter of ${room} does not fit into memory: expect fewer entries, or allow a higher rate of false positives`,
      );
    }
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  has(a: number, b: number): boolean {
    const words = this.#words;
    const { length } = words;
    for (let probe = 0, at = a; probe < this.#probes; probe++) {
      at = mix32(at + STEP) >>> 0;
      // The word follows from the one half, the bit in it from the other, too: more bits than 32 can number are in reach.
      const bit = Math.imul(at ^ b, BIT_MULTIPLIER) >>> 27;
      if ((words[((at * length) / 2 ** 32) >>> 0]! & (1 << bit)) === 0) return false;
    }
    return true;
  }

  add(a: number, b: number): void {
    const words = this.#words;
    const { length } = words;
    for (let probe = 0, at = a; probe < this.#probes; probe++) {
      at = mix32(at + STEP) >>> 0;
      const bit = Math.imul(at ^ b, BIT_MULTIPLIER) >>> 27;
      words[((at * length) / 2 ** 32) >>> 0]! |= 1 << bit;
    }
  }
}
