import { defineRewriter, z } from "../../pipeline/stage.ts";
import { drop, keep } from "../../pipeline/verdict.ts";
import { cleanLinesFast } from "./c4/lines-fast.ts";

/**
 * Keeps the lines that read like sentences, and drops pages that few are left of: C4's cleaning (Raffel et al. 2020) as
 * datatrove applies it (huggingface/datatrove a649de7, c4_filters.py). FineWeb runs it with `filterNoTerminalPunct: false`.
 *
 * Lines are those of Python's `splitlines`, stripped, and are taken through the rules in the order of the parameters;
 * words are what lies between white space, counted before citations go. Kept lines are joined with "\n", so blank lines
 * go from every page. Sentences are those of spaCy's sentencizer, line by line.
 *
 * "Lorem ipsum" and "{" condemn the page where they stand in a line that every rule before them has kept. Scores tell
 * the first such line, so that a finished run can be asked without the rule. A dropped page keeps its text, as in the
 * original.
 *
 * @example c4({ filterNoTerminalPunct: false })
 */
export default defineRewriter({
  name: "c4",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    maxWordChars: z
      .int()
      .min(0)
      .default(1000)
      .describe("Removes lines with a longer word, in code points; 0 keeps them."),
    removeCitations: z.boolean().default(true).describe('Takes out "[1]", "[]", "[edit]" and "[citation needed]".'),
    filterNoTerminalPunct: z
      .boolean()
      .default(true)
      .describe("Removes lines that do not end in one of . ? ! \" ' or that end in three dots."),
    minLineWords: z.int().min(0).default(3).describe("Removes lines of fewer words; 0 keeps them."),
    filterLoremIpsum: z.boolean().default(true).describe('Drops pages with "lorem ipsum" in a line, in any case.'),
    filterJavascript: z.boolean().default(true).describe('Removes lines with "javascript" in them, in any case.'),
    filterCurlyBracket: z.boolean().default(true).describe('Drops pages with a "{" in a line.'),
    filterPolicy: z
      .boolean()
      .default(true)
      .describe('Removes lines about cookies, a privacy policy or terms of use ("use of cookies", five more).'),
    minSentences: z.int().min(0).default(5).describe("Fewest sentences in the kept lines; 0 keeps every page."),
  }),
  needs: ["englishWords"],
  thresholds: ["filterLoremIpsum", "filterCurlyBracket", "minSentences"],
  referenceReasons: {
    "lorem-ipsum": "lorem_ipsum",
    "curly-bracket": "curly_bracket",
    "too-few-sentences": "too_few_sentences",
  },
  rewrite: ({ englishWords }, params) => {
    const { text, counts, words } = cleanLinesFast(englishWords, params);
    return { text, scores: { ...counts }, features: { englishWords: words } };
  },
  keep: ({ sentences, loremIpsumLine, curlyBracketLine }, params) => {
    const lorem = params.filterLoremIpsum && loremIpsumLine > 0 ? loremIpsumLine : Infinity;
    const curly = params.filterCurlyBracket && curlyBracketLine > 0 ? curlyBracketLine : Infinity;
    if (lorem <= curly && lorem < Infinity) return drop("lorem-ipsum", lorem);
    if (curly < Infinity) return drop("curly-bracket", curly);
    return sentences < params.minSentences ? drop("too-few-sentences", sentences) : keep;
  },
});
