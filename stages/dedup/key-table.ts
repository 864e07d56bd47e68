/**
 * A hash table from fixed-width keys to the pages that were added under them, in two typed arrays.
 *
 *     slots   | key words | entry |     open addressing, linear probing, in ascending order of first words
 *     entry   0 empty · 1 … 2³¹−1 one page, its number + 1 · top bit set: a node of the chain
 *     nodes   | page | older entry | pages in the chain |     only for keys with more than one page
 *
 * A key's home is in proportion to its first word, and every slot from its home to its place is full. Because of the order
 * (Amble, Knuth 1974: Ordered hash tables) a search ends at the first larger word, which in a crowded table comes long
 * before the next empty slot, and the table grows by any factor in one pass along both arrays. What an insertion finds
 * between its place and the next empty slot moves on by one. First words must be spread evenly, as hashes are; others
 * are found as well, but slowly.
 *
 * A key of which all words are 0 stands for one that nobody else has: it is neither stored nor found.
 *
 * Memory: (keyWords + 1) × 4 bytes a slot, of which 57 to 85 % are full: 14 to 21 bytes a key of 64 bits. 12 to 18 bytes
 * more for each page after a key's first.
 */
import { isNone } from "../../pipeline/duplicates/equal-keys.ts";
import { enlarged, release } from "../../pipeline/duplicates/typed-arrays.ts";

const INITIAL_SLOTS = 256;
const GROWTH = 1.5;
const FULLEST = 0.85;
/** Slots behind the last home. The last one of them is always empty, so that every search ends. */
const INITIAL_OVERFLOW = 32;

const NODE_WORDS = 3;
const NODE_GROWTH = 1.5;
const CHAIN_BIT = 0x8000_0000;
const MAX_PAGES = 0x7fff_ffff;

export class KeyTable {
  readonly #keyWords: number;
  readonly #slotWords: number;
  readonly #maxPagesPerKey: number;
  #homes = INITIAL_SLOTS;
  #overflow = INITIAL_OVERFLOW;
  #slots: Uint32Array<ArrayBuffer>;
  #usedSlots = 0;
  #nodes = new Uint32Array(64 * NODE_WORDS);
  #nodeCount = 0;

  /** `maxPagesPerKey`: the first so many pages of a key are remembered, the others are not. */
  constructor(keyWords: number, maxPagesPerKey: number) {
    this.#keyWords = keyWords;
    this.#slotWords = keyWords + 1;
    this.#maxPagesPerKey = maxPagesPerKey;
    this.#slots = new Uint32Array((this.#homes + this.#overflow) * this.#slotWords);
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#nodes.byteLength;
  }

  /** Writes the pages under the key at `keys[at]`, latest first, to `out[outAt]` onwards; returns how many. */
  pagesInto(keys: Uint32Array, at: number, out: Uint32Array, outAt: number): number {
    let entry = this.#entryAt(this.#find(keys, at), keys, at);
    let count = 0;
    while (entry >= CHAIN_BIT) {
      const node = (entry - CHAIN_BIT) * NODE_WORDS;
      out[outAt + count++] = this.#nodes[node]!;
      entry = this.#nodes[node + 1]!;
    }
    if (entry !== 0) out[outAt + count++] = entry - 1;
    return count;
  }

  /** How many pages are remembered under the key at `keys[at]`. */
  countOf(keys: Uint32Array, at: number): number {
    return this.#countOf(this.#entryAt(this.#find(keys, at), keys, at));
  }

