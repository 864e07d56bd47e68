/** The fast twin of `simplify-text.ts`: one pass over the code units, by table. */
import { PUNCTUATION } from "../../../pipeline/text/punctuation.ts";
import { isHighSurrogate, isSpace } from "../../../pipeline/text/python-text.ts";
import { hasRoom } from "../buffer-room.ts";
import { withoutAccents } from "./simplify-text.ts";

const Class = { keep: 0, gap: 1, digit: 2, astral: 3 } as const;
const LEAST_UNITS = 1 << 14;
const SPACE = 0x20;
const ZERO = 0x30;

const DIGIT = /\p{Nd}/u;
const SEPARATORS: ReadonlySet<number> = new Set([0x2e, 0x2c, 0x60c, 0x66b, 0x2396, 0x2397, 0x2398]);

let table: Uint8Array | undefined;

/** Classes of the UTF-16 units. Made on first use. */
function classTable(): Uint8Array {
  table ??= Uint8Array.from({ length: 0x10000 }, (_, unit) => {
    // "１" is in both sets, and numbers are looked for first.
    if (DIGIT.test(String.fromCharCode(unit))) return Class.digit;
    if (isSpace(unit) || PUNCTUATION.has(unit)) return Class.gap;
    return isHighSurrogate(unit) ? Class.astral : Class.keep;
  });
  return table;
}

/** Simplifies texts; its buffers are one worker's. */
export class TextSimplifier {
  readonly #classes = classTable();
  #units = new Uint16Array(LEAST_UNITS);
  #bytes = Buffer.alloc(LEAST_UNITS);

  simplify(text: string): string {
    const lower = text.toLowerCase();
    if (!hasRoom(this.#units.length, lower.length)) {
      const units = Math.max(LEAST_UNITS, lower.length);
      this.#units = new Uint16Array(units);
      this.#bytes = Buffer.alloc(units);
    }
    const length = this.#write(lower);
    const units = this.#units;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const unit = units[i]!;
      if (unit > 0x7f) return withoutAccents(Buffer.from(units.buffer, 0, 2 * length).toString("utf16le"));
      bytes[i] = unit;
    }
    return bytes.toString("latin1", 0, length);
  }

  /** Writes everything but accents' removal; returns how many units. Spaces come before words only, so none is last. */
  #write(text: string): number {
    const classes = this.#classes;
    const out = this.#units;
    const length = text.length;
    let count = 0;
    let isGap = false;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      const kind = classes[unit]!;
      if (kind === Class.gap) {
        isGap = true;
        continue;
      }
      if (isGap && count > 0) out[count++] = SPACE;
      isGap = false;
      if (kind === Class.keep) {
        out[count++] = unit;
        continue;
      }
      const end = this.#numberEnd(text, i);
      if (end > i) {
        out[count++] = ZERO;
        i = end - 1;
      } else out[count++] = unit;
    }
    return count;
  }

  /** Where a number that begins at `start` ends; `start` if none does. */
  #numberEnd(text: string, start: number): number {
    const whole = this.#digitsEnd(text, start);
    if (whole === start || !SEPARATORS.has(text.charCodeAt(whole))) return whole;
    const end = this.#digitsEnd(text, whole + 1);
    return end === whole + 1 ? whole : end;
  }

  #digitsEnd(text: string, start: number): number {
    let i = start;
    for (;;) {
      const kind = this.#classes[text.charCodeAt(i)]; // none behind the end
      if (kind === Class.digit) i++;
      else if (kind === Class.astral && DIGIT.test(String.fromCodePoint(text.codePointAt(i)!))) i += 2;
      else return i;
    }
  }
}
