/**
 * Which source each row comes from. After any number of rows, every source has given its share to within one row:
 * |rows of it - share · rows| < 1.
 *
 * The sources are tasks that take turns. With a share of p / P, a source's row j (from 0) may not come before
 * ⌊j · P / p⌋ and is late after ⌈(j + 1) · P / p⌉; of those that may come, the one that is late first does. Such an order
 * is never late (Baruah et al. 1996, "Proportionate Progress"). Taking the source that lacks most instead, as Megatron
 * does, lets one of twenty sources fall 1.3 rows behind.
 *
 *     shares 3 : 1 : 1   a a b a c | a a b a c | …
 *
 * After P rows all shares are met exactly, and the order begins anew. So it is a table of P entries, and where row
 * number 10¹² comes from is looked up like any other. The seed has no part in it.
 */
import { RecipeError } from "../pipeline/errors.ts";

/** Weights that are not in the ratio of whole numbers with a smaller sum are rounded to parts of about this one. */
const MAX_PERIOD = 2 ** 16;
/** What division may have done to a ratio of whole numbers. */
const ROUNDING = 1e-9;

export class Mixture {
  /** The part of each source, of all rows. They sum to 1. */
  readonly shares: readonly number[];
  readonly #parts: readonly number[];
  readonly #period: number;
  /** Of each row of a period: the source, and how many rows of the same source the period has before it. */
  readonly #sources: Uint16Array;
  readonly #before: Uint16Array;

  constructor(weights: readonly number[]) {
    const parts = partsOf(weights);
    const period = parts.reduce((sum, part) => sum + part, 0);
    this.shares = parts.map((part) => part / period);
    this.#parts = parts;
    this.#period = period;
    this.#sources = new Uint16Array(period);
    this.#before = new Uint16Array(period);
    const taken = parts.map(() => 0);
    for (let row = 0; row < period; row++) {
      const source = nextSource(parts, taken, period, row);
      this.#sources[row] = source;
      this.#before[row] = taken[source]!++;
    }
  }

  /** The source of a row, and how many rows of that source came before. */
  at(row: number): { readonly source: number; readonly nth: number } {
    const place = row % this.#period;
    const source = this.#sources[place]!;
    return { source, nth: ((row - place) / this.#period) * this.#parts[source]! + this.#before[place]! };
  }

  /** How many of the first `rows` rows come from each source. */
  rowsOfEach(rows: number): number[] {
    const place = rows % this.#period;
    const counts = this.#parts.map((part) => ((rows - place) / this.#period) * part);
    for (const source of this.#sources.subarray(0, place)) counts[source]!++;
    return counts;
  }
}

function nextSource(parts: readonly number[], taken: readonly number[], period: number, row: number): number {
  let next = -1;
  let nextDeadline = Infinity;
  for (const [source, part] of parts.entries()) {
    if (taken[source]! * period >= part * (row + 1)) continue;
    const deadline = Math.ceil(((taken[source]! + 1) * period) / part);
    // Ties go to the source that was named first.
    if (deadline < nextDeadline) [next, nextDeadline] = [source, deadline];
  }
  return next;
}

/** The weights as whole numbers. */
function partsOf(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  for (const weight of weights) {
    if (weight > 0 && weight / sum >= 1 / MAX_PERIOD) continue;
    throw new RecipeError(
      `loader: source weight ${weight} of a sum of ${sum}: expected more than 0, and at least 1/${MAX_PERIOD} of the sum; leave the source out, or raise its weight`,
    );
  }
  for (let period = 1; period < MAX_PERIOD; period++) {
    const parts = weights.map((weight) => (weight / sum) * period);
    if (parts.every((part) => Math.abs(part - Math.round(part)) < ROUNDING && part > 0.5)) return parts.map(Math.round);
  }
  return weights.map((weight) => Math.round((weight / sum) * MAX_PERIOD));
}
