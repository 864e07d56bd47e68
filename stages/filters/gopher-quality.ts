import { defineFilter, z } from "../../pipeline/stage.ts";
import { countLineEnds, countOccurrences } from "../../pipeline/text/python-text.ts";
import { Kind } from "../../pipeline/text/word-kinds.ts";
import type { Words } from "../../pipeline/text/words.ts";
import { drop, keep } from "../../pipeline/verdict.ts";
import { STOP_WORDS } from "./stop-words.ts";

const BULLET = 0x2022;
const HYPHEN = 0x2d;
const ELLIPSIS = 0x2026;
const SPACE = 0x20;

/**
 * Drops pages that do not read like prose: Gopher's quality rules (Rae et al. 2021, appendix A1.1) as datatrove applies
 * them (huggingface/datatrove a649de7, gopher_quality_filter.py), in its order. A threshold of 0 switches its test off.
 *
 * Words are spaCy's English tokens, lengths are code points, lines are those of Python's `splitlines`. "Words" alone are
 * tokens with something besides punctuation; shares and ratios are over all tokens, and over all lines, blank ones too.
 *
 * Where `minWords` is 0, datatrove divides by zero on a page without a word; here it is dropped as `empty`.
 *
 * @example gopherQuality({ minWords: 20 })
 */
export default defineFilter({
  name: "gopher-quality",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    minWords: z.int().min(0).default(50).describe("Fewest words, punctuation aside."),
    maxWords: z.int().min(0).default(100_000).describe("Most words, punctuation aside."),
    minMeanWordChars: z.number().min(0).default(3).describe("Least mean length of words, in code points."),
    maxMeanWordChars: z.number().min(0).default(10).describe("Greatest mean length of words, in code points."),
    maxSymbolsPerWord: z
      .number()
      .min(0)
      .default(0.1)
      .describe('Most "#" per token, and apart from that most ellipses ("..." or "…") per token.'),
    maxBulletLines: z
      .number()
      .min(0)
      .max(1)
      .default(0.9)
      .describe('Greatest share of lines that begin with "•" or "-".'),
    maxEllipsisLines: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .describe("Greatest share of lines that end in an ellipsis."),
    minAlphabeticWords: z.number().min(0).max(1).default(0.8).describe("Least share of tokens with a letter in them."),
    minStopWords: z.int().min(0).default(2).describe("Fewest different stop words on the page, compared as written."),
    stopWords: z
      .array(z.string().min(1))
      .default([...STOP_WORDS])
      .describe("The stop words."),
  }),
  needs: ["englishWords"],
  thresholds: [
    "minWords",
    "maxWords",
    "minMeanWordChars",
    "maxMeanWordChars",
    "maxSymbolsPerWord",
    "maxBulletLines",
    "maxEllipsisLines",
    "minAlphabeticWords",
    "minStopWords",
  ],
  referenceReasons: {
    "too-few-words": "gopher_short_doc",
    "too-many-words": "gopher_long_doc",
    "words-too-short": "gopher_below_avg_threshold",
    "words-too-long": "gopher_above_avg_threshold",
    "too-many-hashes": "gopher_too_many_hashes",
    "too-many-ellipses": "gopher_too_many_ellipsis",
    "too-many-bullets": "gopher_too_many_bullets",
    "too-many-ellipsis-lines": "gopher_too_many_end_ellipsis",
    "too-few-alphabetic-words": "gopher_below_alpha_threshold",
    "too-few-stop-words": "gopher_enough_stop_words",
  },
  score: ({ text, englishWords }, { stopWords }) => {
    const tokens = englishWords.length;
    const lines = measureLines(englishWords);
    const { words, wordChars, alphabetic } = measureWords(englishWords);
    return {
      tokens,
      words,
      meanWordChars: ratio(wordChars, words),
      hashesPerWord: ratio(countOccurrences(text, "#"), tokens),
      ellipsesPerWord: ratio(countOccurrences(text, "...") + countOccurrences(text, "…"), tokens),
      bulletLines: ratio(lines.bullets, lines.count),
      ellipsisLines: ratio(lines.ellipses, lines.count),
      alphabeticWords: ratio(alphabetic, tokens),
      stopWords: new Set(stopWords.filter((word) => englishWords.has(word))).size,
    };
  },
  keep: (scores, params) => {
    const { words, meanWordChars } = scores;
    if (words < params.minWords) return drop("too-few-words", words);
    if (params.maxWords > 0 && words > params.maxWords) return drop("too-many-words", words);
    if (scores.tokens === 0) return drop("empty", 0);
    // Python's mean of no words is NaN, which no threshold drops.
    if (words > 0 && meanWordChars < params.minMeanWordChars) return drop("words-too-short", meanWordChars);
    if (params.maxMeanWordChars > 0 && meanWordChars > params.maxMeanWordChars) {
      return drop("words-too-long", meanWordChars);
    }
    if (isOver(scores.hashesPerWord, params.maxSymbolsPerWord)) return drop("too-many-hashes", scores.hashesPerWord);
    if (isOver(scores.ellipsesPerWord, params.maxSymbolsPerWord)) {
      return drop("too-many-ellipses", scores.ellipsesPerWord);
    }
    if (isOver(scores.bulletLines, params.maxBulletLines)) return drop("too-many-bullets", scores.bulletLines);
    if (isOver(scores.ellipsisLines, params.maxEllipsisLines)) {
      return drop("too-many-ellipsis-lines", scores.ellipsisLines);
    }
    if (scores.alphabeticWords < params.minAlphabeticWords) {
      return drop("too-few-alphabetic-words", scores.alphabeticWords);
    }
    if (scores.stopWords < params.minStopWords) return drop("too-few-stop-words", scores.stopWords);
    return keep;
  },
});

function isOver(value: number, max: number): boolean {
  return max > 0 && value > max;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function measureWords(tokens: Words): { words: number; wordChars: number; alphabetic: number } {
  const { flags, length } = tokens;
  let words = 0;
  let wordChars = 0;
  let alphabetic = 0;
  for (let i = 0; i < length; i++) {
    const flag = flags[i]!;
    if ((flag & Kind.symbol) === 0) {
      words++;
      wordChars += tokens.charsAt(i);
    }
    if ((flag & Kind.alphabetic) !== 0) alphabetic++;
  }
  return { words, wordChars, alphabetic };
}

/** Lines end in the gaps between words, and most gaps are a space. */
function measureLines({ text, starts, ends, length }: Words): { count: number; bullets: number; ellipses: number } {
  let count = 0;
  let bullets = 0;
  let ellipses = 0;
  let first = 0;
  const closeLine = (next: number): void => {
    if (next === first) return;
    const begin = text.charCodeAt(starts[first]!);
    if (begin === BULLET || begin === HYPHEN) bullets++;
    if (endsInEllipsis(text, ends[next - 1]!)) ellipses++;
    first = next;
  };
  for (let word = 0, gapStart = 0; word <= length; word++) {
    const gapEnd = word < length ? starts[word]! : text.length;
    if (gapEnd - gapStart > 1 || (gapEnd > gapStart && text.charCodeAt(gapStart) !== SPACE)) {
      const lineEnds = countLineEnds(text, gapStart, gapEnd);
      if (lineEnds > 0) closeLine(word);
      count += lineEnds;
    }
    gapStart = ends[word]!;
  }
  if (text.length > 0 && countLineEnds(text, text.length - 1) === 0) count++;
  closeLine(length);
  return { count, bullets, ellipses };
}

function endsInEllipsis(text: string, end: number): boolean {
  return text.charCodeAt(end - 1) === ELLIPSIS || text.endsWith("...", end);
}
