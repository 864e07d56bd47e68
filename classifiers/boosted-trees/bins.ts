/**
 * Columns of numbers → columns of small bins. Trees then ask "is the bin at most b?", which needs a byte a value, and
 * only as many sums as there are bins:
 *
 *     values   −3  0  0  0  0  0  0  1  2  5  9  NaN
 *     bins      0 │1  1  1  1  1  1 │2  2 │3  3 │4       edges −1.5, 0.5, 3.5, ∞
 */

/** Bins are numbered in a byte. */
export const MAX_BINS = 255;

export interface BinnedRows {
  readonly count: number;
  /** A column's bin of each row. */
  readonly bins: readonly Uint8Array[];
  /**
   * A column's edges, rising: a value is in the first bin whose edge it does not exceed, or in the last, which has none.
   * Where values are missing (NaN), the last edge is ∞ and they alone are beyond it.
   */
  readonly edges: readonly Float32Array[];
}

/** Rows of numbers, one after the other, in bins of about as many rows each. */
export function binRows(rows: Float32Array, columns: number, maxBins: number): BinnedRows {
  const count = rows.length / columns;
  const values = new Float32Array(count);
  const bins: Uint8Array[] = [];
  const edges: Float32Array[] = [];
  for (let column = 0; column < columns; column++) {
    for (let row = 0, at = column; row < count; row++, at += columns) values[row] = rows[at]!;
    const columnEdges = binEdges(values.slice().sort(), maxBins);
    const columnBins = new Uint8Array(count);
    for (let row = 0; row < count; row++) columnBins[row] = binOf(columnEdges, values[row]!);
    bins.push(columnBins);
    edges.push(columnEdges);
  }
  return { count, bins, edges };
}

/** How many edges lie below the value; missing values are above all. */
function binOf(edges: Float32Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Edges between sorted values (NaNs last). Where there are no more distinct values than bins, each has its own.
 * Otherwise values as common as a bin's fair share have bins of their own, and the rest is shared out evenly: zeros, of
 * which most columns are full, must not use up the bins of all that differs.
 */
export function binEdges(sorted: Float32Array, maxBins: number): Float32Array {
  const { values, counts, missing } = distinctValues(sorted);
  const edges: number[] = [];
  const binCount = maxBins - (missing > 0 ? 1 : 0);
  const present = sorted.length - missing;
  const common = (i: number): boolean => counts[i]! * binCount >= present;
  let restRows = present;
  let restBins = binCount;
  for (let i = 0; i < values.length; i++) {
    if (!common(i)) continue;
    restRows -= counts[i]!;
    restBins--;
  }
  const oneEach = values.length <= binCount;
  let filled = 0;
  for (let i = 0; i + 1 < values.length; i++) {
    if (!common(i)) filled += counts[i]!;
    const isFull = filled * restBins >= restRows;
    if (!oneEach && !isFull && !common(i) && !common(i + 1)) continue;
    // The bins before and after a common value may be short, and each takes one from the rest.
    if (!common(i)) {
      restRows -= filled;
      restBins = Math.max(1, restBins - 1);
    }
    filled = 0;
    if (edges.length < binCount - 1) edges.push(between(values[i]!, values[i + 1]!));
  }
  if (missing > 0) edges.push(Number.POSITIVE_INFINITY);
  return Float32Array.from(edges);
}

function distinctValues(sorted: Float32Array): { values: number[]; counts: number[]; missing: number } {
  const values: number[] = [];
  const counts: number[] = [];
  let missing = 0;
  for (const value of sorted) {
    if (Number.isNaN(value)) missing++;
    else if (value === values.at(-1)) counts[counts.length - 1]!++;
    else {
      values.push(value);
      counts.push(1);
    }
  }
  return { values, counts, missing };
}

/** The middle of two neighbours, as far as Float32 has one: the higher value must stay above it. */
function between(low: number, high: number): number {
  const middle = Math.fround(low + (high - low) / 2);
  return middle < high && middle >= low ? middle : low;
}
