import { renewed, WordCutter } from "./word-cutter.ts";
import type { Words } from "./words.ts";

const cutter = renewed(() => new WordCutter((_text, start, end, spans) => spans.push(start, end)));

/** Words as Python's `str.split()` gives them: what lies between white space. */
export function cutSpacedWords(text: string): Words {
  return cutter().words(text);
}
