/**
 * Signatures in the ledger: what deduplication can be done again from, with other thresholds, when the cache is gone. For
 * each deduplication stage (by its number in the recipe, from 1, and its label):
 *
 *     ledger/signatures/4-minhash-dedup.keys      a record for every signed page, in the order of pages.parquet
 *     ledger/signatures/4-minhash-dedup.evidence  of pages that have a key in common with another page
 *
 * Keys are written as pages come. Evidence takes more room than the keys, and most pages never meet another: what of it
 * will be needed is known at the end, and is then copied from the span entries.
 *
 * Everything is little-endian; evidence is kept as the stage made it.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DedupStage } from "./duplicates/stars.ts";
import { FormatError } from "./errors.ts";
import { readPiece } from "./io/read-piece.ts";
import { EntryReader, type PageRow, type Piece } from "./span-entry.ts";
import { withRoom } from "./text/growable.ts";

/** Keys, version 1: this header, then records. */
const KeysHeader = {
  magic: 0, // u32 "SLKY"
  version: 4, // u32
  keyWords: 8, // u32 words in the keys of a page, the same for all
  size: 12,
} as const;
const KeysRecord = {
  row: 0, // u32 the page's row in pages.parquet, from 0
  signature: 4, // u32 the first record with this signature: another one's for later parts of a page that was split
  keys: 8, // u32 × keyWords
} as const;

/** Evidence, version 1: this header, its entries in ascending order, then the bytes of each in the same order. */
const EvidenceHeader = {
  magic: 0, // u32 "SLEV"
  version: 4, // u32
  count: 8, // u32 entries
  size: 12,
} as const;
const EvidenceEntry = {
  record: 0, // u32 which record of the keys, from 0
  bytes: 4, // u32
  size: 8,
} as const;

const KEYS_MAGIC = 0x594b4c53;
const EVIDENCE_MAGIC = 0x56454c53;
const VERSION = 1;
const WORD = Uint32Array.BYTES_PER_ELEMENT;
const BLOCK_BYTES = 1 << 20;
/** Places in a record of words. */
const ROW_AT = KeysRecord.row / WORD;
const SIGNATURE_AT = KeysRecord.signature / WORD;
const KEYS_AT = KeysRecord.keys / WORD;

function pathOf(ledger: string, { index, label }: Pick<DedupStage, "index" | "label">): string {
  return join(ledger, "signatures", `${index + 1}-${label}`);
}

/** Writes the signatures of a run's pages, in the order of the pages. */
export class SignatureWriter {
  readonly #stages: readonly (DedupStage & { readonly file: StageWriter })[];

  constructor(ledger: string, stages: readonly DedupStage[]) {
    if (stages.length > 0) mkdirSync(join(ledger, "signatures"), { recursive: true });
    this.#stages = stages.map((stage) => ({ ...stage, file: new StageWriter(pathOf(ledger, stage), stage) }));
  }

  page(row: number, { signatures }: PageRow, entry: EntryReader<unknown>): void {
    if (signatures === undefined) return;
    for (const { index, file } of this.#stages) {
      const signature = signatures[index];
      if (signature !== undefined) file.add(row, signature, entry);
    }
  }

