/**
 * Runs of windows, parted by their minimizer's key, in one file of blocks:
 *
 *     block   | bytes in use |  piece, piece, …       all of one partition, in the order in which they came
 *     piece   | page | start of its first window | windows | key | fingerprint A, B of its first window |     u32 each
 *             | byte that leaves, byte that enters |     for each window after the first; then up to a multiple of 4
 *
 * Equal windows have equal keys, and so come to the same partition. Their text is not kept: fingerprints go on from what
 * leaves and enters, which is half as much.
 */

import type { ScratchFile } from "../../../pipeline/io/scratch-file.ts";
import { Fingerprint } from "./fingerprint.ts";

const Head = { page: 0, start: 1, windows: 2, key: 3, a: 4, b: 5, words: 6 } as const;
const HEAD_BYTES = 4 * Head.words;
const BLOCK_BYTES = 1 << 14;
const BLOCK_HEAD_BYTES = 4;
/** 512 MB of blocks. */
const MOST_PARTITIONS = 1 << 15;
/** How many windows a piece has at most. */
export const MOST_WINDOWS = (BLOCK_BYTES - BLOCK_HEAD_BYTES - HEAD_BYTES) / 2;

class Partition {
  /** Bytes in use of its block that is waiting. */
  used = BLOCK_HEAD_BYTES;
  windows = 0;
  /** Numbers of its blocks in the file. */
  readonly blocks: number[] = [];
}

/** A run of windows as it is read back. */
export interface Piece {
  page: number;
  /** Where its first window begins in the page, in bytes. */
  start: number;
  windows: number;
  key: number;
  /** The first window's fingerprint. */
  a: number;
  b: number;
  /** What leaves and enters is here, from `at` on. */
  readonly bytes: Buffer;
  at: number;
}

export class Partitions {
  readonly #file: ScratchFile;
  readonly #windowBytes: number;
  readonly #fingerprint: Fingerprint;
  readonly #partitions: Partition[];
  /** The block of each partition. */
  #waiting: Buffer;
  #words: Uint32Array;

  /** As many partitions as asked for, or as `memoryBytes` allows. */
  constructor(file: ScratchFile, windowBytes: number, count: number, memoryBytes: number) {
    this.#file = file;
    this.#windowBytes = windowBytes;
    this.#fingerprint = new Fingerprint(windowBytes);
    const most = Math.max(1, Math.min(MOST_PARTITIONS, Math.floor(memoryBytes / BLOCK_BYTES)));
    this.#partitions = Array.from({ length: Math.max(1, Math.min(count, most)) }, () => new Partition());
    const bytes = new ArrayBuffer(this.#partitions.length * BLOCK_BYTES);
    this.#waiting = Buffer.from(bytes);
    this.#words = new Uint32Array(bytes);
  }

  get count(): number {
    return this.#partitions.length;
  }

  windowsIn(partition: number): number {
    return this.#partitions[partition]!.windows;
  }

  /** Adds the windows `start` up to `end` of the page, which lie behind those that were added before. */
  add(page: number, text: Buffer, start: number, end: number, key: number): void {
    const number = Math.floor((key / 2 ** 32) * this.#partitions.length);
    const partition = this.#partitions[number]!;
    const words = this.#words;
    for (let from = start; from < end; ) {
      const windows = Math.min(end - from, MOST_WINDOWS);
      const size = sizeOf(windows);
      if (partition.used + size > BLOCK_BYTES) this.#flush(number);
      const at = number * BLOCK_BYTES + partition.used;
      const word = at >>> 2;
      this.#fingerprint.moveTo(page, text, from);
      words[word + Head.page] = page;
      words[word + Head.start] = from;
      words[word + Head.windows] = windows;
      words[word + Head.key] = key;
      words[word + Head.a] = this.#fingerprint.a;
      words[word + Head.b] = this.#fingerprint.b;
      this.#copySteps(text, from, windows - 1, at + HEAD_BYTES);
      partition.used += size;
      partition.windows += windows;
      from += windows;
    }
  }

  /** What leaves and what enters on the way from the window at `from`. */
  #copySteps(text: Buffer, from: number, steps: number, to: number): void {
    const waiting = this.#waiting;
    const windowBytes = this.#windowBytes;
    for (let i = 0; i < steps; i++) {
      waiting[to + 2 * i] = text[from + i]!;
      waiting[to + 2 * i + 1] = text[from + windowBytes + i]!;
    }
  }

  /** Nothing more is added: what waits is written, and its memory let go of. */
  finish(): void {
    for (let number = 0; number < this.#partitions.length; number++) this.#flush(number);
    this.#waiting = Buffer.alloc(0);
    this.#words = new Uint32Array(0);
  }

  /** Calls `visit` with every piece of the partition in order, until it returns false; returns whether it never did. */
  read(partition: number, visit: (piece: Piece) => boolean): boolean {
    const bytes = Buffer.allocUnsafe(BLOCK_BYTES);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    const piece: Piece = { page: 0, start: 0, windows: 0, key: 0, a: 0, b: 0, bytes, at: 0 };
    for (const block of this.#partitions[partition]!.blocks) {
      this.#file.read(bytes, 0, BLOCK_BYTES, block * BLOCK_BYTES);
      for (let at = BLOCK_HEAD_BYTES, end = words[0]!; at < end; ) {
        const word = at >>> 2;
        piece.page = words[word + Head.page]!;
        piece.start = words[word + Head.start]!;
        piece.windows = words[word + Head.windows]!;
        piece.key = words[word + Head.key]!;
        piece.a = words[word + Head.a]! | 0;
        piece.b = words[word + Head.b]! | 0;
        piece.at = at + HEAD_BYTES;
        at += sizeOf(piece.windows);
        if (!visit(piece)) return false;
      }
    }
    return true;
  }

  #flush(number: number): void {
    const partition = this.#partitions[number]!;
    if (partition.used === BLOCK_HEAD_BYTES) return;
    const at = number * BLOCK_BYTES;
    this.#words[at >>> 2] = partition.used;
    partition.blocks.push(this.#file.length / BLOCK_BYTES);
    this.#file.append(this.#waiting.subarray(at, at + BLOCK_BYTES));
    partition.used = BLOCK_HEAD_BYTES;
  }
}

function sizeOf(windows: number): number {
  return HEAD_BYTES + ((2 * (windows - 1) + 3) & ~3);
}
