/**
 * The dictionary: pieces that are known, with their ids. It begins with the vocabulary, in order of id, which is nearly that
 * of frequency, so that what is asked for most lies close together; pieces met since follow. It grows from small, and when
 * it is full it begins again from the vocabulary.
 *
 * Index: u32 slots, 0 or `record << TAG_BITS | tag`. Record, in units of 16 bytes:
 *
 *     u64 low · u64 high                       the key: up to 15 bytes of piece, its length in the top byte
 *     u32 id, id, id · u32 4 * number of ids   where there are more than three ids, MANY is set and they follow instead,
 *                                              rounded up to 16 bytes
 *
 * A piece of 16 bytes and more has a hash in the key's place, under the top byte min(length, 255). Its record has MANY set,
 * its length in the place of the first id, and its bytes behind the ids, rounded up to 16.
 */
import { arena, index, keyMasks, planned, seen } from "./layout";
import { merge } from "./merges";
import { addSeams, clearSeams, nextSeam } from "./seams";

/** The longest piece whose bytes are its key. */
export const SHORT: usize = 15;
/** The longest piece that is remembered, unless it is a token. */
const LONGEST_KEPT: usize = 192;
/** The longest part of a piece that is remembered at once. */
const LONGEST_PART: usize = 48;
/** Bits of a slot's number in the table of pieces seen once. */
const SEEN_BITS: u64 = 15;
const TAG_BITS: u32 = 10;
const TAG_MASK: u32 = (1 << TAG_BITS) - 1;
const UNIT: usize = 16;
const MANY: u32 = 0x8000_0000;
const IDS_BYTES: u32 = 0x7fff_fffc;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const HIGH_MULTIPLIER: u64 = 0xc2b2_ae3d_27d4_eb4f;
/** Slots of the index at first, and at most. */
const FIRST_SLOT_BITS: u32 = 12;
export const MOST_SLOT_BITS: u32 = 21;

let slotBits: u32 = FIRST_SLOT_BITS;
let slotShift: u64 = 64 - FIRST_SLOT_BITS;
let slotMask: u32 = (1 << FIRST_SLOT_BITS) - 1;
let records: u32 = 0;
/** End of the records, where the next one goes. */
let end: usize = 0;
/** End of the vocabulary's records, to which the dictionary falls back when it is full. */
let seedEnd: usize = 0;
let seeds: u32 = 0;
/** Where records may not reach. */
let limit: usize = 0;
/** Whether the parts of a piece may be looked up. */
let usesSeams: bool = true;

/** Empties the dictionary, which is to hold `tokens` and more. Records may lie up to `arenaLimit`. */
export function clearDictionary(arenaLimit: usize, tokens: u32): void {
  end = arena;
  seedEnd = arena;
  limit = arenaLimit;
  records = 0;
  seeds = 0;
  clearSeams();
  for (let length: usize = 0; length <= SHORT; length++) {
    memory.fill(keyMasks + (length << 4), 0xff, length);
    memory.fill(keyMasks + (length << 4) + length, 0, 16 - length);
  }
  let bits = FIRST_SLOT_BITS;
  while (bits < MOST_SLOT_BITS && 1 << bits < 4 * tokens) bits++;
  resizeIndex(bits);
}

/** What is in the dictionary now stays in it for good. */
export function keepSeeds(hasSeams: bool): void {
  usesSeams = hasSeams;
  seedEnd = end;
  seeds = records;
}

/** A key's low half: bytes 0 to 7 of a piece of up to 15 bytes. Reads 16 bytes from p. */
@inline
export function lowKey(p: usize, length: usize): u64 {
  return load<u64>(p) & load<u64>(keyMasks + (length << 4));
}

@inline
export function highKey(p: usize, length: usize): u64 {
  return (load<u64>(p, 8) & load<u64>(keyMasks + (length << 4), 8)) | ((<u64>length) << 56);
}

@inline
export function hashOf(low: u64, high: u64): u64 {
  const h = (low ^ (high * HIGH_MULTIPLIER)) * MULTIPLIER;
  return h ^ (h << 29);
}

