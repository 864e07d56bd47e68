/**
 * A trained model as a scorer. Programs are compiled for a few shapes, and each window goes to the smallest that holds it:
 *
 *     window   ids       a b c d e f        predicted from c on
 *              read      a b c d e 0 0 0    as many positions as the shape has: what is behind changes nothing before it
 *              targets     . c d e f 0 0 0  as many rows of logits as the shape has: only of what is predicted
 *
 * A shape has a fixed number of sequences, and where there are fewer windows the others are zeros: for a window the same
 * arithmetic is done, whatever it is scored with.
 */
import type { Backend, Executable } from "../../trainer/backends/backend.ts";
import { argmax, crossEntropy } from "../../trainer/ir/ops/index.ts";
import { input, type Program } from "../../trainer/ir/tensor.ts";
import type { ModelConfig } from "../../trainer/model/config.ts";
import type { ParameterValues } from "../../trainer/model/parameters.ts";
import { Transformer } from "../../trainer/model/transformer.ts";
import type { Scorer, Window, WindowScore } from "./scorer.ts";

export interface ModelScorerOptions {
  /** Positions that are computed at once, over all sequences. */
  readonly batchPositions?: number;
}

const BATCH_POSITIONS = 1024;
/** Logits that are computed at once, unless one sequence has more: 128 MB. */
const MAX_LOGITS = 1 << 25;
/** Shapes smaller than these would cost as much, and each has to be compiled. */
const MIN_POSITIONS = 16;
const MIN_ROWS = 8;
/** Each holds the memory of its largest tensors. */
const MAX_PROGRAMS = 8;

/** Reads the parameters where they lie: a model in training is scored as it is at the time. */
export async function modelScorer(
  { config, parameters }: { readonly config: ModelConfig; readonly parameters: ParameterValues },
  backend: Backend,
  { batchPositions = BATCH_POSITIONS }: ModelScorerOptions = {},
): Promise<Scorer> {
  return new ModelScorer(new Transformer(config), parameters, backend, batchPositions);
}

/** What a program is compiled for. */
interface Shape {
  readonly sequences: number;
  readonly positions: number;
  /** Of logits, a sequence. As many as positions: all of them, in their places. */
  readonly rows: number;
}

