/**
 * SHA-1 (FIPS 180-4), of which only the first eight bytes are wanted. A shingle is mostly one block of 64 bytes, so this is
 * one call from where `node:crypto` takes a thousand nanoseconds to be entered.
 */

/** The message's last block or two, padded; the schedule of 80 words; each with its round's constant added. */
const PADDED: usize = (__heap_base + 63) & ~63;
const SCHEDULE: usize = PADDED + 128;
const KEYED: usize = SCHEDULE + 320;
export const SHA1_END: usize = KEYED + 320;

const BLOCK: usize = 64;
/** In the last block: its mark (1 byte) and the length in bits (8). */
const FOOTER: usize = 9;

let h0: u32 = 0;
let h1: u32 = 0;
let h2: u32 = 0;
let h3: u32 = 0;
let h4: u32 = 0;

/** The first eight bytes of the digest as a little-endian number. */
export function sha1(at: usize, length: usize): u64 {
  h0 = 0x67452301;
  h1 = 0xefcdab89;
  h2 = 0x98badcfe;
  h3 = 0x10325476;
  h4 = 0xc3d2e1f0;
  const end = at + length;
  while (end - at >= BLOCK) {
    absorb(at);
    at += BLOCK;
  }
  const rest = end - at;
  const padded: usize = rest + FOOTER <= BLOCK ? BLOCK : 2 * BLOCK;
  memory.copy(PADDED, at, rest);
  memory.fill(PADDED + rest, 0, padded - rest);
  store<u8>(PADDED + rest, 0x80);
  store<u64>(PADDED + padded - 8, bswap<u64>((<u64>length) << 3));
  absorb(PADDED);
  if (padded > BLOCK) absorb(PADDED + BLOCK);
  return (<u64>bswap<u32>(h1) << 32) | <u64>bswap<u32>(h0);
}

// @ts-ignore: decorator
@inline
function keyed(t: usize): u32 {
  return load<u32>(KEYED + (t << 2));
}

// @ts-ignore: decorator
@inline
function rotate(words: v128, by: i32): v128 {
  return v128.or(i32x4.shl(words, by), i32x4.shr_u(words, 32 - by));
}

// @ts-ignore: decorator
@inline
function put(t: usize, words: v128, constant: v128): void {
  v128.store(SCHEDULE + (t << 2), words);
  v128.store(KEYED + (t << 2), i32x4.add(words, constant));
}

/** The schedule, four words at a time, and again with the rounds' constants added. */
function schedule(block: usize): void {
  const k0 = i32x4.splat(0x5a827999);
  const k1 = i32x4.splat(0x6ed9eba1);
  const k2 = i32x4.splat(0x8f1bbcdc);
  const k3 = i32x4.splat(0xca62c1d6);
  for (let t: usize = 0; t < 16; t += 4) {
    const words = v128.load(block + (t << 2));
    put(t, v128.shuffle<u8>(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12), k0);
  }
  // A word is rotl(w₋₃ ^ w₋₈ ^ w₋₁₄ ^ w₋₁₆, 1). Of four together, the first is the last one's w₋₃, and is put in when it is known.
  for (let t: usize = 16; t < 32; t += 4) {
    const at = SCHEDULE + (t << 2);
    const near = v128.shuffle<u32>(v128.load(at - 16), i32x4.splat(0), 1, 2, 3, 4);
    const sum = v128.xor(v128.xor(near, v128.load(at - 32)), v128.xor(v128.load(at - 56), v128.load(at - 64)));
    const turned = rotate(sum, 1);
    const first = rotate(v128.shuffle<u32>(i32x4.splat(0), turned, 0, 1, 2, 4), 1);
    put(t, v128.xor(turned, first), t < 20 ? k0 : k1);
  }
  // The rule applied to itself: rotl(w₋₆ ^ w₋₁₆ ^ w₋₂₈ ^ w₋₃₂, 2), which four words together can follow.
  for (let t: usize = 32; t < 40; t += 4) put(t, farther(t), k1);
  for (let t: usize = 40; t < 60; t += 4) put(t, farther(t), k2);
  for (let t: usize = 60; t < 80; t += 4) put(t, farther(t), k3);
}

