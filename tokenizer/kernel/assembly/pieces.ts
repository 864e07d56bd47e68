/**
 * Pieces that were met, with their ids: a cache in front of the dictionary of tokens and of merging. A hit touches one line of
 * memory, which is what counts. The table grows from small; when it is full, new pieces take the place of old ones.
 *
 * Slots of 32 bytes, open addressing; a free slot has a high half of 0:
 *
 *     u64 low · u64 high · u32 id, id, id · u32 4 * number of ids
 *
 * Where there are more than three ids, or the piece is long, MANY is set, and instead of ids the slot has: u32 where they lie,
 * u32 the length of the piece. There lie the ids, rounded up to 16 bytes, and behind them the bytes of a long piece.
 */
import { kept, KEPT_BYTES, seen, spill, spillEnd, tableA, tableB } from "./layout";
import { tokenWith } from "./dictionary";
import { copy, hashOf, highKey, longHighKey, longLowKey, lowKey, roundUp, SHORT } from "./keys";
import { merge, mergeFew } from "./merges";
import { nextSeam } from "./seams";

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
/** Slots at first, and at most: 16 MB. */
const FIRST_SLOT_BITS: u32 = 12;
export const MOST_SLOT_BITS: u32 = 19;

let table: usize = 0;
let slotBits: u32 = 0;
let slotShift: u64 = 0;
/** Bytes of the table, less one slot. */
let tableMask: usize = 0;
let used: u32 = 0;
let most: u32 = 0;
let spilled: usize = 0;
/** Bytes of either place that were used. The vocabulary lay in the first. */
let dirtyA: usize = usize.MAX_VALUE;
let dirtyB: usize = 0;
/** Whether merging makes every token of its bytes. Where it does not, parts of a piece may not be looked up. */
let mergesMakeAll: bool = true;

/** Forgets all pieces. */
export function clearPieces(makeAll: bool): void {
  mergesMakeAll = makeAll;
  begin(tableA, FIRST_SLOT_BITS);
  spilled = spill;
  memory.fill(kept, 0, KEPT_BYTES);
}

function begin(at: usize, bits: u32): void {
  table = at;
  slotBits = bits;
  slotShift = 64 - bits;
  tableMask = ((<usize>32) << bits) - 32;
  used = 0;
  most = (<u32>3) << (bits - 2);
  // Memory comes zeroed: only what was used has to be cleared.
  const bytes = (<usize>32) << bits;
  if (at == tableA) {
    memory.fill(at, 0, min(bytes, dirtyA));
    dirtyA = max(bytes, dirtyA);
  } else {
    memory.fill(at, 0, min(bytes, dirtyB));
    dirtyB = max(bytes, dirtyB);
  }
}

/** Makes room for a piece with so many bytes of ids and text, as far as there is any. */
function makeRoom(bytes: usize): void {
  if (spilled + bytes > spillEnd) {
    begin(table, slotBits);
    spilled = spill;
  } else if (used == most && slotBits < MOST_SLOT_BITS) {
    const old = table;
    const oldEnd = old + ((<usize>32) << slotBits);
    begin(old == tableA ? tableB : tableA, slotBits + 1);
    for (let slot = old; slot < oldEnd; slot += 32) {
      const high = load<u64>(slot, 8);
      if (high == 0) continue;
      const to = freeSlot(hashOf(load<u64>(slot), high));
      v128.store(to, v128.load(slot));
      v128.store(to, v128.load(slot, 16), 16);
      used++;
    }
  }
}

@inline
function slotOf(hash: u64): usize {
  return table + ((<usize>(hash >> slotShift)) << 5);
}

@inline
function slotAfter(slot: usize): usize {
  return table + ((slot - table + 32) & tableMask);
}

function freeSlot(hash: u64): usize {
  let slot = slotOf(hash);
  while (load<u64>(slot, 8) != 0) slot = slotAfter(slot);
  return slot;
}

/** Copies the ids of a slot to `out`; returns the place behind them. */
@inline
function idsOf(slot: usize, out: usize): usize {
  const meta = load<u32>(slot, META);
  const bytes = <usize>(meta & IDS_BYTES);
  copy(out, (meta & MANY) == 0 ? slot + IDS : <usize>load<u32>(slot, IDS), bytes);
  return out + bytes;
}

