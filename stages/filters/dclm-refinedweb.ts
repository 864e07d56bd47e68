import { RecipeError } from "../../pipeline/errors.ts";
import { defineRewriter, type SetupContext, z } from "../../pipeline/stage.ts";
import { countCodePoints, countOccurrences, skipSpace, skipSpaceBack } from "../../pipeline/text/python-text.ts";
import { Kind, perKind } from "../../pipeline/text/word-kinds.ts";
import type { Words } from "../../pipeline/text/words.ts";
import { cutSpacedWords } from "../../pipeline/text/words-spaced.ts";
import { drop, keep } from "../../pipeline/verdict.ts";
import { BannedWords, bannedDomainOf } from "./dclm/banned-url.ts";
import {
  dropCounterLines,
  dropDigitLines,
  dropShortLines,
  dropUppercaseLines,
  type Lines,
  PHRASES,
  removePhrase,
} from "./dclm/line-modifiers.ts";
import { beginsWithDomain, removeAddresses, removeUrls } from "./dclm/remove-urls.ts";
import { measureSegmentsFast, measureWordRunsFast } from "./dclm/repetition-fast.ts";
import { countWords } from "./dclm/word-count.ts";
import { cutUnisegWords } from "./dclm/words-uniseg.ts";
import { readListLines } from "./list-file.ts";
import { STOP_WORDS } from "./stop-words.ts";
import { firstBroken, referenceReasonsOf, type ThresholdRule } from "./threshold-rules.ts";

const list = (text: string) => z.string().min(1).optional().describe(text);
const most = (max: number, text: string) => z.number().min(0).default(max).describe(text);
const share = (max: number, text: string) => z.number().min(0).max(1).default(max).describe(text);
const topGram = (n: number, max: number) =>
  most(max, `Greatest share of the words' characters in the most frequent run of ${n} words; overlaps count twice.`);
const repeatedGrams = (n: number, max: number) =>
  share(max, `Greatest share of the words' characters in runs of ${n} words that stand there more than once.`);

const params = z.strictObject({
  bannedDomains: list("A list of domains; see the trap about `www`."),
  strictWords: list("A list of strings that may stand nowhere in a URL, hyphens and dots left out of it."),
  hardWords: list("A list of words that may not stand in a URL as whole words."),
  softWords: list("A list of words of which not too many may stand in a URL, as whole words."),
  minSoftWords: z.int().min(1).default(2).describe("So many different soft words ban a URL."),
  removeUrls: z
    .enum(["as-dclm", "always", "never"])
    .default("as-dclm")
    .describe(
      "Where URLs are taken out of the text: `as-dclm` on pages that begin with the letters of a top-level domain; `never` leaves IP addresses, too.",
    ),
  minWords: z.int().min(0).default(50).describe("Fewest words."),
  maxWords: z.int().min(0).default(100_000).describe("Most words."),
  minMeanWordChars: z.number().min(0).default(3).describe("Least mean length of what lies between white space."),
  maxMeanWordChars: z.number().min(0).default(10).describe("Greatest mean length of what lies between white space."),
  maxSymbolsPerWord: most(0.1, 'Most "#", "...", ". . ." and "…" together per word between white space.'),
  maxBulletLines: share(0.9, 'Greatest share of lines that begin with "●", "•", "*" or "-".'),
  maxEllipsisLines: share(0.3, 'Greatest share of lines that end in "...", ". . ." or "…".'),
  maxNonAlphabeticWords: share(0.2, "Greatest share of words between white space without a letter."),
  minStopWords: z.int().min(0).default(2).describe("Fewest stop words, each time counted, in any case."),
  maxRepeatedLines: share(0.3, "Greatest share of lines that stand there more than once."),
  maxRepeatedParagraphs: share(0.3, "Greatest share of paragraphs that stand there more than once."),
  maxRepeatedLineChars: share(0.2, "Greatest share of the lines' characters in such lines."),
  maxRepeatedParagraphChars: share(0.2, "Greatest share of the paragraphs' characters in such paragraphs."),
  maxTop2Gram: topGram(2, 0.2),
  maxTop3Gram: topGram(3, 0.18),
  maxTop4Gram: topGram(4, 0.16),
  maxRepeated5Grams: repeatedGrams(5, 0.15),
  maxRepeated6Grams: repeatedGrams(6, 0.14),
  maxRepeated7Grams: repeatedGrams(7, 0.13),
  maxRepeated8Grams: repeatedGrams(8, 0.12),
  maxRepeated9Grams: repeatedGrams(9, 0.11),
  maxRepeated10Grams: repeatedGrams(10, 0.1),
  maxLineUppercase: share(0.5, "Lines with a greater share of capitals are taken out."),
  maxLineDigits: share(0.999999, "Lines with a greater share of digits are taken out."),
  minLineWords: z.int().min(0).default(2).describe("Lines of fewer words are taken out, unless they are empty."),
  maxPhraseLineWords: z
    .int()
    .min(0)
    .default(10)
    .describe('"items in cart", "Read more..." and "Sign-in" are taken out of lines of so many words at most.'),
  maxRemovedWords: share(0.05, "Greatest share of words that may have gone with lines and phrases."),
});
type Params = z.output<typeof params>;

