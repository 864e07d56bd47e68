/**
 * Text as Python sees it. The reference filters are Python programs, and four of its ideas differ from JavaScript's:
 *
 * | Python | here | JavaScript's own |
 * |---|---|---|
 * | `len(s)` counts code points | `countCodePoints` | `.length` counts UTF-16 units |
 * | `s.isspace()`, `s.strip()` know \x1c–\x1f and \x85, and not U+FEFF | `isSpace`, `strip` | `trim()` is the other way round |
 * | `s.splitlines()` cuts at ten characters, and never leaves an empty last line | `splitLines` | none |
 * | `c.isalpha()` is the categories L* | `isAlphabetic` | none |
 *
 * A lone surrogate counts as one code point and belongs to no class.
 */

const SPACE = 1;
const LINE_END = 2;

/** Classes of the UTF-16 units that are white space or end a line; all of them are in the basic plane. */
const CLASSES = new Uint8Array(0x10000);
// Python 3.11's `str.isspace`: bidirectional class WS, B or S, or category Zs.
for (const [first, last] of [
  [0x09, 0x0d],
  [0x1c, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
] as const) {
  CLASSES.fill(SPACE, first, last + 1);
}
// The line boundaries that Python documents for `str.splitlines`; "\r\n" is one of them and is handled where it is met.
for (const unit of [0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029]) CLASSES[unit]! |= LINE_END;

const CR = 0x0d;
const LF = 0x0a;

/** Whether Python's `str.isspace` holds for this UTF-16 unit. */
export function isSpace(unit: number): boolean {
  return (CLASSES[unit]! & SPACE) !== 0;
}

export function isHighSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

export function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}

/** The code point that ends before `index`, which is above 0. */
export function codePointBefore(text: string, index: number): number {
  const unit = text.charCodeAt(index - 1);
  return isLowSurrogate(unit) && isHighSurrogate(text.charCodeAt(index - 2)) ? text.codePointAt(index - 2)! : unit;
}

/** Code points in `text[start..end)`: Python's `len`. */
export function countCodePoints(text: string, start = 0, end = text.length): number {
  let count = end - start;
  for (let i = start + 1; i < end; i++) {
    if (isLowSurrogate(text.charCodeAt(i)) && isHighSurrogate(text.charCodeAt(i - 1))) count--;
  }
  return count;
}

/** Whether Python's `str.isalpha` holds for this code point. */
export function isAlphabetic(codePoint: number): boolean {
  if (codePoint < 0x80) return (codePoint | 0x20) >= 0x61 && (codePoint | 0x20) <= 0x7a;
  return LETTER.test(String.fromCodePoint(codePoint));
}
const LETTER = /\p{L}/u;

/** `isSpace` as a character class, for patterns that come from Python's. */
export const SPACE_CLASS = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

/** First index at or after `start` that is not white space, or `end`. */
export function skipSpace(text: string, start: number, end: number): number {
  let i = start;
  while (i < end && isSpace(text.charCodeAt(i))) i++;
  return i;
}

/** Index after the last unit of `text[start..end)` that is not white space, or `start`. */
export function skipSpaceBack(text: string, start: number, end: number): number {
  let i = end;
  while (i > start && isSpace(text.charCodeAt(i - 1))) i--;
  return i;
}

/** Whether `text[start..end)` is white space alone, or empty. */
export function isBlank(text: string, start = 0, end = text.length): boolean {
  return skipSpace(text, start, end) === end;
}

/** Python's `str.strip` without arguments. */
export function strip(text: string): string {
  const start = skipSpace(text, 0, text.length);
  return text.slice(start, skipSpaceBack(text, start, text.length));
}

/** Index of the first line boundary at or after `start`, or the text's length. */
export function lineEnd(text: string, start: number): number {
  let i = start;
  while (i < text.length && (CLASSES[text.charCodeAt(i)]! & LINE_END) === 0) i++;
  return i;
}

/** Where the line after the one that ends at `end` begins: past the boundary, "\r\n" being one. */
export function afterLineEnd(text: string, end: number): number {
  return text.charCodeAt(end) === CR && text.charCodeAt(end + 1) === LF ? end + 2 : end + 1;
}

/** Line boundaries in `text[start..end)`. */
export function countLineEnds(text: string, start: number, end = text.length): number {
  let count = 0;
  for (let i = start; i < end; i++) {
    if ((CLASSES[text.charCodeAt(i)]! & LINE_END) === 0) continue;
    count++;
    i = afterLineEnd(text, i) - 1;
  }
  return count;
}

/** Python's `str.splitlines()`: no line follows a final boundary, and an empty text has none. */
export function splitLines(text: string): string[] {
  const lines: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = lineEnd(text, start);
    lines.push(text.slice(start, end));
    start = afterLineEnd(text, end);
  }
  return lines;
}

/** Occurrences of `needle` that do not overlap: Python's `str.count`. */
export function countOccurrences(text: string, needle: string): number {
  let count = 0;
  for (let i = text.indexOf(needle); i !== -1; i = text.indexOf(needle, i + needle.length)) count++;
  return count;
}
