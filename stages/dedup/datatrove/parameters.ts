/**
 * The random numbers behind datatrove's hash functions (huggingface/datatrove a649de7, pipeline/dedup/minhash.py):
 * `numpy.random.RandomState(seed)`, from which `randint(1, 2⁶¹ − 1)` gives all multipliers and then `randint(0, 2⁶¹ − 1)`
 * all offsets. `RandomState` is MT19937 (Matsumoto, Nishimura 1998) seeded by its `init_genrand`.
 */

/** The Mersenne prime that hashes are taken modulo of; not a bound of the parameters' own, which stay below it. */
export const MERSENNE_61 = (1n << 61n) - 1n;

export interface DatatroveParameters {
  readonly multipliers: BigUint64Array<ArrayBuffer>;
  readonly offsets: BigUint64Array<ArrayBuffer>;
}

export function datatroveParameters(seed: number, count: number): DatatroveParameters {
  const next32 = mt19937(seed);
  return {
    multipliers: BigUint64Array.from({ length: count }, () => randint(next32, 1n)),
    offsets: BigUint64Array.from({ length: count }, () => randint(next32, 0n)),
  };
}

/** numpy's draw from [low, 2⁶¹ − 1): 64 bits, high half first, cut to 61; drawn again when beyond the range. */
function randint(next32: () => number, low: bigint): bigint {
  const range = MERSENNE_61 - 1n - low;
  for (;;) {
    const high = BigInt(next32());
    const value = ((high << 32n) | BigInt(next32())) & MERSENNE_61;
    if (value <= range) return low + value;
  }
}

const STATE_WORDS = 624;
const SHIFT = 397;

/** Draws of 32 bits. */
function mt19937(seed: number): () => number {
  const state = new Uint32Array(STATE_WORDS);
  state[0] = seed;
  for (let i = 1; i < STATE_WORDS; i++) {
    state[i] = Math.imul(1_812_433_253, state[i - 1]! ^ (state[i - 1]! >>> 30)) + i;
  }
  let at = STATE_WORDS;
  return () => {
    if (at === STATE_WORDS) {
      for (let i = 0; i < STATE_WORDS; i++) {
        const y = (state[i]! & 0x8000_0000) | (state[(i + 1) % STATE_WORDS]! & 0x7fff_ffff);
        state[i] = state[(i + SHIFT) % STATE_WORDS]! ^ (y >>> 1) ^ ((y & 1) * 0x9908_b0df);
      }
      at = 0;
    }
    let y = state[at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c_5680;
    y ^= (y << 15) & 0xefc6_0000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}
