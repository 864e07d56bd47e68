import { isAsciiWord, isDigit, joins, type Place } from "./barrier.ts";

const DOT = 0x2e;
const HYPHEN = 0x2d;

/** RFC 5322's atom characters without "/", "*" and "|": these stand beside addresses in URLs, in bold and in tables. */
const LOCAL = new Uint8Array(128);
for (let unit = 0; unit < 128; unit++)
  LOCAL[unit] = isAsciiWord(unit) || "!#$%&'+=?^`{}~-".includes(String.fromCharCode(unit)) ? 1 : 0;

/** An IPv4 address in place of the domain. What follows must not run on, or a name in its place would swallow it. */
const DOMAIN_LITERAL =
  /\[(?:(?:25[0-5]|2[0-4]\d|[01]?\d\d?)\.){3}(?:25[0-5]|2[0-4]\d|[01]?\d\d?)\](?![\w\uffff-]|\.[A-Za-z0-9\uffff])/y;

/**
 * Finds e-mail addresses as datatrove's pattern does (386e030, formatters/pii.py): atoms joined by single dots, "@", and two
 * labels or more. Beyond it, capitals count as letters; a domain of digits alone needs four parts (3@4.99 is a price); and
 * "/", "*" and "|" end the part before "@" (`medium.com/@some.one` is no address).
 *
 * Each "@" is looked at once, and reads back to the one before it and on to the one after it: linear in the text.
 */
export function findEmails(text: string): Place[] {
  const found: Place[] = [];
  let free = 0;
  for (let at = text.indexOf("@"); at !== -1; at = text.indexOf("@", at + 1)) {
    const start = localStart(text, free, at);
    if (start === at) continue;
    const end = domainEnd(text, at + 1);
    if (end === -1) continue;
    found.push({ start, end });
    free = end;
  }
  return found;
}

/** Where the part before "@" begins, at or after `free`; `at` if there is none. */
function localStart(text: string, free: number, at: number): number {
  let start = at;
  for (let i = at - 1; i >= free; i--) {
    const unit = text.charCodeAt(i);
    if (unit < 128 && LOCAL[unit] === 1) start = i;
    // A dot only between two characters.
    else if (unit !== DOT || start !== i + 1 || start === at) break;
  }
  // It begins with the first letter or digit that none comes before; "+" and quotation marks may stay outside.
  while (start < at && !(isAsciiWord(text.charCodeAt(start)) && !joins(text, start - 1))) start++;
  return start;
}

/** Where a domain that begins here ends, or -1. */
function domainEnd(text: string, start: number): number {
  DOMAIN_LITERAL.lastIndex = start;
  if (text[start] === "[") return DOMAIN_LITERAL.test(text) ? DOMAIN_LITERAL.lastIndex : -1;
  let end = -1;
  let labels = 0;
  let hasLetter = false;
  for (let i = start; isAlphanumeric(text.charCodeAt(i)); i++) {
    // A label: letters, digits, and hyphens that are not its last.
    for (; isAlphanumeric(text.charCodeAt(i)) || text.charCodeAt(i) === HYPHEN; i++) {
      if (text.charCodeAt(i) === HYPHEN) continue;
      end = i + 1;
      if (!isDigit(text.charCodeAt(i))) hasLetter = true;
    }
    labels++;
    if (end !== i || text.charCodeAt(i) !== DOT) break;
  }
  return labels >= 2 && (hasLetter || labels >= 4) ? end : -1;
}

function isAlphanumeric(unit: number): boolean {
  return isAsciiWord(unit) && unit !== 0x5f;
}
