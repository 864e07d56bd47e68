/**
 * An alignment in its folder: begins, or goes on where it was ended, evaluates, keeps checkpoints, and leaves
 *
 *     out/checkpoints/step-…/   all that it goes on from
 *     out/log.jsonl             every step and evaluation
 *     out/samples.jsonl         texts of the model, and what they scored
 *     out/model.safetensors     the final parameters
 *     out/manifest.json         written last: what made them, from what, and how it went
 */
import { renameSync } from "node:fs";
import { join, resolve } from "node:path";
import { digestOf } from "../../pipeline/canonical.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import { failpoint } from "../../pipeline/failpoints.ts";
import { hashFile, writeDurably } from "../../pipeline/io/durable.ts";
import { isUrl } from "../../pipeline/io/open.ts";
import { engineVersion } from "../../pipeline/modules.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import type { Backend } from "../backends/backend.ts";
import {
  type LoadedCheckpoint,
  latestCheckpoint,
  MODEL,
  pruneCheckpoints,
  saveCheckpoint,
} from "../checkpoint/checkpoint.ts";
import { writeSafetensors } from "../checkpoint/safetensors.ts";
import { loadTrainedModel, RUN_MANIFEST } from "../checkpoint/trained-model.ts";
import { checkpointToGoOnFrom, namedValues, restore, tensorsOf } from "../checkpoint/training-state.ts";
import { StepLog, TRAINING_LOG } from "../log.ts";
import type { ModelConfig } from "../model/config.ts";
import { beginningOf } from "../model/parameters.ts";
import { modelFrom } from "../model/presets.ts";
import { Transformer } from "../model/transformer.ts";
import { CHECKPOINTS, takeRunFolder } from "../run-folder.ts";
import { DivergedError } from "../train.ts";
import type { AlignPlan } from "./config.ts";
import { type Measuring, openMeasuring } from "./measuring.ts";
import type { Artifact, Bench, Method, Metrics, Sample } from "./method.ts";
import { type ProbeVerdict, probePoints, probeVerdict } from "./probe.ts";
import { resolveTemplate } from "./templates/template.ts";

export const SAMPLES = "samples.jsonl";

/**
 * A line of the log: what was prepared and measured before (step 0), steps, and evaluations. Metrics of steps carry the
 * method's names, those of evaluations `evaluate/…` and `heldOut/…`.
 */
export type AlignEntry = Entry<"prepared"> | Entry<"step"> | Entry<"evaluation">;

interface Entry<T> {
  readonly type: T;
  readonly step: number;
  readonly seconds: number;
  readonly metrics: Metrics;
}

/** What a run tells as it goes: `sluice align --json` prints these. */
export type AlignEvent =
  | {
      readonly type: "start";
      readonly method: string;
      readonly steps: number;
      readonly from: number;
      readonly out: string;
    }
  | { readonly type: "note"; readonly message: string }
  /** Between steps. */
  | { readonly type: "working"; readonly what: string; readonly done: number; readonly all: number }
  | ({ readonly steps: number } & AlignEntry)
  | { readonly type: "checkpoint"; readonly step: number; readonly folder: string };

export interface AlignHooks {
  readonly backend: Backend;
  /** A tokenizer by its name or path; that of a model, where it is asked for with a digest. */
  readonly tokenizerOf: (
    made: { readonly name: string; readonly digest?: string },
    path: string | undefined,
  ) => Promise<Tokenizer | undefined>;
  /** Bytes that each id spells, 0 for special ones. */
  readonly bytesOfId: (tokenizer: Tokenizer) => ArrayLike<number>;
  readonly onEvent?: (event: AlignEvent) => void;
  /** Ends the run behind the step that is under way, or in what comes before the first; it can be gone on with. */
  readonly signal?: AbortSignal;
}

export interface AlignResult {
  readonly out: string;
  readonly method: string;
  readonly steps: number;
  /** Of the final checkpoint: equal runs have equal ones. */
  readonly digest: string;
  readonly configHash: string;
  /** Of the model before and after, where something was to be evaluated. */
  readonly before?: Metrics;
  readonly after?: Metrics;
  /** Whether the reward is being exploited, where a probe was asked for. */
  readonly probe?: ProbeVerdict;
  /** Sums over all steps of what was spent: metrics called `spent/…`. */
  readonly spent: Metrics;
  readonly artifacts: readonly (Artifact & { readonly bytes: number; readonly sha256: string })[];
  readonly seconds: number;
}

