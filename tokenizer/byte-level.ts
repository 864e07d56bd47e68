import { FormatError } from "../pipeline/errors.ts";
import type { Tokenizer } from "../pipeline/tokenizer.ts";
import { PairMerger } from "./bpe-fast.ts";
import { PieceCache } from "./piece-cache.ts";
import { PieceCutter } from "./pretokenize.ts";
import { END_OF_TEXT, type Ranks, ranksOf, type Vocabulary, vocabularyDigest } from "./vocabulary.ts";

/** Pieces a generation of the cache holds: some 100 bytes each, so both generations stay below 25 MB. */
const CACHED_PIECES = 100_000;
/** Longer pieces are rare and do not come again. */
const MAX_CACHED_UNITS = 48;
/** UTF-8 needs at most three bytes for a UTF-16 unit. */
const UTF8_BYTES_PER_UNIT = 3;
/** Scratch space that a single large page made is given back above this many bytes. */
const KEPT_SCRATCH_BYTES = 1 << 22;

/**
 * A byte-level BPE tokenizer:
 *
 *     text ─ pattern ─▶ pieces ─ cache? ─▶ ids
 *                          └─ UTF-8 bytes ─ a token as it is, or merges ─▶ ids ─▶ cache
 */
export class ByteLevelTokenizer implements Tokenizer {
  readonly name: string;
  readonly vocabSize: number;
  readonly endOfText?: number;
  readonly digest: string;
  readonly special: ReadonlyMap<string, number>;

  readonly #vocabulary: Vocabulary;
  readonly #ranks: Ranks;
  readonly #cutter: PieceCutter;
  readonly #merger: PairMerger;
  readonly #cache = new PieceCache(CACHED_PIECES);
  readonly #utf8 = new TextEncoder();
  #pieceBytes = Buffer.alloc(256);
  #out = new Uint32Array(1024);

  constructor(vocabulary: Vocabulary) {
    this.name = vocabulary.name;
    this.vocabSize = vocabulary.size;
    this.special = vocabulary.special;
    const endOfText = vocabulary.special.get(END_OF_TEXT);
    if (endOfText !== undefined) this.endOfText = endOfText;
    this.digest = vocabularyDigest(vocabulary);
    this.#vocabulary = vocabulary;
    this.#ranks = ranksOf(vocabulary);
    this.#cutter = new PieceCutter(vocabulary.pattern);
    this.#merger = new PairMerger(this.#ranks);
  }

  encode(text: string): Uint32Array {
    const count = this.#encodeInto(text, 0);
    const ids = this.#out.slice(0, count);
    this.#trimScratch();
    return ids;
  }

  /**
   * Ids of a text in which special tokens stand for themselves: all of them, or those named. Where two begin at the
   * same place, the longer wins. Text that others wrote belongs in `encode`.
   */
  encodeWithSpecial(text: string, allowed: "all" | Iterable<string> = "all"): Uint32Array {
    const names = allowed === "all" ? [...this.special.keys()] : [...allowed];
    for (const name of names) {
      if (!this.special.has(name)) throw new RangeError(`${this.name}: ${JSON.stringify(name)} is no special token`);
    }
    if (names.length === 0) return this.encode(text);
    names.sort((a, b) => b.length - a.length);
    const anySpecial = new RegExp(names.map(escapeRegExp).join("|"), "g");
    let count = 0;
    let start = 0;
    for (const { 0: name, index } of text.matchAll(anySpecial)) {
      count = this.#encodeInto(text.slice(start, index), count);
      this.#reserve(count, 1);
      this.#out[count++] = this.special.get(name)!;
      start = index + name.length;
    }
    count = this.#encodeInto(text.slice(start), count);
    return this.#out.slice(0, count);
  }

  encodeBytes(utf8: Uint8Array): Uint32Array {
    return this.encode(new TextDecoder().decode(utf8));
  }

  /** Ids of bytes that need not be UTF-8, taken as a single piece. */
  encodePiece(bytes: Uint8Array): Uint32Array {
    this.#reserve(0, bytes.length);
    return this.#out.slice(0, this.#encodeBytes(bytes, bytes.length, 0));
  }

  decode(ids: ArrayLike<number>): Uint8Array {
    const { bytes, starts, size } = this.#vocabulary;
    let length = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      const tokenBytes = id >= 0 && id < size ? starts[id + 1]! - starts[id]! : 0;
      if (!(tokenBytes > 0)) {
        throw new FormatError(`${this.name}: id ${id} at position ${i} is no token (ids go from 0 to ${size - 1})`);
      }
      length += tokenBytes;
    }
    const text = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < ids.length; i++) {
      const end = starts[ids[i]! + 1]!;
      for (let from = starts[ids[i]!]!; from < end; from++) text[at++] = bytes[from]!;
    }
    return text;
  }

  /** Writes the ids of `text` to `#out` from `at` on; returns the place after the last. */
  #encodeInto(text: string, at: number): number {
    const wellFormed = text.toWellFormed();
    const cutter = this.#cutter;
    const cache = this.#cache;
    let count = at;
    for (let start = 0; start < wellFormed.length; ) {
      const end = cutter.endOfPiece(wellFormed, start);
      const piece = wellFormed.slice(start, end);
      start = end;
      const ids = cache.get(piece);
      if (ids === undefined) {
        count = this.#encodeMiss(piece, count);
      } else if (typeof ids === "number") {
        if (count === this.#out.length) this.#reserve(count, 1);
        this.#out[count++] = ids;
      } else {
        this.#reserve(count, ids.length);
        for (let i = 0; i < ids.length; i++) this.#out[count++] = ids[i]!;
      }
    }
    return count;
  }

  #encodeMiss(piece: string, at: number): number {
    const maxBytes = UTF8_BYTES_PER_UNIT * piece.length;
    if (this.#pieceBytes.length < maxBytes) this.#pieceBytes = Buffer.alloc(maxBytes);
    const length = this.#utf8.encodeInto(piece, this.#pieceBytes).written;
    this.#reserve(at, length);
    const end = this.#encodeBytes(this.#pieceBytes, length, at);
    if (piece.length <= MAX_CACHED_UNITS) {
      this.#cache.set(piece, end - at === 1 ? this.#out[at]! : this.#out.slice(at, end));
    }
    return end;
  }

  #encodeBytes(piece: Uint8Array, length: number, at: number): number {
    // tiktoken takes a piece that is a token without merging. In its vocabularies merges would come to the same token;
    // in some others (Qwen) they would not.
    const whole = this.#ranks.rankOf.get(Buffer.from(piece.buffer, piece.byteOffset, length).toString("latin1"));
    if (whole === undefined) return this.#merger.mergeInto(piece, length, this.#out, at);
    this.#out[at] = whole;
    return at + 1;
  }

  /** Makes room for `more` ids after the first `count`. */
  #reserve(count: number, more: number): void {
    if (count + more <= this.#out.length) return;
    const larger = new Uint32Array(Math.max(2 * this.#out.length, count + more));
    larger.set(this.#out.subarray(0, count));
    this.#out = larger;
  }

  #trimScratch(): void {
    if (this.#out.byteLength > KEPT_SCRATCH_BYTES) this.#out = new Uint32Array(1024);
    if (this.#pieceBytes.length > KEPT_SCRATCH_BYTES) this.#pieceBytes = Buffer.alloc(256);
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
