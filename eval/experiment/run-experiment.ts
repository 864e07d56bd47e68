/**
 * Runs an experiment to its measurements:
 *
 *     arms ─▶ curated ─▶ overlap with what is measured on
 *               └─▶ for each seed, every arm: rows ─▶ model ─▶ scores
 *
 * Every unit is kept where the next run finds it. Seeds go round in the outer circle: what is there after an interruption
 * compares arms on the seeds that are done.
 */
import { resolve } from "node:path";
import { digestOf } from "../../pipeline/canonical.ts";
import { engineFingerprint } from "../../pipeline/modules.ts";
import type { Registry } from "../../pipeline/recipe.ts";
import { DEFAULT_CACHE } from "../../pipeline/run.ts";
import { backendNamed } from "../../trainer/backends/index.ts";
import { loadTrainedModel } from "../../trainer/checkpoint/trained-model.ts";
import type { TrainPlan } from "../../trainer/config.ts";
import { keptPages, type Run } from "../accounts/index.ts";
import { HeldOutGrams, type Overlap } from "../guards/overlap.ts";
import { contextPolicy, scoreDocuments } from "../measure/bits-per-byte.ts";
import type { HeldOutDomain } from "../measure/documents.ts";
import { modelScorer } from "../measure/model-scorer.ts";
import type { Scorer } from "../measure/scorer.ts";
import { scoreTask, type Task, type TaskScores } from "../measure/tasks/index.ts";
import type { ExperimentEvent } from "./events.ts";
import type { Experiment } from "./experiment.ts";
import { type MeasuredText, readMeasuredText } from "./measured-text.ts";
import { jobsAtOnce, type Prepared, type PreparedArm, prepare, tokensOf } from "./prepare.ts";
import { curate, kept, type Model, makeRows, modelKey, type Rows, trainModel, type Workshop } from "./units.ts";

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

/** A model and what was measured of it, domains and tasks in the order of `MeasuredText`. */
export interface MeasuredModel {
  readonly arm: string;
  readonly seed: number;
  readonly rows: Rows;
  readonly model: Model;
  readonly heldOut: readonly Float64Array[];
  readonly shift: Float64Array | undefined;
  readonly tasks: readonly TaskScores[];
}

export interface Outcome {
  readonly prepared: Prepared;
  readonly arms: readonly CuratedArm[];
  readonly text: MeasuredText;
  readonly models: readonly MeasuredModel[];
  /** Models of the base that differ in the seed alone. */
  readonly noise: readonly MeasuredModel[];
  readonly contextPolicy: string;
}

/** Seeds of A/A runs begin here: apart from those that arms are compared with. */
const FIRST_NOISE_SEED = 1_000_000;

