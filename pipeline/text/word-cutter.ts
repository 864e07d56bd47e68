/**
 * Cuts pages into words by way of chunks, the runs of text between white space. Chunks come again and again, so the
 * cutting of each distinct one is remembered across pages, and a page costs a table look-up per chunk.
 */
import { withRoom } from "./growable.ts";
import { isSpace } from "./python-text.ts";
import { HASH_START, hashEnd, hashUnit, SpanTable } from "./span-table.ts";
import { WordKinds } from "./word-kinds.ts";
import { Words } from "./words.ts";

/** Appends start and end of each word in the chunk `text[start..end)` to `spans`: start, end, start, end … */
export type CutChunk = (text: string, start: number, end: number, spans: number[]) => void;

export class WordCutter {
  readonly kinds = new WordKinds();
  readonly #cut: CutChunk;
  /** By UTF-16 unit: 1 where it parts chunks. */
  readonly #parts: Uint8Array;
  readonly #chunks = new SpanTable();
  /** Chunk n's words: `#wordKinds`, `#wordStarts` and `#wordEnds` (from the chunk's start) from `#first[n]` to `#first[n + 1]`. */
  #first = new Int32Array(1 << 8);
  #wordKinds = new Int32Array(1 << 8);
  #wordStarts = new Int32Array(1 << 8);
  #wordEnds = new Int32Array(1 << 8);
  readonly #spans: number[] = [];

  /** `parts` says which UTF-16 units no word goes across; what they are is no word either. */
  constructor(cut: CutChunk, parts: Uint8Array = PYTHON_SPACE) {
    this.#cut = cut;
    this.#parts = parts;
  }

  /** What this holds, in UTF-16 units and entries. */
  get held(): number {
    return this.kinds.units + this.#chunks.units + this.#chunks.size * 8;
  }

  words(text: string): Words {
    const parts = this.#parts;
    let starts = new Int32Array(Math.max(16, text.length >> 2));
    let ends = new Int32Array(starts.length);
    let kinds = new Int32Array(starts.length);
    let count = 0;
    for (let i = 0; i < text.length; ) {
      while (i < text.length && parts[text.charCodeAt(i)] === 1) i++;
      const start = i;
      let hash = HASH_START;
      for (; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        if (parts[unit] === 1) break;
        hash = hashUnit(hash, unit);
      }
      if (i === start) break;
      const chunk = this.#chunkOf(text, start, i, hashEnd(hash));
      const last = this.#first[chunk + 1]!;
      const needed = count + last - this.#first[chunk]!;
      if (needed > starts.length) {
        starts = withRoom(starts, needed);
        ends = withRoom(ends, needed);
        kinds = withRoom(kinds, needed);
      }
      for (let word = this.#first[chunk]!; word < last; word++, count++) {
        kinds[count] = this.#wordKinds[word]!;
        starts[count] = start + this.#wordStarts[word]!;
        ends[count] = start + this.#wordEnds[word]!;
      }
    }
    return new Words(text, starts.slice(0, count), ends.slice(0, count), kinds.slice(0, count), this.kinds);
  }

  #chunkOf(text: string, start: number, end: number, hash: number): number {
    const before = this.#chunks.size;
    const chunk = this.#chunks.intern(text, start, end, hash);
    if (chunk < before) return chunk;
    const spans = this.#spans;
    spans.length = 0;
    this.#cut(text, start, end, spans);
    const first = this.#first[chunk]!;
    const last = first + spans.length / 2;
    this.#wordKinds = withRoom(this.#wordKinds, last);
    this.#wordStarts = withRoom(this.#wordStarts, last);
    this.#wordEnds = withRoom(this.#wordEnds, last);
    for (let word = first, at = 0; word < last; word++) {
      const from = spans[at++]!;
      const to = spans[at++]!;
      this.#wordKinds[word] = this.kinds.intern(text, from, to);
      this.#wordStarts[word] = from - start;
      this.#wordEnds[word] = to - start;
    }
    this.#first = withRoom(this.#first, chunk + 2);
    this.#first[chunk + 1] = last;
    return chunk;
  }
}

/** 1 where Python's `str.isspace` holds. */
export const PYTHON_SPACE = Uint8Array.from({ length: 0x10000 }, (_, unit) => (isSpace(unit) ? 1 : 0));

/** Beyond this a cutter's memory of chunks is dropped before the next page; ordinary pages refill it in a moment. */
const MAX_HELD = 8_000_000;

/** Keeps one cutter as long as it is small enough. */
export function renewed<C extends { readonly held: number }>(make: () => C): () => C {
  let cutter: C | undefined;
  return () => {
    if (cutter === undefined || cutter.held > MAX_HELD) cutter = make();
    return cutter;
  };
}
