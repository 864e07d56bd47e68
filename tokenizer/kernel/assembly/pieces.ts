/**
 * Pieces that were met, with their ids: a cache in front of the dictionary of tokens and of merging. What costs is memory that
 * the processor's caches do not hold, so this touches little of it. Records lie one behind the other in the order in which pieces
 * came, so that the frequent ones lie together; the index is small, and tells without a look at records that a piece is new.
 *
 * A record has 32 bytes:
 *
 *     u64 low · u64 high · u32 id, id, id · u32 4 * number of ids
 *
 * Where there are more than three ids, or the piece is long, MANY is set, and instead of ids the record has: u32 where they
 * lie, u32 the length of the piece. There lie the ids, rounded up to 16 bytes, and behind them the bytes of a long piece.
 *
 * The index holds `place of the record / 32 << TAG_BITS | tag` in u32 slots, 0 where there is none: open addressing. It grows
 * from small. When there is no room for more, all is forgotten: what is frequent soon comes back, and lies together again.
 */
import { kept, KEPT_BYTES, pieceIndex, pieces, PIECES_BYTES, seen, spill, spillEnd } from "./layout";
import { tokenWith } from "./dictionary";
import { copy, hashOf, highKey, longHighKey, longLowKey, lowKey, roundUp, SHORT } from "./keys";
import { merge, mergeFew } from "./merges";
import { nextSeam } from "./seams";

const RECORD_BITS: usize = 5;
const RECORD: usize = 1 << RECORD_BITS;
const IDS: usize = 16;
const META: usize = 28;
const MANY: u32 = 0x8000_0000;
const IDS_BYTES: u32 = 0x7fff_fffc;
/** The longest piece that is remembered, and the longest part of one. */
const LONGEST_KEPT: usize = 192;
const LONGEST_PART: usize = 48;
/** Bits of a slot's number in the table of long pieces seen once. */
const SEEN_BITS: u64 = 15;
/** Bits of a hash that the table of long pieces that were kept takes: KEPT_BYTES has as many. */
const KEPT_BITS: u64 = 18;
/** Slots of the index at first. */
const FIRST_SLOT_BITS: u32 = 12;
/** Records at most: three slots of four are in use then, as they are whenever the index grows. */
const MOST_RECORDS: u32 = <u32>(PIECES_BYTES / RECORD);
/** Records lie in the first 32 MB, so that what is left of a slot tells their place. */
const TAG_BITS: u32 = 12;
const TAG_MASK: u32 = (1 << TAG_BITS) - 1;

let slotBits: u32 = 0;
/** Bytes of the index, less one slot. */
let indexMask: usize = 0;
/** Number of records. */
let known: u32 = 0;
/** Where the next piece that does not fit its record goes. */
let spilled: usize = 0;
/** Whether merging makes every token of its bytes. Where it does not, parts of a piece may not be looked up. */
let mergesMakeAll: bool = true;

/** Begins without pieces. `makeAll` tells whether merging makes every token of its bytes. */
export function clearPieces(makeAll: bool): void {
  mergesMakeAll = makeAll;
  forgetAll();
}

function forgetAll(): void {
  known = 0;
  spilled = spill;
  resizeIndex(FIRST_SLOT_BITS);
}

function resizeIndex(bits: u32): void {
  slotBits = bits;
  indexMask = ((<usize>4) << bits) - 4;
  memory.fill(pieceIndex, 0, (<usize>4) << bits);
  memory.fill(kept, 0, KEPT_BYTES);
  const end = pieces + (<usize>known) * RECORD;
  for (let record = pieces; record < end; record += RECORD) enter(record);
}

function enter(record: usize): void {
  const high = load<u64>(record, 8);
  const hash = hashOf(load<u64>(record), high);
  store<u32>(freeSlot(hash), entryOf(record, hash));
  if (<usize>(high >> 56) > SHORT) noteKept(hash);
}

function freeSlot(hash: u64): usize {
  let slot = slotOf(hash);
  while (load<u32>(slot) != 0) slot = slotAfter(slot);
  return slot;
}

@inline
function entryOf(record: usize, hash: u64): u32 {
  return <u32>((record >> RECORD_BITS) << TAG_BITS) | tagOf(hash);
}

