/** Rules that compare one score with one threshold: a preset whose source is a list of such is written as that list. */
import type { Dropped } from "../../pipeline/verdict.ts";
import { drop } from "../../pipeline/verdict.ts";

/** Reason → score, whether the threshold is the most or the least it may be, threshold, the reference's name of the rule. */
export type ThresholdRule<S extends string = string, P extends string = string> = readonly [
  reason: string,
  score: S,
  bound: "at most" | "at least",
  threshold: P,
  reference: string,
];

/** The drop of the first rule that the scores break, in the rules' order. `judged` is what of a score is compared. */
export function firstBroken<S extends string, P extends string>(
  rules: readonly ThresholdRule<S, P>[],
  scores: Readonly<Record<S, number>>,
  thresholds: Readonly<Record<P, number>>,
  judged: (score: number) => number = (score) => score,
): Dropped | undefined {
  for (const [reason, name, bound, threshold] of rules) {
    const score = judged(scores[name]);
    const limit = thresholds[threshold];
    if (bound === "at most" ? score > limit : score < limit) return drop(reason, scores[name]);
  }
  return undefined;
}

/** Our reasons → the reference's names. */
export function referenceReasonsOf(rules: readonly ThresholdRule[]): Record<string, string> {
  return Object.fromEntries(rules.map(([reason, , , , reference]) => [reason, reference]));
}
