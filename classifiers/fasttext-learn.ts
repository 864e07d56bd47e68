/**
 * One step of fastText's training, plainly: an example's rows and labels, and how the weights move, in the original's
 * single precision and order (`Model::update`, `Loss::forward`, fastText 0.9.2). This is the definition;
 * `ExampleLearner` (`fasttext-learn-fast.ts`) is the one to use, and gives the same bits.
 *
 *     hidden = mean of the input rows;  outputs = output rows · hidden;  loss = − log probability of the label
 *     a step of `rate` down the gradient:  output row o += rate · error(o) · hidden
 *                                          each input row += rate · Σ error(o) · output row o, over the row count
 *
 * where error(o) is what o should have been (1 or 0) less its probability. Losses differ in which outputs take part:
 *
 *     softmax                all labels, one of which is right
 *     one-vs-all             all labels, each a yes or no of its own (sigmoid)
 *     negative-sampling      the right label, and some wrong ones drawn by the square root of how common they are
 *     hierarchical-softmax   the inner nodes between the label and the root of the label tree, right = 1, left = 0
 *
 * Of an example with several labels, a step draws one, except for one-vs-all. Sigmoids are read from a table, as in
 * prediction, so that an error may be off by 0.008.
 */
import { scaleToMean, tabledSigmoid } from "./fasttext.ts";
import { addRow, type DenseMatrix, dotRow } from "./fasttext-matrix.ts";
import type { Loss } from "./fasttext-model.ts";
import { type LabelTree, parentsOf } from "./label-tree.ts";
import type { Minstd } from "./minstd.ts";

export interface Learnable {
  readonly loss: Loss;
  readonly input: DenseMatrix;
  readonly output: DenseMatrix;
  /** For hierarchical softmax. */
  readonly tree: LabelTree | null;
  /** For negative sampling. */
  readonly negatives: NegativeLabels | null;
  readonly negativeCount: number;
}

/** Moves the weights by one example, and returns its loss in nats. */
export function learnPlainly(model: Learnable, rows: number[], labels: number[], rate: number, random: Minstd): number {
  const { input, output } = model;
  const hidden = new Float32Array(input.columns);
  for (const row of rows) addRow(input, row, hidden);
  scaleToMean(hidden, rows.length);

  const change = new Float32Array(input.columns);
  let loss = 0;
  const learn = (row: number, probability: number, target: number): void => {
    const step = Math.fround(rate * Math.fround(target - probability));
    for (let column = 0; column < change.length; column++) {
      const at = row * output.columns + column;
      change[column]! += Math.fround(step * output.weights[at]!);
      output.weights[at]! += Math.fround(step * hidden[column]!);
    }
  };
  const learnYesOrNo = (row: number, isRight: boolean): void => {
    const probability = tabledSigmoid(dotRow(output, row, hidden));
    learn(row, probability, isRight ? 1 : 0);
    loss += lossNats(isRight ? probability : 1 - probability);
  };

  if (model.loss === "one-vs-all") {
    for (let row = 0; row < output.rows; row++) learnYesOrNo(row, labels.includes(row));
  } else {
    const label = labels[random.below(labels.length)]!;
    if (model.loss === "softmax") {
      const probabilities = softmax(Array.from({ length: output.rows }, (_, row) => dotRow(output, row, hidden)));
      for (const [row, probability] of probabilities.entries()) learn(row, probability, row === label ? 1 : 0);
      loss = lossNats(probabilities[label]!);
    } else if (model.loss === "negative-sampling") {
      learnYesOrNo(label, true);
      for (let i = 0; i < model.negativeCount; i++) learnYesOrNo(model.negatives!.draw(label, random), false);
    } else {
      const path = pathToRoot(model.tree!, label);
      for (const { row, isRight } of path) learnYesOrNo(row, isRight);
    }
  }

  scaleToMean(change, rows.length);
  for (const row of rows) {
    for (let column = 0; column < change.length; column++) {
      input.weights[row * input.columns + column]! += change[column]!;
    }
  }
  return loss;
}

function softmax(outputs: readonly number[]): number[] {
  const highest = outputs.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = outputs.map((output) => Math.fround(Math.exp(Math.fround(output - highest))));
  const sum = powers.reduce((a, b) => Math.fround(a + b), 0);
  return powers.map((power) => Math.fround(power / sum));
}

const LEAST_PROBABILITY = 1e-5;

/** For progress only: training does not go by it. */
export function lossNats(probability: number): number {
  return -Math.log(Math.max(probability, LEAST_PROBABILITY));
}

/** The output rows between a label and the root, and whether each should say "right". */
export function pathToRoot(tree: LabelTree, label: number): { row: number; isRight: boolean }[] {
  const parents = parentsOf(tree);
  const labelCount = (tree.left.length + 1) / 2;
  const path: { row: number; isRight: boolean }[] = [];
  for (let node = label; parents[node]! >= 0; node = parents[node]!) {
    const parent = parents[node]!;
    path.push({ row: parent - labelCount, isRight: tree.right[parent] === node });
  }
  return path;
}

/** The original's table of negatives has this many places; a label takes its share of them, rounded up. */
const NEGATIVE_PLACES = 10_000_000;

/** Draws wrong labels, by the square root of how often they were seen. */
export class NegativeLabels {
  /** Label l has the places ends[l − 1] to ends[l]. */
  readonly #ends: Float64Array;

  constructor(labelCounts: Float64Array) {
    const weights = Float32Array.from(labelCounts, Math.sqrt);
    const sum = weights.reduce((a, b) => Math.fround(a + b), 0);
    let end = 0;
    this.#ends = Float64Array.from(weights, (weight) => {
      end += Math.ceil(Math.fround(Math.fround(weight * NEGATIVE_PLACES) / sum));
      return end;
    });
  }

  /** Never ends where `label` is the only one. */
  draw(label: number, random: Minstd): number {
    for (;;) {
      const drawn = this.#labelAt(random.below(this.#ends.at(-1)!));
      if (drawn !== label) return drawn;
    }
  }

  #labelAt(place: number): number {
    let low = 0;
    let high = this.#ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (place < this.#ends[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
