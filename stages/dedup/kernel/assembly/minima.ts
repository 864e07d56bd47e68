/** `minima` of minhash.ts: sixteen permutations at once, whose minima stay in registers. */
import { MINIMA, multipliers, offsets, padded, STRIP } from "./layout";

@inline
function least(before: v128, x: v128, multiplier: v128, offset: v128): v128 {
  return i32x4.min_u(before, i32x4.add(i32x4.mul(x, multiplier), offset));
}

/** Writes the minima of the hashes' images, u32, to MINIMA. */
export function minima(hashes: usize, count: u32): void {
  const end = hashes + ((<usize>count) << 2);
  for (let strip: usize = 0; strip < (<usize>padded) << 2; strip += (<usize>STRIP) << 2) {
    const a0 = v128.load(multipliers + strip);
    const a1 = v128.load(multipliers + strip, 16);
    const a2 = v128.load(multipliers + strip, 32);
    const a3 = v128.load(multipliers + strip, 48);
    const b0 = v128.load(offsets + strip);
    const b1 = v128.load(offsets + strip, 16);
    const b2 = v128.load(offsets + strip, 32);
    const b3 = v128.load(offsets + strip, 48);
    let m0 = i32x4.splat(-1);
    let m1 = m0;
    let m2 = m0;
    let m3 = m0;
    for (let p = hashes; p < end; p += 4) {
      const x = v128.load32_splat(p);
      m0 = least(m0, x, a0, b0);
      m1 = least(m1, x, a1, b1);
      m2 = least(m2, x, a2, b2);
      m3 = least(m3, x, a3, b3);
    }
    v128.store(MINIMA + strip, m0);
    v128.store(MINIMA + strip, m1, 16);
    v128.store(MINIMA + strip, m2, 32);
    v128.store(MINIMA + strip, m3, 48);
  }
}
