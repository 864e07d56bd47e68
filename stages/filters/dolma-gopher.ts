import { defineFilter, z } from "../../pipeline/stage.ts";
import { countCodePoints } from "../../pipeline/text/python-text.ts";
import { keep } from "../../pipeline/verdict.ts";
import { measureLines, measureRuns, measureWords } from "./dolma/attributes.ts";
import { firstBroken, referenceReasonsOf } from "./threshold-rules.ts";

const share = (max: number, text: string) => z.number().min(0).max(1).default(max).describe(text);
const topGram = (n: number, max: number) =>
  share(
    max,
    `Greatest share of word characters in the most frequent run of ${n} words; read where topGrams is as-intended.`,
  );
const duplicateGrams = (n: number, max: number) =>
  share(max, `Greatest share of the characters of all runs of ${n} words in those that occur more than once.`);

/** In the order of the configuration's `exclude`; the last column is the tagger's name of the attribute. */
const RULES = [
  ["too-few-words", "words", "at least", "minWords", "word_count"],
  ["too-many-words", "words", "at most", "maxWords", "word_count"],
  ["words-too-short", "medianWordChars", "at least", "minMedianWordChars", "median_word_length"],
  ["words-too-long", "medianWordChars", "at most", "maxMedianWordChars", "median_word_length"],
  ["too-many-symbol-words", "symbolWords", "at most", "maxSymbolWords", "symbol_to_word_ratio"],
  ["too-few-alphabetic-words", "alphabeticWords", "at least", "minAlphabeticWords", "fraction_of_words_with_alpha_character"],
  ["too-few-required-words", "requiredWords", "at least", "minRequiredWords", "required_word_count"],
  ["too-many-bullets", "bulletLines", "at most", "maxBulletLines", "fraction_of_lines_starting_with_bullet_point"],
  ["too-many-ellipsis-lines", "ellipsisLines", "at most", "maxEllipsisLines", "fraction_of_lines_ending_with_ellipsis"],
  ["duplicate-lines", "duplicateLines", "at most", "maxDuplicateLines", "fraction_of_duplicate_lines"],
  ["duplicate-line-chars", "duplicateLineChars", "at most", "maxDuplicateLineChars", "fraction_of_characters_in_duplicate_lines"],
  ["top-2-gram", "top2Gram", "at most", "maxTop2Gram", "fraction_of_characters_in_most_common_2grams"],
  ["top-3-gram", "top3Gram", "at most", "maxTop3Gram", "fraction_of_characters_in_most_common_3grams"],
  ["top-4-gram", "top4Gram", "at most", "maxTop4Gram", "fraction_of_characters_in_most_common_4grams"],
  ["duplicate-5-grams", "duplicate5Grams", "at most", "maxDuplicate5Grams", "fraction_of_characters_in_duplicate_5grams"],
  ["duplicate-6-grams", "duplicate6Grams", "at most", "maxDuplicate6Grams", "fraction_of_characters_in_duplicate_6grams"],
  ["duplicate-7-grams", "duplicate7Grams", "at most", "maxDuplicate7Grams", "fraction_of_characters_in_duplicate_7grams"],
  ["duplicate-8-grams", "duplicate8Grams", "at most", "maxDuplicate8Grams", "fraction_of_characters_in_duplicate_8grams"],
  ["duplicate-9-grams", "duplicate9Grams", "at most", "maxDuplicate9Grams", "fraction_of_characters_in_duplicate_9grams"],
  ["duplicate-10-grams", "duplicate10Grams", "at most", "maxDuplicate10Grams", "fraction_of_characters_in_duplicate_10grams"],
] as const; // biome-ignore format: a table
const RULES_AS_RUN = RULES.filter(([reason]) => !reason.startsWith("top-"));

