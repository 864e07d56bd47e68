/** `mix32` and `absorb` of pipeline/mix.ts. */

/** First and second multiplier of `mix32`. */
export const MIX_A: u32 = 0x85ebca6b;
export const MIX_B: u32 = 0xc2b2ae35;

/** Four at once. */
@inline
export function mix32(value: v128, a: v128, b: v128): v128 {
  let h = v128.xor(value, i32x4.shr_u(value, 16));
  h = i32x4.mul(h, a);
  h = v128.xor(h, i32x4.shr_u(h, 13));
  h = i32x4.mul(h, b);
  return v128.xor(h, i32x4.shr_u(h, 16));
}

@inline
export function absorb(state: u32, value: u32, oddMultiplier: u32): u32 {
  return rotl<u32>((state ^ value) * oddMultiplier, 15);
}

/** Four at once. */
@inline
export function absorb4(state: v128, value: v128, oddMultiplier: v128): v128 {
  const h = i32x4.mul(v128.xor(state, value), oddMultiplier);
  return v128.or(i32x4.shl(h, 15), i32x4.shr_u(h, 17));
}
