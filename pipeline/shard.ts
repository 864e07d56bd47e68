/**
 * The token shard, version 1: tokens of whole documents, where each document lies, and where each came from. This file
 * alone knows the bytes. All numbers are little-endian.
 *
 *     ┌ header      256 bytes, see `Header`; written last, so that an unfinished file has no magic
 *     ├ tokens      tokenCount × u16 (vocabularies of up to 65,536 ids) or u32
 *     ├ documents   documentCount × `DocumentRow`: where each document's tokens and provenance end
 *     ├ provenance  a `ProvenanceRecord` a document, back to back
 *     └ files       fileCount × { u32 bytes, UTF-8 }: the input labels that provenance points to
 *
 * Every section has a CRC-32 in the header and the header one of its own, so that a damaged byte anywhere is noticed and
 * its section named: on opening for the header, on first use for documents, provenance and files, by `verify` for tokens.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { expectCrc, GrowingBytes, readU64, writeU64 } from "./binary.ts";
import { FormatError, RecipeError } from "./errors.ts";

export const SHARD_MAGIC = "SLUICTOK";
export const SHARD_VERSION = 1;

const Header = {
  magic: 0, // 8 bytes "SLUICTOK"
  version: 8, // u32
  tokenBytes: 12, // u32 2 or 4
  vocabSize: 16, // u32
  endOfText: 20, // u32 the id that ends every document
  tokenCount: 24, // u64 with the end-of-text ids
  documentCount: 32, // u64
  provenanceBytes: 40, // u64
  filesBytes: 48, // u64
  fileCount: 56, // u32
  tokensCrc: 60, // u32
  documentsCrc: 64, // u32
  provenanceCrc: 68, // u32
  filesCrc: 72, // u32
  nameBytes: 76, // u32
  digest: 80, // 32 bytes SHA-256 of the tokenizer
  name: 112, // UTF-8, zeros behind
  headerCrc: 252, // u32 of the bytes before it
  size: 256,
} as const;

/** Both places count from the start of their section. */
const DocumentRow = {
  tokenEnd: 0, // u64 in tokens
  provenanceEnd: 8, // u64 in bytes
  size: 16,
} as const;

const ProvenanceRecord = {
  file: 0, // u32 which input label
  offset: 4, // u64 byte offset in the input
  idBytes: 12, // u16 length of the id in UTF-8; 0: the id is 32 hex digits, stored as 16 bytes
  id: 14, // the id, then the URL in UTF-8 to the record's end
} as const;

const HEX_ID = /^[0-9a-f]{32}$/;
const HEX_ID_BYTES = 16;
const MAX_NAME_BYTES = Header.headerCrc - Header.name;
const MAX_U16_VOCABULARY = 65_536;
/** Tokens are collected to this many bytes before they are written, and checked in pieces of this size. */
const CHUNK_BYTES = 1 << 20;

export type TokenBytes = 2 | 4;
export type TokenArray = Uint16Array | Uint32Array;

/** The tokenizer that a shard's ids belong to. A `Tokenizer` is one. */
export interface ShardTokenizer {
  readonly name: string;
  readonly vocabSize: number;
  readonly endOfText: number;
  /** SHA-256, 64 hex digits. */
  readonly digest: string;
}

export interface ShardHeader {
  readonly version: number;
  readonly tokenBytes: TokenBytes;
  readonly tokenizer: ShardTokenizer;
  readonly tokenCount: number;
  readonly documentCount: number;
  readonly provenanceBytes: number;
  readonly fileCount: number;
  readonly filesBytes: number;
  readonly crc: Readonly<Record<Section, number>>;
}

export type Section = "tokens" | "documents" | "provenance" | "files";

/** Where a document came from. */
export interface Provenance {
  readonly id: string;
  readonly url: string;
  /** See `SourceRef.file`. */
  readonly file: string;
  /** Byte offset in the stored input file. */
  readonly offset: number;
}

/** Bytes of one token: 2 where every id fits, else 4. */
export function tokenBytesFor(vocabSize: number): TokenBytes {
  return vocabSize <= MAX_U16_VOCABULARY ? 2 : 4;
}

const HOST_IS_BIG_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;

