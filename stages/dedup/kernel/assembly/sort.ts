/**
 * Distinct hashes in order. Hashes are spread evenly: put into buckets by their highest bits, they are nearly in order, and
 * each is within a step or two of its place. More than FEW of them are put in order of the next bits before.
 *
 * What a page holds cannot make that quadratic: a hash goes past those that have the same bits, which are FEW at most or,
 * where 22 bits were looked at, the 1,024 that differ in the others.
 */
import { BUCKET_BITS, BUCKETS, BUCKETS_BYTES } from "./layout";

const HIGHEST: u32 = 32 - BUCKET_BITS;
const NEXT: u32 = HIGHEST - BUCKET_BITS;
const FEW: u32 = 1 << 12;

@inline
function bucketOf(hash: u32, shift: u32): usize {
  return BUCKETS + (<usize>((hash >> shift) & ((1 << BUCKET_BITS) - 1)) << 2);
}

/** Copies hashes in order of the eleven bits from `shift` on; equals stay in order. */
function distribute(from: usize, to: usize, bytes: usize, shift: u32): void {
  const end = from + bytes;
  memory.fill(BUCKETS, 0, BUCKETS_BYTES);
  for (let p = from; p < end; p += 4) {
    const bucket = bucketOf(load<u32>(p), shift);
    store<u32>(bucket, load<u32>(bucket) + 4);
  }
  let at = <u32>to;
  for (let bucket = BUCKETS; bucket < BUCKETS + BUCKETS_BYTES; bucket += 4) {
    const size = load<u32>(bucket);
    store<u32>(bucket, at);
    at += size;
  }
  for (let p = from; p < end; p += 4) {
    const hash = load<u32>(p);
    const bucket = bucketOf(hash, shift);
    const place = <usize>load<u32>(bucket);
    store<u32>(place, hash);
    store<u32>(bucket, <u32>place + 4);
  }
}

/** Insertion sort of one hash or more; what is there already is dropped. Returns where they end. */
function insertDistinct(hashes: usize, bytes: usize): usize {
  const end = hashes + bytes;
  let sortedEnd = hashes + 4;
  let last = load<u32>(hashes);
  for (let p = sortedEnd; p < end; p += 4) {
    const hash = load<u32>(p);
    if (hash > last) {
      store<u32>(sortedEnd, hash);
      sortedEnd += 4;
      last = hash;
      continue;
    }
    if (hash == last) continue;
    let place = sortedEnd - 4;
    while (place > hashes && load<u32>(place - 4) > hash) place -= 4;
    if (place > hashes && load<u32>(place - 4) == hash) continue;
    for (let q = sortedEnd; q > place; q -= 4) store<u32>(q, load<u32>(q - 4));
    store<u32>(place, hash);
    sortedEnd += 4;
  }
  return sortedEnd;
}

let first: usize = 0;

/** Where `sortDistinct` has left the hashes. */
export function sorted(): usize {
  return first;
}

/** Sorts one hash or more, with as much room behind them. Returns how many are left; they are at `sorted`. */
export function sortDistinct(hashes: usize, count: u32): u32 {
  const bytes = (<usize>count) << 2;
  const spare = hashes + bytes;
  if (count <= FEW) {
    distribute(hashes, spare, bytes, HIGHEST);
    first = spare;
  } else {
    distribute(hashes, spare, bytes, NEXT);
    distribute(spare, hashes, bytes, HIGHEST);
    first = hashes;
  }
  return <u32>((insertDistinct(first, bytes) - first) >> 2);
}
