/**
 * A saved index: the pages that a run keeps, as one of its deduplications signed them, for later runs to be deduplicated
 * against. It is a folder of the run's output, named by the stage's number in the recipe, from 1, and its label:
 *
 *     index/2-minhash-dedup/keys.bin       u32 × keyWords for each page, in the order of the pages
 *     index/2-minhash-dedup/evidence.bin   what verification needs of each, one after the other
 *     index/2-minhash-dedup/names.bin      URL and date of each, UTF-8
 *     index/2-minhash-dedup/pages.bin      a record for each: its id, and where its part of the last two ends
 *     index/2-minhash-dedup/index.json     how pages were signed, and what the other files are; written last
 *
 * Parts of a page that was split behind the stage are one page here, under the id of the first that is kept. Little-endian
 * throughout; evidence is kept as the stage made it. Every file is a checked file: damage is found when the index is opened.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { readU64, writeU64 } from "../binary.ts";
import { digestOf } from "../canonical.ts";
import { FormatError, RecipeError } from "../errors.ts";
import { CheckedFile, type CheckedFileDigest, CheckedFileWriter, DATA_AT } from "./checked-file.ts";
import type { Place } from "./piece-files.ts";
import { type Signing, signingDifferences } from "./signing.ts";
import { wordsOf } from "./typed-arrays.ts";

/** pages.bin: one for each page. What is before it ends where the record before says, or at 0. */
const PageRecord = {
  id: 0, // 16 bytes
  evidenceEnd: 16, // u64
  urlEnd: 24, // u64 in names.bin; the date follows the URL
  dateEnd: 32, // u64
  size: 40,
} as const;
const ID_BYTES = 16;
const WORD = Uint32Array.BYTES_PER_ELEMENT;
const READ_BYTES = 1 << 20;

const FORMAT = 1;
/** File → the kind that stands in its header. */
const FILES = { "keys.bin": "KEYS", "evidence.bin": "EVID", "names.bin": "NAME", "pages.bin": "PAGE" } as const;
type FileName = keyof typeof FILES;
const FILE_NAMES = Object.keys(FILES) as FileName[];
const REMEDY = "run again what saved the index";

export const INDEX_JSON = "index.json";

/** index.json. */
export interface SavedIndexInfo {
  readonly format: number;
  readonly signing: Signing;
  readonly pages: number;
  /** Words in the keys of a page; 0 where there is none. */
  readonly keyWords: number;
  readonly files: Readonly<Record<FileName, CheckedFileDigest>>;
}

export interface IndexedPage {
  /** 32 hex digits. */
  readonly id: string;
  readonly url: string;
  readonly date: string;
}

/** Writes an index, page by page. Holds some megabytes, however many pages there are. */
export class SavedIndexWriter {
  readonly #dir: string;
  readonly #signing: Signing;
  readonly #files: Readonly<Record<FileName, CheckedFileWriter>>;
  #keyBytes: number | undefined;
  #pages = 0;

  /** `dir`: a folder that does not exist yet. */
  constructor(dir: string, signing: Signing) {
    mkdirSync(dir, { recursive: true });
    this.#dir = dir;
    this.#signing = signing;
    this.#files = eachFile((name) => new CheckedFileWriter(join(dir, name), FILES[name]));
  }

