/**
 * Lines that DCLM takes out of a page, and phrases that it takes out of lines (mlfoundations/dclm 361714b, modifiers.py).
 * Each rule goes over all lines that the one before left, and all but `dropShortLines` strip the page afterwards: a rule
 * for beginnings of lines finds more on the first line than on others.
 */

import {
  codePointBefore,
  isBlank,
  isHighSurrogate,
  isSpace,
  SPACE_CLASS,
  skipSpace,
  skipSpaceBack,
} from "../../../pipeline/text/python-text.ts";
import { Character, classesOf, isWordBefore } from "./python-classes.ts";

/** A page's lines: the text cut at "\n". */
export type Lines = readonly string[];

/** Drops lines with a greater share of capitals. */
export function dropUppercaseLines(lines: Lines, maxShare: number): Lines {
  return stripPage(lines.filter((line) => shareOf(line, Character.uppercase) <= maxShare));
}

/** Drops lines with a greater share of digits. */
export function dropDigitLines(lines: Lines, maxShare: number): Lines {
  return stripPage(lines.filter((line) => shareOf(line, Character.digit) <= maxShare));
}

/** Code points of this class among those of the line; 0 for an empty line, which every rule keeps. */
function shareOf(line: string, characterClass: number): number {
  let count = 0;
  let pairs = 0;
  for (let i = 0; i < line.length; i++) {
    let codePoint = line.charCodeAt(i);
    if (isHighSurrogate(codePoint)) {
      codePoint = line.codePointAt(i)!;
      if (codePoint > 0xffff) {
        pairs++;
        i++;
      }
    }
    if ((classesOf(codePoint) & characterClass) !== 0) count++;
  }
  return line === "" ? 0 : count / (line.length - pairs);
}

/** Drops lines that are a counter and nothing else: "3,000 likes", "* 1.2K Followers!". */
export function dropCounterLines(lines: Lines): Lines {
  return stripPage(lines.filter((line) => !isCounter(line)));
}

const COUNTED =
  /^(?:likes|shares|comments|retweets|reposts|quotes|bookmarks|upvotes|downvotes|downloads|views|followers)$/;
const LONGEST_COUNTED = "downloads".length;

/**
 * Whether `^\W*\d(?:,|\.|\d)*[kmb]?\s+(?:likes|shares|…)\W*$` matches the lower-cased line, read from its end: the
 * classes decide every step but one, where a number's punctuation ends and that before it begins, which is all the same.
 */
export function isCounter(line: string): boolean {
  let end = line.length;
  while (end > 0 && !isWordBefore(line, end)) end--;
  let at = end;
  while (at > 0 && end - at <= LONGEST_COUNTED && isWordBefore(line, at)) at--;
  if (!COUNTED.test(line.slice(at, end).toLowerCase())) return false;
  const space = at;
  at = skipSpaceBack(line, 0, at);
  if (at === space) return false;
  if (/^[kmb]$/.test(line.slice(Math.max(0, at - 1), at).toLowerCase())) at--;
  let digits = 0;
  for (; at > 0; at--) {
    const codePoint = codePointBefore(line, at);
    const isDigit = (classesOf(codePoint) & Character.decimal) !== 0;
    if (!isDigit && codePoint !== COMMA && codePoint !== DOT) break;
    if (isDigit) digits++;
    if (codePoint > 0xffff) at--;
  }
  while (at > 0 && !isWordBefore(line, at)) at--;
  return digits > 0 && at === 0;
}

const COMMA = 0x2c;
const DOT = 0x2e;

/** Drops lines of fewer words, but not those that are empty. Does not strip. */
export function dropShortLines(lines: Lines, minWords: number): Lines {
  return lines.filter((line) => line === "" || countSpacedWords(line, minWords) >= minWords);
}

const SPACE = `${SPACE_CLASS}?`;

/**
 * "items in cart" anywhere, "read more" and three more characters at the end, "sign-in" at the beginning: in any case,
 * which to Python includes other letters, with one white space on the side of the rest. The dots of "Read more..." are
 * part of a regular expression in DCLM: any characters will do.
 */
export const PHRASES: readonly RegExp[] = [
  new RegExp(`${SPACE}[iİı]tems [iİı]n cart`, "giu"),
  new RegExp(`${SPACE}read more[^\\n]{3}$`, "iu"),
  new RegExp(`^s[iİı]gn-[iİı]n${SPACE}`, "iu"),
];

/** Takes a phrase out of lines of up to `maxWords` words; a line with nothing else goes. */
export function removePhrase(lines: Lines, phrase: RegExp, maxWords: number): Lines {
  const kept: string[] = [];
  for (const line of lines) {
    if (countSpacedWords(line, maxWords + 1) > maxWords) {
      kept.push(line);
      continue;
    }
    const rest = line.replace(phrase, "");
    if (line === "" || !isBlank(rest)) kept.push(rest);
  }
  return stripPage(kept);
}

/** Words as Python's `split()` has them, up to `limit`: lines are short, or the limit is. */
function countSpacedWords(line: string, limit: number): number {
  let count = 0;
  for (let i = 0; i < line.length && count < limit; ) {
    i = skipSpace(line, i, line.length);
    if (i === line.length) break;
    count++;
    while (i < line.length && !isSpace(line.charCodeAt(i))) i++;
  }
  return count;
}

/** The lines of the stripped page: none if nothing is left. */
function stripPage(lines: Lines): Lines {
  let first = 0;
  let last = lines.length;
  while (first < last && isBlank(lines[first]!)) first++;
  while (last > first && isBlank(lines[last - 1]!)) last--;
  const kept = lines.slice(first, last);
  if (kept.length === 0) return kept;
  kept[0] = kept[0]!.slice(skipSpace(kept[0]!, 0, kept[0]!.length));
  const end = kept.at(-1)!;
  kept[kept.length - 1] = end.slice(0, skipSpaceBack(end, 0, end.length));
  return kept;
}
