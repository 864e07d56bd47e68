/** A page's verdict from its scores alone, under the run's own parameters or those that are asked about. */
import { digestOf } from "../canonical.ts";
import type { Scores } from "../stage.ts";
import { isDropped, type Verdict } from "../verdict.ts";
import type { AskedStage } from "./asked-stages.ts";
import type { Fate, RecordedPage } from "./recorded-pages.ts";

export type Which = "own" | "asked";

/**
 * What the workers would say of a page, duplicates aside: the first threshold that drops it, or else where its way ended.
 * `unknown` where the run did not measure what would have to be judged; the stage is then the one that it passed last.
 */
export function judgeAgain({ way, scores }: RecordedPage, stages: readonly AskedStage[], which: Which): Fate {
  for (const stage of stages) {
    if (stage.index >= way.stageIndex) break;
    const fate = isJudging(stage) ? droppedBy(stage, verdictOf(stage, scores, which)) : undefined;
    if (fate !== undefined) return fate;
  }
  const last = stages[way.stageIndex];
  if (last === undefined || !isJudging(last)) return way;
  const verdict = verdictOf(last, scores, which);
  if (way.outcome === "dropped") {
    const isMeasured = stages.slice(last.index + 1).every(({ definition }) => definition.kind === "extractor");
    const passed: Fate = isMeasured
      ? { outcome: "kept", stageIndex: stages.length, stage: "", reason: "" }
      : { outcome: "unknown", stageIndex: last.index + 1, stage: last.label, reason: NOT_MEASURED };
    return droppedBy(last, verdict) ?? passed;
  }
  // Quarantined here: by measuring, which no threshold changes, unless `keep` itself threw.
  const isSame = which === "own" || digestOf(verdict) === digestOf(verdictOf(last, scores, "own"));
  return isSame ? way : { outcome: "unknown", stageIndex: last.index, stage: last.label, reason: NOT_MEASURED };
}

/** Why a fate is unknown: the run did not go on with the page, or split it … */
export const NOT_MEASURED = "not-measured";
/** … or it may be a duplicate of a page whose fate is unknown. */
export const MAY_BE_DUPLICATE = "may-be-duplicate";

function isJudging({ definition: { kind } }: AskedStage): boolean {
  return kind === "filter" || kind === "rewriter";
}

function verdictOf(stage: AskedStage, scores: ReadonlyMap<number, Scores>, which: Which): Verdict | "threw" {
  const { definition } = stage;
  if (definition.kind !== "filter" && definition.kind !== "rewriter")
    throw new TypeError(`${stage.label} judges nothing`);
  try {
    const verdict = definition.keep(scores.get(stage.index) ?? {}, stage[which] as never);
    return typeof verdict?.kept === "boolean" ? verdict : "threw";
  } catch {
    return "threw";
  }
}

function droppedBy({ index, label }: AskedStage, verdict: Verdict | "threw"): Fate | undefined {
  const place = { stageIndex: index, stage: label };
  if (verdict === "threw") return { outcome: "quarantined", ...place, reason: "threw" };
  if (!isDropped(verdict)) return undefined;
  return { outcome: "dropped", ...place, reason: verdict.reason, value: verdict.value };
}
