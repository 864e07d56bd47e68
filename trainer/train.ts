/**
 * A step of training:
 *
 *     loader ─ rows ─▶ program (loss, gradients) ─ clip ─▶ AdamW ─▶ parameters
 *
 * Everything that a step does hangs on the config and the step's number: a run that is killed and started again ends with
 * the bytes of one that was not.
 */
import { setImmediate } from "node:timers/promises";
import { RecipeError } from "../pipeline/errors.ts";
import { seededRandom } from "../pipeline/random.ts";
import type { Backend, Executable } from "./backends/backend.ts";
import type { TrainPlan } from "./config.ts";
import { fillBatch } from "./fill-batch.ts";
import type { Batch, Loader } from "./loader.ts";
import { beginningOf, type Parameter, type ParameterValues, seedOf } from "./model/parameters.ts";
import { Transformer } from "./model/transformer.ts";
import { gradientName, nextTokenProgram } from "./objectives/next-token.ts";
import { AdamW, globalNorm } from "./optimizer/adamw.ts";
import { rateAt } from "./optimizer/schedule.ts";

export interface StepReport {
  readonly step: number;
  /** Mean cross-entropy of the step's targets, in nats a token. */
  readonly loss: number;
  /** Learning rate. */
  readonly rate: number;
  /** Length of the gradient, over all parameters, before it was clipped. */
  readonly norm: number;
  readonly tokens: number;
  readonly seconds: number;
}

/** A step whose loss is no number. What it was given can be looked at. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/** A model in training: parameters, moments, and what computes them. */
export class Training {
  readonly plan: TrainPlan;
  readonly model: Transformer;
  readonly values: ParameterValues;
  readonly optimizer: AdamW;
  /** Steps that were taken. */
  step = 0;
  readonly #loader: Loader;
  readonly #executable: Executable;
  readonly #dropouts: readonly string[];
  /** Sums over the parts of a step; where there is one part, what the program puts out. */
  readonly #gradients: ParameterValues;

  static async begin(plan: TrainPlan, loader: Loader, backend: Backend): Promise<Training> {
    if (loader.vocabSize > plan.model.vocabSize) {
      throw new RecipeError(
        `model.vocabSize: the tokenizer ${loader.tokenizer.name} has ${loader.vocabSize} ids, found ${plan.model.vocabSize}; make it as large at least`,
      );
    }
    const model = new Transformer(plan.model);
    const values = beginningOf(model.parameters, plan.seed);
    const { sequences, contextLength: positions, documentMasks } = plan;
    const program = nextTokenProgram(model, { sequences, positions }, { training: true, documentMasks });
    const executable = await backend.compile(program, values);
    return new Training(plan, model, values, loader, executable, program.dropouts);
  }

  private constructor(
    plan: TrainPlan,
    model: Transformer,
    values: ParameterValues,
    loader: Loader,
    executable: Executable,
    dropouts: readonly string[],
  ) {
    this.plan = plan;
    this.model = model;
    this.values = values;
    this.optimizer = new AdamW(model.parameters, values, plan.optimizer);
    this.#loader = loader;
    this.#executable = executable;
    this.#dropouts = dropouts;
    const found = (name: string) => executable.outputs[gradientName(name)] as Float32Array;
    this.#gradients = Object.fromEntries(
      model.parameters.map(({ name }) => [name, plan.accumulate === 1 ? found(name) : found(name).slice()]),
    );
  }

  get parameters(): readonly Parameter[] {
    return this.model.parameters;
  }

  /** Rows that were taken from the data. */
  get rowsTaken(): number {
    return this.step * this.plan.sequences * this.plan.accumulate;
  }

  /** Takes the next step. Raises DivergedError, and changes nothing, where the loss is no number. */
  async takeStep(): Promise<StepReport> {
    const { plan } = this;
    const startMs = performance.now();
    const step = this.step + 1;
    const batches: Batch[] = [];
    for (let part = 0; part < plan.accumulate; part++) {
      batches.push(await this.#loader.batch(this.rowsTaken + part * plan.sequences, plan.sequences));
    }
    const weight = batches.reduce((all, { weights }) => weights.reduce((sum, w) => sum + w, all), 0);
    let loss = 0;
    for (const [part, batch] of batches.entries()) {
      loss += await this.#computePart(batch, 1 / Math.max(weight, 1), step, part);
    }
    const norm = globalNorm(Object.values(this.#gradients));
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      throw new DivergedError(
        `step ${step}: the loss is ${loss} and the gradient's length ${norm} (rows ${this.rowsTaken} to ${this.rowsTaken + plan.sequences * plan.accumulate - 1} of the data); a lower schedule.peak or a longer warm-up may help`,
      );
    }
    const rate = rateAt(step, plan.steps, plan.schedule);
    const scale = norm > plan.clip ? plan.clip / (norm + 1e-6) : 1;
    this.optimizer.step(this.values, this.#gradients, { step, rate, scale });
    this.step = step;
    await setImmediate(); // Signals and timers have their turn: a run of the program holds the thread.
    const seconds = (performance.now() - startMs) / 1000;
    return { step, loss, rate, norm, tokens: plan.tokensPerStep, seconds };
  }

  async #computePart(batch: Batch, share: number, step: number, part: number): Promise<number> {
    const { inputs, outputs } = this.#executable;
    fillBatch(inputs, batch, share);
    for (const name of this.#dropouts) this.#fillDropout(inputs[name] as Float32Array, `${name} ${step} ${part}`);
    await this.#executable.run();
    if (this.plan.accumulate > 1) {
      for (const [name, sum] of Object.entries(this.#gradients)) {
        const gradient = outputs[gradientName(name)]!;
        if (part === 0) sum.set(gradient);
        else for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]!;
      }
    }
    return outputs.loss![0]!;
  }

  #fillDropout(mask: Float32Array, purpose: string): void {
    const { seed, model } = this.plan;
    const random = seededRandom(seedOf(seed, purpose));
    const kept = 1 / (1 - model.dropout);
    for (let i = 0; i < mask.length; i++) mask[i] = random() < model.dropout ? 0 : kept;
  }

  async close(): Promise<void> {
    await this.#executable.close();
  }
}
