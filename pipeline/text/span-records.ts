/**
 * A record for each distinct span of UTF-16 units, in one open-addressed table: a look-up touches one line of memory, and
 * memory, not arithmetic, is what look-ups among hundreds of thousands of spans cost. Spans of up to sixteen units below
 * 256 are spelt out in their record; of others it has a hash, and their units lie in a pool, where a hit is checked unit
 * by unit: equal records mean equal spans, always.
 *
 *     short   units 0–3, 4–7, 8–11, 12–15 as bytes,   length,       word, chunk
 *     long    hash, place in pool, 0, 0,              length + 16,  word, chunk
 */
import { withRoom } from "./growable.ts";
import type { Units } from "./units.ts";

const RECORD = 8;
const SHORT_UNITS = 16;
const TAG = 4;
const WORD = 5;
const CHUNK = 6;

/** Spans that are looked up together, and how each is written down: as in its record, with the hash of that. */
const BATCH = 64;
const KEY = 8;
const HASH = 5;
const keys = new Int32Array(KEY * BATCH);

/** By length: what of eight pairs of units belongs to the span. */
const MASKS = Int32Array.from({ length: 8 * (SHORT_UNITS + 1) }, (_, i) => {
  const left = (i >> 3) - 2 * (i & 7);
  return left <= 0 ? 0 : left === 1 ? 0xffff : -1;
});

export class SpanRecords {
  #size = 0;
  #table = new Int32Array(RECORD << 13);
  #pool = new Uint16Array(1 << 12);
  #poolUnits = 0;
  /** How the span that was looked for is written down, and where it belongs. */
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  #tag = 0;
  #at = 0;

  /** Bytes held. */
  get bytes(): number {
    return this.#table.byteLength + this.#pool.byteLength;
  }

  /** Where the record of the span from `start` to `end` is, or -1. The span must not be empty. Good until the next `add`. */
  find({ units, pairs }: Units, start: number, end: number): number {
    if (end - start > SHORT_UNITS) return this.#findLong(units, start, end);
    spell(pairs, 2 * start, end - start, 0);
    return keys[TAG] === 0 ? this.#findLong(units, start, end) : this.#findSpelt(0);
  }

  /**
   * The chunk numbers of many spans, 0 for those that have none. First all are written down as in records, then they are
   * looked up: these look-ups do not wait for one another, nor for the end of a span to be found.
   */
  chunksOf({ units, pairs }: Units, starts: Int32Array, ends: Int32Array, count: number, chunks: Int32Array): void {
    for (let first = 0; first < count; first += BATCH) {
      const last = Math.min(first + BATCH, count);
      for (let i = first, key = 0; i < last; i++, key += KEY) {
        const length = ends[i]! - starts[i]!;
        if (length > SHORT_UNITS) keys[key + TAG] = 0;
        else spell(pairs, 2 * starts[i]!, length, key);
      }
      for (let i = first, key = 0; i < last; i++, key += KEY) {
        const isLong = keys[key + TAG] === 0;
        const at = isLong ? this.#findLong(units, starts[i]!, ends[i]!) : this.#findSpelt(key);
        chunks[i] = at === -1 ? 0 : this.#table[at + CHUNK]!;
      }
    }
  }

