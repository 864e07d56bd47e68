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

/**
 * Longer pieces are cut, at this many UTF-16 units. V8 keeps a backtracking stack of 64 MB, which a run of one kind of
 * character fills (measured, V8 13.6: at 2.4 million combining marks, 3.2 million ideographs, 4 million letters).
 * Pieces that would fit it are cut at the same place, so that the ids do not hang on an engine's limits.
 */
export const MAX_PIECE_UNITS = 1 << 20;

/** Finds where pieces end. Holds a regular expression's state: one cutter a tokenizer. */
export class PieceCutter {
  readonly #regex: RegExp;

  constructor(pattern: Pattern) {
    // `y` with `v` and `test` is the fastest way V8 offers: no match object is made.
    this.#regex = new RegExp(pattern.source, "vy");
  }

  /** End, in UTF-16 units, of the piece that starts at `start`, a piece's start in a well-formed text. */
  endOfPiece(text: string, start: number): number {
    const regex = this.#regex;
    regex.lastIndex = start;
    try {
      if (!regex.test(text)) throw new Error(`pre-tokenizer: nothing matches at ${start}: the text is not well-formed`);
      if (regex.lastIndex - start <= MAX_PIECE_UNITS) return regex.lastIndex;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // RangeError: the backtracking stack is full
    }
    const window = start + MAX_PIECE_UNITS;
    const end = isLeadSurrogate(text.charCodeAt(window - 1)) ? window - 1 : window;
    regex.lastIndex = 0;
    regex.test(text.slice(start, end));
    return start + regex.lastIndex;
  }
}

function isLeadSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

/** All pieces of a text, in order. Lone surrogates become U+FFFD first, as they do in UTF-8. */
export function splitPieces(pattern: Pattern, text: string): string[] {
  const cutter = new PieceCutter(pattern);
  const wellFormed = text.toWellFormed();
  const pieces: string[] = [];
  for (let start = 0; start < wellFormed.length; ) {
    const end = cutter.endOfPiece(wellFormed, start);
    pieces.push(wellFormed.slice(start, end));
    start = end;
  }
  return pieces;
}
