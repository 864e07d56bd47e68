/** Statistics of comparisons: which arm is better, how sure that is, and how many seeds it would take. */

export { type ComparisonOptions, comparePairs } from "./compare-pairs.ts";
export type { Estimate, NoiseFloor, PairComparison, Verdict } from "./comparison.ts";
export { chanceOfSameOrder, kendallTau } from "./kendall.ts";
export { noiseFloorOf } from "./noise-floor.ts";
export { type PowerPlan, type PowerQuestion, planPower } from "./plan-power.ts";
export {
  type ArmEstimate,
  armScores,
  type DomainEstimates,
  domainEstimates,
  type UnclusteredDomain,
  unclusteredDomains,
} from "./scores.ts";
