/** What a comparison of two arms comes to. All figures are in the metric's unit: bits per byte, lower is better. */

export type Verdict = "better" | "worse" | "not resolved at this scale";

/** The spread of one arm's seeds, measured beforehand on pairs of runs of one recipe that differ in the seed alone (A/A). */
export interface NoiseFloor {
  /** Standard deviation of the difference between two such runs. */
  readonly sd: number;
  /** Degrees of freedom it was measured with. */
  readonly df: number;
  /** Where it comes from, in words. */
  readonly source: string;
}

export interface Estimate {
  readonly estimate: number;
  /** 95 %. */
  readonly low: number;
  readonly high: number;
}

/** `arm` minus `against`: below zero, `arm` is better. */
export interface PairComparison extends Estimate {
  readonly arm: string;
  readonly against: string;
  readonly seeds: number;
  /** Standard error: √(seSeed² + seDocument²). */
  readonly se: number;
  readonly seSeed: number;
  readonly seDocument: number;
  /** Of the whole: of the Student t with this interval. */
  readonly df: number;
  /** Where the seeds' spread was taken from. */
  readonly seedNoise: "own seeds" | "noise floor" | "none";
  /** Two-sided; `pHolm` is adjusted for all pairs that were compared together. Undefined from a single seed. */
  readonly p: number | undefined;
  readonly pHolm: number | undefined;
  /** The difference that would be found with 80 % power, at the level at which this pair was decided. */
  readonly detectable: number;
  /** Undefined from a single seed. */
  readonly verdict: Verdict | undefined;
  /** To resolve a difference as large as the one that was expected (or, without one, as the one that was found). */
  readonly seedsNeeded: number | undefined;
  readonly bySeed: readonly { readonly seed: number; readonly difference: number }[];
  readonly byDomain: readonly (Estimate & { readonly domain: string })[];
}
