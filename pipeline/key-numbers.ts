/** Numbers keys of 64 bits, given in halves, in the order in which they come: a hash table in typed arrays. */

/** Slots are at most half full: there are as many halves of keys as slots. */
const FULLEST = 0.5;

export class KeyNumbers {
  /** Key of number n: halves at 2n and 2n + 1. */
  #keys = new Uint32Array(1 << 11);
  /** Number + 1, or 0. */
  #slots = new Uint32Array(1 << 11);
  /** A bit for each key that is there, by its high half: most keys that are not are told from this alone. */
  #bits = new Uint32Array(1 << 11);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The key's number, or −1. The low half must be spread evenly, as hashes are. */
  find(low: number, high: number): number {
    const bits = this.#bits;
    if (((bits[(high >>> 5) & (bits.length - 1)]! >>> (high & 31)) & 1) === 0) return -1;
    const keys = this.#keys;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot]! - 1;
      if (number < 0 || (keys[2 * number] === low && keys[2 * number + 1] === high)) return number;
    }
  }

  /** The key's number, a new one where it has none. Halves are unsigned. */
  add(low: number, high: number): number {
    const known = this.find(low, high);
    if (known >= 0) return known;
    if (this.#count >= this.#slots.length * FULLEST) this.#grow();
    this.#keys[2 * this.#count] = low;
    this.#keys[2 * this.#count + 1] = high;
    this.#place(this.#count);
    return this.#count++;
  }

  #place(number: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#keys[2 * number]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
    const high = this.#keys[2 * number + 1]!;
    this.#bits[(high >>> 5) & (this.#bits.length - 1)]! |= 1 << (high & 31);
  }

  #grow(): void {
    const keys = new Uint32Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#slots = new Uint32Array(this.#slots.length * 2);
    this.#bits = new Uint32Array(this.#bits.length * 2);
    for (let number = 0; number < this.#count; number++) this.#place(number);
  }
}