  /** Remembers the page under the key at `keys[at]`; false when the key has as many pages as it may. */
  add(keys: Uint32Array, at: number, page: number): boolean {
    if (page >= MAX_PAGES) throw new RangeError(`key table: page number ${page} is beyond ${MAX_PAGES - 1}`);
    if (isNone(keys, at, this.#keyWords)) return true;
    const slot = this.#find(keys, at);
    const entry = this.#entryAt(slot, keys, at);
    if (entry !== 0) return this.#chain(slot, entry, page);
    this.#insert(slot, keys, at, page + 1);
    return true;
  }

  /** Reads the key's home slot for nothing but to have the memory at hand; see `KeyIndex`. */
  touch(keys: Uint32Array, at: number): number {
    return this.#slots[homeOf(keys[at]!, this.#homes) * this.#slotWords]!;
  }

  /** Offset of the slot that holds the key, or of the one that it would take. */
  #find(keys: Uint32Array, at: number): number {
    const slots = this.#slots;
    const keyWords = this.#keyWords;
    const slotWords = this.#slotWords;
    const first = keys[at]!;
    let offset = homeOf(first, this.#homes) * slotWords;
    while (slots[offset]! < first && slots[offset + keyWords] !== 0) offset += slotWords;
    while (slots[offset] === first && slots[offset + keyWords] !== 0 && !this.#restIsAt(offset, keys, at))
      offset += slotWords;
    return offset;
  }

  #restIsAt(offset: number, keys: Uint32Array, at: number): boolean {
    for (let w = 1; w < this.#keyWords; w++) if (this.#slots[offset + w] !== keys[at + w]) return false;
    return true;
  }

  /** The entry of the key if that is in the slot, otherwise 0. */
  #entryAt(offset: number, keys: Uint32Array, at: number): number {
    return this.#slots[offset] === keys[at] && this.#restIsAt(offset, keys, at)
      ? this.#slots[offset + this.#keyWords]!
      : 0;
  }

  #insert(offset: number, keys: Uint32Array, at: number, entry: number): void {
    const slots = this.#slots;
    const slotWords = this.#slotWords;
    const keyWords = this.#keyWords;
    let empty = offset;
    while (slots[empty + keyWords] !== 0) empty += slotWords;
    for (let i = empty - 1; i >= offset; i--) slots[i + slotWords] = slots[i]!;
    for (let w = 0; w < keyWords; w++) slots[offset + w] = keys[at + w]!;
    slots[offset + keyWords] = entry;
    this.#usedSlots++;
    if (this.#usedSlots > this.#homes * FULLEST) this.#resize(Math.ceil(this.#homes * GROWTH), this.#overflow);
    else if (empty === slots.length - slotWords) this.#resize(this.#homes, this.#overflow * 2);
  }

  #countOf(entry: number): number {
    if (entry >= CHAIN_BIT) return this.#nodes[(entry - CHAIN_BIT) * NODE_WORDS + 2]!;
    return entry === 0 ? 0 : 1;
  }

  #chain(slot: number, older: number, page: number): boolean {
    const count = this.#countOf(older);
    if (count >= this.#maxPagesPerKey) return false;
    const node = this.#nodeCount * NODE_WORDS;
    if (node === this.#nodes.length) {
      this.#nodes = enlarged(this.#nodes, Math.ceil(this.#nodeCount * NODE_GROWTH) * NODE_WORDS);
    }
    this.#nodes[node] = page;
    this.#nodes[node + 1] = older;
    this.#nodes[node + 2] = count + 1;
    this.#slots[slot + this.#keyWords] = CHAIN_BIT + this.#nodeCount++;
    return true;
  }

  #resize(homes: number, overflow: number): void {
    const old = this.#slots;
    const slotWords = this.#slotWords;
    let slots = new Uint32Array((homes + overflow) * slotWords);
    while (spread(old, slots, slotWords, homes) >= homes + overflow) {
      overflow *= 2;
      slots = new Uint32Array((homes + overflow) * slotWords);
    }
    release(old);
    this.#slots = slots;
    this.#homes = homes;
    this.#overflow = overflow;
  }
}

/** Copies all full slots, each to its home or, where that is taken, behind the one before; returns behind which they end. */
function spread(old: Uint32Array, slots: Uint32Array, slotWords: number, homes: number): number {
  const keyWords = slotWords - 1;
  let next = 0;
  for (let from = 0; from < old.length; from += slotWords) {
    const first = old[from]!;
    const entry = old[from + keyWords]!;
    const home = homeOf(first, homes);
    const to = home > next ? home : next;
    const at = to * slotWords;
    slots[at] = first;
    for (let w = 1; w < keyWords; w++) slots[at + w] = old[from + w]!;
    slots[at + keyWords] = entry;
    // An empty slot is all zero, and so is the one that it is written to. Skipping it would be a branch nobody foresees.
    next = entry === 0 ? to : to + 1;
  }
  return next;
}

/** Ascends with `first`, from 0 to `homes`; `>>> 0` cuts the fraction off. */
function homeOf(first: number, homes: number): number {
  return ((first * homes) / 2 ** 32) >>> 0;
}
