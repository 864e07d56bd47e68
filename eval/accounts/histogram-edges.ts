/** Bins of a histogram for people: few, with round edges, fine where the values are. */

const MOST_BINS = 24;
/** Values beyond these quantiles share the outermost bins. */
const OUTER = 0.005;
/** Round numbers within a power of ten, from fine to coarse. */
const SERIES = [[1, 2, 5], [1, 3], [1]] as const;
/** Linear bins tell little where one of them holds so many of the values. */
const CROWDED = 2 / 3;
/** Nor where what counts things reaches so far beyond its median. */
const FAR = 10;

/** What edges are chosen by: extremes, and a sample that is kept small by dropping every second value. */
export class ValueSummary {
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  count = 0;
  isWhole = true;
  #stride = 1;
  #sample: number[] = [];

  /** Finite values alone. */
  add(value: number): void {
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    this.isWhole &&= Number.isInteger(value);
    if (this.count++ % this.#stride !== 0) return;
    this.#sample.push(value);
    if (this.#sample.length < 8192) return;
    this.#sample = this.#sample.filter((_, n) => n % 2 === 0);
    this.#stride *= 2;
  }

  sorted(): Float64Array {
    return Float64Array.from(this.#sample).sort();
  }
}

/** Ascending: a bin has its lower edge. The outermost bins have what lies beyond them by a rounding error, too. */
export function edgesFor(summary: ValueSummary): number[] {
  const { min, max, isWhole } = summary;
  if (summary.count === 0) return [];
  if (min === max) return [min, min + 1];
  if (isWhole && max - min < MOST_BINS) return Array.from({ length: max - min + 2 }, (_, n) => min + n);
  const sorted = summary.sorted();
  const linear = linearEdges(sorted, summary);
  return min >= 0 && isSkewed(sorted, linear) ? logEdges(sorted, summary) : linear;
}

function linearEdges(sorted: Float64Array, { min, max }: ValueSummary): number[] {
  let low = quantile(sorted, OUTER);
  let high = quantile(sorted, 1 - OUTER);
  if (low === high) [low, high] = [min, max];
  // Two bins are for what lies beyond, two for rounding outwards.
  const step = roundUp((high - low) / (MOST_BINS - 4));
  const edges: number[] = [];
  for (let n = Math.floor(low / step); ; n++) {
    edges.push(tidy(n * step));
    if (n * step >= high) break;
  }
  if (min < edges[0]!) edges.unshift(outwards(min, Math.floor));
  // A probability of 1.00001 is not worth a bin.
  if (max > edges.at(-1)! + step / 100) edges.push(outwards(max, Math.ceil));
  return edges;
}

/** Two digits are enough. */
function outwards(value: number, round: (value: number) => number): number {
  if (value === 0) return 0;
  const power = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  return tidy(round(value / power) * power);
}

function isSkewed(sorted: Float64Array, linear: readonly number[]): boolean {
  const counts = new Array<number>(linear.length - 1).fill(0);
  for (const value of sorted) counts[binOf(linear, value)]!++;
  const median = quantile(sorted, 0.5);
  return Math.max(...counts) > CROWDED * sorted.length || (median > 1 && quantile(sorted, 1 - OUTER) > FAR * median);
}

/** Powers of ten and what is between; what is below the first, zeros too, has a bin of its own. */
function logEdges(sorted: Float64Array, { min, max }: ValueSummary): number[] {
  const positive = sorted.subarray(sorted.findIndex((value) => value > 0));
  const low = quantile(positive, OUTER);
  for (const series of SERIES) {
    const edges = stepsBetween(low, max, series);
    if (min < edges[0]!) edges.unshift(0);
    if (edges.length - 1 <= MOST_BINS) return edges;
  }
  const edges = stepsBetween(max / 10 ** (MOST_BINS - 3), max, [1]);
  return [0, ...edges];
}

/** From the last step at or below `low` to the first at or above `high`. */
function stepsBetween(low: number, high: number, series: readonly number[]): number[] {
  const edges: number[] = [];
  for (let power = Math.floor(Math.log10(low)) - 1; ; power++) {
    for (const factor of series) {
      const edge = tidy(factor * 10 ** power);
      if (edge <= low) edges.length = 0;
      edges.push(edge);
      if (edge >= high) return edges;
    }
  }
}

/** The bin that holds a value between the first edge and the last. */
export function binOf(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** The next of 1, 2, 5, 10, 20 … */
function roundUp(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return tidy([1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= step) ?? 10 * power);
}

/** 0.30000000000000004 → 0.3 */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
