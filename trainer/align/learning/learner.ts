/**
 * A step by any objective:
 *
 *     rows ─ parts of B, padded ─▶ program (loss, statistics, gradients) ─ summed ─ clip ─▶ AdamW ─▶ parameters
 *
 * Programs are compiled by length, a few for all, and share the parameters, which change in place: whoever generates with
 * the same arrays has the model as it is by then.
 */
// B = sequences, T = positions
import { failpoint } from "../../../pipeline/failpoints.ts";
import type { Backend, Executable } from "../../backends/backend.ts";
import { gradients } from "../../ir/autodiff.ts";
import { crossEntropy, lessOrEqual, max, mul, neg, pick, reshape, total } from "../../ir/ops/index.ts";
import { input, type Program, type Tensor } from "../../ir/tensor.ts";
import { beginningOf, type Parameter, type ParameterValues } from "../../model/parameters.ts";
import type { Transformer } from "../../model/transformer.ts";
import { ValueHead } from "../../model/value-head.ts";
import { entropy } from "../../objectives/entropy.ts";
import { gradientName } from "../../objectives/next-token.ts";
import type { Extent, Objective } from "../../objectives/objective.ts";
import { tempered } from "../../objectives/tempered.ts";
import { AdamW, type AdamWOptions, globalNorm } from "../../optimizer/adamw.ts";
import { DivergedError } from "../../train.ts";
import { type Row, responseTokens } from "./row.ts";
import { fillFurther, fillResponses, fillRows, longestOf, positionsFor } from "./row-batch.ts";

export interface LearnerOptions {
  readonly model: Transformer;
  /** By name; changed in place. */
  readonly values: ParameterValues;
  readonly objective: Objective;
  readonly backend: Backend;
  readonly optimizer: AdamWOptions;
  /** The gradient is shortened to this length. */
  readonly clip: number;
  /** Rows that are computed at once, B. */
  readonly sequences: number;
  /** Whether rows hold several texts, which do not look at each other. */
  readonly arePacked?: boolean;
  /** That the rows were drawn at: log-probabilities are those of what tokens were drawn from. By default 1. */
  readonly temperature?: number;
}

export interface UpdateReport {
  readonly loss: number;
  /** Length of the gradient before it was clipped. */
  readonly norm: number;
  /** The objective's, and `entropy` in nats a response token. */
  readonly stats: Readonly<Record<string, number>>;
  readonly responseTokens: number;
  readonly tokens: number;
}

interface Compiled {
  readonly executable: Executable;
  readonly positions: number;
  /** What the objective asks for beside the tokens. */
  readonly further: ReadonlyMap<string, Extent>;
  readonly stats: readonly string[];
}

/** A token's loss counts as its row's `byToken.weights` says; see `token-weights.ts`. */
export class Learner {
  /** Of the model, and of the value head where the objective asks for values. */
  readonly parameters: readonly Parameter[];
  readonly values: ParameterValues;
  readonly optimizer: AdamW;
  /** Updates that were made. */
  updates = 0;
  readonly #options: LearnerOptions;
  /** Where the objective asks for values. */
  readonly head: ValueHead | undefined;
  readonly #gradients: ParameterValues;
  readonly #programs = new Map<number, Compiled>();

