/** What becomes of each op in ONNX: standard ops, and some that ONNX Runtime adds where they save passes over memory. */
import { broadcastShape, type Shape, sameShape, sizeOf, type Tensor } from "../../ir/tensor.ts";
import { type AttributeValue, ELEMENT, type Element, GraphWriter, MICROSOFT } from "./protobuf.ts";

/** A graph in the making, in which every tensor has a name. */
export class Lowering {
  readonly graph = new GraphWriter();
  readonly #names = new Map<Tensor, string>();
  /** What several tensors share: constants, the softmax of a loss and of its gradient. */
  readonly #shared = new Map<string, string>();
  #count = 0;

  /** Adds a tensor, whose inputs were added before. */
  add(tensor: Tensor): void {
    this.#names.set(tensor, this.#lowered(tensor));
  }

  #lowered(tensor: Tensor): string {
    if (tensor.op === "input") {
      const name = this.#fresh();
      this.graph.input(name, elementOf(tensor), tensor.shape);
      return name;
    }
    if (tensor.op === "constant") {
      const values = tensor.kind === "int" ? Int32Array.from(tensor.values!) : Float32Array.from(tensor.values!);
      return this.#initializer(elementOf(tensor), tensor.shape, values);
    }
    const lower = LOWER[tensor.op];
    if (lower === undefined) throw new Error(`onnx: no op "${tensor.op}" (a backend has a line for every op)`);
    return lower(this, tensor);
  }

  nameOf(tensor: Tensor): string {
    return this.#names.get(tensor)!;
  }

  /** A node with one output. */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain?: string,
  ): string {
    const name = this.#fresh();
    this.graph.node(type, inputs, [name], attributes, domain);
    return name;
  }

  /** The same name for the same key. */
  share(key: string, make: () => string): string {
    const name = this.#shared.get(key) ?? make();
    this.#shared.set(key, name);
    return name;
  }

  float(value: number): string {
    return this.share(`float ${value}`, () => this.#initializer("float", [], Float32Array.of(value)));
  }

  floats(key: string, shape: Shape, make: () => Float32Array): string {
    return this.share(key, () => this.#initializer("float", shape, make()));
  }

  ints(values: readonly number[]): string {
    return this.share(`ints ${values}`, () =>
      this.#initializer("int64", [values.length], BigInt64Array.from(values, BigInt)),
    );
  }

  #initializer(element: Element, shape: Shape, values: ArrayBufferView): string {
    const name = this.#fresh();
    this.graph.initializer(name, element, shape, values);
    return name;
  }

  #fresh(): string {
    return `t${this.#count++}`;
  }
}

export function elementOf({ kind }: Tensor): Element {
  return kind === "int" ? "int32" : "float";
}

type Lower = (to: Lowering, tensor: Tensor) => string;

/** An op that ONNX has, too. */
function same(type: string, domain?: string, attributes: Readonly<Record<string, AttributeValue>> = {}): Lower {
  return (to, { inputs }) =>
    to.node(
      type,
      inputs.map((input) => to.nameOf(input)),
      attributes,
      domain,
    );
}

/** The same for two tensors; what was repeated only to fit the other need not be. */
function binary(type: string): Lower {
  return (to, tensor) => {
    const [a, b] = tensor.inputs as [Tensor, Tensor];
    const shorter = (x: Tensor, other: Tensor): Tensor => {
      if (x.op !== "expand") return x;
      const fits = sameShape(broadcastShape(x.inputs[0]!.shape, other.shape), tensor.shape);
      return fits ? x.inputs[0]! : x;
    };
    const first = shorter(a, b);
    return to.node(type, [to.nameOf(first), to.nameOf(shorter(b, first))]);
  };
}

function column(to: Lowering, ids: Tensor): string {
  const name = to.nameOf(ids);
  return to.share(`column ${name}`, () => to.node("Reshape", [name, to.ints([sizeOf(ids.shape), 1])]));
}

/** A loss and its gradient share the softmax. */
function softmaxOf(to: Lowering, logits: Tensor): string {
  const name = to.nameOf(logits);
  return to.share(`softmax ${name}`, () => to.node("Softmax", [name], { axis: -1 }));
}

