/**
 * Choosing a threshold. What is chosen fits the documents that it was chosen on better than others: choose on one part
 * of the held-out documents, and tell what `cutAt` finds on the other.
 */
import { type Cut, cuts, fBeta, type Ranking, type Totals, totals } from "./ranking.ts";

export type Objective =
  /** The greatest F-beta; beta 1 weighs precision and recall alike. */
  | { readonly kind: "f"; readonly beta: number }
  /** Of the thresholds whose precision is at least this, the one that finds the most. */
  | { readonly kind: "precision"; readonly atLeast: number }
  /** Of the thresholds whose recall is at least this, the one that keeps the fewest: the highest. */
  | { readonly kind: "recall"; readonly atLeast: number }
  /** The threshold that keeps the share of all documents nearest to this. */
  | { readonly kind: "share"; readonly nearest: number };

/**
 * The threshold, as short a number as keeps the same documents; undefined where none does what is asked for. Of equally
 * good ones the highest, which keeps the fewest.
 */
export function chooseThreshold(ranking: Ranking, objective: Objective): number | undefined {
  const all = totals(ranking);
  let best: number | undefined;
  let bestGain = -Infinity;
  const consider = (cut: Cut, next: number): void => {
    // A threshold is a probability: of documents above 1 none can be told apart by it.
    if (next >= 1) return;
    const gain = gainOf(cut, all, objective);
    if (!(gain > bestGain)) return;
    bestGain = gain;
    best = shortestIn(next, Math.min(1, cut.threshold));
  };
  let before: Cut | undefined;
  for (const cut of cuts(ranking)) {
    if (before !== undefined) consider(before, cut.threshold);
    before = cut;
  }
  if (before !== undefined) consider(before, Number.NEGATIVE_INFINITY);
  return best;
}

/** -Infinity for what is out of the question. */
function gainOf({ truePositives, falsePositives }: Cut, all: Totals, objective: Objective): number {
  const kept = truePositives + falsePositives;
  if (kept === 0) return Number.NEGATIVE_INFINITY;
  switch (objective.kind) {
    case "f":
      return fBeta(truePositives, falsePositives, all.positives, objective.beta);
    case "precision":
      return truePositives / kept >= objective.atLeast ? truePositives : Number.NEGATIVE_INFINITY;
    case "recall":
      return truePositives / all.positives >= objective.atLeast ? -kept : Number.NEGATIVE_INFINITY;
    case "share":
      return -Math.abs(kept / (all.positives + all.negatives) - objective.nearest);
  }
}

const MOST_DECIMALS = 17;

/** The number above `low`, and up to `high`, with the fewest decimals. */
export function shortestIn(low: number, high: number): number {
  for (let decimals = 0; decimals <= MOST_DECIMALS; decimals++) {
    const rounded = Math.floor(high * 10 ** decimals) / 10 ** decimals;
    if (rounded > low && rounded <= high) return rounded;
  }
  return high;
}
