/**
 * Remembers a number for each distinct span of UTF-16 units that it is shown: an open-addressed table, four numbers a span,
 * so that a look-up touches one line of memory. Spans of up to eight units below 256 are spelt out in it; of others it
 * holds a hash, and their units lie in a pool, where a hit is checked unit by unit: equal values mean equal spans, always.
 *
 *     short   first four units as bytes, the next four,    length,      value
 *     long    hash,                      place in pool,    length + 8,  value
 */
import { withRoom } from "./growable.ts";
import type { Units } from "./units.ts";

const RECORD = 4;
const SHORT_UNITS = 8;

/** By length: what of four pairs of units belongs to the span. */
const MASKS = Int32Array.from({ length: 4 * (SHORT_UNITS + 1) }, (_, i) => {
  const left = (i >> 2) - 2 * (i & 3);
  return left <= 0 ? 0 : left === 1 ? 0xffff : -1;
});

/** What `find` says of a span that is new. */
export const UNKNOWN = -0x8000_0000;

export class SpanValues {
  /** Distinct spans so far. */
  size = 0;
  #table = new Int32Array(RECORD << 14);
  #pool = new Uint16Array(1 << 12);
  #poolUnits = 0;
  /** Where the span that was looked for belongs, and how it is written down. */
  #at = 0;
  #first = 0;
  #second = 0;
  #tag = 0;

  /** Bytes held. */
  get bytes(): number {
    return this.#table.byteLength + this.#pool.byteLength;
  }

  /** The value of the span from `start` to `end`, or `UNKNOWN`; `add` then gives it one. The span must not be empty. */
  find({ units, pairs }: Units, start: number, end: number): number {
    const length = end - start;
    if (length > SHORT_UNITS) return this.#findLong(units, start, end);
    // Eight units, those behind the span masked: no loop, whose end would have to be guessed.
    const mask = length * 4;
    const a = pairs.getInt32(2 * start, true) & MASKS[mask]!;
    const b = pairs.getInt32(2 * start + 4, true) & MASKS[mask + 1]!;
    const c = pairs.getInt32(2 * start + 8, true) & MASKS[mask + 2]!;
    const d = pairs.getInt32(2 * start + 12, true) & MASKS[mask + 3]!;
    if (((a | b | c | d) & 0xff00ff00) !== 0) return this.#findLong(units, start, end);
    return this.#findShort(fourUnits(a, b), fourUnits(c, d), length);
  }

  /** Gives the span that was looked for last, and not found, its value: any number above `UNKNOWN`. */
  add(value: number, { units }: Units, start: number, end: number): void {
    const table = this.#table;
    const at = this.#at;
    if (this.#tag > SHORT_UNITS) {
      this.#second = this.#poolUnits;
      this.#pool = withRoom(this.#pool, this.#poolUnits + end - start);
      for (let i = start; i < end; i++) this.#pool[this.#poolUnits++] = units[i]!;
    }
    table[at] = this.#first;
    table[at + 1] = this.#second;
    table[at + 2] = this.#tag;
    table[at + 3] = value;
    if (++this.size * 2 * RECORD > table.length) this.#grow();
  }

  #findShort(first: number, second: number, length: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let at = (mix(first, second) * RECORD) & mask;
    for (let tag = table[at + 2]!; tag !== 0; tag = table[at + 2]!) {
      if (table[at] === first && table[at + 1] === second && tag === length) return table[at + 3]!;
      at = (at + RECORD) & mask;
    }
    this.#at = at;
    this.#first = first;
    this.#second = second;
    this.#tag = length;
    return UNKNOWN;
  }

  #findLong(units: Uint16Array, start: number, end: number): number {
    let hash = end - start;
    let i = start;
    for (; i + 1 < end; i += 2)
      hash = Math.imul(hash ^ (hash >>> 15) ^ (units[i]! | (units[i + 1]! << 16)), 0x9e3779b1);
    if (i < end) hash = Math.imul(hash ^ (hash >>> 15) ^ units[i]!, 0x9e3779b1);
    hash = mix(hash, 0);
    const wanted = end - start + SHORT_UNITS;
    const table = this.#table;
    const mask = table.length - 1;
    let at = (hash * RECORD) & mask;
    for (let tag = table[at + 2]!; tag !== 0; tag = table[at + 2]!) {
      if (tag === wanted && table[at] === hash && this.#isAt(table[at + 1]!, units, start, end)) return table[at + 3]!;
      at = (at + RECORD) & mask;
    }
    this.#at = at;
    this.#first = hash;
    this.#tag = wanted;
    return UNKNOWN;
  }

  #isAt(place: number, units: Uint16Array, start: number, end: number): boolean {
    const pool = this.#pool;
    for (let i = start; i < end; i++, place++) if (pool[place] !== units[i]) return false;
    return true;
  }

  #grow(): void {
    const old = this.#table;
    const table = new Int32Array(old.length * 4);
    const mask = table.length - 1;
    for (let from = 0; from < old.length; from += RECORD) {
      const tag = old[from + 2]!;
      if (tag === 0) continue;
      const hash = tag > SHORT_UNITS ? old[from]! : mix(old[from]!, old[from + 1]!);
      let at = (hash * RECORD) & mask;
      while (table[at + 2] !== 0) at = (at + RECORD) & mask;
      table[at] = old[from]!;
      table[at + 1] = old[from + 1]!;
      table[at + 2] = tag;
      table[at + 3] = old[from + 3]!;
    }
    this.#table = table;
  }
}

/** Four units below 256, as pairs, in a byte each. */
function fourUnits(low: number, high: number): number {
  return ((low | (low >>> 8)) & 0xffff) | ((high | (high >>> 8)) << 16);
}

/** 30 bits, so that the product with the length of a record stays exact. */
function mix(first: number, second: number): number {
  let hash = Math.imul(first ^ Math.imul(second, 0x2c1b3c6d), 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 13)) >>> 2;
}
