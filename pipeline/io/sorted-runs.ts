/**
 * Sorted runs of records in a scratch file, and their merge.
 *
 *     run      record, record, …    ascending by their first `keyWords` words
 *     record   u32 × recordWords    in the byte order of the machine: scratch data of one process
 */
import type { ScratchFile } from "./scratch-file.ts";

const WORD = Uint32Array.BYTES_PER_ELEMENT;
const WRITE_BYTES = 1 << 16;
const MIN_READ_BYTES = 1 << 10;
const MAX_READ_BYTES = 1 << 20;

/** Where a run lies in the file. */
export interface Run {
  readonly at: number;
  words: number;
}

export class SortedRuns {
  readonly #file: ScratchFile;
  readonly #keyWords: number;
  /** The record that `add` takes. */
  readonly record: Uint32Array;
  /** Records of the run that was begun last. */
  readonly #held: Uint32Array<ArrayBuffer>;
  #heldWords = 0;
  #run: Run = { at: 0, words: 0 };

  constructor(file: ScratchFile, shape: { readonly recordWords: number; readonly keyWords: number }) {
    this.#file = file;
    this.#keyWords = shape.keyWords;
    this.record = new Uint32Array(shape.recordWords);
    this.#held = new Uint32Array(wholeRecords(WRITE_BYTES, shape.recordWords));
  }

  /** Begins a run; what is added next belongs to it. */
  begin(): Run {
    this.#flush();
    this.#run = { at: this.#file.length, words: 0 };
    return this.#run;
  }

  /** Adds what `record` holds now. */
  add(): void {
    if (this.#heldWords === this.#held.length) this.#flush();
    const { record } = this;
    for (let w = 0; w < record.length; w++) this.#held[this.#heldWords++] = record[w]!;
    this.#run.words += record.length;
  }

  /** Empties the run that was begun last. */
  giveUp(): void {
    this.#heldWords = 0;
    this.#file.cutTo(this.#run.at);
    this.#run.words = 0;
  }

  /** The records of these runs in ascending order. `memoryBytes` is for buffers; they take 1 KB a run at least. */
  merge(runs: readonly Run[], memoryBytes: number): MergedRuns {
    this.#flush();
    const full = runs.filter(({ words }) => words > 0);
    const bytes = Math.max(MIN_READ_BYTES, Math.min(MAX_READ_BYTES, memoryBytes / full.length));
    const bufferWords = wholeRecords(bytes, this.record.length);
    return new MergedRuns(
      full.map((run) => new RunReader(this.#file, run, this.record.length, Math.min(bufferWords, run.words))),
      this.#keyWords,
    );
  }

  #flush(): void {
    this.#file.append(Buffer.from(this.#held.buffer, 0, this.#heldWords * WORD));
    this.#heldWords = 0;
  }
}

function wholeRecords(bytes: number, recordWords: number): number {
  return Math.floor(bytes / WORD / recordWords) * recordWords;
}

/** The records of one run, one at a time, through a buffer. */
class RunReader {
  readonly #file: ScratchFile;
  readonly #recordWords: number;
  #at: number;
  #wordsLeft: number;
  #end = 0;
  readonly words: Uint32Array<ArrayBuffer>;
  /** Where the record at hand begins in `words`. */
  word = 0;

  constructor(file: ScratchFile, run: Run, recordWords: number, bufferWords: number) {
    this.#file = file;
    this.#recordWords = recordWords;
    this.#at = run.at;
    this.#wordsLeft = run.words;
    this.words = new Uint32Array(bufferWords);
    this.#fill();
  }

  /** Goes on to the next record; false behind the last one. */
  next(): boolean {
    this.word += this.#recordWords;
    return this.word < this.#end || this.#fill();
  }

  #fill(): boolean {
    this.word = 0;
    this.#end = Math.min(this.words.length, this.#wordsLeft);
    if (this.#end === 0) return false;
    this.#file.read(Buffer.from(this.words.buffer), 0, this.#end * WORD, this.#at);
    this.#at += this.#end * WORD;
    this.#wordsLeft -= this.#end;
    return true;
  }
}

/** All records in ascending order: a binary heap of runs, each of which has a record at hand. */
export class MergedRuns {
  readonly #heap: RunReader[];
  readonly #keyWords: number;

  constructor(heads: RunReader[], keyWords: number) {
    this.#heap = heads;
    this.#keyWords = keyWords;
    for (let i = (heads.length >>> 1) - 1; i >= 0; i--) this.#siftDown(i);
  }

  get bytes(): number {
    return this.#heap.reduce((sum, { words }) => sum + words.byteLength, 0);
  }

  /** The least record that is left: `words` from `word` on. `undefined` behind the last one. */
  get first(): { readonly words: Uint32Array; readonly word: number } | undefined {
    return this.#heap[0];
  }

  /** Goes on to the next record. */
  next(): void {
    const heap = this.#heap;
    if (!heap[0]!.next()) {
      const last = heap.pop()!;
      if (heap.length > 0) heap[0] = last;
    }
    this.#siftDown(0);
  }

  #siftDown(from: number): void {
    const heap = this.#heap;
    const top = heap[from];
    if (top === undefined) return;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#isBefore(heap[child]!, top)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = top;
  }

  #isBefore(a: RunReader, b: RunReader): boolean {
    for (let w = 0; w < this.#keyWords; w++) {
      const difference = a.words[a.word + w]! - b.words[b.word + w]!;
      if (difference !== 0) return difference < 0;
    }
    return false;
  }
}
