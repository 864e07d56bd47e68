import type { Observations } from "../observations.ts";
import type { NoiseFloor, PairComparison } from "./comparison.ts";

export interface ComparisonOptions {
  /** Where given, the seeds' spread is taken from it, not from the seeds that are compared. */
  readonly noiseFloor?: NoiseFloor | undefined;
  /** The size of difference that `seedsNeeded` is about, above zero; without it, the one that was found. */
  readonly expected?: number | undefined;
  /** Share of experiments without any difference in which some pair may be found different. 0.05. */
  readonly alpha?: number | undefined;
  /** Pairs of arms' names, decided together; without them, every unordered pair in the order of the arms: [later, earlier]. */
  readonly pairs?: readonly (readonly [arm: string, against: string])[] | undefined;
}

/** Throws a RecipeError where arms do not have the same seeds, or a pair names an unknown arm. */
export function comparePairs(_observations: Observations, _options: ComparisonOptions = {}): PairComparison[] {
  throw new Error("not yet");
}
