/** What packing moves about: the tokens of a document, or a part of them. */
import { endianness } from "node:os";
import { packTokens, type TokenArray } from "../../pipeline/shard.ts";

export interface DocumentSpan {
  /** The document's number, from 0, in the order in which the source holds them. */
  readonly document: number;
  /** Where in its document the span begins, in tokens. */
  readonly start: number;
  /** In tokens. */
  readonly length: number;
  /** Tokens of the whole document, end-of-text included. */
  readonly documentLength: number;
  /** The part [start, end) of this span. It holds no more memory than it needs. */
  slice(start: number, end: number): DocumentSpan;
  copyTo(row: TokenArray, at: number): void;
}

const IS_LITTLE_ENDIAN = endianness() === "LE";

/** Tokens as they lie in a file: the same memory where the machine lays them out so, else a copy. */
export function bytesOfTokens(tokens: TokenArray): Uint8Array {
  return IS_LITTLE_ENDIAN
    ? new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength)
    : packTokens(tokens, tokens instanceof Uint16Array ? 2 : 4);
}

/** A span whose tokens are in memory. */
export class MemorySpan implements DocumentSpan {
  readonly document: number;
  readonly start: number;
  readonly documentLength: number;
  readonly #tokens: TokenArray;

  constructor(document: number, tokens: TokenArray, start = 0, documentLength = tokens.length) {
    this.document = document;
    this.start = start;
    this.documentLength = documentLength;
    this.#tokens = tokens;
  }

  get length(): number {
    return this.#tokens.length;
  }

  /** Lent. */
  viewTokens(): TokenArray {
    return this.#tokens;
  }

  slice(start: number, end: number): MemorySpan {
    // A copy: a view would keep the whole document in memory for as long as its rest waits to be packed.
    return new MemorySpan(this.document, this.#tokens.slice(start, end), this.start + start, this.documentLength);
  }

  copyTo(row: TokenArray, at: number): void {
    row.set(this.#tokens, at);
  }
}
