import { defineFilter, z } from "../../pipeline/stage.ts";
import { keep } from "../../pipeline/verdict.ts";
import { boilerplateShare } from "./nemo/boilerplate.ts";
import { countCharacters } from "./nemo/characters.ts";
import { measureLines, measureParagraphs } from "./nemo/pieces.ts";
import { measureRuns } from "./nemo/runs.ts";
import { countWords } from "./nemo/words.ts";
import { firstBroken, referenceReasonsOf } from "./threshold-rules.ts";

const most = (max: number, text: string) =>
  z.number().min(0).max(1).default(max).describe(`Greatest share of ${text}.`);
const least = (min: number, text: string) => z.number().min(0).max(1).default(min).describe(`Least share of ${text}.`);
const topGram = (n: number, max: number) =>
  most(max, `characters that go when the most frequent run of ${n} words is removed from the text`);
const repeatedGrams = (n: number, max: number) => most(max, `characters in runs of ${n} words that stood before`);

/** In the order of the pipeline; the last column is the name that NeMo's filter gives its score. */
const RULES = [
  ["too-many-non-alphanumeric-chars", "nonAlphanumericChars", "at most", "maxNonAlphanumericChars", "alpha_numeric"],
  ["too-many-symbol-words", "symbolWords", "at most", "maxSymbolWords", "symbol_to_word"],
  ["too-many-digits", "digitChars", "at most", "maxDigitChars", "numbers_ratio"],
  ["too-many-url-chars", "urlChars", "at most", "maxUrlChars", "urls_ratio"],
  ["too-much-white-space", "spaceChars", "at most", "maxSpaceChars", "white_space"],
  ["too-many-brackets", "bracketChars", "at most", "maxBracketChars", "parentheses_ratio"],
  ["too-much-boilerplate", "boilerplateParagraphs", "at most", "maxBoilerplateParagraphs", "boilerplate_string_ratio"],
  ["repeated-lines", "distinctLines", "at least", "minDistinctLines", "repeated_lines"],
  ["repeated-paragraphs", "distinctParagraphs", "at least", "minDistinctParagraphs", "repeated_paragraphs"],
  ["repeated-line-chars", "distinctLineChars", "at least", "minDistinctLineChars", "repeated_lines_char"],
  ["repeated-paragraph-chars", "distinctParagraphChars", "at least", "minDistinctParagraphChars", "repeated_paragraphs_char"],
  ["too-few-words", "words", "at least", "minWords", "word_count"],
  ["too-many-words", "words", "at most", "maxWords", "word_count"],
  ["too-many-unterminated-lines", "unterminatedLines", "at most", "maxUnterminatedLines", "punctuation"],
  ["too-few-alphabetic-words", "alphabeticWords", "at least", "minAlphabeticWords", "words_without_alphabets"],
  ["too-few-common-words", "commonWords", "at least", "minCommonWords", "common_english_words"],
  ["words-too-short", "meanWordChars", "at least", "minMeanWordChars", "mean_word_length"],
  ["words-too-long", "meanWordChars", "at most", "maxMeanWordChars", "mean_word_length"],
  ["overlong-word", "longestWordChars", "at most", "maxLongestWordChars", "max_word_length"],
  ["too-many-ellipsis-lines", "ellipsisLines", "at most", "maxEllipsisLines", "ellipsis"],
  ["top-2-gram", "top2Gram", "at most", "maxTop2Gram", "repeating_top_2grams"],
  ["top-3-gram", "top3Gram", "at most", "maxTop3Gram", "repeating_top_3grams"],
  ["top-4-gram", "top4Gram", "at most", "maxTop4Gram", "repeating_top_4grams"],
  ["repeated-5-grams", "repeated5Grams", "at most", "maxRepeated5Grams", "repeating_dup_5gram"],
  ["repeated-6-grams", "repeated6Grams", "at most", "maxRepeated6Grams", "repeating_dup_6gram"],
  ["repeated-7-grams", "repeated7Grams", "at most", "maxRepeated7Grams", "repeating_dup_7gram"],
  ["repeated-8-grams", "repeated8Grams", "at most", "maxRepeated8Grams", "repeating_dup_8gram"],
  ["repeated-9-grams", "repeated9Grams", "at most", "maxRepeated9Grams", "repeating_dup_9gram"],
  ["repeated-10-grams", "repeated10Grams", "at most", "maxRepeated10Grams", "repeating_dup_10gram"],
  ["too-many-bullets", "bulletLines", "at most", "maxBulletLines", "bullet_ratio"],
] as const; // biome-ignore format: a table

/**
 * Drops pages that do not read like English prose: the 28 heuristic filters of NeMo Curator's English pipeline
 * (NVIDIA-NeMo/Curator 1e2e427, config/text/heuristic_filter_english_pipeline.yaml), in their order.
 *
 * Words lie between white space; lines are those between "\n" that are not blank; paragraphs are cut at "\n\n". Lengths
 * are code points. Alphanumeric are ASCII letters and digits, "\n" and `?!,.` alone, so a page in another script is
 * dropped; letters of words are Unicode's. Common words count as often as they occur, as written. Bullets are twelve
 * round marks, neither "-" nor "*".
 *
 * A top run is looked for in the text as its words joined by spaces: it is found inside of longer words, and not across
 * a line end. Of equally frequent runs NeMo takes one by Python's hash order, which differs from run to run; here it is
 * the one that stands first. Repeated runs are measured with their spaces, what overlaps once.
 *
 * A page too short for a run scores 1 there. Where NeMo has no word or no line to divide by, scores are what its later
 * versions give, the worst one can have; they used to fail on such pages, as they still do for repeated lines, 0 here.
 *
 * @example nemoHeuristic({ minWords: 20 })
 */
