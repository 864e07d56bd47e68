/**
 * Grows trees as `grow.ts` defines, from sums kept by bin (histograms; Ke et al. 2017, "LightGBM"):
 *
 *     a leaf's rows ─▶ sums of each bin of each column ─▶ best split ─▶ rows left │ rows right
 *                                                                       sums of the smaller are made,
 *                                                                       the other's are what is left of the parent's
 *
 * Subtracting is exact because the trainer's gradients add up without rounding.
 */
import type { BinnedRows } from "./bins.ts";
import { addSplit, type GrownTree, type GrowthLimits, type GrowthTask, leafValue, purity } from "./grow.ts";

/** Memory for growing trees on the same rows, one after another. */
export class TreeGrower {
  readonly #data: BinnedRows;
  readonly #limits: GrowthLimits;
  /** Where each column's bins begin among all bins. */
  readonly #firstBin: Uint32Array;
  /** A leaf's sums: gradient and second derivative of every bin, in turn. */
  readonly #histograms: Float64Array[];
  /** The rows of leaf after leaf. */
  readonly #rows: Uint32Array;
  readonly #moved: Uint32Array;
  /** What belongs to the rows of the leaf at hand, in their order. */
  readonly #rowGradients: Float64Array;
  readonly #rowHessians: Float64Array;

  // Of each leaf: its part of the rows, its sums, its best split (gain 0: none).
  readonly #start: Uint32Array;
  readonly #end: Uint32Array;
  readonly #gradient: Float64Array;
  readonly #hessian: Float64Array;
  readonly #gain: Float64Array;
  readonly #column: Uint32Array;
  readonly #bin: Uint8Array;

  constructor(data: BinnedRows, limits: GrowthLimits) {
    this.#data = data;
    this.#limits = limits;
    this.#firstBin = new Uint32Array(data.bins.length);
    let binCount = 0;
    for (const [column, edges] of data.edges.entries()) {
      this.#firstBin[column] = binCount;
      binCount += edges.length + 1;
    }
    const { leaves } = limits;
    this.#histograms = Array.from({ length: leaves }, () => new Float64Array(2 * binCount));
    this.#rows = new Uint32Array(data.count);
    this.#moved = new Uint32Array(data.count);
    this.#rowGradients = new Float64Array(data.count);
    this.#rowHessians = new Float64Array(data.count);
    this.#start = new Uint32Array(leaves);
    this.#end = new Uint32Array(leaves);
    this.#gradient = new Float64Array(leaves);
    this.#hessian = new Float64Array(leaves);
    this.#gain = new Float64Array(leaves);
    this.#column = new Uint32Array(leaves);
    this.#bin = new Uint8Array(leaves);
  }

