/**
 * Between two legs of the way: a stage that looks below the page sees every page that came so far, twice, and what it finds is
 * cut out. The pages it is shown are those that stay: duplicates among them, by deduplications before it, are gone by then.
 *
 *     entries before ─▶ duplicates ─▶ first look ─▶ second look: cut ─▶ entries after
 *
 * Entries after are kept under a key that depends on every page, so that an unchanged run finds them again.
 */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Document } from "./document.ts";
import type { EarlierRuns } from "./duplicates/earlier-runs.ts";
import { policyOf } from "./duplicates/policy.ts";
import { type FinalRow, finalRow } from "./duplicates/resolver.ts";
import { decideAll } from "./duplicates/second-look.ts";
import { dedupStages } from "./duplicates/stars.ts";
import type { Verdicts } from "./duplicates/verdicts.ts";
import { FormatError, RecipeError, RetryError, StageError } from "./errors.ts";
import { failpoint } from "./failpoints.ts";
import type { Outcome } from "./judge.ts";
import { PageIds } from "./page-ids.ts";
import type { Bound, CheckedRecipe } from "./recipe.ts";
import { outcomeOf, RowWriter } from "./row-writer.ts";
import { EntryReader, type PassageCut, type SpanMeta } from "./span-entry.ts";
import { type Cut, labelOf, type PassageIndex, type PassageScores, type PassagesDefinition } from "./stage.ts";
import { takeTurns } from "./take-turns.ts";
import { drop, isDropped, type Verdict } from "./verdict.ts";

export interface BarrierOptions {
  readonly recipe: CheckedRecipe;
  /** Place of the stage in the recipe. */
  readonly index: number;
  /** Place of the barrier before it, plus one; 0 without any. */
  readonly from: number;
  /** Folders of the entries before and after the stage, in input order. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** A folder for scratch files; made and removed. */
  readonly scratch: string;
  readonly memoryBytes: number;
  readonly earlier: EarlierRuns;
  readonly signal: AbortSignal;
  /** Takes what people should know of the decisions. */
  readonly note: (text: string) => void;
}

