/**
 * The encoding kernel: byte-level BPE compiled to WebAssembly (assembly/), one instance a tokenizer and thread. Bytes go in,
 * ids come out; `PieceCutter` (../pretokenize.ts) and `pieceEncoder` (../bpe.ts) say what it computes.
 */

import { FormatError } from "../../pipeline/errors.ts";
import { compileWasm, WASM_MOST_PAGES, WASM_PAGE_BYTES } from "../../pipeline/wasm.ts";
import { type PatternName, WINDOW_BYTES } from "../pretokenize.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { UNICODE_CLASSES } from "./unicode-classes.ts";

/** What index.ts exports. Addresses and sizes in bytes. */
interface Exports
  extends Record<`encode_${PatternName}`, (from: number, to: number, isLast: number, at: number) => number>,
    Record<`scan_${PatternName}` | `count_${PatternName}`, (from: number, to: number, isLast: number) => number> {
  prepare(pairSlots: number, ranks: number, vocabularyBytes: number): number;
  classesAddress(): number;
  vocabularyAddress(): number;
  inputAddress(): number;
  outputAddress(): number;
  arenaAddress(): number;
  inputBytes(): number;
  buildFromRanks(starts: number, order: number, count: number, pairSlots: number): number;
  unreachableTokens(starts: number, order: number, count: number): number;
  beginMerges(pairSlots: number): void;
  addMerge(starts: number, left: number, right: number, rank: number): number;
  beginDictionary(arenaLimit: number, tokens: number): void;
  addTokens(starts: number, order: number, count: number, onlyReachable: number): number;
  finishDictionary(mergesMakeAll: number): void;
  hasRoom(): number;
  dictionaryEnd(): number;
  encodePieces(ends: number, count: number): number;
  consumed(): number;
  dictionarySize(): number;
  knownPieces(): number;
}

/** Ids and ranks take 21 bits of a pair's entry. */
const MAX_IDS = 1 << 21;
/** Room for pieces that are counted: some 400,000 of them. What is not touched costs nothing. */
const COUNTING_BYTES = 24 << 20;
/** Room for ids that are written in steps of 16 bytes, in ids. */
const OUTPUT_SLACK = 64;
/** Of the dictionary's records: their length, and that of the longest piece whose bytes are in its key. */
const RECORD_BYTES = 32;
const LONGEST_KEY = 15;
const CODE_POINTS = 0x11_0000;
const CLASS_BITS = 3;

let compiled: WebAssembly.Module | undefined;

export class Kernel {
  /** Where input is written; `encode` takes it from its beginning. */
  readonly input: Uint8Array;
  /** Where ids are found until the next call. */
  readonly ids: Uint32Array;
  readonly #wasm: Exports;
  readonly #arenaLimit: number;

