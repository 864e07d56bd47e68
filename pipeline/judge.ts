/**
 * One page's way through the stages that look at a page alone. Deduplication only signs here: whether a page is a
 * duplicate is decided later, on one thread, in input order. Since no stage here sees two pages, a page can run the
 * whole chain in one worker trip, past the deduplication stages too.
 */
import { createHash } from "node:crypto";
import { type Document, isDocument, type Page } from "./document.ts";
import type { EarlierPage } from "./duplicates/earlier-runs.ts";
import { oneLine, RecipeError, StageError } from "./errors.ts";
import type { FeatureNeed } from "./features.ts";
import type { Bound, CheckedRecipe, MiddleDefinition } from "./recipe.ts";
import type { PassageCut } from "./span-entry.ts";
import { labelOf, type Rewritten, type Scores, type SetupContext, type Signature } from "./stage.ts";
import { isDropped } from "./verdict.ts";
import { reuse, viewOf } from "./view.ts";

/** A stage with its state loaded, ready to judge. */
export interface BuiltStage {
  readonly name: string;
  readonly definition: MiddleDefinition;
  readonly params: unknown;
  readonly state: unknown;
}

/** All stages that look at one page, built, and the features they ask for between them. */
export interface Chain {
  readonly stages: readonly BuiltStage[];
  readonly needs: readonly FeatureNeed[];
  /** What is measured on a page: what the stages ask that it reached, or with "all" also those behind a threshold's drop. */
  readonly scores: CheckedRecipe["scores"];
}

export async function buildChain(
  bounds: readonly Pick<Bound<MiddleDefinition>, "definition" | "spec">[],
  context: SetupContext,
  scores: Chain["scores"] = "reached",
): Promise<Chain> {
  const stages: BuiltStage[] = [];
  for (const { definition, spec } of bounds) {
    try {
      const state = await definition.setup?.(spec.params as never, context);
      stages.push({ name: labelOf(spec), definition, params: spec.params, state });
    } catch (error) {
      const isOurs = error instanceof RecipeError;
      if (isOurs && error.message.startsWith(spec.name)) throw error;
      throw new RecipeError(`${labelOf(spec)}: cannot be set up: ${isOurs ? error.message : oneLine(error)}`);
    }
  }
  const needs = stages.flatMap(({ definition }) => ("needs" in definition ? (definition.needs as FeatureNeed[]) : []));
  return { stages, needs: [...new Set(needs)], scores };
}

/** Where a page's way through the stages ended. */
export interface End<What extends WayEnd = WayEnd> {
  readonly outcome: What;
  /** The page as the last stage left it: without text if it never got one. */
  readonly page: Page;
  /** Index of the deciding stage, `stages.length` when all were passed; -1 for the source. */
  readonly stageIndex: number;
  readonly stage: string;
  readonly reason: string;
  readonly value?: number | undefined;
  /** What was thrown, for the quarantine file. */
  readonly detail?: string | undefined;
}
/** `kept`, or still on its way. `unknown`: a page that was measured on beyond its drop was split, and has no way of its own. */
export type WayEnd = "kept" | "dropped" | "quarantined" | "unknown";
export type KnownEnd = Exclude<WayEnd, "unknown">;

/** What became of a page. */
export interface Outcome extends End<KnownEnd> {
  readonly scores: readonly (readonly [stage: string, name: string, value: number])[];
  /** By index of the deduplication stage; `null` for a page too short to sign. */
  readonly signatures: ReadonlyMap<number, Signature | null>;
  /**
   * With `scores: all`, of a page that a threshold dropped: the end of the way that it went on for measurement alone, as if
   * no threshold were there.
   */
  readonly onward?: End | undefined;
  /** See `PageRow`. */
  readonly twin?: string | undefined;
  readonly earlier?: EarlierPage | undefined;
  readonly cuts?: readonly PassageCut[] | undefined;
}

/** The page that goes on to the next stage, if any: one that is kept so far, or that is only measured on. */
export function pageUnderWay({ outcome, page, onward }: Outcome): Page | undefined {
  if (outcome === "kept") return page;
  return onward?.outcome === "kept" ? onward.page : undefined;
}

/** The same page with its way ended otherwise: what was decided of it before stays. */
export function endedAt(outcome: Outcome, end: Omit<End<KnownEnd>, "page">): Outcome {
  const { onward } = outcome;
  return onward === undefined ? { ...outcome, ...end } : { ...outcome, onward: { ...onward, ...end } };
}

type Score = readonly [string, string, number];

/**
 * Takes one page through stages `from` (inclusive) to `to` (exclusive). More than one outcome only after a split.
 * `dropped`: where a threshold dropped it before, if it is only measured on.
 */
