import { RecipeError } from "../../pipeline/errors.ts";
import { bitsOf, byteDomains } from "./bits-per-byte.ts";
import type { NoiseFloor } from "./comparison.ts";
import { macroMean } from "./macro-mean.ts";
import { sampleVariance } from "./moments.ts";
import type { Observations } from "./observations.ts";

/**
 * The spread of runs that differ in the seed alone. An arm here is a set of runs of one recipe; variances within arms are
 * pooled, and a difference of two runs has twice the variance of one.
 *
 * One arm of n runs gives n − 1 degrees of freedom, k arms of two (A/A pairs) give k: which run of a pair is subtracted from
 * which means nothing, so the mean of their differences is known to be zero and costs none. Ten pairs are worth more as
 * one arm of twenty, where they are of one recipe.
 *
 * Arms of a comparison share their seeds, which can only make their differences spread less than this.
 *
 * Throws a RecipeError where no arm has two seeds, or a seed occurs twice: the same run again says nothing new.
 */
export function noiseFloorOf(observations: Observations, source: string): NoiseFloor {
  const domains = byteDomains(observations);
  const seen = new Map<number, string>();
  for (const { arm, seeds } of observations.arms) {
    for (const { seed } of seeds) {
      const other = seen.get(seed);
      if (other !== undefined) {
        throw new RecipeError(
          `noise floor: seed ${seed} is in arm "${other}" and in arm "${arm}", expected every seed once: runs that share a seed are not independent`,
        );
      }
      seen.set(seed, arm);
    }
  }
  let squares = 0;
  let df = 0;
  for (const arm of observations.arms) {
    if (arm.seeds.length < 2) continue;
    const { bySeed } = macroMean(domains, bitsOf(arm));
    squares += sampleVariance(bySeed) * (bySeed.length - 1);
    df += bySeed.length - 1;
  }
  if (df === 0) throw new RecipeError("noise floor: no arm has two seeds, expected at least one; better ten pairs");
  return { sd: Math.sqrt((2 * squares) / df), df, source };
}
