/**
 * Reads fastText classifiers: `.bin` (plain) and `.ftz` (quantised), format versions 11 and 12; `fasttext-write.ts`
 * writes them. Everything is little-endian. Layout, after the sources of fastText 0.9.2 (`Args`, `Dictionary`, `DenseMatrix`, `QuantMatrix`,
 * `ProductQuantizer`):
 *
 *     header      i32 magic, i32 version
 *     args        12 × i32 (see `readArgs`), f64 sampling threshold
 *     dictionary  i32 entries, i32 words, i32 labels, i64 tokens, i64 pruned (-1 = not pruned)
 *                 entries × { bytes, 0, i64 count, u8 kind (0 word, 1 label) }     words first
 *                 pruned  × { i32 bucket, i32 row }                                 n-grams that were kept
 *     input       u8 quantised, then a matrix: one row per word, then one per n-gram bucket (or kept n-gram)
 *     output      u8 quantised, then a matrix: one row per label (or per inner node of the label tree)
 *
 *     dense       i64 rows, i64 columns, rows × columns × f32
 *     quantised   u8 has norms, i64 rows, i64 columns, i32 code bytes, codes, quantiser [, rows × u8, quantiser]
 *     quantiser   i32 columns, i32 parts, i32 columns per part, i32 columns of the last part, columns × 256 × f32
 *
 * Every count is checked against the bytes that are left before anything is allocated, and every reference against
 * what it points into, so that a damaged file gives a FormatError or a model that can be used without further checks.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FormatError, RecipeError } from "../pipeline/errors.ts";
import { CENTROIDS, type DenseMatrix, type Matrix, type QuantisedMatrix } from "./fasttext-matrix.ts";
import { type LabelTree, labelTree, MAX_LABEL_COUNT } from "./label-tree.ts";

export interface FastTextModel {
  /** Where it was read from, for messages. */
  readonly file: string;
  readonly loss: Loss;
  /** Numbers in a word's vector. */
  readonly columns: number;
  /** Longest run of words that has a vector of its own; 1 = single words. */
  readonly wordNgrams: number;
  /** Shortest and longest run of characters within a word that has a vector; none where maxChars is 0. */
  readonly minChars: number;
  readonly maxChars: number;
  /** n-grams are hashed into this many buckets. */
  readonly buckets: number;
  readonly dictionary: Dictionary;
  /** How it was trained, as far as its file remembers; prediction needs nothing of it. */
  readonly training: TrainingRecord;
  /** Which buckets have a row, for models whose n-grams were pruned; null where every bucket has one. */
  readonly keptBuckets: KeptBuckets | null;
  readonly input: Matrix;
  readonly output: Matrix;
  /** For hierarchical softmax, else null. */
  readonly tree: LabelTree | null;
  /** Without `__label__`, in the order of the output rows. */
  readonly labels: readonly string[];
}

export type Loss = "hierarchical-softmax" | "negative-sampling" | "softmax" | "one-vs-all";

/** Words, then labels: entry i is `bytes[starts[i] … starts[i + 1])`, and was seen `counts[i]` times in training. */
export interface Dictionary {
  readonly wordCount: number;
  readonly labelCount: number;
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly counts: Float64Array;
  /** Words, labels and line ends of the training text, those without an entry included. */
  readonly tokenCount: number;
}

export interface TrainingRecord {
  readonly epochs: number;
  readonly minCount: number;
  readonly negatives: number;
  /** The learning rate is set anew after this many tokens. */
  readonly rateUpdateTokens: number;
  /** For word vectors only. */
  readonly window: number;
  readonly samplingThreshold: number;
}

/** Bucket `buckets[i]` has the input row `wordCount + rows[i]`. */
export interface KeptBuckets {
  readonly buckets: Int32Array;
  readonly rows: Int32Array;
}

export const LABEL_PREFIX = "__label__";

export const MAGIC = 793712314;
const OLDEST_VERSION = 11;
export const NEWEST_VERSION = 12;
/** The kind of model that is a classifier. */
export const SUPERVISED = 3;
export const LOSSES: Readonly<Record<number, Loss>> = {
  1: "hierarchical-softmax",
  2: "negative-sampling",
  3: "softmax",
  4: "one-vs-all",
};