class ModelScorer implements Scorer {
  readonly contextLength: number;
  readonly vocabSize: number;
  readonly #model: Transformer;
  readonly #values: ParameterValues;
  readonly #backend: Backend;
  readonly #batchPositions: number;
  /** By shape, the one that was used last at the end. */
  readonly #programs = new Map<string, Executable>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(model: Transformer, values: ParameterValues, backend: Backend, batchPositions: number) {
    this.contextLength = model.config.contextLength;
    this.vocabSize = model.config.vocabSize;
    this.#model = model;
    this.#values = values;
    this.#backend = backend;
    this.#batchPositions = batchPositions;
  }

  /** Calls wait for each other: a program has one place for its inputs. Raises RangeError for what the model cannot read. */
  score(windows: readonly Window[]): Promise<WindowScore[]> {
    const scores = this.#last.then(() => this.#score(windows));
    this.#last = scores.catch(() => {});
    return scores;
  }

  async close(): Promise<void> {
    await this.#last;
    for (const program of this.#programs.values()) await program.close();
    this.#programs.clear();
  }

  async #score(windows: readonly Window[]): Promise<WindowScore[]> {
    for (const [n, window] of windows.entries()) this.#expectReadable(window, n);
    const scores = new Array<WindowScore>(windows.length);
    const byShape = Map.groupBy(windows.keys(), (n) => JSON.stringify(this.#shapeOf(windows[n]!)));
    for (const [key, numbers] of byShape) {
      const shape = JSON.parse(key) as Shape;
      const program = await this.#programOf(key, shape);
      for (let from = 0; from < numbers.length; from += shape.sequences) {
        const batch = numbers.slice(from, from + shape.sequences);
        fill(
          program.inputs,
          shape,
          batch.map((n) => windows[n]!),
        );
        await program.run();
        for (const [sequence, n] of batch.entries()) scores[n] = scoreOf(program.outputs, shape, sequence, windows[n]!);
      }
    }
    return scores;
  }

  #expectReadable({ ids, firstScored }: Window, n: number): void {
    const most = this.contextLength + 1;
    if (ids.length < 2 || ids.length > most || !(firstScored >= 1 && firstScored < ids.length)) {
      throw new RangeError(
        `window ${n}: ${ids.length} ids, predicted from ${firstScored} on (expected 2 to ${most}, and one before the first that is predicted)`,
      );
    }
    for (let i = 0; i < ids.length; i++) {
      if (!(ids[i]! >= 0 && ids[i]! < this.vocabSize)) {
        throw new RangeError(`window ${n}: id ${ids[i]} at ${i} is none of the model's ${this.vocabSize}`);
      }
    }
  }

  /** Hangs on the window alone. */
  #shapeOf({ ids, firstScored }: Window): Shape {
    const positions = Math.min(this.contextLength, stepAbove(ids.length - 1, MIN_POSITIONS));
    const fewRows = powerAbove(ids.length - firstScored, MIN_ROWS);
    const rows = 2 * fewRows > positions ? positions : fewRows;
    const byLogits = Math.floor(MAX_LOGITS / (rows * this.vocabSize));
    const sequences = Math.max(1, Math.min(Math.floor(this.#batchPositions / positions), byLogits));
    return { sequences, positions, rows };
  }

  async #programOf(key: string, shape: Shape): Promise<Executable> {
    const found = this.#programs.get(key);
    this.#programs.delete(key);
    const program = found ?? (await this.#backend.compile(programOf(this.#model, shape), this.#values));
    this.#programs.set(key, program);
    if (this.#programs.size > MAX_PROGRAMS) {
      const [oldest, unused] = this.#programs.entries().next().value!;
      this.#programs.delete(oldest);
      await unused.close();
    }
    return program;
  }
}

/** Inputs: tokens [B · T], targets and, where only some rows are wanted, their numbers [B · R]. */
function programOf(model: Transformer, { sequences, positions, rows }: Shape): Program {
  const targets = input("targets", [sequences * rows], "int");
  const { logits } = model.forward({
    tokens: input("tokens", [sequences * positions], "int"),
    sequences,
    ...(rows < positions && { wanted: input("wanted", [sequences * rows], "int") }),
  });
  return { outputs: { losses: crossEntropy(logits, targets), likeliest: argmax(logits) } };
}

function fill(inputs: Executable["inputs"], { positions, rows }: Shape, windows: readonly Window[]): void {
  const { tokens, targets, wanted } = inputs;
  for (const values of [tokens, targets, wanted]) values?.fill(0);
  for (const [sequence, { ids, firstScored }] of windows.entries()) {
    const read = ids.length - 1;
    for (let i = 0; i < read; i++) tokens![sequence * positions + i] = ids[i]!;
    const first = sequence * rows + firstRow({ positions, rows }, firstScored);
    for (let i = firstScored; i < ids.length; i++) {
      targets![first + i - firstScored] = ids[i]!;
      if (wanted !== undefined) wanted[first + i - firstScored] = sequence * positions + i - 1;
    }
  }
}

/** Of a sequence's rows, the one that predicts the first id. */
function firstRow({ positions, rows }: Pick<Shape, "positions" | "rows">, firstScored: number): number {
  return rows === positions ? firstScored - 1 : 0;
}

function scoreOf(
  { losses, likeliest }: Executable["outputs"],
  shape: Shape,
  sequence: number,
  { ids, firstScored }: Window,
): WindowScore {
  const first = sequence * shape.rows + firstRow(shape, firstScored);
  const nats = Float64Array.from(losses!.subarray(first, first + ids.length - firstScored));
  const greedy = Uint8Array.from(nats, (_, i) => (likeliest![first + i] === ids[firstScored + i] ? 1 : 0));
  return { nats, greedy };
}

/** The least of m, 1.5 m, 2 m, 3 m, 4 m, 6 m … that is not below n: at most half of it is padding. */
function stepAbove(n: number, least: number): number {
  const power = powerAbove(n, least);
  return power > least && 0.75 * power >= n ? 0.75 * power : power;
}

/** The least of m, 2 m, 4 m … that is not below n. */
function powerAbove(n: number, least: number): number {
  let power = least;
  while (power < n) power *= 2;
  return power;
}