/** Aligns to the last step. Raises RecipeError for a config that cannot be followed, DivergedError where a loss is no number. */
export async function runAlignment(plan: AlignPlan, hooks: AlignHooks): Promise<AlignResult> {
  const release = await takeRunFolder(plan.out);
  try {
    return await alignIn(plan, hooks);
  } finally {
    release();
  }
}

async function alignIn(plan: AlignPlan, hooks: AlignHooks): Promise<AlignResult> {
  const { config, values, tokenizer, beginning } = await beginningModel(plan, hooks);
  const bench: Bench = {
    plan,
    model: new Transformer(config),
    values,
    beginning,
    tokenizer,
    template: resolveTemplate(plan.template, plan.folder),
    backend: hooks.backend,
    out: plan.out,
    resolvePath: (path) => (isUrl(path) ? path : resolve(plan.folder, path)),
    note: (message) => hooks.onEvent?.({ type: "note", message }),
    signal: hooks.signal,
    working: (what) => ({
      signal: hooks.signal,
      onProgress: (done, all) => hooks.onEvent?.({ type: "working", what, done, all }),
    }),
  };
  const method = await plan.method.begin(bench, plan.options);
  let measuring: Measuring | undefined;
  try {
    // What a method adds to the model is trained with it.
    const trained = { ...bench, values: method.learner.values };
    measuring = await openMeasuring(trained, hooks.bytesOfId);
    return await new AlignRun(trained, method, measuring, hooks).toTheEnd();
  } finally {
    await measuring?.close();
    await method.close();
  }
}

interface BeginningModel {
  readonly config: ModelConfig;
  readonly values: Record<string, Float32Array>;
  readonly tokenizer: Tokenizer;
  /** What the model to begin from is told by. */
  readonly beginning: string;
}

async function beginningModel(plan: AlignPlan, hooks: AlignHooks): Promise<BeginningModel> {
  if (plan.from !== undefined) {
    const trained = await loadTrainedModel(plan.from);
    const tokenizer = await hooks.tokenizerOf(trained.tokenizer, plan.tokenizer);
    if (tokenizer === undefined) {
      throw new RecipeError(
        `${plan.locate(["tokenizer"])}: tokenizer: "${trained.tokenizer.name}", which ${plan.from} was trained with, is not to be found; give its path as "tokenizer"`,
      );
    }
    const { sha256 } = await hashFile(join(plan.from, MODEL));
    return { config: trained.config, values: { ...trained.parameters }, tokenizer, beginning: sha256 };
  }
  const tokenizer = await hooks.tokenizerOf({ name: plan.tokenizer! }, plan.tokenizer);
  const given = typeof plan.model === "string" ? { preset: plan.model } : plan.model!;
  const config = modelFrom({ vocabSize: tokenizer!.vocabSize, ...given }, plan.locate(["model"]));
  if (tokenizer!.vocabSize > config.vocabSize) {
    throw new RecipeError(
      `${plan.locate(["model", "vocabSize"])}: model.vocabSize: the tokenizer ${tokenizer!.name} has ${tokenizer!.vocabSize} ids, found ${config.vocabSize}; make it as large at least`,
    );
  }
  const values = beginningOf(new Transformer(config).parameters, plan.seed);
  return { config, values, tokenizer: tokenizer!, beginning: digestOf({ config, seed: plan.seed }) };
}

class AlignRun {
  readonly #bench: Bench;
  readonly #method: Method;
  readonly #measuring: Measuring;
  readonly #hooks: AlignHooks;
  readonly #identity: { readonly content: object; readonly digest: string };
  readonly #checkpoints: string;
  #secondsBefore = 0;
  readonly #startMs = performance.now();

