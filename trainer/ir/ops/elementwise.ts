/** Ops that compute each element from elements in the same place. */
import { apply, type Op, type Values } from "../op.ts";
import { broadcastShape, type Shape, sameShape, scalar, sizeOf, stridesOf, type Tensor } from "../tensor.ts";
import { sumTo } from "./reduce.ts";

/** Op of two tensors, whose axes of 1 are repeated. `toward` gives the gradients, in the result's shape. */
function binary(
  name: string,
  compute: (a: number, b: number) => number,
  toward: (a: Tensor, b: Tensor, d: Tensor) => readonly [Tensor | undefined, Tensor | undefined],
): Op {
  return {
    name,
    isInPlace: true,
    shape: ([a, b]) => broadcastShape(a!.shape, b!.shape),
    evaluate(out, [a, b], { shape, inputs }) {
      const atA = places(inputs[0]!.shape, shape);
      const atB = places(inputs[1]!.shape, shape);
      for (let i = 0; i < out.length; i++) out[i] = compute(a![atA(i)]!, b![atB(i)]!);
    },
    gradient({ inputs: [a, b] }, d) {
      const [toA, toB] = toward(a!, b!, d);
      return [toA && sumTo(toA, a!.shape), toB && sumTo(toB, b!.shape)];
    },
  };
}

/** Where the element of a broadcast tensor lies that belongs to place `i` of the result. */
function places(from: Shape, to: Shape): (i: number) => number {
  if (sameShape(from, to)) return (i) => i;
  if (sizeOf(from) === 1) return () => 0;
  const padded = [...new Array<number>(to.length - from.length).fill(1), ...from];
  const strides = stridesOf(padded).map((stride, axis) => (padded[axis] === 1 ? 0 : stride));
  const toStrides = stridesOf(to);
  return (i) => {
    let place = 0;
    for (let axis = 0; axis < to.length; axis++) {
      place += (Math.floor(i / toStrides[axis]!) % to[axis]!) * strides[axis]!;
    }
    return place;
  };
}

export const addOp = binary(
  "add",
  (a, b) => a + b,
  (_a, _b, d) => [d, d],
);
export const subOp = binary(
  "sub",
  (a, b) => a - b,
  (_a, _b, d) => [d, neg(d)],
);
export const mulOp = binary(
  "mul",
  (a, b) => a * b,
  (a, b, d) => [mul(d, b), mul(d, a)],
);
export const divOp = binary(
  "div",
  (a, b) => a / b,
  (a, b, d) => [div(d, b), neg(div(mul(d, a), mul(b, b)))],
);
/** The lesser. Where both are equal, the gradient is the first one's. */
export const minimumOp = binary("minimum", Math.min, (a, b, d) => {
  const ofFirst = lessOrEqual(a, b);
  return [mul(d, ofFirst), mul(d, sub(scalar(1), ofFirst))];
});
export const maximumOp = binary("maximum", Math.max, (a, b, d) => {
  const ofFirst = lessOrEqual(b, a);
  return [mul(d, ofFirst), mul(d, sub(scalar(1), ofFirst))];
});
/** 1 where a <= b, otherwise 0. */
export const lessOrEqualOp = binary(
  "lessOrEqual",
  (a, b) => (a <= b ? 1 : 0),
  () => [undefined, undefined],
);

export const add = (a: Tensor, b: Tensor): Tensor => apply(addOp, [a, b]);
export const sub = (a: Tensor, b: Tensor): Tensor => apply(subOp, [a, b]);
export const mul = (a: Tensor, b: Tensor): Tensor => apply(mulOp, [a, b]);
export const div = (a: Tensor, b: Tensor): Tensor => apply(divOp, [a, b]);
export const minimum = (a: Tensor, b: Tensor): Tensor => apply(minimumOp, [a, b]);
export const maximum = (a: Tensor, b: Tensor): Tensor => apply(maximumOp, [a, b]);
export const lessOrEqual = (a: Tensor, b: Tensor): Tensor => apply(lessOrEqualOp, [a, b]);
export const scale = (a: Tensor, factor: number): Tensor => mul(a, scalar(factor));