/** Hash of a piece of 16 bytes and more. */
function hashOfLong(from: usize, to: usize): u64 {
  let h: u64 = to - from;
  let p = from;
  for (; p + 8 <= to; p += 8) {
    h = (h ^ load<u64>(p)) * MULTIPLIER;
    h ^= h >> 29;
  }
  if (p < to) {
    h = (h ^ load<u64>(to - 8)) * MULTIPLIER;
    h ^= h >> 29;
  }
  return h;
}

@inline
function slotOf(hash: u64): u32 {
  return <u32>(hash >> slotShift);
}

/** The tag's bits lie below those of the slot. */
@inline
function tagOf(hash: u64): u32 {
  return <u32>(hash >> 32) & TAG_MASK;
}

@inline
function slotAt(slot: u32): usize {
  return index + ((<usize>slot) << 2);
}

@inline
function recordOf(entry: u32): usize {
  return arena + (<usize>(entry >> TAG_BITS)) * UNIT - UNIT;
}

@inline
function roundUp(bytes: usize): usize {
  return (bytes + 15) & ~(<usize>15);
}

/** Copies in steps of 16 bytes: may write up to 15 bytes too many. A call of memory.copy costs more than a short copy. */
@inline
function copy(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, v128.load(from + i));
}

/** Bytes of the record at `at`. */
function recordBytes(at: usize): usize {
  const meta = load<u32>(at, 28);
  if ((meta & MANY) == 0) return 32;
  const ids = roundUp(<usize>(meta & IDS_BYTES));
  const isLong = load<u8>(at, 15) > <u8>SHORT;
  return 32 + ids + (isLong ? roundUp(<usize>load<u32>(at, 16)) : 0);
}

function enter(at: usize): void {
  const hash = hashOf(load<u64>(at), load<u64>(at, 8));
  let slot = slotOf(hash);
  while (load<u32>(slotAt(slot)) != 0) slot = (slot + 1) & slotMask;
  store<u32>(slotAt(slot), (<u32>((at - arena + UNIT) / UNIT) << TAG_BITS) | tagOf(hash));
}

function resizeIndex(bits: u32): void {
  slotBits = bits;
  slotShift = 64 - bits;
  slotMask = (1 << bits) - 1;
  memory.fill(index, 0, (<usize>4) << bits);
  for (let at = arena; at < end; at += recordBytes(at)) enter(at);
}

/** Writes the ids of the piece [from, to) at `out`, from the dictionary or by merging; returns the place behind the last. */
@inline
export function emit(from: usize, to: usize, out: usize): usize {
  const length = to - from;
  if (length > SHORT) return emitLong(from, to, out);
  const low = lowKey(from, length);
  const high = highKey(from, length);
  const hash = hashOf(low, high);
  const entry = load<u32>(slotAt(slotOf(hash)));
  const record = recordOf(entry);
  // An empty slot leads to the unit before the arena, which no key matches.
  if (load<u64>(record) == low && load<u64>(record, 8) == high) {
    const meta = load<u32>(record, 28);
    if ((meta & MANY) == 0) {
      v128.store(out, v128.load(record, 16));
      return out + <usize>meta;
    }
  }
  return emitSlow(from, to, low, high, hash, out);
}

/**
 * Emits the pieces of a block that begins at `base`; `ends` has a bit for each piece's end. First all keys are made and all
 * slots read, then all records: what is far away is on its way while other pieces are looked at.
 */
@inline
export function emitAll(base: usize, ends: u64, out: usize): usize {
  let at = planned;
  let p = base;
  let rest = ends;
  do {
    const q = base + <usize>ctz(rest);
    rest &= rest - 1;
    const length = q - p;
    const masked = min(length, SHORT);
    const low = lowKey(p, masked);
    const high = highKey(p, masked);
    const hash = hashOf(low, high);
    store<u64>(at, low);
    store<u64>(at, high, 8);
    store<u64>(at, hash, 16);
    store<u32>(at, <u32>recordOf(load<u32>(slotAt(slotOf(hash)))), 24);
    store<u32>(at, <u32>q, 28);
    at += 32;
    p = q;
  } while (rest != 0);
  p = base;
  for (let plan = planned; plan < at; plan += 32) {
    const q = <usize>load<u32>(plan, 28);
    const record = <usize>load<u32>(plan, 24);
    const low = load<u64>(plan);
    const high = load<u64>(plan, 8);
    if (q - p <= SHORT) {
      if (load<u64>(record) == low && load<u64>(record, 8) == high) {
        const meta = load<u32>(record, 28);
        if ((meta & MANY) == 0) {
          v128.store(out, v128.load(record, 16));
          out += <usize>meta;
        } else {
          // More than three ids, and few pieces have more than eight.
          v128.store(out, v128.load(record, 32));
          v128.store(out, v128.load(record, 48), 16);
          const bytes = <usize>(meta & IDS_BYTES);
          if (bytes > 32) copy(out + 32, record + 64, bytes - 32);
          out += bytes;
        }
      } else {
        out = emitSlow(p, q, low, high, load<u64>(plan, 16), out);
      }
    } else {
      out = emitLong(p, q, out);
    }
    p = q;
  }
  return out;
}

