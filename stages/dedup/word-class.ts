/**
 * Lower-casing and word membership by table, for scanning text one code unit at a time. Exactly what
 * `text.toLowerCase()` followed by `WORD` says: lower-casing maps a character by itself with two exceptions (Unicode
 * SpecialCasing), "Σ", whose lower case depends on its neighbours, and "İ", which becomes two characters. Texts with
 * one of those, or with a capital beyond the basic plane, are marked, for the caller to lower-case as a whole.
 */
import { WORD } from "./shingles.ts";

/** Values of the fold table below any letter. */
export const FOLD = {
  /** Parts words. */
  gap: 0,
  /** A surrogate, "Σ" or "İ": look closer. */
  ask: 1,
} as const;

/** Classes of code points above U+FFFF; `capital` means that lower-casing changes it. 0 is for what is not known yet. */
export const AstralClass = { gap: 1, word: 2, capital: 3 } as const;

const FINAL_SIGMA_SOURCE = 0x3a3;

let table: Uint16Array | undefined;

/** For each UTF-16 code unit: its lower case if that is part of a word, or one of `FOLD`. Made on first use (~10 ms). */
export function foldTable(): Uint16Array {
  table ??= buildFoldTable();
  return table;
}

function buildFoldTable(): Uint16Array {
  const fold = new Uint16Array(0x10000);
  for (let unit = 0; unit < 0x10000; unit++) fold[unit] = foldUnit(unit);
  return fold;
}

function foldUnit(unit: number): number {
  if (isSurrogate(unit) || unit === FINAL_SIGMA_SOURCE) return FOLD.ask;
  const lower = String.fromCharCode(unit).toLowerCase();
  if (lower.length > 1) return FOLD.ask;
  return isWord(lower) ? lower.charCodeAt(0) : FOLD.gap;
}

const isSurrogate = (unit: number) => (unit & 0xf800) === 0xd800;

function isWord(character: string): boolean {
  WORD.lastIndex = 0; // the pattern is global and would otherwise go on where the last text ended
  return WORD.test(character);
}

/** Code points above U+FFFF are classified so many at once, when a text first needs one of them. */
export const ASTRAL_BLOCK = 256;

const astralBlocks = new Map<number, Uint8Array>();

/** The classes of the block of code points that begins with this one. */
export function astralClasses(first: number): Uint8Array {
  let classes = astralBlocks.get(first);
  if (classes === undefined) {
    classes = Uint8Array.from({ length: ASTRAL_BLOCK }, (_, i) => classifyAstral(first + i));
    astralBlocks.set(first, classes);
  }
  return classes;
}

function classifyAstral(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  if (character.toLowerCase() !== character) return AstralClass.capital;
  return isWord(character) ? AstralClass.word : AstralClass.gap;
}
