import { bitsOf, byteDomains } from "./bits-per-byte.ts";
import type { Estimate, NoiseFloor } from "./comparison.ts";
import { intervalOf } from "./interval.ts";
import { macroMean } from "./macro-mean.ts";
import type { Observations } from "./observations.ts";

export interface ArmEstimate extends Estimate {
  readonly arm: string;
  readonly bySeed: readonly { readonly seed: number; readonly score: number }[];
}

/**
 * Each arm's macro bits per byte, with an interval over seeds and documents. Intervals of two arms may overlap and the arms
 * still differ: what seeds and documents do to both alike cancels in `comparePairs`.
 *
 * From one seed, without a noise floor, an interval holds document noise alone.
 */
export function armScores(
  observations: Observations,
  { noiseFloor }: { readonly noiseFloor?: NoiseFloor | undefined } = {},
): ArmEstimate[] {
  const domains = byteDomains(observations);
  // The floor is about differences of two runs.
  const perSeed = noiseFloor && { variance: noiseFloor.sd ** 2 / 2, df: noiseFloor.df };
  return observations.arms.map((arm) => {
    const mean = macroMean(domains, bitsOf(arm), perSeed);
    const bySeed = mean.bySeed.map((score, s) => ({ seed: arm.seeds[s]!.seed, score }));
    return { arm: arm.arm, ...intervalOf(mean), bySeed };
  });
}

export interface DomainEstimates {
  readonly domain: string;
  readonly byArm: readonly (Estimate & { readonly arm: string })[];
}

/** Bits per byte by domain and arm, with intervals over the seeds at hand and documents. */
export function domainEstimates(observations: Observations): DomainEstimates[] {
  const domains = byteDomains(observations);
  const bits = observations.arms.map(bitsOf);
  return observations.domains.map(({ name }, d) => ({
    domain: name,
    byArm: observations.arms.map(({ arm }, a) => {
      const ofDomain = bits[a]!.map((numerators) => [numerators[d]!]);
      return { arm, ...intervalOf(macroMean([domains[d]!], ofDomain)) };
    }),
  }));
}

export interface UnclusteredDomain {
  readonly domain: string;
  readonly items: number;
  /** "items": all in one cluster, and taken as independent of each other. "nothing": one item, which has no spread. */
  readonly sampledBy: "items" | "nothing";
}

/** Domains whose document noise is underestimated: one cluster does not tell how clusters differ. */
export function unclusteredDomains(observations: Observations): UnclusteredDomain[] {
  return byteDomains(observations).flatMap(({ sampledBy, denominators }, d) =>
    sampledBy === "clusters" ? [] : [{ domain: observations.domains[d]!.name, items: denominators.length, sampledBy }],
  );
}
