/** A plan: the checked recipe, its inputs cut into spans, and the keys under which each span's work is kept. */
import { sep } from "node:path";
import { digestOf } from "./canonical.ts";
import { checkEarlierRuns } from "./duplicates/earlier-runs.ts";
import { checkPolicies } from "./duplicates/policy.ts";
import { RecipeError } from "./errors.ts";
import { engineFingerprint } from "./modules.ts";
import { type CheckedRecipe, contextFor, outDir } from "./recipe.ts";
import type { PlannedInput, Span } from "./source.ts";
import { labelOf } from "./stage.ts";

/** The folders whose code decides what a span comes to. */
const CURATION = ["pipeline", "stages", "classifiers", "tokenizer"];

export interface Plan {
  readonly recipe: CheckedRecipe;
  readonly inputs: readonly PlannedInput[];
  readonly spans: readonly PlannedSpan[];
  /**
   * What pages have become after so many stages is kept, ascending: other recipes may go on from there. Raw pages are
   * documents after the first of them; none where the recipe extracts nothing and shares nothing.
   */
  readonly keptAfter: readonly number[];
  /**
   * Places of stages that look below the page. Every page comes so far before any goes on: what pages are before and after
   * such a stage is kept in any case.
   */
  readonly barriers: readonly number[];
}

export interface PlannedSpan {
  readonly span: Span;
  /** What the pages have become after the stages of `Plan.keptAfter` depends on these. */
  readonly keptKeys: readonly string[];
  /** … and with the other stages and the sink. */
  readonly readKey: string;
}

export interface PlanOptions {
  /**
   * Numbers of stages that this recipe has in common with others, at its beginning. What they leave is kept beside what
   * extraction leaves. Behind a deduplication nothing is: it judges pages by others.
   */
  readonly sharedAfter?: readonly number[] | undefined;
  /** Whether what stages leave on the way is kept for other recipes; only then are extraction and `sharedAfter` heeded. */
  readonly isCached?: boolean;
}

export async function makePlan(recipe: CheckedRecipe, options: PlanOptions = {}): Promise<Plan> {
  checkPolicies(recipe.stages);
  checkEarlierRuns(recipe);
  const { sharedAfter = [], isCached = true } = options;
  const { source, stages, sink, seed, dropped, scores, limits } = recipe;
  const inputs = await source.definition.plan(source.spec.params as never, contextFor(recipe.baseDir, seed));
  const out = outDir(recipe);
  const inside = inputs.find(({ location }) => location.startsWith(out + sep));
  if (inside !== undefined) {
    throw new RecipeError(
      `${recipe.source.spec.name}: the input ${inside.location} lies in the output folder ${out}; choose another sink dir, or narrower patterns`,
    );
  }
  const extractStages = stages.findLastIndex((stage) => stage.definition.kind === "extractor") + 1;
  const firstJudgingByOthers = stages.findIndex(({ definition: { kind } }) => kind === "dedup" || kind === "passages");
  const lastKept = firstJudgingByOthers < 0 ? stages.length : firstJudgingByOthers;
  const barriers = [...stages.keys()].filter((n) => stages[n]!.definition.kind === "passages");
  const cached = [extractStages, ...sharedAfter].filter((n) => n > 0 && n >= extractStages && n <= lastKept);
  const keptAfter = [...new Set([...(isCached ? cached : []), ...barriers.flatMap((n) => [n, n + 1])])].sort(
    (a, b) => a - b,
  );
  if (barriers.length > 0 && scores === "all") {
    throw new RecipeError(
      `${labelOf(stages[barriers[0]!]!.spec)}: decides by what other pages hold, and cannot be asked again with other thresholds; expected "scores: reached"`,
    );
  }
  /** What a stage that looks below the page sees: everything. */
  const corpus =
    barriers.length === 0 ? undefined : digestOf(inputs.map(({ spans: ranges, ...input }) => [input, ranges]));
  const identities = stages.map((stage) => stage.identity);
  const spans: PlannedSpan[] = [];
  for (const { file, location, bytes, revision, spans: ranges } of inputs) {
    for (const { start, end } of ranges) {
      const span: Span = { index: spans.length, file, location, fileBytes: bytes, revision, start, end };
      const keyAfter = (count: number): string =>
        digestOf({
          engine: engineFingerprint(CURATION),
          input: { file, location, bytes, revision, start, end },
          source: source.identity,
          stages: identities.slice(0, count),
          seed,
          ...(barriers.some((n) => n < count) ? { corpus } : {}),
          // Before anything judges, pages are the same either way.
          ...(scores === "all" && stages.slice(0, count).some(isJudging) ? { scores } : {}),
          limits: { pageSeconds: limits.pageSeconds, workerHeapMb: limits.workerHeapMb },
        });
      const readKey = digestOf({ stages: keyAfter(stages.length), sink: sink.identity, dropped });
      spans.push({ span, keptKeys: keptAfter.map(keyAfter), readKey });
    }
  }
  return { recipe, inputs, spans, keptAfter, barriers };
}

/** The key of the leg of a span's way in which a stage lies: what the stages before the next barrier leave. */
export function keyOfLeg({ barriers, keptAfter }: Plan, { keptKeys, readKey }: PlannedSpan, stage: number): string {
  const barrier = barriers.find((n) => n >= stage);
  return barrier === undefined ? readKey : keptKeys[keptAfter.indexOf(barrier)]!;
}

function isJudging({ definition: { kind } }: CheckedRecipe["stages"][number]): boolean {
  return kind === "filter" || kind === "rewriter";
}

/** What to tell people about a plan before it runs: nothing here stops it. */
export function planWarnings({ recipe }: Plan): string[] {
  const warnings: string[] = [];
  for (const { definition, spec } of recipe.stages) {
    if (definition.kind !== "dedup" || (spec.params as { verify?: boolean }).verify !== false) continue;
    warnings.push(
      `${labelOf(spec)}: verify is off: pages are dropped because signatures agree, and some that are no duplicates with them`,
    );
  }
  // A stage that looks below the page sees what is left: pages that were dropped before it cost no more work.
  let dedup: string | undefined;
  for (const { definition, spec } of recipe.stages) {
    if (definition.kind === "passages") dedup = undefined;
    else if (definition.kind === "dedup") dedup ??= labelOf(spec);
    else if (dedup !== undefined) {
      warnings.push(`stages after ${dedup} run on pages that it may drop: put deduplication last to spare the work`);
      break;
    }
  }
  return warnings;
}