/** In the order of DCLM's configuration. */
const URL_RULES = [
  ["banned-domain", "bannedDomain", "at most", "none", "url_substring_filter"],
  ["strict-url-word", "strictWords", "at most", "none", "url_substring_filter"],
  ["hard-url-word", "hardWords", "at most", "none", "url_substring_filter"],
  ["soft-url-words", "softWords", "at most", "maxSoftWords", "url_substring_filter"],
] as const satisfies readonly ThresholdRule[];
const LENGTH_RULES = [
  ["too-few-words", "words", "at least", "minWords", "page_length_filter"],
  ["too-many-words", "words", "at most", "maxWords", "page_length_filter"],
] as const satisfies readonly ThresholdRule[];
const TEXT_RULES = [
  ["words-too-short", "meanWordChars", "at least", "minMeanWordChars", "word_length_filter"],
  ["words-too-long", "meanWordChars", "at most", "maxMeanWordChars", "word_length_filter"],
  ["too-many-symbols", "symbolsPerWord", "at most", "maxSymbolsPerWord", "symbol_ratio_filter"],
  ["too-many-bullets", "bulletLines", "at most", "maxBulletLines", "bullet_count_filter"],
  ["too-many-ellipsis-lines", "ellipsisLines", "at most", "maxEllipsisLines", "ellipsis_count_filter"],
  [
    "too-many-non-alphabetic-words",
    "nonAlphabeticWords",
    "at most",
    "maxNonAlphabeticWords",
    "alphabetic_word_ratio_filter",
  ],
  ["too-few-stop-words", "stopWords", "at least", "minStopWords", "stop_word_filter"],
  ["repeated-lines", "repeatedLines", "at most", "maxRepeatedLines", "massive_web_repetition_filters"],
  ["repeated-paragraphs", "repeatedParagraphs", "at most", "maxRepeatedParagraphs", "massive_web_repetition_filters"],
  ["repeated-line-chars", "repeatedLineChars", "at most", "maxRepeatedLineChars", "massive_web_repetition_filters"],
  [
    "repeated-paragraph-chars",
    "repeatedParagraphChars",
    "at most",
    "maxRepeatedParagraphChars",
    "massive_web_repetition_filters",
  ],
  ["top-2-gram", "top2Gram", "at most", "maxTop2Gram", "massive_web_repetition_filters"],
  ["top-3-gram", "top3Gram", "at most", "maxTop3Gram", "massive_web_repetition_filters"],
  ["top-4-gram", "top4Gram", "at most", "maxTop4Gram", "massive_web_repetition_filters"],
  ["repeated-5-grams", "repeated5Grams", "at most", "maxRepeated5Grams", "massive_web_repetition_filters"],
  ["repeated-6-grams", "repeated6Grams", "at most", "maxRepeated6Grams", "massive_web_repetition_filters"],
  ["repeated-7-grams", "repeated7Grams", "at most", "maxRepeated7Grams", "massive_web_repetition_filters"],
  ["repeated-8-grams", "repeated8Grams", "at most", "maxRepeated8Grams", "massive_web_repetition_filters"],
  ["repeated-9-grams", "repeated9Grams", "at most", "maxRepeated9Grams", "massive_web_repetition_filters"],
  ["repeated-10-grams", "repeated10Grams", "at most", "maxRepeated10Grams", "massive_web_repetition_filters"],
] as const satisfies readonly ThresholdRule[];
const REMOVAL_RULE = [
  "too-many-words-removed",
  "removedWords",
  "at most",
  "maxRemovedWords",
  "word_removal_ratio_filter",
] as const satisfies ThresholdRule;