// No published model comes near these; a damaged one would make a page cost its square.
export const MAX_WORD_NGRAMS = 64;
export const MAX_CHARS = 64;
// Trained weights are a few units. Below this, no sum or product in a prediction leaves single precision.
export const MAX_WEIGHT = 2 ** 20;
const SMALLEST_ENTRY_BYTES = 10;
const KEPT_PAIR_BYTES = 8;

/** Reads a model from a file, however large. Raises RecipeError where there is none, FormatError where it is damaged. */
export function loadFastTextModel(path: string): FastTextModel {
  const descriptor = openModel(path);
  try {
    const bytes = fstatSync(descriptor).size;
    return parse(new Cursor(path, bytes, (target, offset) => readSync(descriptor, target, { position: offset })));
  } finally {
    closeSync(descriptor);
  }
}

function openModel(path: string): number {
  try {
    const descriptor = openSync(path, "r");
    const found = fstatSync(descriptor);
    if (found.isFile()) return descriptor;
    closeSync(descriptor);
    const kind = found.isDirectory() ? "folder" : "device or pipe";
    throw new RecipeError(`${path}: found a ${kind}, expected a fastText model, .bin or .ftz`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
  }
  throw new RecipeError(`${path}: no such file (expected a fastText model, .bin or .ftz)`);
}

/** Reads a model from bytes; `file` names it in errors. */
export function readFastTextModel(bytes: Uint8Array, file: string): FastTextModel {
  const read = (target: Uint8Array, offset: number): number => {
    const part = bytes.subarray(offset, offset + target.length);
    target.set(part);
    return part.length;
  };
  return parse(new Cursor(file, bytes.length, read));
}

function parse(cursor: Cursor): FastTextModel {
  const args = readArgs(cursor);
  const { dictionary, keptBuckets } = readDictionary(cursor);

  const inputAt = cursor.offset;
  const quantised = cursor.flag("input matrix's quantised flag");
  const input = readMatrix(cursor, "input", quantised);
  const inputRows = dictionary.wordCount + ngramRowCount(args, keptBuckets);
  if (input.rows < inputRows) cursor.fail("input rows", `${input.rows}`, `${inputRows} or more`, inputAt);
  if (input.columns !== args.columns) cursor.fail("input columns", `${input.columns}`, `${args.columns}`, inputAt);
  if (keptBuckets !== null && !quantised) {
    cursor.fail(
      "input matrix",
      "dense, with pruned n-grams",
      "quantised (an early .ftz: fetch the model anew)",
      inputAt,
    );
  }

  const outputAt = cursor.offset;
  // The flag counts only where the input is quantised too.
  const output = readMatrix(cursor, "output", cursor.flag("output matrix's quantised flag") && quantised);
  const { labelCount } = dictionary;
  if (output.rows !== labelCount) cursor.fail("output rows", `${output.rows}`, `${labelCount} (labels)`, outputAt);
  if (output.columns !== args.columns) cursor.fail("output columns", `${output.columns}`, `${args.columns}`, outputAt);

  const tree = args.loss === "hierarchical-softmax" ? labelTree(dictionary) : null;
  return { file: cursor.file, ...args, dictionary, keptBuckets, input, output, tree, labels: labelNames(dictionary) };
}

/** Byte offsets of the fields that are checked after they have been passed. */
const Header = {
  magic: 0,
  version: 4,
  columns: 8,
  wordNgrams: 28,
  loss: 32,
  model: 36,
  buckets: 40,
  maxChars: 48,
} as const;

function readArgs(cursor: Cursor) {
  const magic = cursor.i32("magic number");
  if (magic !== MAGIC) cursor.fail("magic number", String(magic), `${MAGIC} (a fastText model)`, Header.magic);
  const version = cursor.i32("format version");
  if (version < OLDEST_VERSION || version > NEWEST_VERSION) {
    cursor.fail("format version", String(version), `${OLDEST_VERSION} or ${NEWEST_VERSION}`, Header.version);
  }
  const columns = cursor.i32("vector size");
  if (columns < 1) cursor.fail("vector size", String(columns), "at least 1", Header.columns);
  const window = cursor.i32("window");
  const epochs = cursor.i32("epochs");
  const minCount = cursor.i32("least count");
  const negatives = cursor.i32("negative samples");
  const wordNgrams = cursor.i32("longest word n-gram");
  const lossCode = cursor.i32("loss");
  const modelCode = cursor.i32("kind of model");
  const buckets = cursor.i32("n-gram buckets");
  const minChars = cursor.i32("shortest character n-gram");
  const maxChars = cursor.i32("longest character n-gram");
  const rateUpdateTokens = cursor.i32("learning-rate update rate");
  const samplingThreshold = cursor.f64("sampling threshold");
  if (wordNgrams > MAX_WORD_NGRAMS) {
    cursor.fail("longest word n-gram", String(wordNgrams), `at most ${MAX_WORD_NGRAMS}`, Header.wordNgrams);
  }
  if (maxChars > MAX_CHARS) {
    cursor.fail("longest character n-gram", String(maxChars), `at most ${MAX_CHARS}`, Header.maxChars);
  }
  const loss = LOSSES[lossCode] ?? cursor.fail("loss", String(lossCode), "1 to 4", Header.loss);
  if (buckets < 1 && usesBuckets({ maxChars, wordNgrams })) {
    cursor.fail("n-gram buckets", String(buckets), "at least 1", Header.buckets);
  }
  if (modelCode !== SUPERVISED) {
    cursor.fail("kind of model", String(modelCode), `${SUPERVISED} (a classifier, not word vectors)`, Header.model);
  }
  return {
    loss,
    columns,
    wordNgrams: Math.max(1, wordNgrams),
    minChars,
    // Version 11 wrote a length here, but its classifiers were trained without character n-grams.
    maxChars: version === OLDEST_VERSION ? 0 : Math.max(0, maxChars),
    buckets,
    training: { epochs, minCount, negatives, rateUpdateTokens, window, samplingThreshold },
  };
}

function readDictionary(cursor: Cursor) {
  const at = cursor.offset;
  const entryCount = cursor.i32("dictionary entries");
  const wordCount = cursor.i32("words");
  const labelCount = cursor.i32("labels");
  if (wordCount < 0 || labelCount < 1 || wordCount + labelCount !== entryCount) {
    const found = `${wordCount} words + ${labelCount} labels, ${entryCount} entries`;
    cursor.fail("dictionary", found, "words and at least one label, adding up", at);
  }
  const tokenCount = cursor.i64("token count");
  const prunedCount = cursor.i64("pruned n-grams");
  cursor.claim(entryCount, SMALLEST_ENTRY_BYTES, "dictionary entries");

  const starts = new Uint32Array(entryCount + 1);
  const counts = new Float64Array(entryCount);
  const bytes = new GrowingBytes(entryCount * 8);
  let labelTotal = 0;
  for (let entry = 0; entry < entryCount; entry++) {
    starts[entry] = bytes.length;
    const entryAt = cursor.offset;
    for (let byte = cursor.u8("entry"); byte !== 0; byte = cursor.u8("entry")) bytes.push(byte);
    const count = cursor.i64("entry's count");
    const kind = cursor.u8("entry's kind");
    if (kind !== (entry < wordCount ? 0 : 1)) {
      cursor.fail(`kind of entry ${entry}`, String(kind), entry < wordCount ? "0, a word" : "1, a label", entryAt);
    }
    counts[entry] = count;
    if (kind === 0) continue;
    labelTotal += count;
    if (count < 0 || labelTotal >= MAX_LABEL_COUNT) {
      cursor.fail(`count of entry ${entry}`, String(count), `0 to ${MAX_LABEL_COUNT}`, entryAt);
    }
  }
  starts[entryCount] = bytes.length;
  const dictionary: Dictionary = { wordCount, labelCount, bytes: bytes.take(), starts, counts, tokenCount };
  return { dictionary, keptBuckets: readKeptBuckets(cursor, prunedCount) };
}

function readKeptBuckets(cursor: Cursor, count: number): KeptBuckets | null {
  if (count === -1) return null;
  if (count < 0) cursor.fail("pruned n-grams", String(count), "-1 (not pruned) or a count");
  cursor.claim(count, KEPT_PAIR_BYTES, "pruned n-grams");
  const buckets = new Int32Array(count);
  const rows = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    buckets[i] = cursor.i32("pruned n-gram");
    const row = cursor.i32("pruned n-gram's row");
    if (row < 0) cursor.fail("pruned n-gram's row", String(row), "0 or more", cursor.offset - 4);
    rows[i] = row;
  }
  return { buckets, rows };
}