/** Makes the entries after the stage, unless they are there. */
export async function passBarrier(options: BarrierOptions): Promise<void> {
  const { after, scratch } = options;
  // Entries are renamed into place whole, and whoever goes on from them checks every byte.
  if (after.every((dir) => existsSync(dir))) return;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  try {
    await new Barrier(options).pass();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const MS_A_TURN = 50;

class Barrier {
  readonly #options: BarrierOptions;
  readonly #stage: Bound<PassagesDefinition>;
  readonly #label: string;
  /** Of the pages that were cut so far. */
  readonly #ids = new PageIds();
  #pagesCut = 0;
  #verdicts: Verdicts | undefined;
  #index!: PassageIndex;

  constructor(options: BarrierOptions) {
    const { recipe, index } = options;
    this.#options = options;
    this.#stage = recipe.stages[index] as Bound<PassagesDefinition>;
    this.#label = labelOf(this.#stage.spec);
  }

  async pass(): Promise<void> {
    await this.#decideDuplicates();
    const { before, after, memoryBytes } = this.#options;
    const context = { scratch: this.#folder("passages"), memoryBytes };
    this.#index = this.#run("opening the index", () =>
      this.#stage.definition.openIndex(this.#stage.spec.params as never, context),
    );
    try {
      if (this.#index.observe !== undefined) {
        for (const [n, dir] of before.entries()) await this.#look(n, dir, (page) => this.#index.observe!(page));
      }
      let tookTurns = performance.now();
      for (const _ of this.#index.settle?.() ?? []) {
        if (performance.now() - tookTurns < MS_A_TURN) continue;
        await takeTurns(this.#options.signal);
        tookTurns = performance.now();
      }
      for (const [n, dir] of before.entries()) await this.#cut(n, dir, after[n]!);
    } finally {
      this.#index.close?.();
    }
  }

  async #decideDuplicates(): Promise<void> {
    const { recipe, index, from, before, memoryBytes, earlier, signal, note } = this.#options;
    const stages = dedupStages(recipe.stages, from, index);
    if (stages.length === 0) return;
    const scratch = this.#folder("duplicates");
    this.#verdicts = await decideAll(stages, before, {
      policy: policyOf(stages),
      scratch,
      memoryBytes,
      earlier,
      signal,
      note,
    });
  }

  #folder(name: string): string {
    const folder = join(this.#options.scratch, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Shows every page of an entry that stays. */
  async #look(n: number, dir: string, show: (page: Document) => void): Promise<void> {
    await takeTurns(this.#options.signal);
    const entry = EntryReader.reopen<SpanMeta>(dir);
    try {
      for (const { row, outcome } of this.#rowsOf(n, entry)) {
        if (outcome !== "kept") continue;
        const { page } = outcomeOf(row, entry);
        this.#run(page.id, () => show(page as Document));
      }
    } finally {
      entry.close();
    }
  }

  async #cut(n: number, before: string, after: string): Promise<void> {
    await takeTurns(this.#options.signal);
    const { recipe, index } = this.#options;
    const entry = EntryReader.reopen<SpanMeta>(before);
    const writer = new RowWriter(after, randomUUID(), true, { ...recipe, isRanked: false });
    try {
      for (const final of this.#rowsOf(n, entry)) {
        const outcome = outcomeOf(final.row, entry);
        const { ordinal } = final.row;
        if (final.outcome === "kept") writer.add(this.#cutPage(outcome), ordinal);
        else if (final.twin === undefined) writer.add(outcome, ordinal);
        else {
          const { stage, reason, value, twin, earlier } = final;
          const stageIndex = recipe.stages.findIndex(({ spec }, i) => i < index && labelOf(spec) === stage);
          writer.add({ ...outcome, outcome: "dropped", stageIndex, stage, reason, value, twin, earlier }, ordinal);
        }
      }
      failpoint("passages");
      writer.commit(entry.meta.account);
    } catch (error) {
      writer.abandon();
      throw error;
    } finally {
      entry.close();
    }
  }

  #rowsOf(n: number, entry: EntryReader<SpanMeta>): FinalRow[] {
    const { rows } = entry.meta;
    return this.#verdicts?.rowsOf(n, rows) ?? rows.map((row) => finalRow(row, undefined));
  }

  #cutPage(outcome: Outcome): Outcome {
    const page = outcome.page as Document;
    this.#ids.set(this.#pagesCut++, page.id);
    const { definition, spec } = this.#stage;
    const { index } = this.#options;
    return this.#run(page.id, () => {
      const cuts = this.#index.cuts(page);
      const { text, measured, verdict } = cutOut(page.text, cuts, definition, spec.params);
      const scores = Object.entries(measured).map(([name, value]) => [this.#label, name, value] as const);
      const cut: Outcome = {
        ...outcome,
        page: { ...page, text },
        stageIndex: index + 1,
        scores: [...outcome.scores, ...scores],
        cuts: cuts.length === 0 ? outcome.cuts : [...(outcome.cuts ?? []), ...cuts.map((one) => this.#evidenceOf(one))],
      };
      if (!isDropped(verdict)) return cut;
      const { reason, value } = verdict;
      return { ...cut, outcome: "dropped", stageIndex: index, stage: this.#label, reason, value };
    });
  }

  #evidenceOf({ start, end, twin }: Cut): PassageCut {
    if (twin !== undefined && !(twin >= 0 && twin < this.#pagesCut)) {
      throw new RangeError(
        `twin ${twin}: expected the number of a page that has been looked at, below ${this.#pagesCut}`,
      );
    }
    return { stage: this.#label, start, end, twin: twin === undefined ? undefined : this.#ids.of(twin) };
  }

  /** What an index throws ends the run: it holds what all pages come to. */
  #run<T>(page: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (
        error instanceof RecipeError ||
        error instanceof FormatError ||
        error instanceof RetryError ||
        (error as NodeJS.ErrnoException).code !== undefined
      )
        throw error;
      throw new StageError(this.#label, page, error);
    }
  }
}

/** What cuts leave of a text, and what the stage says of that. */
export function cutOut(
  before: string,
  cuts: readonly Cut[],
  definition: PassagesDefinition,
  params: unknown,
): { readonly text: string; readonly measured: PassageScores; readonly verdict: Verdict } {
  const text = withoutCuts(before, cuts);
  const measured = measure(before, text, cuts);
  return { text, measured, verdict: definition.keep?.(measured, params as never) ?? keepWhatIsLeft(measured) };
}

/** The text without the cuts, which must be in ascending order, within the text, and apart from each other. */
export function withoutCuts(text: string, cuts: readonly Cut[]): string {
  if (cuts.length === 0) return text;
  const kept: string[] = [];
  let at = 0;
  for (const { start, end } of cuts) {
    if (!(start >= at && end > start && end <= text.length)) {
      throw new RangeError(
        `cut ${start} to ${end} of a text of ${text.length} units, after one that ends at ${at}; expected ascending ranges within the text`,
      );
    }
    kept.push(text.slice(at, start));
    at = end;
  }
  kept.push(text.slice(at));
  return kept.join("").toWellFormed();
}

function measure(before: string, after: string, cuts: readonly Cut[]): PassageScores {
  const cutUnits = cuts.reduce((sum, { start, end }) => sum + end - start, 0);
  return {
    cuts: cuts.length,
    cutShare: before.length === 0 ? 0 : cutUnits / before.length,
    charsLeft: after.trim().length,
  };
}

function keepWhatIsLeft({ cuts, charsLeft }: PassageScores): Verdict {
  return cuts > 0 && charsLeft === 0 ? drop("nothing-left", charsLeft) : { kept: true };
}
