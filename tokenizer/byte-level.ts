import { FormatError, RecipeError } from "../pipeline/errors.ts";
import type { Tokenizer } from "../pipeline/tokenizer.ts";
import { Encoder } from "./encoder.ts";
import { addedTokensOf, type CutBytes, cutStream, endOfTextOf, SpecialScanner, TokenCutter } from "./special.ts";
import { type Vocabulary, vocabularyDigest } from "./vocabulary.ts";

/** A byte-level BPE tokenizer: a vocabulary at work. Holds some 30 MB, most of it pieces that it has met. */
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
  #parts: Uint32Array[] = [];

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
    return this.#gatherIds(() => {
      if (this.#addedCutter !== undefined) this.#encodeCut(this.#addedCutter, text);
      else this.#encodeText(text);
    });
  }

  encodeBytes(utf8: Uint8Array): Uint32Array {
    if (this.#addedCutter !== undefined) return this.encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(utf8));
    return this.#gatherIds(() => {
      this.#encoder.write(utf8, this.#gather);
      this.#encoder.end(this.#gather);
    });
  }

  /** Ids of bytes that need not be UTF-8, taken as a single piece. */
  encodePiece(bytes: Uint8Array): Uint32Array {
    return this.#gatherIds(() => this.#encoder.encodePiece(bytes, this.#gather));
  }

  /**
   * Ids of a text in which special tokens stand for themselves: all of them, or those named. Where two begin at the
   * same place, the longer wins. Text that others wrote belongs in `encode`.
   */
  encodeWithSpecial(text: string, allowed: "all" | Iterable<string> = "all"): Uint32Array {
    const names = this.#specialNames(allowed);
    return this.#gatherIds(() => this.#encodeCut(new TokenCutter(addedTokensOf(this.vocabulary), names), text));
  }

  /**
   * Ids of one text in UTF-8 that arrives in parts, in constant memory; `allowed` special tokens in it stand for themselves.
   * A part of the answer is overwritten when the next one is asked for. Raises RecipeError for a vocabulary whose added
   * tokens have to be sought in whole texts.
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

  #encodeText(text: string): void {
    this.#encoder.writeText(text, this.#gather);
    this.#encoder.end(this.#gather);
  }

  #encodeCut(cutter: TokenCutter, text: string): void {
    for (const part of cutter.cut(text)) {
      if ("id" in part) this.#gather(Uint32Array.of(part.id));
      else this.#encodeText(part.text);
    }
  }

  readonly #gather = (ids: Uint32Array): void => {
    this.#parts.push(ids.slice());
  };

  /** The ids that `encode` gathers, in one array: mostly it gathers them at once. */
  #gatherIds(encode: () => void): Uint32Array {
    this.#parts = [];
    try {
      encode();
      const parts = this.#parts;
      if (parts.length === 1) return parts[0]!;
      const ids = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        ids.set(part, at);
        at += part.length;
      }
      return ids;
    } finally {
      this.#parts = [];
      this.#encoder.reset();
    }
  }
}

async function* asBytes(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<CutBytes> {
  for await (const bytes of chunks) yield { bytes };
}
