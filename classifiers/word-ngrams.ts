/** Runs of words, hashed into buckets as fastText does: 64-bit numbers as two 32-bit halves. */

const FACTOR = 116049371;

/**
 * The buckets of the runs of 2 to `longest` words that begin with word `start` of `wordCount`, into `found`; returns
 * how many there are. A run's hash is hash · 116049371 + next word's signed hash, modulo 2^64, word by word.
 */
export function wordNgramBuckets(
  wordHashes: Int32Array,
  start: number,
  wordCount: number,
  longest: number,
  buckets: number,
  found: Int32Array,
): number {
  let low = wordHashes[start]! >>> 0;
  let high = wordHashes[start]! >> 31;
  let count = 0;
  const end = Math.min(wordCount, start + longest);
  for (let next = start + 1; next < end; next++) {
    const hash = wordHashes[next]!;
    const lowSum = multiplyLow(low) + (hash >>> 0);
    high = (Math.imul(high, FACTOR) + multiplyCarry(low) + (hash >> 31) + (lowSum >= 2 ** 32 ? 1 : 0)) | 0;
    low = lowSum >>> 0;
    found[count++] = modulo64(high >>> 0, low, buckets);
  }
  return count;
}

/** The lower 32 bits of low · FACTOR. */
function multiplyLow(low: number): number {
  return Math.imul(low, FACTOR) >>> 0;
}

/** What is left of low · FACTOR above its lower 32 bits. Each product stays below 2^53. */
function multiplyCarry(low: number): number {
  const lower = (low & 0xffff) * FACTOR;
  const upper = (low >>> 16) * FACTOR;
  return Math.floor((upper + Math.floor(lower / 2 ** 16)) / 2 ** 16);
}

/** (high · 2^32 + low) modulo a divisor below 2^31, in steps of 16 bits so that none exceeds 2^53. */
export function modulo64(high: number, low: number, divisor: number): number {
  const top = high % divisor;
  const middle = moduloSmall(top * 2 ** 16 + (low >>> 16), divisor);
  return moduloSmall(middle * 2 ** 16 + (low & 0xffff), divisor);
}

/** value modulo divisor for values below 2^47: a multiplication, and a step where rounding missed. */
function moduloSmall(value: number, divisor: number): number {
  const remainder = value - Math.floor(value / divisor) * divisor;
  return remainder < 0 ? remainder + divisor : remainder >= divisor ? remainder - divisor : remainder;
}