/** Makes room for one more record, and so many bytes of ids and text that do not fit it. Tells whether the index was made anew. */
function makeRoom(bytes: usize): bool {
  if (known == MOST_RECORDS || spilled + bytes > spillEnd) forgetAll();
  else if (known == <u32>3 << (slotBits - 2)) resizeIndex(slotBits + 1);
  else return false;
  return true;
}

/** Bits from 42 on, as many as the index has slots for. The tag's lie below. */
@inline
function slotOf(hash: u64): usize {
  return pieceIndex + (<usize>(hash >> 40) & indexMask);
}

@inline
function slotAfter(slot: usize): usize {
  return pieceIndex + ((slot - pieceIndex + 4) & indexMask);
}

@inline
function tagOf(hash: u64): u32 {
  return <u32>(hash >> 28) & TAG_MASK;
}

@inline
function hasTag(entry: u32, hash: u64): bool {
  return ((entry ^ <u32>(hash >> 28)) & TAG_MASK) == 0;
}

@inline
function recordOf(entry: u32): usize {
  return (<usize>(entry >> TAG_BITS)) << RECORD_BITS;
}

/** Copies the ids of a record to `out`; returns the place behind them. */
@inline
function idsOf(record: usize, out: usize): usize {
  const meta = load<u32>(record, META);
  const bytes = <usize>(meta & IDS_BYTES);
  copy(out, (meta & MANY) == 0 ? record + IDS : <usize>load<u32>(record, IDS), bytes);
  return out + bytes;
}

/** Remembers a piece that has no record. Its ids lie from `ids` to `idsEnd`; `slot` is the free one where it was not found. */
function remember(from: usize, length: usize, low: u64, high: u64, hash: u64, slot: usize, ids: usize, idsEnd: usize): void {
  const idBytes = idsEnd - ids;
  const isLong = length > SHORT;
  const isMany = isLong || idBytes > 12;
  const bytes: usize = isMany ? roundUp(idBytes) + (isLong ? roundUp(length) : 0) : 0;
  if (makeRoom(bytes)) slot = freeSlot(hash);
  const record = pieces + (<usize>known) * RECORD;
  known++;
  store<u64>(record, low);
  store<u64>(record, high, 8);
  if (isMany) {
    store<u32>(record, <u32>spilled, IDS);
    store<u32>(record, <u32>length, IDS + 4);
    copy(spilled, ids, idBytes);
    if (isLong) copy(spilled + roundUp(idBytes), from, length);
    spilled += bytes;
  } else {
    v128.store(record, v128.load(ids), IDS);
  }
  store<u32>(record, <u32>idBytes | (isMany ? MANY : 0), META);
  store<u32>(slot, entryOf(record, hash));
  if (isLong) noteKept(hash);
}

/**
 * Writes the ids of the piece [from, to) at `out`; returns the place behind the last. May write up to 12 bytes too many.
 */
@inline
export function emit(from: usize, to: usize, out: usize): usize {
  const length = to - from;
  if (length > SHORT) return emitLong(from, to, out);
  const low = lowKey(from, length);
  const high = highKey(from, length);
  const hash = hashOf(low, high);
  const entry = load<u32>(slotOf(hash));
  // An empty slot leads to address 0, whose zeros are no key.
  if (hasTag(entry, hash)) {
    const record = recordOf(entry);
    if (((load<u64>(record) ^ low) | (load<u64>(record, 8) ^ high)) == 0) {
      const meta = load<u32>(record, META);
      if ((meta & MANY) == 0) {
        v128.store(out, v128.load(record, IDS));
        return out + <usize>meta;
      }
      return idsOf(record, out);
    }
  }
  return emitSlow(from, to, low, high, hash, out);
}

/** A short piece that is not in the first slot where it may be. */
function emitSlow(from: usize, to: usize, low: u64, high: u64, hash: u64, out: usize): usize {
  const first = slotOf(hash);
  let slot = first;
  for (; load<u32>(slot) != 0; slot = slotAfter(slot)) {
    const entry = load<u32>(slot);
    if (!hasTag(entry, hash)) continue;
    const record = recordOf(entry);
    if (((load<u64>(record) ^ low) | (load<u64>(record, 8) ^ high)) != 0) continue;
    // What is asked for often comes to lie where it is found at once.
    store<u32>(slot, load<u32>(first));
    store<u32>(first, entry);
    return idsOf(record, out);
  }
  const after = emitNew(from, to, low, high, hash, out);
  remember(from, to - from, low, high, hash, slot, out, after);
  return after;
}

