import { isHighSurrogate, isLowSurrogate } from "../../../pipeline/text/python-text.ts";

/** Beyond this the built-in search, whose worst case is the product of both lengths, is not used. */
const MAX_SEARCHED = 64;

/**
 * How often `text.replace(part, "")` removes `part`: occurrences as text, at word boundaries or not, from the left and
 * one after the other. As in Python, half a surrogate pair is no occurrence of that half.
 */
export function countRemovals(text: string, part: string): number {
  return part.length <= MAX_SEARCHED ? countBySearch(text, part) : countByBorders(text, part);
}

function countBySearch(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at !== -1; ) {
    const end = at + part.length;
    const whole = isWhole(text, at, end);
    if (whole) count++;
    at = text.indexOf(part, whole ? end : at + 1);
  }
  return count;
}

/** Knuth, Morris and Pratt 1977: where a match breaks off, what has been read is not read again. */
function countByBorders(text: string, part: string): number {
  const borders = bordersOf(part);
  let count = 0;
  let matched = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = borders[matched]!;
    if (part.charCodeAt(matched) === unit) matched++;
    if (matched < part.length) continue;
    if (isWhole(text, i + 1 - part.length, i + 1)) {
      count++;
      matched = 0;
    } else matched = borders[matched]!;
  }
  return count;
}

/** By length: the longest proper beginning of `part.slice(0, length)` that it ends with, too. */
function bordersOf(part: string): Int32Array {
  const borders = new Int32Array(part.length + 1);
  let border = 0;
  for (let i = 1; i < part.length; i++) {
    const unit = part.charCodeAt(i);
    while (border > 0 && part.charCodeAt(border) !== unit) border = borders[border]!;
    if (part.charCodeAt(border) === unit) border++;
    borders[i + 1] = border;
  }
  return borders;
}

function isWhole(text: string, start: number, end: number): boolean {
  return !cutsPair(text, start) && !cutsPair(text, end);
}

function cutsPair(text: string, index: number): boolean {
  return isLowSurrogate(text.charCodeAt(index)) && isHighSurrogate(text.charCodeAt(index - 1));
}
