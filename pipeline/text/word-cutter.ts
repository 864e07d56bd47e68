/**
 * Cuts pages into words by way of chunks, the runs of text between white space. Chunks come again and again, so the
 * cutting of each distinct one is remembered across pages, and a page costs a table look-up per chunk.
 */
import { withRoom } from "./growable.ts";
import { isSpace } from "./python-text.ts";
import { type Units, viewUnits } from "./units.ts";
import { WordKinds } from "./word-kinds.ts";
import { type WordColumns, Words, wordColumns } from "./words.ts";

/** Writes start and end of each word in the chunk `text[start..end)` to `spans`: start, end, start, end … */
export type CutChunk = (text: string, start: number, end: number, spans: Spans) => void;

/** Starts and ends, one after the other. */
export class Spans {
  values = new Int32Array(64);
  length = 0;

  push(start: number, end: number): void {
    if (this.length + 2 > this.values.length) this.values = withRoom(this.values, this.length + 2);
    this.values[this.length++] = start;
    this.values[this.length++] = end;
  }
}

/** The chunks of the page at hand, and what they are: no more than one for two units. */
let chunkStarts = new Int32Array(1 << 14);
let chunkEnds = new Int32Array(1 << 14);
let chunks = new Int32Array(1 << 14);

/** The first words of some columns, in memory of their own. */
function copyOf({ starts, ends, kinds, flags }: WordColumns, count: number): WordColumns {
  const copy = wordColumns(count);
  copy.starts.set(starts.subarray(0, count));
  copy.ends.set(ends.subarray(0, count));
  copy.kinds.set(kinds.subarray(0, count));
  copy.flags.set(flags.subarray(0, count));
  return copy;
}

/** The words of the page at hand: no more than units. Kept between pages; more is given back after use: one huge page must not pin its memory. */
let kept = wordColumns(1 << 14);
const MAX_KEPT_WORDS = 1 << 20;

/**
 * What a chunk is, in the record of its span: 1 + the word that it is as a whole (its kind in the lower bits, the flags of
 * the kind above them), or ~n for the n-th of those that are cut.
 */
const KIND_BITS = 23;
const KIND_MASK = (1 << KIND_BITS) - 1;

export class WordCutter {
  readonly kinds = new WordKinds();
  readonly #cut: CutChunk;
  /** By UTF-16 unit: 1 where it parts chunks. */
  readonly #parts: Uint8Array;
  /** Cut chunk n's words: `#wordKinds`, `#wordStarts` and `#wordEnds` (from the chunk's start) from `#first[n]` to `#first[n + 1]`. */
  #first = new Int32Array(1 << 8);
  #cutChunks = 0;
  #wordKinds = new Int32Array(1 << 8);
  #wordStarts = new Int32Array(1 << 8);
  #wordEnds = new Int32Array(1 << 8);
  #wordFlags = new Uint8Array(1 << 8);
  readonly #spans = new Spans();

  /** `parts` says which UTF-16 units no word goes across; what they are is no word either. */
  constructor(cut: CutChunk, parts: Uint8Array = PYTHON_SPACE) {
    this.#cut = cut;
    this.#parts = parts;
  }

  /** Bytes held, nearly. */
  get bytes(): number {
    return this.kinds.bytes + 13 * this.#wordKinds.length;
  }

  words(text: string): Words {
    const { length } = text;
    if (length > kept.starts.length && length <= MAX_KEPT_WORDS)
      kept = wordColumns(Math.max(length, 2 * kept.starts.length));
    const columns = length <= kept.starts.length ? kept : wordColumns(length);
    const { starts, ends, kinds, flags } = columns;
    const lent = viewUnits(text);
    const { units } = lent;
    const { spans } = this.kinds;
    const found = this.#findChunks(units, length);
    spans.chunksOf(lent, chunkStarts, chunkEnds, found, chunks);
    let count = 0;
    for (let i = 0; i < found; i++) {
      const start = chunkStarts[i]!;
      const end = chunkEnds[i]!;
      const chunk = chunks[i]! === 0 ? this.#cutNew(text, lent, start, end) : chunks[i]!;
      if (chunk > 0) {
        starts[count] = start;
        ends[count] = end;
        flags[count] = (chunk - 1) >>> KIND_BITS;
        kinds[count++] = (chunk - 1) & KIND_MASK;
        continue;
      }
      const last = this.#first[~chunk + 1]!;
      for (let word = this.#first[~chunk]!; word < last; word++, count++) {
        kinds[count] = this.#wordKinds[word]!;
        flags[count] = this.#wordFlags[word]!;
        starts[count] = start + this.#wordStarts[word]!;
        ends[count] = start + this.#wordEnds[word]!;
      }
    }
    return new Words(text, copyOf(columns, count), this.kinds);
  }

