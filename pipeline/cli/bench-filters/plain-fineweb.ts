/**
 * FineWeb's four filters as one would write them from their descriptions: each on its own, over strings and maps, cutting
 * the page into words for itself. `sluice bench filters` compares verdicts and speed with it.
 */
import { cleanLines } from "../../../stages/filters/c4/lines.ts";
import { measureProseLinesPlainly } from "../../../stages/filters/fineweb/prose-lines.ts";
import { repeatedGramChars, topGramChars } from "../../text/ngrams.ts";
import { isPunctuation } from "../../text/punctuation.ts";
import { isAlphabetic, splitLines, strip } from "../../text/python-text.ts";
import { countRepeatsPlainly } from "../../text/repeats.ts";
import { cutEnglishWords } from "../../text/words-english.ts";

/** The first filter that drops a page and its reason, as "filter/reason"; null where all keep it. */
export type PlainVerdict = string | null;

/** Judges a page by all four filters, whichever drops it; the verdict is the first's. */
export function judgePlainly(text: string): PlainVerdict {
  const repetition = judgeRepetition(text);
  const quality = judgeQuality(text);
  const { reason: c4, text: cleaned } = judgeC4(text);
  const fineweb = judgeFineweb(cleaned);
  if (repetition !== null) return `gopher-repetition/${repetition}`;
  if (quality !== null) return `gopher-quality/${quality}`;
  if (c4 !== null) return `c4/${c4}`;
  return fineweb === null ? null : `fineweb-quality/${fineweb}`;
}

const codePoints = (text: string): number => [...text].length;
const wordsOf = (text: string): string[] => [...cutEnglishWords(text)];

function judgeRepetition(text: string): string | null {
  const chars = codePoints(text);
  if (chars === 0) return "empty";
  const paragraphs = countRepeatsPlainly(strip(text).split(/\n{2,}/));
  if (paragraphs.repeated / paragraphs.pieces > 0.3) return "repeated-paragraphs";
  if (paragraphs.repeatedChars / chars > 0.2) return "repeated-paragraph-chars";
  const lines = countRepeatsPlainly(text.split(/\n+/));
  if (lines.repeated / lines.pieces > 0.3) return "repeated-lines";
  if (lines.repeatedChars / chars > 0.2) return "repeated-line-chars";
  const words = wordsOf(text);
  for (const [n, max] of [
    [2, 0.2],
    [3, 0.18],
    [4, 0.16],
  ] as const) {
    if (topGramChars(words, n) / chars > max) return `top-${n}-gram`;
  }
  for (const [n, max] of [
    [5, 0.15],
    [6, 0.14],
    [7, 0.13],
    [8, 0.12],
    [9, 0.11],
    [10, 0.1],
  ] as const) {
    if (repeatedGramChars(words, n) / chars > max) return `repeated-${n}-grams`;
  }
  return null;
}

const STOP_WORDS = ["the", "be", "to", "of", "and", "that", "have", "with"];

function judgeQuality(text: string): string | null {
  const tokens = wordsOf(text);
  const words = tokens.filter((word) => [...word].some((char) => !isPunctuation(char.codePointAt(0)!)));
  if (words.length < 50) return "too-few-words";
  if (words.length > 100_000) return "too-many-words";
  const meanChars = words.reduce((sum, word) => sum + codePoints(word), 0) / words.length;
  if (meanChars < 3) return "words-too-short";
  if (meanChars > 10) return "words-too-long";
  const occurrences = (mark: string): number => text.split(mark).length - 1;
  if (occurrences("#") / tokens.length > 0.1) return "too-many-hashes";
  if ((occurrences("...") + occurrences("…")) / tokens.length > 0.1) return "too-many-ellipses";
  const lines = splitLines(text).map(strip);
  if (lines.filter((line) => /^[•-]/.test(line)).length / lines.length > 0.9) return "too-many-bullets";
  if (lines.filter((line) => /(\.\.\.|…)$/.test(line)).length / lines.length > 0.3) return "too-many-ellipsis-lines";
  const alphabetic = tokens.filter((word) => [...word].some((char) => isAlphabetic(char.codePointAt(0)!)));
  if (alphabetic.length / tokens.length < 0.8) return "too-few-alphabetic-words";
  const distinct = new Set(tokens);
  return STOP_WORDS.filter((word) => distinct.has(word)).length < 2 ? "too-few-stop-words" : null;
}

function judgeC4(text: string): { reason: string | null; text: string } {
  const { text: cleaned, counts } = cleanLines(text, {
    filterNoTerminalPunct: false,
    minLineWords: 3,
    maxWordChars: 1000,
    removeCitations: true,
    filterJavascript: true,
    filterPolicy: true,
  });
  const lorem = counts.loremIpsumLine || Infinity;
  const curly = counts.curlyBracketLine || Infinity;
  if (lorem < Infinity && lorem <= curly) return { reason: "lorem-ipsum", text: cleaned };
  if (curly < Infinity) return { reason: "curly-bracket", text: cleaned };
  return { reason: counts.sentences < 5 ? "too-few-sentences" : null, text: cleaned };
}

function judgeFineweb(text: string): string | null {
  const { lines, terminated, short, repeatedChars, newlines } = measureProseLinesPlainly(text, 30);
  if (lines === 0) return "empty";
  if (terminated / lines < 0.12) return "too-few-terminated-lines";
  if (short / lines > 0.67) return "too-many-short-lines";
  if (repeatedChars > 0.01) return "repeated-line-chars";
  return newlines / wordsOf(text).length > 0.3 ? "too-many-newlines" : null;
}
