/** N-grams' hashes, `hashShingle` of shingles.ts, of words' hashes. */
import { held } from "./layout";
import { MIX_A, MIX_B, mix32 } from "./mix";

/** As in shingles.ts. */
const NGRAM_MULTIPLIER: u32 = 0xcc9e2d53;

/**
 * Puts the hash of each n-gram where those of the words were, four at once. Returns how many there are. Each is computed
 * by itself: in vectors that takes less time than rolling the hash along.
 */
export function hashNgrams(words: usize, count: u32, ngram: u32): u32 {
  if (count < ngram) return 0;
  const multiplier = held(NGRAM_MULTIPLIER);
  const mixA = held(MIX_A);
  const mixB = held(MIX_B);
  const shingles = count - ngram + 1;
  const end = words + ((<usize>shingles) << 2);
  const span = (<usize>ngram) << 2;
  for (let p = words; p < end; p += 16) {
    let h = v128.load(p);
    for (let k: usize = 4; k < span; k += 4) h = i32x4.add(i32x4.mul(h, multiplier), v128.load(p + k));
    v128.store(p, mix32(h, mixA, mixB));
  }
  return shingles;
}