/**
 * Drops pages by Gopher's rules as Dolma v1.5 reads them: the tagger `gopher_v1` (allenai/dolma 669f534,
 * python/dolma/taggers/gopher.py) with the thresholds of its web pages (configs/dolma-v1_5/mixing/cc-head.yaml), in their
 * order. Decontamination, personal data, toxicity and duplicate paragraphs, which that mix treats too, are stages of
 * their own.
 *
 * Words lie between white space, lines end at "\n" and are taken as they are, lengths are code points. Unlike Gopher's
 * own rules: the *median* length of words; words with a "#" or "…" in them, together; bullets are "*" and "-" and
 * required words are counted as often as they occur; all copies of a line are duplicates, the first one and blank
 * ones too, and their characters are told by those of words alone, so that share may exceed 1. Runs of words are measured
 * without spaces; those that occur once make top runs, too.
 *
 * Dolma's web pages came from cc_net, whose text has no blank lines. Where blank lines part paragraphs, they are copies of
 * one another, and two of them in six lines drop a page as `duplicate-lines`.
 *
 * Dolma writes scores with five digits before it compares them: 0.200004 is not over 0.2. Here scores stay whole, and
 * `keep` rounds as dolma does.
 *
 * The configuration asks for `…most_common_2gram` where the tagger writes `…most_common_2grams`, so its three rules about
 * top runs never dropped a page. By default they are applied as they are written; `topGrams: as-run` gives the mix that
 * was made. No rule divides by zero: an empty page has 0 words.
 *
 * @example dolmaGopher({ topGrams: "as-run" })
 */
export default defineFilter({
  name: "dolma-gopher",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    minWords: z.int().min(0).default(50).describe("Fewest words."),
    maxWords: z.int().min(0).default(100_000).describe("Most words."),
    minMedianWordChars: z.number().min(0).default(3).describe("Least median length of words, in code points."),
    maxMedianWordChars: z.number().min(0).default(10).describe("Greatest median length of words, in code points."),
    maxSymbolWords: share(0.1, 'Greatest share of words with a "#" or "…" in them.'),
    minAlphabeticWords: z.number().min(0).max(1).default(0.8).describe("Least share of words with a letter in them."),
    minRequiredWords: z
      .int()
      .min(0)
      .default(2)
      .describe("Fewest occurrences of the, be, to, of, and, that, have, with."),
    maxBulletLines: share(0.9, 'Greatest share of lines that begin with "*" or "-".'),
    maxEllipsisLines: share(0.3, 'Greatest share of lines that end in "…".'),
    maxDuplicateLines: share(0.3, "Greatest share of lines that occur more than once."),
    maxDuplicateLineChars: z
      .number()
      .min(0)
      .default(0.3)
      .describe("Most characters in such lines per character in words."),
    topGrams: z
      .enum(["as-intended", "as-run"])
      .default("as-intended")
      .describe("Whether the three rules about top runs are applied (as-intended) or not, as in Dolma v1.5 (as-run)."),
    maxTop2Gram: topGram(2, 0.2),
    maxTop3Gram: topGram(3, 0.18),
    maxTop4Gram: topGram(4, 0.16),
    maxDuplicate5Grams: duplicateGrams(5, 0.15),
    maxDuplicate6Grams: duplicateGrams(6, 0.14),
    maxDuplicate7Grams: duplicateGrams(7, 0.13),
    maxDuplicate8Grams: duplicateGrams(8, 0.12),
    maxDuplicate9Grams: duplicateGrams(9, 0.11),
    maxDuplicate10Grams: duplicateGrams(10, 0.1),
  }),
  needs: ["spacedWords"],
  referenceReasons: referenceReasonsOf(RULES),
  score: ({ text, spacedWords }) => {
    const { wordChars, ...words } = measureWords(spacedWords);
    const { top, duplicate } = measureRuns(spacedWords);
    return {
      chars: countCodePoints(text),
      ...words,
      ...measureLines(text, wordChars),
      top2Gram: top[0]!,
      top3Gram: top[1]!,
      top4Gram: top[2]!,
      duplicate5Grams: duplicate[0]!,
      duplicate6Grams: duplicate[1]!,
      duplicate7Grams: duplicate[2]!,
      duplicate8Grams: duplicate[3]!,
      duplicate9Grams: duplicate[4]!,
      duplicate10Grams: duplicate[5]!,
    };
  },
  keep: (scores, params) =>
    firstBroken(params.topGrams === "as-run" ? RULES_AS_RUN : RULES, scores, params, toFiveDigits) ?? keep,
});

/** Python's `round(score, 5)`: to the nearest, ties to even. */
function toFiveDigits(score: number): number {
  const rounded = Number(score.toFixed(5));
  // `toFixed` takes the greater of two equally near numbers. Only odd multiples of 1/64 lie exactly between two.
  if (Math.abs((score * 64) % 2) !== 1) return rounded;
  const below = Math.floor(score * 100_000);
  return (below % 2 === 0 ? below : below + 1) / 100_000;
}
