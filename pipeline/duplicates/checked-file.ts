/**
 * A file of any bytes in which damage is found, and told where. The data lies in it as it was written, in one piece, so that
 * any part of it can be read by its place; the checksums follow it.
 *
 *     header | data | CRC-32 of each block of the data | tail
 *
 * Little-endian throughout.
 */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { expectCrc, readU64, writeU64 } from "../binary.ts";
import { FormatError } from "../errors.ts";
import { takeTurns } from "../take-turns.ts";

/** Version 1. */
const Header = {
  magic: 0, // u32 "SLCF"
  version: 4, // u32
  kind: 8, // u32 four letters that say what the data is
  blockBytes: 12, // u32 bytes of data under one checksum; the last block may be shorter
  size: 16,
} as const;
const CHECKSUM_BYTES = 4; // u32
const Tail = {
  dataBytes: 0, // u64
  crc: 8, // u32 of the header, the checksums and `dataBytes`
  size: 12,
} as const;

const MAGIC = 0x46434c53;
const VERSION = 1;
const BLOCK_BYTES = 1 << 20;

/** Where the data begins. */
export const DATA_AT = Header.size;

/** What is known of a whole file. */
export interface CheckedFileDigest {
  readonly bytes: number;
  readonly sha256: string;
  /** Of the tail; since it is taken over all checksums, it tells one file's data from another's. */
  readonly crc: number;
}

/** Writes a checked file from its beginning to its end. Holds a block of it. */
export class CheckedFileWriter {
  readonly #fd: number;
  readonly #hash = createHash("sha256");
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  readonly #header = Buffer.alloc(Header.size);
  readonly #checksums: number[] = [];
  #held = 0;
  #bytes = 0;
  #dataBytes = 0;
  #isOpen = true;

  /** `kind`: four letters. */
  constructor(path: string, kind: string) {
    this.#fd = openSync(path, "wx");
    this.#header.writeUInt32LE(MAGIC, Header.magic);
    this.#header.writeUInt32LE(VERSION, Header.version);
    this.#header.write(kind, Header.kind, 4, "latin1");
    this.#header.writeUInt32LE(BLOCK_BYTES, Header.blockBytes);
    this.#put(this.#header);
  }

