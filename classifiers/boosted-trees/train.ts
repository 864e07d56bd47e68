/**
 * Learns to tell two labels apart: gradient boosting of decision trees with the logistic loss (Friedman 2001, "Greedy
 * function approximation"; steps of second order as in Chen and Guestrin 2016, "XGBoost").
 *
 *     rows → bins (`bins.ts`) → for each tree: gradients → a tree that fits them (`grow-fast.ts`) → scores → model
 *
 * Same rows, options and seed, same bytes. With the same settings, scikit-learn 1.9.1 (HistGradientBoostingClassifier)
 * reaches the same loss on rows that it has not seen, to 1 in 250 (two sets of 20,000 rows). It also learns for each
 * split on which side missing values go, which this does not: where many are missing, it is better.
 */
import { RecipeError } from "../../pipeline/errors.ts";
import { seededRandom, shuffle } from "../../pipeline/random.ts";
import { type BinnedRows, binRows, MAX_BINS } from "./bins.ts";
import type { GrownTree, GrowthLimits, GrowthTask } from "./grow.ts";
import { TreeGrower } from "./grow-fast.ts";
import { BoostedTrees, type Tree } from "./trees.ts";

export interface LabelledRows {
  /** Row after row, a number for each column. NaN is a missing value. */
  readonly rows: Float32Array;
  /** 0 or 1 of each row. */
  readonly labels: Uint8Array;
  /** How much each row counts, above 0; 1 unless said otherwise. */
  readonly weights?: Float32Array;
}

export interface BoostingOptions {
  /** Trees to grow; 120. */
  readonly trees?: number;
  /** The most leaves of a tree; 31. */
  readonly leaves?: number;
  /** What every leaf's value is multiplied by; 0.08. */
  readonly learningRate?: number;
  /** Pulls leaves' values towards zero: added to a leaf's sum of second derivatives; 1. */
  readonly l2?: number;
  /** The least sum of second derivatives in a leaf; a row has at most a quarter of its weight. 1. */
  readonly minLeafHessian?: number;
  /** The most bins of a column; 255. */
  readonly bins?: number;
  /** Share of the rows that each tree is grown from, drawn anew; 1. */
  readonly rowShare?: number;
  /** Share of the columns that each tree may ask, drawn anew; 1. */
  readonly columnShare?: number;
  /** Of the draws; 0. */
  readonly seed?: number;
  /** Rows that are only looked at: training ends when they have not got better for `patience` trees. */
  readonly heldOut?: LabelledRows;
  /** Trees without a better loss on `heldOut`, after which those since the best are left out; 10. */
  readonly patience?: number;
  /** Told after every tree. */
  readonly onTree?: (progress: {
    readonly trees: number;
    /** Mean over all rows, by weight. */
    readonly lossNats: number;
    readonly heldOutLossNats?: number;
  }) => void;
}

type Settings = Required<Omit<BoostingOptions, "heldOut" | "onTree">>;

const DEFAULTS: Settings = {
  trees: 120,
  leaves: 31,
  learningRate: 0.08,
  l2: 1,
  minLeafHessian: 1,
  bins: MAX_BINS,
  rowShare: 1,
  columnShare: 1,
  seed: 0,
  patience: 10,
};

/** Grows a tree for gradients; the second way is the definition, for tests. */
export type Grow = (task: GrowthTask) => GrownTree;
export type MakeGrow = (data: BinnedRows, limits: GrowthLimits) => Grow;

const growFast: MakeGrow = (data, limits) => {
  const grower = new TreeGrower(data, limits);
  return (task) => grower.grow(task);
};

