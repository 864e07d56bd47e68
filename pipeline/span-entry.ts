/**
 * What one span came to, on disk: a folder that a worker fills under a name of its own and renames into place when it
 * is whole. The rename is the commit: readers only ever see whole entries, and the first attempt to arrive wins. Nothing
 * is synced: after a power cut an entry that did not reach the disk fails its CRC and is made again.
 *
 *     <key>/meta.json     rows in input order, accounts, CRCs of the other files
 *     <key>/text.bin      UTF-8: after extraction of every page, later of the pages that people may want to read
 *     <key>/keys.bin      deduplication keys, u32 little-endian
 *     <key>/evidence.bin  what verifying a duplicate needs
 *     <key>/payload.bin   the sink's bytes of each page that passed every stage
 */
import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { SourceRef, Tags } from "./document.ts";
import type { EarlierPage } from "./duplicates/earlier-runs.ts";
import { failpoint } from "./failpoints.ts";
import type { Loss } from "./source.ts";

/** A piece of one of the entry's files: [offset, length]. */
export type Piece = readonly [offset: number, length: number];

/** One page. */
export interface PageRow {
  /** Which item of the span it came from, from 0; parts of a split page share it. */
  readonly ordinal: number;
  readonly id: string;
  readonly url: string;
  readonly date: string;
  readonly source: SourceRef;
  readonly tags: Tags;
  readonly outcome: "kept" | "dropped" | "quarantined";
  readonly stageIndex: number;
  readonly stage: string;
  readonly reason: string;
  readonly value?: number | undefined;
  readonly detail?: string | undefined;
  readonly scores: readonly (readonly [stage: string, name: string, value: number])[];
  /** Its text in text.bin, if it has one that is stored. */
  readonly text?: Piece | undefined;
  readonly textBytes: number;
  /** By index of the deduplication stage. Parts of a page that was split behind it share the pieces of the whole. */
  readonly signatures?: Readonly<Record<number, { readonly keys: Piece; readonly evidence?: Piece }>> | undefined;
  /** The sink's bytes, if it passed every stage. */
  readonly payload?: Piece | undefined;
  readonly tokens: number;
  /** Of a page that was found to be a duplicate before passages were looked at: the id of its twin. */
  readonly twin?: string | undefined;
  /** … and where the twin is told of, if it is of an earlier run. */
  readonly earlier?: EarlierPage | undefined;
  /** What was cut out of its text by stages that look below the page. */
  readonly cuts?: readonly PassageCut[] | undefined;
  /** Where some policy asks for it, what its text is told by when pages are ranked; see `contentHashOf`. */
  readonly contentHash?: string | undefined;
  /** Where the way ended that a dropped page went on for measurement alone. */
  readonly onward?: OnwardRow | undefined;
}

/** UTF-16 units of the text as it entered the stage; `twin`: id of the page where the passage stays, or first stood. */
export interface PassageCut {
  readonly stage: string;
  readonly start: number;
  readonly end: number;
  readonly twin?: string | undefined;
}

export interface OnwardRow extends Pick<PageRow, "stageIndex" | "stage" | "reason" | "value" | "textBytes" | "tokens"> {
  readonly outcome: PageRow["outcome"] | "unknown";
  /** What later stages go on with. */
  readonly page?: Pick<PageRow, "url" | "date" | "tags" | "text">;
}

/** What reading the span accounted for beside its pages. */
export interface SpanAccount {
  /** Records that are no pages, by kind. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly losses: readonly Loss[];
  readonly bytesRead: number;
  /** SHA-256 of the span's stored bytes. */
  readonly sha256: string;
}

export interface SpanMeta {
  readonly rows: readonly PageRow[];
  readonly account: SpanAccount;
}

/** Where one of an entry's files is. */
export function entryFile(dir: string, name: FileName): string {
  return join(dir, `${name}.bin`);
}

type FileName = "text" | "keys" | "evidence" | "payload";

/** Fills an entry. Nothing is visible under its final name before `commit`. */
export class EntryWriter {
  readonly #dir: string;
  readonly #final: string;
  readonly #files = new Map<
    FileName,
    { fd: number; bytes: number; crc: number; pending: Uint8Array[]; pendingBytes: number }
  >();

