/**
 * The ways in which block lists are read and held against a URL. Same-named lists mean different things in different
 * systems; each reading here is one system's, traps included.
 */
import { isIP } from "node:net";
import { BannedWords, bannedDomainOf } from "../dclm/banned-url.ts";
import { hostOf, loadRegisteredDomain } from "./host.ts";

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
  /** Tells how many different words of the list are in a URL. */
  readonly wordCounter: (words: ReadonlySet<string>) => (url: string) => number;
  /** Where substrings are searched. */
  readonly searched: (url: string) => string;
}

type RegisteredDomain = (host: string) => string;

export async function readingOf(matching: "as-datatrove" | "as-dclm" | "broad"): Promise<Reading> {
  if (matching === "as-dclm") return dclm;
  const registeredDomain = await loadRegisteredDomain();
  return matching === "broad" ? broad(registeredDomain) : datatrove(registeredDomain);
}

const SEPARATORS = /[^a-zA-Z0-9]+/;
const ALL_SEPARATORS = /[^a-zA-Z0-9]+/g;

const asIs = (text: string): string => text;
const lower = (text: string): string => text.toLowerCase();
const lettersAndDigits = (text: string): string => text.replace(ALL_SEPARATORS, "").toLowerCase();

/** datatrove's URLFilter (huggingface/datatrove e982471, src/datatrove/pipeline/filters/url_filter.py). */
const datatrove = (registeredDomain: RegisteredDomain): Reading => ({
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
  wordCounter: (words) => (url) => countListed(url.split(SEPARATORS), words),
  searched: lettersAndDigits,
});

/** What the makers of lists mean: nothing hangs on case, and a listed domain covers all hosts below it. */
const broad = (registeredDomain: RegisteredDomain): Reading => ({
  domainEntry: (entry) => lower(entry).replace(/^\.+/, ""),
  urlEntry: withoutScheme,
  wordEntry: lettersAndDigits,
  substringEntry: lettersAndDigits,
  domains: (url) => namesOf(url, registeredDomain).above,
  subdomains: (url) => namesOf(url, registeredDomain).below,
  url: withoutScheme,
  wordCounter: (words) => (url) => countListed(lower(url).split(SEPARATORS), words),
  searched: lettersAndDigits,
});

/** DCLM's url_substring_filter (mlfoundations/dclm c7ed275, baselines/mappers/filters/metadata_filters.py). */
const dclm: Reading = {
  domainEntry: lower,
  urlEntry: asIs,
  wordEntry: lower,
  substringEntry: lower,
  // "www.example.com" becomes ".example.com", and "awww.org" becomes "a.org": only hosts without "www" can be listed.
  domains: (url) => [bannedDomainOf(url)],
  subdomains: () => [],
  url: asIs,
  wordCounter: (words) => {
    const banned = new BannedWords(words, true);
    return (url) => banned.count(lower(url));
  },
  searched: (url) => lower(url).replace(/[-.]/g, ""),
};

function countListed(parts: readonly string[], words: ReadonlySet<string>): number {
  return new Set(parts.filter((part) => words.has(part))).size;
}

/** DNS has no longer names; whatever else stands in a URL must not be cut into a million of them. */
const MAX_NAME_CHARS = 255;

/** The host and all domains above it: those up to the registered one, and those below it. An address has no parts. */
function namesOf(
  url: string,
  registeredDomain: RegisteredDomain,
): { above: readonly string[]; below: readonly string[] } {
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
