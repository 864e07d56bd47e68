/**
 * Programs on TensorFlow.js, for those who have it: each op as a few of its functions, one after the other. Only what
 * TensorFlow.js computes is used; gradients come from the program.
 */
import util from "node:util";
import type { Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { oneLine, RecipeError } from "../../pipeline/errors.ts";
import type { Values } from "../ir/op.ts";
import { inOrderOfUse, inputsOf, type Program, type Shape, sameShape, sizeOf, type Tensor } from "../ir/tensor.ts";
import type { Backend, Executable } from "./backend.ts";

type Tf = typeof import("@tensorflow/tfjs-core");

/** Packages by name, with what imports them. */
type Packages = Readonly<Record<string, () => Promise<unknown>>>;

/** Fastest first. */
const PACKAGES: Packages = {
  "@tensorflow/tfjs-node-gpu": async () => {
    mendUtil();
    return (await import("@tensorflow/tfjs-node-gpu")).default;
  },
  "@tensorflow/tfjs-node": async () => {
    mendUtil();
    return (await import("@tensorflow/tfjs-node")).default;
  },
  // Plain JavaScript: the parts of @tensorflow/tfjs that compute.
  "@tensorflow/tfjs-core": async () => {
    const { default: tf } = await import("@tensorflow/tfjs-core");
    await import("@tensorflow/tfjs-backend-cpu");
    return tf;
  },
};

/** TensorFlow.js, by the fastest of its packages that is installed. Raises RecipeError where none is. */
export async function tfjsBackend(packages: Packages = PACKAGES): Promise<Backend> {
  const tf = await load(packages);
  // Shapes were checked when the program was built; what is left to say is advice on which package to take.
  tf.enableProdMode();
  await tf.ready();
  return { name: "tfjs", compile: async (program, storage = {}) => executableOf(tf, program, storage) };
}

async function load(packages: Packages): Promise<Tf> {
  for (const [name, importPackage] of Object.entries(packages)) {
    try {
      return (await importPackage()) as Tf;
    } catch (error) {
      // One that is there and broken is not passed over: the next one may be a thousand times slower.
      if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") continue;
      throw new RecipeError(`backend "tfjs": the package ${name} cannot be loaded (${oneLine(error)})`);
    }
  }
  throw new RecipeError(
    `backend "tfjs": TensorFlow.js is not installed; "npm install @tensorflow/tfjs-node-gpu" brings it, and "reference" does without`,
  );
}

/** tfjs-node 4.22 calls a function that Node 23 removed (tensorflow/tfjs#8425). */
function mendUtil(): void {
  if ("isNullOrUndefined" in util) return;
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
}

function executableOf(tf: Tf, program: Program, storage: Readonly<Record<string, Values>>): Executable {
  const order = inOrderOfUse(Object.values(program.outputs));
  const lastUses = lastUsesOf(order, program);
  const constants = new Map<Tensor, TfTensor>();
  for (const tensor of order) {
    if (tensor.op === "constant") {
      constants.set(tensor, tensorOf(tf, tensor, arrayOf(tensor, tensor.values)));
    } else if (tensor.op !== "input" && LOWER[tensor.op] === undefined) {
      throw new Error(`tfjs: no op "${tensor.op}" (a backend has a line for every op)`);
    }
  }
  const inputs: Record<string, Values> = {};
  for (const [name, tensor] of inputsOf(program)) inputs[name] = storage[name] ?? arrayOf(tensor);
  const outputs: Record<string, Values> = {};
  for (const [name, tensor] of Object.entries(program.outputs)) outputs[name] = arrayOf(tensor);

  const compute = (tensor: Tensor, values: ReadonlyMap<Tensor, TfTensor>): TfTensor => {
    if (tensor.op === "input") return tensorOf(tf, tensor, inputs[tensor.name!]!);
    const operands = tensor.inputs.map((input) => values.get(input)!);
    return tf.tidy(() => LOWER[tensor.op]!(tf, operands, tensor));
  };
  return {
    inputs,
    outputs,
    async run() {
      tf.tidy(() => {
        const values = new Map(constants);
        for (const tensor of order) {
          if (constants.has(tensor)) continue;
          values.set(tensor, compute(tensor, values));
          for (const used of lastUses.get(tensor) ?? []) values.get(used)!.dispose();
        }
        for (const [name, tensor] of Object.entries(program.outputs))
          outputs[name]!.set(values.get(tensor)!.dataSync());
      });
    },
    async close() {
      tf.dispose([...constants.values()]);
    },
  };
}

/** What is of no more use once a tensor is computed. */
function lastUsesOf(order: readonly Tensor[], { outputs }: Program): Map<Tensor, Tensor[]> {
  const last = new Map<Tensor, Tensor>();
  for (const tensor of order) {
    for (const input of tensor.inputs) if (input.op !== "constant") last.set(input, tensor);
  }
  for (const tensor of Object.values(outputs)) last.delete(tensor);
  return Map.groupBy(last.keys(), (tensor) => last.get(tensor)!);
}

function arrayOf({ kind, shape }: Tensor, values: ArrayLike<number> = { length: sizeOf(shape) }): Values {
  return kind === "int" ? Int32Array.from(values) : Float32Array.from(values);
}

function tensorOf(tf: Tf, { kind, shape }: Tensor, values: Values): TfTensor {
  return tf.tensor(values as Float32Array | Int32Array, [...shape], kind === "int" ? "int32" : "float32");
}

/** What becomes of an op, given its inputs as TensorFlow.js has them. */
type Lower = (tf: Tf, inputs: readonly TfTensor[], tensor: Tensor) => TfTensor;

type Unary = "neg" | "exp" | "log" | "sqrt" | "reciprocal" | "sigmoid" | "tanh" | "erf" | "softmax";
const unary =
  (name: Unary): Lower =>
  (tf, [x]) =>
    tf[name](x!);

type Binary = "add" | "sub" | "mul" | "div" | "minimum" | "maximum";
const binary =
  (name: Binary): Lower =>
  (tf, [a, b]) =>
    tf[name](a!, b!);

const LOWER: Readonly<Record<string, Lower>> = {
  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  div: binary("div"),
  minimum: binary("minimum"),
  maximum: binary("maximum"),
  lessOrEqual: (tf, [a, b]) => tf.cast(tf.lessEqual(a!, b!), "float32"),
  neg: unary("neg"),
  exp: unary("exp"),
  log: unary("log"),
  sqrt: unary("sqrt"),
  reciprocal: unary("reciprocal"),
  sigmoid: unary("sigmoid"),
  tanh: unary("tanh"),
  erf: unary("erf"),
  silu: (tf, [x]) => tf.mul(x!, tf.sigmoid(x!)),
  gelu: (tf, [x]) => tf.mul(tf.mul(x!, 0.5), tf.add(tf.erf(tf.mul(x!, Math.SQRT1_2)), 1)),

  sum: (tf, [x], { attributes }) => tf.sum(x!, axesOf(attributes.axes), true),
  max: (tf, [x], { attributes }) => tf.max(x!, axesOf(attributes.axes), true),
  argmax: (tf, [x]) => tf.argMax(x!, 1),
  expand: (tf, [x], { shape }) => tf.broadcastTo(x!, [...shape]),
  reshape: (tf, [x], { shape }) => tf.reshape(x!, [...shape]),
  transpose: (tf, [x], { attributes }) => tf.transpose(x!, axesOf(attributes.order)),
  slice: (tf, [x], { shape, attributes: { axis, from } }) => {
    const first = shape.map(() => 0).with(axis as number, from as number);
    return tf.slice(x!, first, [...shape]);
  },
  pad: (tf, [x], { shape, attributes: { axis, before, after } }) =>
    tf.pad(
      x!,
      shape.map((_, n) => (n === axis ? [before as number, after as number] : [0, 0])),
    ),
  concat: (tf, parts, { attributes }) => tf.concat([...parts], attributes.axis as number),

  matmul: (tf, [a, b], { shape, attributes: { transposeA, transposeB, scale } }) => {
    const batch = shape.slice(0, -2);
    const product = tf.matMul(batched(tf, a!, batch), batched(tf, b!, batch), transposeA === true, transposeB === true);
    return scale === 1 ? product : tf.mul(product, scale as number);
  },

  gatherRows: (tf, [table, ids]) => tf.gather(table!, ids!),
  // As a product with ones and zeros: a GPU would add rows in whatever order they come.
  sumRows: (tf, [rows, ids], { shape: [count] }) => tf.matMul(oneHot(tf, ids!, count!), rows!, true),
  pick: (tf, [x, ids]) => tf.gatherND(x!, places(tf, ids!)),
  place: (tf, [x, ids], { shape }) => tf.scatterND(places(tf, ids!), x!, [...shape]),
  softmax: unary("softmax"),
  crossEntropy: (tf, [logits, targets]) => tf.sub(tf.logSumExp(logits!, 1), tf.gatherND(logits!, places(tf, targets!))),
  crossEntropyGradient: (tf, [logits, targets, d], { shape: [rows, width] }) =>
    tf.mul(tf.sub(tf.softmax(logits!), oneHot(tf, targets!, width!)), tf.reshape(d!, [rows!, 1])),
  rope: (tf, [x, cos, sin], { shape, attributes: { halves, backwards } }) => {
    const [front, half] = [shape.slice(0, -1), shape.at(-1)! / 2];
    const pairs = halves === true ? [...front, 2, half] : [...front, half, 2];
    const axis = halves === true ? front.length : front.length + 1;
    const [a, b] = tf.unstack(tf.reshape(x!, pairs), axis) as [TfTensor, TfTensor];
    const s = backwards === true ? tf.neg(sin!) : sin!;
    const turned = [tf.sub(tf.mul(a, cos!), tf.mul(b, s)), tf.add(tf.mul(a, s), tf.mul(b, cos!))];
    return tf.reshape(tf.stack(turned, axis), [...shape]);
  },
};

function axesOf(axes: unknown): number[] {
  return [...(axes as readonly number[])];
}

/** Matrices repeated as often as the product has them: kernels differ in what they would broadcast themselves. */
function batched(tf: Tf, x: TfTensor, batch: Shape): TfTensor {
  return sameShape(x.shape.slice(0, -2), batch) ? x : tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
}

/** Ids [N] as rows [N, V] of zeros with a one each. */
function oneHot(tf: Tf, ids: TfTensor, width: number): TfTensor {
  return tf.oneHot(ids, width, 1, 0, "float32");
}

/** Ids [N] as places [N, 2] in a matrix: row n, column ids[n]. */
function places(tf: Tf, ids: TfTensor): TfTensor {
  return tf.stack([tf.range(0, ids.size, 1, "int32"), ids], 1);
}
