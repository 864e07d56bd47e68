export interface PowerQuestion {
  /** What should be found, in the metric's unit. */
  readonly difference: number;
  /** Standard deviation of the difference of two arms between seeds (`NoiseFloor.sd`). */
  readonly sdSeed: number;
  /** Degrees of freedom of the noise floor, where verdicts will rest on one; without it they rest on their own seeds. */
  readonly floorDf?: number | undefined;
  /** Standard error that the held-out documents leave (`PairComparison.seDocument`). */
  readonly seDocument: number;
  /** Pairs decided together. 1. */
  readonly pairs?: number | undefined;
  /** 0.05 and 0.8. */
  readonly alpha?: number | undefined;
  readonly power?: number | undefined;
  /** Rows of the table. 10. */
  readonly maxSeeds?: number | undefined;
}

export interface PowerPlan {
  /** Per arm, 2 or more; undefined where no number of seeds is enough: document noise alone hides the difference. */
  readonly seedsNeeded: number | undefined;
  /** Level at which a pair is decided in the worst case: alpha / pairs. */
  readonly level: number;
  /** What 2, 3, … seeds an arm can find. */
  readonly table: readonly { readonly seeds: number; readonly detectable: number }[];
}

export function planPower(_question: PowerQuestion): PowerPlan {
  throw new Error("not yet");
}
