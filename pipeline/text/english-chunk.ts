/**
 * Cuts one chunk (a run without white space) into English words, as spaCy 3.8's tokenizer does (explosion/spaCy,
 * spacy/tokenizer.pyx):
 *
 *     ("Don't!")  ──peel──▶  (  "            prefixes, from the left, one at a time
 *                            Don't           an exception, a URL, or what its infixes leave
 *                            !  "  )         suffixes, from the right, one at a time
 *
 * One prefix and one suffix go in each round; after each cut the rest is looked up among the exceptions. Everything
 * works on indexes and each rule looks at a bounded number of characters, so a chunk of megabytes costs linear time.
 */
import {
  Class,
  classTable,
  INFIX,
  isAstralIcon,
  isAstralLetter,
  LONG_CURRENCY,
  LONGEST_UNIT,
  UNITS,
} from "./english-classes.ts";
import { englishExceptions } from "./english-exceptions.ts";
import { isHighSurrogate, isLowSurrogate } from "./python-text.ts";
import { looksLikeUrl } from "./url-shape.ts";
import type { Spans } from "./word-cutter.ts";

const DOT = 0x2e;
const PLUS = 0x2b;
const DEGREE = 0xb0;
const ELLIPSIS = 0x2026;

/** Exceptional chunks and their words; made on first use. */
export function exceptions(): ReadonlyMap<string, readonly string[]> {
  if (known === undefined) {
    known = englishExceptions();
    for (const chunk of known.keys()) {
      shapes[shapeOf(chunk.charCodeAt(0), chunk.charCodeAt(chunk.length - 1), chunk.length)] = 1;
    }
  }
  return known;
}
let known: ReadonlyMap<string, readonly string[]> | undefined;
/** By `shapeOf`: 1 where an exception may be. */
const shapes = new Uint8Array(1 << 14);
/** UTF-16 units of the longest exception. */
const LONGEST_EXCEPTION = 12;

const suffixEnds: number[] = [];

/** Where the next word of the chunk begins: words lie end to end. */
let wordStart = 0;

function cutAt(end: number, spans: Spans): void {
  spans.push(wordStart, end);
  wordStart = end;
}

/**
 * Appends each word of the chunk `text[start..end)` to `spans`. Without `withExceptions` only affixes, URLs and infixes
 * count, as when spaCy asks how an exception would have been cut.
 */
export function cutChunk(text: string, start: number, end: number, spans: Spans, withExceptions = true): void {
  const flags = classTable();
  wordStart = start;
  if (withExceptions && isPlainWord(text, start, end, flags)) {
    spans.push(start, end);
    return;
  }
  let from = start;
  let to = end;
  suffixEnds.length = 0;
  while (from < to) {
    if (withExceptions && isException(text, from, to)) break;
    const prefix = prefixLength(text, from, to, flags);
    if (prefix > 0 && withExceptions && isException(text, from + prefix, to)) {
      from += prefix;
      cutAt(from, spans);
      break;
    }
    const suffix = suffixLength(text, from + prefix, to, flags);
    if (suffix > 0 && withExceptions && isException(text, from, to - suffix)) {
      suffixEnds.push(to);
      to -= suffix;
      break;
    }
    if (prefix === 0 && suffix === 0) break;
    if (prefix > 0) {
      from += prefix;
      cutAt(from, spans);
    }
    if (suffix > 0) {
      suffixEnds.push(to);
      to -= suffix;
    }
  }
  if (from < to) cutMiddle(text, from, to, spans, withExceptions, flags);
  for (let i = suffixEnds.length - 1; i >= 0; i--) cutAt(suffixEnds[i]!, spans);
}

/** Whether an affix or infix rule applies to the chunk: only then can pieces of text meet to form it. */
export function isCutByRules(text: string): boolean {
  const flags = classTable();
  if (prefixLength(text, 0, text.length, flags) > 0 || suffixLength(text, 0, text.length, flags) > 0) return true;
  INFIX.lastIndex = 0;
  return INFIX.test(text);
}

function cutMiddle(
  text: string,
  from: number,
  to: number,
  spans: Spans,
  withExceptions: boolean,
  flags: Uint8Array,
): void {
  const parts = withExceptions ? exceptionOf(text, from, to) : undefined;
  if (parts !== undefined) {
    let end = from;
    for (const part of parts) {
      end += part.length;
      cutAt(end, spans);
    }
    return;
  }
  if (mayHoldInfix(text, from, to, flags) && !looksLikeUrl(text, from, to, flags)) {
    const rest = text.slice(from, to);
    let last = 0;
    INFIX.lastIndex = 0;
    for (let match = INFIX.exec(rest); match !== null; match = INFIX.exec(rest)) {
      if (match.index === 0) continue; // the original leaves an infix at the very start in the word that follows
      if (match.index > last) cutAt(from + match.index, spans);
      last = match.index + match[0].length;
      cutAt(from + last, spans);
    }
    if (last < to - from) cutAt(to, spans);
  } else cutAt(to, spans);
}

