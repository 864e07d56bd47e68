import { codePointBefore } from "../../../pipeline/text/python-text.ts";

/**
 * Classes of characters that Python's `str` methods and regular expressions know and JavaScript's do not:
 *
 * | Python | Unicode | flag |
 * |---|---|---|
 * | `c.isalnum()` | categories L and N | `alphanumeric` |
 * | `\w`; `\b` is its border | the same and "_" | `word` |
 * | `c.isupper()` | property Uppercase: letters, and Roman and circled ones | `uppercase` |
 * | `c.isdigit()` | Nd and digits of other kinds (², ①), but no ¼, Ⅳ or ⑩ | `digit` |
 * | `\d` | Nd | `decimal` |
 *
 * White space is in `python-text.ts`.
 */

export const Character = { alphanumeric: 1, word: 2, uppercase: 4, digit: 8, decimal: 16 } as const;

/** Set where a unit has been looked at. */
const KNOWN = 32;

/** By UTF-16 unit, filled as they are met. */
const known = new Uint8Array(0x10000);

/** The code point's flags. A lone surrogate has none. */
export function classesOf(codePoint: number): number {
  if (codePoint > 0xffff) return describe(codePoint);
  const classes = known[codePoint]!;
  if (classes !== 0) return classes;
  known[codePoint] = describe(codePoint) | KNOWN;
  return known[codePoint]!;
}

function describe(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  let classes = 0;
  if (/[\p{L}\p{N}]/u.test(character)) classes |= Character.alphanumeric | Character.word;
  if (character === "_") classes |= Character.word;
  if (/\p{Uppercase}/u.test(character)) classes |= Character.uppercase;
  if (/\p{Nd}/u.test(character)) classes |= Character.decimal | Character.digit;
  if (OTHER_DIGIT.test(character)) classes |= Character.digit;
  return classes;
}

/** Numeric_Type=Digit outside Nd: Python 3.11, Unicode 14. */
const OTHER_DIGIT =
  /[\xb2\xb3\xb9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]/u;

/** Whether `\w` matches the character that begins at `index`; false outside the text. */
export function isWordAt(text: string, index: number): boolean {
  return index < text.length && (classesOf(text.codePointAt(index)!) & Character.word) !== 0;
}

/** Whether `\w` matches the character that ends before `index`; false outside the text. */
export function isWordBefore(text: string, index: number): boolean {
  return index > 0 && (classesOf(codePointBefore(text, index)) & Character.word) !== 0;
}

/** Python's `\b`. */
export function isWordBorder(text: string, index: number): boolean {
  return isWordBefore(text, index) !== isWordAt(text, index);
}
