import type { Observations } from "../observations.ts";
import type { NoiseFloor } from "./comparison.ts";

/** Each arm holds the runs of one recipe: one arm of n runs gives n − 1 degrees of freedom, k arms of two (A/A pairs) give k. */
export function noiseFloorOf(_observations: Observations, _source: string): NoiseFloor {
  throw new Error("not yet");
}
