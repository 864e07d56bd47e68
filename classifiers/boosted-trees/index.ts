/** Gradient-boosted decision trees for two labels. */

export { type BoostingOptions, type LabelledRows, meanLoss, trainBoostedTrees } from "./train.ts";
export { BoostedTrees, type StoredTrees } from "./trees.ts";
