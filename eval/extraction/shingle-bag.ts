import { harmonicMean, type Metric, WeightedMean } from "./metric.ts";
import { commonCount, countsOf, pythonWords } from "./python-words.ts";

const SHINGLE_WORDS = 4;

/** The article's text; nothing for a page without one. */
export interface ArticleTruth {
  readonly articleBody?: string | undefined;
}

/** Runs of words: in both texts, only in what was extracted, only in the article. */
export interface ShingleCounts {
  readonly both: number;
  readonly onlyExtracted: number;
  readonly onlyArticle: number;
  /** The same words in the same order. */
  readonly isExact: boolean;
}

/**
 * The Article Extraction Benchmark's metric: bags of four words in a row, case kept. Precision and recall are means over
 * pages, F1 is theirs; a page from which nothing was extracted counts for recall alone, and one without an article for
 * precision alone. A text of fewer than four words is one run.
 *
 * `evaluate.py` of scrapinghub/article-extraction-benchmark at 4a3bc979; `accuracy` is the share of pages of which exactly
 * the article's words were extracted.
 */
export const shingleBag: Metric<ArticleTruth, ShingleCounts> = {
  name: "four words in a row",
  measure({ articleBody = "" }, text) {
    const [article, extracted] = [pythonWords(articleBody), pythonWords(text)];
    const [inArticle, inExtracted] = [shinglesOf(article), shinglesOf(extracted)];
    const both = commonCount(countsOf(inArticle), countsOf(inExtracted));
    return {
      both,
      onlyExtracted: inExtracted.length - both,
      onlyArticle: inArticle.length - both,
      isExact: article.join(" ") === extracted.join(" "),
    };
  },
  scores(pages, weights) {
    const [precision, recall, accuracy] = [new WeightedMean(), new WeightedMean(), new WeightedMean()];
    for (const [i, { both, onlyExtracted, onlyArticle, isExact }] of pages.entries()) {
      const weight = weights?.[i] ?? 1;
      if (both + onlyExtracted > 0) precision.add(both / (both + onlyExtracted), weight);
      if (both + onlyArticle > 0) recall.add(both / (both + onlyArticle), weight);
      accuracy.add(isExact ? 1 : 0, weight);
    }
    return {
      f1: harmonicMean(precision.value, recall.value),
      precision: precision.value,
      recall: recall.value,
      accuracy: accuracy.value,
    };
  },
};

/** Words have no spaces, so that joined ones are equal only where all of them are. */
function shinglesOf(words: readonly string[]): string[] {
  if (words.length === 0) return [];
  const count = Math.max(1, words.length - SHINGLE_WORDS + 1);
  return Array.from({ length: count }, (_, i) => words.slice(i, i + SHINGLE_WORDS).join(" "));
}
