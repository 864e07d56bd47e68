/**
 * A model that reads several texts at once and remembers what it has read, so that a further token costs one position and
 * not all those before it again:
 *
 *     new tokens ────┐
 *     keys, values ──┤ program of (sequences, positions, capacity) ├─▶ logits
 *          ▲         │                                             ├─▶ keys, values of the new tokens
 *          └─────────────────── written by the host ◀──────────────┘
 *
 * Position t of a text lies in slot t of its cache, whatever lies in the others': what is empty behind it is hidden by a mask,
 * and the angles of a new token are those of its own position. So a text gets the logits it would get alone.
 *
 * Capacities and, beyond a few, positions are rounded up to powers of two: a few programs serve texts of all lengths.
 */
// B = sequences, T = new positions, S = capacity (slots of the cache), Hk = heads of keys, W = width of a head, V = vocabulary
import type { Backend, Executable } from "../backends/backend.ts";
import type { Floats } from "../ir/op.ts";
import { rotations } from "../ir/ops/index.ts";
import { input, type Program, ShapeError, sizeOf, type Tensor } from "../ir/tensor.ts";
import { sizesOf } from "../model/config.ts";
import { HIDDEN } from "../model/layers.ts";
import type { ParameterValues } from "../model/parameters.ts";
import type { KeysAndValues, Transformer } from "../model/transformer.ts";

/** Up to here programs take just as many positions as are asked for: a round of speculation is one of these. */
const FEW_POSITIONS = 8;

/** Slots of the smallest cache. */
const LEAST_CAPACITY = 16;

export interface CachedModelOptions {
  /** Tokens of a text that are read at once; a longer one is read in parts. Scores are their number times all before. */
  readonly positionsAtOnce?: number;
}

interface StepShape {
  readonly positions: number;
  /** 0 where nothing has been read. */
  readonly capacity: number;
  readonly wanted: "last" | "all";
}

/** Keys and values of what was read, by layer, [B, Hk, S, W] each, under the names of the programs' inputs. */
interface Cache {
  readonly capacity: number;
  readonly arrays: Readonly<Record<string, Float32Array>>;
}

/** Reads one batch of texts at a time. */
export class CachedModel {
  readonly model: Transformer;
  readonly #parameters: ParameterValues;
  readonly #backend: Backend;
  readonly #positionsAtOnce: number;
  readonly #programs = new Map<string, Promise<Executable>>();
  /** By sequences and capacity: programs compiled for these read them. */
  readonly #caches = new Map<string, Cache>();
  #cache: Cache | undefined;
  #lengths: number[] = [];
  #runMs = 0;

  /** The parameters are read at every run: a model in training writes as it is by then. */
  constructor(model: Transformer, parameters: ParameterValues, backend: Backend, options: CachedModelOptions = {}) {
    for (const { name, shape } of model.parameters) {
      const count = parameters[name]?.length;
      if (count !== sizeOf(shape)) {
        throw new ShapeError(`parameter ${name}: found ${count ?? "no"} values, expected ${sizeOf(shape)}`);
      }
    }
    this.model = model;
    this.#parameters = parameters;
    this.#backend = backend;
    this.#positionsAtOnce = options.positionsAtOnce ?? 256;
  }

