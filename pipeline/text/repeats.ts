import { withRoom } from "./growable.ts";
import { countCodePoints } from "./python-text.ts";
import { SpanTable } from "./span-table.ts";

/** How much of a list of pieces has been seen before in it. */
export interface Repeats {
  readonly pieces: number;
  /** Pieces equal to an earlier one: of three equal lines, two. */
  readonly repeated: number;
  /** Code points in them. */
  readonly repeatedChars: number;
}

/** A table longer than this is given back after use: one huge page must not pin its memory. */
const MAX_KEPT_SLOTS = 1 << 18;

/** Pieces of a text that may repeat one another: collected one by one, then counted. Kept and emptied between pages. */
export class Pieces {
  count = 0;
  #bounds = new Int32Array(1 << 9);
  #samples = new Int32Array(1 << 8);
  /** An open-addressed table of samples: the first piece that has it + 1, or 0; and whether a later one has it, too. */
  #slots = new Int32Array(1 << 9);
  #isShared = new Uint8Array(1 << 9);
  #mask = 0;
  readonly #seen = new SpanTable();

  clear(): void {
    this.count = 0;
  }

  add(text: string, start: number, end: number): void {
    const piece = this.count++;
    this.#bounds = withRoom(this.#bounds, 2 * piece + 2);
    this.#samples = withRoom(this.#samples, piece + 1);
    this.#bounds[2 * piece] = start;
    this.#bounds[2 * piece + 1] = end;
    this.#samples[piece] = sample(text, start, end);
  }

  /** Counts the pieces that are equal to an earlier one. Only those that look like another are read whole. */
  countRepeats(text: string): Repeats {
    const { count } = this;
    let repeated = 0;
    let repeatedChars = 0;
    if (this.#findShared() > 0) {
      const seen = this.#seen;
      seen.clear();
      for (let piece = 0; piece < count; piece++) {
        if (this.#isShared[this.#slotOf(this.#samples[piece]!)] === 0) continue;
        const start = this.#bounds[2 * piece]!;
        const end = this.#bounds[2 * piece + 1]!;
        const before = seen.size;
        if (seen.intern(text, start, end) === before) continue;
        repeated++;
        repeatedChars += countCodePoints(text, start, end);
      }
    }
    return { pieces: count, repeated, repeatedChars };
  }

  /** Pieces whose sample an earlier one has. */
  #findShared(): number {
    let size = 1 << 8;
    while (size < this.count * 2) size *= 2;
    const isSmall = this.#slots.length <= MAX_KEPT_SLOTS || size > MAX_KEPT_SLOTS;
    if (size > this.#slots.length || !isSmall) {
      this.#slots = new Int32Array(size);
      this.#isShared = new Uint8Array(size);
    } else {
      this.#slots.fill(0, 0, size);
      this.#isShared.fill(0, 0, size);
    }
    this.#mask = size - 1;
    let shared = 0;
    for (let piece = 0; piece < this.count; piece++) {
      const slot = this.#slotOf(this.#samples[piece]!);
      if (this.#slots[slot] === 0) this.#slots[slot] = piece + 1;
      else {
        this.#isShared[slot] = 1;
        shared++;
      }
    }
    return shared;
  }

  #slotOf(sample: number): number {
    const mask = this.#mask;
    let slot = sample & mask;
    while (this.#slots[slot] !== 0 && this.#samples[this.#slots[slot]! - 1] !== sample) slot = (slot + 1) & mask;
    return slot;
  }
}

/** Units that are looked at in each piece to tell whether it may be equal to another: as many as this, and its length. */
const SAMPLES = 8;

function sample(text: string, start: number, end: number): number {
  const units = end - start;
  let hash = units;
  const step = Math.max(1, units / SAMPLES);
  for (let at = 0; at < units; at += step) hash = Math.imul(hash, 0x01000193) ^ text.charCodeAt(start + Math.floor(at));
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
}

const NEWLINE = 0x0a;
const pieces = new Pieces();

/**
 * Cuts `text[start..end)` at runs of at least `minNewlines` "\n" and counts repeated pieces. As with Python's
 * `re.split`, a run at either end leaves an empty piece there.
 */
export function countRepeats(text: string, minNewlines: number, start = 0, end = text.length): Repeats {
  pieces.clear();
  let from = start;
  for (let at = text.indexOf("\n", start); at !== -1 && at < end; ) {
    let next = at + 1;
    while (next < end && text.charCodeAt(next) === NEWLINE) next++;
    if (next - at >= minNewlines) {
      pieces.add(text, from, at);
      from = next;
    }
    at = text.indexOf("\n", next);
  }
  pieces.add(text, from, end);
  return pieces.countRepeats(text);
}

/** The definition that `countRepeats` is tested against. */
export function countRepeatsPlainly(pieces: readonly string[]): Repeats {
  const seen = new Set<string>();
  let repeated = 0;
  let repeatedChars = 0;
  for (const piece of pieces) {
    if (seen.has(piece)) {
      repeated++;
      repeatedChars += [...piece].length;
    } else seen.add(piece);
  }
  return { pieces: pieces.length, repeated, repeatedChars };
}