  /** The rows of the tree's leaves are lent: the next tree overwrites them. */
  grow(task: GrowthTask): GrownTree {
    const tree: GrownTree = { columns: [], bins: [], left: [], right: [], leafValues: [], leafRows: [] };
    this.#rows.set(task.rows);
    this.#start[0] = 0;
    this.#end[0] = task.rows.length;
    this.#collect(0, task);
    this.#findSplit(0, task);
    let leafCount = 1;
    while (leafCount < this.#limits.leaves) {
      let leaf = 0;
      for (let i = 1; i < leafCount; i++) if (this.#gain[i]! > this.#gain[leaf]!) leaf = i;
      if (this.#gain[leaf] === 0) break;
      addSplit(tree, leaf, this.#column[leaf]!, this.#bin[leaf]!);
      this.#part(leaf, leafCount, task);
      leafCount++;
    }
    for (let leaf = 0; leaf < leafCount; leaf++) {
      tree.leafRows.push(this.#rows.subarray(this.#start[leaf], this.#end[leaf]));
      tree.leafValues.push(leafValue(this.#gradient[leaf]!, this.#hessian[leaf]!, this.#limits.l2));
    }
    return tree;
  }

  /** Carries out a leaf's best split: its right side becomes leaf `right`. */
  #part(left: number, right: number, task: GrowthTask): void {
    const end = this.#end[left]!;
    const middle = this.#moveRows(left);
    this.#start[right] = middle;
    this.#end[right] = end;
    this.#end[left] = middle;
    const leftIsSmaller = middle - this.#start[left]! <= end - middle;
    if (leftIsSmaller) {
      // The parent's sums, which the left side has, go to the right.
      const parent = this.#histograms[left]!;
      this.#histograms[left] = this.#histograms[right]!;
      this.#histograms[right] = parent;
    }
    const smaller = leftIsSmaller ? left : right;
    const larger = leftIsSmaller ? right : left;
    const gradient = this.#gradient[left]!;
    const hessian = this.#hessian[left]!;
    this.#collect(smaller, task);
    this.#subtract(larger, smaller, task);
    this.#gradient[larger] = gradient - this.#gradient[smaller]!;
    this.#hessian[larger] = hessian - this.#hessian[smaller]!;
    this.#findSplit(left, task);
    this.#findSplit(right, task);
  }

  /** Rows that go left first, each side in its order. Gives where the right side begins. */
  #moveRows(leaf: number): number {
    const rows = this.#rows;
    const moved = this.#moved;
    const bins = this.#data.bins[this.#column[leaf]!]!;
    const bin = this.#bin[leaf]!;
    let left = this.#start[leaf]!;
    let right = 0;
    const end = this.#end[leaf]!;
    for (let i = left; i < end; i++) {
      const row = rows[i]!;
      if (bins[row]! <= bin) rows[left++] = row;
      else moved[right++] = row;
    }
    for (let i = 0; i < right; i++) rows[left + i] = moved[i]!;
    return left;
  }

  /** Makes a leaf's sums from its rows. */
  #collect(leaf: number, { columns, gradients, hessians }: GrowthTask): void {
    const rows = this.#rows.subarray(this.#start[leaf], this.#end[leaf]);
    const rowGradients = this.#rowGradients;
    const rowHessians = this.#rowHessians;
    let gradient = 0;
    let hessian = 0;
    for (let i = 0; i < rows.length; i++) {
      gradient += rowGradients[i] = gradients[rows[i]!]!;
      hessian += rowHessians[i] = hessians[rows[i]!]!;
    }
    this.#gradient[leaf] = gradient;
    this.#hessian[leaf] = hessian;
    const histogram = this.#histograms[leaf]!;
    histogram.fill(0);
    // Four columns at once: the processor adds to one while it waits for the others' memory.
    let i = 0;
    for (; i + 4 <= columns.length; i += 4) {
      this.#sumFourByBin(rows, histogram, columns[i]!, columns[i + 1]!, columns[i + 2]!, columns[i + 3]!);
    }
    for (; i < columns.length; i++) this.#sumByBin(rows, histogram, columns[i]!);
  }

  /** Adds each row's gradient and second derivative to those of its bin. */
  #sumByBin(rows: Uint32Array, histogram: Float64Array, column: number): void {
    const bins = this.#data.bins[column]!;
    const first = 2 * this.#firstBin[column]!;
    const rowGradients = this.#rowGradients;
    const rowHessians = this.#rowHessians;
    for (let i = 0; i < rows.length; i++) {
      const at = first + 2 * bins[rows[i]!]!;
      histogram[at]! += rowGradients[i]!;
      histogram[at + 1]! += rowHessians[i]!;
    }
  }

  #sumFourByBin(rows: Uint32Array, histogram: Float64Array, a: number, b: number, c: number, d: number): void {
    const { bins } = this.#data;
    const binsA = bins[a]!;
    const binsB = bins[b]!;
    const binsC = bins[c]!;
    const binsD = bins[d]!;
    const firstA = 2 * this.#firstBin[a]!;
    const firstB = 2 * this.#firstBin[b]!;
    const firstC = 2 * this.#firstBin[c]!;
    const firstD = 2 * this.#firstBin[d]!;
    const rowGradients = this.#rowGradients;
    const rowHessians = this.#rowHessians;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const gradient = rowGradients[i]!;
      const hessian = rowHessians[i]!;
      const atA = firstA + 2 * binsA[row]!;
      const atB = firstB + 2 * binsB[row]!;
      const atC = firstC + 2 * binsC[row]!;
      const atD = firstD + 2 * binsD[row]!;
      histogram[atA]! += gradient;
      histogram[atA + 1]! += hessian;
      histogram[atB]! += gradient;
      histogram[atB + 1]! += hessian;
      histogram[atC]! += gradient;
      histogram[atC + 1]! += hessian;
      histogram[atD]! += gradient;
      histogram[atD + 1]! += hessian;
    }
  }

  /** Makes the sums of a leaf that has its parent's from those of its sibling. */
  #subtract(leaf: number, sibling: number, { columns }: GrowthTask): void {
    const from = this.#histograms[leaf]!;
    const taken = this.#histograms[sibling]!;
    for (const column of columns) {
      const first = 2 * this.#firstBin[column]!;
      const end = first + 2 * (this.#data.edges[column]!.length + 1);
      for (let i = first; i < end; i++) from[i]! -= taken[i]!;
    }
  }

  #findSplit(leaf: number, { columns }: GrowthTask): void {
    const { l2, minLeafHessian } = this.#limits;
    const histogram = this.#histograms[leaf]!;
    const gradient = this.#gradient[leaf]!;
    const hessian = this.#hessian[leaf]!;
    const unsplit = purity(gradient, hessian, l2);
    let bestGain = 0;
    for (const column of columns) {
      const first = 2 * this.#firstBin[column]!;
      const edges = this.#data.edges[column]!.length;
      let leftGradient = 0;
      let leftHessian = 0;
      for (let bin = 0; bin < edges; bin++) {
        leftGradient += histogram[first + 2 * bin]!;
        leftHessian += histogram[first + 2 * bin + 1]!;
        if (leftHessian < minLeafHessian) continue;
        const rightHessian = hessian - leftHessian;
        if (rightHessian < minLeafHessian) break;
        const gain =
          purity(leftGradient, leftHessian, l2) + purity(gradient - leftGradient, rightHessian, l2) - unsplit;
        if (gain > bestGain) {
          bestGain = gain;
          this.#column[leaf] = column;
          this.#bin[leaf] = bin;
        }
      }
    }
    this.#gain[leaf] = bestGain;
  }
}
