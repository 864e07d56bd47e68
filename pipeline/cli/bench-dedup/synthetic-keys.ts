/** Signatures of any number of pages, made from a seed and a page's number alone, so that nothing has to be held. */
import { absorb, mix32 } from "../../mix.ts";

export const SYNTHETIC_BANDS = 14;
export const SYNTHETIC_KEY_WORDS = 2;
const COPIES = 0.15;
const SHARED_BANDS = 0.8;

/** What a random number is for; bands are added to the last two. */
const Purpose = { isCopy: 1, original: 2, isShared: 1000, key: 2000 } as const;

/** 15 % of the pages are near-duplicates of an earlier one: each of their 14 bands is that page's with probability 0.8. */
export function syntheticKeysInto(keys: Uint32Array, page: number, seed: number): void {
  const original = originalOf(page, seed);
  for (let band = 0; band < SYNTHETIC_BANDS; band++) {
    const isShared = original !== page && draw(seed, page, Purpose.isShared + band) < SHARED_BANDS;
    const owner = isShared ? original : page;
    keys[2 * band] = random32(seed, owner, Purpose.key + 2 * band);
    keys[2 * band + 1] = random32(seed, owner, Purpose.key + 2 * band + 1);
  }
}

/** The page that a copy, or a copy of copies, has its bands from; a page that is no copy is its own. */
function originalOf(page: number, seed: number): number {
  let at = page;
  while (at > 0 && draw(seed, at, Purpose.isCopy) < COPIES) at = Math.floor(draw(seed, at, Purpose.original) * at);
  return at;
}

function draw(seed: number, page: number, purpose: number): number {
  return random32(seed, page, purpose) / 2 ** 32;
}

/** The sum of two one-to-one functions of the page; one alone would never give two pages the same word. */
function random32(seed: number, page: number, purpose: number): number {
  const a = mix32(absorb(seed ^ 0x9747b28c, page, 0xcc9e2d51) + Math.imul(purpose, 0x9e3779b1));
  const b = mix32(absorb(seed ^ 0x3c6ef372, page, 0x1b873593) ^ Math.imul(purpose, 0x85ebca6b));
  return (a + b) >>> 0;
}
