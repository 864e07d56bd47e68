import { perKind } from "../../../pipeline/text/word-kinds.ts";
import type { Words } from "../../../pipeline/text/words.ts";
import { isAlphabeticWord, isCommonWord, isSymbolWord } from "./marks.ts";

const ALPHABETIC = 1;
const SYMBOL = 2;
const COMMON = 4;

const flagsOf = perKind(
  (word) =>
    (isAlphabeticWord(word) ? ALPHABETIC : 0) | (isSymbolWord(word) ? SYMBOL : 0) | (isCommonWord(word) ? COMMON : 0),
);

export interface WordCounts {
  readonly chars: number;
  readonly longest: number;
  readonly alphabetic: number;
  readonly symbols: number;
  /** Occurrences. */
  readonly common: number;
}

export function countWords({ kinds, vocabulary }: Words): WordCounts {
  const flags = flagsOf(vocabulary);
  const { codePoints } = vocabulary;
  let chars = 0;
  let longest = 0;
  let alphabetic = 0;
  let symbols = 0;
  let common = 0;
  for (const kind of kinds) {
    const length = codePoints[kind]!;
    const flag = flags[kind]!;
    chars += length;
    if (length > longest) longest = length;
    alphabetic += flag & ALPHABETIC;
    if ((flag & SYMBOL) !== 0) symbols++;
    if ((flag & COMMON) !== 0) common++;
  }
  return { chars, longest, alphabetic, symbols, common };
}