/** Input rows that n-grams may ask for. */
function ngramRowCount(args: ReturnType<typeof readArgs>, kept: KeptBuckets | null): number {
  if (kept !== null) return kept.rows.reduce((most, row) => Math.max(most, row + 1), 0);
  return usesBuckets(args) ? args.buckets : 0;
}

/** Whether a model has rows for n-grams. */
export function usesBuckets({
  maxChars,
  wordNgrams,
}: {
  readonly maxChars: number;
  readonly wordNgrams: number;
}): boolean {
  return maxChars > 0 || wordNgrams > 1;
}

function readMatrix(cursor: Cursor, name: string, quantised: boolean): Matrix {
  return quantised ? readQuantised(cursor, name) : readDense(cursor, name);
}

function readShape(cursor: Cursor, name: string): { rows: number; columns: number } {
  const at = cursor.offset;
  const rows = cursor.i64(`${name} rows`);
  const columns = cursor.i64(`${name} columns`);
  if (rows < 0 || columns < 1) cursor.fail(`${name} matrix`, `${rows} × ${columns}`, "a size above zero", at);
  return { rows, columns };
}

function readDense(cursor: Cursor, name: string): DenseMatrix {
  const { rows, columns } = readShape(cursor, name);
  return { kind: "dense", rows, columns, weights: cursor.weights(rows * columns, `${name} matrix`) };
}

