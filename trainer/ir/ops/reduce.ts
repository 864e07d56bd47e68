/** Sums and maxima over axes. */
import { apply, type Op } from "../op.ts";
import {
  type Attributes,
  axisOf,
  broadcastShape,
  type Shape,
  ShapeError,
  sameShape,
  showShape,
  sizeOf,
  stridesOf,
  type Tensor,
} from "../tensor.ts";
import { scale } from "./elementwise.ts";
import { reshape } from "./shape.ts";

/** Axes that are reduced stay, with size 1. */
function keptShape([x]: readonly Tensor[], { axes }: Attributes): Shape {
  const reduced = axes as readonly number[];
  for (const axis of reduced) axisOf(axis, x!.shape.length);
  return x!.shape.map((size, axis) => (reduced.includes(axis) ? 1 : size));
}

/** For each element of x the place of the result that it goes to. */
function forEachPlace(from: Shape, to: Shape, visit: (i: number, place: number) => void): void {
  const fromStrides = stridesOf(from);
  const toStrides = stridesOf(to).map((stride, axis) => (to[axis] === 1 ? 0 : stride));
  const size = sizeOf(from);
  for (let i = 0; i < size; i++) {
    let place = 0;
    for (let axis = 0; axis < from.length; axis++) {
      place += (Math.floor(i / fromStrides[axis]!) % from[axis]!) * toStrides[axis]!;
    }
    visit(i, place);
  }
}

export const sumOp: Op = {
  name: "sum",
  shape: keptShape,
  evaluate(out, [x], { inputs, shape }) {
    // In double precision, whatever the tensors have.
    const sums = new Float64Array(out.length);
    forEachPlace(inputs[0]!.shape, shape, (i, place) => {
      sums[place]! += x![i]!;
    });
    out.set(sums);
  },
  gradient: ({ inputs: [x] }, d) => [expand(d, x!.shape)],
};

/** The largest element. It has no gradient: it serves to keep exponentials small, where it cancels. */
export const maxOp: Op = {
  name: "max",
  shape: keptShape,
  evaluate(out, [x], { inputs, shape }) {
    out.fill(Number.NEGATIVE_INFINITY);
    forEachPlace(inputs[0]!.shape, shape, (i, place) => {
      out[place] = Math.max(out[place]!, x![i]!);
    });
  },
  gradient: () => [undefined],
};

/** Which element of each row of [N, V] is the largest, the first of equals: [N], ids. */
export const argmaxOp: Op = {
  name: "argmax",
  kind: "int",
  shape([x]) {
    if (x!.shape.length !== 2) throw new ShapeError(`argmax: ${showShape(x!.shape)} has no rows`);
    return [x!.shape[0]!];
  },
  evaluate(out, [x], { inputs }) {
    const width = inputs[0]!.shape[1]!;
    for (let n = 0; n < out.length; n++) {
      const from = n * width;
      for (let k = 1; k < width; k++) if (x![from + k]! > x![from + out[n]!]!) out[n] = k;
    }
  },
  gradient: () => [undefined],
};

/** Sum over axes, which stay with size 1. All of them where none are named. */
export function sum(x: Tensor, axes: readonly number[] = x.shape.map((_, axis) => axis)): Tensor {
  return apply(sumOp, [x], { axes: axes.map((axis) => axisOf(axis, x.shape.length)) });
}

export function mean(x: Tensor, axes: readonly number[] = x.shape.map((_, axis) => axis)): Tensor {
  const count = axes.reduce((product, axis) => product * x.shape[axisOf(axis, x.shape.length)]!, 1);
  return scale(sum(x, axes), 1 / count);
}

/** Stops gradients: see `maxOp`. */
export function max(x: Tensor, axes: readonly number[]): Tensor {
  return apply(maxOp, [x], { axes: axes.map((axis) => axisOf(axis, x.shape.length)) });
}

export const argmax = (x: Tensor): Tensor => apply(argmaxOp, [x]);

/** Sum of all elements, as a tensor without axes. */
export function total(x: Tensor): Tensor {
  return reshape(sum(x), []);
}

/** Repeats axes of 1, and adds axes in front, up to `shape`. */
export const expandOp: Op = {
  name: "expand",
  shape([x], { shape }) {
    const to = shape as Shape;
    if (!sameShape(broadcastShape(x!.shape, to), to)) {
      throw new ShapeError(`expand: ${showShape(x!.shape)} does not go into ${showShape(to)}`);
    }
    return to;
  },
  evaluate(out, [x], { inputs, shape }) {
    const own = [...new Array<number>(shape.length - inputs[0]!.shape.length).fill(1), ...inputs[0]!.shape];
    forEachPlace(shape, own, (i, place) => {
      out[i] = x![place]!;
    });
  },
  gradient: ({ inputs: [x] }, d) => [sumTo(d, x!.shape)],
};

export function expand(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(expandOp, [x], { shape });
}

/** Undoes broadcasting: sums over the axes that were repeated. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis < extra || shape[axis - extra] !== x.shape[axis]);
  if (extra < 0 || axes.some((axis) => axis >= extra && shape[axis - extra] !== 1)) {
    throw new ShapeError(`${showShape(x.shape)} was not broadcast from ${showShape(shape)}`);
  }
  return reshape(sum(x, axes), shape);
}
