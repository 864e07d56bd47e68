import type { Manifest } from "../../pipeline/manifest.ts";
import { labelOf } from "../../pipeline/stage.ts";
import { valueOr } from "../../pipeline/value-or.ts";
import type { ArmReport } from "../report/report-data.ts";
import { binOf, edgesFor, ValueSummary } from "./histogram-edges.ts";
import { scoredPages } from "./ledger-pages.ts";

/** A score that fewer of a stage's pages have says little of them: the language stage has one for every language met. */
const LEAST_SHARE = 0.25;

interface Measurement {
  readonly stage: string;
  readonly name: string;
  readonly value: number;
  readonly isDropped: boolean;
}

/**
 * What each stage measured, in the recipe's order: pages that the stage let pass, and pages that it dropped. Pages that were
 * taken out before it, or put in quarantine by it, are not counted. Reads the ledger twice; holds some thousand values a score.
 */
export async function scoreHistograms(run: string, manifest: Manifest): Promise<ArmReport["scores"]> {
  const summaries = new Map<string, Map<string, ValueSummary>>();
  for await (const { stage, name, value } of measurements(run, manifest)) {
    const ofStage = valueOr(summaries, stage, () => new Map<string, ValueSummary>());
    valueOr(ofStage, name, () => new ValueSummary()).add(value);
  }
  const histograms = new Map<string, ArmReport["scores"][number] & { readonly kept: number[]; dropped: number[] }>();
  for (const [stage, ofStage] of [...summaries].sort(byRecipe(manifest))) {
    const most = Math.max(...[...ofStage.values()].map(({ count }) => count));
    for (const [name, summary] of ofStage) {
      if (summary.count < LEAST_SHARE * most) continue;
      const edges = edgesFor(summary);
      const none = (): number[] => new Array<number>(edges.length - 1).fill(0);
      histograms.set(keyOf(stage, name), { stage, name, edges, kept: none(), dropped: none() });
    }
  }
  for await (const { stage, name, value, isDropped } of measurements(run, manifest)) {
    const histogram = histograms.get(keyOf(stage, name));
    if (histogram !== undefined) histogram[isDropped ? "dropped" : "kept"][binOf(histogram.edges, value)]!++;
  }
  return [...histograms.values()];
}

async function* measurements(run: string, manifest: Manifest): AsyncGenerator<Measurement> {
  const order = stageOrder(manifest);
  for await (const { page, scores } of scoredPages(run, ["outcome", "stage"])) {
    const end =
      page.outcome === "kept" ? Number.POSITIVE_INFINITY : (order.get(page.stage) ?? Number.POSITIVE_INFINITY);
    for (const { stage, name, value } of scores) {
      const isLast = page.stage === stage && page.outcome !== "kept";
      // Where duplicates are told after the workers are done, later stages have seen the page, too.
      if ((order.get(stage) ?? 0) > end || !Number.isFinite(value)) continue;
      if (!isLast || page.outcome === "dropped") yield { stage, name, value, isDropped: isLast };
    }
  }
}

function stageOrder({ identity }: Manifest): Map<string, number> {
  return new Map(identity.stages.map((stage, n) => [labelOf(stage), n]));
}

function byRecipe(manifest: Manifest) {
  const order = stageOrder(manifest);
  return ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
    (order.get(a) ?? order.size) - (order.get(b) ?? order.size);
}

function keyOf(stage: string, name: string): string {
  return `${stage}\0${name}`;
}
