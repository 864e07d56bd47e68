export type { Metric, Scores } from "./metric.ts";
export { type SegmentCounts, type SegmentsTruth, segments } from "./segments.ts";
export { type ArticleTruth, type ShingleCounts, shingleBag } from "./shingle-bag.ts";
export { type ContentTruth, type WordShares, wordBag } from "./word-bag.ts";