/** Where the record of a short piece lies; 0 where it is not known. */
function find(low: u64, high: u64, hash: u64): usize {
  const tag = tagOf(hash);
  let slot = slotOf(hash);
  while (true) {
    const entry = load<u32>(slotAt(slot));
    if (entry == 0) return 0;
    if ((entry & TAG_MASK) == tag) {
      const record = recordOf(entry);
      if (load<u64>(record) == low && load<u64>(record, 8) == high) return record;
    }
    slot = (slot + 1) & slotMask;
  }
}

function findLong(from: usize, length: usize, low: u64, high: u64, hash: u64): usize {
  const tag = tagOf(hash);
  let slot = slotOf(hash);
  while (true) {
    const entry = load<u32>(slotAt(slot));
    if (entry == 0) return 0;
    if ((entry & TAG_MASK) == tag) {
      const record = recordOf(entry);
      if (load<u64>(record) == low && load<u64>(record, 8) == high && load<u32>(record, 16) == <u32>length) {
        const bytes = record + 32 + roundUp(<usize>(load<u32>(record, 28) & IDS_BYTES));
        if (memory.compare(bytes, from, length) == 0) return record;
      }
    }
    slot = (slot + 1) & slotMask;
  }
}

/** Copies the ids of a record to `out`. */
function idsOf(record: usize, out: usize): usize {
  const meta = load<u32>(record, 28);
  const bytes = <usize>(meta & IDS_BYTES);
  copy(out, (meta & MANY) == 0 ? record + 16 : record + 32, bytes);
  return out + bytes;
}

function emitSlow(from: usize, to: usize, low: u64, high: u64, hash: u64, out: usize): usize {
  const record = find(low, high, hash);
  if (record != 0) return idsOf(record, out);
  const after = merge(from, to, out);
  remember(from, to - from, low, high, out, <u32>(after - out));
  return after;
}

/** A piece of 16 bytes and more. What is met for the first time is not remembered: most long pieces never come again. */
function emitLong(from: usize, to: usize, out: usize): usize {
  const length = to - from;
  const low = hashOfLong(from, to);
  const high = longKey(length);
  const hash = hashOf(low, high);
  const record = findLong(from, length, low, high, hash);
  if (record != 0) return idsOf(record, out);
  const after = usesSeams ? emitParts(from, to, out) : merge(from, to, out);
  if (length <= LONGEST_KEPT && isSeenAgain(hash)) remember(from, length, low, high, out, <u32>(after - out));
  return after;
}

/** Encodes what lies between the seams of a piece, part by part. */
function emitParts(from: usize, to: usize, out: usize): usize {
  let part = from;
  while (part < to) {
    const seam = nextSeam(part, from, to);
    out = emitPart(part, seam, out);
    part = seam;
  }
  return out;
}

function emitPart(from: usize, to: usize, out: usize): usize {
  const length = to - from;
  const isLong = length > SHORT;
  const low = isLong ? hashOfLong(from, to) : lowKey(from, length);
  const high = isLong ? longKey(length) : highKey(from, length);
  const hash = hashOf(low, high);
  const record = isLong ? findLong(from, length, low, high, hash) : find(low, high, hash);
  if (record != 0) return idsOf(record, out);
  const after = merge(from, to, out);
  if (length <= LONGEST_PART) remember(from, length, low, high, out, <u32>(after - out));
  return after;
}