@inline
function emitNew(from: usize, to: usize, low: u64, high: u64, hash: u64, out: usize): usize {
  // Where merging makes every token, there is no need to ask for a token first: few pieces that were never met are one.
  if (mergesMakeAll) return merge(from, to, out);
  const token = tokenWith(from, to - from, low, high, hash);
  if (token == u32.MAX_VALUE) return merge(from, to, out);
  store<u32>(out, token);
  return out + 4;
}

/** The record of a long piece; 0 where it has none. */
function findLong(from: usize, length: usize, low: u64, high: u64, hash: u64): usize {
  if (!mayBeKept(hash)) return 0;
  for (let slot = slotOf(hash); load<u32>(slot) != 0; slot = slotAfter(slot)) {
    const entry = load<u32>(slot);
    if (!hasTag(entry, hash)) continue;
    const record = recordOf(entry);
    if (load<u64>(record) != low || load<u64>(record, 8) != high || load<u32>(record, IDS + 4) != <u32>length) continue;
    const bytes = <usize>load<u32>(record, IDS) + roundUp(<usize>(load<u32>(record, META) & IDS_BYTES));
    if (memory.compare(bytes, from, length) == 0) return record;
  }
  return 0;
}

/** A piece of 16 bytes and more. What is met for the first time is not remembered: most long pieces never come again. */
function emitLong(from: usize, to: usize, out: usize): usize {
  const length = to - from;
  const low = longLowKey(from, to);
  const high = longHighKey(length);
  const hash = hashOf(low, high);
  const record = findLong(from, length, low, high, hash);
  if (record != 0) return idsOf(record, out);
  const after = mergesMakeAll ? emitParts(from, to, out) : emitNew(from, to, low, high, hash, out);
  if (length <= LONGEST_KEPT && isSeenAgain(hash)) {
    // One of the parts may be the whole.
    if (findLong(from, length, low, high, hash) == 0) remember(from, length, low, high, hash, freeSlot(hash), out, after);
  }
  return after;
}

/** Encodes what lies between the seams of a piece, part by part. */
function emitParts(from: usize, to: usize, out: usize): usize {
  let part = from;
  while (part < to) {
    const seam = nextSeam(part, from, to);
    const length = seam - part;
    if (length <= 3) out = mergeFew(part, <u32>length, out);
    else out = length > SHORT ? emitLongPart(part, seam, out) : emitShortPart(part, seam, out);
    part = seam;
  }
  return out;
}

function emitShortPart(from: usize, to: usize, out: usize): usize {
  const low = lowKey(from, to - from);
  const high = highKey(from, to - from);
  return emitSlow(from, to, low, high, hashOf(low, high), out);
}

function emitLongPart(from: usize, to: usize, out: usize): usize {
  const length = to - from;
  const low = longLowKey(from, to);
  const high = longHighKey(length);
  const hash = hashOf(low, high);
  const record = findLong(from, length, low, high, hash);
  if (record != 0) return idsOf(record, out);
  const after = emitNew(from, to, low, high, hash, out);
  if (length <= LONGEST_PART) remember(from, length, low, high, hash, freeSlot(hash), out, after);
  return after;
}

/**
 * Whether a long piece with this hash may have a record. Most have none, and a bit that lies in the cache tells so without a
 * look at the index.
 */
@inline
function mayBeKept(hash: u64): bool {
  const bit = hash >> (64 - KEPT_BITS);
  return ((load<u8>(kept + <usize>(bit >> 3)) >> <u8>(bit & 7)) & 1) != 0;
}

function noteKept(hash: u64): void {
  const bit = hash >> (64 - KEPT_BITS);
  const at = kept + <usize>(bit >> 3);
  store<u8>(at, load<u8>(at) | (<u8>1 << <u8>(bit & 7)));
}

/** Whether the piece with this hash was asked about before, as far as a small table tells. Notes that it was. */
function isSeenAgain(hash: u64): bool {
  const at = seen + (<usize>(hash >> (64 - SEEN_BITS)) << 1);
  const mark = <u16>hash;
  if (load<u16>(at) == mark) return true;
  store<u16>(at, mark);
  return false;
}

/** Number of pieces that are remembered. */
export function knownPieces(): u32 {
  return known;
}
