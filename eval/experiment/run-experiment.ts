/**
 * Runs an experiment to its measurements:
 *
 *     arms ─▶ curated ─▶ overlap with what is measured on
 *               └─▶ for each seed, every arm: rows ─▶ model ─▶ scores
 *                                                       └─▶ each stage of an alignment ─▶ scores
 *
 * Every unit is kept where the next run finds it. Seeds go round in the outer circle: what is there after an interruption
 * compares arms on the seeds that are done.
 */
import { resolve } from "node:path";
import type { Registry } from "../../pipeline/recipe.ts";
import { DEFAULT_CACHE } from "../../pipeline/run.ts";
import { backendNamed } from "../../trainer/backends/index.ts";
import type { Run } from "../accounts/index.ts";
import type { Overlap } from "../guards/index.ts";
import { contextPolicy } from "../measure/bits-per-byte.ts";
import { mapAtOnce } from "./at-once.ts";
import type { ExperimentEvent } from "./events.ts";
import type { Experiment } from "./experiment.ts";
import { type Job, jobsOf, planFor } from "./jobs.ts";
import { Measure, type MeasuredModel } from "./measure-models.ts";
import { type MeasuredText, readMeasuredText } from "./measured-text.ts";
import { overlapsOf } from "./overlaps.ts";
import { jobsAtOnce, type Prepared, type PreparedArm, prepare } from "./prepare.ts";
import { curate, hasModel, modelKey, type Workshop } from "./units.ts";

export interface ExperimentOptions {
  readonly registry: Registry;
  /** Folder of the cache. Default: `.sluice/cache` in the working directory. */
  readonly cache?: string;
  /** Threads of curation; one for each core by default. */
  readonly workers?: number;
  /** Models that are trained at once; by default as many as the cores have threads for. Results do not depend on it. */
  readonly jobs?: number;
  readonly onEvent?: (event: ExperimentEvent) => void;
  readonly signal?: AbortSignal;
}

export interface CuratedArm extends PreparedArm {
  readonly curated: Run;
  /** One for each held-out domain and task. */
  readonly overlaps: readonly Overlap[];
}

/** All that was measured, from which statistics and report follow. */
export interface Outcome {
  readonly prepared: Prepared;
  readonly arms: readonly CuratedArm[];
  readonly text: MeasuredText;
  readonly models: readonly MeasuredModel[];
  /** Models of the base that differ in the seed alone. */
  readonly noise: readonly MeasuredModel[];
  readonly contextPolicy: string;
}

/** Raises RecipeError for what is no experiment. An abort leaves what is done where the next run finds it. */
export async function runExperiment(experiment: Experiment, options: ExperimentOptions): Promise<Outcome> {
  const cache = resolve(options.cache ?? DEFAULT_CACHE);
  const prepared = await prepare(experiment, { registry: options.registry, cache });
  const { store, training, tokenizer } = prepared;
  const backend = await backendNamed(training.backend, training.threads);
  const stop = new AbortController();
  const workshop: Workshop = {
    store,
    backend,
    cache,
    workers: options.workers,
    emit: options.onEvent ?? (() => {}),
    signal: options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]),
  };
  const curated: { arm: PreparedArm; curated: Run }[] = [];
  for (const arm of prepared.arms) curated.push({ arm, curated: await curate(arm, workshop) });
  const text = await readMeasuredText(experiment, curated[0]!.curated, tokenizer);
  const arms: CuratedArm[] = [];
  for (const { arm, curated: run } of curated) {
    arms.push({ ...arm, curated: run, overlaps: await overlapsOf(arm, run, text, prepared, workshop) });
  }
  const jobs = await jobsOf(prepared, arms, workshop);
  announce(jobs, prepared, workshop);
  const measure = new Measure(prepared, text, jobs, workshop);
  const atOnce = options.jobs ?? jobsAtOnce(prepared);
  const models = await mapAtOnce(
    jobs,
    atOnce,
    (job) => measure.take(job),
    (error) => stop.abort(error),
  );
  return {
    prepared,
    arms,
    text,
    models: models.filter((_, n) => !jobs[n]!.isNoise),
    noise: models.filter((_, n) => jobs[n]!.isNoise),
    contextPolicy: contextPolicy({ contextLength: training.contextLength }),
  };
}

function announce(jobs: readonly Job[], prepared: Prepared, { store, emit }: Workshop): void {
  const { arms, experiment, account, training, alignment } = prepared;
  const isDone = (job: Job): boolean => hasModel(store, modelKey(planFor(job, prepared), job.rows));
  const open = jobs.filter((job) => !isDone(job));
  const trainingTokens = open.reduce((sum, job) => sum + planFor(job, prepared).steps * training.tokensPerStep, 0);
  emit({
    type: "plan",
    arms: arms.length,
    seeds: experiment.seeds.length,
    models: jobs.length,
    modelsReused: jobs.length - open.length,
    trainingTokens,
    trainingFlops: trainingTokens * account.trainingFlops.token,
    ...(alignment && { alignments: alignment.stages.length * jobs.filter(({ isAligned }) => isAligned).length }),
  });
}
