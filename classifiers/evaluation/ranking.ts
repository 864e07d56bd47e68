/**
 * Documents by falling score, and what can be read off that order. A threshold keeps the documents whose score is not
 * below it, so only scores that occur make a difference, and documents of equal score are kept or left together.
 *
 * Measures take weights: how often each document counts. Resampling then needs no sorting.
 */
import type { Observed } from "./observed.ts";

export interface Ranking extends Observed {
  /** Where each document, from the highest score down, stands in what was ranked. */
  readonly order: Uint32Array;
}

export type Weights = ArrayLike<number>;

/** A threshold, and how many documents it keeps: with the label (true) and without (false). */
export interface Cut {
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

export interface Totals {
  readonly positives: number;
  readonly negatives: number;
}

export function rank({ scores, positives }: Observed): Ranking {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return {
    order,
    scores: Float64Array.from(order, (i) => scores[i]!),
    positives: Uint8Array.from(order, (i) => positives[i]!),
  };
}

export function totals({ order, positives }: Ranking, weights?: Weights): Totals {
  let positive = 0;
  let all = 0;
  for (let i = 0; i < order.length; i++) {
    const weight = weights === undefined ? 1 : weights[order[i]!]!;
    all += weight;
    if (positives[i] === 1) positive += weight;
  }
  return { positives: positive, negatives: all - positive };
}

/** Every threshold that makes a difference, from the highest. */
export function* cuts({ order, scores, positives }: Ranking, weights?: Weights): Generator<Cut, void, undefined> {
  let truePositives = 0;
  let falsePositives = 0;
  for (let i = 0; i < order.length; i++) {
    const weight = weights === undefined ? 1 : weights[order[i]!]!;
    if (positives[i] === 1) truePositives += weight;
    else falsePositives += weight;
    const isLastOfScore = i + 1 === order.length || scores[i + 1]! < scores[i]!;
    if (isLastOfScore) yield { threshold: scores[i]!, truePositives, falsePositives };
  }
}

/**
 * Average precision: the precisions at every cut, weighted with the recall that each adds. That is the area under the
 * precision–recall curve without lines drawn between its points (scikit-learn's `average_precision_score`). Of documents
 * ranked at random it is the share that has the label. Not a number where none has.
 */
export function averagePrecision(ranking: Ranking, weights?: Weights): number {
  let sum = 0;
  let before = 0;
  for (const { truePositives, falsePositives } of cuts(ranking, weights)) {
    if (truePositives > before) sum += ((truePositives - before) * truePositives) / (truePositives + falsePositives);
    before = truePositives;
  }
  return sum / before;
}

/**
 * Area under the ROC curve: how likely a document with the label scores higher than one without; equal scores count
 * half (Mann and Whitney's U). 0.5 is guessing. Not a number where all documents have the label, or none.
 */
export function rocAuc(ranking: Ranking, weights?: Weights): number {
  let area = 0;
  let before: Pick<Cut, "truePositives" | "falsePositives"> = { truePositives: 0, falsePositives: 0 };
  for (const cut of cuts(ranking, weights)) {
    area += ((cut.falsePositives - before.falsePositives) * (cut.truePositives + before.truePositives)) / 2;
    before = cut;
  }
  return area / (before.truePositives * before.falsePositives);
}

/** What a threshold comes to. */
export interface Quality {
  /** Of what is kept, the share with the label; 1 where nothing is kept: no mistake was made. */
  readonly precision: number;
  /** Of what has the label, the share that is kept; not a number where nothing has. */
  readonly recall: number;
  readonly f1: number;
  /** Share of all documents that is kept. */
  readonly share: number;
}

export function qualityOf({ truePositives, falsePositives }: Omit<Cut, "threshold">, all: Totals): Quality {
  const kept = truePositives + falsePositives;
  return {
    precision: kept === 0 ? 1 : truePositives / kept,
    recall: truePositives / all.positives,
    f1: fBeta(truePositives, falsePositives, all.positives, 1),
    share: kept / (all.positives + all.negatives),
  };
}

/** F-beta: recall counts beta times as much as precision. 0 where nothing is found, and nothing was to be found. */
export function fBeta(truePositives: number, falsePositives: number, positives: number, beta: number): number {
  const weight = beta * beta;
  const of = truePositives + falsePositives + weight * positives;
  return of === 0 ? 0 : ((1 + weight) * truePositives) / of;
}

/** How many documents a threshold keeps, with the label and without. */
export function cutAt({ order, scores, positives }: Ranking, threshold: number, weights?: Weights): Cut {
  let truePositives = 0;
  let falsePositives = 0;
  for (let i = 0; i < order.length && scores[i]! >= threshold; i++) {
    const weight = weights === undefined ? 1 : weights[order[i]!]!;
    if (positives[i] === 1) truePositives += weight;
    else falsePositives += weight;
  }
  return { threshold, truePositives, falsePositives };
}