  constructor(bench: Bench, method: Method, measuring: Measuring, hooks: AlignHooks) {
    this.#bench = bench;
    this.#method = method;
    this.#measuring = measuring;
    this.#hooks = hooks;
    const content = identityOf(bench, method);
    this.#identity = { content, digest: digestOf(content) };
    this.#checkpoints = join(bench.out, CHECKPOINTS);
  }

  async toTheEnd(): Promise<AlignResult> {
    const { plan, out } = this.#bench;
    const checkpoint = await checkpointToGoOnFrom(this.#checkpoints, this.#identity, out);
    const startMs = performance.now();
    const prepared = await this.#method.prepare?.();
    const preparedSeconds = (performance.now() - startMs) / 1000;
    const { steps } = this.#method;
    const begun = checkpoint === undefined ? 0 : this.#goOnFrom(checkpoint);
    // Without a checkpoint, what is there may be of another config: nothing of it stays.
    const keep = checkpoint === undefined ? Number.NEGATIVE_INFINITY : begun;
    const log = new StepLog<AlignEntry>(join(out, TRAINING_LOG), keep);
    const samples = new StepLog<Sample>(join(out, SAMPLES), keep);
    this.#emit({ type: "start", method: plan.method.name, steps, from: begun, out });
    if (checkpoint === undefined) {
      if (prepared !== undefined) {
        this.#add(log, { type: "prepared", step: 0, seconds: preparedSeconds, metrics: prepared });
      }
      await this.#evaluate(0, log, samples, this.#measuring);
    }
    for (let step = begun + 1; step <= steps; step++) {
      if (this.#hooks.signal?.aborted === true) {
        if (step - 1 > begun) await this.#save(step - 1);
        this.#hooks.signal.throwIfAborted();
      }
      const startMs = performance.now();
      const outcome = await this.#method.step(step).catch(async (error: unknown) => {
        if (!(error instanceof DivergedError)) throw error;
        const last = await latestCheckpoint(this.#checkpoints);
        throw new DivergedError(`step ${step}, ${error.message}; last checkpoint: ${last ?? "none yet"}`, {
          cause: error,
        });
      });
      const seconds = (performance.now() - startMs) / 1000;
      this.#add(log, { type: "step", step, seconds, metrics: outcome.metrics });
      for (const sample of outcome.samples ?? []) samples.add(sample);
      const isLast = step === steps;
      const every = plan.evaluate?.every;
      const isEvaluated = isLast || (every !== undefined && step % every === 0);
      if (isEvaluated || this.#method.isMeasuredAt?.(step) === true) {
        await this.#evaluate(step, log, samples, isEvaluated ? this.#measuring : undefined);
      }
      if (isLast || step % plan.checkpoint.every === 0) await this.#save(step);
    }
    return await this.#finish(log);
  }

