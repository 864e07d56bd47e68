/**
 * A hash table from fixed-width keys to the pages that were added under them, in two typed arrays.
 *
 *     slots   | key words (2 or 4) | entry |     open addressing, linear probing, ½ to ¾ full
 *     entry   0 empty · 1 … 2³¹−1 one page, its number + 1 · top bit set: a node of the chain
 *     nodes   | page | older entry | pages in the chain |     only for keys with more than one page
 *
 * A key's home is in proportion to its first word, so that slots lie nearly in key order: the table can grow by any
 * factor, and growing reads and writes memory in sequence. First words must therefore be spread evenly, as hashes are.
 *
 * Memory: (keyWords + 1) × 4 bytes a slot at ½ to ¾ full, and 12 bytes for each page after a key's first.
 */

const INITIAL_SLOTS = 1 << 10;
const GROWTH = 1.5;
const FULLEST = 0.75;

const NODE_WORDS = 3;
const CHAIN_BIT = 0x8000_0000;
const MAX_PAGES = 0x7fff_ffff;

export class KeyTable {
  readonly #keyWords: number;
  readonly #slotWords: number;
  readonly #maxPagesPerKey: number;
  #slotCount = INITIAL_SLOTS;
  #slots: Uint32Array;
  #usedSlots = 0;
  #nodes = new Uint32Array(64 * NODE_WORDS);
  #nodeCount = 0;

  /** `maxPagesPerKey`: the first so many pages of a key are remembered, the others are not. */
  constructor(keyWords: 2 | 4, maxPagesPerKey: number) {
    this.#keyWords = keyWords;
    this.#slotWords = keyWords + 1;
    this.#maxPagesPerKey = maxPagesPerKey;
    this.#slots = new Uint32Array(this.#slotCount * this.#slotWords);
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#nodes.byteLength;
  }

  /** Writes the pages under the key at `keys[at]`, latest first, to `out[outAt]` onwards; returns how many. */
  pagesInto(keys: Uint32Array, at: number, out: Uint32Array, outAt: number): number {
    let entry = this.#slots[this.#find(keys, at) + this.#keyWords]!;
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
    const entry = this.#slots[this.#find(keys, at) + this.#keyWords]!;
    if (entry >= CHAIN_BIT) return this.#nodes[(entry - CHAIN_BIT) * NODE_WORDS + 2]!;
    return entry === 0 ? 0 : 1;
  }

  /** Remembers the page under the key at `keys[at]`; false when the key has as many pages as it may. */
  add(keys: Uint32Array, at: number, page: number): boolean {
    if (page >= MAX_PAGES) throw new RangeError(`key table: page number ${page} is beyond ${MAX_PAGES - 1}`);
    const slot = this.#find(keys, at);
    const entry = this.#slots[slot + this.#keyWords]!;
    if (entry !== 0) return this.#chain(slot, entry, page);
    for (let w = 0; w < this.#keyWords; w++) this.#slots[slot + w] = keys[at + w]!;
    this.#slots[slot + this.#keyWords] = page + 1;
    this.#usedSlots++;
    if (this.#usedSlots > this.#slotCount * FULLEST) this.#grow();
    return true;
  }

  /** Reads the key's home slot for nothing but to have the memory at hand; see `KeyIndex`. */
  touch(keys: Uint32Array, at: number): number {
    return this.#slots[homeSlot(keys[at]!, this.#slotCount) * this.#slotWords]!;
  }

  /** Offset of the slot that holds the key, or of the empty one where it would go. */
  #find(keys: Uint32Array, at: number): number {
    const slots = this.#slots;
    const keyWords = this.#keyWords;
    const first = keys[at]!;
    const second = keys[at + 1]!;
    let offset = homeSlot(first, this.#slotCount) * this.#slotWords;
    for (;;) {
      if (slots[offset + keyWords] === 0) return offset;
      if (slots[offset] === first && slots[offset + 1] === second) {
        if (keyWords === 2) return offset;
        if (slots[offset + 2] === keys[at + 2] && slots[offset + 3] === keys[at + 3]) return offset;
      }
      offset += this.#slotWords;
      if (offset === slots.length) offset = 0;
    }
  }

  #chain(slot: number, older: number, page: number): boolean {
    const count = older >= CHAIN_BIT ? this.#nodes[(older - CHAIN_BIT) * NODE_WORDS + 2]! : 1;
    if (count >= this.#maxPagesPerKey) return false;
    const node = this.#nodeCount * NODE_WORDS;
    if (node === this.#nodes.length) this.#nodes = enlarged(this.#nodes);
    this.#nodes[node] = page;
    this.#nodes[node + 1] = older;
    this.#nodes[node + 2] = count + 1;
    this.#slots[slot + this.#keyWords] = CHAIN_BIT + this.#nodeCount++;
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    const slotWords = this.#slotWords;
    const keyWords = this.#keyWords;
    const slotCount = Math.ceil(this.#slotCount * GROWTH);
    const slots = new Uint32Array(slotCount * slotWords);
    for (let from = 0; from < old.length; from += slotWords) {
      if (old[from + keyWords] === 0) continue;
      let to = homeSlot(old[from]!, slotCount) * slotWords;
      while (slots[to + keyWords] !== 0) {
        to += slotWords;
        if (to === slots.length) to = 0;
      }
      for (let w = 0; w < slotWords; w++) slots[to + w] = old[from + w]!;
    }
    this.#slots = slots;
    this.#slotCount = slotCount;
  }
}

/** The product is below 2⁵³ and the quotient below `slotCount`; `>>> 0` cuts the fraction off. */
function homeSlot(first: number, slotCount: number): number {
  return ((first * slotCount) / 2 ** 32) >>> 0;
}

function enlarged(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
