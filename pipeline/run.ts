/** `run`: the engine's front door, for the command line and for code alike. */
import { availableParallelism, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { runEngine } from "./engine.ts";
import type { RunEvent } from "./events.ts";
import type { Manifest } from "./manifest.ts";
import { type CheckedRecipe, checkRecipe, type Recipe, type Registry, readRecipe } from "./recipe.ts";
import { superviseRun } from "./supervisor.ts";

export interface RunOptions {
  /** Worker threads; one for each core by default. */
  readonly workers?: number;
  /** Folder of the cache; `false` switches it off. Default: `.sluice/cache` in the working directory. */
  readonly cache?: string | false;
  /** Replaces a different run in the output folder. */
  readonly force?: boolean;
  /**
   * Numbers of stages, at the recipe's beginning, that other recipes will begin with, too: what they leave is kept in the
   * cache, and these recipes go on from there.
   */
  readonly sharedAfter?: readonly number[];
  /**
   * MB that the indexes of deduplication may hold; beyond them, what they need is sorted on disk. The result is the same.
   * Default: a quarter of the machine's memory.
   */
  readonly dedupMemoryMb?: number;
  /** Relative paths of a recipe given as an object start here; default: the working directory. */
  readonly baseDir?: string;
  /** `false` runs the engine in this process: for debuggers. A page that aborts V8 then ends this process. */
  readonly supervise?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
}

export const DEFAULT_CACHE = join(".sluice", "cache");

/** Binds `run` to the names of the built-in stages. */
export function runWith(registry: Registry) {
  return async function run(recipe: Recipe | string, options: RunOptions = {}): Promise<Manifest> {
    const checked =
      typeof recipe === "string"
        ? await readRecipe(recipe, registry)
        : await checkRecipe(recipe, { registry, baseDir: resolve(options.baseDir ?? ".") });
    return await runChecked(checked, options);
  };
}

export async function runChecked(recipe: CheckedRecipe, options: RunOptions = {}): Promise<Manifest> {
  const workers = options.workers ?? availableParallelism();
  const cache = options.cache === false ? undefined : resolve(options.cache ?? DEFAULT_CACHE);
  const emit = options.onEvent ?? (() => {});
  const { force = false, sharedAfter = [], signal } = options;
  const dedupMemoryMb = options.dedupMemoryMb ?? Math.round(totalmem() / 2 ** 20 / 4);
  if (options.supervise === false)
    return await runEngine(recipe, {
      workers,
      cache,
      force,
      sharedAfter,
      dedupMemoryMb,
      emit,
      ...(signal === undefined ? {} : { signal }),
    });
  return await superviseRun(recipe, { workers, cache, force, sharedAfter, dedupMemoryMb, signal, emit });
}