export default defineFilter({
  name: "nemo-heuristic",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    maxNonAlphanumericChars: most(0.25, "characters other than ASCII letters and digits, newlines and ?!,."),
    maxSymbolWords: most(0.1, 'words that are an ellipsis or consist of "#"'),
    maxDigitChars: most(0.15, "ASCII digits among characters"),
    maxUrlChars: most(0.2, "characters in http and https addresses"),
    maxSpaceChars: most(0.25, "characters that are tabs, newlines or spaces"),
    maxBracketChars: most(0.1, "brackets among characters"),
    maxBoilerplateParagraphs: most(
      0.4,
      "paragraphs with a phrase of cookie or privacy policies; placeholder text counts 1",
    ),
    minDistinctLines: least(0.7, "distinct lines among lines"),
    minDistinctParagraphs: least(0.7, "distinct paragraphs among paragraphs"),
    minDistinctLineChars: least(0.8, "the characters of lines that remain when each distinct line is taken once"),
    minDistinctParagraphChars: least(
      0.8,
      "the characters of paragraphs that remain when each distinct one is taken once",
    ),
    minWords: z.int().min(0).default(50).describe("Fewest words."),
    maxWords: z.int().min(0).default(100_000).describe("Most words."),
    maxUnterminatedLines: most(0.85, "lines that do not end in one of . ? ! \" '"),
    minAlphabeticWords: least(0.8, "words with an alphabetic character in them"),
    minCommonWords: z.int().min(0).default(2).describe("Fewest occurrences of the, be, to, of, and, that, have, with."),
    minMeanWordChars: z.number().min(0).default(3).describe("Least mean length of words, in code points."),
    maxMeanWordChars: z.number().min(0).default(10).describe("Greatest mean length of words, in code points."),
    maxLongestWordChars: z.int().min(0).default(1000).describe("Greatest length of a word, in code points."),
    maxEllipsisLines: most(0.3, 'lines that end in an ellipsis, "-»" or "read more"'),
    maxTop2Gram: topGram(2, 0.2),
    maxTop3Gram: topGram(3, 0.18),
    maxTop4Gram: topGram(4, 0.16),
    maxRepeated5Grams: repeatedGrams(5, 0.15),
    maxRepeated6Grams: repeatedGrams(6, 0.14),
    maxRepeated7Grams: repeatedGrams(7, 0.13),
    maxRepeated8Grams: repeatedGrams(8, 0.12),
    maxRepeated9Grams: repeatedGrams(9, 0.11),
    maxRepeated10Grams: repeatedGrams(10, 0.1),
    maxBulletLines: most(0.9, "lines that begin with a round bullet"),
  }),
  needs: ["spacedWords"],
  referenceReasons: referenceReasonsOf(RULES),
  score: ({ text, spacedWords }) => {
    const characters = countCharacters(text);
    const { chars } = characters;
    const words = spacedWords.length;
    const counts = countWords(spacedWords);
    const lines = measureLines(text);
    const paragraphs = measureParagraphs(text);
    const { top, repeated } = measureRuns(spacedWords, chars);
    return {
      chars,
      nonAlphanumericChars: ratio(characters.nonAlphanumeric, chars, 1),
      symbolWords: ratio(counts.symbols, words, 1),
      digitChars: ratio(characters.digits, chars, 1),
      urlChars: ratio(characters.inUrls, chars, 1),
      spaceChars: ratio(characters.spaces, chars, 1),
      bracketChars: ratio(characters.brackets, chars, 1),
      boilerplateParagraphs: boilerplateShare(text, paragraphs.count),
      distinctLines: lines.distinct,
      // As NeMo has it: a page of blank paragraphs has none, however many of them differ.
      distinctParagraphs: words === 0 ? 0 : paragraphs.distinct,
      distinctLineChars: lines.distinctChars,
      distinctParagraphChars: paragraphs.distinctChars,
      words,
      unterminatedLines: ratio(lines.unterminated, lines.count, 1),
      alphabeticWords: ratio(counts.alphabetic, words, 0),
      commonWords: counts.common,
      meanWordChars: ratio(counts.chars, words, 0),
      longestWordChars: counts.longest,
      ellipsisLines: ratio(lines.ellipses, lines.count, 1),
      top2Gram: top[0]!,
      top3Gram: top[1]!,
      top4Gram: top[2]!,
      repeated5Grams: repeated[0]!,
      repeated6Grams: repeated[1]!,
      repeated7Grams: repeated[2]!,
      repeated8Grams: repeated[3]!,
      repeated9Grams: repeated[4]!,
      repeated10Grams: repeated[5]!,
      bulletLines: ratio(lines.bullets, lines.count, 1),
    };
  },
  keep: (scores, params) => firstBroken(RULES, scores, params) ?? keep,
});

function ratio(part: number, whole: number, ofNothing: number): number {
  return whole === 0 ? ofNothing : part / whole;
}
