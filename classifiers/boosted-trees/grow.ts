/**
 * Grows one tree, as its definition says. The leaf that gains most is split next, until there are enough leaves or
 * nothing gains. A split parts a leaf's rows at an edge of a column, and gains (Chen and Guestrin 2016, "XGBoost",
 * equation 7, without the half):
 *
 *     G_left² / (H_left + l2)  +  G_right² / (H_right + l2)  −  G² / (H + l2)
 *
 * where G and H sum the rows' gradients and second derivatives. Of equal gains, the lower column, then the lower bin, and
 * of equal leaves the older, is taken. A leaf's value is −G / (H + l2), the step that lowers the loss most.
 *
 * `grow-fast.ts` does the same with sums kept by bin, and ends with the same tree to the bit: the trainer rounds
 * gradients so that their sums are exact, in whatever order.
 */
import type { BinnedRows } from "./bins.ts";

export interface GrowthLimits {
  readonly leaves: number;
  readonly l2: number;
  /** Each side of a split has at least this sum of second derivatives; above 0. */
  readonly minLeafHessian: number;
}

/** What one tree is grown for. */
export interface GrowthTask {
  /** Rows that take part, rising. */
  readonly rows: Uint32Array;
  /** Columns that may be asked, rising. */
  readonly columns: readonly number[];
  /** Of every row, also those that take no part. */
  readonly gradients: Float64Array;
  readonly hessians: Float64Array;
}

/** Splits in the order they were made. A child is a split's number, or `~leaf`. */
export interface GrownTree {
  readonly columns: number[];
  /** Rows whose bin is at most this go left. */
  readonly bins: number[];
  readonly left: number[];
  readonly right: number[];
  readonly leafValues: number[];
  /** The task's rows in each leaf, rising. */
  readonly leafRows: Uint32Array[];
}

interface Split {
  readonly gain: number;
  readonly column: number;
  readonly bin: number;
}

export function growPlainly(data: BinnedRows, task: GrowthTask, limits: GrowthLimits): GrownTree {
  const tree: GrownTree = { columns: [], bins: [], left: [], right: [], leafValues: [], leafRows: [task.rows] };
  while (tree.leafRows.length < limits.leaves) {
    const splits = tree.leafRows.map((rows) => bestSplit(data, rows, task, limits));
    const gains = splits.map((split) => split?.gain ?? 0);
    const leaf = gains.indexOf(Math.max(...gains));
    const split = splits[leaf];
    if (split === undefined) break;
    const rows = tree.leafRows[leaf]!;
    const goesLeft = (row: number): boolean => data.bins[split.column]![row]! <= split.bin;
    tree.leafRows[leaf] = rows.filter(goesLeft);
    tree.leafRows.push(rows.filter((row) => !goesLeft(row)));
    addSplit(tree, leaf, split.column, split.bin);
  }
  for (const rows of tree.leafRows) {
    const { gradient, hessian } = sums(rows, task);
    tree.leafValues.push(leafValue(gradient, hessian, limits.l2));
  }
  return tree;
}

function bestSplit(data: BinnedRows, rows: Uint32Array, task: GrowthTask, limits: GrowthLimits): Split | undefined {
  const { l2, minLeafHessian } = limits;
  const all = sums(rows, task);
  let best: Split | undefined;
  for (const column of task.columns) {
    for (let bin = 0; bin < data.edges[column]!.length; bin++) {
      const goesLeft = (row: number): boolean => data.bins[column]![row]! <= bin;
      const left = sums(rows.filter(goesLeft), task);
      const right = sums(
        rows.filter((row) => !goesLeft(row)),
        task,
      );
      if (left.hessian < minLeafHessian || right.hessian < minLeafHessian) continue;
      const gain =
        purity(left.gradient, left.hessian, l2) +
        purity(right.gradient, right.hessian, l2) -
        purity(all.gradient, all.hessian, l2);
      if (gain > (best?.gain ?? 0)) best = { gain, column, bin };
    }
  }
  return best;
}

function sums(rows: Uint32Array, { gradients, hessians }: GrowthTask): { gradient: number; hessian: number } {
  let gradient = 0;
  let hessian = 0;
  for (const row of rows) {
    gradient += gradients[row]!;
    hessian += hessians[row]!;
  }
  return { gradient, hessian };
}

/** How much a leaf of these sums lowers the loss, twice over. */
export function purity(gradient: number, hessian: number, l2: number): number {
  return (gradient * gradient) / (hessian + l2);
}

export function leafValue(gradient: number, hessian: number, l2: number): number {
  return -gradient / (hessian + l2);
}

/** Puts a split where a leaf was; the leaf stays on its left, and the newest leaf is on its right. */
export function addSplit(tree: GrownTree, leaf: number, column: number, bin: number): void {
  const split = tree.columns.length;
  for (const children of [tree.left, tree.right]) {
    const at = children.indexOf(~leaf);
    if (at >= 0) children[at] = split;
  }
  tree.columns.push(column);
  tree.bins.push(bin);
  tree.left.push(~leaf);
  tree.right.push(~(split + 1));
}
