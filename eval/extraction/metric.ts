/** How a benchmark of extraction scores texts: each page by itself, then all of them together. */

/** Figures by name; every metric has `f1`, `precision` and `recall`. */
export type Scores = Readonly<Record<string, number>> & {
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
};

/** What a benchmark calls a page's truth, and what one page comes to, are its own. */
export interface Metric<Truth, Measured> {
  readonly name: string;
  /** What a text is worth as the page's; an empty one where nothing was extracted. */
  measure(truth: Truth, text: string): Measured;
  /** Over pages. `weights` says how often each counts, once if it is left away. */
  scores(pages: readonly Measured[], weights?: ArrayLike<number>): Scores;
}

/** Harmonic mean of precision and recall; 0 where both are. */
export function harmonicMean(precision: number, recall: number): number {
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

/** Sums over pages, divided only by the pages that have a value: the others are no part of a mean. */
export class WeightedMean {
  #sum = 0;
  #weight = 0;

  add(value: number, weight: number): void {
    this.#sum += value * weight;
    this.#weight += weight;
  }

  /** 0 where no page has a value. */
  get value(): number {
    return this.#weight === 0 ? 0 : this.#sum / this.#weight;
  }
}
