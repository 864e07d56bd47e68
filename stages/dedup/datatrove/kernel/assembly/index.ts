/**
 * datatrove's signatures (../../signature.ts is the definition). The host lays out memory from `memoryStart` on and says where
 * things are; nothing is kept between calls.
 */
import { SHA1_END, sha1 } from "./sha1";
import { xxhash32, xxhash64 } from "./xxhash";

export { minima32, minima64 } from "./minima";

const WORD: usize = 4;
const HASH: usize = 8;

export function memoryStart(): usize {
  return (SHA1_END + 15) & ~15;
}

/**
 * Writes the hash of each shingle, u64: of the bytes from where its first word begins to where its last, `last` words on, ends.
 * `starts` and `ends` are addresses, u32.
 */
export function hashSha1(starts: usize, ends: usize, last: usize, count: usize, mask: u64, out: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const at: usize = load<u32>(starts + i * WORD);
    store<u64>(out + i * HASH, sha1(at, <usize>load<u32>(ends + (i + last) * WORD) - at) & mask);
  }
}

export function hashXxhash64(starts: usize, ends: usize, last: usize, count: usize, out: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const at: usize = load<u32>(starts + i * WORD);
    store<u64>(out + i * HASH, xxhash64(at, <usize>load<u32>(ends + (i + last) * WORD) - at));
  }
}

export function hashXxhash32(starts: usize, ends: usize, last: usize, count: usize, out: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const at: usize = load<u32>(starts + i * WORD);
    store<u64>(out + i * HASH, xxhash32(at, <usize>load<u32>(ends + (i + last) * WORD) - at));
  }
}
