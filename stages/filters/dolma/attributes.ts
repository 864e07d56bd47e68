/**
 * What dolma's tagger `gopher_v1` measures (allenai/dolma 669f534, python/dolma/taggers/gopher.py), by words that are
 * numbers. `attributes-plainly.ts` is the definition.
 */
import { withRoom } from "../../../pipeline/text/growable.ts";
import { countCodePoints } from "../../../pipeline/text/python-text.ts";
import { topRun, visitRepeatedRuns, wordCharsBefore } from "../../../pipeline/text/repeated-runs.ts";
import { SpanTable } from "../../../pipeline/text/span-table.ts";
import { Kind, perKind } from "../../../pipeline/text/word-kinds.ts";
import type { Words } from "../../../pipeline/text/words.ts";
import { isRequiredWord, isSymbolWord } from "./marks.ts";

const symbolKinds = perKind((word) => (isSymbolWord(word) ? 1 : 0));
const requiredKinds = perKind((word) => (isRequiredWord(word) ? 1 : 0));

export interface WordAttributes {
  readonly words: number;
  /** Code points in words, white space left out. */
  readonly wordChars: number;
  readonly medianWordChars: number;
  readonly symbolWords: number;
  readonly alphabeticWords: number;
  /** Occurrences. */
  readonly requiredWords: number;
}

export function measureWords({ kinds, length, vocabulary }: Words): WordAttributes {
  const { flags, codePoints } = vocabulary;
  const isSymbol = symbolKinds(vocabulary);
  const isRequired = requiredKinds(vocabulary);
  let wordChars = 0;
  let symbols = 0;
  let alphabetic = 0;
  let requiredWords = 0;
  for (const kind of kinds) {
    wordChars += codePoints[kind]!;
    symbols += isSymbol[kind]!;
    requiredWords += isRequired[kind]!;
    if ((flags[kind]! & Kind.alphabetic) !== 0) alphabetic++;
  }
  const perWord = Math.max(length, 1);
  return {
    words: length,
    wordChars,
    medianWordChars: medianLength(kinds, codePoints),
    symbolWords: symbols / perWord,
    alphabeticWords: alphabetic / perWord,
    requiredWords,
  };
}

/** Lengths that are counted one by one; words longer than this are sorted. */
const COUNTED = 256;
const counted = new Int32Array(COUNTED);

/** The median length of words, the mean of the middle two where there are two; 0 for no words. */
function medianLength(kinds: Int32Array, lengths: Int32Array): number {
  if (kinds.length === 0) return 0;
  counted.fill(0);
  const long: number[] = [];
  for (const kind of kinds) {
    const length = lengths[kind]!;
    if (length < COUNTED) counted[length]!++;
    else long.push(length);
  }
  long.sort((a, b) => a - b);
  const lengthAt = (rank: number): number => {
    let left = rank;
    for (let length = 0; length < COUNTED; length++) {
      if (left < counted[length]!) return length;
      left -= counted[length]!;
    }
    return long[left]!;
  };
  return (lengthAt((kinds.length - 1) >> 1) + lengthAt(kinds.length >> 1)) / 2;
}

export interface LineAttributes {
  readonly bulletLines: number;
  readonly ellipsisLines: number;
  /** All copies of lines that occur more than once, the first one too, and blank ones. */
  readonly duplicateLines: number;
  /** Code points in them / code points in words: white space counts above and not below, so this may exceed 1. */
  readonly duplicateLineChars: number;
}

const ELLIPSIS = 0x2026;
const ASTERISK = 0x2a;
const HYPHEN = 0x2d;

export function measureLines(text: string, wordChars: number): LineAttributes {
  const seen = new SpanTable();
  let counts = new Int32Array(1 << 6);
  let lines = 0;
  let bullets = 0;
  let ellipses = 0;
  let duplicates = 0;
  let duplicateChars = 0;
  for (let start = 0; start <= text.length; lines++) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    // On an empty line this is the boundary itself, or NaN at the text's end: no bullet either way.
    const first = text.charCodeAt(start);
    if (first === ASTERISK || first === HYPHEN) bullets++;
    if (end > start && text.charCodeAt(end - 1) === ELLIPSIS) ellipses++;
    const line = seen.intern(text, start, end);
    counts = withRoom(counts, line + 1);
    const count = ++counts[line]!;
    if (count > 1) {
      const copies = count === 2 ? 2 : 1;
      duplicates += copies;
      duplicateChars += copies * countCodePoints(text, start, end);
    }
    start = end + 1;
  }
  return {
    bulletLines: bullets / lines,
    ellipsisLines: ellipses / lines,
    duplicateLines: duplicates / lines,
    duplicateLineChars: duplicateChars / Math.max(wordChars, 1),
  };
}

/** Spaces between words count in none of these; a run too long for the page scores 0. */
export interface RunAttributes {
  /** n = 2, 3, 4: all occurrences of the most frequent run of n words (the first of equals; once is enough) / word characters. */
  readonly top: readonly number[];
  /** n = 5 to 10: all occurrences of runs of n words that occur more than once / all runs of n words, overlaps included. */
  readonly duplicate: readonly number[];
}

const MAX_TOP = 4;
const MAX_DUPLICATE = 10;

export function measureRuns(words: Words): RunAttributes {
  const before = wordCharsBefore(words);
  const chars = before[words.length]!;
  const charsOf = (place: number, n: number): number => before[place + n]! - before[place]!;
  const top: number[] = [];
  const duplicate: number[] = [];
  visitRepeatedRuns(words, MAX_DUPLICATE, (repeated) => {
    const { n } = repeated;
    if (n <= MAX_TOP) {
      const run = topRun(repeated, words);
      top.push(run === undefined ? 0 : (run.count * charsOf(run.place, n)) / Math.max(chars, 1));
      return;
    }
    let repeatedChars = 0;
    for (let at = 0; at < repeated.length; at++) repeatedChars += charsOf(repeated.places[at]!, n);
    duplicate.push(repeatedChars / Math.max(charsOfAllRuns(before, n), 1));
  });
  return { top, duplicate };
}

/** The sum over all places of `before[place + n] - before[place]`: all but the outermost terms cancel. */
function charsOfAllRuns(before: Int32Array, n: number): number {
  const length = before.length - 1;
  let chars = 0;
  if (length >= n) for (let k = 0; k < n; k++) chars += before[length - k]! - before[k]!;
  return chars;
}
