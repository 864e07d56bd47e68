/** Which of like pages stays, checked for a whole recipe: its deduplications decide together, in one order. */
import type { KeepPolicy } from "../dedup-options.ts";
import { RecipeError } from "../errors.ts";
import type { Bound, MiddleDefinition } from "../recipe.ts";
import type { PageRow } from "../span-entry.ts";
import { labelOf } from "../stage.ts";
import { type DedupStage, dedupStages } from "./stars.ts";

export interface Policy {
  readonly keep: KeepPolicy;
  /** With `keep: best`: the score that decides. */
  readonly bestBy?: { readonly stage: string; readonly score: string } | undefined;
}

/** The policy of deduplications that decide together. Raises RecipeError where they do not agree. */
export function policyOf(stages: readonly DedupStage[]): Policy {
  const [first, ...others] = stages;
  if (first === undefined) return { keep: "first" };
  const { keep, bestBy } = first.options;
  for (const { label, options } of others) {
    if (options.keep === keep && options.bestBy === bestBy) continue;
    throw new RecipeError(
      `${label}: keeps the ${nameOf(options)} of like pages, and ${first.label} the ${nameOf(first.options)}; expected the same "keep" of both: a page stays or goes for all of them together`,
    );
  }
  if (keep !== "best") {
    if (bestBy === undefined) return { keep };
    throw new RecipeError(`${first.label}: bestBy is read with "keep: best" alone, found "keep: ${keep}"`);
  }
  const dot = bestBy?.lastIndexOf(".") ?? -1;
  if (bestBy === undefined || dot < 1) {
    throw new RecipeError(
      `${first.label}: "keep: best" needs bestBy: expected STAGE.SCORE, found ${bestBy === undefined ? "nothing" : JSON.stringify(bestBy)}`,
    );
  }
  return { keep, bestBy: { stage: bestBy.slice(0, dot), score: bestBy.slice(dot + 1) } };
}

function nameOf({ keep, bestBy }: DedupStage["options"]): string {
  return bestBy === undefined ? keep : `${keep} (by ${bestBy})`;
}

/** Checks the policies of a recipe, part by part: parts end at stages that look below the page. */
export function checkPolicies(stages: readonly Bound<MiddleDefinition>[]): void {
  const ends = [...stages.keys()].filter((n) => stages[n]!.definition.kind === "passages");
  let from = 0;
  for (const end of [...ends, stages.length]) {
    const together = dedupStages(stages, from, end);
    const { bestBy } = policyOf(together);
    if (bestBy !== undefined) expectMeasured(bestBy.stage, together[0]!, stages);
    from = end + 1;
  }
}

function expectMeasured(name: string, { index, label }: DedupStage, stages: readonly Bound<MiddleDefinition>[]): void {
  const measuring = stages
    .slice(0, index)
    .filter(({ definition }) => definition.kind === "filter" || definition.kind === "rewriter")
    .map(({ spec }) => labelOf(spec));
  if (measuring.includes(name)) return;
  throw new RecipeError(
    `${label}: bestBy names the stage "${name}"; expected one before it that leaves scores (${measuring.join(", ") || "there is none"})`,
  );
}

/** The score of a row that the policy asks for. */
export function scoreOf({ scores }: PageRow, { bestBy }: Policy): number | undefined {
  if (bestBy === undefined) return undefined;
  return scores.find(([stage, name]) => stage === bestBy.stage && name === bestBy.score)?.[2];
}
