export { bootstrapIntervals, type Interval } from "./bootstrap.ts";
export { brierScore, expectedCalibrationError, type ReliabilityBin, reliability } from "./calibration.ts";
export { LabelCounts, type LabelQuality, macroF1 } from "./label-counts.ts";
export { type Observed, ObservedScores } from "./observed.ts";
export {
  averagePrecision,
  type Cut,
  cutAt,
  cuts,
  fBeta,
  type Quality,
  qualityOf,
  type Ranking,
  rank,
  rocAuc,
  type Totals,
  totals,
} from "./ranking.ts";
export { chooseThreshold, type Objective } from "./threshold.ts";