/** Token ids as they lie in a shard. */
export function packTokens(ids: ArrayLike<number>, tokenBytes: TokenBytes): Uint8Array {
  const tokens = tokenBytes === 2 ? new Uint16Array(ids.length) : new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    tokens[i] = ids[i]!;
    if (tokens[i] !== ids[i]) throw new RecipeError(`token id ${ids[i]} does not fit ${tokenBytes} bytes`);
  }
  return swapOnBigEndian(new Uint8Array(tokens.buffer), tokenBytes);
}

/** The inverse of `packTokens`. Takes its argument over: the array is a view of it where that is possible. */
export function unpackTokens(bytes: Uint8Array, tokenBytes: TokenBytes): TokenArray {
  const owned = bytes.byteOffset % tokenBytes === 0 ? bytes : new Uint8Array(bytes);
  const { buffer, byteOffset, byteLength } = swapOnBigEndian(owned, tokenBytes);
  return tokenBytes === 2
    ? new Uint16Array(buffer, byteOffset, byteLength / 2)
    : new Uint32Array(buffer, byteOffset, byteLength / 4);
}

function swapOnBigEndian(bytes: Uint8Array, tokenBytes: TokenBytes): Uint8Array {
  if (!HOST_IS_BIG_ENDIAN) return bytes;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return tokenBytes === 2 ? buffer.swap16() : buffer.swap32();
}

function encodeHeader(header: ShardHeader): Buffer {
  const { tokenizer, tokenBytes, crc } = header;
  const name = Buffer.from(tokenizer.name, "utf8");
  if (tokenBytes !== tokenBytesFor(tokenizer.vocabSize)) {
    const expected = tokenBytesFor(tokenizer.vocabSize);
    throw new RecipeError(
      `tokenizer ${tokenizer.name}: ${tokenizer.vocabSize} ids need ${expected} bytes a token, not ${tokenBytes}`,
    );
  }
  if (name.length > MAX_NAME_BYTES) {
    throw new RecipeError(`tokenizer name of ${name.length} bytes: a shard holds ${MAX_NAME_BYTES}; use a shorter one`);
  }
  if (!/^[0-9a-f]{64}$/.test(tokenizer.digest)) {
    throw new RecipeError(`tokenizer ${tokenizer.name}: digest "${tokenizer.digest}" is not 64 hex digits`);
  }
  const bytes = Buffer.alloc(Header.size);
  bytes.write(SHARD_MAGIC, Header.magic, "latin1");
  bytes.writeUInt32LE(header.version, Header.version);
  bytes.writeUInt32LE(tokenBytes, Header.tokenBytes);
  bytes.writeUInt32LE(tokenizer.vocabSize, Header.vocabSize);
  bytes.writeUInt32LE(tokenizer.endOfText, Header.endOfText);
  writeU64(bytes, header.tokenCount, Header.tokenCount);
  writeU64(bytes, header.documentCount, Header.documentCount);
  writeU64(bytes, header.provenanceBytes, Header.provenanceBytes);
  writeU64(bytes, header.filesBytes, Header.filesBytes);
  bytes.writeUInt32LE(header.fileCount, Header.fileCount);
  bytes.writeUInt32LE(crc.tokens, Header.tokensCrc);
  bytes.writeUInt32LE(crc.documents, Header.documentsCrc);
  bytes.writeUInt32LE(crc.provenance, Header.provenanceCrc);
  bytes.writeUInt32LE(crc.files, Header.filesCrc);
  bytes.writeUInt32LE(name.length, Header.nameBytes);
  bytes.write(tokenizer.digest, Header.digest, "hex");
  name.copy(bytes, Header.name);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, Header.headerCrc)), Header.headerCrc);
  return bytes;
}

