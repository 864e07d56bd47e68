/**
 * Characters of UTF-8 and their classes. The classes are disjoint; every pattern is a rule over them. A byte that is part
 * of no well-formed character is a character of its own, of class OTHER: it keeps its value and cuts as U+FFFD would.
 */
import { classes } from "./layout";

/** None of those below. */
export const OTHER: u32 = 0;
/** Lu, Lt. */
export const UPPER: u32 = 1;
/** Ll. */
export const LOWER: u32 = 2;
/** Lm, Lo: letters without case. */
export const CASELESS: u32 = 3;
/** M: combining marks. */
export const MARK: u32 = 4;
/** N. */
export const NUMBER: u32 = 5;
/** White_Space without line breaks. */
export const SPACE: u32 = 6;
/** "\r" and "\n". */
export const NEWLINE: u32 = 7;

export const LF: u32 = 0x0a;
export const CR: u32 = 0x0d;
export const BLANK: u32 = 0x20;
export const APOSTROPHE: u32 = 0x27;
export const SLASH: u32 = 0x2f;

/** Bytes of the character that `classAt` looked at last. */
export let width: usize = 0;

@inline
export function byteAt(p: usize): u32 {
  return load<u8>(p);
}

@inline
export function isLetter(charClass: u32): bool {
  return charClass - 1 <= 2;
}

@inline
export function isSpace(charClass: u32): bool {
  return charClass >= SPACE;
}

/** Neither letter, number nor whitespace: marks are in it, as they are in GPT-2's and cl100k's patterns. */
@inline
export function isOther(charClass: u32): bool {
  return charClass == OTHER || charClass == MARK;
}

@inline
export function isLineBreak(byte: u32): bool {
  return byte == LF || byte == CR;
}

/** Class of the character at p < end; sets `width`. */
@inline
export function classAt(p: usize, end: usize): u32 {
  const byte = byteAt(p);
  if (byte >= 0x80) return wideClassAt(p, end);
  width = 1;
  return load<u8>(classes + byte);
}

@inline
function isContinuation(byte: u32): bool {
  return (byte & 0xc0) == 0x80;
}

/** The same where the byte at p is not ASCII. */
export function wideClassAt(p: usize, end: usize): u32 {
  const lead = byteAt(p);
  if (lead >= 0xc2 && p + 1 < end) {
    const second = byteAt(p + 1);
    if (isContinuation(second)) {
      if (lead < 0xe0) {
        width = 2;
        return load<u8>(classes + (((lead & 31) << 6) | (second & 63)));
      }
      if (p + 2 < end && isContinuation(byteAt(p + 2))) {
        if (lead < 0xf0) {
          const codePoint = ((lead & 15) << 12) | ((second & 63) << 6) | (byteAt(p + 2) & 63);
          // Below U+0800 it is spelled too long; the surrogates have no spelling.
          if (codePoint >= 0x800 && codePoint >> 11 != 0x1b) {
            width = 3;
            return load<u8>(classes + codePoint);
          }
        } else if (lead < 0xf5 && p + 3 < end && isContinuation(byteAt(p + 3))) {
          const codePoint =
            ((lead & 7) << 18) | ((second & 63) << 12) | ((byteAt(p + 2) & 63) << 6) | (byteAt(p + 3) & 63);
          if (codePoint >= 0x1_0000 && codePoint < 0x11_0000) {
            width = 4;
            return load<u8>(classes + codePoint);
          }
        }
      }
    }
  }
  width = 1;
  return OTHER;
}

/** Where the last whole character before `end` stops; the character that `end` would split begins there. */
export function characterBoundary(end: usize, limit: usize): usize {
  for (let back: usize = 1; back <= 3; back++) {
    if (byteAt(end - back) < 0xc0) continue;
    wideClassAt(end - back, limit);
    return width > back ? end - back : end;
  }
  return end;
}

/** End of the run of letters from p on. */
export function endOfLetters(p: usize, end: usize): usize {
  while (p < end) {
    const byte = byteAt(p);
    if (byte < 0x80) {
      if ((byte | 32) - 97 > 25) return p;
      p++;
    } else {
      if (!isLetter(wideClassAt(p, end))) return p;
      p += width;
    }
  }
  return p;
}

/** End of the run of numbers from p on, at most `most` of them. */
export function endOfNumbers(p: usize, end: usize, most: usize): usize {
  while (p < end && most-- > 0) {
    if (classAt(p, end) != NUMBER) return p;
    p += width;
  }
  return p;
}

/** End of the run of characters that are neither letter, number nor whitespace. */
export function endOfOthers(p: usize, end: usize): usize {
  while (p < end) {
    if (!isOther(classAt(p, end))) return p;
    p += width;
  }
  return p;
}

/** End of a piece of whitespace that begins at p: the whole run, less its last character where more text follows. */
export function endOfSpaces(p: usize, end: usize): usize {
  let q = p;
  let last = p;
  while (q < end) {
    if (!isSpace(classAt(q, end))) return last > p ? last : q;
    last = q;
    q += width;
  }
  return q;
}

/** The same where line breaks bind: through the last line break of the run, if it holds one. */
export function endOfSpacesOrLines(p: usize, end: usize): usize {
  let q = p;
  let last = p;
  let afterBreak: usize = 0;
  while (q < end) {
    const charClass = classAt(q, end);
    if (!isSpace(charClass)) break;
    last = q;
    q += width;
    if (charClass == NEWLINE) afterBreak = q;
  }
  if (afterBreak != 0) return afterBreak;
  return q < end && last > p ? last : q;
}

/** End of `'s`, `'ll` and their like at the apostrophe p, in any case; 0 where there is none. */
export function endOfContraction(p: usize, end: usize): usize {
  if (p + 1 >= end) return 0;
  const first = byteAt(p + 1);
  if (first < 0x80) {
    const letter = first | 32;
    if (letter == 0x73 || letter == 0x64 || letter == 0x6d || letter == 0x74) return p + 2; // s d m t
    if (p + 2 >= end || byteAt(p + 2) >= 0x80) return 0;
    return isLongContraction(letter, byteAt(p + 2) | 32) ? p + 3 : 0;
  }
  // U+017F, the long s, is an s to Unicode's case folding.
  return first == 0xc5 && p + 2 < end && byteAt(p + 2) == 0xbf ? p + 3 : 0;
}

/** Whether two letters are "ll", "ve" or "re". */
@inline
export function isLongContraction(first: u32, second: u32): bool {
  return (
    (first == 0x6c && second == 0x6c) || (first == 0x76 && second == 0x65) || (first == 0x72 && second == 0x65)
  );
}