  /** Takes up a checkpoint, and tells its step. */
  #goOnFrom(checkpoint: LoadedCheckpoint): number {
    const { learner } = this.#method;
    restore(learner, checkpoint);
    learner.updates = Number((checkpoint.random as { updates?: number }).updates ?? checkpoint.step);
    this.#secondsBefore = Number(checkpoint.measured.seconds ?? 0);
    return checkpoint.step;
  }

  /** What the method measures of itself, and what the config asks for where `measuring` is given. */
  async #evaluate(
    step: number,
    log: StepLog<AlignEntry>,
    samples: StepLog<Sample>,
    measuring: Measuring | undefined,
  ): Promise<void> {
    const startMs = performance.now();
    const asked = await measuring?.measure(step);
    const metrics = { ...(await this.#method.measure?.()), ...asked?.metrics };
    if (Object.keys(metrics).length === 0) return;
    this.#add(log, { type: "evaluation", step, seconds: (performance.now() - startMs) / 1000, metrics });
    for (const sample of asked?.samples ?? []) samples.add(sample);
  }

  #add(log: StepLog<AlignEntry>, entry: AlignEntry): void {
    log.add(entry);
    this.#emit({ ...entry, steps: this.#method.steps });
  }

  async #save(step: number): Promise<void> {
    const { plan, tokenizer } = this.#bench;
    const { learner } = this.#method;
    const folder = await saveCheckpoint(this.#checkpoints, {
      ...tensorsOf(learner),
      step,
      rowsTaken: 0,
      tokensSeen: 0,
      random: { seed: plan.seed, updates: learner.updates },
      losses: [],
      config: this.#identity.content,
      shards: [],
      tokenizer: { name: tokenizer.name, digest: tokenizer.digest },
      measured: { seconds: this.#seconds },
    });
    await pruneCheckpoints(this.#checkpoints, plan.checkpoint.keep);
    this.#emit({ type: "checkpoint", step, folder });
  }

  async #finish(log: StepLog<AlignEntry>): Promise<AlignResult> {
    const { plan, out, model, values, tokenizer } = this.#bench;
    const { steps } = this.#method;
    const { digest } = (await checkpointToGoOnFrom(this.#checkpoints, this.#identity, out))!;
    // Renamed into place: a kill or a full disk leaves no half of a model.
    const unfinished = join(out, `.${MODEL}.tmp`);
    await writeSafetensors(unfinished, namedValues(model.parameters, values));
    failpoint("write");
    renameSync(unfinished, join(out, MODEL));
    failpoint("write");
    if (learnedNothing(log.entries)) {
      this.#bench.note(
        `nothing was learned in ${steps} steps: no answers were left to learn from, since those to a question earned the same, or nothing, or were cut; ${SAMPLES} shows some`,
      );
    }
    const evaluations = log.entries.filter(({ type }) => type === "evaluation");
    const before = evaluations.find(({ step }) => step === 0)?.metrics;
    const after = evaluations.findLast(({ step }) => step === steps)?.metrics;
    const probed = probePoints(log.entries);
    const artifacts = [];
    for (const artifact of this.#method.artifacts?.() ?? []) {
      artifacts.push({ ...artifact, ...(await hashFile(join(out, artifact.path))) });
    }
    const result: AlignResult = {
      out,
      method: plan.method.name,
      steps,
      digest,
      configHash: this.#identity.digest,
      ...(before && { before }),
      ...(after && { after }),
      ...(probed.length > 0 && { probe: probeVerdict(probed) }),
      spent: spentIn(log.entries),
      artifacts,
      seconds: this.#seconds,
    };
    const manifest = {
      sluice: engineVersion,
      identity: this.#identity.content,
      id: this.#identity.digest,
      tokenizer: { name: tokenizer.name, digest: tokenizer.digest },
      result: { ...result, out: undefined, seconds: undefined },
      measured: { seconds: result.seconds },
    };
    failpoint("manifest");
    await writeDurably(join(out, RUN_MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    failpoint("manifest");
    return result;
  }

  get #seconds(): number {
    return this.#secondsBefore + (performance.now() - this.#startMs) / 1000;
  }

  #emit(event: AlignEvent): void {
    this.#hooks.onEvent?.(event);
  }
}

/** What decides the results: everything but names, places, and how the work is done. Files are told by what they hold. */
function identityOf({ plan, model, template, tokenizer, beginning }: Bench, method: Method): object {
  const { seed, sequences, optimizer, schedule, clip, backend, options } = plan;
  return {
    method: plan.method.name,
    beginning,
    model: model.config,
    tokenizer: tokenizer.digest,
    template,
    ...{ seed, sequences, optimizer, schedule, clip, backend },
    options: withoutPlaces(options),
    inputs: method.inputs,
  };
}

/** Paths lead elsewhere on another machine: a method's `inputs` tell what lay there. */
function withoutPlaces(options: unknown): unknown {
  if (Array.isArray(options)) return options.map(withoutPlaces);
  if (typeof options !== "object" || options === null) return options;
  const kept = Object.entries(options).filter(([name]) => name !== "files" && name !== "use");
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutPlaces(value)]));
}

/** Whether a method that tells how many answers it learned from learned from none in any step. */
function learnedNothing(entries: readonly AlignEntry[]): boolean {
  return entries.every(({ type, metrics }) => type !== "step" || metrics.learned === 0);
}

function spentIn(entries: readonly AlignEntry[]): Metrics {
  const spent: Record<string, number> = {};
  for (const { metrics } of entries) {
    for (const [name, value] of Object.entries(metrics)) {
      if (name.startsWith("spent/")) spent[name] = (spent[name] ?? 0) + value;
    }
  }
  return spent;
}
