/**
 * The ways in which block lists are read and held against a URL. Same-named lists mean different things in different
 * systems; each reading here is one system's, traps included.
 */
import { isIP } from "node:net";
import { hostOf, registeredDomain } from "./host.ts";

export interface Reading {
  /** What is kept of an entry of each list. */
  readonly domainEntry: (entry: string) => string;
  readonly urlEntry: (entry: string) => string;
  readonly wordEntry: (entry: string) => string;
  readonly substringEntry: (entry: string) => string;
  /** Names of which one in the domain list makes the page's whole domain a listed one. */
  readonly domains: (url: string) => readonly string[];
  /** Names of which one in the domain list makes this a listed host of a domain that is none. */
  readonly subdomains: (url: string) => readonly string[];
  /** What is looked up in the list of URLs. */
  readonly url: (url: string) => string;
  /** How many different words of the list are in the URL. */
  readonly countWords: (url: string, words: ReadonlySet<string>) => number;
  /** Where substrings are searched. */
  readonly searched: (url: string) => string;
}

const SEPARATORS = /[^a-zA-Z0-9]+/;
const ALL_SEPARATORS = /[^a-zA-Z0-9]+/g;

const asIs = (text: string): string => text;
const lower = (text: string): string => text.toLowerCase();
const lettersAndDigits = (text: string): string => text.replace(ALL_SEPARATORS, "").toLowerCase();

/** datatrove's URLFilter (huggingface/datatrove e982471, src/datatrove/pipeline/filters/url_filter.py). */
const datatrove: Reading = {
  domainEntry: asIs,
  urlEntry: asIs,
  wordEntry: lettersAndDigits,
  substringEntry: lettersAndDigits,
  // Hosts are compared as they are written: "Example.com" is not in a list that has "example.com".
  domains: (url) => [registeredDomain(hostOf(url))],
  subdomains: (url) => {
    const host = hostOf(url);
    return registeredDomain(host) === "" ? [] : [host];
  },
  url: asIs,
  // The parts of the URL keep their case, while the lists lose it.
  countWords: (url, words) => countListed(new Set(url.split(SEPARATORS)), words),
  searched: lettersAndDigits,
};

/** What the makers of lists mean: nothing hangs on case, and a listed domain covers all hosts below it. */
const broad: Reading = {
  domainEntry: (entry) => lower(entry).replace(/^\.+/, ""),
  urlEntry: withoutScheme,
  wordEntry: lettersAndDigits,
  substringEntry: lettersAndDigits,
  domains: (url) => namesOf(url).above,
  subdomains: (url) => namesOf(url).below,
  url: withoutScheme,
  countWords: (url, words) => countListed(new Set(lower(url).split(SEPARATORS)), words),
  searched: lettersAndDigits,
};

/** DCLM's url_substring_filter (mlfoundations/dclm c7ed275, baselines/mappers/filters/metadata_filters.py). */
const dclm: Reading = {
  domainEntry: lower,
  urlEntry: asIs,
  wordEntry: lower,
  substringEntry: lower,
  // "www.example.com" becomes ".example.com", and "awww.org" becomes "a.org": only hosts without "www" can be listed.
  domains: (url) => [lower(netlocOf(url)).replaceAll("www", "")],
  subdomains: () => [],
  url: asIs,
  countWords: (url, words) => countBetweenBoundaries(lower(url), words),
  searched: (url) => lower(url).replace(/[-.]/g, ""),
};

export const readings = { "as-datatrove": datatrove, "as-dclm": dclm, broad } as const;

function countListed(parts: ReadonlySet<string>, words: ReadonlySet<string>): number {
  let count = 0;
  for (const part of parts) if (words.has(part)) count++;
  return count;
}

/** DNS has no longer names; whatever else stands in a URL must not be cut into a million of them. */
const MAX_NAME_CHARS = 255;

/** The host and all domains above it: those up to the registered one, and those below it. An address has no parts. */
function namesOf(url: string): { above: readonly string[]; below: readonly string[] } {
  const host = lower(hostOf(url));
  if (host.length > MAX_NAME_CHARS || host.startsWith("[") || isIP(host) !== 0) return { above: [host], below: [] };
  const registered = registeredDomain(host) || host;
  const above: string[] = [];
  const below: string[] = [];
  for (let at = 0; ; at = host.indexOf(".", at) + 1) {
    const name = host.slice(at);
    (name.length > registered.length ? below : above).push(name);
    if (!name.includes(".")) return { above, below };
  }
}

function withoutScheme(url: string): string {
  return lower(url)
    .replace(/^[a-z][a-z0-9+.-]*:\/\//, "")
    .replace(/^www\./, "")
    .replace(/#.*$/s, "")
    .replace(/\/$/, "");
}

/** Python's `urlparse(url).netloc`: what lies between "//" and the path, with user and port. */
function netlocOf(url: string): string {
  const clean = url.replace(/^[\0-\x20]+/, "").replace(/[\t\r\n]/g, "");
  return /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?\/\/([^/?#]*)/.exec(clean)?.[1] ?? "";
}

/**
 * How many different entries stand in the text with a boundary (Python's `\b`) on both sides. Unlike a part between
 * separators such a word may have one within ("s&m"), and "_" is a letter.
 */
function countBetweenBoundaries(text: string, words: ReadonlySet<string>): number {
  let count = countListed(new Set(text.match(WORDS) ?? []), words);
  for (const word of words) if (word !== "" && !ONE_WORD.test(word) && standsAlone(text, word)) count++;
  return count;
}

const WORDS = /[\p{L}\p{N}_]+/gu;
const ONE_WORD = /^[\p{L}\p{N}_]+$/u;

function standsAlone(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (isBoundary(text, at) && isBoundary(text, at + word.length)) return true;
  }
  return false;
}

function isBoundary(text: string, at: number): boolean {
  return isWordUnit(text[at - 1]) !== isWordUnit(text[at]);
}

function isWordUnit(unit: string | undefined): boolean {
  return unit !== undefined && ONE_WORD.test(unit);
}
