/** Ids as text (decimal numbers between spaces) and as binary numbers, both ways, in parts of any size. */
import { FormatError, RecipeError } from "../../errors.ts";
import { packTokens, tokenBytesFor, unpackTokens } from "../../shard.ts";

export const DTYPES = ["u16", "u32"] as const;
export type Dtype = (typeof DTYPES)[number];

const BYTES_OF: Readonly<Record<Dtype, 2 | 4>> = { u16: 2, u32: 4 };

/** The number that ids are stored as. Raises RecipeError for one that cannot hold them all. */
export function dtypeFor(asked: Dtype | undefined, { name, vocabSize }: { name: string; vocabSize: number }): Dtype {
  const fits = tokenBytesFor(vocabSize) === 2;
  if (asked === "u16" && !fits) {
    throw new RecipeError(`--dtype u16: ${name} has ${vocabSize} ids, and u16 holds 65536 at most; choose --dtype u32`);
  }
  return asked ?? (fits ? "u16" : "u32");
}

/** Little-endian. */
export function packIds(ids: Uint32Array, dtype: Dtype): Uint8Array {
  return packTokens(ids, BYTES_OF[dtype]);
}

/** Prints ids as a line of decimal numbers. */
export class IdPrinter {
  /** " 0 1 2 3 …": each id's digits with the space before them. */
  readonly #digits: Buffer;
  readonly #starts: Uint32Array;
  #isLineStart = true;

  constructor(vocabSize: number) {
    const numbers = Array.from({ length: vocabSize }, (_, id) => ` ${id}`);
    this.#digits = Buffer.from(numbers.join(""));
    this.#starts = new Uint32Array(vocabSize + 1);
    for (const [id, { length }] of numbers.entries()) this.#starts[id + 1] = this.#starts[id]! + length;
  }

  /** The text of these ids, which go on the line where those before have left it. */
  print(ids: Uint32Array): Uint8Array {
    const starts = this.#starts;
    const digits = this.#digits;
    let length = 0;
    for (let i = 0; i < ids.length; i++) length += starts[ids[i]! + 1]! - starts[ids[i]!]!;
    const text = Buffer.allocUnsafe(length);
    let at = 0;
    for (let i = 0; i < ids.length; i++) {
      const end = starts[ids[i]! + 1]!;
      for (let from = starts[ids[i]!]!; from < end; from++) text[at++] = digits[from]!;
    }
    if (!this.#isLineStart || ids.length === 0) return text;
    this.#isLineStart = false;
    return text.subarray(1);
  }

  endLine(): Uint8Array {
    this.#isLineStart = true;
    return LINE_END;
  }
}

const LINE_END = Buffer.from("\n");
const SPACE = 0x20;
const LINE_FEED = 0x0a;
const ZERO = 0x30;
const SHOWN_CHARS = 30;
/** A word of text is longer than any id at this length. */
const MAX_WORD_BYTES = 64;

/**
 * Reads decimal numbers with whitespace between them. Raises FormatError, with line and column, for what is no whole
 * number, and for numbers from `vocabSize` on.
 */
export async function* readTextIds(
  chunks: AsyncIterable<Buffer>,
  label: string,
  { name, vocabSize }: { name: string; vocabSize: number },
): AsyncGenerator<Uint32Array, void, undefined> {
  let line = 1;
  let column = 1;
  let kept: Buffer = Buffer.alloc(0);
  const parse = (text: Buffer): Uint32Array => {
    const ids = new Uint32Array((text.length >> 1) + 1);
    let count = 0;
    for (let at = 0; at < text.length; ) {
      const byte = text[at]!;
      if (isSpace(byte)) {
        at++;
        if (byte === LINE_FEED) line++;
        column = byte === LINE_FEED ? 1 : column + 1;
        continue;
      }
      let end = at;
      let id = 0;
      let isNumber = true;
      for (; end < text.length && !isSpace(text[end]!); end++) {
        const digit = text[end]! - ZERO;
        isNumber &&= digit >= 0 && digit <= 9;
        id = Math.min(10 * id + digit, Number.MAX_SAFE_INTEGER);
      }
      isNumber &&= end - at < MAX_WORD_BYTES;
      if (!isNumber || id >= vocabSize) {
        const word = text.toString("utf8", at, end);
        const shown = JSON.stringify(word.slice(0, SHOWN_CHARS)) + (word.length > SHOWN_CHARS ? "…" : "");
        const expected = isNumber
          ? `an id of ${name}, from 0 to ${vocabSize - 1}; is it the tokenizer that made the ids?`
          : "whole numbers with whitespace between them; binary ids need --dtype";
        throw new FormatError(`${label}:${line}:${column}: found ${shown}, expected ${expected}`);
      }
      ids[count++] = id;
      column += end - at;
      at = end;
    }
    return ids.subarray(0, count);
  };
  for await (const chunk of chunks) {
    const text = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    let whole = text.length;
    while (whole > 0 && text.length - whole < MAX_WORD_BYTES && !isSpace(text[whole - 1]!)) whole--;
    // Longer than any number: let it be said what it is.
    if (text.length - whole === MAX_WORD_BYTES) whole = text.length;
    kept = text.subarray(whole);
    if (whole > 0) yield parse(text.subarray(0, whole));
  }
  if (kept.length > 0) yield parse(kept);
}

/** Space, and tab to carriage return. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d);
}

/** Reads little-endian numbers. Raises FormatError, with the id's position from 0, for what is no id. */
export async function* readBinaryIds(
  chunks: AsyncIterable<Buffer>,
  label: string,
  dtype: Dtype,
  { name, vocabSize }: { name: string; vocabSize: number },
): AsyncGenerator<Uint32Array, void, undefined> {
  const width = BYTES_OF[dtype];
  let kept: Buffer = Buffer.alloc(0);
  let position = 0;
  for await (const chunk of chunks) {
    const bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    const whole = bytes.length - (bytes.length % width);
    kept = bytes.subarray(whole);
    const ids = Uint32Array.from(unpackTokens(new Uint8Array(bytes.subarray(0, whole)), width));
    for (let i = 0; i < ids.length; i++) {
      if (ids[i]! < vocabSize) continue;
      throw new FormatError(
        `${label}: found id ${ids[i]} at position ${position + i} (byte ${width * (position + i)}), expected an id of ${name}, from 0 to ${vocabSize - 1}; is it ${dtype}, and the tokenizer that made the ids?`,
      );
    }
    if (ids.length > 0) yield ids;
    position += ids.length;
  }
  if (kept.length > 0) {
    throw new FormatError(
      `${label}: found ${width * position + kept.length} bytes, expected whole ids of ${width} bytes; was the file cut short, or is it not ${dtype}?`,
    );
  }
}