/** Letters alone, and no exception: no rule applies. */
function isPlainWord(text: string, start: number, end: number, flags: Uint8Array): boolean {
  for (let i = start; i < end; i++) {
    if ((flags[text.charCodeAt(i)]! & (Class.alpha | Class.prefix | Class.suffix | Class.infix)) !== Class.alpha) {
      return false;
    }
  }
  return !isException(text, start, end);
}

function mayHoldInfix(text: string, from: number, to: number, flags: Uint8Array): boolean {
  for (let i = from; i < to; i++) if ((flags[text.charCodeAt(i)]! & Class.infix) !== 0) return true;
  return false;
}

function exceptionOf(text: string, from: number, to: number): readonly string[] | undefined {
  if (to - from > LONGEST_EXCEPTION || to <= from) return undefined;
  const known = exceptions();
  const shape = shapeOf(text.charCodeAt(from), text.charCodeAt(to - 1), to - from);
  return shapes[shape] === 1 ? known.get(text.slice(from, to)) : undefined;
}

/** Of chunks that are not there, one in a hundred has the first and last unit and the length of one that is. */
function shapeOf(first: number, last: number, length: number): number {
  return (first * 0x9e5 + last * 0x2b + length * 0x1d3) & (shapes.length - 1);
}

function isException(text: string, from: number, to: number): boolean {
  return exceptionOf(text, from, to) !== undefined;
}

/** UTF-16 units to cut off at the start, or 0. */
function prefixLength(text: string, from: number, to: number, flags: Uint8Array): number {
  const first = text.charCodeAt(from);
  if ((flags[first]! & Class.prefix) !== 0) return 1;
  if (first === DOT) {
    let end = from + 1;
    while (end < to && text.charCodeAt(end) === DOT) end++;
    return end - from >= 2 ? end - from : 0;
  }
  if (first === PLUS) return from + 1 < to && isDigit(text.charCodeAt(from + 1)) ? 0 : 1;
  if (first === 0x55 || first === 0x43 || first === 0x41) {
    // "US$", "C$", "A$"
    for (const sign of LONG_CURRENCY) if (from + sign.length <= to && text.startsWith(sign, from)) return sign.length;
    return 0;
  }
  if (isHighSurrogate(first) && from + 1 < to && isLowSurrogate(text.charCodeAt(from + 1))) {
    return isAstralIcon(text.codePointAt(from)!) ? 2 : 0;
  }
  return 0;
}

/** UTF-16 units to cut off at the end, or 0. Where several rules match, the longest wins, as its match starts first. */
function suffixLength(text: string, from: number, to: number, flags: Uint8Array): number {
  if (to <= from) return 0;
  const last = text.charCodeAt(to - 1);
  const before = to - 2 >= from ? text.charCodeAt(to - 2) : 0;
  let length = 0;
  if (last === DOT) {
    let start = to - 1;
    while (start > from && text.charCodeAt(start - 1) === DOT) start--;
    if (to - start >= 2) return to - start;
    if (to - 2 >= from && mayPrecedePeriod(text, from, to - 1, flags)) length = 1;
  } else if ((flags[last]! & Class.suffix) !== 0) {
    length = last === ELLIPSIS && before === ELLIPSIS ? 2 : 1;
  } else if (last === 0x73 || last === 0x53) {
    if (before === 0x27 || before === 0x2019) length = 2; // 's and ’s
  } else if (last === PLUS) {
    if (isDigit(before)) length = 1;
  } else if (isLowSurrogate(last) && isHighSurrogate(before)) {
    if (isAstralIcon(text.codePointAt(to - 2)!)) length = 2;
  }
  return Math.max(length, unitLength(text, from, to));
}

/** "." goes after lower case, digits and most punctuation; after two capitals ("USA."); and after "°F". */
function mayPrecedePeriod(text: string, from: number, to: number, flags: Uint8Array): boolean {
  const last = text.charCodeAt(to - 1);
  if ((flags[last]! & Class.beforePeriod) !== 0) return true;
  if (isLowSurrogate(last)) return to - 2 >= from && isAstralLetter(text.codePointAt(to - 2)!);
  if (to - 2 < from) return false;
  const before = text.charCodeAt(to - 2);
  if ((flags[last]! & Class.upper) !== 0) {
    if (isLowSurrogate(before)) return to - 3 >= from && isAstralLetter(text.codePointAt(to - 3)!);
    if ((flags[before]! & Class.upper) !== 0) return true;
  }
  return before === DEGREE && (last === 0x46 || last === 0x43 || last === 0x4b);
}

/** Length of a unit or currency sign that ends the text and follows a digit, or 0. */
function unitLength(text: string, from: number, to: number): number {
  for (let length = 1; length <= LONGEST_UNIT && to - length - 1 >= from; length++) {
    if (isDigit(text.charCodeAt(to - length))) return 0;
    if (isDigit(text.charCodeAt(to - length - 1))) return UNITS.has(text.slice(to - length, to)) ? length : 0;
  }
  return 0;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}