  /** Fills `chunkStarts` and `chunkEnds`; returns how many chunks there are. */
  #findChunks(units: Uint16Array, length: number): number {
    const parts = this.#parts;
    const room = (length + 1) >> 1;
    if (room > chunks.length || (chunks.length > MAX_KEPT_WORDS && room <= MAX_KEPT_WORDS)) {
      chunkStarts = new Int32Array(room);
      chunkEnds = new Int32Array(room);
      chunks = new Int32Array(room);
    }
    const starts = chunkStarts;
    const ends = chunkEnds;
    let count = 0;
    for (let i = 0; ; ) {
      while (i < length && parts[units[i]!] === 1) i++;
      if (i === length) return count;
      starts[count] = i;
      // White space stands behind the text.
      do i++;
      while (parts[units[i]!] === 0);
      ends[count++] = i;
    }
  }

  /** Cuts a chunk, unless the page has had it before. */
  #cutNew(text: string, units: Units, start: number, end: number): number {
    const known = this.kinds.spans.find(units, start, end);
    if (known !== -1 && this.kinds.spans.chunk(known) !== 0) return this.kinds.spans.chunk(known);
    const chunk = this.#cutApart(text, units, start, end);
    const { spans } = this.kinds;
    const found = spans.find(units, start, end);
    spans.setChunk(found === -1 ? spans.add(units, start, end) : found, chunk);
    return chunk;
  }

  #cutApart(text: string, units: Units, start: number, end: number): number {
    const spans = this.#spans;
    spans.length = 0;
    this.#cut(text, start, end, spans);
    const { values } = spans;
    if (spans.length === 2 && values[0] === start && values[1] === end) {
      const kind = this.kinds.intern(units, start, end);
      if (kind < KIND_MASK) return 1 + (kind | (this.kinds.flags[kind]! << KIND_BITS));
    }
    const chunk = this.#cutChunks++;
    const first = this.#first[chunk]!;
    const last = first + spans.length / 2;
    this.#wordKinds = withRoom(this.#wordKinds, last);
    this.#wordStarts = withRoom(this.#wordStarts, last);
    this.#wordEnds = withRoom(this.#wordEnds, last);
    this.#wordFlags = withRoom(this.#wordFlags, last);
    for (let word = first, at = 0; word < last; word++) {
      const from = values[at++]!;
      const to = values[at++]!;
      const kind = this.kinds.intern(units, from, to);
      this.#wordKinds[word] = kind;
      this.#wordFlags[word] = this.kinds.flags[kind]!;
      this.#wordStarts[word] = from - start;
      this.#wordEnds[word] = to - start;
    }
    this.#first = withRoom(this.#first, chunk + 2);
    this.#first[chunk + 1] = last;
    return ~chunk;
  }
}

/** 1 where Python's `str.isspace` holds. */
export const PYTHON_SPACE = Uint8Array.from({ length: 0x10000 }, (_, unit) => (isSpace(unit) ? 1 : 0));

/** Beyond this a cutter's memory of chunks is dropped before the next page; ordinary pages refill it in a moment. */
const MAX_HELD_BYTES = 64 << 20;

/** Keeps one cutter as long as it is small enough. */
export function renewed<C extends { readonly bytes: number }>(make: () => C): () => C {
  let cutter: C | undefined;
  return () => {
    if (cutter === undefined || cutter.bytes > MAX_HELD_BYTES) cutter = make();
    return cutter;
  };
}