/** Op of one tensor. `toward` gives the gradient from the input x, the result y and d. */
function unary(name: string, compute: (x: number) => number, toward: (x: Tensor, y: Tensor, d: Tensor) => Tensor): Op {
  return {
    name,
    isInPlace: true,
    shape: ([x]) => x!.shape,
    evaluate(out: Values, [x]) {
      for (let i = 0; i < out.length; i++) out[i] = compute(x![i]!);
    },
    gradient: (y, d) => [toward(y.inputs[0]!, y, d)],
  };
}

export const negOp = unary(
  "neg",
  (x) => -x,
  (_x, _y, d) => neg(d),
);
export const expOp = unary("exp", Math.exp, (_x, y, d) => mul(d, y));
export const logOp = unary("log", Math.log, (x, _y, d) => div(d, x));
export const sqrtOp = unary("sqrt", Math.sqrt, (_x, y, d) => div(d, scale(y, 2)));
export const reciprocalOp = unary(
  "reciprocal",
  (x) => 1 / x,
  (_x, y, d) => neg(mul(d, mul(y, y))),
);
export const sigmoidOp = unary(
  "sigmoid",
  (x) => 1 / (1 + Math.exp(-x)),
  (_x, y, d) => mul(d, mul(y, sub(scalar(1), y))),
);
export const tanhOp = unary("tanh", Math.tanh, (_x, y, d) => mul(d, sub(scalar(1), mul(y, y))));
export const erfOp = unary("erf", erfOf, (x, _y, d) => mul(d, scale(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))));
/** x · sigmoid(x), also called swish. */
export const siluOp = unary(
  "silu",
  (x) => x / (1 + Math.exp(-x)),
  (x, y, d) => {
    const s = sigmoid(x);
    return mul(d, add(s, mul(y, sub(scalar(1), s))));
  },
);
/** x · Φ(x), with Φ the normal distribution's: the exact one, by erf. */
export const geluOp = unary(
  "gelu",
  (x) => 0.5 * x * (1 + erfOf(x / Math.SQRT2)),
  (x, _y, d) => {
    const below = scale(add(erf(scale(x, Math.SQRT1_2)), scalar(1)), 0.5);
    const density = scale(exp(scale(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return mul(d, add(below, mul(x, density)));
  },
);

export const neg = (x: Tensor): Tensor => apply(negOp, [x]);
export const exp = (x: Tensor): Tensor => apply(expOp, [x]);
export const log = (x: Tensor): Tensor => apply(logOp, [x]);
export const sqrt = (x: Tensor): Tensor => apply(sqrtOp, [x]);
export const reciprocal = (x: Tensor): Tensor => apply(reciprocalOp, [x]);
export const sigmoid = (x: Tensor): Tensor => apply(sigmoidOp, [x]);
export const tanh = (x: Tensor): Tensor => apply(tanhOp, [x]);
export const erf = (x: Tensor): Tensor => apply(erfOp, [x]);
export const silu = (x: Tensor): Tensor => apply(siluOp, [x]);
export const gelu = (x: Tensor): Tensor => apply(geluOp, [x]);

/** GELU by tanh, as GPT-2 has it. */
export function geluTanh(x: Tensor): Tensor {
  const inner = scale(add(x, scale(mul(x, mul(x, x)), 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(scale(x, 0.5), add(tanh(inner), scalar(1)));
}

/**
 * The error function to some 1e-16: its power series up to 3, Lentz's continued fraction of erfc beyond (Abramowitz and
 * Stegun 7.1.6 and 7.1.14).
 */
function erfOf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size <= 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (size + fraction);
  const complement = Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction);
  return Math.sign(x) * (1 - complement);
}
