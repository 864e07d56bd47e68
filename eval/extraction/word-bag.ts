import { harmonicMean, type Metric, WeightedMean } from "./metric.ts";
import { commonCount, countsOf, pythonWords } from "./python-words.ts";

export interface ContentTruth {
  /** Empty, or nothing, for a page without main content: then nothing is what should be extracted. */
  readonly main_content?: string | null | undefined;
  readonly with?: readonly string[] | null | undefined;
  readonly without?: readonly string[] | null | undefined;
}

export interface WordShares {
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
  /** Shares of the pieces that have to be in the text, and of those that must not be, which are in it. */
  readonly with: number;
  readonly without: number;
}

/**
 * The metric of WCXB, the Web Content Extraction Benchmark: bags of words in lower case. All figures, F1 too, are means over
 * pages. `with` and `without` are the shares of pieces found, letter case aside; a page that names none counts as 1, for both.
 *
 * `evaluate.py` of Murrough-Foley/web-content-extraction-benchmark at 70e37e5a.
 */
export const wordBag: Metric<ContentTruth, WordShares> = {
  name: "words",
  measure(truth, text) {
    const lower = text.toLowerCase();
    const [content, extracted] = [pythonWords((truth.main_content ?? "").toLowerCase()), pythonWords(lower)];
    const pieces = { with: shareIn(lower, truth.with ?? []), without: shareIn(lower, truth.without ?? []) };
    if (content.length === 0 || extracted.length === 0) {
      const value = content.length === extracted.length ? 1 : 0;
      return { f1: value, precision: value, recall: value, ...pieces };
    }
    const both = commonCount(countsOf(content), countsOf(extracted));
    const [precision, recall] = [both / extracted.length, both / content.length];
    return { f1: harmonicMean(precision, recall), precision, recall, ...pieces };
  },
  scores(pages, weights) {
    const mean = (of: (page: WordShares) => number): number => {
      const sum = new WeightedMean();
      for (const [i, page] of pages.entries()) sum.add(of(page), weights?.[i] ?? 1);
      return sum.value;
    };
    return {
      f1: mean(({ f1 }) => f1),
      precision: mean(({ precision }) => precision),
      recall: mean(({ recall }) => recall),
      with: mean((page) => page.with),
      without: mean((page) => page.without),
    };
  },
};

function shareIn(lower: string, pieces: readonly string[]): number {
  return pieces.length === 0 ? 1 : pieces.filter((piece) => lower.includes(piece.toLowerCase())).length / pieces.length;
}
