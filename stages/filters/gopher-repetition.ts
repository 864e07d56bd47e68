import { defineFilter, z } from "../../pipeline/stage.ts";
import { repeatedGramCharsFast, topGramCharsFast } from "../../pipeline/text/ngrams-fast.ts";
import { skipSpace, skipSpaceBack } from "../../pipeline/text/python-text.ts";
import { countRepeats } from "../../pipeline/text/repeats.ts";
import { drop, keep } from "../../pipeline/verdict.ts";

const share = (max: number, text: string) => z.number().min(0).max(1).default(max).describe(text);
const topGram = (n: number, max: number) =>
  share(max, `Greatest share of the page's characters in its most frequent run of ${n} words.`);
const repeatedGrams = (n: number, max: number) =>
  share(max, `Greatest share of the page's characters in runs of ${n} words that stood before.`);

/**
 * Drops pages that repeat themselves: Gopher's repetition rules (Rae et al. 2021, table A1) as datatrove applies them
 * (huggingface/datatrove a649de7, gopher_repetition_filter.py), in its order. A threshold of 0 switches its test off.
 *
 * The first of equal lines or paragraphs is no repetition. All characters are code points, of the untouched page.
 * Paragraphs are cut from the stripped page at two or more "\n", lines at one or more. Words are spaCy's English tokens;
 * a top run is measured with spaces between its words and once is enough, repeated runs are measured without, one after
 * the other.
 *
 * Datatrove divides by zero on an empty page; here it is dropped as `empty`.
 *
 * @example gopherRepetition({ maxRepeatedLines: 0.2 })
 */
export default defineFilter({
  name: "gopher-repetition",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    maxRepeatedParagraphs: share(0.3, "Greatest share of paragraphs that repeat an earlier one."),
    maxRepeatedParagraphChars: share(0.2, "Greatest share of the page's characters in such paragraphs."),
    maxRepeatedLines: share(0.3, "Greatest share of lines that repeat an earlier one."),
    maxRepeatedLineChars: share(0.2, "Greatest share of the page's characters in such lines."),
    maxTop2Gram: topGram(2, 0.2),
    maxTop3Gram: topGram(3, 0.18),
    maxTop4Gram: topGram(4, 0.16),
    maxRepeated5Grams: repeatedGrams(5, 0.15),
    maxRepeated6Grams: repeatedGrams(6, 0.14),
    maxRepeated7Grams: repeatedGrams(7, 0.13),
    maxRepeated8Grams: repeatedGrams(8, 0.12),
    maxRepeated9Grams: repeatedGrams(9, 0.11),
    maxRepeated10Grams: repeatedGrams(10, 0.1),
  }),
  needs: ["englishWords"],
  referenceReasons: {
    "repeated-paragraphs": "dup_para_frac",
    "repeated-paragraph-chars": "dup_para_char_frac",
    "repeated-lines": "dup_line_frac",
    "repeated-line-chars": "dup_line_char_frac",
    "top-2-gram": "top_2_gram",
    "top-3-gram": "top_3_gram",
    "top-4-gram": "top_4_gram",
    "repeated-5-grams": "duplicated_5_n_grams",
    "repeated-6-grams": "duplicated_6_n_grams",
    "repeated-7-grams": "duplicated_7_n_grams",
    "repeated-8-grams": "duplicated_8_n_grams",
    "repeated-9-grams": "duplicated_9_n_grams",
    "repeated-10-grams": "duplicated_10_n_grams",
  },
  score: ({ text, englishWords }) => {
    const chars = englishWords.textChars;
    const perChar = (part: number): number => (chars === 0 ? 0 : part / chars);
    const start = skipSpace(text, 0, text.length);
    const paragraphs = countRepeats(text, 2, start, skipSpaceBack(text, start, text.length));
    const lines = countRepeats(text, 1);
    const top = topGramCharsFast(englishWords, 4);
    const repeated = repeatedGramCharsFast(englishWords, 5, 10);
    return {
      chars,
      repeatedParagraphs: paragraphs.repeated / paragraphs.pieces,
      repeatedParagraphChars: perChar(paragraphs.repeatedChars),
      repeatedLines: lines.repeated / lines.pieces,
      repeatedLineChars: perChar(lines.repeatedChars),
      top2Gram: perChar(top[0]!),
      top3Gram: perChar(top[1]!),
      top4Gram: perChar(top[2]!),
      repeated5Grams: perChar(repeated[0]!),
      repeated6Grams: perChar(repeated[1]!),
      repeated7Grams: perChar(repeated[2]!),
      repeated8Grams: perChar(repeated[3]!),
      repeated9Grams: perChar(repeated[4]!),
      repeated10Grams: perChar(repeated[5]!),
    };
  },
  keep: (scores, params) => {
    if (scores.chars === 0) return drop("empty", 0);
    const tests: readonly (readonly [reason: string, value: number, max: number])[] = [
      ["repeated-paragraphs", scores.repeatedParagraphs, params.maxRepeatedParagraphs],
      ["repeated-paragraph-chars", scores.repeatedParagraphChars, params.maxRepeatedParagraphChars],
      ["repeated-lines", scores.repeatedLines, params.maxRepeatedLines],
      ["repeated-line-chars", scores.repeatedLineChars, params.maxRepeatedLineChars],
      ["top-2-gram", scores.top2Gram, params.maxTop2Gram],
      ["top-3-gram", scores.top3Gram, params.maxTop3Gram],
      ["top-4-gram", scores.top4Gram, params.maxTop4Gram],
      ["repeated-5-grams", scores.repeated5Grams, params.maxRepeated5Grams],
      ["repeated-6-grams", scores.repeated6Grams, params.maxRepeated6Grams],
      ["repeated-7-grams", scores.repeated7Grams, params.maxRepeated7Grams],
      ["repeated-8-grams", scores.repeated8Grams, params.maxRepeated8Grams],
      ["repeated-9-grams", scores.repeated9Grams, params.maxRepeated9Grams],
      ["repeated-10-grams", scores.repeated10Grams, params.maxRepeated10Grams],
    ];
    for (const [reason, value, max] of tests) if (max > 0 && value > max) return drop(reason, value);
    return keep;
  },
});
