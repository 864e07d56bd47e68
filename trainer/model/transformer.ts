import { type Angles, add, anglesOf, concat, gatherRows, mul, reshape } from "../ir/ops/index.ts";
import { constant, input, ShapeError, sameShape, showShape, type Tensor } from "../ir/tensor.ts";
import { type ModelConfig, sizesOf } from "./config.ts";
import {
  attention,
  causalMask,
  feedForward,
  joinHeads,
  layerNorm,
  linear,
  rmsNorm,
  splitHeads,
  swiglu,
  turned,
} from "./layers.ts";
import { type Parameter, parametersOf } from "./parameters.ts";

export interface ForwardOptions {
  /** Ids, B sequences of T one after the other. */
  readonly tokens: Tensor;
  readonly sequences: number;
  /** What positions may look at; by default themselves and what is before them. */
  readonly mask?: Tensor;
  /** Of the positions, the same for all sequences or each its own (see `ropeOp`); by default 0 and up. */
  readonly angles?: Angles;
  /** Rows of learned positions, [T] or, each sequence its own, [B · T]; by default the first ones. */
  readonly positionIds?: Tensor;
  /** Keys and values of what came before, by layer, [B, Hk, S, W] each: see generation. */
  readonly past?: readonly KeysAndValues[];
  /** Rows of the B · T that logits are wanted of; by default all. */
  readonly wanted?: Tensor;
  /** Called for what dropout applies to. */
  readonly dropout?: (x: Tensor) => Tensor;
}

export interface KeysAndValues {
  readonly keys: Tensor;
  readonly values: Tensor;
}

export interface Forward {
  /** [B · T, V], or as many rows as are wanted. */
  readonly logits: Tensor;
  /** What logits are made of, [B · T, D], or as many rows as are wanted. */
  readonly hidden: Tensor;
  /** Of the positions given, by layer: [B, Hk, T, W]. */
  readonly present: readonly KeysAndValues[];
}

/** A model as a program: parameters are inputs that carry their names. */
export class Transformer {
  readonly config: ModelConfig;
  readonly parameters: readonly Parameter[];
  readonly #tensors: ReadonlyMap<string, Tensor>;

  constructor(config: ModelConfig) {
    this.config = config;
    this.parameters = parametersOf(config);
    this.#tensors = new Map(this.parameters.map(({ name, shape }) => [name, input(name, shape)]));
  }

  /** Raises ShapeError for a name that the model does not have. */
  tensor(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new ShapeError(`model: no parameter ${name}`);
    return tensor;
  }

  forward(options: ForwardOptions): Forward {
    const { tokens, sequences: B, past, wanted, dropout = (x) => x } = options;
    const { layers, normPlacement, positions, ropeBase, tied } = this.config;
    const { headWidth } = sizesOf(this.config);
    const T = tokens.shape[0]! / B;
    if (!Number.isInteger(T)) throw new ShapeError(`${showShape(tokens.shape)} tokens are not ${B} sequences`);
    const mask = options.mask ?? causalMask(T);
    const angles = positions === "rope" ? (options.angles ?? anglesOf(T, headWidth, ropeBase)) : undefined;

    let x = gatherRows(this.tensor("embedding"), tokens);
    if (positions === "learned") x = this.#withPositions(x, B, T, options.positionIds);
    x = dropout(x);
    const present: KeysAndValues[] = [];
    for (let layer = 0; layer < layers; layer++) {
      const block = `blocks.${layer}`;
      const attend = (h: Tensor): Tensor => {
        const { mixed, now } = this.#attention(h, `${block}.attention`, { B, T, mask, angles, before: past?.[layer] });
        present.push(now);
        return dropout(mixed);
      };
      x = this.#added(x, `${block}.attention.norm`, attend);
      x = this.#added(x, `${block}.feedforward.norm`, (h) => dropout(this.#feedForward(h, `${block}.feedforward`)));
    }
    if (wanted !== undefined) x = gatherRows(x, wanted);
    if (normPlacement === "pre") x = this.#norm(x, "norm");
    const logits = linear(x, this.tensor(tied ? "embedding" : "unembedding"));
    return { logits, hidden: x, present };
  }

  /** x and what a part makes of it. */
  #added(x: Tensor, norm: string, part: (h: Tensor) => Tensor): Tensor {
    switch (this.config.normPlacement) {
      case "pre":
        return add(x, part(this.#norm(x, norm)));
      case "post":
        return this.#norm(add(x, part(x)), norm);
      case "none":
        return add(x, part(x));
    }
  }

  #norm(x: Tensor, name: string): Tensor {
    const { norm, normEpsilon } = this.config;
    const gain = this.tensor(`${name}.gain`);
    return norm === "rms"
      ? rmsNorm(x, gain, normEpsilon)
      : layerNorm(x, gain, this.tensor(`${name}.shift`), normEpsilon);
  }

  #withPositions(x: Tensor, B: number, T: number, ids: Tensor | undefined): Tensor {
    const { width, contextLength } = this.config;
    if (ids === undefined && T > contextLength) {
      throw new ShapeError(`${T} positions, the model has learned ${contextLength}`);
    }
    const table = this.tensor("positions");
    const rows = gatherRows(table, ids ?? idsUpTo(T));
    if (sameShape(rows.shape, x.shape)) return add(x, rows);
    return reshape(add(reshape(x, [B, T, width]), rows), [B * T, width]);
  }

  #attention(
    x: Tensor,
    name: string,
    {
      B,
      T,
      mask,
      angles,
      before,
    }: { B: number; T: number; mask: Tensor; angles: Angles | undefined; before: KeysAndValues | undefined },
  ): { mixed: Tensor; now: KeysAndValues } {
    const { headWidth: W } = sizesOf(this.config);
    const heads = (part: string): Tensor => splitHeads(linear(x, this.tensor(`${name}.${part}`)), B, T, W);
    const normal = (h: Tensor, part: string): Tensor =>
      this.config.qkNorm ? this.#norm(h, `${name}.${part}.norm`) : h;
    const queries = turned(normal(heads("query"), "query"), angles);
    const now = { keys: turned(normal(heads("key"), "key"), angles), values: heads("value") };
    const keys = before === undefined ? now.keys : concat([before.keys, now.keys], 2);
    const values = before === undefined ? now.values : concat([before.values, now.values], 2);
    const mixed = joinHeads(attention({ queries, keys, values, mask }));
    return { mixed: linear(mixed, this.tensor(`${name}.output`)), now };
  }

  #feedForward(x: Tensor, name: string): Tensor {
    const [into, out] = [this.tensor(`${name}.in`), this.tensor(`${name}.out`)];
    const { activation } = this.config;
    return activation === "swiglu"
      ? swiglu(x, into, this.tensor(`${name}.gate`), out)
      : feedForward(x, into, out, activation);
  }
}

/** Ids 0 to T - 1. */
function idsUpTo(T: number): Tensor {
  return constant(
    Int32Array.from({ length: T }, (_, t) => t),
    [T],
  );
}

/** Leaves out what a mask of 0 and 1 / (1 - p) says: an input of its own for each place, drawn by the host. */
export function dropoutInputs(): { dropout: (x: Tensor) => Tensor; names: string[] } {
  const names: string[] = [];
  const dropout = (x: Tensor): Tensor => {
    names.push(`dropout ${names.length}`);
    return mul(x, input(names.at(-1)!, x.shape));
  };
  return { dropout, names };
}
