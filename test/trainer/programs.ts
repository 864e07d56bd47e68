/** One small program for every op, with seeded random inputs: what gradients and backends are tested on. */
import { seededRandom } from "../../pipeline/random.ts";
import * as ops from "../../trainer/ir/ops/index.ts";
import { constant, input, type Shape, sizeOf, type Tensor } from "../../trainer/ir/tensor.ts";

export interface Case {
  readonly name: string;
  /** The op under test, somewhere in the program. */
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly result: Tensor;
  /** Values in the order of the inputs. */
  readonly values: readonly (readonly number[])[];
}

interface Draft {
  readonly shapes: readonly Shape[];
  readonly build: (tensors: readonly Tensor[]) => Tensor;
  /** Where values come from: by default a normal distribution. */
  readonly draw?: (normal: number) => number;
  /** Inputs that are ids, below the number given. */
  readonly ids?: Readonly<Record<number, number>>;
}

const positive = (x: number): number => 0.3 + Math.abs(x);
const apart = (x: number): number => Math.sign(x) * (0.05 + Math.abs(x));

const DRAFTS: Readonly<Record<string, readonly Draft[]>> = {
  add: [
    two((a, b) => ops.add(a, b)),
    two(
      (a, b) => ops.add(a, b),
      [
        [2, 3, 4],
        [3, 1],
      ],
    ),
    two((a, b) => ops.add(a, b), [[], [2, 3]]),
  ],
  sub: [two((a, b) => ops.sub(a, b)), two((a, b) => ops.sub(a, b), [[4], [2, 1, 4]])],
  mul: [
    two((a, b) => ops.mul(a, b)),
    two(
      (a, b) => ops.mul(a, b),
      [
        [2, 1, 4],
        [3, 4],
      ],
    ),
    two((a, b) => ops.mul(a, b), [[1], [2, 3]]),
  ],
  div: [
    two((a, b) => ops.div(a, b), undefined, positive),
    two(
      (a, b) => ops.div(a, b),
      [
        [2, 3],
        [2, 1],
      ],
      positive,
    ),
  ],
  minimum: [two((a, b) => ops.minimum(a, b)), two((a, b) => ops.minimum(a, b), [[2, 3], [3]])],
  maximum: [two((a, b) => ops.maximum(a, b)), two((a, b) => ops.maximum(a, b), [[2, 3], [3]])],
  lessOrEqual: [two((a, b) => ops.mul(a, ops.lessOrEqual(a, b)))],
  neg: [one((x) => ops.neg(x))],
  exp: [one((x) => ops.exp(x))],
  log: [one((x) => ops.log(x), positive)],
  sqrt: [one((x) => ops.sqrt(x), positive)],
  reciprocal: [one((x) => ops.reciprocal(x), positive)],
  sigmoid: [one((x) => ops.sigmoid(x))],
  tanh: [one((x) => ops.tanh(x)), one((x) => ops.geluTanh(x))],
  erf: [
    one((x) => ops.erf(x)),
    one(
      (x) => ops.erf(x),
      (x) => 2 * x,
    ),
  ],
  silu: [one((x) => ops.silu(x))],
  gelu: [one((x) => ops.gelu(x))],
  sum: [
    one((x) => ops.sum(x)),
    one((x) => ops.sum(x, [1])),
    one((x) => ops.mean(x, [-1])),
    one((x) => ops.sum(x, [0, 2])),
  ],
  max: [one(logSumExp, apart)],
  argmax: [one((x) => ops.pick(x, ops.argmax(x)), undefined, [5, 7])],
  expand: [one((x) => ops.expand(x, [2, 3, 4]), undefined, [3, 1]), one((x) => ops.expand(x, [2, 2]), undefined, [])],
  reshape: [one((x) => ops.reshape(x, [6, 4])), one((x) => ops.total(x))],
  transpose: [one((x) => ops.transpose(x, [2, 0, 1])), one((x) => ops.transpose(x, [1, 0]), undefined, [3, 5])],
  slice: [one((x) => ops.slice(x, 1, 1, 3)), one((x) => ops.slice(x, -1, 0, 2)), one((x) => ops.slice(x, 0, 1, 2))],
  pad: [one((x) => ops.pad(x, 1, 1, 2)), one((x) => ops.pad(x, -1, 0, 3))],
  concat: [
    {
      shapes: [
        [2, 3],
        [2, 1],
        [2, 4],
      ],
      build: (parts) => ops.concat(parts, 1),
    },
    {
      shapes: [
        [1, 2, 3],
        [2, 2, 3],
      ],
      build: (parts) => ops.concat(parts, 0),
    },
  ],
  matmul: [
    two(
      (a, b) => ops.matmul(a, b),
      [
        [3, 4],
        [4, 5],
      ],
    ),
    two(
      (a, b) => ops.matmul(a, b, { transposeA: true, scale: 0.5 }),
      [
        [4, 3],
        [4, 5],
      ],
    ),
    two(
      (a, b) => ops.matmul(a, b, { transposeB: true }),
      [
        [2, 3, 4],
        [2, 5, 4],
      ],
    ),
    two(
      (a, b) => ops.matmul(a, b, { transposeA: true, transposeB: true, scale: -2 }),
      [
        [2, 1, 4, 3],
        [2, 3, 5, 4],
      ],
    ),
    two(
      (a, b) => ops.matmul(a, b),
      [
        [2, 3, 2, 4],
        [4, 3],
      ],
    ),
    two(
      (a, b) => ops.matmul(a, b, { transposeB: true, scale: 3 }),
      [
        [2, 4, 2, 4],
        [2, 1, 3, 4],
      ],
    ),
  ],
  gatherRows: [{ shapes: [[5, 3], [7]], build: ([table, ids]) => ops.gatherRows(table!, ids!), ids: { 1: 5 } }],
  sumRows: [{ shapes: [[7, 3], [7]], build: ([rows, ids]) => ops.sumRows(rows!, ids!, 5), ids: { 1: 5 } }],
  pick: [{ shapes: [[4, 6], [4]], build: ([x, ids]) => ops.pick(x!, ids!), ids: { 1: 6 } }],
  place: [{ shapes: [[4], [4]], build: ([x, ids]) => ops.place(x!, ids!, 6), ids: { 1: 6 } }],
  softmax: [
    one((x) => ops.softmax(x)),
    one(
      (x) => ops.softmax(x),
      (x) => 30 * x,
      [3, 7],
    ),
  ],
  crossEntropy: [
    { shapes: [[4, 6], [4]], build: ([x, ids]) => ops.crossEntropy(x!, ids!), ids: { 1: 6 } },
    { shapes: [[3, 9], [3]], build: ([x, ids]) => ops.crossEntropy(x!, ids!), ids: { 1: 9 }, draw: (x) => 20 * x },
  ],
  rope: [
    one((x) => ops.rope(x, ops.anglesOf(5, 6)), undefined, [2, 5, 6]),
    one((x) => ops.rope(x, ops.anglesOf(5, 4, 500), { halves: true }), undefined, [2, 2, 5, 4]),
    one((x) => ops.rope(x, ownAngles()), undefined, [2, 2, 5, 4]),
    one((x) => ops.rope(x, ownAngles(), { halves: true }), undefined, [2, 3, 5, 4]),
  ],
};