  close(): void {
    for (const { file } of this.#stages) file.close();
  }

  /** Closes the files as they are. */
  abort(): void {
    for (const { file } of this.#stages) file.abort();
  }
}

type Signed = NonNullable<PageRow["signatures"]>[number];

class StageWriter {
  readonly #path: string;
  readonly #stage: DedupStage;
  readonly #keys: BlockFile;
  readonly #evidence = new EvidencePlaces();
  #keyWords: number | undefined;
  #records = 0;
  #last: { readonly record: number; readonly dir: string; readonly at: number; readonly keys: Buffer } | undefined;

  constructor(path: string, stage: DedupStage) {
    this.#path = path;
    this.#stage = stage;
    this.#keys = new BlockFile(`${path}.keys`);
  }

  add(row: number, { keys: piece, evidence }: Signed, entry: EntryReader<unknown>): void {
    const record = this.#records++;
    const isShared = this.#last?.dir === entry.dir && this.#last.at === piece[0];
    if (this.#last === undefined || !isShared) {
      this.#last = { record, dir: entry.dir, at: piece[0], keys: entry.read("keys", piece) };
    }
    const { keys } = this.#last;
    const keyWords = keys.length / WORD;
    if (this.#keyWords === undefined) this.#begin(keyWords);
    else if (keyWords !== this.#keyWords) {
      throw new Error(
        `${this.#stage.label}: found keys of ${this.#keyWords} and of ${keyWords} words; expected as many on every page`,
      );
    }
    const head = Buffer.alloc(KeysRecord.keys);
    head.writeUInt32LE(row, KeysRecord.row);
    head.writeUInt32LE(this.#last.record, KeysRecord.signature);
    this.#keys.write(head);
    this.#keys.write(keys);
    this.#evidence.push(entry.dir, isShared ? undefined : evidence);
  }

  #begin(keyWords: number): void {
    this.#keyWords = keyWords;
    const header = Buffer.alloc(KeysHeader.size);
    header.writeUInt32LE(KEYS_MAGIC, KeysHeader.magic);
    header.writeUInt32LE(VERSION, KeysHeader.version);
    header.writeUInt32LE(keyWords, KeysHeader.keyWords);
    this.#keys.write(header);
  }

  close(): void {
    if (this.#keyWords === undefined) this.#begin(0);
    this.#keys.close();
    const meeting = pagesThatMeet(`${this.#path}.keys`, this.#stage.definition.keyWords);
    this.#evidence.copy(`${this.#path}.evidence`, (record) => meeting === undefined || meeting[record] === 1);
  }

  abort(): void {
    this.#keys.abort();
  }
}

/** Where the evidence of each record lies in the span entries: 16 bytes a page. */
class EvidencePlaces {
  readonly #dirs: string[] = [];
  #count = 0;
  #offsets = new Float64Array(1024);
  #lengths = new Uint32Array(1024);
  #entries = new Uint32Array(1024);

  push(dir: string, evidence: Piece | undefined): void {
    this.#offsets = withRoom(this.#offsets, this.#count + 1);
    this.#lengths = withRoom(this.#lengths, this.#count + 1);
    this.#entries = withRoom(this.#entries, this.#count + 1);
    if (this.#dirs.at(-1) !== dir) this.#dirs.push(dir);
    const n = this.#count++;
    this.#offsets[n] = evidence?.[0] ?? 0;
    this.#lengths[n] = evidence?.[1] ?? 0;
    this.#entries[n] = this.#dirs.length - 1;
  }

  /** Writes the file of evidence, of the records that are wanted. */
  copy(path: string, isWanted: (record: number) => boolean): void {
    const wanted: number[] = [];
    for (let n = 0; n < this.#count; n++) if (this.#lengths[n] !== 0 && isWanted(n)) wanted.push(n);
    const head = Buffer.alloc(EvidenceHeader.size + wanted.length * EvidenceEntry.size);
    head.writeUInt32LE(EVIDENCE_MAGIC, EvidenceHeader.magic);
    head.writeUInt32LE(VERSION, EvidenceHeader.version);
    head.writeUInt32LE(wanted.length, EvidenceHeader.count);
    for (const [i, n] of wanted.entries()) {
      const at = EvidenceHeader.size + i * EvidenceEntry.size;
      head.writeUInt32LE(n, at + EvidenceEntry.record);
      head.writeUInt32LE(this.#lengths[n]!, at + EvidenceEntry.bytes);
    }
    const file = new BlockFile(path);
    let entry: EntryReader<undefined> | undefined;
    try {
      file.write(head);
      for (const n of wanted) {
        const dir = this.#dirs[this.#entries[n]!]!;
        if (entry?.dir !== dir) {
          entry?.close();
          entry = EntryReader.files(dir);
        }
        file.write(entry.read("evidence", [this.#offsets[n]!, this.#lengths[n]!]));
      }
      file.close();
    } finally {
      entry?.close();
      file.abort();
    }
  }
}

/** The first 53 bits of the key of `keyWords` words that begins at `at`, as a number: equal keys have equal ones. */
export function keyNumber(words: Uint32Array, at: number, keyWords: number): number {
  return words[at]! * 2 ** 21 + (keyWords > 1 ? words[at + 1]! >>> 11 : 0);
}

/**
 * Marks the records that have a key in common with another one: no other page is ever compared with any. Keys are told
 * apart by 53 bits, and a chance match only marks a page too many. `undefined` where the stage does not say what its keys
 * are. Holds 16 bytes a page, one place of the keys after the other.
 */
function pagesThatMeet(path: string, keyWords: number | undefined): Uint8Array | undefined {
  if (keyWords === undefined) return undefined;
  const keys = new KeysFile(path);
  try {
    const meeting = new Uint8Array(keys.count);
    const values = new Float64Array(keys.count);
    for (let place = 0; place < keys.keyWords; place += keyWords) {
      let n = 0;
      for (const words of keys.records()) {
        // A signature that was written before is no other page's.
        values[n] = words[SIGNATURE_AT] === n ? keyNumber(words, KEYS_AT + place, keyWords) : Number.NaN;
        n++;
      }
      const repeated = repeatedIn(values);
      if (repeated.size === 0) continue;
      for (let i = 0; i < n; i++) if (repeated.has(values[i]!)) meeting[i] = 1;
    }
    return meeting;
  } finally {
    keys.close();
  }
}

function repeatedIn(values: Float64Array): Set<number> {
  const sorted = values.slice().sort();
  const repeated = new Set<number>();
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) repeated.add(sorted[i]!);
  return repeated;
}

export interface StoredSignature {
  /** The same for parts of a page that was split after it had been signed. */
  readonly number: number;
  readonly keys: Uint32Array;
}

/** Reads a stage's signatures of a finished run: keys in the order of the pages, evidence when it is asked for. */
export class SignatureReader {
  readonly #keys: KeysFile;
  readonly #records: Iterator<Uint32Array>;
  readonly #evidence: EvidenceFile;
  #next: Uint32Array | undefined;

  constructor(ledger: string, stage: Pick<DedupStage, "index" | "label">) {
    this.#keys = new KeysFile(`${pathOf(ledger, stage)}.keys`);
    this.#evidence = new EvidenceFile(`${pathOf(ledger, stage)}.evidence`);
    this.#records = this.#keys.records();
    this.#advance();
  }

  /** The signature of a page by its row, if it has one. Rows must be asked for in ascending order. */
  of(row: number): StoredSignature | undefined {
    const words = this.#next;
    if (words?.[ROW_AT] !== row) return undefined;
    const signature = { number: words[SIGNATURE_AT]!, keys: words.slice(KEYS_AT) };
    this.#advance();
    return signature;
  }

  /** Whether every record has been asked for. */
  get isAtEnd(): boolean {
    return this.#next === undefined;
  }

  /** Of a signature by its number. Empty where none is stored: it has none, or no key in common with any other. */
  evidence(number: number): Uint8Array {
    return this.#evidence.of(number);
  }

  close(): void {
    this.#keys.close();
    this.#evidence.close();
  }

  #advance(): void {
    const next = this.#records.next();
    this.#next = next.done === true ? undefined : next.value;
  }
}

class KeysFile {
  readonly keyWords: number;
  readonly count: number;
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openLedgerFile(path);
    const header = readPiece(this.#fd, 0, KeysHeader.size, path);
    expectFormat(path, header, KEYS_MAGIC, "keys");
    this.keyWords = header.readUInt32LE(KeysHeader.keyWords);
    const bytes = statSync(path).size - KeysHeader.size;
    this.count = bytes / this.#recordBytes;
    if (!Number.isInteger(this.count)) {
      throw new FormatError(`${path}: found ${bytes} bytes of records, expected a multiple of ${this.#recordBytes}`);
    }
  }

  get #recordBytes(): number {
    return KeysRecord.keys + this.keyWords * WORD;
  }

  /** Lends each record, its row first; valid until the next. */
  *records(): Generator<Uint32Array> {
    const perBlock = Math.max(1, Math.floor(BLOCK_BYTES / this.#recordBytes));
    const words = this.#recordBytes / WORD;
    for (let first = 0; first < this.count; first += perBlock) {
      const records = Math.min(perBlock, this.count - first);
      const bytes = readPiece(
        this.#fd,
        KeysHeader.size + first * this.#recordBytes,
        records * this.#recordBytes,
        this.#path,
      );
      const block = new Uint32Array(records * words);
      new Uint8Array(block.buffer).set(bytes);
      for (let n = 0; n < records; n++) yield block.subarray(n * words, (n + 1) * words);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

class EvidenceFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #records: Uint32Array;
  readonly #offsets: Float64Array;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openLedgerFile(path);
    const header = readPiece(this.#fd, 0, EvidenceHeader.size, path);
    expectFormat(path, header, EVIDENCE_MAGIC, "evidence");
    const count = header.readUInt32LE(EvidenceHeader.count);
    const entries = readPiece(this.#fd, EvidenceHeader.size, count * EvidenceEntry.size, path);
    this.#records = new Uint32Array(count);
    this.#offsets = new Float64Array(count + 1);
    let offset = EvidenceHeader.size + entries.length;
    for (let i = 0; i < count; i++) {
      this.#records[i] = entries.readUInt32LE(i * EvidenceEntry.size + EvidenceEntry.record);
      this.#offsets[i] = offset;
      offset += entries.readUInt32LE(i * EvidenceEntry.size + EvidenceEntry.bytes);
    }
    this.#offsets[count] = offset;
  }

  of(record: number): Uint8Array {
    const i = this.#find(record);
    if (i === undefined) return new Uint8Array(0);
    return readPiece(this.#fd, this.#offsets[i]!, this.#offsets[i + 1]! - this.#offsets[i]!, this.#path);
  }

  /** Entries are in ascending order. */
  #find(record: number): number | undefined {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#records[middle]! < record) low = middle + 1;
      else high = middle;
    }
    return this.#records[low] === record ? low : undefined;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function openLedgerFile(path: string): number {
  try {
    return openSync(path, "r");
  } catch {
    throw new FormatError(`${path}: missing; "sluice inspect RUN --verify" shows what else is, running again makes it`);
  }
}

function expectFormat(path: string, header: Buffer, magic: number, what: string): void {
  const [found, version] = [header.readUInt32LE(0), header.readUInt32LE(4)];
  if (found !== magic) throw new FormatError(`${path}: not a file of ${what}: it begins with ${found.toString(16)}`);
  if (version !== VERSION) throw new FormatError(`${path}: format ${version}, this version reads ${VERSION}`);
}

/** A file that is written from its beginning to its end, in blocks. */
class BlockFile {
  readonly #fd: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #isOpen = true;

  constructor(path: string) {
    this.#fd = openSync(path, "w");
  }

  write(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= BLOCK_BYTES) this.#flush();
  }

  close(): void {
    this.#flush();
    fsyncSync(this.#fd);
    this.abort();
  }

  /** Closes the file as it is. */
  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
  }

  #flush(): void {
    const block = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    for (let at = 0; at < block.length; ) at += writeSync(this.#fd, block, at);
  }
}
