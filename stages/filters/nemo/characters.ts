/** Kinds of characters as NeMo Curator tells them apart, counted in one pass. */
import { countCodePoints } from "../../../pipeline/text/python-text.ts";

const COMMON = 1;
const DIGIT = 2;
const SPACE = 4;
const BRACKET = 8;
const URL = 16;

/** By UTF-16 unit; all of these are in the basic plane. */
const CLASSES = new Uint8Array(0x10000);
function mark(flag: number, units: string): void {
  for (let i = 0; i < units.length; i++) CLASSES[units.charCodeAt(i)]! |= flag;
}
const DIGITS = "0123456789";
const ALPHANUMERIC = `abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ${DIGITS}`;
mark(COMMON, `${ALPHANUMERIC}\n?!,.`);
mark(DIGIT, DIGITS);
mark(SPACE, "\t\n\r\b ");
mark(BRACKET, "{}⟨⟩[]()");
mark(URL, `${ALPHANUMERIC}$-_@.&+/:=?#~!*(),`);

export interface Characters {
  /** Code points. */
  readonly chars: number;
  /** Neither ASCII letters nor digits nor "\n" nor `?!,.`. */
  readonly nonAlphanumeric: number;
  readonly digits: number;
  /** Tab, "\n", "\r", backspace and the space: no other white space. */
  readonly spaces: number;
  readonly brackets: number;
  readonly inUrls: number;
}

export function countCharacters(text: string): Characters {
  const units = new Int32Array(URL * 2);
  for (let i = 0; i < text.length; i++) units[CLASSES[text.charCodeAt(i)]!]!++;
  const count = (flag: number): number => units.reduce((sum, n, flags) => ((flags & flag) === 0 ? sum : sum + n), 0);
  const chars = countCodePoints(text);
  return {
    chars,
    nonAlphanumeric: chars - count(COMMON),
    digits: count(DIGIT),
    spaces: count(SPACE),
    brackets: count(BRACKET),
    inUrls: countUrlCharacters(text),
  };
}

/** Characters in what `http[s]?://` begins and letters, digits, `$-_@.&+/:=?#~!*(),` and escapes (%2F) go on with. */
function countUrlCharacters(text: string): number {
  let chars = 0;
  for (let start = text.indexOf("http"); start !== -1; ) {
    let end = start + (text[start + 4] === "s" ? 5 : 4);
    if (text.startsWith("://", end)) {
      const path = end + 3;
      end = urlEnd(text, path);
      if (end > path) chars += end - start;
    }
    start = text.indexOf("http", end);
  }
  return chars;
}

function urlEnd(text: string, start: number): number {
  for (let i = start; ; ) {
    const unit = text.charCodeAt(i);
    if (i < text.length && (CLASSES[unit]! & URL) !== 0) i++;
    else if (unit === 0x25 && isHex(text.charCodeAt(i + 1)) && isHex(text.charCodeAt(i + 2))) i += 3;
    else return i;
  }
}

function isHex(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || ((unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x66);
}
