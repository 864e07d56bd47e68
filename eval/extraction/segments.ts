import { SPACE_CLASS, strip } from "../../pipeline/text/python-text.ts";
import type { Metric } from "./metric.ts";

export interface SegmentsTruth {
  /** Pieces of the page that belong to its main text … */
  readonly with: readonly string[];
  /** … and pieces that do not. */
  readonly without: readonly string[];
}

/** Of a page's pieces: wanted and there, unwanted and there, wanted and missing, unwanted and gone. */
export interface SegmentCounts {
  readonly found: number;
  readonly leaked: number;
  readonly missing: number;
  readonly removed: number;
}

/**
 * Trafilatura's own metric: is each of a few pieces in the text, white space aside? Figures are over the pieces of all
 * pages together.
 *
 * `count_item` and `ConfusionMatrix` in tests/eval_common.py of adbar/trafilatura at d5f6da0b.
 */
export const segments: Metric<SegmentsTruth, SegmentCounts> = {
  name: "wanted and unwanted pieces",
  measure(truth, text) {
    const extracted = withPlainSpaces(text);
    const isIn = (piece: string): boolean => extracted.includes(withPlainSpaces(piece));
    const found = truth.with.filter(isIn).length;
    const leaked = truth.without.filter(isIn).length;
    return { found, leaked, missing: truth.with.length - found, removed: truth.without.length - leaked };
  },
  scores(pages, weights) {
    let [found, leaked, missing, removed] = [0, 0, 0, 0];
    for (const [i, page] of pages.entries()) {
      const weight = weights?.[i] ?? 1;
      found += weight * page.found;
      leaked += weight * page.leaked;
      missing += weight * page.missing;
      removed += weight * page.removed;
    }
    return {
      f1: share(2 * found, 2 * found + leaked + missing),
      precision: share(found, found + leaked),
      recall: share(found, found + missing),
      accuracy: share(found + removed, found + leaked + missing + removed),
    };
  },
};

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

const SPACES = new RegExp(`${SPACE_CLASS}+`, "g");

function withPlainSpaces(text: string): string {
  return strip(text.replace(SPACES, " "));
}