function decodeHeader(bytes: Buffer, fileBytes: number, path: string): ShardHeader {
  const magic = bytes.toString("latin1", Header.magic, Header.version);
  if (fileBytes < Header.size || magic !== SHARD_MAGIC) {
    const unfinished = fileBytes >= Header.size && bytes.every((byte) => byte === 0);
    throw new FormatError(
      unfinished
        ? `${path}: an unfinished token shard: its header was never written`
        : `${path}: not a token shard: ${fileBytes} bytes that begin with ${JSON.stringify(magic)}, expected a header of ${Header.size} that begins with "${SHARD_MAGIC}"`,
    );
  }
  const version = bytes.readUInt32LE(Header.version);
  if (version !== SHARD_VERSION) {
    throw new FormatError(`${path}: token shard version ${version}, this release reads version ${SHARD_VERSION}`);
  }
  expectSectionCrc(path, "header", crc32(bytes.subarray(0, Header.headerCrc)), bytes.readUInt32LE(Header.headerCrc));

  const vocabSize = bytes.readUInt32LE(Header.vocabSize);
  const tokenBytes = bytes.readUInt32LE(Header.tokenBytes);
  const endOfText = bytes.readUInt32LE(Header.endOfText);
  const nameBytes = bytes.readUInt32LE(Header.nameBytes);
  if (tokenBytes !== tokenBytesFor(vocabSize) || endOfText >= vocabSize || nameBytes > MAX_NAME_BYTES) {
    throw new FormatError(
      `${path}: header contradicts itself: ${tokenBytes} bytes a token, ${vocabSize} ids, end-of-text ${endOfText}, a name of ${nameBytes} bytes`,
    );
  }
  const header: ShardHeader = {
    version,
    tokenBytes: tokenBytes as TokenBytes,
    tokenizer: {
      name: bytes.toString("utf8", Header.name, Header.name + nameBytes),
      vocabSize,
      endOfText,
      digest: bytes.toString("hex", Header.digest, Header.name),
    },
    tokenCount: readU64(bytes, Header.tokenCount),
    documentCount: readU64(bytes, Header.documentCount),
    provenanceBytes: readU64(bytes, Header.provenanceBytes),
    fileCount: bytes.readUInt32LE(Header.fileCount),
    filesBytes: readU64(bytes, Header.filesBytes),
    crc: {
      tokens: bytes.readUInt32LE(Header.tokensCrc),
      documents: bytes.readUInt32LE(Header.documentsCrc),
      provenance: bytes.readUInt32LE(Header.provenanceCrc),
      files: bytes.readUInt32LE(Header.filesCrc),
    },
  };
  const expectedBytes = sectionsOf(header).end;
  if (fileBytes !== expectedBytes) {
    const what = fileBytes < expectedBytes ? "cut short" : "followed by other bytes";
    throw new FormatError(`${path}: ${what}: ${fileBytes} bytes, the header describes ${expectedBytes}`);
  }
  return header;
}

/** Where each section begins and ends in the file. */
function sectionsOf(header: ShardHeader) {
  const tokens = Header.size;
  const documents = tokens + header.tokenCount * header.tokenBytes;
  const provenance = documents + header.documentCount * DocumentRow.size;
  const files = provenance + header.provenanceBytes;
  return { tokens, documents, provenance, files, end: files + header.filesBytes };
}

function encodeProvenance({ id, url, offset }: Provenance, file: number): Buffer {
  const isHex = HEX_ID.test(id);
  const idField = Buffer.from(id, isHex ? "hex" : "utf8");
  if (!isHex && (idField.length === 0 || idField.length > 0xffff)) {
    throw new FormatError(`document id of ${idField.length} bytes: expected 1 to 65,535`);
  }
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new FormatError(`document ${id}: source offset ${offset}, expected a whole number from 0`);
  }
  const record = Buffer.alloc(ProvenanceRecord.id);
  record.writeUInt32LE(file, ProvenanceRecord.file);
  writeU64(record, offset, ProvenanceRecord.offset);
  record.writeUInt16LE(isHex ? 0 : idField.length, ProvenanceRecord.idBytes);
  return Buffer.concat([record, idField, Buffer.from(url, "utf8")]);
}

function decodeProvenance(record: Buffer, files: readonly string[], path: string): Provenance {
  const idBytes = record.length < ProvenanceRecord.id ? 0 : record.readUInt16LE(ProvenanceRecord.idBytes);
  const isHex = idBytes === 0;
  const urlStart = ProvenanceRecord.id + (isHex ? HEX_ID_BYTES : idBytes);
  if (record.length < urlStart) {
    throw new FormatError(`${path}: a provenance record of ${record.length} bytes, expected ${urlStart} or more`);
  }
  const file = files[record.readUInt32LE(ProvenanceRecord.file)];
  if (file === undefined) throw new FormatError(`${path}: a provenance record points past the ${files.length} files`);
  return {
    id: record.toString(isHex ? "hex" : "utf8", ProvenanceRecord.id, urlStart),
    url: record.toString("utf8", urlStart),
    file,
    offset: readU64(record, ProvenanceRecord.offset),
  };
}

