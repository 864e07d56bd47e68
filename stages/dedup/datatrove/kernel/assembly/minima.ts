/**
 * Least images of hashes under (h·a + b) mod 2⁶⁴ mod 2⁶¹ − 1. Since 2⁶¹ ≡ 1, the high bits are added to the low ones; the
 * sum is at most seven beyond the prime.
 */

const PRIME: u64 = 0x1fff_ffff_ffff_ffff;
const HASH: usize = 8;

// @ts-ignore: decorator
@inline
function fold(value: u64): u64 {
  return (value & PRIME) + (value >> 61);
}

/** Writes a minimum, u64, for each of `count` parameters. */
export function minima64(from: usize, to: usize, multipliers: usize, offsets: usize, count: i32, out: usize): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const a = load<u64>(multipliers + i * HASH);
    const b = load<u64>(offsets + i * HASH);
    let least = PRIME;
    let room: u64 = 0;
    for (let at = from; at < to; at += HASH) {
      const image = fold(load<u64>(at) * a + b);
      // Below the least so far, or (once in 10¹⁷) beyond the prime: neither comes often, and this is one comparison.
      if (image - least >= room) {
        least = min<u64>(least, image >= PRIME ? image - PRIME : image);
        room = PRIME - least;
      }
    }
    store<u64>(out + i * HASH, least);
  }
}

/** The same of images cut to 32 bits. */
export function minima32(from: usize, to: usize, multipliers: usize, offsets: usize, count: i32, out: usize): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const a = load<u64>(multipliers + i * HASH);
    const b = load<u64>(offsets + i * HASH);
    let least: u32 = 0xffff_ffff;
    for (let at = from; at < to; at += HASH) {
      const image = fold(load<u64>(at) * a + b);
      // Adding 1 where the prime is reached is taking it away, as far as the low bits go.
      least = min<u32>(least, <u32>(image + ((image + 1) >> 61)));
    }
    store<u64>(out + i * HASH, <u64>least);
  }
}
