/** The pages of earlier runs that a run's deduplications compare with: they have been decided to stay, and outrank its own. */
import { resolve } from "node:path";
import { RecipeError } from "../errors.ts";
import { type CheckedRecipe, contextFor, outDir } from "../recipe.ts";
import { savedIndexes } from "./find-index.ts";
import { expectSigning, type IndexEntry, readIndexInfo, SavedIndexReader } from "./saved-index.ts";
import { signingOf } from "./signing.ts";
import { type DedupStage, dedupStages } from "./stars.ts";

/** Where a page of an earlier run is told of. */
export interface EarlierPage {
  /** Output folder of its run, as the recipe names it. */
  readonly run: string;
  readonly id: string;
  readonly url: string;
}

interface EarlierRun {
  readonly given: string;
  /** Number of its first page among those of all earlier runs of a stage. */
  readonly first: number;
  readonly reader: SavedIndexReader;
}

export class EarlierRuns {
  /** By the stage's place in the recipe. */
  readonly #runs = new Map<number, EarlierRun[]>();

  /** Opens the indexes that the recipe's stages name, and checks every byte of them. */
  static async open(recipe: CheckedRecipe, signal?: AbortSignal): Promise<EarlierRuns> {
    const runs = new EarlierRuns();
    try {
      for (const { stage, given, dir } of indexesOf(recipe)) {
        const others = runs.#runs.get(stage.index) ?? [];
        const first = runs.pagesOf(stage);
        const reader = await SavedIndexReader.open(dir, signingOf(recipe.stages[stage.index]!), signal);
        runs.#runs.set(stage.index, [...others, { given, first, reader }]);
      }
      return runs;
    } catch (error) {
      runs.close();
      throw error;
    }
  }

  /** How many pages a stage compares with from earlier runs. */
  pagesOf({ index }: DedupStage): number {
    const last = this.#runs.get(index)?.at(-1);
    return last === undefined ? 0 : last.first + last.reader.pages;
  }

  /** All of them, in order; their numbers count from 0. */
  *entries({ index }: DedupStage): Generator<IndexEntry> {
    for (const { reader } of this.#runs.get(index) ?? []) yield* reader.entries();
  }

  /** The one of that number. */
  page({ index }: DedupStage, n: number): EarlierPage {
    const { given, first, reader } = this.#runs.get(index)!.findLast((run) => run.first <= n)!;
    const { id, url } = reader.page(n - first);
    return { run: given, id, url };
  }

  close(): void {
    for (const { reader } of [...this.#runs.values()].flat()) reader.close();
    this.#runs.clear();
  }
}

/** Checks that what a recipe compares with can be compared with it: raises RecipeError where pages were signed otherwise. */
export function checkEarlierRuns(recipe: CheckedRecipe): void {
  for (const { stage, dir } of indexesOf(recipe)) {
    expectSigning(dir, readIndexInfo(dir), signingOf(recipe.stages[stage.index]!));
  }
}

function indexesOf(recipe: CheckedRecipe): { stage: DedupStage; given: string; dir: string }[] {
  const { resolvePath } = contextFor(recipe.baseDir, recipe.seed);
  return dedupStages(recipe.stages).flatMap((stage) => {
    const { label, definition, options } = stage;
    const { against } = options;
    const own = against.indexOf(against.find((run) => resolve(resolvePath(run)) === resolve(outDir(recipe))) ?? "");
    if (own >= 0) {
      throw new RecipeError(
        `${label}.against[${own}]: ${against[own]} is where this run writes; expected an earlier run`,
      );
    }
    const dirs = savedIndexes(definition.name, against, { resolvePath, label, place: label });
    return dirs.map((dir, n) => ({ stage, given: against[n]!, dir }));
  });
}
