/**
 * Which of a page's lines C4 keeps, line by line as datatrove's C4QualityFilter reads them (huggingface/datatrove
 * a649de7, filters/c4_filters.py): the definition that `cleanLinesFast` is tested against.
 */

import { splitLines, strip } from "../../../pipeline/text/python-text.ts";
import { cutEnglishWords } from "../../../pipeline/text/words-english.ts";
import { cutSpacedWords } from "../../../pipeline/text/words-spaced.ts";
import { countEnglishSentences } from "./english-sentences.ts";

/** What a line must do to stay. 0 switches a number's rule off. */
export interface LineRules {
  readonly filterNoTerminalPunct: boolean;
  readonly minLineWords: number;
  readonly maxWordChars: number;
  readonly removeCitations: boolean;
  readonly filterJavascript: boolean;
  readonly filterPolicy: boolean;
}

/** Lines that were removed, by the rule that came first, and what was found in those that reached the rules on phrases. */
export interface LineCounts {
  lines: number;
  keptLines: number;
  /** In kept lines. */
  sentences: number;
  longWordLines: number;
  unterminatedLines: number;
  shortLines: number;
  javascriptLines: number;
  policyLines: number;
  /** Number of the first line with the phrase, from 1; 0 where there is none. */
  loremIpsumLine: number;
  curlyBracketLine: number;
}

export interface CleanedLines {
  /** The kept lines, joined with "\n". */
  readonly text: string;
  readonly counts: LineCounts;
}

export function noLines(): LineCounts {
  return {
    lines: 0,
    keptLines: 0,
    sentences: 0,
    longWordLines: 0,
    unterminatedLines: 0,
    shortLines: 0,
    javascriptLines: 0,
    policyLines: 0,
    loremIpsumLine: 0,
    curlyBracketLine: 0,
  };
}

export function cleanLines(text: string, rules: LineRules): CleanedLines {
  const counts = noLines();
  const kept: string[] = [];
  for (const raw of splitLines(text)) {
    counts.lines++;
    const stripped = strip(raw);
    const words = [...cutSpacedWords(stripped)];
    if (rules.maxWordChars > 0 && words.some((word) => [...word].length > rules.maxWordChars)) {
      counts.longWordLines++;
      continue;
    }
    const line = rules.removeCitations ? withoutCitations(stripped) : stripped;
    if (!passes(line, words.length, rules, counts)) continue;
    counts.keptLines++;
    counts.sentences += countEnglishSentences(cutEnglishWords(line));
    kept.push(line);
  }
  return { text: strip(kept.join("\n")), counts };
}

/** Digits of any script, as Python's `\d`. */
const CITATION = /\[\p{Nd}*\]|\[edit\]|\[citation needed\]/gu;

/** Wikipedia's marks go; spaces around them stay, so that a line may end in one. */
export function withoutCitations(line: string): string {
  return line.replace(CITATION, "");
}

/** The rules behind the removal of citations; `words` were counted before it. */
export function passes(line: string, words: number, rules: LineRules, counts: LineCounts): boolean {
  if (rules.filterNoTerminalPunct && !(/[.?!"']$/.test(line.slice(-1)) && !line.endsWith("..."))) {
    counts.unterminatedLines++;
    return false;
  }
  if (words < rules.minLineWords) {
    counts.shortLines++;
    return false;
  }
  return passesPhrases(line, rules, counts);
}

/** The rules on what a line says. Two phrases condemn the whole page: where they stand is noted, and the line goes on. */
export function passesPhrases(line: string, rules: LineRules, counts: LineCounts): boolean {
  const lower = line.toLowerCase();
  if (counts.loremIpsumLine === 0 && lower.includes("lorem ipsum")) counts.loremIpsumLine = counts.lines;
  if (rules.filterJavascript && lower.includes("javascript")) {
    counts.javascriptLines++;
    return false;
  }
  if (counts.curlyBracketLine === 0 && line.includes("{")) counts.curlyBracketLine = counts.lines;
  if (rules.filterPolicy && POLICY_PHRASES.some((phrase) => lower.includes(phrase))) {
    counts.policyLines++;
    return false;
  }
  return true;
}

/** In lower case. */
export const POLICY_PHRASES = [
  "terms of use",
  "privacy policy",
  "cookie policy",
  "uses cookies",
  "use of cookies",
  "use cookies",
] as const;
