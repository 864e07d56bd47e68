/**
 * A training run in its folder: begins, or goes on where it was ended, evaluates, keeps checkpoints, and leaves
 *
 *     out/checkpoints/step-…/   all that training goes on from
 *     out/log.jsonl             every step and evaluation
 *     out/loss.svg              the curve
 *     out/model.safetensors     the final parameters
 *     out/manifest.json         written last: what made them, and how it went
 */
import { renameSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { RecipeError } from "../pipeline/errors.ts";
import { writeDurably } from "../pipeline/io/durable.ts";
import { engineVersion } from "../pipeline/modules.ts";
import { type Account, accountOf } from "./account.ts";
import type { Backend } from "./backends/backend.ts";
import { averageCheckpoints } from "./checkpoint/average.ts";
import {
  type Checkpoint,
  latestCheckpoint,
  listCheckpoints,
  loadCheckpoint,
  MODEL,
  pruneCheckpoints,
  saveCheckpoint,
} from "./checkpoint/checkpoint.ts";
import { writeSafetensors } from "./checkpoint/safetensors.ts";
import { RUN_MANIFEST } from "./checkpoint/trained-model.ts";
import { checkpointToGoOnFrom, namedValues, restore, tensorsOf } from "./checkpoint/training-state.ts";
import { identityOf, type TrainPlan } from "./config.ts";
import { lossCurveSvg } from "./curve.ts";
import { type Evaluation, Evaluator } from "./evaluate.ts";
import { type Loader, openLoader } from "./loader.ts";
import { lossesOf, StepLog, TRAINING_LOG } from "./log.ts";
import { CHECKPOINTS, takeRunFolder } from "./run-folder.ts";
import { DivergedError, type StepReport, Training } from "./train.ts";

/** What a run tells as it goes: `sluice train --json` prints these. */
export type TrainEvent =
  | {
      readonly type: "start";
      readonly parameters: number;
      readonly steps: number;
      readonly tokensPerStep: number;
      readonly rowsPerEpoch: number;
      /** How often the run goes through the data. */
      readonly epochs: number;
      readonly backend: string;
      /** The step that an earlier run came to; 0 at the beginning. */
      readonly from: number;
      readonly out: string;
    }
  | ({
      readonly type: "step";
      readonly steps: number;
      readonly tokensPerSecond: number;
      readonly flopsPerSecond: number;
      /** Of what the backend reaches in large products, where that was measured. */
      readonly shareOfPeak?: number;
      readonly etaSeconds: number;
    } & StepReport)
  | ({ readonly type: "evaluation"; readonly step: number } & Evaluation)
  | { readonly type: "checkpoint"; readonly step: number; readonly folder: string };

export interface TrainResult {
  readonly out: string;
  readonly steps: number;
  /** Of the last step, in nats a token. */
  readonly loss: number;
  /** On held-out text, where there is some and the tokens' bytes are known. */
  readonly bitsPerByte?: number;
  /** Of the final checkpoint: equal trainings have equal ones. */
  readonly digest: string;
  /** Digest of what decides the results. */
  readonly configHash: string;
  /** With the parts of the run before an interruption; evaluations counted. */
  readonly seconds: number;
  readonly tokensPerSecond: number;
}

export interface TrainHooks {
  readonly backend: Backend;
  /** What the backend reaches in large products, in FLOP/s: `measurePeak`. */
  readonly peakFlopsPerSecond?: number;
  /**
   * Bytes that each id of a tokenizer spells, 0 for special ones; undefined where they are not known. Asked for where there
   * is something to evaluate on.
   */
  readonly bytesOfId?: (tokenizer: Loader["tokenizer"]) => Promise<ArrayLike<number> | undefined>;
  readonly onEvent?: (event: TrainEvent) => void;
  /** Ends the run behind the step that is under way; it can be gone on with. */
  readonly signal?: AbortSignal;
}

/** Not the run's own: what was trained with other seeds is measured on the same rows. */
const HELD_OUT_SEED = 0;
/** Steps that the speed is measured over. */
const SPEED_WINDOW = 20;
/** Of the loss curve that a checkpoint keeps. */
const LOSSES_KEPT = 100;

/**
 * Trains to the last step. Raises RecipeError where the folder holds a run of another config or what no training left,
 * RetryError where another process trains there, DivergedError where the loss is no number; it names the last checkpoint.
 */
export async function runTraining(plan: TrainPlan, hooks: TrainHooks): Promise<TrainResult> {
  const account = accountOf(plan.model, { batch: plan.sequences, contextLength: plan.contextLength });
  expectToFit(account);
  const loader = await openLoader({
    sources: plan.data,
    contextLength: plan.contextLength,
    seed: plan.seed,
    documentMasks: plan.documentMasks,
  });
  try {
    return await new Run(plan, hooks, loader, account).toTheEnd();
  } finally {
    await loader.close();
  }
}

/** The share of memory that a training may take: the system and the data's file cache need some, too. */
const MEMORY_SHARE = 0.95;

/** Raises RecipeError for a model or a batch that this machine's memory does not hold. */
function expectToFit({ batch, contextLength, memoryBytes: { onnxProcess } }: Account): void {
  // 0 where the process is not limited.
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  if (onnxProcess <= MEMORY_SHARE * memory) return;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  throw new RecipeError(
    `memory: a step of ${batch} rows of ${contextLength} tokens takes some ${gigabytes(onnxProcess)} GB, the machine has ${gigabytes(memory)}; take fewer sequences (and accumulate more often), a shorter contextLength or a smaller model`,
  );
}

class Run {
  readonly #plan: TrainPlan;
  readonly #hooks: TrainHooks;
  readonly #loader: Loader;
  readonly #identity: { content: object; digest: string };
  readonly #checkpoints: string;
  readonly #account: Account;
  /** Of the last steps. */
  #stepSeconds: number[] = [];
  /** What earlier parts of the run took. */
  #secondsBefore = 0;
  readonly #startMs = performance.now();

  constructor(plan: TrainPlan, hooks: TrainHooks, loader: Loader, account: Account) {
    this.#plan = plan;
    this.#hooks = hooks;
    this.#loader = loader;
    this.#identity = identityOf(plan, loader.manifestIds);
    this.#checkpoints = join(plan.out, CHECKPOINTS);
    this.#account = account;
  }

  async toTheEnd(): Promise<TrainResult> {
    const release = await takeRunFolder(this.#plan.out);
    try {
      return await this.#train();
    } finally {
      release();
    }
  }

  async #train(): Promise<TrainResult> {
    const { steps, out } = this.#plan;
    const training = await Training.begin(this.#plan, this.#loader, this.#hooks.backend);
    let held: Pick<Evaluator, "evaluate" | "close"> | undefined;
    try {
      held = await this.#openHeldOut(training);
      await this.#goOn(training);
      const log = new StepLog(join(out, TRAINING_LOG), training.step);
      this.#emitStart(training);
      let evaluation: Evaluation | undefined;
      while (training.step < steps) {
        if (this.#hooks.signal?.aborted === true) {
          await this.#save(training, log);
          this.#hooks.signal.throwIfAborted();
        }
        const report = await this.#step(training);
        log.add({ type: "step", ...report });
        const isLast = report.step === steps;
        const { evaluate, checkpoint } = this.#plan;
        if (held !== undefined && (isLast || report.step % evaluate!.every === 0)) {
          evaluation = await held.evaluate();
          log.add({ type: "evaluation", step: report.step, ...evaluation });
          this.#emit({ type: "evaluation", step: report.step, ...evaluation });
        }
        if (isLast || report.step % checkpoint.every === 0) await this.#save(training, log);
      }
      const isAveraged = await this.#average(training);
      if (isAveraged || evaluation === undefined) evaluation = await held?.evaluate();
      return await this.#finish(training, log, evaluation);
    } finally {
      await held?.close();
      await training.close();
    }
  }

  /** Takes up the last checkpoint, if there is one. */
  async #goOn(training: Training): Promise<void> {
    const checkpoint = await checkpointToGoOnFrom(this.#checkpoints, this.#identity, this.#plan.out);
    if (checkpoint === undefined) return;
    restore(training, checkpoint);
    training.step = checkpoint.step;
    this.#secondsBefore = Number(checkpoint.measured.seconds ?? 0);
  }

  async #openHeldOut(training: Training): Promise<Pick<Evaluator, "evaluate" | "close"> | undefined> {
    const { evaluate, contextLength, documentMasks, sequences } = this.#plan;
    if (evaluate === undefined) return undefined;
    const sources = [{ folder: evaluate.data }];
    const loader = await openLoader({ sources, contextLength, seed: HELD_OUT_SEED, documentMasks });
    if (loader.tokenizer.digest !== this.#loader.tokenizer.digest) {
      await loader.close();
      throw new RecipeError(
        `evaluate.data: ${evaluate.data} was encoded with ${loader.tokenizer.name}, the training data with ${this.#loader.tokenizer.name}; encode both with one tokenizer`,
      );
    }
    const bytesOfId = await this.#hooks.bytesOfId?.(loader.tokenizer);
    const evaluator = await Evaluator.begin(training.model, training.values, this.#hooks.backend, loader, {
      rows: evaluate.rows,
      sequences,
      ...(bytesOfId && { bytesOfId }),
    });
    return {
      evaluate: () => evaluator.evaluate(),
      close: async () => {
        await evaluator.close();
        await loader.close();
      },
    };
  }

  async #step(training: Training): Promise<StepReport> {
    try {
      const report = await training.takeStep();
      this.#stepSeconds = [...this.#stepSeconds, report.seconds].slice(-SPEED_WINDOW);
      const secondsPerStep = this.#stepSeconds.reduce((sum, seconds) => sum + seconds, 0) / this.#stepSeconds.length;
      const tokensPerSecond = report.tokens / secondsPerStep;
      const flopsPerSecond = tokensPerSecond * this.#account.trainingFlops.token;
      const { peakFlopsPerSecond: peak } = this.#hooks;
      this.#emit({
        type: "step",
        ...report,
        steps: this.#plan.steps,
        tokensPerSecond,
        flopsPerSecond,
        ...(peak !== undefined && { shareOfPeak: flopsPerSecond / peak }),
        etaSeconds: (this.#plan.steps - report.step) * secondsPerStep,
      });
      return report;
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      const last = await latestCheckpoint(this.#checkpoints);
      throw new DivergedError(`${error.message}; last good checkpoint: ${last ?? "none yet"}`, { cause: error });
    }
  }

  async #save(training: Training, log: StepLog): Promise<string> {
    const folder = await saveCheckpoint(this.#checkpoints, this.#checkpointOf(training, log));
    const { keep, average } = this.#plan.checkpoint;
    await pruneCheckpoints(this.#checkpoints, Math.max(keep, average));
    writeFileSync(join(this.#plan.out, "loss.svg"), lossCurveSvg(log.entries, this.#plan.name));
    this.#emit({ type: "checkpoint", step: training.step, folder });
    return folder;
  }

  #checkpointOf(training: Training, log: StepLog): Checkpoint {
    const losses = lossesOf(log.entries, "step").map(({ step, loss }) => ({ step, lossNats: loss }));
    return {
      ...tensorsOf(training),
      step: training.step,
      rowsTaken: training.rowsTaken,
      tokensSeen: training.step * this.#plan.tokensPerStep,
      random: { seed: this.#plan.seed },
      losses: losses.slice(-LOSSES_KEPT),
      config: this.#identity.content,
      shards: [...this.#loader.manifestIds],
      tokenizer: { name: this.#loader.tokenizer.name, digest: this.#loader.tokenizer.digest },
      measured: { seconds: this.#secondsSoFar },
    };
  }

  /** Puts the mean of the last checkpoints in the place of the parameters, where that was asked for. */
  async #average(training: Training): Promise<boolean> {
    const last = await this.#lastCheckpoints();
    if (last.length <= 1) return false;
    for (const [name, { values }] of await averageCheckpoints(last)) training.values[name]!.set(values);
    return true;
  }

  async #lastCheckpoints(): Promise<string[]> {
    return (await listCheckpoints(this.#checkpoints)).slice(-this.#plan.checkpoint.average);
  }

  async #finish(training: Training, log: StepLog, evaluation: Evaluation | undefined): Promise<TrainResult> {
    const { out, steps } = this.#plan;
    const last = await this.#lastCheckpoints();
    const { digest } = await loadCheckpoint(last.at(-1)!);
    const parameters = namedValues(training.parameters, training.values);
    // Renamed into place: a kill or a full disk leaves no half of a model.
    const unfinished = join(out, `.${MODEL}.tmp`);
    await writeSafetensors(unfinished, parameters);
    renameSync(unfinished, join(out, MODEL));
    const seconds = this.#secondsSoFar;
    const result: TrainResult = {
      out,
      steps,
      loss: lossesOf(log.entries, "step").at(-1)?.loss ?? Number.NaN,
      ...(evaluation?.bitsPerByte !== undefined && { bitsPerByte: evaluation.bitsPerByte }),
      digest,
      configHash: this.#identity.digest,
      seconds,
      tokensPerSecond: (steps * this.#plan.tokensPerStep) / seconds,
    };
    const { digest: tokenizerDigest, name: tokenizer } = this.#loader.tokenizer;
    const manifest = {
      sluice: engineVersion,
      identity: this.#identity.content,
      id: this.#identity.digest,
      tokenizer: { name: tokenizer, digest: tokenizerDigest },
      sources: this.#loader
        .progress(training.rowsTaken)
        .map((progress, n) => ({ ...progress, ...this.#loader.sources[n] })),
      averaged: last.length,
      evaluation,
      result: { ...result, out: undefined, seconds: undefined, tokensPerSecond: undefined },
      measured: { seconds, tokensPerSecond: result.tokensPerSecond },
    };
    await writeDurably(join(out, RUN_MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    return result;
  }

  get #secondsSoFar(): number {
    return this.#secondsBefore + (performance.now() - this.#startMs) / 1000;
  }

  #emitStart(training: Training): void {
    const { steps, tokensPerStep, out, sequences, accumulate } = this.#plan;
    const { rowsPerEpoch } = this.#loader;
    this.#emit({
      type: "start",
      parameters: this.#account.parameters.total,
      steps,
      tokensPerStep,
      rowsPerEpoch,
      epochs: (steps * sequences * accumulate) / rowsPerEpoch,
      backend: this.#hooks.backend.name,
      from: training.step,
      out,
    });
  }

  #emit(event: TrainEvent): void {
    this.#hooks.onEvent?.(event);
  }
}
