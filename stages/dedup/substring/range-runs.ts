/**
 * Ranges of windows in a file, as sorted runs, and their merge.
 *
 *     range   | page | first window | last window + 1 | twin |     u32 each; windows by the byte they begin at
 *
 * Within a run ranges ascend by page and window, as pages came.
 */
import type { ScratchFile } from "./scratch-file.ts";

const Range = { page: 0, start: 1, end: 2, twin: 3, words: 4 } as const;
const RANGE_BYTES = 4 * Range.words;
const MIN_READ_BYTES = 64 * RANGE_BYTES;
const MAX_READ_BYTES = 1 << 16;

interface Run {
  readonly at: number;
  length: number;
}

export class RangeRuns {
  readonly #file: ScratchFile;
  readonly #range = Buffer.alloc(RANGE_BYTES);
  readonly #words = new Uint32Array(this.#range.buffer, this.#range.byteOffset, Range.words);
  readonly #runs: Run[] = [];

  constructor(file: ScratchFile) {
    this.#file = file;
  }

  /** Begins a run; what is added next belongs to it. */
  begin(): void {
    this.#runs.push({ at: this.#file.length, length: 0 });
  }

  add(page: number, start: number, end: number, twin: number): void {
    this.#words[Range.page] = page;
    this.#words[Range.start] = start;
    this.#words[Range.end] = end;
    this.#words[Range.twin] = twin;
    this.#file.append(this.#range);
    this.#runs.at(-1)!.length += RANGE_BYTES;
  }

  /** Forgets the run that was begun last. */
  giveUp(): void {
    this.#file.cutTo(this.#runs.pop()!.at);
  }

  /** Lends all ranges in ascending order. `memoryBytes` is for buffers; they take 1 KB a run at least. */
  merge(memoryBytes: number): MergedRanges {
    const runs = this.#runs.filter(({ length }) => length > 0);
    const bytes = Math.max(MIN_READ_BYTES, Math.min(MAX_READ_BYTES, Math.floor(memoryBytes / runs.length)));
    const bufferBytes = Math.floor(bytes / RANGE_BYTES) * RANGE_BYTES;
    return new MergedRanges(runs.map((run) => new RunReader(this.#file, run, Buffer.alloc(bufferBytes))));
  }
}

/** The ranges of one run, one at a time, through a buffer. */
class RunReader {
  readonly #file: ScratchFile;
  readonly #buffer: Buffer;
  #at: number;
  #left: number;
  #end = 0;
  readonly words: Uint32Array;
  /** Where the current range lies in `words`. */
  word = 0;

  constructor(file: ScratchFile, run: Run, buffer: Buffer) {
    this.#file = file;
    this.#buffer = buffer;
    this.words = new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length / 4);
    this.#at = run.at;
    this.#left = run.length;
    this.#fill();
  }

  get bytes(): number {
    return this.#buffer.length;
  }

  /** Goes on to the next range; false behind the last one. */
  next(): boolean {
    this.word += Range.words;
    return this.word < this.#end || this.#fill();
  }

  #fill(): boolean {
    const length = Math.min(this.#buffer.length, this.#left);
    this.word = 0;
    this.#end = length / 4;
    if (length === 0) return false;
    this.#file.read(this.#buffer, 0, length, this.#at);
    this.#at += length;
    this.#left -= length;
    return true;
  }
}

/** All ranges in ascending order: a binary heap of runs, each of which has a range at hand. */
export class MergedRanges {
  readonly #heap: RunReader[];
  page = 0;
  start = 0;
  end = 0;
  twin = 0;

  constructor(heads: RunReader[]) {
    this.#heap = heads;
    for (let i = (heads.length >>> 1) - 1; i >= 0; i--) this.#siftDown(i);
  }

  get bytes(): number {
    return this.#heap.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Goes on to the next range of the page; false when there is none. Pages are asked for in ascending order. */
  next(page: number): boolean {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.words[first.word + Range.page] !== page) return false;
    this.start = first.words[first.word + Range.start]!;
    this.end = first.words[first.word + Range.end]!;
    this.twin = first.words[first.word + Range.twin]!;
    if (!first.next()) {
      const last = heap.pop()!;
      if (heap.length > 0) heap[0] = last;
    }
    this.#siftDown(0);
    return true;
  }

  #siftDown(from: number): void {
    const heap = this.#heap;
    const top = heap[from];
    if (top === undefined) return;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, top)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = top;
  }
}

function isBefore(a: RunReader, b: RunReader): boolean {
  const difference = a.words[a.word + Range.page]! - b.words[b.word + Range.page]!;
  return difference < 0 || (difference === 0 && a.words[a.word + Range.start]! < b.words[b.word + Range.start]!);
}
