/**
 * Sorted runs of keys in one file, and their merge.
 *
 *     file      run, run, …         each for one place of the signature
 *     run       record, record, …   keys ascending, no two equal
 *     record    | key words | ordinal |     u32 each, in the byte order of the machine: scratch data of one process
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { EXIT, exitCode, RetryError } from "../errors.ts";

const WRITE_BYTES = 1 << 18;
const MIN_READ_BYTES = 4096;
const MAX_READ_BYTES = 1 << 20;

interface Run {
  readonly place: number;
  readonly offset: number;
  records: number;
}

export class KeyRuns {
  readonly #path: string;
  readonly #keyWords: number;
  readonly #fd: number;
  readonly #runs: Run[] = [];
  readonly #held: Uint32Array;
  #heldWords = 0;
  #bytesWritten = 0;
  #isOpen = true;

  constructor(path: string, keyWords: number) {
    this.#path = path;
    this.#keyWords = keyWords;
    this.#held = new Uint32Array(Math.floor(WRITE_BYTES / 4 / (keyWords + 1)) * (keyWords + 1));
    try {
      this.#fd = openSync(path, "w+");
    } catch (error) {
      throw named(path, "created", error);
    }
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Begins a run; what is appended next belongs to it. */
  begin(place: number): void {
    this.#flush();
    this.#runs.push({ place, offset: this.#bytesWritten, records: 0 });
  }

  append(keys: Uint32Array, at: number, ordinal: number): void {
    if (this.#heldWords === this.#held.length) this.#flush();
    for (let w = 0; w < this.#keyWords; w++) this.#held[this.#heldWords++] = keys[at + w]!;
    this.#held[this.#heldWords++] = ordinal;
    this.#runs.at(-1)!.records++;
  }

  /**
   * Calls `repeated` with the ordinal of every record of the place whose key another run has, too: once at least, in
   * the order of keys. `memoryBytes` is for buffers; they take 4 KB a run at least.
   */
  merge(place: number, memoryBytes: number, repeated: (ordinal: number) => void): void {
    this.#flush();
    const runs = this.#runs.filter((run) => run.place === place && run.records > 0);
    const bytes = Math.max(MIN_READ_BYTES, Math.min(MAX_READ_BYTES, memoryBytes / runs.length));
    const recordWords = this.#keyWords + 1;
    const bufferWords = Math.floor(bytes / 4 / recordWords) * recordWords;
    const read = (into: Uint32Array, offset: number): void => this.#read(into, offset);
    const heads = runs.map((run) => new RunReader(run, recordWords, new Uint32Array(bufferWords), read));
    mergeHeads(heads, this.#keyWords, repeated);
  }

  /** Closes and removes the file. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }

  #flush(): void {
    const bytes = bytesOf(this.#held.subarray(0, this.#heldWords));
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      throw named(this.#path, "written", error);
    }
    this.#bytesWritten += bytes.length;
    this.#heldWords = 0;
  }

  #read(into: Uint32Array, offset: number): void {
    const bytes = bytesOf(into);
    let at = 0;
    try {
      while (at < bytes.length) {
        const got = readSync(this.#fd, bytes, at, bytes.length - at, offset + at);
        if (got === 0) throw new Error(`it ends at ${offset + at}, ${bytesOf(into).length - at} bytes early`);
        at += got;
      }
    } catch (error) {
      throw named(this.#path, "read", error);
    }
  }
}

/** The records of one run, one at a time, through a buffer. */
class RunReader {
  readonly #recordWords: number;
  readonly #read: (into: Uint32Array, offset: number) => void;
  #wordsLeft: number;
  #offset: number;
  #length = 0;
  readonly words: Uint32Array;
  /** Where the current record lies in `words`. */
  at = 0;

  constructor(run: Run, recordWords: number, words: Uint32Array, read: (into: Uint32Array, offset: number) => void) {
    this.#recordWords = recordWords;
    this.#read = read;
    this.#wordsLeft = run.records * recordWords;
    this.#offset = run.offset;
    this.words = words;
    this.#fill();
  }

  /** Goes on to the next record; false behind the last one. */
  next(): boolean {
    this.at += this.#recordWords;
    return this.at < this.#length || this.#fill();
  }

  #fill(): boolean {
    this.at = 0;
    this.#length = Math.min(this.words.length, this.#wordsLeft);
    if (this.#length === 0) return false;
    this.#read(this.words.subarray(0, this.#length), this.#offset);
    this.#offset += this.#length * 4;
    this.#wordsLeft -= this.#length;
    return true;
  }
}

/** Takes the smallest of all heads again and again: a binary heap, of which every reader has a record at hand. */
function mergeHeads(heap: RunReader[], keyWords: number, repeated: (ordinal: number) => void): void {
  for (let i = (heap.length >>> 1) - 1; i >= 0; i--) siftDown(heap, i, keyWords);
  const last = new Uint32Array(keyWords + 1);
  let hasLast = false;
  while (heap.length > 0) {
    const { words, at } = heap[0]!;
    if (hasLast && compareKeys(last, 0, words, at, keyWords) === 0) {
      repeated(last[keyWords]!);
      repeated(words[at + keyWords]!);
    }
    for (let w = 0; w <= keyWords; w++) last[w] = words[at + w]!;
    hasLast = true;
    if (!heap[0]!.next()) {
      const end = heap.pop()!;
      if (heap.length > 0) heap[0] = end;
    }
    siftDown(heap, 0, keyWords);
  }
}

function siftDown(heap: RunReader[], from: number, keyWords: number): void {
  const top = heap[from];
  if (top === undefined) return;
  let i = from;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    let least = heap[child]!;
    const other = heap[child + 1];
    if (other !== undefined && compareKeys(other.words, other.at, least.words, least.at, keyWords) < 0) {
      least = other;
      child++;
    }
    if (compareKeys(top.words, top.at, least.words, least.at, keyWords) <= 0) break;
    heap[i] = least;
    i = child;
  }
  heap[i] = top;
}

function compareKeys(a: Uint32Array, atA: number, b: Uint32Array, atB: number, keyWords: number): number {
  for (let w = 0; w < keyWords; w++) {
    const difference = a[atA + w]! - b[atB + w]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** The error of a file operation with the path and what to do in it. */
function named(path: string, done: string, error: unknown): Error {
  const told = `${path}: scratch file of the deduplication cannot be ${done} (${(error as Error).message})`;
  return exitCode(error) === EXIT.retry
    ? new RetryError(`${told}: make room there and run again`, { cause: error })
    : new Error(told, { cause: error });
}