  /** Raises FormatError where two ids have the same bytes, or a merge makes no token. */
  constructor(vocabulary: Vocabulary) {
    const { bytes, starts, size, merges } = vocabulary;
    const ids = ordinaryIds(vocabulary);
    const mergeCount = merges === undefined ? 0 : merges.length / 2;
    if (size > MAX_IDS || mergeCount > MAX_IDS) {
      throw new FormatError(
        `vocabulary ${vocabulary.name}: ${size} ids and ${mergeCount} merges, at most ${MAX_IDS} fit`,
      );
    }
    const longest = ids.at(-1);
    const longestBytes = longest === undefined ? 0 : starts[longest + 1]! - starts[longest]!;
    if (longestBytes > WINDOW_BYTES) {
      throw new FormatError(
        `vocabulary ${vocabulary.name}: token ${longest} has ${longestBytes} bytes, at most ${WINDOW_BYTES} can be a piece`,
      );
    }
    compiled ??= compileWasm(new URL("kernel.wasm", import.meta.url));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: WASM_MOST_PAGES });
    const wasm = new WebAssembly.Instance(compiled, { env: { memory } }).exports as Exports;
    this.#wasm = wasm;

    // At most four in five are taken: what is not in the table is mostly known without a look at it (merges.ts).
    const pairSlots = 2 ** Math.ceil(Math.log2(1.25 * Math.max(ids.length, mergeCount, 1)));
    const startsAt = roundUp(bytes.length, 16);
    const orderAt = startsAt + roundUp(4 * starts.length, 16);
    const vocabularyBytes = orderAt + 4 * ids.length;
    const pages = wasm.prepare(pairSlots, mergeCount, vocabularyBytes);
    // A token's record takes 32 bytes, and its own length again where it is long.
    const arenaBytes = Math.max(48 * ids.length + 2 * bytes.length, COUNTING_BYTES);
    memory.grow(pages + Math.ceil(arenaBytes / WASM_PAGE_BYTES));

    const { buffer } = memory;
    const at = wasm.vocabularyAddress();
    new Uint8Array(buffer).set(bytes, at);
    new Uint32Array(buffer, at + startsAt).set(starts);
    new Uint32Array(buffer, at + orderAt).set(ids);
    fillClasses(new Uint8Array(buffer, wasm.classesAddress(), CODE_POINTS));
    this.input = new Uint8Array(buffer, wasm.inputAddress(), wasm.inputBytes());
    this.ids = new Uint32Array(buffer, wasm.outputAddress(), wasm.inputBytes() + OUTPUT_SLACK);
    this.#arenaLimit = wasm.arenaAddress() + arenaBytes;
    this.#build(vocabulary, at + startsAt, at + orderAt, ids.length, pairSlots, this.#arenaLimit);
  }

  #build(
    vocabulary: Vocabulary,
    starts: number,
    order: number,
    count: number,
    pairSlots: number,
    arenaLimit: number,
  ): void {
    const wasm = this.#wasm;
    const { name, merges, wholePieces } = vocabulary;
    wasm.beginDictionary(arenaLimit, count);
    let unreachable = merges === undefined ? wasm.buildFromRanks(starts, order, count, pairSlots) : 0;
    // In order of id, which is nearly that of frequency: what is asked for often lies close together.
    new Uint32Array(this.input.buffer, order, count).sort();
    const duplicate = wasm.addTokens(starts, order, count, 0);
    if (duplicate >= 0) throw new FormatError(`vocabulary ${name}: token ${duplicate} has the bytes of another token`);
    if (merges !== undefined) {
      wasm.beginMerges(pairSlots);
      for (let rank = 0; 2 * rank < merges.length; rank++) {
        const left = merges[2 * rank]!;
        const right = merges[2 * rank + 1]!;
        const areTokens = left < vocabulary.size && right < vocabulary.size;
        if (!areTokens || wasm.addMerge(starts, left, right, rank) < 0) {
          throw new FormatError(`vocabulary ${name}: merge ${rank} joins ${left} and ${right} to what is no token`);
        }
      }
      unreachable = wasm.unreachableTokens(starts, order, count);
      if (unreachable > 0 && !wholePieces) {
        wasm.beginDictionary(arenaLimit, count);
        wasm.addTokens(starts, order, count, 1);
      }
    }
    wasm.finishDictionary(Number(unreachable === 0 || !wholePieces));
  }

  /**
   * Ids of input from byte `from` on, not all at once: `consumed` tells how far they go. Bytes up to `to` are there; where the
   * text goes on behind them (`isLast` is false), the last ones are left for a call that sees more. The ids are put behind the
   * `at` first ones of `ids`; returns how many there are then. Input never makes more of them than `ids` holds.
   */
  encode(pattern: PatternName, from: number, to: number, isLast: boolean, at: number): number {
    return this.#wasm[`encode_${pattern}`](from, to, Number(isLast), at);
  }

  /** Ends of pieces (places in `input`) that `pattern` cuts; otherwise like `encode`. The result is overwritten by the next call. */
  scan(pattern: PatternName, from: number, to: number, isLast: boolean): Uint32Array {
    return this.ids.subarray(0, this.#wasm[`scan_${pattern}`](from, to, Number(isLast)));
  }

  /** Ids of pieces that lie behind one another in `input` and end at `ends`. Returns how many `ids` there are. */
  encodePieces(ends: Uint32Array): number {
    // A piece has at least as many bytes as ids: with the slack, ids written from the front never reach ends that are still
    // to be read.
    const from = this.ids.length - ends.length;
    this.ids.set(ends, from);
    return this.#wasm.encodePieces(this.ids.byteOffset + 4 * from, ends.length);
  }

  /** Forgets all pieces, to count those that come. From here on the kernel cannot encode. */
  beginCounts(): void {
    this.#wasm.beginDictionary(this.#arenaLimit, 0);
  }

  /** Whether `count` may be called. If not, what was counted has to be taken, and counting begun anew. */
  get hasRoomForCounts(): boolean {
    return this.#wasm.hasRoom() !== 0;
  }

  /** Counts pieces; otherwise like `encode`. Returns how many it was through with. */
  count(pattern: PatternName, from: number, to: number, isLast: boolean): number {
    return this.#wasm[`count_${pattern}`](from, to, Number(isLast));
  }

  /** What was counted: the distinct pieces one after the other in the order of their first occurrence, and how often each came. */
  counts(): { bytes: Uint8Array; starts: Uint32Array; counts: Float64Array } {
    const from = this.#wasm.arenaAddress();
    const size = this.#wasm.dictionarySize();
    const memory = new Uint8Array(this.input.buffer, from, this.#wasm.dictionaryEnd() - from);
    const words = new Uint32Array(this.input.buffer, from, memory.length / 4);
    const bytes = new Uint8Array(memory.length);
    const starts = new Uint32Array(size + 1);
    const counts = new Float64Array(size);
    for (let i = 0, at = 0, end = 0; i < size; i++) {
      // The layout is told in assembly/dictionary.ts.
      const length = words[at / 4 + 6]!;
      const isLong = length > LONGEST_KEY;
      const text = isLong ? at + RECORD_BYTES : at;
      if (isLong) bytes.set(memory.subarray(text, text + length), end);
      else for (let k = 0; k < length; k++) bytes[end + k] = memory[text + k]!;
      end += length;
      starts[i + 1] = end;
      counts[i] = words[at / 4 + 4]! + 2 ** 32 * words[at / 4 + 5]!;
      at += RECORD_BYTES + (isLong ? roundUp(length, 16) : 0);
    }
    return { bytes: bytes.subarray(0, starts[size]), starts, counts };
  }

  /** Place in `input` where the last call stopped. */
  get consumed(): number {
    return this.#wasm.consumed();
  }

  /** Number of pieces that are remembered. */
  get knownPieces(): number {
    return this.#wasm.knownPieces();
  }
}

function roundUp(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}

/** Ids of tokens that text can become, the shorter first, equals by id. */
function ordinaryIds({ starts, size, special, added = [] }: Vocabulary): Uint32Array {
  const isSpecial = new Set([...special.values(), ...added.map(({ id }) => id)]);
  const byLength: number[][] = [];
  let count = 0;
  for (let id = 0; id < size; id++) {
    const length = starts[id + 1]! - starts[id]!;
    if (length === 0 || isSpecial.has(id)) continue;
    const equals = byLength[length];
    if (equals === undefined) byLength[length] = [id];
    else equals.push(id);
    count++;
  }
  const ids = new Uint32Array(count);
  let at = 0;
  for (const equals of byLength) {
    if (equals === undefined) continue;
    ids.set(equals, at);
    at += equals.length;
  }
  return ids;
}

/** Unpacks the classes of all code points (unicode-classes.ts). */
function fillClasses(classes: Uint8Array): void {
  let codePoint = 0;
  let run = 0;
  let shift = 0;
  for (const byte of Buffer.from(UNICODE_CLASSES, "base64")) {
    run |= (byte & 127) << shift;
    shift += 7;
    if (byte > 127) continue;
    const length = run >>> CLASS_BITS;
    classes.fill(run & 7, codePoint, codePoint + length);
    codePoint += length;
    run = 0;
    shift = 0;
  }
}
