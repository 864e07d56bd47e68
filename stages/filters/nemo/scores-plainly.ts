/**
 * NeMo Curator's heuristic scores over strings and lists, each by its definition (NVIDIA-NeMo/Curator 1e2e427,
 * nemo_curator/stages/text/filters/heuristic): what the filter's one pass is tested against.
 */
import { SPACE_CLASS, strip } from "../../../pipeline/text/python-text.ts";
import {
  BULLETS,
  ELLIPSIS_MARKS,
  END_MARKS,
  isAlphabeticWord,
  isCommonWord,
  isSymbolWord,
  PLACEHOLDER,
  POLICY_PHRASES,
} from "./marks.ts";

const chars = (text: string): number => [...text].length;
const allChars = (texts: readonly string[]): number => sum(texts.map(chars));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, next) => total + next, 0);
const URLS = /https?:\/\/(?:[A-Za-z0-9$\-_@.&+/:=?#~]|[!*(),]|%[0-9A-Fa-f]{2})+/g;
const SPACES = new RegExp(`${SPACE_CLASS}+`);

export function nemoScoresPlainly(text: string): Record<string, number> {
  const characters = [...text];
  const words = strip(text) === "" ? [] : strip(text).split(SPACES);
  const lines = text.split("\n").filter((line) => strip(line) !== "");
  const paragraphs = text.split("\n\n");
  const share = (part: number, whole: number, ofNothing: number): number => (whole === 0 ? ofNothing : part / whole);
  const shareOfChars = (set: RegExp): number =>
    share(characters.filter((char) => set.test(char)).length, characters.length, 1);
  const shareOfLines = (test: (line: string) => boolean): number =>
    share(lines.filter((line) => test(strip(line))).length, lines.length, 1);

  const scores: Record<string, number> = {
    chars: characters.length,
    nonAlphanumericChars: shareOfChars(/[^a-zA-Z0-9\n?!,.]/u),
    symbolWords: share(words.filter(isSymbolWord).length, words.length, 1),
    digitChars: shareOfChars(/[0-9]/),
    urlChars: share(allChars(text.match(URLS) ?? []), characters.length, 1),
    spaceChars: shareOfChars(/[\t\n\r\x08 ]/),
    bracketChars: shareOfChars(/[{}⟨⟩[\]()]/),
    boilerplateParagraphs: boilerplate(paragraphs),
    distinctLines: share(new Set(lines).size, lines.length, 0),
    distinctParagraphs: words.length === 0 ? 0 : new Set(paragraphs).size / paragraphs.length,
    distinctLineChars: share(allChars([...new Set(lines)]), allChars(lines), 0),
    distinctParagraphChars: share(allChars([...new Set(paragraphs)]), allChars(paragraphs), 0),
    words: words.length,
    unterminatedLines: shareOfLines((line) => ![...END_MARKS].some((mark) => line.endsWith(mark))),
    alphabeticWords: share(words.filter(isAlphabeticWord).length, words.length, 0),
    commonWords: words.filter(isCommonWord).length,
    meanWordChars: share(allChars(words), words.length, 0),
    longestWordChars: Math.max(0, ...words.map(chars)),
    ellipsisLines: shareOfLines((line) => ELLIPSIS_MARKS.some((mark) => line.toLowerCase().endsWith(mark))),
    bulletLines: shareOfLines((line) => [...BULLETS].some((bullet) => line.startsWith(bullet))),
  };
  for (const n of [2, 3, 4])
    scores[`top${n}Gram`] = words.length < n ? 1 : topRemoved(text, words, n) / characters.length;
  for (const n of [5, 6, 7, 8, 9, 10]) {
    scores[`repeated${n}Grams`] = words.length < n ? 1 : repeatedChars(words, n) / characters.length;
  }
  return scores;
}

function boilerplate(paragraphs: readonly string[]): number {
  const lower = paragraphs.map((paragraph) => strip(paragraph).toLowerCase());
  if (lower.some((paragraph) => paragraph.includes(PLACEHOLDER))) return 1;
  const found = lower.filter((paragraph) => POLICY_PHRASES.some((phrase) => paragraph.includes(phrase)));
  return found.length / paragraphs.length;
}

function runsOf(words: readonly string[], n: number): string[] {
  return words.slice(n - 1).map((_, i) => words.slice(i, i + n).join(" "));
}

function topRemoved(text: string, words: readonly string[], n: number): number {
  const counts = new Map<string, number>();
  for (const run of runsOf(words, n)) counts.set(run, (counts.get(run) ?? 0) + 1);
  let top = "";
  for (const [run, count] of counts) if (count > (counts.get(top) ?? 0)) top = run;

  const characters = [...text];
  const part = [...top];
  let removed = 0;
  for (let i = 0; i + part.length <= characters.length; ) {
    if (part.every((char, k) => characters[i + k] === char)) {
      removed += part.length;
      i += part.length;
    } else i++;
  }
  return removed;
}

function repeatedChars(words: readonly string[], n: number): number {
  const seen = new Set<string>();
  let repeated = 0;
  let overlap = 0;
  runsOf(words, n).forEach((run, i) => {
    if (seen.has(run)) {
      repeated += allChars(words.slice(i + overlap, i + n)) + Math.min(n - overlap, n - 1);
      overlap = n;
    }
    seen.add(run);
    overlap = Math.max(overlap - 1, 0);
  });
  return repeated;
}
