import { isDigit, isDigitLike, joins, type Place } from "./barrier.ts";

const PLUS = 0x2b;

/** What a number begins with. */
const FIRST = /[\d+(]/g;

/**
 * Three, three and four digits, as in North America; no area begins with 0 or 1. A dot is a joint only where there are two:
 * 283182.3829 and 283.1823829 are decimal numbers. Nothing in it repeats without bound.
 */
const NORTH_AMERICAN =
  /(?:\+?1[-. ]?)?(?:\([2-9]\d\d\)[-. ]{0,3}\d{3}[-. ]?|[2-9]\d\d[-. ]{1,3}\d{3}[-. ])\d{4}|(?:\+?1[- ]?)?[2-9]\d\d[- ]?\d{7}/y;
/** E.164 allows fifteen digits; shorter ones than these are more often something else. */
const INTERNATIONAL_DIGITS = { min: 8, max: 15 } as const;
/** A group of an international number, and what joins it to the one before: "20", "-7946", " (0)30". */
const GROUP = /[-. ]{0,2}(?:\(\d{1,4}\)[-. ]?)?\d{2,15}/y;

/** What a number is not read out of: addresses, sums of money, shares of a URL or of a longer number. */
const NOT_BEHIND = ".@-+/=#&%$€£_";

/**
 * Finds telephone numbers: those of North America as dolma (python/dolma/taggers/pii.py) and CS336's tests write them, with
 * or without "1" before it: (283) 182-3829, 283-182-3829, 283.182.3829, 2831823829; and any that begin with "+", of 8 to 15
 * digits in groups of two or more. Unlike dolma's pattern it wants no space before, and no digit after.
 *
 * What is read from one place is bounded, and a run of digits is read from its first alone: linear in the text.
 */
export function findPhones(text: string): Place[] {
  const found: Place[] = [];
  FIRST.lastIndex = 0;
  for (let first = FIRST.exec(text); first !== null; first = FIRST.exec(text)) {
    const start = first.index;
    const end = isFree(text, start) ? numberEnd(text, start) : -1;
    if (end !== -1) found.push({ start, end });
    // No number begins within a run of digits.
    FIRST.lastIndex = end !== -1 ? end : Math.max(start + 1, afterDigits(text, start));
  }
  return found;
}

function afterDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

function isFree(text: string, start: number): boolean {
  return start === 0 || !(joins(text, start - 1) || NOT_BEHIND.includes(text[start - 1]!));
}

function endsThere(text: string, end: number): boolean {
  if (joins(text, end)) return false;
  return !("-.".includes(text.charAt(end) || " ") && isDigitLike(text.charCodeAt(end + 1)));
}

/** Where a number that begins here ends, or -1. */
function numberEnd(text: string, start: number): number {
  NORTH_AMERICAN.lastIndex = start;
  if (NORTH_AMERICAN.test(text) && endsThere(text, NORTH_AMERICAN.lastIndex)) return NORTH_AMERICAN.lastIndex;
  return text.charCodeAt(start) === PLUS ? internationalEnd(text, start) : -1;
}

/** The last group that a number may end with. */
function internationalEnd(text: string, start: number): number {
  let end = start + 1;
  while (end - start <= INTERNATIONAL_DIGITS.max && isDigit(text.charCodeAt(end))) end++;
  let digits = end - start - 1;
  if (digits === 0) return -1;
  for (let longest = -1; ; ) {
    if (digits >= INTERNATIONAL_DIGITS.min && endsThere(text, end)) longest = end;
    GROUP.lastIndex = end;
    const group = GROUP.exec(text)?.[0];
    if (group === undefined) return longest;
    digits += group.replace(/\D/g, "").length;
    if (digits > INTERNATIONAL_DIGITS.max) return longest;
    end += group.length;
  }
}
