import { FormatError, RecipeError } from "../pipeline/errors.ts";
import type { Tokenizer } from "../pipeline/tokenizer.ts";
import { type Emit, Encoder } from "./encoder.ts";
import { addedTokensOf, type CutBytes, cutStream, endOfTextOf, SpecialScanner, TokenCutter } from "./special.ts";
import { utf8Stretches } from "./utf8.ts";
import { type Vocabulary, vocabularyDigest } from "./vocabulary.ts";

/** A byte-level BPE tokenizer: a vocabulary at work. Holds some 30 MB, half of it pieces that it has met. */
export class ByteLevelTokenizer implements Tokenizer {
  readonly name: string;
  readonly vocabSize: number;
  readonly endOfText?: number;
  readonly digest: string;
  readonly special: ReadonlyMap<string, number>;
  readonly vocabulary: Vocabulary;

  readonly #encoder: Encoder;
  /** Cuts at tokens that are found in every text; undefined where there are none. */
  readonly #addedCutter: TokenCutter | undefined;

  constructor(vocabulary: Vocabulary) {
    this.name = vocabulary.name;
    this.vocabSize = vocabulary.size;
    this.special = vocabulary.special;
    const endOfText = endOfTextOf(vocabulary.special);
    if (endOfText !== undefined) this.endOfText = endOfText;
    this.digest = vocabularyDigest(vocabulary);
    this.vocabulary = vocabulary;
    this.#encoder = new Encoder(vocabulary);
    const alwaysFound = vocabulary.added?.some(({ special }) => !special) ?? false;
    this.#addedCutter = alwaysFound ? new TokenCutter(addedTokensOf(vocabulary), new Set()) : undefined;
  }

  encode(text: string): Uint32Array {
    return gatherIds((emit) => this.encodeParts(text, emit));
  }

  /** The same, for those who only look at the ids: nothing is copied. A part is overwritten when the call has returned. */
  encodeParts(text: string, emit: Emit): void {
    if (this.#addedCutter !== undefined) this.#encodeCut(this.#addedCutter, text, emit);
    else this.#encodeText(text, emit);
  }

  encodeBytes(utf8: Uint8Array): Uint32Array {
    const cutter = this.#addedCutter;
    return gatherIds((emit) => {
      if (cutter === undefined) {
        this.#whole(() => {
          this.#encoder.write(utf8, emit);
          this.#encoder.end(emit);
        });
        return;
      }
      this.#encodeCutBytes(cutter, utf8, emit);
    });
  }

  /** Ids of bytes that need not be UTF-8, taken as a single piece. */
  encodePiece(bytes: Uint8Array): Uint32Array {
    return gatherIds((emit) => this.#encoder.encodePiece(bytes, emit));
  }

  /**
   * Ids of a text in which special tokens stand for themselves: all of them, or those named. Where two begin at the
   * same place, the longer wins. Text that others wrote belongs in `encode`.
   */
  encodeWithSpecial(text: string | Uint8Array, allowed: "all" | Iterable<string> = "all"): Uint32Array {
    const names = this.#specialNames(allowed);
    const cutter = new TokenCutter(addedTokensOf(this.vocabulary), names);
    return gatherIds((emit) => {
      if (typeof text === "string") this.#encodeCut(cutter, text, emit);
      else this.#encodeCutBytes(cutter, text, emit);
    });
  }

  /**
   * Ids of one text in UTF-8 that arrives in parts, in constant memory; `allowed` special tokens in it stand for themselves.
   * Raises RecipeError for a vocabulary whose added tokens have to be sought in whole texts.
   */
  async *encodeStream(
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    allowed: "all" | Iterable<string> = [],
  ): AsyncGenerator<Uint32Array> {
    const names = this.#specialNames(allowed);
    if (this.vocabulary.added !== undefined) {
      throw new RecipeError(
        `${this.name}: has added tokens with rules of their own, which can only be found in whole texts; encode documents one by one (--jsonl)`,
      );
    }
    const special = [...this.special].filter(([name]) => names === "all" || names.has(name));
    const parts = special.length === 0 ? asBytes(chunks) : cutStream(chunks, new SpecialScanner(special));
    const encoder = new Encoder(this.vocabulary);
    let ready: Uint32Array[] = [];
    const keep = (ids: Uint32Array): void => void ready.push(ids.slice());
    for await (const part of parts) {
      if ("id" in part) {
        encoder.end(keep);
        keep(Uint32Array.of(part.id));
      } else {
        encoder.write(part.bytes, keep);
      }
      yield* ready;
      ready = [];
    }
    encoder.end(keep);
    yield* ready;
  }

  decode(ids: ArrayLike<number>): Uint8Array {
    const { bytes, starts, size } = this.vocabulary;
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

  #specialNames(allowed: "all" | Iterable<string>): "all" | ReadonlySet<string> {
    if (allowed === "all") return "all";
    const names = new Set(allowed);
    for (const name of names) {
      if (!this.special.has(name)) throw new RangeError(`${this.name}: ${JSON.stringify(name)} is no special token`);
    }
    return names;
  }

  #encodeText(text: string, emit: Emit): void {
    this.#whole(() => {
      this.#encoder.writeText(text, emit);
      this.#encoder.end(emit);
    });
  }

  #encodeCut(cutter: TokenCutter, text: string, emit: Emit): void {
    for (const part of cutter.cut(text)) {
      if ("id" in part) emit(Uint32Array.of(part.id));
      else this.#encodeText(part.text, emit);
    }
  }

  /** Added tokens are sought in text; a byte that is part of no character is a piece of its own. */
  #encodeCutBytes(cutter: TokenCutter, utf8: Uint8Array, emit: Emit): void {
    for (const stretch of utf8Stretches(utf8)) {
      if (typeof stretch === "string") this.#encodeCut(cutter, stretch, emit);
      else this.#encoder.encodePiece(Uint8Array.of(stretch), emit);
    }
  }

  /** Encodes a whole text: what an error leaves of it does not get into the next one. */
  #whole(encode: () => void): void {
    try {
      encode();
    } catch (error) {
      this.#encoder.reset();
      throw error;
    }
  }
}

/** The ids that `encode` hands on, in an array of their own. */
function gatherIds(encode: (emit: Emit) => void): Uint32Array {
  const parts: Uint32Array[] = [];
  encode((ids) => parts.push(ids.slice()));
  if (parts.length === 1) return parts[0]!; // So it is for all but large texts.
  const ids = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    ids.set(part, at);
    at += part.length;
  }
  return ids;
}

async function* asBytes(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<CutBytes> {
  for await (const bytes of chunks) yield { bytes };
}
