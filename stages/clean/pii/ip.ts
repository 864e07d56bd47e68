import { isIPv6 } from "node:net";
import { isDigit, isDigitLike, joins, type Place } from "./barrier.ts";

const DOT = 0x2e;
const COLON = 0x3a;

/** Networks that Python's `ipaddress` (3.11.10, 3.12.4 and later) does not call global: [first address, bits]. */
const NOT_GLOBAL: readonly (readonly [address: readonly [number, number, number, number], bits: number])[] = [
  [[0, 0, 0, 0], 8],
  [[10, 0, 0, 0], 8],
  [[100, 64, 0, 0], 10],
  [[127, 0, 0, 0], 8],
  [[169, 254, 0, 0], 16],
  [[172, 16, 0, 0], 12],
  [[192, 0, 0, 0], 24],
  [[192, 0, 2, 0], 24],
  [[192, 168, 0, 0], 16],
  [[198, 18, 0, 0], 15],
  [[198, 51, 100, 0], 24],
  [[203, 0, 113, 0], 24],
  [[240, 0, 0, 0], 4],
];
const NOT_GLOBAL_RANGES = NOT_GLOBAL.map(([address, bits]) => {
  const first = numberOf(address);
  return [first, first + 2 ** (32 - bits) - 1] as const;
});
/** PCP and TURN anycast, which lie in 192.0.0.0/24. */
const GLOBAL_AFTER_ALL = new Set([numberOf([192, 0, 0, 9]), numberOf([192, 0, 0, 10])]);

/**
 * Finds IP addresses: four numbers of 0 to 255 without leading zeros and joined by dots, of which nothing is a part of a
 * longer such row (1.2.3.4.5) or of a word (v1.2.3.4), and IPv6 addresses of the blocks that are in use. `publicOnly` leaves
 * out what Python's `is_global` denies: private networks, loopback, documentation.
 *
 * datatrove's and dolma's pattern has no boundaries and would take 1.2.3.4 out of 1.2.3.4.5. No pattern can tell the version
 * number 1.2.3.4 from the address.
 */
export function findIps(text: string, publicOnly: boolean): Place[] {
  const v6 = findV6(text, publicOnly);
  const v4 = findV4(text, publicOnly);
  return v6.length === 0 ? v4 : [...v4, ...v6].sort((a, b) => a.start - b.start);
}

export function isGlobalV4(parts: readonly number[]): boolean {
  const address = numberOf(parts);
  if (GLOBAL_AFTER_ALL.has(address)) return true;
  return !NOT_GLOBAL_RANGES.some(([first, last]) => address >= first && address <= last);
}

function numberOf(parts: readonly number[]): number {
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function findV4(text: string, publicOnly: boolean): Place[] {
  const found: Place[] = [];
  for (let dot = text.indexOf("."); dot !== -1; ) {
    if (!isDigit(text.charCodeAt(dot - 1)) || !isDigit(text.charCodeAt(dot + 1))) {
      dot = text.indexOf(".", dot + 1);
      continue;
    }
    // The whole row of numbers that are joined by single dots; this is its first dot.
    let start = dot;
    while (isDigit(text.charCodeAt(start - 1))) start--;
    let end = dot;
    let numbers = 1;
    while (text.charCodeAt(end) === DOT && isDigit(text.charCodeAt(end + 1))) {
      numbers++;
      end++;
      while (isDigit(text.charCodeAt(end))) end++;
    }
    if (numbers === 4 && isV4(text, start, end, publicOnly)) found.push({ start, end });
    dot = text.indexOf(".", end);
  }
  return found;
}

function isV4(text: string, start: number, end: number, publicOnly: boolean): boolean {
  // Neither part of a word, nor of a row that goes on where something was found.
  if (end - start > 15 || joins(text, start - 1) || joins(text, end)) return false;
  if (text.charCodeAt(start - 1) === DOT && isDigitLike(text.charCodeAt(start - 2))) return false;
  if (text.charCodeAt(end) === DOT && isDigitLike(text.charCodeAt(end + 1))) return false;
  const numbers = text.slice(start, end).split(".");
  if (numbers.some((digits) => Number(digits) > 255 || (digits.length > 1 && digits[0] === "0"))) return false;
  return !publicOnly || isGlobalV4(numbers.map(Number));
}

/** The longest that is written without a dotted end. */
const V6_CHARS = 39;

function findV6(text: string, publicOnly: boolean): Place[] {
  const found: Place[] = [];
  for (let colon = text.indexOf(":"); colon !== -1; ) {
    let start = colon;
    while (isHex(text.charCodeAt(start - 1))) start--;
    let end = colon + 1;
    while (isHex(text.charCodeAt(end)) || text.charCodeAt(end) === COLON) end++;
    const next = text.indexOf(":", end);
    // A sentence's colon may follow.
    if (text.charCodeAt(end - 1) === COLON && isHex(text.charCodeAt(end - 2))) end--;
    if (isV6(text, start, end, publicOnly)) found.push({ start, end });
    colon = next;
  }
  return found;
}

function isV6(text: string, start: number, end: number, publicOnly: boolean): boolean {
  if (end - start > V6_CHARS || !isHex(text.charCodeAt(start)) || !isHex(text.charCodeAt(end - 1))) return false;
  if (joins(text, start - 1) || ".@-:".includes(text.charAt(start - 1) || " ")) return false;
  if (joins(text, end) || ("@-.:".includes(text.charAt(end) || " ") && joins(text, end + 1))) return false;
  const address = text.slice(start, end);
  return isIPv6(address) && (isGlobalV6(address) || (!publicOnly && isLocalV6(address)));
}

/** Of 2000::/3, the only block given out: what Python's `is_global` denies apart. (Code is full of `abc::def`.) */
export function isGlobalV6(address: string): boolean {
  const [first, second] = firstGroups(address);
  if (first < 0x2000 || first > 0x3fff || first === 0x2002) return false;
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false;
  return !(first === 0x3fff && second < 0x1000);
}

/** Unique local, link local and documentation addresses. */
function isLocalV6(address: string): boolean {
  const [first] = firstGroups(address);
  return (first >= 0x2000 && first <= 0x3fff) || (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80;
}

function firstGroups(address: string): [number, number] {
  const [first = "", second = ""] = address.split(":", 2);
  return [Number.parseInt(first, 16), Number.parseInt(second || "0", 16)];
}

function isHex(unit: number): boolean {
  return isDigit(unit) || ((unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x66);
}