  /** The next page that stays. `keys`: little-endian words, as many for every page. */
  page({ id, url, date }: IndexedPage, keys: Uint8Array, evidence: Uint8Array | undefined): void {
    this.#keyBytes ??= keys.length;
    if (keys.length !== this.#keyBytes) {
      const [before, now] = [this.#keyBytes / WORD, keys.length / WORD];
      throw new Error(`${this.#dir}: found keys of ${before} and of ${now} words; expected as many on every page`);
    }
    const files = this.#files;
    files["keys.bin"].write(keys);
    if (evidence !== undefined) files["evidence.bin"].write(evidence);
    const record = Buffer.alloc(PageRecord.size);
    record.write(id, PageRecord.id, ID_BYTES, "hex");
    writeU64(record, files["evidence.bin"].dataBytes, PageRecord.evidenceEnd);
    files["names.bin"].write(Buffer.from(url));
    writeU64(record, files["names.bin"].dataBytes, PageRecord.urlEnd);
    files["names.bin"].write(Buffer.from(date));
    writeU64(record, files["names.bin"].dataBytes, PageRecord.dateEnd);
    files["pages.bin"].write(record);
    this.#pages++;
  }

  /** Makes the index whole. */
  close(): void {
    const info: SavedIndexInfo = {
      format: FORMAT,
      signing: this.#signing,
      pages: this.#pages,
      keyWords: (this.#keyBytes ?? 0) / WORD,
      files: eachFile((name) => this.#files[name].close()),
    };
    const fd = openSync(join(this.#dir, INDEX_JSON), "wx");
    try {
      writeSync(fd, `${JSON.stringify({ ...info, digest: digestOf(info) }, null, 2)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Closes the files as they are: no index. */
  abort(): void {
    for (const file of Object.values(this.#files)) file.abort();
  }
}

/** Reads what an index is. Raises FormatError where it is damaged, unfinished or of a newer version. */
export function readIndexInfo(dir: string): SavedIndexInfo {
  const path = join(dir, INDEX_JSON);
  if (!existsSync(path)) {
    throw new FormatError(`${dir}: no ${INDEX_JSON}, so the index in it was not finished; ${REMEDY}`);
  }
  let info: SavedIndexInfo & { readonly digest: string };
  try {
    info = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new FormatError(`${path}: damaged: no JSON (${(error as Error).message}); ${REMEDY}`);
  }
  if (typeof info?.format === "number" && info.format > FORMAT) {
    throw new FormatError(
      `${path}: format ${info.format}, this version reads ${FORMAT}; use the version that wrote it, or ${REMEDY}`,
    );
  }
  const { digest, ...rest } = info ?? {};
  const found = digestOf(rest);
  if (found !== digest) {
    throw new FormatError(`${path}: damaged: its digest is ${found}, it says ${JSON.stringify(digest)}; ${REMEDY}`);
  }
  return rest;
}

/** Raises RecipeError where the pages of an index were not signed as they are here. */
export function expectSigning(dir: string, info: SavedIndexInfo, signing: Signing): void {
  const differences = signingDifferences(info.signing, signing);
  if (differences.length === 0) return;
  throw new RecipeError(
    `${dir}: its pages were not signed as ${signing.stage} signs here: ${differences.join("; ")}. Set both alike, or save the index again`,
  );
}

/** A page of an index, as it is compared with. */
export interface IndexEntry {
  readonly id: string;
  /** Lent until the next page. */
  readonly keys: Uint32Array;
  readonly evidence: Place | undefined;
}

/**
 * Reads an index. Opening it reads all of it once and finds any damage (see `CheckedFile`); it holds a megabyte of each file
 * that it is reading, and nothing for each page.
 */
export class SavedIndexReader {
  readonly pages: number;
  readonly keyWords: number;
  readonly #files: Readonly<Record<FileName, CheckedFile>>;

  /** Raises FormatError for an index that is damaged, and RecipeError for one whose pages were signed otherwise. */
  static async open(dir: string, signing: Signing, signal?: AbortSignal): Promise<SavedIndexReader> {
    const info = readIndexInfo(dir);
    expectSigning(dir, info, signing);
    const files: Partial<Record<FileName, CheckedFile>> = {};
    try {
      for (const name of FILE_NAMES) {
        const options = { remedy: REMEDY, signal };
        files[name] = await CheckedFile.open(join(dir, name), FILES[name], info.files[name], options);
      }
      return new SavedIndexReader(dir, info, files as Record<FileName, CheckedFile>);
    } catch (error) {
      for (const file of Object.values(files)) file.close();
      throw error;
    }
  }

  private constructor(dir: string, { pages, keyWords }: SavedIndexInfo, files: Record<FileName, CheckedFile>) {
    this.pages = pages;
    this.keyWords = keyWords;
    this.#files = files;
    for (const [name, bytes] of [
      ["keys.bin", pages * keyWords * WORD],
      ["pages.bin", pages * PageRecord.size],
    ] as const) {
      const { dataBytes } = files[name];
      if (dataBytes === bytes) continue;
      const says = `${dataBytes} bytes of data, expected ${bytes} of ${pages} pages as ${basename(dir)}/${INDEX_JSON} says`;
      throw new FormatError(`${join(dir, name)}: ${says}; ${REMEDY}`);
    }
  }

  /** All pages in order. */
  *entries(): Generator<IndexEntry> {
    const perBlock = Math.max(1, Math.floor(READ_BYTES / Math.max(this.keyWords * WORD, PageRecord.size)));
    let evidenceStart = 0;
    for (let first = 0; first < this.pages; first += perBlock) {
      const count = Math.min(perBlock, this.pages - first);
      const keyBytes = this.keyWords * WORD;
      const keys = wordsOf(this.#files["keys.bin"].read(first * keyBytes, count * keyBytes));
      const records = this.#files["pages.bin"].read(first * PageRecord.size, count * PageRecord.size);
      for (let i = 0; i < count; i++) {
        const at = i * PageRecord.size;
        const evidenceEnd = readU64(records, at + PageRecord.evidenceEnd);
        yield {
          id: records.toString("hex", at + PageRecord.id, at + PageRecord.id + ID_BYTES),
          keys: keys.subarray(i * this.keyWords, (i + 1) * this.keyWords),
          evidence: this.#evidence(evidenceStart, evidenceEnd),
        };
        evidenceStart = evidenceEnd;
      }
    }
  }

  /** The n-th page, from 0. */
  page(n: number): IndexedPage & { readonly evidence: Place | undefined } {
    if (!(n >= 0 && n < this.pages)) throw new RangeError(`page ${n} of an index of ${this.pages}`);
    const records = this.#files["pages.bin"];
    const record = records.read(n * PageRecord.size, PageRecord.size);
    const before = n === 0 ? Buffer.alloc(PageRecord.size) : records.read((n - 1) * PageRecord.size, PageRecord.size);
    const [urlStart, urlEnd, dateEnd] = [
      readU64(before, PageRecord.dateEnd),
      readU64(record, PageRecord.urlEnd),
      readU64(record, PageRecord.dateEnd),
    ];
    const names = this.#files["names.bin"].read(urlStart, dateEnd - urlStart);
    return {
      id: record.toString("hex", PageRecord.id, PageRecord.id + ID_BYTES),
      url: names.toString("utf8", 0, urlEnd - urlStart),
      date: names.toString("utf8", urlEnd - urlStart),
      evidence: this.#evidence(readU64(before, PageRecord.evidenceEnd), readU64(record, PageRecord.evidenceEnd)),
    };
  }

  close(): void {
    for (const file of Object.values(this.#files)) file.close();
  }

  #evidence(start: number, end: number): Place | undefined {
    if (start === end) return undefined;
    return { path: this.#files["evidence.bin"].path, offset: DATA_AT + start, length: end - start };
  }
}

function eachFile<T>(make: (name: FileName) => T): Record<FileName, T> {
  return Object.fromEntries(FILE_NAMES.map((name) => [name, make(name)])) as Record<FileName, T>;
}