// @ts-ignore: decorator
@inline
function farther(t: usize): v128 {
  const at = SCHEDULE + (t << 2);
  const near = v128.xor(v128.load(at - 24), v128.load(at - 64));
  return rotate(v128.xor(near, v128.xor(v128.load(at - 112), v128.load(at - 128))), 2);
}

/** One block. Five rounds at a time: after them each of the five variables is itself again. */
function absorb(block: usize): void {
  schedule(block);
  let a = h0;
  let b = h1;
  let c = h2;
  let d = h3;
  let e = h4;
  for (let t: usize = 0; t < 20; t += 5) {
    e += rotl<u32>(a, 5) + choose(b, c, d) + keyed(t);
    b = rotl<u32>(b, 30);
    d += rotl<u32>(e, 5) + choose(a, b, c) + keyed(t + 1);
    a = rotl<u32>(a, 30);
    c += rotl<u32>(d, 5) + choose(e, a, b) + keyed(t + 2);
    e = rotl<u32>(e, 30);
    b += rotl<u32>(c, 5) + choose(d, e, a) + keyed(t + 3);
    d = rotl<u32>(d, 30);
    a += rotl<u32>(b, 5) + choose(c, d, e) + keyed(t + 4);
    c = rotl<u32>(c, 30);
  }
  for (let t: usize = 20; t < 40; t += 5) {
    e += rotl<u32>(a, 5) + (b ^ c ^ d) + keyed(t);
    b = rotl<u32>(b, 30);
    d += rotl<u32>(e, 5) + (a ^ b ^ c) + keyed(t + 1);
    a = rotl<u32>(a, 30);
    c += rotl<u32>(d, 5) + (e ^ a ^ b) + keyed(t + 2);
    e = rotl<u32>(e, 30);
    b += rotl<u32>(c, 5) + (d ^ e ^ a) + keyed(t + 3);
    d = rotl<u32>(d, 30);
    a += rotl<u32>(b, 5) + (c ^ d ^ e) + keyed(t + 4);
    c = rotl<u32>(c, 30);
  }
  for (let t: usize = 40; t < 60; t += 5) {
    e += rotl<u32>(a, 5) + majority(b, c, d) + keyed(t);
    b = rotl<u32>(b, 30);
    d += rotl<u32>(e, 5) + majority(a, b, c) + keyed(t + 1);
    a = rotl<u32>(a, 30);
    c += rotl<u32>(d, 5) + majority(e, a, b) + keyed(t + 2);
    e = rotl<u32>(e, 30);
    b += rotl<u32>(c, 5) + majority(d, e, a) + keyed(t + 3);
    d = rotl<u32>(d, 30);
    a += rotl<u32>(b, 5) + majority(c, d, e) + keyed(t + 4);
    c = rotl<u32>(c, 30);
  }
  for (let t: usize = 60; t < 80; t += 5) {
    e += rotl<u32>(a, 5) + (b ^ c ^ d) + keyed(t);
    b = rotl<u32>(b, 30);
    d += rotl<u32>(e, 5) + (a ^ b ^ c) + keyed(t + 1);
    a = rotl<u32>(a, 30);
    c += rotl<u32>(d, 5) + (e ^ a ^ b) + keyed(t + 2);
    e = rotl<u32>(e, 30);
    b += rotl<u32>(c, 5) + (d ^ e ^ a) + keyed(t + 3);
    d = rotl<u32>(d, 30);
    a += rotl<u32>(b, 5) + (c ^ d ^ e) + keyed(t + 4);
    c = rotl<u32>(c, 30);
  }
  h0 += a;
  h1 += b;
  h2 += c;
  h3 += d;
  h4 += e;
}

// @ts-ignore: decorator
@inline
function choose(b: u32, c: u32, d: u32): u32 {
  return d ^ (b & (c ^ d));
}

// @ts-ignore: decorator
@inline
function majority(b: u32, c: u32, d: u32): u32 {
  return (b & c) + (d & (b ^ c));
}
