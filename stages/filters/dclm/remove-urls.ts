/**
 * URLs and IPv4 addresses, taken out of a text with the white space before them as DCLM does it (mlfoundations/dclm
 * 361714b, modifiers.py: `url_removal_modifier`). Two regular expressions define it:
 *
 *     \s{0,10} (https?|ftp):// ? [-a-zA-Z0-9@:%._+~#=]{1,256} \.TLD\b [-a-zA-Z0-9()@:%_+.~#?&/=]*
 *     \s{0,10} \b (https?|ftp):// ? ([0-2]?[0-9]{1,2}\.){3} [0-2]?[0-9]{1,2} [-a-zA-Z0-9()@:%_+.~#?&/=]*
 *
 * They would look at up to 256 characters from every place of a text; the functions here look at its dots.
 */

import { isSpace, SPACE_CLASS } from "../../../pipeline/text/python-text.ts";
import { isWordAt, isWordBefore, isWordBorder } from "./python-classes.ts";
import { TOP_LEVEL_DOMAINS } from "./top-level-domains.ts";

const HOST = unitsOf(/[-a-zA-Z0-9@:%._+~#=]/);
const PATH = unitsOf(/[-a-zA-Z0-9()@:%_+.~#?&/=]/);
const MAX_HOST = 256;
const MAX_SPACE = 10;
const SCHEMES = ["https://", "http://", "ftp://"];

const DOT = 0x2e;

/** Top-level domains of word characters alone: the word behind a dot is one, or is none. */
const PLAIN = new Set(TOP_LEVEL_DOMAINS.filter((domain) => /^[\p{L}\p{N}]+$/u.test(domain)));
/** Those with marks, which are no word characters to Python: longest first. */
const MARKED = TOP_LEVEL_DOMAINS.filter((domain) => !PLAIN.has(domain)).sort((a, b) => b.length - a.length);
const LONGEST = Math.max(...TOP_LEVEL_DOMAINS.map((domain) => domain.length));

/**
 * Whether DCLM looks for URLs in a text at all: only where it *begins* with the letters of a top-level domain ("The …"
 * does, by `th`; "We …" does not). It tests with `match` what was meant for `search`.
 */
export function beginsWithDomain(text: string): boolean {
  // Python's IGNORECASE has more than one small i and s.
  const start = text.slice(0, LONGEST).replace(/[İı]/g, "i").replaceAll("ſ", "s").toLowerCase();
  return [...start].some((_, n, units) => DOMAINS.has(units.slice(0, n + 1).join("")));
}
const DOMAINS = new Set(TOP_LEVEL_DOMAINS);

/** A part of the text that is taken out. */
interface Span {
  readonly start: number;
  readonly end: number;
}

export function removeUrls(text: string): string {
  return removeSpans(text, nextUrl);
}

export function removeAddresses(text: string): string {
  return removeSpans(text, nextAddress);
}

function removeSpans(text: string, next: (text: string, from: number) => Span | undefined): string {
  let kept = "";
  let from = 0;
  for (let span = next(text, 0); span !== undefined; span = next(text, from)) {
    kept += text.slice(from, span.start);
    from = span.end;
  }
  return from === 0 ? text : kept + text.slice(from);
}

/** The first URL that begins at or after `from`. */
function nextUrl(text: string, from: number): Span | undefined {
  for (let dot = text.indexOf(".", from); dot !== -1; dot = text.indexOf(".", dot + 1)) {
    if (domainEnd(text, dot + 1) === -1) continue;
    let runStart = dot;
    const floor = Math.max(from, dot - MAX_HOST);
    while (runStart > floor && HOST[text.charCodeAt(runStart - 1)] === 1) runStart--;
    if (runStart === dot) continue; // Nothing before the dot.
    return { start: withSpace(text, from, withScheme(text, from, runStart)), end: urlEnd(text, runStart, dot) };
  }
  return undefined;
}

/** The host goes to its last dot before a top-level domain, and the path as far as it can. */
function urlEnd(text: string, hostStart: number, firstDot: number): number {
  let end = domainEnd(text, firstDot + 1);
  const last = hostStart + MAX_HOST;
  for (let i = firstDot + 1; i <= last && HOST[text.charCodeAt(i)] === 1; i++) {
    if (text.charCodeAt(i) !== DOT) continue;
    const later = domainEnd(text, i + 1);
    if (later !== -1) end = later;
  }
  return pathEnd(text, end);
}

/** Where the top-level domain at `start` ends, if one stands there, as a word: else -1. The longest counts. */
function domainEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first < 0x80 && !(first >= 0x61 && first <= 0x7a)) return -1;
  let end = start;
  while (end <= start + LONGEST && isWordAt(text, end)) end += text.codePointAt(end)! > 0xffff ? 2 : 1;
  let longest = PLAIN.has(text.slice(start, end)) ? end : -1;
  if (first >= 0x80) {
    const marked = MARKED.find((domain) => text.startsWith(domain, start) && isWordBorder(text, start + domain.length));
    if (marked !== undefined) longest = Math.max(longest, start + marked.length);
  }
  return longest;
}

/** The first IPv4 address that begins at or after `from`. */
function nextAddress(text: string, from: number): Span | undefined {
  for (let dot = text.indexOf(".", from); dot !== -1; dot = text.indexOf(".", dot + 1)) {
    for (let start = Math.max(from, dot - 3); start < dot; start++) {
      const end = addressEnd(text, start);
      if (end === -1) continue;
      const scheme = withScheme(text, from, start);
      const isBehindScheme = scheme < start && !isWordBefore(text, scheme);
      if (!isBehindScheme && isWordBefore(text, start)) continue;
      return { start: withSpace(text, from, isBehindScheme ? scheme : start), end: pathEnd(text, end) };
    }
  }
  return undefined;
}

function addressEnd(text: string, start: number): number {
  let at = start;
  for (let part = 0; part < 3; part++) {
    const digits = countDigits(text, at);
    if (digits === 0 || digits > 3 || (digits === 3 && text.charCodeAt(at) > 0x32)) return -1;
    at += digits;
    if (text.charCodeAt(at) !== DOT) return -1;
    at++;
  }
  return countDigits(text, at) === 0 ? -1 : at + 1;
}

/** ASCII digits at `start`, up to four. */
function countDigits(text: string, start: number): number {
  let i = start;
  while (i < start + 4 && text.charCodeAt(i) >= 0x30 && text.charCodeAt(i) <= 0x39) i++;
  return i - start;
}

function pathEnd(text: string, start: number): number {
  let end = start;
  while (PATH[text.charCodeAt(end)] === 1) end++;
  return end;
}

function withScheme(text: string, from: number, start: number): number {
  const scheme = SCHEMES.find((name) => text.startsWith(name, start - name.length) && start - name.length >= from);
  return start - (scheme?.length ?? 0);
}

function withSpace(text: string, from: number, start: number): number {
  let i = start;
  const floor = Math.max(from, start - MAX_SPACE);
  while (i > floor && isSpace(text.charCodeAt(i - 1))) i--;
  return i;
}

/** 1 for the ASCII units that the expression matches. */
function unitsOf(characters: RegExp): Uint8Array {
  return Uint8Array.from({ length: 0x80 }, (_, unit) => (characters.test(String.fromCharCode(unit)) ? 1 : 0));
}

const WORD = "[\\p{L}\\p{N}_]";
const BORDER = `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`;
const SPACE = `${SPACE_CLASS}{0,10}`;
const TAIL = "[\\-a-zA-Z0-9\\(\\)@:%_+.~#?&\\/=]*";
const DOMAIN = [...TOP_LEVEL_DOMAINS].sort((a, b) => b.length - a.length).join("|");
const URL_PATTERN = new RegExp(
  `${SPACE}(?:(?:https?|ftp):\\/\\/)?[\\-a-zA-Z0-9@:%._+~#=]{1,256}\\.(?:${DOMAIN})${BORDER}${TAIL}`,
  "gu",
);
const ADDRESS_PATTERN = new RegExp(
  `${SPACE}${BORDER}(?:(?:https?|ftp):\\/\\/)?(?:[0-2]?[0-9]{1,2}\\.){3}[0-2]?[0-9]{1,2}${TAIL}`,
  "gu",
);

/** The definition that `removeUrls` is tested against. */
export function removeUrlsPlainly(text: string): string {
  return text.replace(URL_PATTERN, "");
}

/** The definition that `removeAddresses` is tested against. */
export function removeAddressesPlainly(text: string): string {
  return text.replace(ADDRESS_PATTERN, "");
}
