/**
 * Byte-pair merges of one piece: `mergePairs` of bpe.ts. The rule is a table from pairs of tokens to ranks; the pair with
 * the lowest rank merges first, the leftmost of equals.
 *
 * Where ids are ranks (tiktoken), a pair belongs in the table if its joined bytes are a token. But a piece only ever comes
 * to hold the two parts that merging the token's own bytes ends in: merges inside those bytes are the same with and without
 * what surrounds them, as long as none crosses their border. So one pair a token is enough, a fraction of all splits, and
 * the table stays small enough for the cache.
 */
import { byteIds, bytePairs, filter, FILTER_BYTES, idOfRank, pairs, scratch } from "./layout";
import { byteAt } from "./characters";

/** No merge. Above every rank. */
export const NO_RANK: u32 = 0x7fff_ffff;
/** Ids and ranks take 21 bits of a pair's entry: left, right, rank. */
const FIELD: u64 = 21;
export const MAX_IDS: u32 = 1 << 21;
const EMPTY: u64 = u64.MAX_VALUE;
const HIGH_HALF: u64 = 0xffff_ffff_0000_0000;
/** The longest piece, in bytes, that is merged in a row that closes up: quadratic, but in moves of a few words. */
const SHORT_PIECE: u32 = 96;

let slotMask: u32 = 0;
let slotShift: u32 = 0;
/** Whether a rank is the id of the token that it makes. */
let ranksAreIds: bool = true;

/** Empties the tables. `slots` is a power of two, larger than the number of pairs. */
export function clearPairs(slots: u32, idsAreRanks: bool): void {
  slotMask = slots - 1;
  slotShift = clz(slots) + 1;
  ranksAreIds = idsAreRanks;
  memory.fill(filter, 0, FILTER_BYTES);
  memory.fill(pairs, 0xff, (<usize>slots) << 3);
  for (let i: usize = 0; i < 65_536; i++) store<u32>(bytePairs + (i << 2), NO_RANK);
}

/** The top bits tell most. */
@inline
function hashOf(left: u32, right: u32): u32 {
  return <u32>(((((<u64>left) << 32) | right) * 0x9e37_79b9_7f4a_7c15) >> 32);
}

@inline
function keyOf(left: u32, right: u32): u64 {
  return ((<u64>left) << (2 * FIELD)) | ((<u64>right) << FIELD);
}

/** Most pairs that are asked for do not merge: a bit in a small table tells so without a look at the large one. */
@inline
function filterBit(hash: u32): u32 {
  return hash >> 11; // 21 bits: FILTER_BYTES has as many
}

/** Enters a pair of tokens. The last of equal pairs counts. */
export function addPair(left: u32, right: u32, rank: u32): void {
  const key = keyOf(left, right);
  const hash = hashOf(left, right);
  const bit = filterBit(hash);
  store<u8>(filter + (<usize>(bit >> 3)), load<u8>(filter + (<usize>(bit >> 3))) | (<u8>1 << <u8>(bit & 7)));
  let slot = hash >> slotShift;
  while (true) {
    const at = pairs + ((<usize>slot) << 3);
    const entry = load<u64>(at);
    if (entry == EMPTY || entry >> FIELD == key >> FIELD) {
      store<u64>(at, key | rank);
      return;
    }
    slot = (slot + 1) & slotMask;
  }
}

/** Rank of the merge of two tokens, or NO_RANK. */
@inline
function rankOf(left: u32, right: u32): u32 {
  const hash = hashOf(left, right);
  const bit = filterBit(hash);
  if (((load<u8>(filter + (<usize>(bit >> 3))) >> (bit & 7)) & 1) == 0) return NO_RANK;
  const key = keyOf(left, right) >> FIELD;
  let slot = hash >> slotShift;
  while (true) {
    const entry = load<u64>(pairs + ((<usize>slot) << 3));
    if (entry >> FIELD == key) return <u32>entry & (MAX_IDS - 1);
    if (entry == EMPTY) return NO_RANK;
    slot = (slot + 1) & slotMask;
  }
}

@inline
function idOf(rank: u32): u32 {
  return ranksAreIds ? rank : load<u32>(idOfRank + ((<usize>rank) << 2));
}

@inline
function idOfByte(byte: u32): u32 {
  return load<u32>(byteIds + ((<usize>byte) << 2));
}

@inline
function rankOfBytes(left: u32, right: u32): u32 {
  return load<u32>(bytePairs + ((<usize>((left << 8) | right)) << 2));
}

/** Writes the ids of the piece [from, to) at `out`; returns the place behind the last. */
export function merge(from: usize, to: usize, out: usize): usize {
  const length = <u32>(to - from);
  if (length <= 3) return mergeFew(from, length, out);
  return length <= SHORT_PIECE ? mergeShort(from, length, out) : mergeLong(from, length, out);
}

/** The same for a piece of one to three bytes. */
export function mergeFew(from: usize, length: u32, out: usize): usize {
  const first = byteAt(from);
  if (length == 1) return put(out, idOfByte(first));
  const second = byteAt(from + 1);
  const rank = rankOfBytes(first, second);
  if (length == 2) {
    return rank == NO_RANK ? put(put(out, idOfByte(first)), idOfByte(second)) : put(out, idOf(rank));
  }
  const third = byteAt(from + 2);
  const rankOfLast = rankOfBytes(second, third);
  if (rank == NO_RANK && rankOfLast == NO_RANK) {
    return put(put(put(out, idOfByte(first)), idOfByte(second)), idOfByte(third));
  }
  const isFirst = rank <= rankOfLast;
  const left = isFirst ? idOf(rank) : idOfByte(first);
  const right = isFirst ? idOfByte(third) : idOf(rankOfLast);
  const whole = rankOf(left, right);
  return whole == NO_RANK ? put(put(out, left), right) : put(out, idOf(whole));
}

