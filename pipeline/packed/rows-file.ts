/**
 * The file of packed rows, version 1: rows of one length, ready to be mapped into memory, and what lies in each. This
 * file alone knows the bytes. All numbers are little-endian.
 *
 *     ┌ header  256 bytes, see `Header`; written last, so that an unfinished file has no magic
 *     ├ rows    rowCount × rowTokens × u16 (vocabularies of up to 65,536 ids) or u32; zeros to a multiple of 8 bytes
 *     ├ index   rowCount × `IndexEntry`: where each row's pieces end, and the row's CRC-32
 *     └ pieces  pieceCount × `PieceEntry`: the documents, or parts of documents, that a row consists of
 *
 * Row i is at byte 256 + i · rowTokens · tokenBytes. It holds one token more than a model sees positions: inputs are
 * row[0, T), targets row[1, T + 1), and rows share no token. What no piece covers, at a row's end, is padding, and holds
 * end-of-text. A row's CRC covers its tokens and its pieces; the header has a CRC for the index and one of its own.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { expectCrc, GrowingBytes, readU64, writeU64 } from "../binary.ts";
import { FormatError, RecipeError } from "../errors.ts";
import { type ShardTokenizer, type TokenArray, type TokenBytes, tokenBytesFor, unpackTokens } from "../shard.ts";

export const ROWS_MAGIC = "SLUICROW";
export const ROWS_VERSION = 1;
export const ROWS_ENDING = ".rows";

const Header = {
  magic: 0, // 8 bytes "SLUICROW"
  version: 8, // u32
  tokenBytes: 12, // u32 2 or 4
  vocabSize: 16, // u32
  endOfText: 20, // u32
  rowTokens: 24, // u32 T + 1
  indexCrc: 28, // u32
  rowCount: 32, // u64
  pieceCount: 40, // u64
  usedTokens: 48, // u64 without padding
  nameBytes: 56, // u32
  digest: 60, // 32 bytes SHA-256 of the tokenizer
  name: 92, // UTF-8, zeros behind
  headerCrc: 252, // u32 of the bytes before it
  size: 256,
} as const;

const IndexEntry = {
  pieceEnd: 0, // u32 pieces up to and with this row
  crc: 4, // u32 of the row's tokens, then its pieces
  size: 8,
} as const;

const PieceEntry = {
  tokenEnd: 0, // u32 in the row
  start: 4, // u32 in the document
  document: 8, // u64
  size: 16,
} as const;

/** What a piece takes in a file. */
export const PIECE_BYTES = PieceEntry.size;

/** What to do about a damaged file. */
const REMEDY = "pack again";
const ALIGNMENT = 8;
const MAX_NAME_BYTES = Header.headerCrc - Header.name;
/** Rows are collected to this many bytes before they are written. */
const CHUNK_BYTES = 1 << 20;
/** A file ends with the row that takes it to one of these. Index and pieces stay in memory until then. */
const MAX_ROWS_BYTES = 2 ** 30;
const MAX_TABLE_BYTES = 2 ** 25;

/** A document, or a part of one, in a row. */
export interface Piece {
  /** The document's number in the source of the pack. */
  readonly document: number;
  /** Where in its document the piece begins, in tokens: 0 unless the beginning is elsewhere. */
  readonly start: number;
  /** In tokens. */
  readonly length: number;
}

/** A row as a trainer gets it. */
export interface PackedRow {
  /** T + 1 ids. The array is the caller's. */
  readonly tokens: TokenArray;
  /** Where in the row each piece begins, in tokens; the first at 0. */
  readonly documentStarts: Uint32Array;
  /** Tokens of documents; what follows is padding. */
  readonly usedTokens: number;
  /** Where each piece comes from. */
  readonly pieces: readonly Piece[];
}

export interface RowsHeader {
  readonly version: number;
  readonly tokenBytes: TokenBytes;
  readonly tokenizer: ShardTokenizer;
  readonly rowTokens: number;
  readonly rowCount: number;
  readonly pieceCount: number;
  readonly usedTokens: number;
  readonly indexCrc: number;
}