/** Remembers a piece that has no slot. Its ids lie from `ids` to `idsEnd`. */
function remember(from: usize, length: usize, low: u64, high: u64, hash: u64, ids: usize, idsEnd: usize): void {
  const idBytes = idsEnd - ids;
  const isLong = length > SHORT;
  const isMany = isLong || idBytes > 12;
  const bytes: usize = isMany ? roundUp(idBytes) + (isLong ? roundUp(length) : 0) : 0;
  if (used == most || spilled + bytes > spillEnd) makeRoom(bytes);
  // In a full table a piece takes the place of another: those that are asked for often soon come back.
  const isFull = used == most;
  const slot = isFull ? slotOf(hash) : freeSlot(hash);
  if (!isFull) used++;
  store<u64>(slot, low);
  store<u64>(slot, high, 8);
  if (isLong) noteKept(hash);
  if (isMany) {
    store<u32>(slot, <u32>spilled, IDS);
    store<u32>(slot, <u32>length, IDS + 4);
    copy(spilled, ids, idBytes);
    if (isLong) copy(spilled + roundUp(idBytes), from, length);
    spilled += bytes;
  } else {
    v128.store(slot, v128.load(ids), IDS);
  }
  store<u32>(slot, <u32>idBytes | (isMany ? MANY : 0), META);
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
  const slot = slotOf(hash);
  if (load<u64>(slot) == low && load<u64>(slot, 8) == high) {
    const meta = load<u32>(slot, META);
    if ((meta & MANY) == 0) {
      v128.store(out, v128.load(slot, IDS));
      return out + <usize>meta;
    }
    return idsOf(slot, out);
  }
  return emitSlow(from, to, low, high, hash, out);
}

/** A short piece that is not in the first slot where it may be. */
function emitSlow(from: usize, to: usize, low: u64, high: u64, hash: u64, out: usize): usize {
  let slot = slotOf(hash);
  while (load<u64>(slot, 8) != 0) {
    if (load<u64>(slot) == low && load<u64>(slot, 8) == high) return idsOf(slot, out);
    slot = slotAfter(slot);
  }
  // Where merging makes every token, there is no need to ask for a token first: few pieces that were never met are one.
  const after = mergesMakeAll ? merge(from, to, out) : emitNew(from, to, low, high, hash, out);
  remember(from, to - from, low, high, hash, out, after);
  return after;
}

@inline
function emitNew(from: usize, to: usize, low: u64, high: u64, hash: u64, out: usize): usize {
  const token = tokenWith(from, to - from, low, high, hash);
  if (token == u32.MAX_VALUE) return merge(from, to, out);
  store<u32>(out, token);
  return out + 4;
}

/** The slot of a long piece; 0 where it has none. */
function findLong(from: usize, length: usize, low: u64, high: u64, hash: u64): usize {
  if (!mayBeKept(hash)) return 0;
  for (let slot = slotOf(hash); load<u64>(slot, 8) != 0; slot = slotAfter(slot)) {
    if (load<u64>(slot) != low || load<u64>(slot, 8) != high || load<u32>(slot, IDS + 4) != <u32>length) continue;
    const bytes = <usize>load<u32>(slot, IDS) + roundUp(<usize>(load<u32>(slot, META) & IDS_BYTES));
    if (memory.compare(bytes, from, length) == 0) return slot;
  }
  return 0;
}

/** A piece of 16 bytes and more. What is met for the first time is not remembered: most long pieces never come again. */
function emitLong(from: usize, to: usize, out: usize): usize {
  const length = to - from;
  const low = longLowKey(from, to);
  const high = longHighKey(length);
  const hash = hashOf(low, high);
  const slot = findLong(from, length, low, high, hash);
  if (slot != 0) return idsOf(slot, out);
  const after = mergesMakeAll ? emitParts(from, to, out) : emitNew(from, to, low, high, hash, out);
  if (length <= LONGEST_KEPT && isSeenAgain(hash)) {
    // One of the parts may be the whole.
    if (findLong(from, length, low, high, hash) == 0) remember(from, length, low, high, hash, out, after);
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
  const slot = findLong(from, length, low, high, hash);
  if (slot != 0) return idsOf(slot, out);
  const after = emitNew(from, to, low, high, hash, out);
  if (length <= LONGEST_PART) remember(from, length, low, high, hash, out, after);
  return after;
}

/**
 * Whether a long piece with this hash may have a slot. Most have none, and a bit that lies in the cache tells so without a
 * look at the table.
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
  return used;
}