const LOWER: Readonly<Record<string, Lower>> = {
  add: binary("Add"),
  sub: binary("Sub"),
  mul: binary("Mul"),
  div: binary("Div"),
  minimum: binary("Min"),
  maximum: binary("Max"),
  lessOrEqual: (to, tensor) => to.node("Cast", [binary("LessOrEqual")(to, tensor)], { to: ELEMENT.float }),
  neg: same("Neg"),
  exp: same("Exp"),
  log: same("Log"),
  sqrt: same("Sqrt"),
  reciprocal: same("Reciprocal"),
  sigmoid: same("Sigmoid"),
  tanh: same("Tanh"),
  erf: same("Erf"),
  silu: same("QuickGelu", MICROSOFT, { alpha: { float: 1 } }),
  gelu: same("Gelu"),

  sum: (to, { inputs: [x], attributes }) => reduce(to, "ReduceSum", x!, attributes.axes as readonly number[]),
  max: (to, { inputs: [x], attributes }) => reduce(to, "ReduceMax", x!, attributes.axes as readonly number[]),
  argmax: (to, { inputs: [x] }) =>
    to.node("Cast", [to.node("ArgMax", [to.nameOf(x!)], { axis: -1, keepdims: 0 })], { to: ELEMENT.int32 }),
  expand: (to, { inputs: [x], shape }) => to.node("Expand", [to.nameOf(x!), to.ints(shape)]),
  reshape: (to, { inputs: [x], shape }) => to.node("Reshape", [to.nameOf(x!), to.ints(shape)]),
  transpose: (to, { inputs: [x], attributes }) =>
    to.node("Transpose", [to.nameOf(x!)], { perm: attributes.order as readonly number[] }),
  slice: (to, { inputs: [x], attributes: { axis, from, to: end } }) =>
    to.node("Slice", [to.nameOf(x!), ...[from, end, axis].map((value) => to.ints([value as number]))]),
  pad: (to, { inputs: [x], shape, attributes: { axis, before, after } }) => {
    const zeros = shape.map(() => 0);
    const pads = [...zeros.with(axis as number, before as number), ...zeros.with(axis as number, after as number)];
    return to.node("Pad", [to.nameOf(x!), to.ints(pads)]);
  },
  concat: (to, { inputs, attributes }) =>
    to.node(
      "Concat",
      inputs.map((part) => to.nameOf(part)),
      { axis: attributes.axis as number },
    ),

  matmul: (to, { inputs, attributes: { transposeA, transposeB, scale } }) => {
    const names = inputs.map((input) => to.nameOf(input));
    const flags = { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: scale as number } };
    const areMatrices = inputs.every(({ shape }) => shape.length === 2);
    return areMatrices ? to.node("Gemm", names, flags) : to.node("FusedMatMul", names, flags, MICROSOFT);
  },

  gatherRows: same("Gather"),
  // As a product with ones and zeros: in order, whatever the threads. Where it is the last step, it is not done here at all.
  sumRows: (to, { inputs: [rows, ids], shape: [count] }) => {
    const size = sizeOf(ids!.shape);
    const zeros = to.node("ConstantOfShape", [to.ints([size, count!])]);
    const ones = to.floats(`ones ${size}`, [size, 1], () => new Float32Array(size).fill(1));
    const places = to.node("ScatterElements", [zeros, column(to, ids!), ones], { axis: 1 });
    return to.node("Gemm", [places, to.nameOf(rows!)], { transA: 1 });
  },
  pick: (to, { inputs: [x, ids], shape }) => {
    const picked = to.node("GatherElements", [to.nameOf(x!), column(to, ids!)], { axis: 1 });
    return to.node("Reshape", [picked, to.ints(shape)]);
  },
  place: (to, { inputs: [x, ids], shape }) => {
    const zeros = to.node("ConstantOfShape", [to.ints(shape)]);
    return to.node("ScatterElements", [zeros, column(to, ids!), column(to, x!)], { axis: 1 });
  },
  softmax: (to, { inputs: [x] }) => softmaxOf(to, x!),
  // The largest probability is exp(0) / Σ exp(logit - largest): its logarithm is the sum's, and needs no pass of its own.
  crossEntropy: (to, { inputs: [logits, targets], shape }) => {
    const largest = reduce(to, "ReduceMax", logits!, [1]);
    const sum = to.node("Log", [to.node("ReduceMax", [softmaxOf(to, logits!), to.ints([1])], { keepdims: 1 })]);
    const target = to.node("GatherElements", [to.nameOf(logits!), column(to, targets!)], { axis: 1 });
    // In this order: where logits are large, their difference is exact.
    const loss = to.node("Sub", [to.node("Sub", [largest, target]), sum]);
    return to.node("Reshape", [loss, to.ints(shape)]);
  },
  crossEntropyGradient: (to, { inputs: [logits, targets, d], shape: [rows] }) => {
    const minusOnes = to.floats(`minus ${rows}`, [rows!, 1], () => new Float32Array(rows!).fill(-1));
    const difference = to.node("ScatterElements", [softmaxOf(to, logits!), column(to, targets!), minusOnes], {
      axis: 1,
      reduction: "add",
    });
    return to.node("Mul", [difference, column(to, d!)]);
  },
  rope: (to, { inputs: [x, cos, sin], shape, attributes: { halves, backwards } }) => {
    const [positions, width] = [shape.at(-2)!, shape.at(-1)!];
    const turns = to.nameOf(sin!);
    const back = backwards === true ? to.share(`minus ${turns}`, () => to.node("Neg", [turns])) : turns;
    // ONNX Runtime takes [sequences, heads, positions, width], and angles from a table, by position.
    const isFour = shape.length === 4;
    const four = to.ints([1, sizeOf(shape) / positions / width, positions, width]);
    const from = isFour ? to.nameOf(x!) : to.node("Reshape", [to.nameOf(x!), four]);
    const places = angleTables(to, cos!.shape);
    const names = [from, places.ids, places.table(to.nameOf(cos!)), places.table(back)];
    const turned = to.node("RotaryEmbedding", names, { interleaved: halves === true ? 0 : 1 }, MICROSOFT);
    return isFour ? turned : to.node("Reshape", [turned, to.ints(shape)]);
  },
};

/** Angles as rows of a table, and which of them are whose: from the first on, or each sequence's own. */
function angleTables(to: Lowering, shape: Shape): { ids: string; table: (name: string) => string } {
  if (shape.length === 2) return { ids: to.ints([0]), table: (name) => name };
  const [sequences, , positions, half] = shape as [number, number, number, number];
  const rows = sequences * positions;
  const ids = to.share(`positions ${sequences} ${positions}`, () => {
    const numbers = to.ints(Array.from({ length: rows }, (_, row) => row));
    return to.node("Reshape", [numbers, to.ints([sequences, positions])]);
  });
  const table = (name: string) => to.share(`table ${name}`, () => to.node("Reshape", [name, to.ints([rows, half])]));
  return { ids, table };
}

function reduce(to: Lowering, type: string, x: Tensor, axes: readonly number[]): string {
  return to.node(type, [to.nameOf(x), to.ints(axes)], { keepdims: 1 });
}