/** Whether the piece with this hash was asked about before, as far as a small table tells. Notes that it was. */
function isSeenAgain(hash: u64): bool {
  const at = seen + (<usize>(hash >> (64 - SEEN_BITS)) << 1);
  const mark = <u16>hash;
  if (load<u16>(at) == mark) return true;
  store<u16>(at, mark);
  return false;
}

@inline
function longKey(length: usize): u64 {
  return (<u64>min(length, 255)) << 56;
}

/** Adds a record for a piece that has none. `idBytes` is four times the number of ids at `ids`. */
function remember(from: usize, length: usize, low: u64, high: u64, ids: usize, idBytes: u32): void {
  const isLong = length > SHORT;
  const many = isLong || idBytes > 12;
  const bytes: usize = 32 + (many ? roundUp(<usize>idBytes) : 0) + (isLong ? roundUp(length) : 0);
  if (end + bytes > limit) forget();
  if (records > slotMask >> 1) {
    if (slotBits == MOST_SLOT_BITS) forget();
    else resizeIndex(slotBits + 1);
  }
  const at = end;
  store<u64>(at, low);
  store<u64>(at, high, 8);
  if (many) {
    store<u32>(at, <u32>length, 16);
    copy(at + 32, ids, <usize>idBytes);
    if (isLong) copy(at + 32 + roundUp(<usize>idBytes), from, length);
  } else {
    v128.store(at, v128.load(ids), 16);
  }
  store<u32>(at, idBytes | (many ? MANY : 0), 28);
  end += bytes;
  records++;
  enter(at);
}

/** Falls back to the vocabulary. */
function forget(): void {
  end = seedEnd;
  records = seeds;
  resizeIndex(slotBits);
}

/** Adds a token to an unfinished dictionary. Returns false where its bytes are known already. */
export function addToken(from: usize, length: usize, id: u32, ids: usize): bool {
  const isLong = length > SHORT;
  const low = isLong ? hashOfLong(from, from + length) : lowKey(from, length);
  const high = isLong ? longKey(length) : highKey(from, length);
  const hash = hashOf(low, high);
  if ((isLong ? findLong(from, length, low, high, hash) : find(low, high, hash)) != 0) return false;
  store<u32>(ids, id);
  addSeams(from, length);
  remember(from, length, low, high, ids, 4);
  return true;
}

/** Id of the token with these bytes, in a dictionary that holds tokens only; u32.MAX_VALUE where there is none. */
export function tokenOf(from: usize, length: usize): u32 {
  const isLong = length > SHORT;
  const low = isLong ? hashOfLong(from, from + length) : lowKey(from, length);
  const high = isLong ? longKey(length) : highKey(from, length);
  const hash = hashOf(low, high);
  const record = isLong ? findLong(from, length, low, high, hash) : find(low, high, hash);
  if (record == 0) return u32.MAX_VALUE;
  return load<u32>(record + (isLong ? 32 : 16));
}

/** Place of a count, u64, in the record of a piece that is counted instead of encoded. It has no ids. */
const COUNT: usize = 20;

/** Counts a piece. The host sees to it that there is room. */
export function countPiece(from: usize, to: usize): void {
  const length = to - from;
  const isLong = length > SHORT;
  const low = isLong ? hashOfLong(from, to) : lowKey(from, length);
  const high = isLong ? longKey(length) : highKey(from, length);
  const hash = hashOf(low, high);
  let record = isLong ? findLong(from, length, low, high, hash) : find(low, high, hash);
  if (record == 0) {
    record = end;
    remember(from, length, low, high, record, 0);
    store<u64>(record, 0, COUNT);
  }
  store<u64>(record, load<u64>(record, COUNT) + 1, COUNT);
}

/** Whether pieces of so many bytes in all, and so many of them, find room without anything being forgotten. */
export function roomFor(bytes: usize, count: u32): bool {
  return end + bytes + (<usize>count) * 48 <= limit && records + count <= <u32>(1 << (MOST_SLOT_BITS - 1));
}

export function dictionaryEnd(): usize {
  return end;
}

/** Pieces that are known beside the vocabulary, for statistics. */
export function learnedPieces(): u32 {
  return records - seeds;
}
