/**
 * Dolma's tagger `gopher_v1` over lists of strings (allenai/dolma 669f534, python/dolma/taggers/gopher.py): the definition
 * that `attributes.ts` is tested against. Names are ours, those of the filter's scores.
 */
import { isAlphabetic, isSpace } from "../../../pipeline/text/python-text.ts";
import { isRequiredWord, isSymbolWord } from "./marks.ts";

const chars = (text: string): number => [...text].length;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, next) => total + next, 0);

export function attributesPlainly(text: string): Record<string, number> {
  const words = splitAtSpace(text);
  const lines = text === "" ? [] : text.split("\n");
  const wordChars = sum(words.map(chars));
  const perWord = (part: number): number => part / Math.max(words.length, 1);
  const perLine = (part: number): number => part / Math.max(lines.length, 1);
  const lineCounts = count(lines);
  const duplicates = lines.filter((line) => lineCounts.get(line)! > 1);

  const scores: Record<string, number> = {
    chars: chars(text),
    words: words.length,
    medianWordChars: median(words.map(chars)),
    symbolWords: perWord(words.filter(isSymbolWord).length),
    alphabeticWords: perWord(
      words.filter((word) => [...word].some((char) => isAlphabetic(char.codePointAt(0)!))).length,
    ),
    requiredWords: words.filter(isRequiredWord).length,
    bulletLines: perLine(lines.filter((line) => line.startsWith("*") || line.startsWith("-")).length),
    ellipsisLines: perLine(lines.filter((line) => line.endsWith("…")).length),
    duplicateLines: perLine(duplicates.length),
    duplicateLineChars: sum(duplicates.map(chars)) / Math.max(wordChars, 1),
  };

  for (let n = 2; n <= 10; n++) {
    const runs = words.slice(n - 1).map((_, i) => words.slice(i, i + n));
    const counts = count(runs.map((run) => run.join(" ")));
    const runChars = (run: string): number => sum(run.split(" ").map(chars));
    if (n <= 4) {
      let [top, topCount] = ["", 0];
      for (const [run, times] of counts) if (times > topCount) [top, topCount] = [run, times];
      scores[`top${n}Gram`] = (topCount * runChars(top)) / Math.max(wordChars, 1);
    } else {
      const all = [...counts].map(([run, times]) => times * runChars(run));
      const repeated = [...counts].filter(([, times]) => times > 1).map(([run, times]) => times * runChars(run));
      scores[`duplicate${n}Grams`] = sum(repeated) / Math.max(sum(all), 1);
    }
  }
  return scores;
}

/** Python's `str.split()`. */
function splitAtSpace(text: string): string[] {
  const words: string[] = [];
  let word = "";
  for (const char of `${text} `) {
    if (!isSpace(char.charCodeAt(0))) word += char;
    else if (word !== "") {
      words.push(word);
      word = "";
    }
  }
  return words;
}

function median(numbers: readonly number[]): number {
  if (numbers.length === 0) return 0;
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

function count<T>(items: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
