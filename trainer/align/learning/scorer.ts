/** What a model says of rows as they are: log-probabilities, and values where there is a head for them. */
// B = sequences, T = positions

import type { WorkHooks } from "../../../pipeline/work-hooks.ts";
import type { Backend, Executable } from "../../backends/backend.ts";
import { crossEntropy, neg, reshape } from "../../ir/ops/index.ts";
import { input, type Tensor } from "../../ir/tensor.ts";
import type { ParameterValues } from "../../model/parameters.ts";
import type { Transformer } from "../../model/transformer.ts";
import type { ValueHead } from "../../model/value-head.ts";
import { tempered } from "../../objectives/tempered.ts";
import { type Row, targetsOf } from "./row.ts";
import { fillRows, longestOf, positionsFor } from "./row-batch.ts";

/** Of one row, a number a target. */
export interface RowScores {
  /** log p in nats. */
  readonly logProbs: Float32Array;
  /** Where there is a value head. */
  readonly values?: Float32Array;
}

export class RowScorer {
  readonly #model: Transformer;
  readonly #values: ParameterValues;
  readonly #backend: Backend;
  readonly #sequences: number;
  readonly #head: ValueHead | undefined;
  readonly #temperature: number | undefined;
  readonly #programs = new Map<number, Executable>();

  /** The parameters are read at every run, as they are by then. */
  constructor(
    model: Transformer,
    values: ParameterValues,
    backend: Backend,
    {
      sequences,
      head,
      temperature,
    }: {
      readonly sequences: number;
      readonly head?: ValueHead;
      /** That the rows were drawn at; by default 1. */
      readonly temperature?: number;
    },
  ) {
    this.#model = model;
    this.#values = values;
    this.#backend = backend;
    this.#sequences = sequences;
    this.#head = head;
    this.#temperature = temperature;
  }

  /** In the order of the rows. Those of like length are computed together. Progress is told in rows. */
  async score(rows: readonly Row[], { onProgress, signal }: WorkHooks = {}): Promise<RowScores[]> {
    const order = rows.map((_, n) => n).sort((a, b) => targetsOf(rows[a]!) - targetsOf(rows[b]!) || a - b);
    const scores: RowScores[] = new Array(rows.length);
    for (let from = 0; from < order.length; from += this.#sequences) {
      onProgress?.(from, order.length);
      signal?.throwIfAborted();
      const numbers = order.slice(from, from + this.#sequences);
      const part = numbers.map((n) => rows[n]!);
      const positions = positionsFor(longestOf(part), this.#model.config.contextLength);
      const { inputs, outputs, run } = await this.#executableOf(positions);
      fillRows(inputs, part, positions);
      await run();
      for (const [b, n] of numbers.entries()) {
        const of = (name: string): Float32Array =>
          Float32Array.from(outputs[name]!.subarray(b * positions, b * positions + targetsOf(part[b]!)));
        scores[n] = {
          logProbs: of("log probs"),
          ...(this.#head && { values: of("values") }),
        };
      }
    }
    onProgress?.(order.length, order.length);
    return scores;
  }

  async close(): Promise<void> {
    for (const executable of this.#programs.values()) await executable.close();
    this.#programs.clear();
  }

  async #executableOf(T: number): Promise<Pick<Executable, "inputs" | "outputs"> & { run: () => Promise<void> }> {
    let executable = this.#programs.get(T);
    if (executable === undefined) {
      const B = this.#sequences;
      const said = this.#model.forward({ tokens: input("tokens", [B * T], "int"), sequences: B });
      const logits = tempered(said.logits, this.#temperature);
      const outputs: Record<string, Tensor> = {
        "log probs": reshape(neg(crossEntropy(logits, input("targets", [B * T], "int"))), [B, T]),
        ...(this.#head && { values: this.#head.forward(said.hidden, B) }),
      };
      executable = await this.#backend.compile({ outputs }, this.#values);
      this.#programs.set(T, executable);
    }
    const { inputs, outputs } = executable;
    return { inputs, outputs, run: () => executable.run() };
  }
}
