/**
 * Runs of words that stand more than once on a page, for every length from two words up. A run of `n` words is known by
 * the run of `n - 1` it begins with and its last word, both numbers, so nothing is joined or compared as text. A run can
 * only repeat if the shorter runs that it begins and ends with do: what is looked at shrinks with every length, and on
 * ordinary pages longer runs cost next to nothing.
 */
import { withRoom } from "./growable.ts";
import type { Words } from "./words.ts";

/** The repeated runs of one length. Lent for the time of the visit: the buffers are used again for the next length. */
export interface RepeatedRuns {
  /** Words in a run. */
  readonly n: number;
  /** Places in a page that begin a run that stands there more than once. */
  readonly length: number;
  /** Those places, as word indices, ascending; and by the same index the number of the run that begins there. */
  readonly places: Int32Array;
  readonly runs: Int32Array;
  /** By run: where it first stands, and how often it stands on the page, overlaps included. */
  readonly firsts: Int32Array;
  readonly counts: Int32Array;
}

/** Kept between pages; nothing in it is read before it is written. */
class Scratch {
  places = new Int32Array(1 << 10);
  runs = new Int32Array(1 << 10);
  firsts = new Int32Array(1 << 10);
  counts = new Int32Array(1 << 10);
  /** By run: the run of one word less that it begins with, and its last word's kind. */
  heads = new Int32Array(1 << 10);
  lasts = new Int32Array(1 << 10);
  /** An open-addressed table at most half full: run + 1, or 0. */
  slots = new Int32Array(1 << 11);

  makeRoom(length: number): void {
    this.places = withRoom(this.places, length);
    this.runs = withRoom(this.runs, length);
    this.firsts = withRoom(this.firsts, length);
    this.counts = withRoom(this.counts, length);
    this.heads = withRoom(this.heads, length);
    this.lasts = withRoom(this.lasts, length);
  }

  /** Empties the table for that many entries; returns its mask. */
  clearSlots(entries: number): number {
    let size = 1 << 8;
    while (size < entries * 2) size *= 2;
    if (size > this.slots.length) this.slots = new Int32Array(size);
    else this.slots.fill(0, 0, size);
    return size - 1;
  }
}
let scratch = new Scratch();
/** Words of a page beyond which scratch is given back: one huge page must not pin its memory. */
const MAX_KEPT_WORDS = 1 << 18;

/** Visits the repeated runs of 2 up to `maxN` words, in that order; lengths without any are visited, too. */
export function visitRepeatedRuns(words: Words, maxN: number, visit: (runs: RepeatedRuns) => void): void {
  const { kinds, length } = words;
  scratch.makeRoom(length);
  const { places, runs, firsts, counts } = scratch;
  for (let i = 0; i < length; i++) {
    places[i] = i;
    runs[i] = kinds[i]!;
  }
  let known = length;
  for (let n = 2; n <= maxN; n++) {
    known = lengthen(kinds, n, known);
    visit({ n, length: known, places, runs, firsts, counts });
  }
  if (length > MAX_KEPT_WORDS) scratch = new Scratch();
}

/** From the `known` places of repeated runs of `n - 1` words to those of `n`, in the same buffers. Returns how many. */
function lengthen(kinds: Int32Array, n: number, known: number): number {
  const mask = scratch.clearSlots(known);
  const { places, runs, firsts, counts, heads, lasts, slots } = scratch;
  let tried = 0;
  let distinct = 0;
  for (let at = 0; at + 1 < known; at++) {
    const place = places[at]!;
    if (places[at + 1] !== place + 1) continue;
    const head = runs[at]!;
    const last = kinds[place + n - 1]!;
    let slot = mix(Math.imul(head, 0x9e3779b1) ^ last) & mask;
    let run = slots[slot]! - 1;
    while (run !== -1 && (heads[run] !== head || lasts[run] !== last)) {
      slot = (slot + 1) & mask;
      run = slots[slot]! - 1;
    }
    if (run === -1) {
      run = distinct++;
      slots[slot] = run + 1;
      heads[run] = head;
      lasts[run] = last;
      firsts[run] = place;
      counts[run] = 0;
    }
    counts[run]!++;
    places[tried] = place;
    runs[tried++] = run;
  }

  let kept = 0;
  for (let at = 0; at < tried; at++) {
    const run = runs[at]!;
    if (counts[run]! < 2) continue;
    places[kept] = places[at]!;
    runs[kept++] = run;
  }
  return kept;
}

/** Where the most frequent run of its length first stands, and how often it does; the first one of equally frequent runs. */
export function topRun({ n, length, runs, firsts, counts }: RepeatedRuns, words: Words): TopRun | undefined {
  if (words.length < n) return undefined;
  let place = 0;
  let count = 1;
  for (let at = 0; at < length; at++) {
    const run = runs[at]!;
    if (counts[run]! > count) {
      count = counts[run]!;
      place = firsts[run]!;
    }
  }
  return { place, count };
}
export interface TopRun {
  readonly place: number;
  readonly count: number;
}

/** Code points in the words before each index, spaces left out; one entry more than words. */
export function wordCharsBefore({ kinds, length, vocabulary }: Words): Int32Array {
  const { codePoints } = vocabulary;
  const before = new Int32Array(length + 1);
  for (let i = 0; i < length; i++) before[i + 1] = before[i]! + codePoints[kinds[i]!]!;
  return before;
}

function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return hash ^ (hash >>> 15);
}
