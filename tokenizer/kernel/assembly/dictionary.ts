/**
 * The dictionary: distinct byte strings with a number each. For the encoder they are the tokens and their ids; for training,
 * the pieces of a text and how often they came.
 *
 * Records lie one behind the other in the arena, in the order in which they were added; the index holds `record << TAG_BITS |
 * tag` in u32 slots, 0 where there is none. A record is
 *
 *     u64 low · u64 high · u64 number · u32 length · u32 unused · the bytes of a long string, rounded up to 16
 */
import { arena, index } from "./layout";
import { copy, hashOf, highKey, longHighKey, longLowKey, lowKey, roundUp, SHORT } from "./keys";

const NUMBER: usize = 16;
const LENGTH: usize = 24;
const RECORD: usize = 32;
const UNIT: usize = 16;
const TAG_BITS: u32 = 10;
const TAG_MASK: u32 = (1 << TAG_BITS) - 1;
/** Slots of the index at first, and at most. */
const FIRST_SLOT_BITS: u32 = 12;
export const MOST_SLOT_BITS: u32 = 21;

let slotBits: u32 = FIRST_SLOT_BITS;
let slotShift: u64 = 0;
let slotMask: u32 = 0;
let records: u32 = 0;
/** End of the records, where the next one goes, and where they may not reach. */
let end: usize = 0;
let limit: usize = 0;

/** Empties the dictionary, which is to hold `size` strings or more. Records may lie up to `arenaLimit`. */
export function clearDictionary(arenaLimit: usize, size: u32): void {
  end = arena;
  limit = arenaLimit;
  records = 0;
  let bits = FIRST_SLOT_BITS;
  while (bits < MOST_SLOT_BITS && 1 << bits < 2 * size) bits++;
  resizeIndex(bits);
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

function enter(record: usize): void {
  const hash = hashOf(load<u64>(record), load<u64>(record, 8));
  let slot = slotOf(hash);
  while (load<u32>(slotAt(slot)) != 0) slot = (slot + 1) & slotMask;
  store<u32>(slotAt(slot), (<u32>((record - arena + UNIT) / UNIT) << TAG_BITS) | tagOf(hash));
}

function resizeIndex(bits: u32): void {
  slotBits = bits;
  slotShift = 64 - bits;
  slotMask = (1 << bits) - 1;
  memory.fill(index, 0, (<usize>4) << bits);
  for (let record = arena; record < end; ) {
    enter(record);
    const length = <usize>load<u32>(record, LENGTH);
    record += RECORD + (length > SHORT ? roundUp(length) : 0);
  }
}

/** Where the record of a string lies, if there is one; 0 otherwise. */
function find(from: usize, length: usize, low: u64, high: u64, hash: u64): usize {
  const tag = tagOf(hash);
  let slot = slotOf(hash);
  while (true) {
    const entry = load<u32>(slotAt(slot));
    if (entry == 0) return 0;
    if ((entry & TAG_MASK) == tag) {
      const record = recordOf(entry);
      if (load<u64>(record) == low && load<u64>(record, 8) == high) {
        if (length <= SHORT) return record;
        const isSame = load<u32>(record, LENGTH) == <u32>length && memory.compare(record + RECORD, from, length) == 0;
        if (isSame) return record;
      }
    }
    slot = (slot + 1) & slotMask;
  }
}

function add(from: usize, length: usize, low: u64, high: u64, number: u64): void {
  if (records > slotMask >> 1 && slotBits < MOST_SLOT_BITS) resizeIndex(slotBits + 1);
  const record = end;
  store<u64>(record, low);
  store<u64>(record, high, 8);
  store<u64>(record, number, NUMBER);
  store<u32>(record, <u32>length, LENGTH);
  if (length > SHORT) copy(record + RECORD, from, length);
  end = record + RECORD + (length > SHORT ? roundUp(length) : 0);
  records++;
  enter(record);
}

/** Id of the token with this key, and these bytes; u32.MAX_VALUE where there is none. */
export function tokenWith(from: usize, length: usize, low: u64, high: u64, hash: u64): u32 {
  const record = find(from, length, low, high, hash);
  return record == 0 ? u32.MAX_VALUE : load<u32>(record, NUMBER);
}

/** Id of the token with these bytes; u32.MAX_VALUE where there is none. */
export function tokenOf(from: usize, length: usize): u32 {
  const low = length > SHORT ? longLowKey(from, from + length) : lowKey(from, length);
  const high = length > SHORT ? longHighKey(length) : highKey(from, length);
  return tokenWith(from, length, low, high, hashOf(low, high));
}

/** Adds a token. Returns false where its bytes are known already. */
export function addToken(from: usize, length: usize, id: u32): bool {
  const low = length > SHORT ? longLowKey(from, from + length) : lowKey(from, length);
  const high = length > SHORT ? longHighKey(length) : highKey(from, length);
  if (find(from, length, low, high, hashOf(low, high)) != 0) return false;
  add(from, length, low, high, id);
  return true;
}

/** Counts a piece. The host sees to it that there is room. */
export function countPiece(from: usize, to: usize): void {
  const length = to - from;
  const low = length > SHORT ? longLowKey(from, to) : lowKey(from, length);
  const high = length > SHORT ? longHighKey(length) : highKey(from, length);
  const record = find(from, length, low, high, hashOf(low, high));
  if (record == 0) add(from, length, low, high, 1);
  else store<u64>(record, load<u64>(record, NUMBER) + 1, NUMBER);
}

/** Whether there is room for so many strings more, of so many bytes in all. */
export function hasRoomFor(count: u32, bytes: usize): bool {
  return end + bytes + (<usize>count) * (RECORD + UNIT) <= limit && records + count <= <u32>(1 << (MOST_SLOT_BITS - 1));
}

export function dictionaryEnd(): usize {
  return end;
}

export function dictionarySize(): u32 {
  return records;
}
