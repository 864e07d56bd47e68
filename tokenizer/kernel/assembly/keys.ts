/**
 * Keys of pieces: 16 bytes in two u64. A piece of up to 15 bytes is its own key, its length in the top byte of the high half;
 * equal keys are equal pieces. A longer piece has a hash for a low half, and min(length, 255) in the top byte: its bytes have
 * to be compared.
 */
import { keyMasks } from "./layout";

/** The longest piece that is its own key. */
export const SHORT: usize = 15;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const HIGH_MULTIPLIER: u64 = 0xc2b2_ae3d_27d4_eb4f;

export function prepareKeys(): void {
  for (let length: usize = 0; length <= SHORT; length++) {
    memory.fill(keyMasks + (length << 4), 0xff, length);
    memory.fill(keyMasks + (length << 4) + length, 0, 16 - length);
  }
}

/** Low half of the key of a short piece. Reads 16 bytes from p. */
@inline
export function lowKey(p: usize, length: usize): u64 {
  return load<u64>(p) & load<u64>(keyMasks + (length << 4));
}

@inline
export function highKey(p: usize, length: usize): u64 {
  return (load<u64>(p, 8) & load<u64>(keyMasks + (length << 4), 8)) | ((<u64>length) << 56);
}

/** Low half of the key of a long piece. */
export function longLowKey(from: usize, to: usize): u64 {
  let h: u64 = to - from;
  for (let p = from; p + 8 <= to; p += 8) {
    h = (h ^ load<u64>(p)) * MULTIPLIER;
    h ^= h >> 29;
  }
  // The last bytes once more, however many there are beyond a multiple of eight.
  h = (h ^ load<u64>(to - 8)) * MULTIPLIER;
  return h ^ (h >> 29);
}

@inline
export function longHighKey(length: usize): u64 {
  return (<u64>min(length, 255)) << 56;
}

/** Every bit of the key reaches the upper half. A product's bits tell of those below alone: so the top is folded down, and multiplied again. */
@inline
export function hashOf(low: u64, high: u64): u64 {
  const h = low * MULTIPLIER + high * HIGH_MULTIPLIER;
  return (h ^ (h >> 32)) * MULTIPLIER;
}

@inline
export function roundUp(bytes: usize): usize {
  return (bytes + 15) & ~(<usize>15);
}

/** Copies in steps of 16 bytes: may write up to 15 bytes too many. A call of memory.copy costs more than a short copy. */
@inline
export function copy(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, v128.load(from + i));
}