  constructor(finalDir: string, attempt: string) {
    this.#final = finalDir;
    this.#dir = `${finalDir}.${attempt}.tmp`;
    rmSync(this.#dir, { recursive: true, force: true });
    mkdirSync(this.#dir, { recursive: true });
  }

  append(name: FileName, bytes: Uint8Array): Piece {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = { fd: openSync(join(this.#dir, `${name}.bin`), "w"), bytes: 0, crc: 0, pending: [], pendingBytes: 0 };
      this.#files.set(name, file);
    }
    const piece: Piece = [file.bytes, bytes.length];
    file.bytes += bytes.length;
    file.crc = crc32(bytes, file.crc);
    file.pending.push(bytes);
    file.pendingBytes += bytes.length;
    if (file.pendingBytes >= FLUSH_BYTES) flush(file);
    return piece;
  }

  commit(meta: object): void {
    const files: Record<string, { bytes: number; crc: number }> = {};
    for (const [name, file] of this.#files) {
      flush(file);
      closeSync(file.fd);
      files[name] = { bytes: file.bytes, crc: file.crc };
    }
    this.#files.clear();
    const body = JSON.stringify({ ...meta, files });
    const text = `${crc32(body).toString(16).padStart(8, "0")} ${body}`;
    const fd = openSync(join(this.#dir, "meta.json"), "w");
    writeAll(fd, Buffer.from(text));
    closeSync(fd);
    failpoint("commit-span");
    for (;;) {
      try {
        renameSync(this.#dir, this.#final);
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
      }
      const there = EntryReader.open(this.#final);
      if (there !== undefined) {
        there.close(); // Another attempt was first; both hold the same bytes.
        rmSync(this.#dir, { recursive: true, force: true });
        return;
      }
      removeEntry(this.#final); // Half of one, as an interrupted removal leaves it.
    }
  }

  abandon(): void {
    for (const file of this.#files.values()) closeSync(file.fd);
    this.#files.clear();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

const FLUSH_BYTES = 1 << 20;

function flush(file: { fd: number; pending: Uint8Array[]; pendingBytes: number }): void {
  for (const bytes of file.pending) writeAll(file.fd, bytes);
  file.pending = [];
  file.pendingBytes = 0;
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
}

/** Reads a committed entry. */
export class EntryReader<M> {
  readonly dir: string;
  readonly meta: M;
  readonly #fds = new Map<FileName, number>();

  /** Opens an entry and checks every byte of it; `undefined` when there is none, or when it is damaged (then it is removed). */
  static open<M>(dir: string): EntryReader<M> | undefined {
    const meta = readMeta(dir);
    if (meta === undefined) return undefined;
    for (const [name, { bytes, crc }] of Object.entries(meta.files)) {
      if (fileCrc(join(dir, `${name}.bin`), bytes) !== crc) {
        removeEntry(dir);
        return undefined;
      }
    }
    return new EntryReader(dir, meta as unknown as M);
  }

  /** Opens an entry that this process has already checked. */
  static reopen<M>(dir: string): EntryReader<M> {
    const meta = readMeta(dir);
    if (meta === undefined)
      throw new Error(`${dir}: the entry of a finished span is gone; was the cache emptied during the run?`);
    return new EntryReader(dir, meta as unknown as M);
  }

  /** An entry's files alone, when its rows are of no interest. */
  static files(dir: string): EntryReader<undefined> {
    return new EntryReader(dir, undefined);
  }

  private constructor(dir: string, meta: M) {
    this.dir = dir;
    this.meta = meta;
  }

  read(name: FileName, [offset, length]: Piece): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let fd = this.#fds.get(name);
    if (fd === undefined) {
      fd = openSync(join(this.dir, `${name}.bin`), "r");
      this.#fds.set(name, fd);
    }
    for (let at = 0; at < length; ) {
      const got = readSync(fd, bytes, at, length - at, offset + at);
      if (got === 0)
        throw new Error(`${join(this.dir, `${name}.bin`)}: ended at ${offset + at}, expected ${offset + length} bytes`);
      at += got;
    }
    return bytes;
  }

  close(): void {
    for (const fd of this.#fds.values()) closeSync(fd);
    this.#fds.clear();
  }
}

/** Takes an entry out of the way in one step, so that nobody meets half of it. */
function removeEntry(dir: string): void {
  const aside = `${dir}.${randomUUID()}.tmp`;
  try {
    renameSync(dir, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return; // Another run did.
    throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

type StoredMeta = { files: Record<string, { bytes: number; crc: number }> };

function readMeta(dir: string): StoredMeta | undefined {
  let text: string;
  try {
    text = readFileSync(join(dir, "meta.json"), "utf8");
  } catch {
    return undefined;
  }
  const body = text.slice(9);
  if (crc32(body) !== Number.parseInt(text.slice(0, 8), 16)) {
    removeEntry(dir);
    return undefined;
  }
  return JSON.parse(body) as StoredMeta;
}

/** CRC-32 of a file of exactly `bytes` bytes; -1 when it is missing or of another size. */
function fileCrc(path: string, bytes: number): number {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return -1;
  }
  try {
    const window = Buffer.allocUnsafe(FLUSH_BYTES);
    let crc = 0;
    let total = 0;
    for (;;) {
      const got = readSync(fd, window, 0, window.length, null);
      if (got === 0) return total === bytes ? crc : -1;
      total += got;
      crc = crc32(window.subarray(0, got), crc);
    }
  } finally {
    closeSync(fd);
  }
}
