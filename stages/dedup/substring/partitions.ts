/**
 * Pieces of text, parted by the key of their windows' minimizer, in one file of blocks:
 *
 *     block   piece, piece, …       all of one partition, in the order in which they came
 *     piece   | page | place of its first window | windows | key |     u32 each
 *             | bytes of these windows, up to a multiple of 4 |
 *
 * Equal windows have equal keys, and so come to the same partition.
 */
import type { ScratchFile } from "./scratch-file.ts";

const Piece = { page: 0, start: 1, windows: 2, key: 3, words: 4 } as const;
const HEAD_BYTES = 4 * Piece.words;
const BLOCK_BYTES = 1 << 14;

interface Block {
  readonly at: number;
  readonly length: number;
}

class Partition {
  /** Bytes of its block that are waiting. */
  used = 0;
  windows = 0;
  readonly blocks: Block[] = [];
}

/** A piece of text as it is read back. */
export interface TextPiece {
  page: number;
  /** Where its first window begins in the page, in bytes. */
  start: number;
  windows: number;
  key: number;
  bytes: Buffer;
  /** Where its first window begins in `bytes`. */
  at: number;
}

export class Partitions {
  readonly #file: ScratchFile;
  readonly #windowBytes: number;
  readonly #blockBytes: number;
  readonly #partitions: Partition[];
  /** The block of each partition. */
  #waiting: Buffer;
  #words: Uint32Array;

  /** As many partitions as asked for, or as `memoryBytes` allows. */
  constructor(file: ScratchFile, windowBytes: number, count: number, memoryBytes: number) {
    this.#file = file;
    this.#windowBytes = windowBytes;
    this.#blockBytes = Math.max(BLOCK_BYTES, 4 * windowBytes + HEAD_BYTES);
    const most = Math.max(1, Math.floor(memoryBytes / this.#blockBytes));
    this.#partitions = Array.from({ length: Math.max(1, Math.min(count, most)) }, () => new Partition());
    const bytes = new ArrayBuffer(this.#partitions.length * this.#blockBytes);
    this.#waiting = Buffer.from(bytes);
    this.#words = new Uint32Array(bytes);
  }

  get bytes(): number {
    return this.#waiting.length;
  }

  /** How many windows a piece has at most. */
  get mostWindows(): number {
    return this.#blockBytes - HEAD_BYTES - this.#windowBytes - 3;
  }

  get count(): number {
    return this.#partitions.length;
  }

  windowsIn(partition: number): number {
    return this.#partitions[partition]!.windows;
  }

  /** Adds the windows `start` up to `end` of the page. Long runs become several pieces. */
  add(page: number, text: Buffer, start: number, end: number, key: number): void {
    const number = Math.floor((key / 2 ** 32) * this.#partitions.length);
    const partition = this.#partitions[number]!;
    const block = number * this.#blockBytes;
    const overlap = this.#windowBytes - 1;
    for (let from = start; from < end; ) {
      const windows = Math.min(end - from, this.mostWindows);
      const size = HEAD_BYTES + ((windows + overlap + 3) & ~3);
      if (partition.used + size > this.#blockBytes) this.#flush(number);
      const at = block + partition.used;
      const word = at >>> 2;
      this.#words[word + Piece.page] = page;
      this.#words[word + Piece.start] = from;
      this.#words[word + Piece.windows] = windows;
      this.#words[word + Piece.key] = key;
      text.copy(this.#waiting, at + HEAD_BYTES, from, from + windows + overlap);
      partition.used += size;
      partition.windows += windows;
      from += windows;
    }
  }

  /** Nothing more is added: what waits is written, and its memory let go of. */
  finish(): void {
    for (let number = 0; number < this.#partitions.length; number++) this.#flush(number);
    this.#waiting = Buffer.alloc(0);
    this.#words = new Uint32Array(0);
  }

  /** Calls `visit` with every piece of the partition in order, until it returns false; returns whether it never did. */
  read(partition: number, visit: (piece: TextPiece) => boolean): boolean {
    const bytes = Buffer.allocUnsafe(this.#blockBytes);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    const piece: TextPiece = { page: 0, start: 0, windows: 0, key: 0, bytes, at: 0 };
    for (const block of this.#partitions[partition]!.blocks) {
      this.#file.read(bytes, 0, block.length, block.at);
      for (let at = 0; at < block.length; ) {
        const word = at >>> 2;
        piece.page = words[word + Piece.page]!;
        piece.start = words[word + Piece.start]!;
        piece.windows = words[word + Piece.windows]!;
        piece.key = words[word + Piece.key]!;
        piece.at = at + HEAD_BYTES;
        at = piece.at + ((piece.windows + this.#windowBytes - 1 + 3) & ~3);
        if (!visit(piece)) return false;
      }
    }
    return true;
  }

  #flush(number: number): void {
    const partition = this.#partitions[number]!;
    if (partition.used === 0) return;
    const block = number * this.#blockBytes;
    partition.blocks.push({ at: this.#file.length, length: partition.used });
    this.#file.append(this.#waiting.subarray(block, block + partition.used));
    partition.used = 0;
  }
}
