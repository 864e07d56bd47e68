import { NO_VARIANCE, sumOfComponents, type VarianceComponent } from "./components.ts";
import { mean, sampleVariance } from "./moments.ts";
import { jackknifeVariance, type RatioDomain, ratioOf } from "./ratio.ts";

/** Of one run: by domain, the numerator of each item. */
export type Numerators = readonly ArrayLike<number>[];

/** A mean over seeds of a mean over domains, and the two variances that make up its own. */
export interface MacroMean {
  readonly estimate: number;
  readonly bySeed: readonly number[];
  /** Of the mean over seeds, as far as seeds move it. Undefined where nothing tells: one seed, and nothing known. */
  readonly seed: VarianceComponent | undefined;
  /** Of the same, as far as the choice of items moves it. Domains are not chosen: the metric is about these. */
  readonly document: VarianceComponent;
}

/**
 * `perSeed` is the variance between single seeds, where it is known; otherwise it is that of the runs at hand.
 *
 * What seeds and items do together (this seed is good at these documents) is in both variances: the sum errs upwards by it.
 */
export function macroMean(
  domains: readonly RatioDomain[],
  runs: readonly Numerators[],
  perSeed?: VarianceComponent | undefined,
): MacroMean {
  const bySeed = runs.map((numerators) => mean(domains.map((domain, d) => ratioOf(numerators[d]!, domain))));
  const estimate = mean(bySeed);
  const byDomain = domains.map((domain, d) => ({
    variance: jackknifeVariance(meanOfRuns(runs.map((numerators) => numerators[d]!)), domain) / domains.length ** 2,
    df: domain.df,
  }));
  return { estimate, bySeed, seed: seedComponent(bySeed, perSeed), document: sumOfComponents(byDomain) };
}

function seedComponent(
  bySeed: readonly number[],
  perSeed: VarianceComponent | undefined,
): VarianceComponent | undefined {
  const seeds = bySeed.length;
  if (perSeed !== undefined) return { variance: perSeed.variance / seeds, df: perSeed.df };
  if (seeds < 2) return undefined;
  const variance = sampleVariance(bySeed) / seeds;
  return variance === 0 ? NO_VARIANCE : { variance, df: seeds - 1 };
}

function meanOfRuns(runs: readonly ArrayLike<number>[]): Float64Array {
  const sums = new Float64Array(runs[0]!.length);
  for (const run of runs) for (let i = 0; i < sums.length; i++) sums[i]! += run[i]! / runs.length;
  return sums;
}
