/**
 * Pre-tokenization: cutting a text into the pieces that byte-pair merges never cross. A pattern is a JavaScript regular
 * expression that matches at every position of a well-formed text, so that the pieces, joined, are the text again.
 *
 *     "I'll pay 1234 €"   gpt2 →  I|'ll| pay| 1234| €     cl100k, o200k →  I|'ll (o200k: I'll)| pay| |123|4| €
 *
 * The patterns say what tiktoken's say (`tiktoken_ext/openai_public.py`), but not in the same words:
 * - `\s` of JavaScript holds U+FEFF and lacks U+0085; Rust's is the Unicode property White_Space, written out here.
 * - `(?i:'s)` in Rust also matches `'ſ` (U+017F folds to s); the case-blind letters are written out.
 * - Rust's possessive `++` only saves backtracking: in these patterns no alternative can match by giving back.
 * - tiktoken's `\s++$` makes a trailing run of whitespace one piece, where cl100k would cut it after its last line
 *   break. No token spans such a place, so the ids are the same and the alternative is left out.
 */
import { oneLine, RecipeError } from "../pipeline/errors.ts";
import { placeText } from "./utf8.ts";

/** The patterns that have a hand-written scanner. */
export type PatternName = "gpt2" | "cl100k" | "o200k";

export interface Pattern {
  readonly name: PatternName | "none" | "custom";
  /** Source for the flags `v` and `y`. Part of every tokenizer's digest: a change makes all shards strangers. */
  readonly source: string;
}

const SPACE = String.raw`\p{White_Space}`;
const LETTER_OR_NUMBER = String.raw`\p{L}\p{N}`;
const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const ANY_CASE_CONTRACTION = `'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])`;
/** One character that may lead a word: a space, a bracket, a hyphen; no line break. */
const WORD_LEAD = String.raw`[^\r\n${LETTER_OR_NUMBER}]?`;
/** Whitespace, less its last character when a word follows, which takes that one along. */
const SPACE_BEFORE_WORD = String.raw`${SPACE}+(?!\P{White_Space})`;

function pattern(name: PatternName, ...alternatives: string[]): Pattern {
  return { name, source: alternatives.join("|") };
}

export const PATTERNS: Readonly<Record<PatternName, Pattern>> = {
  gpt2: pattern(
    "gpt2",
    "'(?:[sdmt]|ll|ve|re)",
    String.raw` ?\p{L}+`,
    String.raw` ?\p{N}+`,
    ` ?[^${SPACE}${LETTER_OR_NUMBER}]+`,
    SPACE_BEFORE_WORD,
    `${SPACE}+`,
  ),
  cl100k: pattern(
    "cl100k",
    ANY_CASE_CONTRACTION,
    String.raw`${WORD_LEAD}\p{L}+`,
    String.raw`\p{N}{1,3}`,
    String.raw` ?[^${SPACE}${LETTER_OR_NUMBER}]+[\r\n]*`,
    String.raw`${SPACE}*[\r\n]+`,
    SPACE_BEFORE_WORD,
    `${SPACE}+`,
  ),
  // Marks and caseless letters are in both classes: the first alternative may have to give its last ones back.
  o200k: pattern(
    "o200k",
    `${WORD_LEAD}${UPPER}*${LOWER}+(?:${ANY_CASE_CONTRACTION})?`,
    `${WORD_LEAD}${UPPER}+${LOWER}*(?:${ANY_CASE_CONTRACTION})?`,
    String.raw`\p{N}{1,3}`,
    String.raw` ?[^${SPACE}${LETTER_OR_NUMBER}]+[\r\n\/]*`,
    String.raw`${SPACE}*[\r\n]+`,
    SPACE_BEFORE_WORD,
    `${SPACE}+`,
  ),
};

/** The hand-written scanner of a pattern; undefined where its regular expression has to do. */
export function scannerOf({ name }: Pattern): PatternName | undefined {
  return name === "none" || name === "custom" ? undefined : name;
}

/** No cutting: a text is one piece, as far as a piece may reach. */
export const NO_PATTERN: Pattern = { name: "none", source: "[^]+" };

/**
 * What a piece may reach, from its beginning: this many bytes of UTF-8, in whole characters. A pattern does not see beyond;
 * longer runs are cut. So a text can be read in parts, a regular expression never runs out of stack (V8 has 64 MB for
 * backtracking, which 2.4 million combining marks fill), and ids do not hang on an engine's limits.
 */
export const WINDOW_BYTES = 1 << 20;

/**
 * Cuts texts with the pattern's regular expression: the definition of what scanners do, and the way of patterns that have no
 * scanner. What the pattern does not match is a piece, up to where it matches again.
 */
export class PieceCutter {
  readonly #here: RegExp;
  readonly #next: RegExp;

  /** Raises RecipeError where the pattern is no regular expression. */
  constructor(pattern: Pattern) {
    try {
      // `y` with `v` and `test` is the fastest way V8 offers: no match object is made.
      this.#here = new RegExp(pattern.source, "vy");
      this.#next = new RegExp(pattern.source, "vg");
    } catch (error) {
      throw new RecipeError(`pattern ${JSON.stringify(pattern.source)}: ${oneLine(error)}`, { cause: error });
    }
  }

  /**
   * Ends of the pieces, in bytes, ascending. Where the text goes on behind these bytes (`isLast` is false), pieces that might
   * look different with more of it in sight are left out. A byte that is part of no character is cut as U+FFFD would be.
   */
  cut(utf8: Uint8Array, isLast = true): Uint32Array {
    const { text, places } = placeText(utf8);
    let ends = new Uint32Array(64);
    let count = 0;
    for (let start = 0; start < text.length; ) {
      const reach = places[start]! + WINDOW_BYTES;
      if (!isLast && reach > utf8.length) break;
      start = this.#endOfPiece(text, start, reach >= utf8.length ? text.length : lastAtMost(places, reach));
      if (count === ends.length) {
        const more = new Uint32Array(4 * count);
        more.set(ends);
        ends = more;
      }
      ends[count++] = places[start]!;
    }
    return ends.subarray(0, count);
  }

  /** End of the piece that begins at `start`, in UTF-16 units, as if the text ended at `end`. */
  #endOfPiece(text: string, start: number, end: number): number {
    if (end < text.length) return start + this.#endOfPiece(text.slice(start, end), 0, end - start);
    this.#here.lastIndex = start;
    if (this.#here.test(text) && this.#here.lastIndex > start) return this.#here.lastIndex;
    this.#next.lastIndex = start + 1;
    return this.#next.exec(text)?.index ?? text.length;
  }
}

/** Index of the last of ascending places that is not above `limit`. */
function lastAtMost(places: Uint32Array, limit: number): number {
  let low = 0;
  let high = places.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (places[middle]! <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** All pieces of a text, in order. Lone surrogates become U+FFFD first, as they do in UTF-8. */
export function splitPieces(pattern: Pattern, text: string): string[] {
  const utf8 = Buffer.from(text, "utf8");
  const ends = new PieceCutter(pattern).cut(utf8);
  return Array.from(ends, (end, i) => utf8.toString("utf8", i === 0 ? 0 : ends[i - 1], end));
}