  /** Begins a batch of texts, of which nothing has been read. The one before must have ended: see `end`. */
  begin(sequences: number): void {
    if (this.#lengths.length > 0) throw new Error("a model reads one batch of texts at a time: the last has not ended");
    this.#lengths = new Array<number>(sequences).fill(0);
    this.#cache = undefined;
  }

  end(): void {
    this.#lengths = [];
  }

  /** Tokens read, by sequence. */
  get lengths(): readonly number[] {
    return this.#lengths;
  }

  /** What its programs have taken, compiling not counted. */
  get runMs(): number {
    return this.#runMs;
  }

  /** Forgets what comes behind the first tokens of a text. */
  rewind(sequence: number, length: number): void {
    this.#lengths[sequence] = Math.min(length, this.#lengths[sequence]!);
  }

  /** Goes on with other texts, each of which has read what one of the present has: `sources` are the numbers of these. */
  branch(sources: readonly number[]): void {
    const before = this.#cache;
    this.#lengths = sources.map((source) => this.#lengths[source]!);
    if (before === undefined) return;
    const cache = this.#cacheOf(before.capacity);
    for (const [name, array] of Object.entries(cache.arrays)) {
      const read = before.arrays[name]!;
      // As many texts as before are read in the same arrays.
      const held = read === array ? read.slice() : read;
      const size = array.length / sources.length;
      for (const [b, source] of sources.entries()) {
        array.set(held.subarray(source * size, (source + 1) * size), b * size);
      }
    }
    this.#cache = cache;
  }

  /**
   * Reads on, in each text by as many tokens as it has here. Gives rows of logits for each: of the last token read, or of
   * all; none where there was nothing to read. They are lent until the next call.
   */
  async read(texts: readonly (readonly number[])[], wanted: StepShape["wanted"] = "last"): Promise<Floats[][]> {
    const rows = texts.map((): Floats[] => []);
    const longest = Math.max(...texts.map(({ length }) => length));
    for (let from = 0; from < longest; from += this.#positionsAtOnce) {
      const parts = texts.map((ids) => ids.slice(from, from + this.#positionsAtOnce));
      const isLast = from + this.#positionsAtOnce >= longest;
      for (const [b, ofPart] of (await this.#step(parts, wanted)).entries()) {
        if (ofPart.length === 0) continue;
        if (wanted === "last") rows[b] = [];
        // The next part's program is mostly the same, and would overwrite them.
        rows[b]!.push(...(isLast ? ofPart : ofPart.map((row) => row.slice())));
      }
    }
    return rows;
  }

  /** Gives the backend's memory back. */
  async close(): Promise<void> {
    const programs = await Promise.all(this.#programs.values());
    this.#programs.clear();
    this.#caches.clear();
    for (const executable of programs) await executable.close();
  }

  async #step(texts: readonly (readonly number[])[], wanted: StepShape["wanted"]): Promise<Floats[][]> {
    const B = this.#lengths.length;
    if (texts.length !== B) throw new RangeError(`found ${texts.length} texts to read, expected ${B}`);
    const { contextLength, vocabSize: V } = this.model.config;
    const after = this.#lengths.map((length, b) => length + texts[b]!.length);
    for (const [b, length] of after.entries()) {
      if (length > contextLength) {
        throw new RangeError(`text ${b}: ${length} tokens, the model reads at most ${contextLength}`);
      }
    }
    const longest = Math.max(...texts.map(({ length }) => length));
    const T = longest <= FEW_POSITIONS ? longest : roundedUp(longest, FEW_POSITIONS, contextLength);
    const executable = await this.#program({ positions: T, capacity: this.#cache?.capacity ?? 0, wanted });
    this.#fill(executable.inputs, texts, T);
    const before = performance.now();
    await executable.run();
    this.#runMs += performance.now() - before;
    this.#remember(executable.outputs, texts, T);
    this.#lengths = after;

    const logits = executable.outputs.logits as Floats;
    const row = (n: number): Floats => logits.subarray(n * V, (n + 1) * V);
    return texts.map((ids, b) => {
      if (wanted === "last") return ids.length > 0 ? [row(b)] : [];
      return ids.map((_, t) => row(b * T + t));
    });
  }

  #fill(inputs: Executable["inputs"], texts: readonly (readonly number[])[], T: number): void {
    const { contextLength, ropeBase } = this.model.config;
    const { headWidth } = sizesOf(this.model.config);
    const S = this.#cache?.capacity ?? 0;
    const positionIds = inputs["position ids"];
    inputs.mask?.fill(HIDDEN);
    for (const [b, ids] of texts.entries()) {
      const length = this.#lengths[b]!;
      // Behind its end a text goes on with zeros, which nobody looks at.
      inputs.tokens!.fill(0, b * T, (b + 1) * T).set(ids, b * T);
      if (inputs.wanted !== undefined) inputs.wanted[b] = b * T + Math.max(0, ids.length - 1);
      if (inputs.cos !== undefined) {
        const { cos, sin } = rotations(length, T, headWidth, ropeBase);
        inputs.cos.set(cos, b * cos.length);
        inputs.sin!.set(sin, b * sin.length);
      }
      for (let t = 0; t < T; t++) {
        if (positionIds !== undefined) positionIds[b * T + t] = Math.min(length + t, contextLength - 1);
        const row = (b * T + t) * (S + T);
        inputs.mask?.fill(0, row, row + length).fill(0, row + S, row + S + t + 1);
      }
    }
  }

  /** Writes keys and values of the tokens read behind those of their texts. */
  #remember(outputs: Executable["outputs"], texts: readonly (readonly number[])[], T: number): void {
    const { headWidth: W, kvHeads } = sizesOf(this.model.config);
    this.#makeRoom(Math.max(...this.#lengths.map((length, b) => length + texts[b]!.length)));
    const { arrays, capacity: S } = this.#cache!;
    for (const [name, array] of Object.entries(arrays)) {
      const present = outputs[presentName(name)]!;
      for (const [b, { length }] of texts.entries()) {
        for (let h = b * kvHeads; h < (b + 1) * kvHeads; h++) {
          array.set(present.subarray(h * T * W, (h * T + length) * W), (h * S + this.#lengths[b]!) * W);
        }
      }
    }
  }

  /** Moves what was read to a larger cache, where it would not hold `length` tokens of a text. */
  #makeRoom(length: number): void {
    const before = this.#cache;
    if (before !== undefined && length <= before.capacity) return;
    const { contextLength } = this.model.config;
    const { headWidth: W } = sizesOf(this.model.config);
    const cache = this.#cacheOf(roundedUp(length, LEAST_CAPACITY, contextLength));
    for (const [name, array] of Object.entries(cache.arrays)) {
      // What an earlier batch has left is multiplied by 0, which does no good where it is not a number.
      array.fill(0);
      const held = before?.arrays[name];
      if (held === undefined) continue;
      const [from, to] = [before!.capacity * W, cache.capacity * W];
      for (let h = 0; h * from < held.length; h++) array.set(held.subarray(h * from, (h + 1) * from), h * to);
    }
    this.#cache = cache;
  }

  #cacheOf(capacity: number): Cache {
    const B = this.#lengths.length;
    const key = `${B} ${capacity}`;
    const made = this.#caches.get(key);
    if (made !== undefined) return made;
    const size = sizeOf(this.#pastShape(capacity));
    const names = Array.from({ length: this.model.config.layers }, (_, layer) => pastNames(layer)).flat();
    const cache = { capacity, arrays: Object.fromEntries(names.map((name) => [name, new Float32Array(size)])) };
    this.#caches.set(key, cache);
    return cache;
  }

  #program(shape: StepShape): Promise<Executable> {
    const { positions, capacity, wanted } = shape;
    const key = `${this.#lengths.length} ${positions} ${capacity} ${wanted}`;
    let program = this.#programs.get(key);
    if (program === undefined) {
      const storage = { ...this.#parameters, ...this.#cache?.arrays };
      program = this.#backend.compile(this.#programOf(shape), storage);
      this.#programs.set(key, program);
    }
    return program;
  }

  /**
   * Inputs: tokens [B · T], the parameters, for the logits of the last tokens alone their rows `wanted` [B], and behind what
   * was read already `mask` [B, 1, T, S + T], cos and sin [B, 1, T, W / 2] or `position ids` [B · T], and the caches.
   */
  #programOf({ positions: T, capacity: S, wanted }: StepShape): Program {
    const B = this.#lengths.length;
    const { layers } = this.model.config;
    const { headWidth: W } = sizesOf(this.model.config);
    const angles = [B, 1, T, W / 2];
    const pastOf = (layer: number): KeysAndValues => {
      const [keys, values] = pastNames(layer);
      return { keys: input(keys, this.#pastShape(S)), values: input(values, this.#pastShape(S)) };
    };
    const { logits, present } = this.model.forward({
      tokens: input("tokens", [B * T], "int"),
      sequences: B,
      ...(wanted === "last" && { wanted: input("wanted", [B], "int") }),
      ...(S > 0 && {
        past: Array.from({ length: layers }, (_, layer) => pastOf(layer)),
        mask: input("mask", [B, 1, T, S + T]),
        ...(this.model.config.positions === "rope" && {
          angles: { cos: input("cos", angles), sin: input("sin", angles) },
        }),
        positionIds: input("position ids", [B * T], "int"),
      }),
    });
    const outputs: Record<string, Tensor> = { logits };
    for (const [layer, { keys, values }] of present.entries()) {
      const [ofKeys, ofValues] = pastNames(layer);
      outputs[presentName(ofKeys)] = keys;
      outputs[presentName(ofValues)] = values;
    }
    return { outputs };
  }

  #pastShape(S: number): number[] {
    const { headWidth, kvHeads } = sizesOf(this.model.config);
    return [this.#lengths.length, kvHeads, S, headWidth];
  }
}

function pastNames(layer: number): [keys: string, values: string] {
  return [`past keys ${layer}`, `past values ${layer}`];
}

function presentName(past: string): string {
  return past.replace("past", "present");
}

/** The next power of two that is not below `least`; never more than `most`, which is large enough. */
function roundedUp(count: number, least: number, most: number): number {
  let size = least;
  while (size < count) size *= 2;
  return Math.min(size, most);
}
