import { RecipeError } from "../../pipeline/errors.ts";
import { twoSidedTail } from "./behrens-fisher.ts";
import { byteDomains } from "./bits-per-byte.ts";
import type { NoiseFloor, PairComparison, Verdict } from "./comparison.ts";
import { NO_VARIANCE } from "./components.ts";
import { holm } from "./holm.ts";
import { equivalentDf, intervalOf } from "./interval.ts";
import { type MacroMean, macroMean, type Numerators } from "./macro-mean.ts";
import type { ArmObservations, Observations } from "./observations.ts";
import { seedsToDetect } from "./plan-power.ts";
import { minimumDetectable } from "./power.ts";

export interface ComparisonOptions {
  /** Where given, the seeds' spread is taken from it, not from the seeds that are compared. */
  readonly noiseFloor?: NoiseFloor | undefined;
  /** The size of difference that `seedsNeeded` is about, above zero; without it, the one that was found. */
  readonly expected?: number | undefined;
  /** Share of experiments without any difference in which some pair may be found different. 0.05. */
  readonly alpha?: number | undefined;
  /** Decided together. Without them: every unordered pair, in the order of the arms, the later one minus the earlier. */
  readonly pairs?: readonly (readonly [arm: string, against: string])[] | undefined;
}

/**
 * Differences of arms in macro bits per byte. Runs are paired by seed, and items by themselves.
 *
 * The difference of a domain and seed is Σ (nats − nats of the other) / (ln 2 · Σ bytes); of a seed, the mean over domains;
 * of the pair, the mean over seeds. `low` and `high` are of this pair alone; the verdict is decided at `pHolm`, which counts
 * all pairs. From one seed there is no verdict, and without a noise floor `low`, `high` and `detectable` hold document noise
 * alone. A noise floor is about the mean over domains: `byDomain` always rests on the seeds at hand.
 *
 * Throws a RecipeError where arms do not have the same seeds, or a pair names an unknown arm.
 */
export function comparePairs(observations: Observations, options: ComparisonOptions = {}): PairComparison[] {
  const { noiseFloor, alpha = 0.05 } = options;
  const domains = byteDomains(observations);
  const perSeed = noiseFloor && { variance: noiseFloor.sd ** 2, df: noiseFloor.df };
  const pairs = pairsOf(observations, options.pairs).map(([arm, against]) => {
    const runs = differencesOf(arm, against);
    return { arm, against, runs, mean: macroMean(domains, runs, perSeed) };
  });
  // Nothing is decided from one seed.
  const pValues = pairs.map(({ mean }) => (mean.bySeed.length < 2 ? 1 : pValueOf(mean)));
  const decisions = holm(pValues, alpha);
  return pairs.map(({ arm, against, runs, mean }, i) => {
    const { seed = NO_VARIANCE, document, bySeed } = mean;
    const { level, p: pHolm, rejected } = decisions[i]!;
    const interval = intervalOf(mean);
    const se = Math.sqrt(seed.variance + document.variance);
    const isDecided = bySeed.length >= 2;
    const better: Verdict = mean.estimate < 0 ? "better" : "worse";
    return {
      arm: arm.arm,
      against: against.arm,
      seeds: bySeed.length,
      ...interval,
      se,
      seSeed: Math.sqrt(seed.variance),
      seDocument: Math.sqrt(document.variance),
      df: equivalentDf((interval.high - interval.low) / 2, se),
      seedNoise: noiseFloor !== undefined ? "noise floor" : isDecided ? "own seeds" : "none",
      p: isDecided ? pValues[i] : undefined,
      pHolm: isDecided ? pHolm : undefined,
      detectable: minimumDetectable(seed, document, level),
      verdict: isDecided ? (rejected ? better : "not resolved at this scale") : undefined,
      seedsNeeded:
        mean.seed &&
        seedsToDetect({
          difference: options.expected ?? Math.abs(mean.estimate),
          perSeed: { variance: seed.variance * bySeed.length, df: noiseFloor?.df },
          document,
          level,
        }),
      bySeed: bySeed.map((difference, s) => ({ seed: arm.seeds[s]!.seed, difference })),
      byDomain: observations.domains.map(({ name }, d) => ({
        domain: name,
        ...intervalOf(
          macroMean(
            [domains[d]!],
            runs.map((numerators) => [numerators[d]!]),
          ),
        ),
      })),
    };
  });
}

function pValueOf({ estimate, seed = NO_VARIANCE, document }: MacroMean): number {
  return twoSidedTail(Math.abs(estimate), seed, document);
}

function pairsOf(
  { arms }: Observations,
  pairs: ComparisonOptions["pairs"],
): (readonly [ArmObservations, ArmObservations])[] {
  if (pairs === undefined) return arms.flatMap((against, i) => arms.slice(i + 1).map((arm) => [arm, against] as const));
  return pairs.map(([arm, against]) => [armNamed(arms, arm), armNamed(arms, against)] as const);
}

function armNamed(arms: readonly ArmObservations[], name: string): ArmObservations {
  const found = arms.find(({ arm }) => arm === name);
  if (found !== undefined) return found;
  const known = arms.map(({ arm }) => arm).join(", ");
  throw new RecipeError(`pairs: there is no arm "${name}" (arms: ${known})`);
}

/** In bits: by seed, domain, item. */
function differencesOf(arm: ArmObservations, against: ArmObservations): Numerators[] {
  const seedsOf = ({ seeds }: ArmObservations) => seeds.map(({ seed }) => seed).join(", ");
  if (arm.seeds.length !== against.seeds.length || arm.seeds.length === 0 || seedsOf(arm) !== seedsOf(against)) {
    throw new RecipeError(
      `arm "${arm.arm}" has the seeds ${seedsOf(arm) || "(none)"}, arm "${against.arm}" ${seedsOf(against) || "(none)"}: arms are compared seed by seed, so give both the same, in the same order`,
    );
  }
  return arm.seeds.map(({ nats }, s) =>
    nats.map((ofItems, d) => ofItems.map((value, i) => (value - against.seeds[s]!.nats[d]![i]!) / Math.LN2)),
  );
}