function readQuantised(cursor: Cursor, name: string): QuantisedMatrix {
  const hasNorms = cursor.flag(`${name} matrix's norm flag`);
  const { rows, columns } = readShape(cursor, name);
  const codesAt = cursor.offset;
  const codeBytes = cursor.i32(`${name} codes`);
  const codes = cursor.bytes(Math.max(0, codeBytes), `${name} codes`);
  const quantiser = readQuantiser(cursor, name, columns);
  if (codeBytes !== rows * quantiser.parts) {
    cursor.fail(`${name} codes`, `${codeBytes} B`, `${rows} rows × ${quantiser.parts} parts`, codesAt);
  }
  const normCodes = hasNorms ? cursor.bytes(rows, `${name} norms`) : null;
  const norms = hasNorms ? readQuantiser(cursor, `${name} norms`, 1).centroids : null;
  return { kind: "quantised", rows, columns, codes, ...quantiser, normCodes, norms };
}

function readQuantiser(cursor: Cursor, name: string, expectedColumns: number) {
  const at = cursor.offset;
  const columns = cursor.i32(`${name} quantiser`);
  const parts = cursor.i32(`${name} quantiser`);
  const partColumns = cursor.i32(`${name} quantiser`);
  const lastColumns = cursor.i32(`${name} quantiser`);
  const fits =
    columns === expectedColumns &&
    partColumns >= 1 &&
    parts === Math.ceil(columns / partColumns) &&
    lastColumns === columns - (parts - 1) * partColumns;
  if (!fits) {
    const found = `${parts} parts of ${partColumns} and ${lastColumns} last for ${columns} columns`;
    cursor.fail(`${name} quantiser`, found, `parts that make ${expectedColumns} columns`, at);
  }
  return { parts, partColumns, centroids: cursor.weights(columns * CENTROIDS, `${name} centroids`) };
}

/** The labels as a model gives them. */
export function labelNames({ wordCount, labelCount, bytes, starts }: Dictionary): string[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return Array.from({ length: labelCount }, (_, label) => {
    const entry = wordCount + label;
    const name = decoder.decode(bytes.subarray(starts[entry], starts[entry + 1]));
    return name.startsWith(LABEL_PREFIX) ? name.slice(LABEL_PREFIX.length) : name;
  });
}