/** Angles of two sequences of five, the one at positions 3 and up, the other at 8 and up. */
function ownAngles(): ops.Angles {
  const { cos, sin } = ops.rotations(3, 10, 4, 100);
  return { cos: constant(cos, [2, 1, 5, 2]), sin: constant(sin, [2, 1, 5, 2]) };
}

/** The maximum cancels, which is how it is meant to be used. */
function logSumExp(x: Tensor): Tensor {
  const largest = ops.max(x, [1]);
  return ops.add(ops.log(ops.sum(ops.exp(ops.sub(x, largest)), [1])), largest);
}

function one(build: (x: Tensor) => Tensor, draw?: (x: number) => number, shape: Shape = [2, 3, 4]): Draft {
  return { shapes: [shape], build: ([x]) => build(x!), ...(draw && { draw }) };
}

function two(
  build: (a: Tensor, b: Tensor) => Tensor,
  shapes: readonly Shape[] = [
    [2, 3],
    [2, 3],
  ],
  draw?: (x: number) => number,
): Draft {
  return { shapes, build: ([a, b]) => build(a!, b!), ...(draw && { draw }) };
}

export function cases(): Case[] {
  return Object.entries(DRAFTS).flatMap(([op, drafts]) =>
    drafts.map((draft, n) => {
      const random = seededRandom([...op].reduce((sum, letter) => 31 * sum + letter.charCodeAt(0), n));
      const inputs = draft.shapes.map((shape, i) => input(`x${i}`, shape, draft.ids?.[i] ? "int" : "float"));
      const values = inputs.map(({ shape, kind }, i) =>
        Array.from({ length: sizeOf(shape) }, () => {
          const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
          return kind === "int" ? Math.floor(random() * draft.ids![i]!) : (draft.draw?.(normal) ?? normal);
        }),
      );
      return {
        name: `${op} ${draft.shapes.map((shape) => `[${shape}]`).join(" ")} #${n}`,
        op,
        inputs,
        result: draft.build(inputs),
        values,
      };
    }),
  );
}
