import { type Keep, ListTokenizer, mostFrequent } from "./list.ts";

/** How texts are cut into words. */
export const WORD_RULES = ["uax29", "whitespace"] as const;
/**
 * - `uax29`: the segments of Unicode's word boundaries: words, numbers, and each mark and space between them. Languages
 *   written without spaces are cut by the dictionaries of ICU, so its version is part of the tokenizer's digest.
 * - `whitespace`: runs of whitespace, and what lies between them, with its punctuation.
 */
export type WordRule = (typeof WORD_RULES)[number];

const CUT: Readonly<Record<WordRule, (text: string) => Iterable<string>>> = {
  uax29: segments,
  whitespace: (text) => text.match(/\p{White_Space}+|\P{White_Space}+/gv) ?? [],
};

const segmenter = new Intl.Segmenter("en", { granularity: "word" });

function* segments(text: string): Generator<string> {
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** A token a word, or a mark or space between words. Its ids are in the order of the list it is given. */
export class WordTokenizer extends ListTokenizer {
  readonly rule: WordRule;

  constructor(words: readonly string[], rule: WordRule = "uax29", name = "words") {
    super(name, rule === "uax29" ? `uax29 of ICU ${process.versions.icu}` : rule, words);
    this.rule = rule;
  }

  protected cut(text: string): Iterable<string> {
    return CUT[this.rule](text);
  }
}

/**
 * The most frequent words of these texts, by falling frequency.
 * @example
 * const words = buildWordTokenizer(texts, { maxTokens: 50_000 });
 */
export function buildWordTokenizer(
  texts: Iterable<string>,
  { rule = "uax29", ...keep }: Keep & { readonly rule?: WordRule } = {},
): WordTokenizer {
  return new WordTokenizer(mostFrequent(wordsOf(texts, rule), keep), rule, keep.name);
}

function* wordsOf(texts: Iterable<string>, rule: WordRule): Generator<string> {
  for (const text of texts) yield* CUT[rule](text.toWellFormed());
}