/** Bytes appended one at a time. */
class GrowingBytes {
  length = 0;
  #bytes: Uint8Array;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(16, capacity));
  }

  push(byte: number): void {
    if (this.length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.length++] = byte;
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}

/** Fills as much of `target` as there is at `offset`, and says how many bytes that was. */
type ReadAt = (target: Uint8Array, offset: number) => number;

const WINDOW_BYTES = 1 << 16;
// One read of the operating system takes less than 2 GiB.
const LARGEST_READ_BYTES = 1 << 30;

/** Reads a file's fields in order, through a small window; large arrays go straight to where they stay. */
class Cursor {
  readonly file: string;
  readonly #totalBytes: number;
  readonly #readAt: ReadAt;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  readonly #view = new DataView(this.#window.buffer);
  #windowStart = 0;
  #windowBytes = 0;
  #offset = 0;

  constructor(file: string, totalBytes: number, readAt: ReadAt) {
    this.file = file;
    this.#totalBytes = totalBytes;
    this.#readAt = readAt;
  }

  get offset(): number {
    return this.#offset;
  }

  fail(what: string, found: string, expected: string, offset = this.#offset): never {
    throw new FormatError(`${this.file} @ ${offset}: ${what} is ${found}, expected ${expected}`);
  }

  /** Refuses to go on unless `count` things of `bytesEach` can follow. */
  claim(count: number, bytesEach: number, what: string): void {
    const left = this.#totalBytes - this.#offset;
    if (count * bytesEach <= left) return;
    const needed = `${count * bytesEach} B of ${what}`;
    throw new FormatError(`${this.file} @ ${this.#offset}: expected ${needed}, the file ends after ${left} B`);
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#take(1, what));
  }

  flag(what: string): boolean {
    const value = this.u8(what);
    if (value > 1) this.fail(what, String(value), "0 or 1", this.#offset - 1);
    return value === 1;
  }

  i32(what: string): number {
    return this.#view.getInt32(this.#take(4, what), true);
  }

  /** Exact up to 2^53, and near enough beyond to be refused. */
  i64(what: string): number {
    const at = this.#take(8, what);
    return this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  f64(what: string): number {
    return this.#view.getFloat64(this.#take(8, what), true);
  }

  bytes(count: number, what: string): Uint8Array {
    this.claim(count, 1, what);
    const target = new Uint8Array(count);
    this.#fill(target, what);
    return target;
  }

  weights(count: number, what: string): Float32Array {
    this.claim(count, Float32Array.BYTES_PER_ELEMENT, what);
    const at = this.#offset;
    const weights = new Float32Array(count);
    this.#fill(new Uint8Array(weights.buffer), what);
    for (let i = 0; i < count; i++) {
      // The comparison is also false for what is not a number.
      if (Math.abs(weights[i]!) <= MAX_WEIGHT) continue;
      this.fail(`a weight of ${what}`, String(weights[i]), `between ±${MAX_WEIGHT}`, at + i * 4);
    }
    return weights;
  }

  /** Moves past the next `byteCount` bytes; they lie in the window at the returned place. */
  #take(byteCount: number, what: string): number {
    const end = this.#offset + byteCount;
    if (end > this.#windowStart + this.#windowBytes || this.#offset < this.#windowStart) {
      this.claim(byteCount, 1, what);
      this.#windowStart = this.#offset;
      this.#windowBytes = this.#readAt(this.#window, this.#offset);
      if (this.#windowBytes < byteCount) this.#endedEarly(what);
    }
    const at = this.#offset - this.#windowStart;
    this.#offset = end;
    return at;
  }

  #fill(target: Uint8Array, what: string): void {
    for (let done = 0; done < target.length; ) {
      const read = this.#readAt(target.subarray(done, done + LARGEST_READ_BYTES), this.#offset);
      if (read === 0) this.#endedEarly(what);
      done += read;
      this.#offset += read;
    }
  }

  #endedEarly(what: string): never {
    throw new FormatError(
      `${this.file} @ ${this.#offset}: the file ended within ${what}: it was changed while being read`,
    );
  }
}