function encodeHeader(header: RowsHeader): Buffer {
  const { tokenizer } = header;
  const name = Buffer.from(tokenizer.name, "utf8");
  if (name.length > MAX_NAME_BYTES) {
    throw new RecipeError(`tokenizer name of ${name.length} bytes: rows hold ${MAX_NAME_BYTES}; use a shorter one`);
  }
  const bytes = Buffer.alloc(Header.size);
  bytes.write(ROWS_MAGIC, Header.magic, "latin1");
  bytes.writeUInt32LE(header.version, Header.version);
  bytes.writeUInt32LE(header.tokenBytes, Header.tokenBytes);
  bytes.writeUInt32LE(tokenizer.vocabSize, Header.vocabSize);
  bytes.writeUInt32LE(tokenizer.endOfText, Header.endOfText);
  bytes.writeUInt32LE(header.rowTokens, Header.rowTokens);
  bytes.writeUInt32LE(header.indexCrc, Header.indexCrc);
  writeU64(bytes, header.rowCount, Header.rowCount);
  writeU64(bytes, header.pieceCount, Header.pieceCount);
  writeU64(bytes, header.usedTokens, Header.usedTokens);
  bytes.writeUInt32LE(name.length, Header.nameBytes);
  bytes.write(tokenizer.digest, Header.digest, "hex");
  name.copy(bytes, Header.name);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, Header.headerCrc)), Header.headerCrc);
  return bytes;
}

function decodeHeader(bytes: Buffer, fileBytes: number, path: string): RowsHeader {
  const magic = bytes.toString("latin1", Header.magic, Header.version);
  if (fileBytes < Header.size || magic !== ROWS_MAGIC) {
    const isUnfinished = fileBytes >= Header.size && bytes.every((byte) => byte === 0);
    throw new FormatError(
      isUnfinished
        ? `${path}: an unfinished file of rows: its header was never written; pack again`
        : `${path}: not a file of rows: ${fileBytes} bytes that begin with ${JSON.stringify(magic)}, expected a header of ${Header.size} that begins with "${ROWS_MAGIC}"`,
    );
  }
  const version = bytes.readUInt32LE(Header.version);
  if (version !== ROWS_VERSION) {
    throw new FormatError(`${path}: rows of version ${version}, this release reads version ${ROWS_VERSION}`);
  }
  expectCrc(
    path,
    "the header",
    crc32(bytes.subarray(0, Header.headerCrc)),
    bytes.readUInt32LE(Header.headerCrc),
    REMEDY,
  );

  const tokenBytes = bytes.readUInt32LE(Header.tokenBytes);
  const vocabSize = bytes.readUInt32LE(Header.vocabSize);
  const endOfText = bytes.readUInt32LE(Header.endOfText);
  const nameBytes = bytes.readUInt32LE(Header.nameBytes);
  const rowTokens = bytes.readUInt32LE(Header.rowTokens);
  if (
    tokenBytes !== tokenBytesFor(vocabSize) ||
    endOfText >= vocabSize ||
    nameBytes > MAX_NAME_BYTES ||
    rowTokens < 1
  ) {
    throw new FormatError(
      `${path}: the header contradicts itself: ${tokenBytes} bytes a token, ${vocabSize} ids, end-of-text ${endOfText}, rows of ${rowTokens} tokens, a name of ${nameBytes} bytes`,
    );
  }
  const header: RowsHeader = {
    version,
    tokenBytes: tokenBytes as TokenBytes,
    tokenizer: {
      name: bytes.toString("utf8", Header.name, Header.name + nameBytes),
      vocabSize,
      endOfText,
      digest: bytes.toString("hex", Header.digest, Header.name),
    },
    rowTokens,
    rowCount: readU64(bytes, Header.rowCount),
    pieceCount: readU64(bytes, Header.pieceCount),
    usedTokens: readU64(bytes, Header.usedTokens),
    indexCrc: bytes.readUInt32LE(Header.indexCrc),
  };
  const expected = sectionsOf(header).end;
  if (fileBytes !== expected) {
    const what = fileBytes < expected ? "cut short" : "followed by other bytes";
    throw new FormatError(`${path}: ${what}: ${fileBytes} bytes, the header describes ${expected}; pack again`);
  }
  return header;
}

/** Where each section begins and ends in the file. */
function sectionsOf({ rowCount, rowTokens, tokenBytes, pieceCount }: RowsHeader) {
  const rows = Header.size;
  const rowsEnd = rows + rowCount * rowTokens * tokenBytes;
  const index = Math.ceil(rowsEnd / ALIGNMENT) * ALIGNMENT;
  const pieces = index + rowCount * IndexEntry.size;
  return { rows, rowsEnd, index, pieces, end: pieces + pieceCount * PieceEntry.size };
}

/** Writes one file of rows. Calls follow one another: each is awaited before the next. */
export class RowsWriter {
  readonly #handle: FileHandle;
  readonly #tokenizer: ShardTokenizer;
  readonly #rowTokens: number;
  readonly #tokenBytes: TokenBytes;
  readonly #chunk: Buffer;
  #chunkBytes = 0;
  readonly #index = new GrowingBytes();
  readonly #pieces = new GrowingBytes();
  #usedTokens = 0;

