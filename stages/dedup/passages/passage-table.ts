/**
 * A hash table from 64-bit hashes of passages to the page where each first stood and how many copies there are.
 *
 *     slots   | a | b | first page + 1 | copies |     open addressing, linear probing, ½ to ¾ full
 *                                       top bit of copies: the first one was claimed
 *
 * A hash's home is in proportion to its first half, so that slots lie nearly in order of hashes: the table can grow by any
 * factor, and growing reads and writes memory in sequence.
 *
 * Memory: 16 bytes a slot, 21 to 32 bytes a distinct passage; while the table grows it is there twice.
 */
import type { Hash64 } from "./passage-hash.ts";

const INITIAL_SLOTS = 1 << 10;
const GROWTH = 1.5;
const FULLEST = 0.75;
const SLOT_WORDS = 4;
const PAGE = 2;
const COPIES = 3;
const CLAIMED = 0x8000_0000;
const MOST_COPIES = 0x7fff_ffff;

export class PassageTable {
  #slotCount = INITIAL_SLOTS;
  #slots = new Uint32Array(INITIAL_SLOTS * SLOT_WORDS);
  #usedSlots = 0;

  /** Distinct passages. */
  get size(): number {
    return this.#usedSlots;
  }

  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** Forgets all passages, and keeps the room that ordinary pages need. */
  clear(): void {
    if (this.#slotCount > INITIAL_SLOTS) {
      this.#slotCount = INITIAL_SLOTS;
      this.#slots = new Uint32Array(INITIAL_SLOTS * SLOT_WORDS);
    } else this.#slots.fill(0);
    this.#usedSlots = 0;
  }

  /** Counts one more copy, which stands in `page`. */
  count(hash: Hash64, page: number): void {
    const slots = this.#slots;
    const slot = this.find(hash);
    if (slots[slot + PAGE] !== 0) {
      if (this.copiesAt(slot) < MOST_COPIES) slots[slot + COPIES]!++;
      return;
    }
    slots[slot] = hash.a;
    slots[slot + 1] = hash.b;
    slots[slot + PAGE] = page + 1;
    slots[slot + COPIES] = 1;
    this.#usedSlots++;
    if (this.#usedSlots > this.#slotCount * FULLEST) this.#grow();
  }

  /** Where the passage lies, or would lie. Good until the next `count`. */
  find({ a, b }: Hash64): number {
    const slots = this.#slots;
    let slot = homeSlot(a, this.#slotCount) * SLOT_WORDS;
    while (slots[slot + PAGE] !== 0 && (slots[slot] !== a || slots[slot + 1] !== b)) {
      slot += SLOT_WORDS;
      if (slot === slots.length) slot = 0;
    }
    return slot;
  }

  /** How many copies were counted of the passage at a place; 0 if it was never met. */
  copiesAt(slot: number): number {
    return this.#slots[slot + COPIES]! & MOST_COPIES;
  }

  /** The page of the first copy. */
  firstPageAt(slot: number): number {
    return this.#slots[slot + PAGE]! - 1;
  }

  /** Whether a copy in `page` is the first one of all, asked for in the order they were counted in: true once. */
  claimFirst(slot: number, page: number): boolean {
    if (this.firstPageAt(slot) !== page || this.#slots[slot + COPIES]! >= CLAIMED) return false;
    this.#slots[slot + COPIES]! += CLAIMED;
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    const slotCount = Math.ceil(this.#slotCount * GROWTH);
    const slots = new Uint32Array(slotCount * SLOT_WORDS);
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      if (old[from + PAGE] === 0) continue;
      let to = homeSlot(old[from]!, slotCount) * SLOT_WORDS;
      while (slots[to + PAGE] !== 0) {
        to += SLOT_WORDS;
        if (to === slots.length) to = 0;
      }
      for (let word = 0; word < SLOT_WORDS; word++) slots[to + word] = old[from + word]!;
    }
    this.#slots = slots;
    this.#slotCount = slotCount;
  }
}

/** The product is below 2⁵³ and the quotient below `slotCount`; `>>> 0` cuts the fraction off. */
function homeSlot(a: number, slotCount: number): number {
  return ((a * slotCount) / 2 ** 32) >>> 0;
}
