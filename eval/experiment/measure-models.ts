import { digestOf } from "../../pipeline/canonical.ts";
import { engineFingerprint } from "../../pipeline/modules.ts";
import { loadTrainedModel } from "../../trainer/checkpoint/trained-model.ts";
import { type AnswerScores, scoreAnswers } from "../measure/answers.ts";
import { scoreDocuments } from "../measure/bits-per-byte.ts";
import type { HeldOutDomain } from "../measure/documents.ts";
import { modelScorer } from "../measure/model-scorer.ts";
import type { Scorer } from "../measure/scorer.ts";
import { scoreTask, type Task, type TaskScores } from "../measure/tasks/index.ts";
import { type Aligned, alignModel, type ModelFile } from "./align/align-model.ts";
import { type Job, planFor } from "./jobs.ts";
import type { MeasuredText } from "./measured-text.ts";
import type { Prepared } from "./prepare.ts";
import { computeOnce, type Model, type Rows, trainModel, type Workshop } from "./units.ts";

/** What was measured of a model, domains and tasks in the order of `MeasuredText`. */
export interface Measured {
  readonly arm: string;
  readonly seed: number;
  readonly heldOut: readonly Float64Array[];
  readonly shift: Float64Array | undefined;
  readonly tasks: readonly TaskScores[];
  /** To the prompts of an alignment. */
  readonly answers: AnswerScores | undefined;
}

export interface MeasuredModel extends Measured {
  readonly rows: Rows;
  readonly model: Model;
  /** What it came to after each stage of the alignment. */
  readonly aligned: readonly AlignedModel[];
}

export interface AlignedModel extends Measured {
  readonly model: Aligned;
}

/** What is measured of a model: all that an experiment asks of one, or what an alignment may change. */
type Extent = "all" | "aligned";

/** Folders whose code decides a score. */
const SCORING = ["trainer", "eval/measure"];

/** Trains models and measures them, and tells how long the rest will take. */
export class Measure {
  readonly #prepared: Prepared;
  readonly #text: MeasuredText;
  readonly #workshop: Workshop;
  /** Of all models. */
  readonly #tokens: number;
  /** Of models that are done, and of what was trained of these now. */
  #tokensDone = 0;
  #tokensTrained = 0;
  /** Of the models under way: the share that was done when they were taken up, and the one that is. */
  readonly #shares = new Map<Job, { readonly found: number; readonly now: number }>();
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
    try {
      const measured = await this.#measure(name, model, job, "all");
      return { ...measured, rows, model, aligned: job.isAligned ? await this.#align(name, model, job) : [] };
    } finally {
      this.#tokensDone += tokens;
      this.#tokensTrained += (1 - (this.#shares.get(job)?.found ?? 1)) * tokens;
      this.#shares.delete(job);
    }
  }

  async #align(name: string, model: Model, job: Job): Promise<AlignedModel[]> {
    const { tokenizer, alignment } = this.#prepared;
    const found: AlignedModel[] = [];
    let from: ModelFile = model;
    for (const stage of alignment!.stages) {
      const given = { from, seed: job.seed, tokenizer: tokenizer.digest };
      const unit = `align ${name}: ${stage.name}`;
      const aligned = await alignModel(name, stage, given, this.#workshop, (share) =>
        this.#workshop.emit({ type: "progress", unit, share }),
      );
      const measured = await this.#measure(`${name} after ${stage.name}`, aligned, job, "aligned");
      found.push({ ...measured, model: aligned });
      from = aligned;
    }
    return found;
  }

  async #measure(name: string, model: ModelFile, { arm, seed, isAligned }: Job, extent: Extent): Promise<Measured> {
    const { heldOut: domains, shift, tasks: asked } = this.#text;
    const isMetric = this.#prepared.experiment.metric === "answer-bits-per-byte";
    const scorer = new LazyScorer(model.dir, this.#workshop);
    try {
      const heldOut: Float64Array[] = [];
      for (const domain of domains) heldOut.push(await this.#score(name, model, domain, scorer));
      const tasks: TaskScores[] = [];
      if (extent === "all" || isMetric) {
        for (const task of asked) tasks.push(await this.#scoreTask(name, model, task, scorer));
      }
      return {
        arm,
        seed,
        heldOut,
        shift: extent === "all" && shift ? await this.#score(name, model, shift, scorer) : undefined,
        tasks,
        answers: isAligned ? await this.#ask(name, model, seed) : undefined,
      };
    } finally {
      await scorer.close();
    }
  }

  async #ask(name: string, model: ModelFile, seed: number): Promise<AnswerScores | undefined> {
    const { tokenizer, alignment } = this.#prepared;
    const questions = alignment?.questions;
    if (questions === undefined) return undefined;
    // Nothing is drawn where the likeliest token is taken.
    const asked = { text: "prompts", sha256: digestOf([questions.identity, questions.drawing.temperature && seed]) };
    return await this.#once(name, model, asked, async () =>
      scoreAnswers(await loadTrainedModel(model.dir), questions, {
        tokenizer,
        backend: this.#workshop.backend,
        seed,
        note: (message) => this.#workshop.emit({ type: "note", unit: `measure ${name} on prompts`, message }),
      }),
    );
  }

  #tell(job: Job, name: string, share: number): void {
    this.#startMs ??= performance.now();
    this.#shares.set(job, { found: this.#shares.get(job)?.found ?? share, now: share });
    let done = this.#tokensDone;
    let trained = this.#tokensTrained;
    for (const [{ tokens }, { found, now }] of this.#shares) {
      done += now * tokens;
      trained += (now - found) * tokens;
    }
    const seconds = (performance.now() - this.#startMs) / 1000;
    const etaSeconds = ((this.#tokens - done) * seconds) / trained;
    this.#workshop.emit({ type: "progress", unit: `train ${name}`, share, ...(trained > 0 && { etaSeconds }) });
  }

  async #score(name: string, model: ModelFile, domain: HeldOutDomain, scorer: LazyScorer): Promise<Float64Array> {
    const { name: text, sha256, documents } = domain;
    const nats = await this.#once(name, model, { text, sha256 }, async () => [
      ...(await scoreDocuments(documents, this.#prepared.tokenizer, await scorer.open(), this.#signal)),
    ]);
    return Float64Array.from(nats);
  }

  async #scoreTask(name: string, model: ModelFile, task: Task, scorer: LazyScorer): Promise<TaskScores> {
    return await this.#once(name, model, { text: task.name, sha256: digestOf(task) }, async () =>
      scoreTask(task, this.#prepared.tokenizer, await scorer.open(), this.#signal),
    );
  }

  /** What a model comes to on a domain or a task. */
  async #once<T>(
    name: string,
    { sha256: model }: ModelFile,
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