/**
 * Cleans and judges a page as DCLM did for its baseline, after RefinedWeb and Gopher (mlfoundations/dclm 361714b,
 * baselines_configs/dclm_baseline_refinedweb.yaml), step by step in its order. Left out are its language filter
 * (`language` is one) and what comes behind: deduplication and the fastText classifier (`classifier-score`).
 *
 * 1. The URL: list files of your own, one entry a line, plain, `.gz` or `.zst`; without a list its rule is off.
 * 2. The text: URLs and IP addresses are taken out with the space before them, line breaks in a row become two.
 * 3. Filters of that text: words 50 … 100,000, their mean length, symbols, bullets, ellipses, letters, stop words, and
 *    Gopher's repetition in DCLM's reading, in which all copies count.
 * 4. Lines: those of capitals, of digits, counters ("3 likes") and those of one word go, and phrases of boilerplate.
 * 5. The page is dropped if that took more than a twentieth of its words.
 *
 * Words differ from rule to rule, as there: 3 counts fastText's tokens that begin with a letter or digit, lengths and
 * shares are over what lies between white space, runs over UAX #29's words. Lines are stripped and blank ones left out.
 *
 * Traps, kept: `url_removal_modifier` looks only at pages that begin with the letters of a top-level domain ("The" has
 * `th`, "We" has none), and takes "end.to" for a URL; `www.` leaves a dot, so that a listed domain is not met with it;
 * the dots of "Read more..." match anything.
 *
 * @example dclmRefinedWeb({ hardWords: "lists/refinedweb-hard.txt.gz" })
 */
export default defineRewriter({
  name: "dclm-refinedweb",
  module: import.meta.url,
  version: 1,
  params,
  needs: ["spacedWords"],
  // Which lists count, not where they lie.
  places: ["bannedDomains", "strictWords", "hardWords", "softWords"],
  files: ({ bannedDomains, strictWords, hardWords, softWords }) =>
    [bannedDomains, strictWords, hardWords, softWords].filter((path) => path !== undefined),
  thresholds: ["minSoftWords", ...[...LENGTH_RULES, ...TEXT_RULES, REMOVAL_RULE].map(([, , , threshold]) => threshold)],
  referenceReasons: {
    ...referenceReasonsOf([...URL_RULES, ...LENGTH_RULES, ...TEXT_RULES, REMOVAL_RULE]),
    empty: "url_removal_modifier",
    "no-lines-left": "uppercase_ratio_line_modifier",
  },
  setup: readLists,
  rewrite: (view, params, lists: Lists) => {
    const text = cleanText(view.text, params);
    const spacedWords = text === view.text ? view.spacedWords : cutSpacedWords(text);
    const words = countWords(text);
    const cleaned = cleanLines(text, params);
    return {
      text: cleaned,
      scores: {
        ...measureUrl(view.url.toLowerCase(), lists),
        chars: countCodePoints(text),
        words,
        ...measureSpacedWords(text, spacedWords),
        ...measureLines(text),
        ...measureRepetition(text),
        charsLeft: countCodePoints(cleaned),
        removedWords: ratio(words - countWords(cleaned), words),
      },
    };
  },
  keep: (scores, params) => {
    const banned = firstBroken(URL_RULES, scores, { none: 0, maxSoftWords: params.minSoftWords - 1 });
    if (banned !== undefined) return banned;
    if (scores.chars === 0) return drop("empty", 0);
    const length = firstBroken(LENGTH_RULES, scores, params);
    if (length !== undefined) return length;
    if (scores.spacedWords === 0) return drop("empty", 0);
    const text = firstBroken(TEXT_RULES, scores, params);
    if (text !== undefined) return text;
    if (scores.charsLeft === 0 || scores.words === 0) return drop("no-lines-left", scores.charsLeft);
    return firstBroken([REMOVAL_RULE], scores, params) ?? keep;
  },
});

interface Lists {
  readonly bannedDomains: ReadonlySet<string>;
  readonly strictWords: BannedWords;
  readonly hardWords: BannedWords;
  readonly softWords: BannedWords;
}

async function readLists(params: Params, { resolvePath }: SetupContext): Promise<Lists> {
  const read = async (name: "bannedDomains" | "strictWords" | "hardWords" | "softWords"): Promise<string[]> => {
    const path = params[name];
    if (path === undefined) return [];
    const entries: string[] = [];
    for await (const lines of readListLines(resolvePath(path))) {
      for (const line of lines) if (line.trim() !== "") entries.push(line.replace(/\r$/, ""));
    }
    if (entries.length === 0) throw new RecipeError(`dclm-refinedweb.${name}: ${path} has no entries`);
    return entries;
  };
  return {
    bannedDomains: new Set((await read("bannedDomains")).map((domain) => domain.toLowerCase())),
    strictWords: new BannedWords(await read("strictWords"), false),
    hardWords: new BannedWords(await read("hardWords"), true),
    softWords: new BannedWords(await read("softWords"), true),
  };
}