  constructor(options: LearnerOptions) {
    const { model, objective, optimizer, sequences } = options;
    const { group = 1 } = objective;
    if (sequences % group !== 0) throw new RangeError(`sequences: found ${sequences}, expected a multiple of ${group}`);
    this.#options = options;
    this.head = objective.needsValues === true ? new ValueHead(model.config) : undefined;
    this.parameters = [...model.parameters, ...(this.head?.parameters ?? [])];
    const added = beginningOf(
      this.parameters.filter(({ name }) => options.values[name] === undefined),
      0,
    );
    this.values = { ...options.values, ...added };
    this.optimizer = new AdamW(this.parameters, this.values, optimizer);
    this.#gradients = Object.fromEntries(
      this.parameters.map(({ name }) => [name, new Float32Array(this.values[name]!.length)]),
    );
  }

  /**
   * One update from rows, in parts where they are more than are computed at once. Raises DivergedError, and changes nothing,
   * where the loss is no number.
   */
  async step(rows: readonly Row[], rate: number): Promise<UpdateReport> {
    if (rows.length === 0) throw new RangeError("a step needs a row at least");
    const { sequences, clip } = this.#options;
    const responses = rows.reduce((sum, row) => sum + responseTokens(row), 0);
    let loss = 0;
    const stats: Record<string, number> = {};
    for (let from = 0; from < rows.length; from += sequences) {
      const part = rows.slice(from, from + sequences);
      const compiled = await this.#compiledFor(longestOf(part));
      await this.#compute(compiled, part, responses);
      const { outputs } = compiled.executable;
      loss += outputs.loss![0]!;
      for (const name of compiled.stats) stats[name] = (stats[name] ?? 0) + outputs[`stat ${name}`]![0]!;
      for (const [name, sum] of Object.entries(this.#gradients)) {
        const gradient = outputs[gradientName(name)]!;
        if (from === 0) sum.set(gradient);
        else for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]!;
      }
    }
    const norm = globalNorm(Object.values(this.#gradients));
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      throw new DivergedError(
        `update ${this.updates + 1}: the loss is ${loss} and the gradient's length ${norm}; a lower schedule.peak may help`,
      );
    }
    const scale = norm > clip ? clip / (norm + 1e-6) : 1;
    this.updates++;
    this.optimizer.step(this.values, this.#gradients, { step: this.updates, rate, scale });
    failpoint("update");
    const tokens = rows.reduce((sum, { ids }) => sum + ids.length, 0);
    return { loss, norm, stats, responseTokens: responses, tokens };
  }

  async close(): Promise<void> {
    for (const { executable } of this.#programs.values()) await executable.close();
    this.#programs.clear();
  }

  async #compute({ executable, positions, further }: Compiled, rows: readonly Row[], responses: number): Promise<void> {
    const { inputs } = executable;
    fillRows(inputs, rows, positions);
    const { shares } = inputs;
    if (shares !== undefined) fillResponses(shares, rows, { positions, value: 1 / Math.max(1, responses) });
    for (const [name, extent] of further) {
      if (inputs[name] !== undefined) fillFurther(inputs[name], name, extent, { rows, positions });
    }
    await executable.run();
  }

  async #compiledFor(targets: number): Promise<Compiled> {
    const { model, backend } = this.#options;
    const positions = positionsFor(targets, model.config.contextLength);
    const ready = this.#programs.get(positions);
    if (ready !== undefined) return ready;
    const { program, further, stats } = this.#programOf(positions);
    const executable = await backend.compile(program, this.values);
    const compiled = { executable, positions, further, stats };
    this.#programs.set(positions, compiled);
    return compiled;
  }

  #programOf(T: number): { program: Program } & Pick<Compiled, "further" | "stats"> {
    const { model, objective, sequences: B, arePacked, temperature } = this.#options;
    const { logits: untempered, hidden } = model.forward({
      tokens: input("tokens", [B * T], "int"),
      sequences: B,
      ...(arePacked === true && { mask: input("attention", [B, 1, T, T]) }),
    });
    const logits = tempered(untempered, temperature);
    const targets = input("targets", [B * T], "int");
    const likeliest = reshape(max(logits, [-1]), targets.shape);
    const further = new Map<string, Extent>();
    const inputs = new Map<string, Tensor>();
    const ask = (name: string, extent: Extent): Tensor => {
      further.set(name, extent);
      const found = inputs.get(name) ?? input(name, extent === "token" ? [B, T] : [B, 1]);
      inputs.set(name, found);
      return found;
    };
    const shares = input("shares", [B, T]);
    const { loss, stats } = objective.loss({
      sequences: B,
      positions: T,
      logProbs: reshape(neg(crossEntropy(logits, targets)), [B, T]),
      isLikeliest: reshape(lessOrEqual(likeliest, pick(logits, targets)), [B, T]),
      mask: input("mask", [B, T]),
      weights: ask("weights", "token"),
      shares,
      ...(this.head && { values: this.head.forward(hidden, B) }),
      input: ask,
    });
    const all: Record<string, Tensor> = {
      ...stats,
      entropy: total(mul(reshape(entropy(logits), [B, T]), shares)),
    };
    const outputs: Record<string, Tensor> = { loss };
    for (const [name, tensor] of Object.entries(all)) outputs[`stat ${name}`] = tensor;
    const of = [...model.parameters.map(({ name }) => model.tensor(name)), ...(this.head?.tensors() ?? [])];
    for (const [n, gradient] of gradients(loss, of).entries()) {
      outputs[gradientName(this.parameters[n]!.name)] = gradient;
    }
    return { program: { outputs }, further, stats: Object.keys(all) };
  }
}