  constructor(handle: FileHandle, tokenizer: ShardTokenizer, rowTokens: number) {
    this.#handle = handle;
    this.#tokenizer = tokenizer;
    this.#rowTokens = rowTokens;
    this.#tokenBytes = tokenBytesFor(tokenizer.vocabSize);
    this.#chunk = Buffer.alloc(Math.max(CHUNK_BYTES, rowTokens * this.#tokenBytes));
  }

  get rowCount(): number {
    return this.#index.length / IndexEntry.size;
  }

  get #pieceCount(): number {
    return this.#pieces.length / PieceEntry.size;
  }

  get isFull(): boolean {
    const rowsBytes = this.rowCount * this.#rowTokens * this.#tokenBytes;
    const tableBytes = this.#index.length + this.#pieces.length;
    return rowsBytes >= MAX_ROWS_BYTES || tableBytes >= MAX_TABLE_BYTES;
  }

  /** Adds a row: its tokens as `packTokens` lays them out, its pieces as `encodePieces` does. Both are copied. */
  async add(tokens: Uint8Array, pieces: Buffer): Promise<void> {
    this.#pieces.append(pieces);
    this.#usedTokens += pieces.readUInt32LE(pieces.length - PieceEntry.size + PieceEntry.tokenEnd);
    const entry = Buffer.allocUnsafe(IndexEntry.size);
    entry.writeUInt32LE(this.#pieceCount, IndexEntry.pieceEnd);
    entry.writeUInt32LE(crc32(pieces, crc32(tokens)), IndexEntry.crc);
    this.#index.append(entry);
    if (this.#chunkBytes + tokens.length > this.#chunk.length) await this.#flush();
    this.#chunk.set(tokens, this.#chunkBytes);
    this.#chunkBytes += tokens.length;
  }

  /** Writes what follows the rows, then the header, syncs and closes the file, whether or not that succeeds. */
  async finish(): Promise<RowsHeader> {
    try {
      await this.#flush();
      const index = this.#index.view();
      const header: RowsHeader = {
        version: ROWS_VERSION,
        tokenBytes: this.#tokenBytes,
        tokenizer: this.#tokenizer,
        rowTokens: this.#rowTokens,
        rowCount: this.rowCount,
        pieceCount: this.#pieceCount,
        usedTokens: this.#usedTokens,
        indexCrc: crc32(index),
      };
      const { rowsEnd, index: indexStart } = sectionsOf(header);
      for (const section of [Buffer.alloc(indexStart - rowsEnd), index, this.#pieces.view()]) {
        await this.#handle.writeFile(section);
      }
      await this.#handle.write(encodeHeader(header), 0, Header.size, 0);
      await this.#handle.sync();
      return header;
    } finally {
      await this.#handle.close();
    }
  }

  /** Closes the file as it is: without a header it cannot be mistaken for one of rows. */
  async abort(): Promise<void> {
    await this.#handle.close();
  }

  async #flush(): Promise<void> {
    await this.#handle.writeFile(this.#chunk.subarray(0, this.#chunkBytes));
    this.#chunkBytes = 0;
  }
}

/** Creates a file of rows, which must not exist. */
export async function createRows(path: string, tokenizer: ShardTokenizer, rowTokens: number): Promise<RowsWriter> {
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(Buffer.alloc(Header.size));
  } catch (error) {
    await handle.close();
    throw error;
  }
  return new RowsWriter(handle, tokenizer, rowTokens);
}

/** The pieces of a row as they lie in the file. */
export function encodePieces(pieces: readonly Piece[]): Buffer {
  const bytes = Buffer.allocUnsafe(pieces.length * PieceEntry.size);
  let tokenEnd = 0;
  let at = 0;
  for (const { document, start, length } of pieces) {
    tokenEnd += length;
    bytes.writeUInt32LE(tokenEnd, at + PieceEntry.tokenEnd);
    bytes.writeUInt32LE(start, at + PieceEntry.start);
    writeU64(bytes, document, at + PieceEntry.document);
    at += PieceEntry.size;
  }
  return bytes;
}

/** An open file of rows. Holds the index, 8 bytes a row, once a row has been asked for. */
export class RowsFile {
  readonly path: string;
  readonly header: RowsHeader;
  readonly #file: number;
  readonly #sections: ReturnType<typeof sectionsOf>;
  #index: Buffer | undefined;

  constructor(path: string, file: number, header: RowsHeader) {
    this.path = path;
    this.header = header;
    this.#file = file;
    this.#sections = sectionsOf(header);
  }