function measureUrl(url: string, { bannedDomains, strictWords, hardWords, softWords }: Lists) {
  return {
    bannedDomain: bannedDomains.has(bannedDomainOf(url)) ? 1 : 0,
    strictWords: strictWords.count(url.replace(/[-.]/g, "")),
    hardWords: hardWords.count(url),
    softWords: softWords.count(url),
  };
}

function cleanText(text: string, { removeUrls: where }: Params): string {
  let cleaned = text;
  if (where === "always" || (where === "as-dclm" && beginsWithDomain(text))) cleaned = removeUrls(cleaned);
  if (where !== "never") cleaned = removeAddresses(cleaned);
  return cleaned.replace(/\n{3,}/g, "\n\n");
}

function cleanLines(text: string, params: Params): string {
  let lines: Lines = text.split("\n");
  lines = dropUppercaseLines(lines, params.maxLineUppercase);
  lines = dropDigitLines(lines, params.maxLineDigits);
  lines = dropCounterLines(lines);
  lines = dropShortLines(lines, params.minLineWords);
  for (const phrase of PHRASES) lines = removePhrase(lines, phrase, params.maxPhraseLineWords);
  return lines.join("\n");
}

const stopWords = perKind((word) => (STOP_WORDS.includes(word.toLowerCase()) ? 1 : 0));

function measureSpacedWords(text: string, words: Words) {
  const { length, kinds, vocabulary } = words;
  const { flags, codePoints } = vocabulary;
  const isStopWord = stopWords(vocabulary);
  let chars = 0;
  let nonAlphabetic = 0;
  let stops = 0;
  for (const kind of kinds) {
    chars += codePoints[kind]!;
    if ((flags[kind]! & Kind.alphabetic) === 0) nonAlphabetic++;
    stops += isStopWord[kind]!;
  }
  const symbols = SYMBOLS.reduce((sum, symbol) => sum + countOccurrences(text, symbol), 0);
  return {
    spacedWords: length,
    meanWordChars: ratio(chars, length),
    symbolsPerWord: ratio(symbols, length),
    nonAlphabeticWords: ratio(nonAlphabetic, length),
    stopWords: stops,
  };
}

const ELLIPSES = ["...", ". . .", "…"];
const SYMBOLS = ["#", ...ELLIPSES];
const BULLETS = new Set([..."●•*-"].map((bullet) => bullet.charCodeAt(0)));

function measureLines(text: string) {
  let lines = 0;
  let bullets = 0;
  let ellipses = 0;
  for (let from = 0; from < text.length; ) {
    const at = text.indexOf("\n", from);
    const to = at === -1 ? text.length : at;
    const start = skipSpace(text, from, to);
    const end = skipSpaceBack(text, start, to);
    from = to + 1;
    if (start === end) continue;
    lines++;
    if (BULLETS.has(text.charCodeAt(start))) bullets++;
    if (ELLIPSES.some((mark) => end - start >= mark.length && text.startsWith(mark, end - mark.length))) ellipses++;
  }
  return { bulletLines: ratio(bullets, lines), ellipsisLines: ratio(ellipses, lines) };
}

function measureRepetition(text: string) {
  const lines = measureSegmentsFast(text, "\n");
  const paragraphs = measureSegmentsFast(text, "\n\n");
  const { chars, top, repeated } = measureWordRunsFast(cutUnisegWords(text));
  const [top2, top3, top4] = top as [number, number, number];
  const [repeated5, repeated6, repeated7, repeated8, repeated9, repeated10] = repeated as number[];
  return {
    repeatedLines: ratio(lines.repeated, lines.segments),
    repeatedParagraphs: ratio(paragraphs.repeated, paragraphs.segments),
    repeatedLineChars: ratio(lines.repeatedChars, lines.chars),
    repeatedParagraphChars: ratio(paragraphs.repeatedChars, paragraphs.chars),
    top2Gram: ratio(top2, chars),
    top3Gram: ratio(top3, chars),
    top4Gram: ratio(top4, chars),
    repeated5Grams: ratio(repeated5!, chars),
    repeated6Grams: ratio(repeated6!, chars),
    repeated7Grams: ratio(repeated7!, chars),
    repeated8Grams: ratio(repeated8!, chars),
    repeated9Grams: ratio(repeated9!, chars),
    repeated10Grams: ratio(repeated10!, chars),
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
