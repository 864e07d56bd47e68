/** xxHash of 64 and of 32 bits with seed 0: see ../../xxhash.ts. */

const A64: u64 = 0x9e3779b185ebca87;
const B64: u64 = 0xc2b2ae3d27d4eb4f;
const C64: u64 = 0x165667b19e3779f9;
const D64: u64 = 0x85ebca77c2b2ae63;
const E64: u64 = 0x27d4eb2f165667c5;

const A32: u32 = 0x9e3779b1;
const B32: u32 = 0x85ebca77;
const C32: u32 = 0xc2b2ae3d;
const D32: u32 = 0x27d4eb2f;
const E32: u32 = 0x165667b1;

export function xxhash64(at: usize, length: usize): u64 {
  const end = at + length;
  let h: u64 = E64;
  if (length >= 32) {
    let v1: u64 = A64 + B64;
    let v2: u64 = B64;
    let v3: u64 = 0;
    let v4: u64 = 0 - A64;
    for (; end - at >= 32; at += 32) {
      v1 = round64(v1, load<u64>(at));
      v2 = round64(v2, load<u64>(at, 8));
      v3 = round64(v3, load<u64>(at, 16));
      v4 = round64(v4, load<u64>(at, 24));
    }
    h = rotl<u64>(v1, 1) + rotl<u64>(v2, 7) + rotl<u64>(v3, 12) + rotl<u64>(v4, 18);
    h = (h ^ round64(0, v1)) * A64 + D64;
    h = (h ^ round64(0, v2)) * A64 + D64;
    h = (h ^ round64(0, v3)) * A64 + D64;
    h = (h ^ round64(0, v4)) * A64 + D64;
  }
  h += <u64>length;
  for (; end - at >= 8; at += 8) h = rotl<u64>(h ^ round64(0, load<u64>(at)), 27) * A64 + D64;
  for (; end - at >= 4; at += 4) h = rotl<u64>(h ^ (<u64>load<u32>(at) * A64), 23) * B64 + C64;
  for (; at < end; at++) h = rotl<u64>(h ^ (<u64>load<u8>(at) * E64), 11) * A64;
  h = (h ^ (h >> 33)) * B64;
  h = (h ^ (h >> 29)) * C64;
  return h ^ (h >> 32);
}

// @ts-ignore: decorator
@inline
function round64(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * B64, 31) * A64;
}

export function xxhash32(at: usize, length: usize): u64 {
  const end = at + length;
  let h: u32 = E32;
  if (length >= 16) {
    let v1: u32 = A32 + B32;
    let v2: u32 = B32;
    let v3: u32 = 0;
    let v4: u32 = 0 - A32;
    for (; end - at >= 16; at += 16) {
      v1 = round32(v1, load<u32>(at));
      v2 = round32(v2, load<u32>(at, 4));
      v3 = round32(v3, load<u32>(at, 8));
      v4 = round32(v4, load<u32>(at, 12));
    }
    h = rotl<u32>(v1, 1) + rotl<u32>(v2, 7) + rotl<u32>(v3, 12) + rotl<u32>(v4, 18);
  }
  h += <u32>length;
  for (; end - at >= 4; at += 4) h = rotl<u32>(h + load<u32>(at) * C32, 17) * D32;
  for (; at < end; at++) h = rotl<u32>(h + <u32>load<u8>(at) * E32, 11) * A32;
  h = (h ^ (h >> 15)) * B32;
  h = (h ^ (h >> 13)) * C32;
  return <u64>(h ^ (h >> 16));
}

// @ts-ignore: decorator
@inline
function round32(lane: u32, input: u32): u32 {
  return rotl<u32>(lane + input * B32, 13) * A32;
}
