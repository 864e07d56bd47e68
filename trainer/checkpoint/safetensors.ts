/**
 * The safetensors format (github.com/huggingface/safetensors), as far as training needs it: tensors by name in a file
 * that other programs read, too. This file alone knows the bytes. All numbers are little-endian.
 *
 *     ┌ length  u64, bytes of the header
 *     ├ header  JSON: { "__metadata__"?: strings by name, NAME: { dtype, shape, data_offsets: [begin, end] }, … }, then
 *     │         spaces to a multiple of 8 bytes
 *     └ data    the elements of each tensor, row-major, back to back; offsets count from here
 *
 * Equal tensors give equal bytes, whatever order they come in: first F64, then F32, then I32, each by name (in UTF-8).
 * That is the original writer's order, and it puts every element at a multiple of its width.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { readU64, writeU64 } from "../../pipeline/binary.ts";
import { canonicalJson } from "../../pipeline/canonical.ts";
import { FormatError, oneLine, RecipeError } from "../../pipeline/errors.ts";
import type { FileDigest } from "../../pipeline/io/durable.ts";
import { describeIssue } from "../../pipeline/schema-error.ts";
import { z } from "../../pipeline/stage.ts";
import { type Shape, ShapeError, showShape, sizeOf } from "../ir/tensor.ts";

/** In the order of the file. */
const ARRAYS = { F64: Float64Array, F32: Float32Array, I32: Int32Array } as const;
export type Dtype = keyof typeof ARRAYS;
const DTYPES = Object.keys(ARRAYS) as Dtype[];

const METADATA = "__metadata__";
const LENGTH_BYTES = 8;
const ALIGNMENT_BYTES = 8;
/** The original's bound: a longer header is more likely to be an attack, or another kind of file. */
const MAX_HEADER_BYTES = 100_000_000;
/** Data goes to the disk and to the hash in pieces: neither takes more than 2 GB at once. */
const CHUNK_BYTES = 64 << 20;

export interface StoredTensor {
  readonly shape: Shape;
  readonly values: Float32Array | Float64Array | Int32Array;
}

export type StoredTensors = ReadonlyMap<string, StoredTensor>;

