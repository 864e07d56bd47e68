/**
 * What was found, while the search goes on. Each kind is searched in the text with everything that is already known (masks
 * of an earlier run, kinds that came before) blotted out by a character that is part of nothing. Offsets stay what they
 * are; and since a finder sees the same barrier where something was found just now and where an earlier run left a mask, it
 * finds nothing new when the stage runs again.
 */
import { isHighSurrogate, isLowSurrogate } from "../../../pipeline/text/python-text.ts";

/** Where a found thing lies, in UTF-16 units. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** A noncharacter. Finders take it for a letter and a digit, so that nothing begins or ends right beside it. */
const BARRIER = "\uffff";
const BARRIER_UNIT = 0xffff;

/** The text with these places blotted out: they are in order and do not overlap. */
export function blotOut(text: string, places: readonly Place[]): string {
  if (places.length === 0) return text;
  const pieces: string[] = [];
  let from = 0;
  for (const { start, end } of places) {
    pieces.push(text.slice(from, start), BARRIER.repeat(end - start));
    from = end;
  }
  pieces.push(text.slice(from));
  return pieces.join("");
}

/** `text[start..end)` between the nearest barriers: what lies beyond is not seen. */
export function unblotted(text: string, start: number, end: number, inside: Place): { before: string; after: string } {
  const before = text.slice(start, inside.start);
  const after = text.slice(inside.end, end);
  const barrier = after.indexOf(BARRIER);
  return {
    before: before.slice(before.lastIndexOf(BARRIER) + 1),
    after: barrier === -1 ? after : after.slice(0, barrier),
  };
}

export function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** A digit, or what was found there: more digits may have been. */
export function isDigitLike(unit: number): boolean {
  return isDigit(unit) || unit === BARRIER_UNIT;
}

export function isAsciiWord(unit: number): boolean {
  return isDigit(unit) || ((unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a) || unit === 0x5f;
}

/**
 * Whether an address or a number cannot begin behind this character, or end before it: letters, digits and "_", but for
 * scripts that set no spaces between words.
 */
export function joins(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  if (unit < 0x80) return isAsciiWord(unit);
  if (Number.isNaN(unit)) return false;
  if (unit === BARRIER_UNIT) return true;
  const codePoint = text.codePointAt(
    isLowSurrogate(unit) && isHighSurrogate(text.charCodeAt(index - 1)) ? index - 1 : index,
  )!;
  return JOINING.test(String.fromCodePoint(codePoint));
}
const JOINING =
  /(?=[\p{L}\p{N}])[^\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]/u;
