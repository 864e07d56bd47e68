/**
 * What of a passage is compared. `normalizePassage` is the definition; the tables say the same unit by unit, so that a
 * passage can be hashed without making a string of it.
 */
import { strip } from "../../../pipeline/text/python-text.ts";

export const NORMALIZATIONS = ["none", "whitespace-case", "ccnet"] as const;
export type Normalization = (typeof NORMALIZATIONS)[number];

export function normalizePassage(text: string, how: Normalization): string {
  if (how === "none") return text;
  return how === "ccnet" ? normalizeAsCcnet(text) : foldWhitespaceCase(text);
}

/** Lower case, runs of white space made one space, none at the ends. */
export function foldWhitespaceCase(text: string): string {
  return text.toLowerCase().replace(/\s+/g, " ").trim();
}

/**
 * As cc_net compares paragraphs (facebookresearch/cc_net, text_normalizer.py, `normalize_for_dedup`): stripped, in lower
 * case, every digit made 0, without control characters and the characters below. Accents stay, and so does all of ASCII's
 * punctuation: the list is of typographic and full-width signs.
 */
function normalizeAsCcnet(text: string): string {
  return strip(text).toLowerCase().replace(DIGIT, "0").replace(CCNET_REMOVED, "");
}

const DIGIT = /\p{Nd}/gu;
const CCNET_REMOVED =
  /[\0-\x1f\x7f-\x9f\xab\xb4\xbb\u2013\u2014\u2019\u201c-\u201e\u2026\u2236\u2501\u25ba\u3001\u3002\u3008-\u300d\u3010\u3011\uff01\uff05\uff08\uff09\uff0c\uff0e\uff11\uff1a\uff1b\uff1f\uff5e]/g;

/** Table entries that are no unit to hash: no character's normal form has a surrogate that it had not before. */
export const NORMAL = {
  /** Left out. */
  removed: 0xd800,
  /** The passage has to be normalised as a whole: surrogates, and letters whose lower case is two units or depends on others. */
  ask: 0xd801,
} as const;

const FINAL_SIGMA_SOURCE = 0x3a3;
const SPACE = /\s/;

const tables = new Map<Normalization, Uint16Array>();

/** For each UTF-16 unit what is compared in its place, or one of `NORMAL`. Made on first use (~20 ms). */
export function normalTable(how: Exclude<Normalization, "none">): Uint16Array {
  let table = tables.get(how);
  if (table === undefined) {
    table = Uint16Array.from({ length: 0x10000 }, (_, unit) => normalUnit(unit, how));
    tables.set(how, table);
  }
  return table;
}

function normalUnit(unit: number, how: Normalization): number {
  const lower = String.fromCharCode(unit).toLowerCase();
  if ((unit & 0xf800) === 0xd800 || unit === FINAL_SIGMA_SOURCE || lower.length > 1) return NORMAL.ask;
  if (how === "whitespace-case") return SPACE.test(lower) ? 0x20 : lower.charCodeAt(0);
  const normal = lower.replace(DIGIT, "0").replace(CCNET_REMOVED, "");
  return normal === "" ? NORMAL.removed : normal.charCodeAt(0);
}
