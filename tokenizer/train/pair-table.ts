/** Pairs of tokens by their ids, numbered as they are added, with what the learner knows of each. */

const FIRST_SLOTS = 1 << 16;

export class PairTable {
  /** Number of pairs. The columns below are valid up to it. */
  size = 0;
  left = new Int32Array(FIRST_SLOTS);
  right = new Int32Array(FIRST_SLOTS);
  /** How often each occurs now. */
  counts = new Float64Array(FIRST_SLOTS);
  /** Its pieces are postings[postingsStart, postingsEnd). */
  postingsStart = new Uint32Array(FIRST_SLOTS);
  postingsEnd = new Uint32Array(FIRST_SLOTS);
  /** Under the `first-seen` rule: no occurrence begins before this byte of all pieces joined. */
  firstAt = new Uint32Array(FIRST_SLOTS);
  /** Open addressing: a pair's number plus 1, or 0. */
  #slots = new Int32Array(2 * FIRST_SLOTS);

  /** The pair's number, or -1. */
  find(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(left, right) & mask; ; slot = (slot + 1) & mask) {
      const pair = this.#slots[slot]! - 1;
      if (pair < 0 || (this.left[pair] === left && this.right[pair] === right)) return pair;
    }
  }

  /** Adds a pair that is not in the table, and returns its number. */
  add(left: number, right: number, count: number): number {
    if (this.size === this.left.length) this.#grow();
    const pair = this.size++;
    this.left[pair] = left;
    this.right[pair] = right;
    this.counts[pair] = count;
    this.#place(pair);
    return pair;
  }

  #place(pair: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash(this.left[pair]!, this.right[pair]!) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = pair + 1;
  }

  #grow(): void {
    const rows = 2 * this.left.length;
    this.left = copied(this.left, new Int32Array(rows));
    this.right = copied(this.right, new Int32Array(rows));
    this.counts = copied(this.counts, new Float64Array(rows));
    this.postingsStart = copied(this.postingsStart, new Uint32Array(rows));
    this.postingsEnd = copied(this.postingsEnd, new Uint32Array(rows));
    this.firstAt = copied(this.firstAt, new Uint32Array(rows));
    this.#slots = new Int32Array(2 * rows);
    for (let pair = 0; pair < this.size; pair++) this.#place(pair);
  }
}

function copied<T extends Int32Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function hash(left: number, right: number): number {
  let mixed = Math.imul(left, 0x9e37_79b1) ^ Math.imul(right, 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b_3c6d);
  return mixed ^ (mixed >>> 13);
}
