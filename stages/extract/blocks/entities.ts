/** Character references: `&eacute;`, `&#233;`, `&#xe9;`, by the names and rules of the HTML Standard. */
import { decodeHTML, replaceCodePoint } from "entities/decode";

const SEMICOLON = 0x3b;
const HASH = 0x23;
const LOWER_X = 0x78;

/** "&CounterClockwiseContourIntegral;" has 33; what is longer can be a name only in its first few units. */
const MAX_NAME_UNITS = 34;

/** Beyond the last code point whatever follows: further digits need not be counted. */
const TOO_LARGE = 0x110000;

/** What a reference stands for, and how many units it takes. */
export class EntityReader {
  /** The text it stands for. For an "&" that begins no reference, what was written. */
  text = "";
  private readonly known = new Map<string, string>();

  /** Reads the reference at the "&" at `at`; tells where it ends. */
  read(html: string, units: Uint16Array, at: number, end: number): number {
    return units[at + 1] === HASH && at + 1 < end ? this.number(units, at, end) : this.name(html, units, at, end);
  }

  private number(units: Uint16Array, start: number, end: number): number {
    let at = start + 2;
    const isHex = at < end && (units[at]! | 0x20) === LOWER_X;
    if (isHex) at++;
    const digitsFrom = at;
    let codePoint = 0;
    for (; at < end; at++) {
      const digit = digitOf(units[at]!, isHex);
      if (digit < 0) break;
      codePoint = Math.min(TOO_LARGE, codePoint * (isHex ? 16 : 10) + digit);
    }
    if (at === digitsFrom) {
      this.text = "&";
      return start + 1;
    }
    // Surrogates, NUL and what is beyond Unicode become U+FFFD; 0x80–0x9F are those of windows-1252.
    this.text = String.fromCodePoint(replaceCodePoint(codePoint));
    return at < end && units[at] === SEMICOLON ? at + 1 : at;
  }

  private name(html: string, units: Uint16Array, start: number, end: number): number {
    let at = start + 1;
    const last = Math.min(end, start + MAX_NAME_UNITS);
    while (at < last && isNameUnit(units[at]!)) at++;
    if (at === start + 1) {
      this.text = "&";
      return at;
    }
    if (at < end && units[at] === SEMICOLON) at++;
    const written = html.slice(start, at);
    let text = this.known.get(written);
    if (text === undefined) {
      text = decodeHTML(written);
      this.known.set(written, text);
    }
    this.text = text;
    return at;
  }
}

function digitOf(unit: number, isHex: boolean): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return isHex && lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function isNameUnit(unit: number): boolean {
  const lower = unit | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (unit >= 0x30 && unit <= 0x39);
}
