/**
 * 64-bit hashes of passages, as two unsigned 32-bit halves that have nothing in common but the text. `hashText` is the
 * definition, over a string in its normal form; `PassageHasher` gives the same over the units of a page.
 *
 * Two of 10⁸ different passages have the same hash once in 3,700 runs. (The hash is no cryptographic one: who wants to can
 * make two passages that are taken for one.)
 */

import { absorb, mix32 } from "../../../pipeline/mix.ts";
import { isSpace } from "../../../pipeline/text/python-text.ts";
import { NORMAL, type Normalization, normalizePassage, normalTable } from "./normalize.ts";

const MULTIPLIER_A = 0x9e3779b1;
const MULTIPLIER_B = 0x85ebca77;
const SPACE = 0x20;

/** Two halves: of a hash, or of what a hash begins with. */
export interface Hash64 {
  readonly a: number;
  readonly b: number;
}

/** What hashes begin with where nothing else is said. */
export const NO_SEED: Hash64 = { a: 0x243f6a88, b: 0x13198a2e };

export function hashText(text: string, seed: Hash64 = NO_SEED): Hash64 {
  let { a, b } = seed;
  for (let i = 0; i < text.length; i++) {
    a = absorb(a, text.charCodeAt(i), MULTIPLIER_A);
    b = absorb(b, text.charCodeAt(i), MULTIPLIER_B);
  }
  return { a: finish(a, text.length), b: finish(b, text.length) };
}

function finish(state: number, length: number): number {
  return mix32(state ^ length) >>> 0;
}

export class PassageHasher implements Hash64 {
  readonly #how: Normalization;
  readonly #table: Uint16Array | undefined;
  /** Of the passage that was hashed last. */
  a = 0;
  b = 0;
  /** Units of its normal form. */
  length = 0;

  constructor(how: Normalization) {
    this.#how = how;
    this.#table = how === "none" ? undefined : normalTable(how);
  }

  /** Hashes `text[start..end)`, of which `units` are the UTF-16 units. */
  hash(text: string, units: Uint16Array, start: number, end: number, seed: Hash64): void {
    if (this.#table === undefined) this.#hashUnits(units, start, end, seed);
    else if (!this.#hashFolded(units, start, end, this.#table, seed)) {
      const normal = normalizePassage(text.slice(start, end), this.#how);
      ({ a: this.a, b: this.b } = hashText(normal, seed));
      this.length = normal.length;
    }
  }

  #hashUnits(units: Uint16Array, start: number, end: number, seed: Hash64): void {
    let { a, b } = seed;
    for (let i = start; i < end; i++) {
      const unit = units[i]!;
      a = absorb(a, unit, MULTIPLIER_A);
      b = absorb(b, unit, MULTIPLIER_B);
    }
    this.#finish(a, b, end - start);
  }

  /** False where the table does not tell. */
  #hashFolded(units: Uint16Array, start: number, end: number, table: Uint16Array, seed: Hash64): boolean {
    const collapses = this.#how === "whitespace-case";
    let first = start;
    let last = end;
    while (!collapses && first < last && isSpace(units[first]!)) first++;
    while (!collapses && first < last && isSpace(units[last - 1]!)) last--;
    let { a, b } = seed;
    let length = 0;
    let isSpaceOwed = false;
    for (let i = first; i < last; i++) {
      const unit = table[units[i]!]!;
      if (unit === SPACE && collapses) {
        isSpaceOwed = length > 0;
        continue;
      }
      if (unit === NORMAL.removed) continue;
      if (unit === NORMAL.ask) return false;
      if (isSpaceOwed) {
        a = absorb(a, SPACE, MULTIPLIER_A);
        b = absorb(b, SPACE, MULTIPLIER_B);
        length++;
        isSpaceOwed = false;
      }
      a = absorb(a, unit, MULTIPLIER_A);
      b = absorb(b, unit, MULTIPLIER_B);
      length++;
    }
    this.#finish(a, b, length);
    return true;
  }

  #finish(a: number, b: number, length: number): void {
    this.a = finish(a, length);
    this.b = finish(b, length);
    this.length = length;
  }
}
