/**
 * Integer mixing for hashes. JavaScript's bit operators give *signed* 32-bit integers: what is
 * stored or compared as a hash goes through `>>> 0` first.
 */

/** Spreads every input bit over all 32 (the finaliser of MurmurHash3, A. Appleby 2011). One to one; signed result. */
export function mix32(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Takes one more 32-bit value into a running hash. The rotation brings the well-mixed high bits down. */
export function absorb(state: number, value: number, oddMultiplier: number): number {
  const h = Math.imul(state ^ value, oddMultiplier);
  return (h << 15) | (h >>> 17);
}