/** Trees that have learnt which rows have label 1. */
export function trainBoostedTrees(
  columnNames: readonly string[],
  data: LabelledRows,
  options: BoostingOptions = {},
  makeGrow: MakeGrow = growFast,
): BoostedTrees {
  const settings: Settings = { ...DEFAULTS, ...options };
  checkSettings(settings);
  checkRows(columnNames, data, "training rows");
  const { labels } = data;
  const count = labels.length;
  const weights = data.weights ?? new Float32Array(count).fill(1);
  const binned = binRows(data.rows, columnNames.length, settings.bins);
  const grow = makeGrow(binned, settings);

  const gradients = new Float64Array(count);
  const hessians = new Float64Array(count);
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0);
  const bias = labelLogOdds(labels, weights, totalWeight);
  const scores = new Float64Array(count).fill(bias);
  const heldOut = options.heldOut && new HeldOut(columnNames, options.heldOut, bias);

  // Gradients are whole multiples of this, and sums of them have no more than 53 bits: they are exact in any order.
  const unit = 2 ** (Math.ceil(Math.log2(totalWeight)) - 52);
  const random = seededRandom(settings.seed);
  const trees: Tree[] = [];
  while (trees.length < settings.trees) {
    for (let row = 0; row < count; row++) {
      const weight = weights[row]!;
      const chance = 1 / (1 + Math.exp(-scores[row]!));
      gradients[row] = Math.round((weight * (chance - labels[row]!)) / unit) * unit;
      hessians[row] = Math.round((weight * chance * (1 - chance)) / unit) * unit;
    }
    const rows = drawRows(count, settings.rowShare, random);
    const columns = drawColumns(columnNames.length, settings.columnShare, random);
    const grown = grow({ rows, columns, gradients, hessians });
    const tree = finishedTree(grown, binned, settings.learningRate);
    trees.push(tree);

    if (rows.length === count) {
      for (const [leaf, leafRows] of grown.leafRows.entries()) {
        for (const row of leafRows) scores[row]! += tree.values[leaf]!;
      }
    } else {
      for (let row = 0; row < count; row++) scores[row]! += tree.values[leafOf(grown, binned, row)]!;
    }
    heldOut?.add(tree);
    options.onTree?.({
      trees: trees.length,
      lossNats: meanLoss(scores, labels, weights),
      ...(heldOut && { heldOutLossNats: heldOut.lossNats }),
    });
    if (heldOut !== undefined && trees.length - heldOut.bestTrees >= settings.patience) break;
  }
  return new BoostedTrees(columnNames, bias, trees.slice(0, heldOut?.bestTrees));
}

/** The log-odds of label 1. With one label alone they would be infinite: half a row of the other is added. */
function labelLogOdds(labels: Uint8Array, weights: Float32Array, totalWeight: number): number {
  let positive = 0;
  for (let row = 0; row < labels.length; row++) positive += weights[row]! * labels[row]!;
  const half = totalWeight / labels.length / 2;
  const negative = totalWeight - positive;
  return Math.log((positive || half) / (negative || half));
}

function drawRows(count: number, share: number, random: () => number): Uint32Array {
  const all = Uint32Array.from({ length: count }, (_, row) => row);
  return share === 1 ? all : all.filter(() => random() < share);
}

function drawColumns(count: number, share: number, random: () => number): number[] {
  const columns = Array.from({ length: count }, (_, column) => column);
  if (share === 1) return columns;
  shuffle(columns, random);
  return columns.slice(0, Math.ceil(share * count)).sort((a, b) => a - b);
}

/** A tree that asks for values instead of bins, with its leaves made smaller. Values are those that are stored. */
function finishedTree(grown: GrownTree, data: BinnedRows, learningRate: number): Tree {
  const { columns, bins, left, right, leafValues } = grown;
  return {
    columns,
    thresholds: columns.map((column, split) => data.edges[column]![bins[split]!]!),
    left,
    right,
    values: leafValues.map((value) => Math.fround(learningRate * value)),
  };
}

function leafOf({ columns, bins, left, right }: GrownTree, data: BinnedRows, row: number): number {
  let at = columns.length > 0 ? 0 : ~0;
  while (at >= 0) at = data.bins[columns[at]!]![row]! <= bins[at]! ? left[at]! : right[at]!;
  return ~at;
}