export async function judgePage(
  page: Page,
  chain: Chain,
  from: number,
  to: number,
  onStage: (index: number) => void,
  dropped?: End<KnownEnd>,
): Promise<Outcome[]> {
  const { stages } = chain;
  const scores: Score[] = [];
  const signatures = new Map<number, Signature | null>();
  let current: Page = page;
  let view: ReturnType<typeof viewOf> | undefined;
  let decided = dropped;
  const end = (
    outcome: KnownEnd,
    stageIndex: number,
    stage: string,
    reason: string,
    value?: number,
    detail?: string,
  ): Outcome => {
    const here: End<KnownEnd> = {
      outcome,
      page: current,
      stageIndex,
      stage,
      reason,
      value,
      ...(detail === undefined ? {} : { detail }),
    };
    return decided === undefined ? { ...here, scores, signatures } : { ...decided, scores, signatures, onward: here };
  };
  for (let i = from; i < to; i++) {
    const stage = stages[i]!;
    const { definition, params, state, name } = stage;
    onStage(i);
    try {
      if (definition.kind === "extractor") {
        if (isDocument(current) || !definition.accepts.includes(current.mediaType)) continue;
        const result = await definition.extract(current, params as never, state);
        if (isDropped(result)) return [end("dropped", i, name, result.reason, result.value)];
        const { id, url, date, source, tags } = current;
        current = { id, url, date, source, text: result.text.toWellFormed(), tags: { ...tags, ...result.tags } };
        continue;
      }
      if (!isDocument(current)) return [end("dropped", i, "extract", "no-extractor")];
      // It judges pages by others, on the main thread, between two legs of the way.
      if (definition.kind === "passages") continue;
      if (definition.kind === "map") {
        const result: unknown = await definition.map(current, params as never, state);
        if (isDropped(result)) return [end("dropped", i, name, result.reason, result.value)];
        if (!Array.isArray(result)) {
          current = checkDocument(result as Document, current);
          continue;
        }
        if (result.length === 0) return [end("dropped", i, name, "no-pages")];
        if (decided !== undefined) {
          const onward: End = { outcome: "unknown", page: current, stageIndex: i, stage: name, reason: "split" };
          return [{ ...decided, scores, signatures, onward }];
        }
        return await judgeParts(result as Document[], current, chain, i + 1, to, onStage, scores, signatures);
      }
      if (view === undefined) view = viewOf(current, chain.needs);
      else if (view.page !== current) view = reuse(view, current);
      if (definition.kind === "dedup") {
        signatures.set(i, definition.sign(view as never, params as never, state));
        continue;
      }
      const rewritten: Partial<Rewritten> & Pick<Rewritten, "scores"> =
        definition.kind === "filter"
          ? { scores: definition.score(view as never, params as never, state) as Scores }
          : checkRewritten(definition.rewrite(view as never, params as never, state));
      const { text, features, scores: measured } = rewritten;
      for (const [key, value] of Object.entries(measured)) {
        if (!Number.isFinite(value)) throw new TypeError(`score "${key}" is ${value}; expected a finite number`);
        scores.push([name, key, value]);
      }
      const verdict = definition.keep(measured, params as never);
      if (typeof verdict?.kept !== "boolean") {
        throw new TypeError(`keep returned ${JSON.stringify(verdict)}; expected keep or drop("reason", value)`);
      }
      if (isDropped(verdict)) {
        const drop = end("dropped", i, name, verdict.reason, verdict.value);
        if (chain.scores === "reached") return [drop];
        decided ??= drop;
      }
      if (text !== undefined && text !== current.text) {
        current = { ...current, text };
        view = reuse(view, current, features);
      }
      if (definition.tags !== undefined) {
        current = { ...current, tags: { ...current.tags, ...definition.tags(measured, params as never) } };
      }
    } catch (error) {
      return [end("quarantined", i, name, "threw", undefined, new StageError(name, current.id, error).message)];
    }
  }
  return [end("kept", to, "", "")];
}

/** The parts of a split page go on as pages of their own, with ids made from the parent's. */
async function judgeParts(
  parts: readonly Document[],
  parent: Document,
  chain: Chain,
  from: number,
  to: number,
  onStage: (index: number) => void,
  scores: readonly Score[],
  signatures: ReadonlyMap<number, Signature | null>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [k, part] of parts.entries()) {
    const id = createHash("sha256").update(`${parent.id}#${k}`).digest("hex").slice(0, 32);
    for (const outcome of await judgePage({ ...checkDocument(part, parent), id }, chain, from, to, onStage)) {
      outcomes.push({
        ...outcome,
        scores: [...scores, ...outcome.scores],
        signatures: new Map([...signatures, ...outcome.signatures]),
      });
    }
  }
  return outcomes;
}

/** A rewriter is user code, too. */
function checkRewritten(result: Rewritten): Rewritten {
  if (typeof result?.text !== "string" || typeof result.scores !== "object") {
    throw new TypeError(`a rewriter returned ${JSON.stringify(result)?.slice(0, 80)}; expected { text, scores }`);
  }
  const text = result.text.toWellFormed();
  const { scores, features } = result;
  // Features of another text than the one that goes on are of no use.
  return features === undefined || text !== result.text ? { text, scores } : { text, scores, features };
}

/** A map is user code: what it returns must be a page of plain values, and keeps its place in the input. */
function checkDocument(page: Document, before: Document): Document {
  if (typeof page?.text !== "string")
    throw new TypeError(`a map returned ${typeof page}; expected a page, pages, or drop(…)`);
  const { url, date, tags, text } = page;
  for (const [name, value] of Object.entries({ url, date })) {
    if (typeof value !== "string")
      throw new TypeError(`a map returned a page whose ${name} is ${typeof value}; expected string`);
  }
  for (const [name, value] of Object.entries(tags ?? {})) {
    if (!["string", "number", "boolean"].includes(typeof value)) {
      throw new TypeError(
        `a map returned a page whose tag "${name}" is ${typeof value}; expected string, number or boolean`,
      );
    }
  }
  return { id: before.id, source: before.source, url, date, tags: { ...tags }, text: text.toWellFormed() };
}