export async function runExperiment(experiment: Experiment, options: ExperimentOptions): Promise<Outcome> {
  const cache = resolve(options.cache ?? DEFAULT_CACHE);
  const prepared = await prepare(experiment, { registry: options.registry, cache });
  const { store, training, tokenizer } = prepared;
  const backend = await backendNamed(training.backend, training.threads);
  const workshop: Workshop = {
    store,
    backend,
    cache,
    workers: options.workers,
    emit: options.onEvent ?? (() => {}),
    signal: options.signal,
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
  const models = await takeTurns(jobs, options.jobs ?? jobsAtOnce(prepared), (job) => measure.take(job));
  return {
    prepared,
    arms,
    text,
    models: models.filter((_, n) => !jobs[n]!.isNoise),
    noise: models.filter((_, n) => jobs[n]!.isNoise),
    contextPolicy: contextPolicy({ contextLength: training.contextLength }),
  };
}

/** A model to train, with its rows. */
interface Job {
  readonly arm: string;
  readonly seed: number;
  readonly isNoise: boolean;
  readonly rows: Rows;
  readonly tokens: number;
}

async function jobsOf(prepared: Prepared, arms: readonly CuratedArm[], workshop: Workshop): Promise<Job[]> {
  const { experiment, training } = prepared;
  const { dataShare: share, shift: heldOut, noise } = experiment;
  const jobs: Job[] = [];
  const add = async ({ arm: { name }, curated }: CuratedArm, seed: number, isNoise: boolean): Promise<void> => {
    const sample = { seed, share, heldOut };
    const rows = await makeRows(name, curated, { sample, length: training.contextLength }, workshop);
    const { textBytes, tokens } = curated.manifest.counts;
    jobs.push({ arm: name, seed, isNoise, rows, tokens: tokensOf(prepared, textBytes / Math.max(1, tokens)) });
  };
  for (const seed of experiment.seeds) for (const arm of arms) await add(arm, seed, false);
  for (let n = 0; n < (noise?.runs ?? 0); n++) await add(arms[0]!, FIRST_NOISE_SEED + n, true);
  return jobs;
}

/** An interruption costs a training this part of it at most, unless its config asks for less. */
const CHECKPOINTS = 5;

function planFor({ seed, tokens }: Job, { training }: Prepared): TrainPlan {
  const steps = Math.max(1, Math.ceil(tokens / training.tokensPerStep));
  const { checkpoint } = training;
  // Where checkpoints are averaged, how far they lie apart is part of the result.
  const every = checkpoint.average > 1 ? checkpoint.every : Math.min(checkpoint.every, Math.ceil(steps / CHECKPOINTS));
  return { ...training, seed, steps, checkpoint: { ...checkpoint, every } };
}

/** Does `work` on every item, in their order, `atOnce` of them at a time. The first failure ends the rest. */
async function takeTurns<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const turn = async (): Promise<void> => {
    while (!failed && next < items.length) {
      const n = next++;
      try {
        results[n] = await work(items[n]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const turns = await Promise.allSettled(Array.from({ length: atOnce }, turn));
  const failure = turns.find((one) => one.status === "rejected");
  if (failure !== undefined) throw failure.reason;
  return results;
}

function announce(jobs: readonly Job[], prepared: Prepared, { store, emit }: Workshop): void {
  const { arms, experiment, account, training } = prepared;
  const isDone = (job: Job): boolean => store.hasModel(modelKey(planFor(job, prepared), job.rows));
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
  });
}

async function overlapsOf(
  { arm }: PreparedArm,
  run: Run,
  { heldOut, tasks }: MeasuredText,
  { tokenizer }: Prepared,
  workshop: Workshop,
): Promise<Overlap[]> {
  const texts = [
    ...heldOut.map(({ name, documents }) => ({ domain: name, items: documents })),
    ...tasks.map(({ name, items }) => ({
      domain: name,
      items: items.map((item) => ({ id: item.id, text: textOf(item) })),
    })),
  ];
  const decidedBy = {
    run: run.manifest.id,
    texts: [...heldOut.map(({ sha256 }) => sha256), ...tasks.map((task) => digestOf(task))],
    code: engineFingerprint(["eval/guards", "tokenizer"]),
  };
  return kept(workshop, { kind: "overlap", unit: `overlap of ${arm.name} with what is measured on`, decidedBy }, () =>
    new HeldOutGrams(texts).overlapsOf(arm.name, textsOf(run, tokenizer)),
  );
}

async function* textsOf(run: Run, tokenizer: Prepared["tokenizer"]): AsyncGenerator<string> {
  for await (const { text } of keptPages(run, tokenizer)) yield text;
}

/** What an item asks: its answers are too short to tell. */
function textOf(item: Task["items"][number]): string {
  switch (item.kind) {
    case "choice":
    case "continuation":
      return item.context;
    case "partial-context":
      return `${item.contexts[item.gold]!} ${item.continuation}`;
    case "rolling":
      return item.original;
  }
}

/** Folders whose code decides a score. */
const SCORING = ["trainer", "eval/measure"];

/** Trains and measures models, and tells how long the rest will take. */
class Measure {
  readonly #prepared: Prepared;
  readonly #text: MeasuredText;
  readonly #workshop: Workshop;
  /** Of all models. */
  readonly #tokens: number;
  /** Of what was found, and of what was trained and measured now. */
  #tokensFound = 0;
  #tokensDone = 0;
  /** Of the models under way: the share that is done. */
  readonly #shares = new Map<Job, number>();
  #startMs: number | undefined;

  constructor(prepared: Prepared, text: MeasuredText, jobs: readonly Job[], workshop: Workshop) {
    this.#prepared = prepared;
    this.#text = text;
    this.#workshop = workshop;
    this.#tokens = jobs.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  async take(job: Job): Promise<MeasuredModel> {
    const { arm, seed, rows, tokens } = job;
    const name = `${arm}, ${job.isNoise ? "A/A " : ""}seed ${seed}`;
    const plan = planFor(job, this.#prepared);
    const model = await trainModel(name, plan, rows, this.#workshop, (share) => this.#tell(job, name, share));
    const scorer = new LazyScorer(model.dir, this.#workshop);
    try {
      const heldOut: Float64Array[] = [];
      for (const domain of this.#text.heldOut) heldOut.push(await this.#score(name, model, domain, scorer));
      const { shift } = this.#text;
      const tasks: TaskScores[] = [];
      for (const task of this.#text.tasks) tasks.push(await this.#scoreTask(name, model, task, scorer));
      return {
        arm,
        seed,
        rows,
        model,
        heldOut,
        shift: shift && (await this.#score(name, model, shift, scorer)),
        tasks,
      };
    } finally {
      await scorer.close();
      if (this.#shares.delete(job)) this.#tokensDone += tokens;
      else this.#tokensFound += tokens;
    }
  }

  #tell(job: Job, name: string, share: number): void {
    this.#startMs ??= performance.now();
    this.#shares.set(job, share);
    let done = this.#tokensDone;
    for (const [{ tokens }, part] of this.#shares) done += part * tokens;
    const seconds = (performance.now() - this.#startMs) / 1000;
    const etaSeconds = ((this.#tokens - this.#tokensFound - done) * seconds) / done;
    this.#workshop.emit({ type: "progress", unit: `train ${name}`, share, etaSeconds });
  }

  async #score(name: string, { digest }: Model, domain: HeldOutDomain, scorer: LazyScorer): Promise<Float64Array> {
    const { tokenizer, training } = this.#prepared;
    const decidedBy = {
      model: digest,
      domain: domain.sha256,
      contextLength: training.contextLength,
      tokenizer: tokenizer.digest,
      code: engineFingerprint(SCORING),
    };
    const unit = `measure ${name} on ${domain.name}`;
    const { nats } = await kept(this.#workshop, { kind: "score", unit, decidedBy }, async () => {
      const scores = await scoreDocuments(domain.documents, tokenizer, await scorer.open(), this.#signal);
      return { nats: [...scores] };
    });
    return Float64Array.from(nats);
  }

  async #scoreTask(name: string, { digest }: Model, task: Task, scorer: LazyScorer): Promise<TaskScores> {
    const { tokenizer } = this.#prepared;
    const decidedBy = {
      model: digest,
      task: digestOf(task),
      tokenizer: tokenizer.digest,
      code: engineFingerprint(SCORING),
    };
    const unit = `measure ${name} on ${task.name}`;
    return await kept(this.#workshop, { kind: "score", unit, decidedBy }, async () =>
      scoreTask(task, tokenizer, await scorer.open(), this.#signal),
    );
  }

  get #signal(): { signal?: AbortSignal } {
    const { signal } = this.#workshop;
    return signal === undefined ? {} : { signal };
  }
}

/** A scorer that is made when it is first needed: scores that are kept need none. */
class LazyScorer {
  readonly #folder: string;
  readonly #workshop: Workshop;
  #scorer: Scorer | undefined;

  constructor(folder: string, workshop: Workshop) {
    this.#folder = folder;
    this.#workshop = workshop;
  }

  async open(): Promise<Scorer> {
    this.#scorer ??= await modelScorer(await loadTrainedModel(this.#folder), this.#workshop.backend);
    return this.#scorer;
  }

  async close(): Promise<void> {
    await this.#scorer?.close();
  }
}