/** The mean of −log(chance of the right label), by weight. */
export function meanLoss(logits: Float64Array, labels: Uint8Array, weights?: Float32Array): number {
  let loss = 0;
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    const against = labels[row] === 1 ? -logits[row]! : logits[row]!;
    const weight = weights?.[row] ?? 1;
    // log(1 + e^x), without overflow.
    loss += weight * (Math.max(against, 0) + Math.log1p(Math.exp(-Math.abs(against))));
    total += weight;
  }
  return loss / total;
}

/** Rows that decide when to stop. */
class HeldOut {
  readonly #columnNames: readonly string[];
  readonly #data: LabelledRows;
  readonly #scores: Float64Array;
  readonly #step: Float64Array;
  #trees = 0;
  #bestLoss = Number.POSITIVE_INFINITY;
  bestTrees = 0;
  lossNats = Number.NaN;

  constructor(columnNames: readonly string[], data: LabelledRows, bias: number) {
    checkRows(columnNames, data, "held-out rows");
    this.#columnNames = columnNames;
    this.#data = data;
    this.#scores = new Float64Array(data.labels.length).fill(bias);
    this.#step = new Float64Array(data.labels.length);
  }

  add(tree: Tree): void {
    const { rows, labels, weights } = this.#data;
    new BoostedTrees(this.#columnNames, 0, [tree]).predict(rows, labels.length, this.#step);
    for (let row = 0; row < labels.length; row++) this.#scores[row]! += this.#step[row]!;
    this.#trees++;
    this.lossNats = meanLoss(this.#scores, labels, weights);
    if (this.lossNats < this.#bestLoss) {
      this.#bestLoss = this.lossNats;
      this.bestTrees = this.#trees;
    }
  }
}

function checkRows(columnNames: readonly string[], { rows, labels, weights }: LabelledRows, what: string): void {
  const count = labels.length;
  if (count === 0) throw new RecipeError(`${what}: none`);
  if (columnNames.length === 0) throw new RecipeError(`${what}: no columns`);
  if (rows.length !== count * columnNames.length) {
    throw new RecipeError(`${what}: ${rows.length} numbers for ${count} labels and ${columnNames.length} columns`);
  }
  if (weights !== undefined && weights.length !== count) {
    throw new RecipeError(`${what}: ${weights.length} weights for ${count} labels`);
  }
  const label = labels.find((one) => one > 1);
  if (label !== undefined) throw new RecipeError(`${what}: label ${label}, expected 0 or 1`);
  const weight = weights?.find((one) => !(one > 0 && one < Number.POSITIVE_INFINITY));
  if (weight !== undefined) throw new RecipeError(`${what}: weight ${weight}, expected a number above 0`);
}

function checkSettings(settings: Settings): void {
  const expect = (name: keyof Settings, isGood: boolean, expected: string): void => {
    if (!isGood) throw new RecipeError(`boosted trees: ${name} ${settings[name]}, expected ${expected}`);
  };
  const { trees, leaves, learningRate, l2, minLeafHessian, bins, rowShare, columnShare, patience } = settings;
  expect("trees", Number.isInteger(trees) && trees >= 0, "a whole number, 0 or more");
  expect("leaves", Number.isInteger(leaves) && leaves >= 1, "a whole number above 0");
  expect("learningRate", learningRate > 0 && Number.isFinite(learningRate), "a number above 0");
  expect("l2", l2 >= 0 && Number.isFinite(l2), "a number, 0 or more");
  expect("minLeafHessian", minLeafHessian > 0 && Number.isFinite(minLeafHessian), "a number above 0");
  expect("bins", Number.isInteger(bins) && bins >= 2 && bins <= MAX_BINS, `2 to ${MAX_BINS}`);
  expect("rowShare", rowShare > 0 && rowShare <= 1, "above 0 and at most 1");
  expect("columnShare", columnShare > 0 && columnShare <= 1, "above 0 and at most 1");
  expect("patience", Number.isInteger(patience) && patience >= 1, "a whole number above 0");
}
