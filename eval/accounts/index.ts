/** What finished curation runs tell, without any model: funnels, coverage, scores, pages that differ, costs. */
export { costsOf, curationSeconds, type Rates } from "./costs.ts";
export { coverageOf } from "./coverage.ts";
export { funnelOf } from "./funnel.ts";
export { keptPages } from "./kept-pages.ts";
export type { Run } from "./run.ts";
export { sampleDifferences, takeTurns } from "./samples.ts";
export { scoreHistograms } from "./score-histograms.ts";
