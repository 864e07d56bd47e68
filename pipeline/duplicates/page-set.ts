/** A set of page numbers that are added in ascending order, and each one's place in that order. */

const MAX_PAGE = 0xffff_ffff;

/**
 * A bit a number, and the count of those before for every 32: 2 bits for each number up to the largest, gaps included.
 */
export class PageSet {
  /** | bits of 32 numbers | how many were added before them | */
  #words = new Uint32Array(1024);
  #size = 0;
  #last = -1;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  add(page: number): void {
    if (!(page > this.#last && page <= MAX_PAGE)) {
      throw new RangeError(`page ${page} after page ${this.#last}: numbers must ascend, up to ${MAX_PAGE}`);
    }
    const at = 2 * (page >>> 5);
    if (at >= this.#words.length) this.#grow(at + 2);
    // The words of a gap are never asked for their count: they have no bit.
    if (this.#words[at] === 0) this.#words[at + 1] = this.#size;
    this.#words[at] = this.#words[at]! | (1 << (page & 31));
    this.#last = page;
    this.#size++;
  }

  /** How many smaller numbers were added; −1 for a number that was not. */
  ordinalOf(page: number): number {
    const at = 2 * (page >>> 5);
    const word = this.#words[at] ?? 0;
    const bit = 1 << (page & 31);
    return (word & bit) === 0 ? -1 : this.#words[at + 1]! + bitsIn(word & (bit - 1));
  }

  #grow(length: number): void {
    const larger = new Uint32Array(Math.max(length, Math.ceil(this.#words.length * 0.75) * 2));
    larger.set(this.#words);
    this.#words = larger;
  }
}

/** How many bits are set (Warren: Hacker's Delight, §5-1). */
function bitsIn(word: number): number {
  let sums = word - ((word >>> 1) & 0x5555_5555);
  sums = (sums & 0x3333_3333) + ((sums >>> 2) & 0x3333_3333);
  sums = (sums + (sums >>> 4)) & 0x0f0f_0f0f;
  return Math.imul(sums, 0x0101_0101) >>> 24;
}
