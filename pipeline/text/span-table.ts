import { withRoom } from "./growable.ts";

/**
 * Numbers the distinct spans of text that it is shown, from 0, without making a string of any of them: an open-addressed
 * table of hashes over typed arrays. A hit is checked unit by unit, so equal numbers mean equal text, always.
 */
export class SpanTable {
  /** Distinct spans so far. */
  size = 0;
  /** UTF-16 units of all distinct spans, end to end. */
  #pool = new Uint16Array(1 << 12);
  #poolUnits = 0;
  /** Where span n begins in the pool; one entry more than spans. */
  #starts = new Int32Array(1 << 8);
  #hashes = new Int32Array(1 << 8);
  /** Span number + 1, or 0. A power of two long, at most half full. */
  #slots = new Int32Array(1 << 9);

  /** Forgets all spans, and keeps the room that ordinary pages need. */
  clear(): void {
    this.size = 0;
    this.#poolUnits = 0;
    if (this.#slots.length > MAX_KEPT_SLOTS) this.#slots = new Int32Array(1 << 9);
    else this.#slots.fill(0);
    if (this.#pool.length > MAX_KEPT_UNITS) this.#pool = new Uint16Array(1 << 12);
  }

  /** The number of `text[start..end)`; it is new if that equals the `size` before the call. */
  intern(text: string, start: number, end: number): number {
    const hash = hashSpan(text, start, end);
    const slot = this.#slot(hash, text, start, end);
    const found = this.#slots[slot]!;
    if (found !== 0) return found - 1;
    const id = this.size++;
    this.#slots[slot] = id + 1;
    this.#remember(id, hash, text, start, end);
    return id;
  }

  /** The slot that holds the span, or the empty one where it belongs. */
  #slot(hash: number, text: string, start: number, end: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot]! - 1;
      if (id === -1 || (this.#hashes[id] === hash && this.#equals(id, text, start, end))) return slot;
    }
  }

  #equals(id: number, text: string, start: number, end: number): boolean {
    const from = this.#starts[id]!;
    const length = end - start;
    if (this.#starts[id + 1]! - from !== length) return false;
    const pool = this.#pool;
    for (let i = 0; i < length; i++) if (pool[from + i] !== text.charCodeAt(start + i)) return false;
    return true;
  }

  #remember(id: number, hash: number, text: string, start: number, end: number): void {
    const from = this.#poolUnits;
    this.#poolUnits += end - start;
    this.#pool = withRoom(this.#pool, this.#poolUnits);
    for (let i = 0; i < end - start; i++) this.#pool[from + i] = text.charCodeAt(start + i);
    this.#starts = withRoom(this.#starts, id + 2);
    this.#starts[id + 1] = this.#poolUnits;
    this.#hashes = withRoom(this.#hashes, id + 1);
    this.#hashes[id] = hash;
    if (this.size * 2 > this.#slots.length) this.#grow();
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 0; id < this.size; id++) {
      let slot = this.#hashes[id]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
  }
}

const MAX_KEPT_SLOTS = 1 << 12;
const MAX_KEPT_UNITS = 1 << 20;

/** FNV-1a over UTF-16 units, its high bits folded into the low ones at the end. */
function hashSpan(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  const folded = hash ^ (hash >>> 15);
  return Math.imul(folded, 0x2c1b3c6d) ^ (folded >>> 12);
}
