/**
 * Comparisons whose truth is known. A domain's items lie in clusters; an item of b bytes differs between two arms, in bits, by
 *
 *     b · (true difference + seed + seed·domain + cluster + item + seed·cluster + seed·item)
 *
 * Of a seed's variance 0.7 is common to all domains, 0.2 is the domain's, 0.1 is seed·cluster and seed·item; documents' own
 * noise is half the clusters', half the items'. Bytes are log-normal. Variances are scaled so that the macro difference of
 * one seed has variance 1, and the choice of documents adds `documentToSeed`² times what the mean over seeds has.
 */
import { twoSidedTail } from "../../../eval/statistics/behrens-fisher.ts";
import { NO_VARIANCE, type VarianceComponent } from "../../../eval/statistics/components.ts";
import { type MacroMean, macroMean, type Numerators } from "../../../eval/statistics/macro-mean.ts";
import { minimumDetectable } from "../../../eval/statistics/power.ts";
import { ratioDomain } from "../../../eval/statistics/ratio.ts";
import { seededRandom } from "../../../pipeline/random.ts";

export interface Design {
  /** Of each domain: items, and clusters they lie in. One cluster is the whole population: it has no effect of its own. */
  readonly domains: readonly (readonly [items: number, clusters: number])[];
  readonly seeds: number;
  readonly documentToSeed: number;
  /** Pairs of A/A runs that the spread of seeds is taken from; own seeds without. */
  readonly floorPairs?: number | undefined;
}

/** Seven domains, of the sizes that held-out suites have. */
export const SUITE: Design["domains"] = [
  [90, 90],
  [60, 60],
  [60, 30],
  [45, 15],
  [40, 12],
  [30, 10],
  [20, 1],
];

/** A third of it, for simulations that have to be quick. */
export const SMALL_SUITE: Design["domains"] = [
  [40, 40],
  [30, 15],
  [20, 8],
  [15, 1],
];

/** Two books, three sites: clusters too few to tell much. */
export const FEW_CLUSTERS: Design["domains"] = [
  [60, 60],
  [40, 20],
  [30, 3],
  [30, 2],
];

export interface Calibration {
  /** Experiments, each with a true difference of 0. */
  readonly means: readonly MacroMean[];
  /** What this design can detect: from the seeds' true variance, and documents' as it is estimated on average. */
  readonly detectable: number;
}

export function simulate(design: Design, trials: number, randomSeed: number): Calibration {
  const gauss = gaussian(randomSeed);
  // One suite for all experiments of a kind: what is chosen by chance are its documents' differences.
  const gaussOfSizes = gaussian(1);
  const { seeds, documentToSeed, floorPairs } = design;
  const K = design.domains.length;

  const domains = design.domains.map(([items, clusters]) =>
    ratioDomain(
      Array.from({ length: items }, (_, i) => ({
        denominator: Math.round(2000 * Math.exp(0.8 * gaussOfSizes())) + 50,
        cluster: `${i % clusters}`,
      })),
    ),
  );
  // Variance of the macro mean for effects of variance 1: at clusters and at items.
  const unit = domains.map((domain, d) => {
    const clusters = design.domains[d]![1];
    const ofItems = sumOfSquares(domain.denominators) / domain.total ** 2 / K ** 2;
    return { items: ofItems, clusters: clusters > 1 ? sumOfSquares(domain.shares) / K ** 2 : 0 };
  });
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const unitItems = sum(unit.map(({ items }) => items));
  const unitClusters = sum(unit.map(({ clusters }) => clusters));
  const documentVariance = documentToSeed ** 2 / seeds;
  const sd = {
    seed: Math.sqrt(0.7),
    seedDomain: Math.sqrt(0.2 * K),
    cluster: Math.sqrt(documentVariance / 2 / unitClusters),
    item: Math.sqrt(documentVariance / 2 / unitItems),
    seedCluster: Math.sqrt(0.05 / unitClusters),
    seedItem: Math.sqrt(0.05 / unitItems),
  };

  const draw = () => {
    const effects = domains.map(({ clusterOf, shares, sampledBy }) => {
      const clusters = Float64Array.from(shares, () => (sampledBy === "clusters" ? sd.cluster * gauss() : 0));
      return Float64Array.from(clusterOf, (c) => clusters[c]! + sd.item * gauss());
    });
    const runs: Numerators[] = Array.from({ length: seeds }, () => {
      const seed = sd.seed * gauss();
      return domains.map(({ denominators, clusterOf, shares, sampledBy }, d) => {
        const common = seed + sd.seedDomain * gauss();
        const clusters = Float64Array.from(shares, () => (sampledBy === "clusters" ? sd.seedCluster * gauss() : 0));
        return denominators.map(
          (bytes, i) => bytes * (common + effects[d]![i]! + clusters[clusterOf[i]!]! + sd.seedItem * gauss()),
        );
      });
    });
    return macroMean(domains, runs, floorPairs === undefined ? undefined : floorOf(floorPairs, gauss));
  };

  const means = Array.from({ length: trials }, draw);
  const document = {
    variance: sum(means.map((mean) => mean.document.variance)) / trials,
    df: trials / sum(means.map((mean) => 1 / mean.document.df)),
  };
  const seed = { variance: 1 / seeds, df: floorPairs ?? seeds - 1 };
  return { means, detectable: minimumDetectable(seed, document, 0.05) };
}

/** Whether a comparison of one pair finds a difference, where `shift` is added to it. */
export function isFound({ estimate, seed = NO_VARIANCE, document }: MacroMean, shift: number, level = 0.05): boolean {
  const distance = Math.abs(estimate + shift);
  // No distribution here has lighter tails than the normal: most experiments without a difference end at this.
  if (distance < 1.96 * Math.sqrt(seed.variance + document.variance)) return false;
  return twoSidedTail(distance, seed, document) < level;
}

/** Share of experiments in which something holds. */
export function share(means: readonly MacroMean[], holds: (mean: MacroMean) => boolean): number {
  return means.filter(holds).length / means.length;
}

export function gaussian(randomSeed: number): () => number {
  const random = seededRandom(randomSeed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function floorOf(pairs: number, gauss: () => number): VarianceComponent {
  let squares = 0;
  for (let i = 0; i < pairs; i++) squares += gauss() ** 2;
  return { variance: squares / pairs, df: pairs };
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}