@inline
function put(out: usize, id: u32): usize {
  store<u32>(out, id);
  return out + 4;
}

/** Parts in a row: id in the low half of a u64, rank of the pair with the next part in the high half. */
function mergeShort(from: usize, length: u32, out: usize): usize {
  const last = scratch + ((<usize>(length - 1)) << 3);
  let byte = byteAt(from);
  for (let part = scratch; part < last; part += 8) {
    const next = byteAt(++from);
    store<u64>(part, ((<u64>rankOfBytes(byte, next)) << 32) | idOfByte(byte));
    byte = next;
  }
  store<u64>(last, ((<u64>NO_RANK) << 32) | idOfByte(byte));
  let end = last; // the last part; nothing lies behind it
  while (true) {
    // Rank and place in one number: the least of them is found without a branch that nobody could predict.
    let best = u64.MAX_VALUE;
    for (let part = scratch; part < end; part += 8) {
      const entry = (load<u64>(part) & HIGH_HALF) | part;
      if (entry < best) best = entry;
    }
    const lowest = <u32>(best >> 32);
    if (lowest >= NO_RANK) break;
    const at = <usize>(<u32>best);
    for (let part = at + 8; part < end; part += 8) store<u64>(part, load<u64>(part, 8));
    end -= 8;
    const id = idOf(lowest);
    const rank = at < end ? rankOf(id, <u32>load<u64>(at, 8)) : NO_RANK;
    store<u64>(at, ((<u64>rank) << 32) | id);
    if (at > scratch) {
      const previous = <u32>load<u64>(at - 8);
      store<u64>(at - 8, ((<u64>rankOf(previous, id)) << 32) | previous);
    }
  }
  for (let part = scratch; part <= end; part += 8) {
    store<u32>(out, load<u32>(part));
    out += 4;
  }
  return out;
}

// A long piece is a linked list of parts, each known by the place of its first byte, and a heap of pairs: O(n log n).

let heap: usize = 0;
let heapSize: u32 = 0;

/** Puts an entry (rank << 32 | place) in the heap: least first, so that the leftmost of equals leads. */
function push(entry: u64): void {
  let at = heapSize++;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = load<u64>(heap + ((<usize>parent) << 3));
    if (above <= entry) break;
    store<u64>(heap + ((<usize>at) << 3), above);
    at = parent;
  }
  store<u64>(heap + ((<usize>at) << 3), entry);
}

function pop(): u64 {
  const least = load<u64>(heap);
  const entry = load<u64>(heap + ((<usize>(--heapSize)) << 3));
  let at: u32 = 0;
  while (true) {
    let child: u32 = 2 * at + 1;
    if (child >= heapSize) break;
    let below = load<u64>(heap + ((<usize>child) << 3));
    if (child + 1 < heapSize) {
      const other = load<u64>(heap + ((<usize>(child + 1)) << 3));
      if (other < below) {
        child++;
        below = other;
      }
    }
    if (below >= entry) break;
    store<u64>(heap + ((<usize>at) << 3), below);
    at = child;
  }
  store<u64>(heap + ((<usize>at) << 3), entry);
  return least;
}

/** A part's fields: id, rank of the pair that begins here (an entry of the heap that disagrees is out of date), neighbours. */
const PART: usize = 16;
const RANK: usize = 4;
const PREVIOUS: usize = 8;
const NEXT: usize = 12;

@inline
function partAt(place: u32): usize {
  return scratch + (<usize>place) * PART;
}

function consider(place: u32, rank: u32): void {
  store<u32>(partAt(place), rank, RANK);
  if (rank != NO_RANK) push(((<u64>rank) << 32) | place);
}

function mergeLong(from: usize, length: u32, out: usize): usize {
  heap = partAt(length);
  heapSize = 0;
  for (let place: u32 = 0; place < length; place++) {
    const part = partAt(place);
    const byte = byteAt(from + place);
    store<u32>(part, idOfByte(byte));
    store<u32>(part, place - 1, PREVIOUS);
    store<u32>(part, place + 1, NEXT);
    consider(place, place + 1 < length ? rankOfBytes(byte, byteAt(from + place + 1)) : NO_RANK);
  }
  while (heapSize > 0) {
    const entry = pop();
    const rank = <u32>(entry >> 32);
    const left = partAt(<u32>entry);
    if (load<u32>(left, RANK) != rank) continue;
    const right = partAt(load<u32>(left, NEXT));
    const id = idOf(rank);
    const next = load<u32>(right, NEXT);
    store<u32>(left, id);
    store<u32>(left, next, NEXT);
    store<u32>(right, NO_RANK, RANK);
    if (next < length) store<u32>(partAt(next), <u32>entry, PREVIOUS);
    consider(<u32>entry, next < length ? rankOf(id, load<u32>(partAt(next))) : NO_RANK);
    const previous = load<u32>(left, PREVIOUS);
    if (previous != u32.MAX_VALUE) consider(previous, rankOf(load<u32>(partAt(previous)), id));
  }
  for (let place: u32 = 0; place < length; place = load<u32>(partAt(place), NEXT)) {
    store<u32>(out, load<u32>(partAt(place)));
    out += 4;
  }
  return out;
}
