/** Lists of dolma's tagger `gopher_v1` (allenai/dolma 669f534, python/dolma/taggers/gopher.py). */
import { STOP_WORDS } from "../stop-words.ts";

const REQUIRED_WORDS: ReadonlySet<string> = new Set(STOP_WORDS);

/** One of the eight words of Rae et al. 2021, appendix A1.1, compared as written. */
export function isRequiredWord(word: string): boolean {
  return REQUIRED_WORDS.has(word);
}

/** Has a "#" or a "…" in it; "..." is none. */
export function isSymbolWord(word: string): boolean {
  return word.includes("#") || word.includes("…");
}