  get rowCount(): number {
    return this.header.rowCount;
  }

  /** Row n, from 0. Raises FormatError if a byte of it is not as it was written. */
  row(n: number): PackedRow {
    if (!(Number.isInteger(n) && n >= 0 && n < this.rowCount)) {
      throw new RangeError(`${this.path}: row ${n} of ${this.rowCount}`);
    }
    const { rowTokens, tokenBytes } = this.header;
    const index = this.#loadIndex();
    const firstPiece = n === 0 ? 0 : index.readUInt32LE((n - 1) * IndexEntry.size + IndexEntry.pieceEnd);
    const endPiece = index.readUInt32LE(n * IndexEntry.size + IndexEntry.pieceEnd);
    const rowBytes = rowTokens * tokenBytes;
    const tokens = this.#read(this.#sections.rows + n * rowBytes, rowBytes);
    const pieces = this.#read(
      this.#sections.pieces + firstPiece * PieceEntry.size,
      (endPiece - firstPiece) * PieceEntry.size,
    );
    const found = crc32(pieces, crc32(tokens));
    expectCrc(this.path, `row ${n}`, found, index.readUInt32LE(n * IndexEntry.size + IndexEntry.crc), REMEDY);
    return { tokens: unpackTokens(tokens, tokenBytes), ...this.#decodePieces(pieces, n) };
  }

  /** Reads every byte; raises FormatError, saying where, if one is not as it was written. */
  verify(): void {
    const { vocabSize } = this.header.tokenizer;
    let usedTokens = 0;
    for (let n = 0; n < this.rowCount; n++) {
      const row = this.row(n);
      usedTokens += row.usedTokens;
      for (const token of row.tokens) {
        if (token < vocabSize) continue;
        throw new FormatError(`${this.path}: row ${n}: token ${token} in a vocabulary of ${vocabSize}`);
      }
    }
    const { rowsEnd, index } = this.#sections;
    const hasPadding = this.#read(rowsEnd, index - rowsEnd).some((byte) => byte !== 0);
    if (hasPadding || usedTokens !== this.header.usedTokens) {
      throw new FormatError(
        `${this.path}: ${usedTokens} tokens of documents, the header says ${this.header.usedTokens}`,
      );
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #decodePieces(bytes: Buffer, n: number): Omit<PackedRow, "tokens"> {
    const pieces: Piece[] = [];
    const documentStarts = new Uint32Array(bytes.length / PieceEntry.size);
    let usedTokens = 0;
    for (let at = 0; at < bytes.length; at += PieceEntry.size) {
      const tokenEnd = bytes.readUInt32LE(at + PieceEntry.tokenEnd);
      if (tokenEnd <= usedTokens || tokenEnd > this.header.rowTokens) {
        throw new FormatError(`${this.path}: row ${n}: a piece from token ${usedTokens} to ${tokenEnd}`);
      }
      documentStarts[pieces.length] = usedTokens;
      pieces.push({
        document: readU64(bytes, at + PieceEntry.document),
        start: bytes.readUInt32LE(at + PieceEntry.start),
        length: tokenEnd - usedTokens,
      });
      usedTokens = tokenEnd;
    }
    return { documentStarts, usedTokens, pieces };
  }

  #loadIndex(): Buffer {
    if (this.#index !== undefined) return this.#index;
    const { rowCount, pieceCount, indexCrc } = this.header;
    const index = this.#read(this.#sections.index, rowCount * IndexEntry.size);
    expectCrc(this.path, "the index", crc32(index), indexCrc, REMEDY);
    let pieceEnd = 0;
    let isSorted = true;
    for (let at = 0; at < index.length; at += IndexEntry.size) {
      const next = index.readUInt32LE(at + IndexEntry.pieceEnd);
      isSorted &&= next > pieceEnd;
      pieceEnd = next;
    }
    if (!isSorted || pieceEnd !== pieceCount) {
      throw new FormatError(`${this.path}: the index does not divide the ${pieceCount} pieces among the rows`);
    }
    this.#index = index;
    return index;
  }

  #read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length; ) {
      const read = readSync(this.#file, bytes, done, length - done, position + done);
      if (read === 0) {
        throw new FormatError(`${this.path} @ ${position}: expected ${length} bytes, the file ends after ${done}`);
      }
      done += read;
    }
    return bytes;
  }
}

/** Opens a file of rows and checks its header and size. Close it when done. */
export function openRows(path: string): RowsFile {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Header.size);
    readSync(file, bytes, 0, Math.min(size, Header.size), 0);
    return new RowsFile(path, file, decodeHeader(bytes, size, path));
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