function encodeFiles(files: Iterable<string>): Buffer {
  const fields: Buffer[] = [];
  for (const file of files) {
    const utf8 = Buffer.from(file, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32LE(utf8.length);
    fields.push(length, utf8);
  }
  return Buffer.concat(fields);
}

function decodeFiles(bytes: Buffer, count: number, path: string): string[] {
  const files: string[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    files.push(bytes.toString("utf8", at + 4, end));
    at = end;
  }
  if (at !== bytes.length || files.length !== count) {
    throw new FormatError(`${path}: the files section holds ${files.length} labels, the header says ${count}`);
  }
  return files;
}

/** Writes one shard. Calls follow one another: each is awaited before the next. */
export class ShardWriter {
  readonly tokenizer: ShardTokenizer;
  readonly tokenBytes: TokenBytes;
  readonly #handle: FileHandle;
  readonly #pending = Buffer.alloc(CHUNK_BYTES);
  #pendingBytes = 0;
  #tokenCount = 0;
  #documentCount = 0;
  #tokensCrc = 0;
  readonly #documents = new GrowingBytes();
  readonly #provenance = new GrowingBytes();
  readonly #fileNumbers = new Map<string, number>();

  constructor(handle: FileHandle, tokenizer: ShardTokenizer, tokenBytes: TokenBytes) {
    this.#handle = handle;
    this.tokenizer = tokenizer;
    this.tokenBytes = tokenBytes;
  }

  get tokenCount(): number {
    return this.#tokenCount;
  }

  /** Adds a document: its tokens as `packTokens` lays them out, with end-of-text as the last one. */
  async add(provenance: Provenance, tokens: Uint8Array): Promise<void> {
    const { tokenBytes, tokenizer } = this;
    const lastToken = tokens.length >= tokenBytes && tokens.length % tokenBytes === 0 ? lastOf(tokens, tokenBytes) : -1;
    if (lastToken !== tokenizer.endOfText) {
      throw new FormatError(
        `document ${provenance.id}: ${tokens.length} bytes do not end with end-of-text (${tokenizer.endOfText}) in ${tokenBytes} bytes`,
      );
    }
    let file = this.#fileNumbers.get(provenance.file);
    if (file === undefined) {
      file = this.#fileNumbers.size;
      this.#fileNumbers.set(provenance.file, file);
    }
    this.#provenance.append(encodeProvenance(provenance, file));
    this.#tokenCount += tokens.length / tokenBytes;
    this.#documentCount++;
    this.#tokensCrc = crc32(tokens, this.#tokensCrc);
    const row = Buffer.alloc(DocumentRow.size);
    writeU64(row, this.#tokenCount, DocumentRow.tokenEnd);
    writeU64(row, this.#provenance.length, DocumentRow.provenanceEnd);
    this.#documents.append(row);

    if (this.#pendingBytes + tokens.length > CHUNK_BYTES) await this.#flush();
    if (tokens.length > CHUNK_BYTES) {
      await this.#handle.writeFile(tokens);
    } else {
      this.#pending.set(tokens, this.#pendingBytes);
      this.#pendingBytes += tokens.length;
    }
  }

  /** Writes what follows the tokens, then the header, and closes the file, whether or not that succeeds. */
  async finish(): Promise<ShardHeader> {
    try {
      await this.#flush();
      const documents = this.#documents.view();
      const provenance = this.#provenance.view();
      const files = encodeFiles(this.#fileNumbers.keys());
      for (const section of [documents, provenance, files]) await this.#handle.writeFile(section);
      const header: ShardHeader = {
        version: SHARD_VERSION,
        tokenBytes: this.tokenBytes,
        tokenizer: this.tokenizer,
        tokenCount: this.#tokenCount,
        documentCount: this.#documentCount,
        provenanceBytes: provenance.length,
        fileCount: this.#fileNumbers.size,
        filesBytes: files.length,
        crc: {
          tokens: this.#tokensCrc,
          documents: crc32(documents),
          provenance: crc32(provenance),
          files: crc32(files),
        },
      };
      await this.#handle.write(encodeHeader(header), 0, Header.size, 0);
      return header;
    } finally {
      await this.#handle.close();
    }
  }

  /** Closes the file as it is: without a header it cannot be mistaken for a shard. */
  async abort(): Promise<void> {
    await this.#handle.close();
  }

  async #flush(): Promise<void> {
    await this.#handle.writeFile(this.#pending.subarray(0, this.#pendingBytes));
    this.#pendingBytes = 0;
  }
}

/**
 * Creates a shard file, which must not exist. The token width follows from the vocabulary; one that is given is
 * checked against it.
 */
export async function createShard(
  path: string,
  tokenizer: ShardTokenizer,
  tokenBytes: TokenBytes = tokenBytesFor(tokenizer.vocabSize),
): Promise<ShardWriter> {
  // Raises for a tokenizer that no header can describe, before there is a file.
  encodeHeader({ ...EMPTY, tokenizer, tokenBytes });
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(Buffer.alloc(Header.size));
  } catch (error) {
    await handle.close();
    throw error;
  }
  return new ShardWriter(handle, tokenizer, tokenBytes);
}

const EMPTY = {
  version: SHARD_VERSION,
  tokenCount: 0,
  documentCount: 0,
  provenanceBytes: 0,
  fileCount: 0,
  filesBytes: 0,
  crc: { tokens: 0, documents: 0, provenance: 0, files: 0 },
};

/** An open shard. Reads what it is asked for, and holds no more than the document table and the files' labels. */
export class Shard {
  readonly path: string;
  readonly header: ShardHeader;
  readonly #file: number;
  readonly #sections: ReturnType<typeof sectionsOf>;
  #table: Buffer | undefined;
  #files: readonly string[] | undefined;
  #isProvenanceSound = false;

  constructor(path: string, file: number, header: ShardHeader) {
    this.path = path;
    this.header = header;
    this.#file = file;
    this.#sections = sectionsOf(header);
  }

  get documentCount(): number {
    return this.header.documentCount;
  }

  /** Raises FormatError unless the shard was written with the tokenizer of this digest. */
  expectTokenizer(digest: string): void {
    const { name, digest: found } = this.header.tokenizer;
    if (found === digest) return;
    throw new FormatError(
      `${this.path}: vocabulary ${found.slice(0, 12)}… (${name}) does not match the tokenizer ${digest.slice(0, 12)}… it is being read with`,
    );
  }

  /** Where a document's tokens lie, [start, end), counted in tokens from the shard's first. */
  rangeOf(document: number): { readonly start: number; readonly end: number } {
    this.#expectDocument(document);
    return {
      start: this.#tableEntry(document - 1, DocumentRow.tokenEnd),
      end: this.#tableEntry(document, DocumentRow.tokenEnd),
    };
  }

  /** The document that a token of the shard belongs to. */
  documentAt(token: number): number {
    if (!(Number.isInteger(token) && token >= 0 && token < this.header.tokenCount)) {
      throw new RangeError(`${this.path}: token ${token} of ${this.header.tokenCount}`);
    }
    let low = 0;
    let high = this.documentCount - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#tableEntry(middle, DocumentRow.tokenEnd) <= token) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Tokens of one document, end-of-text included. The array is the caller's. */
  tokensOf(document: number): TokenArray {
    const { start, end } = this.rangeOf(document);
    return this.readTokens(start, end);
  }

  /** Tokens [start, end) of the shard, across documents. The array is the caller's. */
  readTokens(start: number, end: number): TokenArray {
    const { tokenBytes, tokenCount } = this.header;
    if (!(start >= 0 && start <= end && end <= tokenCount)) {
      throw new RangeError(`${this.path}: tokens ${start} to ${end} of ${tokenCount}`);
    }
    return unpackTokens(this.#read(this.#sections.tokens + start * tokenBytes, (end - start) * tokenBytes), tokenBytes);
  }

  provenanceOf(document: number): Provenance {
    this.#expectDocument(document);
    this.#checkProvenance();
    const start = this.#tableEntry(document - 1, DocumentRow.provenanceEnd);
    const end = this.#tableEntry(document, DocumentRow.provenanceEnd);
    return decodeProvenance(this.#read(this.#sections.provenance + start, end - start), this.#loadFiles(), this.path);
  }

  /** Reads the whole shard once; raises FormatError, naming the section, if any byte is not as it was written. */
  verify(): void {
    this.verifyTokens();
    for (let document = 0; document < this.documentCount; document++) this.provenanceOf(document);
    this.#loadTable();
    this.#checkProvenance();
    this.#loadFiles();
  }

  /** Reads the tokens once; raises FormatError if a byte is not as it was written, or an id beyond the vocabulary. */
  verifyTokens(): void {
    const { tokenBytes, tokenizer, crc } = this.header;
    let found = 0;
    let highest = 0;
    for (const chunk of this.#chunks(this.#sections.tokens, this.#sections.documents)) {
      found = crc32(chunk, found);
      for (const token of unpackTokens(chunk, tokenBytes)) if (token > highest) highest = token;
    }
    expectSectionCrc(this.path, "tokens", found, crc.tokens);
    if (highest >= tokenizer.vocabSize) {
      throw new FormatError(`${this.path}: token ${highest} in a vocabulary of ${tokenizer.vocabSize}`);
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #expectDocument(document: number): void {
    if (Number.isInteger(document) && document >= 0 && document < this.documentCount) return;
    throw new RangeError(`${this.path}: document ${document} of ${this.documentCount}`);
  }

  #tableEntry(document: number, field: number): number {
    return document < 0 ? 0 : readU64(this.#loadTable(), document * DocumentRow.size + field);
  }

  #loadTable(): Buffer {
    if (this.#table !== undefined) return this.#table;
    const { documentCount, tokenCount, provenanceBytes, crc } = this.header;
    const table = this.#read(this.#sections.documents, documentCount * DocumentRow.size);
    expectSectionCrc(this.path, "documents", crc32(table), crc.documents);
    let tokenEnd = 0;
    let provenanceEnd = 0;
    let isSorted = true;
    for (let at = 0; at < table.length; at += DocumentRow.size) {
      const nextTokenEnd = readU64(table, at + DocumentRow.tokenEnd);
      const nextProvenanceEnd = readU64(table, at + DocumentRow.provenanceEnd);
      isSorted &&= nextTokenEnd > tokenEnd && nextProvenanceEnd > provenanceEnd;
      tokenEnd = nextTokenEnd;
      provenanceEnd = nextProvenanceEnd;
    }
    if (!isSorted || tokenEnd !== tokenCount || provenanceEnd !== provenanceBytes) {
      throw new FormatError(`${this.path}: documents section does not divide the tokens and the provenance`);
    }
    this.#table = table;
    return table;
  }

  #loadFiles(): readonly string[] {
    if (this.#files !== undefined) return this.#files;
    const { filesBytes, fileCount, crc } = this.header;
    const bytes = this.#read(this.#sections.files, filesBytes);
    expectSectionCrc(this.path, "files", crc32(bytes), crc.files);
    this.#files = decodeFiles(bytes, fileCount, this.path);
    return this.#files;
  }

  #checkProvenance(): void {
    if (this.#isProvenanceSound) return;
    let crc = 0;
    for (const chunk of this.#chunks(this.#sections.provenance, this.#sections.files)) crc = crc32(chunk, crc);
    expectSectionCrc(this.path, "provenance", crc, this.header.crc.provenance);
    this.#isProvenanceSound = true;
  }

  /** The bytes [start, end) of the file, in pieces of whole tokens. */
  *#chunks(start: number, end: number): Generator<Buffer> {
    for (let at = start; at < end; at += CHUNK_BYTES) yield this.#read(at, Math.min(CHUNK_BYTES, end - at));
  }

  #read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    const read = readFully(this.#file, bytes, position);
    if (read === length) return bytes;
    throw new FormatError(`${this.path} @ ${position}: expected ${length} bytes, the file ends after ${read}`);
  }
}

/**
 * Opens a shard and checks its header and size. Close it when done.
 * @example
 * const shard = openShard("run/data/00000.tok");
 * shard.expectTokenizer(tokenizer.digest);
 * const text = new TextDecoder().decode(tokenizer.decode(shard.tokensOf(0)));
 * shard.close();
 */
export function openShard(path: string): Shard {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(Header.size);
    readFully(file, bytes, 0);
    return new Shard(path, file, decodeHeader(bytes, fstatSync(file).size, path));
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Fills `bytes` from the file; returns how many there were. */
function readFully(file: number, bytes: Buffer, position: number): number {
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}

function expectSectionCrc(path: string, section: Section | "header", found: number, expected: number): void {
  expectCrc(path, `${section} section`, found, expected, "write the shard again");
}

function lastOf(tokens: Uint8Array, tokenBytes: TokenBytes): number {
  let token = 0;
  for (let i = 1; i <= tokenBytes; i++) token = token * 256 + tokens[tokens.length - i]!;
  return token;
}