export interface Safetensors {
  /** In the order of the file. */
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes of a file. Values are lent until the generator ends: they are not copied. */
export function* encodeSafetensors(
  tensors: StoredTensors,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  const sorted = inFileOrder(tensors);
  // Put together by hand: an object would move names that look like numbers to its front.
  const fields = Object.keys(metadata).length === 0 ? [] : [`"${METADATA}":${canonicalJson(metadata)}`];
  let begin = 0;
  for (const { name, dtype, shape, values } of sorted) {
    const end = begin + values.byteLength;
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
    begin = end;
  }
  const json = Buffer.from(`{${fields.join(",")}}`, "utf8");
  const headerBytes = Math.ceil(json.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const header = Buffer.alloc(LENGTH_BYTES + headerBytes, " ");
  writeU64(header, headerBytes, 0);
  json.copy(header, LENGTH_BYTES);
  yield header;
  for (const { values } of sorted) {
    for (let at = 0; at < values.byteLength; at += CHUNK_BYTES) {
      const bytes = new Uint8Array(
        values.buffer,
        values.byteOffset + at,
        Math.min(CHUNK_BYTES, values.byteLength - at),
      );
      yield HOST_IS_BIG_ENDIAN ? swap(Buffer.from(bytes), values.BYTES_PER_ELEMENT) : bytes;
    }
  }
}

/**
 * Writes a file and syncs it. The values must not change before the promise is settled.
 * @example
 * await writeSafetensors("model.safetensors", new Map([["w", { shape: [2, 2], values: Float32Array.of(1, 2, 3, 4) }]]));
 */
export async function writeSafetensors(
  path: string,
  tensors: StoredTensors,
  metadata: Readonly<Record<string, string>> = {},
): Promise<FileDigest> {
  const hash = createHash("sha256");
  let bytes = 0;
  const handle = await open(path, "w");
  try {
    for (const chunk of encodeSafetensors(tensors, metadata)) {
      hash.update(chunk);
      bytes += chunk.length;
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Reads a whole file. Raises FormatError unless its tensors, and nothing else, fill it to the last byte. */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const handle = await open(path, "r");
  try {
    const fileBytes = (await handle.stat()).size;
    const { entries, metadata, dataStart } = await readHeader(handle, fileBytes, path);
    expectTiling(entries, fileBytes - dataStart, path);
    const tensors = new Map<string, StoredTensor>();
    for (const { name, dtype, shape, begin } of entries) {
      const values = new ARRAYS[dtype](sizeOf(shape));
      const bytes = Buffer.from(values.buffer);
      await fill(handle, bytes, dataStart + begin, path);
      if (HOST_IS_BIG_ENDIAN) swap(bytes, values.BYTES_PER_ELEMENT);
      tensors.set(name, { shape, values });
    }
    return { tensors, metadata };
  } finally {
    await handle.close();
  }
}

/** A tensor as the header describes it: the bytes [begin, end) of the data. */
interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

const SIZE = z.int().min(0);
const EntrySchema = z.object({ dtype: z.string(), shape: z.array(SIZE), data_offsets: z.tuple([SIZE, SIZE]) });
const MetadataSchema = z.record(z.string(), z.string());

async function readHeader(
  handle: FileHandle,
  fileBytes: number,
  path: string,
): Promise<{ entries: Entry[]; metadata: Record<string, string>; dataStart: number }> {
  if (fileBytes < LENGTH_BYTES) {
    throw new FormatError(
      `${path}: cut short: found ${fileBytes} bytes, expected at least the ${LENGTH_BYTES} of the header's length; copy the file again`,
    );
  }
  const length = Buffer.alloc(LENGTH_BYTES);
  await fill(handle, length, 0, path);
  const headerBytes = readU64(length, 0);
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new FormatError(
      `${path}: not a safetensors file: found a header of ${headerBytes} bytes, expected at most ${MAX_HEADER_BYTES}; name another file`,
    );
  }
  const dataStart = LENGTH_BYTES + headerBytes;
  if (dataStart > fileBytes) {
    throw new FormatError(
      `${path}: cut short: found ${fileBytes} bytes, expected a header of ${headerBytes} behind the first ${LENGTH_BYTES}; copy the file again`,
    );
  }
  const bytes = Buffer.alloc(headerBytes);
  await fill(handle, bytes, LENGTH_BYTES, path);
  const fields = parseHeader(bytes, path);
  const { [METADATA]: metadata = {}, ...described } = fields;
  const entries = Object.entries(described).map(([name, field]) => entryOf(name, field, path));
  return { entries: entries.sort(byPlace), metadata: parseField(MetadataSchema, METADATA, metadata, path), dataStart };
}

function parseHeader(bytes: Buffer, path: string): Record<string, unknown> {
  let json: string;
  let fields: unknown;
  try {
    json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    fields = JSON.parse(json);
  } catch (error) {
    throw new FormatError(
      `${path}: not a safetensors file: its header is no JSON (${oneLine(error, 80)}), expected an object that describes tensors; name another file`,
    );
  }
  if (!json.startsWith("{")) {
    throw new FormatError(
      `${path}: not a safetensors file: its header begins with ${JSON.stringify(json.slice(0, 8))}, expected "{"; name another file`,
    );
  }
  const repeated = repeatedKey(json);
  if (repeated !== undefined) {
    throw new FormatError(
      `${path}: the header has the name ${JSON.stringify(repeated)} twice, expected each name once; write the file again`,
    );
  }
  return fields as Record<string, unknown>;
}

/** A key that an object in this valid JSON has twice: `JSON.parse` takes the last one without a word. */
function repeatedKey(json: string): string | undefined {
  const colon = /[ \t\n\r]*:/y;
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === "{" || char === "[") open.push(new Set());
    else if (char === "}" || char === "]") open.pop();
    else if (char === '"') {
      const start = at++;
      while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
      colon.lastIndex = at + 1;
      if (!colon.test(json)) continue;
      // The same name can be written in several ways, with escapes.
      const key = JSON.parse(json.slice(start, at + 1)) as string;
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

function entryOf(name: string, field: unknown, path: string): Entry {
  const { dtype, shape, data_offsets: offsets } = parseField(EntrySchema, name, field, path);
  if (!isDtype(dtype)) {
    throw new FormatError(
      `${path}: tensor ${JSON.stringify(name)}: found dtype ${JSON.stringify(dtype)}, expected one of ${DTYPES.join(", ")}; convert the file first`,
    );
  }
  return { name, dtype, shape, begin: offsets[0], end: offsets[1] };
}

function parseField<T>(schema: z.ZodType<T>, name: string, field: unknown, path: string): T {
  const parsed = schema.safeParse(field, { reportInput: true });
  if (parsed.success) return parsed.data;
  const issue = describeIssue(parsed.error.issues[0]!, `${path}: ${JSON.stringify(name)}`);
  throw new FormatError(`${issue}; write the file again`);
}

/** Tensors of no elements take no place: they come first where another begins. */
function byPlace(a: Entry, b: Entry): number {
  return a.begin - b.begin || a.end - b.end;
}

/** Raises FormatError unless the tensors, in this order, fill the data without a gap. */
function expectTiling(entries: readonly Entry[], dataBytes: number, path: string): void {
  let filled = 0;
  let before = "";
  for (const { name, dtype, shape, begin, end } of entries) {
    const tensor = `tensor ${JSON.stringify(name)}`;
    const expected = sizeOf(shape) * ARRAYS[dtype].BYTES_PER_ELEMENT;
    if (end - begin !== expected) {
      throw new FormatError(
        `${path}: ${tensor}: found ${end - begin} bytes, expected ${expected} for ${dtype} ${showShape(shape)}; write the file again`,
      );
    }
    if (begin < filled) {
      throw new FormatError(
        `${path}: ${tensor} overlaps ${before}: found its begin at byte ${begin} of the data, expected ${filled}; write the file again`,
      );
    }
    if (begin > filled) {
      throw new FormatError(
        `${path}: ${tensor}: found its begin at byte ${begin} of the data, expected ${filled}: no tensor covers what lies between; write the file again`,
      );
    }
    if (end > dataBytes) {
      throw new FormatError(
        `${path}: cut short: found ${dataBytes} bytes of data, expected ${end} up to the end of ${tensor}; copy the file again`,
      );
    }
    filled = end;
    before = tensor;
  }
  if (filled === dataBytes) return;
  throw new FormatError(
    `${path}: found ${dataBytes - filled} bytes behind the last tensor, expected the file's end; copy the file again`,
  );
}

function inFileOrder(tensors: StoredTensors): (StoredTensor & { name: string; dtype: Dtype })[] {
  const described = [...tensors].map(([name, { shape, values }]) => {
    if (name === METADATA || !name.isWellFormed()) {
      throw new RecipeError(`tensor ${JSON.stringify(name)}: safetensors cannot hold this name; choose another`);
    }
    if (values.length !== sizeOf(shape)) {
      throw new ShapeError(`tensor ${name}: ${values.length} values do not fill ${showShape(shape)}`);
    }
    return { name, utf8: Buffer.from(name, "utf8"), dtype: dtypeOf(values), shape, values };
  });
  return described.sort((a, b) => DTYPES.indexOf(a.dtype) - DTYPES.indexOf(b.dtype) || Buffer.compare(a.utf8, b.utf8));
}

function dtypeOf(values: StoredTensor["values"]): Dtype {
  return DTYPES.find((dtype) => values instanceof ARRAYS[dtype])!;
}

function isDtype(dtype: string): dtype is Dtype {
  return Object.hasOwn(ARRAYS, dtype);
}

const HOST_IS_BIG_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;

function swap(bytes: Buffer, width: number): Buffer {
  return width === 8 ? bytes.swap64() : bytes.swap32();
}

async function fill(handle: FileHandle, bytes: Buffer, position: number, path: string): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(CHUNK_BYTES, bytes.length - done), position + done);
    if (bytesRead === 0) {
      throw new FormatError(
        `${path} @ ${position}: cut short while it was read: found ${done} bytes, expected ${bytes.length}; copy the file again`,
      );
    }
    done += bytesRead;
  }
}