  /** Bytes of data so far. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = Math.min(bytes.length - at, BLOCK_BYTES - this.#held);
      this.#block.set(bytes.subarray(at, at + part), this.#held);
      this.#held += part;
      at += part;
      if (this.#held === BLOCK_BYTES) this.#endBlock();
    }
    this.#dataBytes += bytes.length;
  }

  /** Ends the file: it is on the disk then. */
  close(): CheckedFileDigest {
    if (this.#held > 0) this.#endBlock();
    const end = Buffer.alloc(this.#checksums.length * CHECKSUM_BYTES + Tail.size);
    for (const [i, crc] of this.#checksums.entries()) end.writeUInt32LE(crc, i * CHECKSUM_BYTES);
    const tailAt = end.length - Tail.size;
    writeU64(end, this.#dataBytes, tailAt + Tail.dataBytes);
    const crc = crc32(end.subarray(0, tailAt + Tail.crc), crc32(this.#header));
    end.writeUInt32LE(crc, tailAt + Tail.crc);
    this.#put(end);
    fsyncSync(this.#fd);
    this.abort();
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex"), crc };
  }

  /** Closes the file as it is. */
  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
  }

  #endBlock(): void {
    const block = this.#block.subarray(0, this.#held);
    this.#checksums.push(crc32(block));
    this.#put(block);
    this.#held = 0;
  }

  #put(bytes: Buffer): void {
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#bytes += bytes.length;
  }
}

/**
 * Reads a checked file. Opening it reads all of it once, from the beginning to the end, and raises FormatError for the first
 * thing that is not as it was written: 2 to 4 GB a second where the file is in memory, otherwise what the disk gives.
 */
export class CheckedFile {
  readonly path: string;
  readonly #fd: number;
  #dataBytes = 0;

  /** `expected` is what its writer said of it; `remedy` ends every error. */
  static async open(
    path: string,
    kind: string,
    expected: Pick<CheckedFileDigest, "bytes" | "crc">,
    { remedy, signal }: { readonly remedy: string; readonly signal?: AbortSignal | undefined },
  ): Promise<CheckedFile> {
    const file = new CheckedFile(path, openFile(path, remedy));
    try {
      await file.#check(kind, expected, remedy, signal);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  async #check(
    kind: string,
    expected: Pick<CheckedFileDigest, "bytes" | "crc">,
    remedy: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const refuse = (what: string) => new FormatError(`${this.path}: ${what}; ${remedy}`);
    const { size } = fstatSync(this.#fd);
    if (size !== expected.bytes) throw refuse(`the file has ${size} bytes, expected ${expected.bytes}`);
    const header = this.#readAt(0, Header.size);
    const magic = header.readUInt32LE(Header.magic);
    if (magic !== MAGIC) throw refuse(`begins with ${hex(magic)}, expected ${hex(MAGIC)}`);
    const version = header.readUInt32LE(Header.version);
    if (version !== VERSION) throw refuse(`format ${version}, this version reads ${VERSION}`);
    const found = header.toString("latin1", Header.kind, Header.kind + 4);
    if (found !== kind) throw refuse(`holds ${JSON.stringify(found)} at byte ${Header.kind}, expected "${kind}"`);
    const tailAt = size - Tail.size;
    const tail = this.#readAt(tailAt, Tail.size);
    const dataBytes = readU64(tail, Tail.dataBytes);
    const blockBytes = header.readUInt32LE(Header.blockBytes);
    const blocks = Math.ceil(dataBytes / blockBytes);
    const checksumsAt = Header.size + dataBytes;
    if (checksumsAt + blocks * CHECKSUM_BYTES !== tailAt) {
      const says = `the tail at byte ${tailAt} says ${dataBytes} bytes of data in blocks of ${blockBytes}`;
      throw refuse(`${says}, which does not fit a file of ${size} bytes`);
    }
    const checksums = this.#readAt(checksumsAt, blocks * CHECKSUM_BYTES);
    const crc = crc32(tail.subarray(0, Tail.crc), crc32(checksums, crc32(header)));
    const table = `what stands at bytes ${checksumsAt} to ${size}, or at 0 to ${Header.size},`;
    expectCrc(this.path, table, crc, tail.readUInt32LE(Tail.crc), remedy);
    if (crc !== expected.crc) {
      throw refuse(`whole, but not the file that belongs here: CRC-32 ${hex(crc)}, expected ${hex(expected.crc)}`);
    }
    const block = Buffer.allocUnsafe(Math.min(blockBytes, dataBytes));
    for (let i = 0; i < blocks; i++) {
      await takeTurns(signal);
      const start = Header.size + i * blockBytes;
      const length = Math.min(blockBytes, checksumsAt - start);
      this.#readInto(block, start, length);
      const what = `block ${i + 1} of ${blocks} (bytes ${start} to ${start + length})`;
      const written = checksums.readUInt32LE(i * CHECKSUM_BYTES);
      expectCrc(this.path, what, crc32(block.subarray(0, length)), written, remedy);
    }
    this.#dataBytes = dataBytes;
  }

  get dataBytes(): number {
    return this.#dataBytes;
  }

  /** Bytes of the data, which begins at 0. */
  read(offset: number, length: number): Buffer {
    return this.#readAt(Header.size + offset, length);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readAt(offset: number, length: number): Buffer {
    return this.#readInto(Buffer.allocUnsafe(length), offset, length);
  }

  #readInto(bytes: Buffer, offset: number, length: number): Buffer {
    for (let at = 0; at < length; ) {
      const got = readSync(this.#fd, bytes, at, length - at, offset + at);
      if (got === 0) {
        throw new FormatError(`${this.path}: the file ends at ${offset + at}, expected ${offset + length} bytes`);
      }
      at += got;
    }
    return bytes;
  }
}

function openFile(path: string, remedy: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw new FormatError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}); ${remedy}`);
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