  /** Makes a record for the span that was looked for last, and not found. */
  add({ units }: Units, start: number, end: number): number {
    if (this.#tag > SHORT_UNITS) {
      this.#b = this.#poolUnits;
      this.#pool = withRoom(this.#pool, this.#poolUnits + end - start);
      for (let i = start; i < end; i++) this.#pool[this.#poolUnits++] = units[i]!;
    }
    if (++this.#size * 5 * RECORD > this.#table.length * 3) this.#grow();
    const table = this.#table;
    const at = this.#at;
    table[at] = this.#a;
    table[at + 1] = this.#b;
    table[at + 2] = this.#c;
    table[at + 3] = this.#d;
    table[at + TAG] = this.#tag;
    return at;
  }

  /** The two numbers of a record; 0 until they are set. */
  word(at: number): number {
    return this.#table[at + WORD]!;
  }

  setWord(at: number, value: number): void {
    this.#table[at + WORD] = value;
  }

  chunk(at: number): number {
    return this.#table[at + CHUNK]!;
  }

  setChunk(at: number, value: number): void {
    this.#table[at + CHUNK] = value;
  }

  #findSpelt(key: number): number {
    const a = keys[key]!;
    const b = keys[key + 1]!;
    const c = keys[key + 2]!;
    const d = keys[key + 3]!;
    const length = keys[key + TAG]!;
    const table = this.#table;
    const mask = table.length - 1;
    let at = (keys[key + HASH]! * RECORD) & mask;
    for (let tag = table[at + TAG]!; tag !== 0; tag = table[at + TAG]!) {
      if (table[at] === a && table[at + 1] === b && tag === length && table[at + 2] === c && table[at + 3] === d)
        return at;
      at = (at + RECORD) & mask;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
    this.#tag = length;
    this.#at = at;
    return -1;
  }

  #findLong(units: Uint16Array, start: number, end: number): number {
    let hash = end - start;
    let i = start;
    for (; i + 1 < end; i += 2)
      hash = Math.imul(hash ^ (hash >>> 15) ^ (units[i]! | (units[i + 1]! << 16)), 0x9e3779b1);
    if (i < end) hash = Math.imul(hash ^ (hash >>> 15) ^ units[i]!, 0x9e3779b1);
    const wanted = end - start + SHORT_UNITS;
    const table = this.#table;
    const mask = table.length - 1;
    let at = (mix(hash, 0, 0, 0) * RECORD) & mask;
    for (let tag = table[at + TAG]!; tag !== 0; tag = table[at + TAG]!) {
      if (tag === wanted && table[at] === hash && this.#isAt(table[at + 1]!, units, start, end)) return at;
      at = (at + RECORD) & mask;
    }
    this.#a = hash;
    this.#c = 0;
    this.#d = 0;
    this.#tag = wanted;
    this.#at = at;
    return -1;
  }

  #isAt(place: number, units: Uint16Array, start: number, end: number): boolean {
    const pool = this.#pool;
    for (let i = start; i < end; i++, place++) if (pool[place] !== units[i]) return false;
    return true;
  }

  /** Twice the room; the place of the span that is being added is found anew. */
  #grow(): void {
    const old = this.#table;
    const table = new Int32Array(old.length * 2);
    const mask = table.length - 1;
    const freeFor = (a: number, b: number, c: number, d: number, tag: number): number => {
      let at = ((tag > SHORT_UNITS ? mix(a, 0, 0, 0) : mix(a, b, c, d)) * RECORD) & mask;
      while (table[at + TAG] !== 0) at = (at + RECORD) & mask;
      return at;
    };
    for (let from = 0; from < old.length; from += RECORD) {
      if (old[from + TAG] === 0) continue;
      const to = freeFor(old[from]!, old[from + 1]!, old[from + 2]!, old[from + 3]!, old[from + TAG]!);
      for (let k = 0; k < RECORD; k++) table[to + k] = old[from + k]!;
    }
    this.#table = table;
    this.#at = freeFor(this.#a, this.#b, this.#c, this.#d, this.#tag);
  }
}

/**
 * Writes a span of up to sixteen units down in `keys`, with the hash of that; tag 0 where a unit is above 255. Units are
 * read by fixed numbers, and those behind the span masked: no loop, whose end would have to be guessed.
 */
function spell(pairs: DataView, place: number, length: number, key: number): void {
  const mine = length * 8;
  const k = pairs.getInt32(place, true) & MASKS[mine]!;
  const l = pairs.getInt32(place + 4, true) & MASKS[mine + 1]!;
  const m = pairs.getInt32(place + 8, true) & MASKS[mine + 2]!;
  const n = pairs.getInt32(place + 12, true) & MASKS[mine + 3]!;
  let all = k | l | m | n;
  const a = fourUnits(k, l);
  const b = fourUnits(m, n);
  let c = 0;
  let d = 0;
  if (length > 8) {
    const o = pairs.getInt32(place + 16, true) & MASKS[mine + 4]!;
    const p = pairs.getInt32(place + 20, true) & MASKS[mine + 5]!;
    const q = pairs.getInt32(place + 24, true) & MASKS[mine + 6]!;
    const r = pairs.getInt32(place + 28, true) & MASKS[mine + 7]!;
    all |= o | p | q | r;
    c = fourUnits(o, p);
    d = fourUnits(q, r);
  }
  keys[key] = a;
  keys[key + 1] = b;
  keys[key + 2] = c;
  keys[key + 3] = d;
  keys[key + TAG] = (all & 0xff00ff00) === 0 ? length : 0;
  keys[key + HASH] = mix(a, b, c, d);
}

/** Four units below 256, as pairs, in a byte each. */
function fourUnits(low: number, high: number): number {
  return ((low | (low >>> 8)) & 0xffff) | ((high | (high >>> 8)) << 16);
}

/** 29 bits, so that the product with the length of a record stays exact. */
function mix(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x2c1b3c6d), 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ c ^ Math.imul(d, 0x85ebca6b), 0x735a2d97);
  return (hash ^ (hash >>> 13)) >>> 3;
}
