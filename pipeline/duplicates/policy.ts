/** Which of like pages stays, checked for a whole recipe: its deduplications decide together, in one order. */
import type { KeepPolicy } from "../dedup-options.ts";
import { RecipeError } from "../errors.ts";
import type { Bound, MiddleDefinition } from "../recipe.ts";
import type { PageRow } from "../span-entry.ts";
import { labelOf } from "../stage.ts";
import { type DedupStage, dedupStages } from "./stars.ts";

export interface Policy {
  readonly keep: KeepPolicy;
  /** With `keep: best`: the score that decides, as STAGE.SCORE. Both may have dots in them. */
  readonly bestBy?: string | undefined;
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
  if (bestBy === undefined || !/^.+\../.test(bestBy)) {
    throw new RecipeError(
      `${first.label}: "keep: best" needs bestBy: expected STAGE.SCORE, found ${bestBy === undefined ? "nothing" : JSON.stringify(bestBy)}`,
    );
  }
  return { keep, bestBy };
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
    if (bestBy !== undefined) expectMeasured(bestBy, together[0]!, stages);
    from = end + 1;
  }
}

function expectMeasured(
  bestBy: string,
  { index, label }: DedupStage,
  stages: readonly Bound<MiddleDefinition>[],
): void {
  const measuring = stages
    .slice(0, index)
    .filter(({ definition }) => definition.kind === "filter" || definition.kind === "rewriter")
    .map(({ spec }) => labelOf(spec));
  if (measuring.some((name) => bestBy.startsWith(`${name}.`))) return;
  throw new RecipeError(
    `${label}: bestBy is "${bestBy}"; expected a score of a stage before it that leaves some (${measuring.join(", ") || "there is none"})`,
  );
}

/** The score of a row that the policy asks for. */
export function scoreOf({ scores }: PageRow, { bestBy }: Policy): number | undefined {
  if (bestBy === undefined) return undefined;
  return scores.find(([stage, name]) => `${stage}.${name}` === bestBy)?.[2];
}

/** Whether any page has the score that decides: where none has, it is a name that no stage gives. */
export class ScoreCheck {
  readonly #policy: Policy;
  readonly #found = new Set<string>();
  #isFound = false;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  read(rows: readonly PageRow[]): void {
    if (this.#policy.bestBy === undefined || this.#isFound) return;
    for (const row of rows) {
      if (scoreOf(row, this.#policy) !== undefined) {
        this.#isFound = true;
        return;
      }
      for (const [stage, name] of row.scores) this.#found.add(`${stage}.${name}`);
    }
  }

  /** Raises RecipeError where pages have scores, and none of them is the one. */
  finish(): void {
    if (this.#policy.bestBy === undefined || this.#isFound || this.#found.size === 0) return;
    const found = [...this.#found].slice(0, MAX_NAMES).join(", ");
    throw new RecipeError(`bestBy: no page has the score "${this.#policy.bestBy}"; found ${found}`);
  }
}

const MAX_NAMES = 40;
