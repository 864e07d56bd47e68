import { digestOf } from "../../pipeline/canonical.ts";
import { engineFingerprint } from "../../pipeline/modules.ts";
import { loadTrainedModel } from "../../trainer/checkpoint/trained-model.ts";
import { scoreDocuments } from "../measure/bits-per-byte.ts";
import type { HeldOutDomain } from "../measure/documents.ts";
import { modelScorer } from "../measure/model-scorer.ts";
import type { Scorer } from "../measure/scorer.ts";
import { scoreTask, type Task, type TaskScores } from "../measure/tasks/index.ts";
import { type Job, planFor } from "./jobs.ts";
import type { MeasuredText } from "./measured-text.ts";
import type { Prepared } from "./prepare.ts";
import { computeOnce, type Model, type Rows, trainModel, type Workshop } from "./units.ts";

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

/** Folders whose code decides a score. */
const SCORING = ["trainer", "eval/measure"];

/** Trains models and measures them, and tells how long the rest will take. */
export class Measure {
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

  async #score(name: string, model: Model, domain: HeldOutDomain, scorer: LazyScorer): Promise<Float64Array> {
    const { name: text, sha256, documents } = domain;
    const nats = await this.#once(name, model, { text, sha256 }, async () => [
      ...(await scoreDocuments(documents, this.#prepared.tokenizer, await scorer.open(), this.#signal)),
    ]);
    return Float64Array.from(nats);
  }

  async #scoreTask(name: string, model: Model, task: Task, scorer: LazyScorer): Promise<TaskScores> {
    return await this.#once(name, model, { text: task.name, sha256: digestOf(task) }, async () =>
      scoreTask(task, this.#prepared.tokenizer, await scorer.open(), this.#signal),
    );
  }

  /** What a model comes to on a domain or a task. */
  async #once<T>(
    name: string,
    { sha256: model }: Model,
    { text, sha256 }: { readonly text: string; readonly sha256: string },
    compute: () => Promise<T>,
  ): Promise<T> {
    const { tokenizer, training } = this.#prepared;
    const decidedBy = {
      model,
      text: sha256,
      contextLength: training.contextLength,
      tokenizer: tokenizer.digest,
      code: engineFingerprint(SCORING),
    };
    return await computeOnce(this.#workshop, { kind: "score", unit: `measure ${name} on ${text}`, decidedBy }, compute);
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
