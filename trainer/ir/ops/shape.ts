/** Ops that move elements and change none. */
import { apply, type Op } from "../op.ts";
import { axisOf, type Shape, ShapeError, sameShape, showShape, sizeOf, stridesOf, type Tensor } from "../tensor.ts";

export const reshapeOp: Op = {
  name: "reshape",
  shape([x], { shape }) {
    const to = shape as Shape;
    if (sizeOf(to) !== sizeOf(x!.shape)) {
      throw new ShapeError(`reshape: ${showShape(x!.shape)} does not fill ${showShape(to)}`);
    }
    return to;
  },
  evaluate: (out, [x]) => out.set(x!),
  gradient: ({ inputs: [x] }, d) => [reshape(d, x!.shape)],
};

/** Axis k of the result is axis order[k] of the input. */
export const transposeOp: Op = {
  name: "transpose",
  shape([x], { order }) {
    const axes = order as readonly number[];
    if (
      !sameShape(
        [...axes].sort((a, b) => a - b),
        x!.shape.map((_, axis) => axis),
      )
    ) {
      throw new ShapeError(`transpose: ${showShape(axes)} is no order of the axes of ${showShape(x!.shape)}`);
    }
    return axes.map((axis) => x!.shape[axis]!);
  },
  evaluate(out, [x], { inputs, shape, attributes }) {
    const order = attributes.order as readonly number[];
    const from = stridesOf(inputs[0]!.shape);
    const strides = stridesOf(shape);
    for (let i = 0; i < out.length; i++) {
      let place = 0;
      for (let axis = 0; axis < shape.length; axis++) {
        place += (Math.floor(i / strides[axis]!) % shape[axis]!) * from[order[axis]!]!;
      }
      out[i] = x![place]!;
    }
  },
  gradient({ attributes }, d) {
    const order = attributes.order as readonly number[];
    return [
      transpose(
        d,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
};

/** Elements `from` to `to` (not included) along an axis. */
export const sliceOp: Op = {
  name: "slice",
  shape([x], { axis, from, to }) {
    const size = x!.shape[axis as number]!;
    if (!((from as number) >= 0 && (from as number) < (to as number) && (to as number) <= size)) {
      throw new ShapeError(`slice: ${from} to ${to} is not within axis ${axis} of ${showShape(x!.shape)}`);
    }
    return x!.shape.with(axis as number, (to as number) - (from as number));
  },
  evaluate(out, [x], { inputs, shape, attributes }) {
    const axis = attributes.axis as number;
    const inner = sizeOf(shape.slice(axis + 1));
    const block = shape[axis]! * inner;
    const stride = inputs[0]!.shape[axis]! * inner;
    const first = (attributes.from as number) * inner;
    for (let at = 0, from = first; at < out.length; at += block, from += stride) {
      out.set(x!.subarray(from, from + block), at);
    }
  },
  gradient({ inputs: [x], attributes }, d) {
    const axis = attributes.axis as number;
    return [pad(d, axis, attributes.from as number, x!.shape[axis]! - (attributes.to as number))];
  },
};

/** Zeros before and behind, along an axis. */
export const padOp: Op = {
  name: "pad",
  shape: ([x], { axis, before, after }) =>
    x!.shape.with(axis as number, x!.shape[axis as number]! + (before as number) + (after as number)),
  evaluate(out, [x], { inputs, shape, attributes }) {
    const axis = attributes.axis as number;
    const inner = sizeOf(shape.slice(axis + 1));
    const block = inputs[0]!.shape[axis]! * inner;
    const stride = shape[axis]! * inner;
    const first = (attributes.before as number) * inner;
    for (let at = first, from = 0; from < x!.length; at += stride, from += block) {
      out.set(x!.subarray(from, from + block), at);
    }
  },
  gradient({ inputs: [x], attributes }, d) {
    const before = attributes.before as number;
    const axis = attributes.axis as number;
    return [slice(d, axis, before, before + x!.shape[axis]!)];
  },
};

/** One behind the other along an axis. */
export const concatOp: Op = {
  name: "concat",
  shape(inputs, { axis }) {
    const [first] = inputs;
    for (const { shape } of inputs) {
      if (!sameShape(shape.with(axis as number, 1), first!.shape.with(axis as number, 1))) {
        throw new ShapeError(`concat: ${showShape(first!.shape)} and ${showShape(shape)} differ beside axis ${axis}`);
      }
    }
    const along = inputs.reduce((size, { shape }) => size + shape[axis as number]!, 0);
    return first!.shape.with(axis as number, along);
  },
  evaluate(out, parts, { inputs, shape, attributes }) {
    const axis = attributes.axis as number;
    const inner = sizeOf(shape.slice(axis + 1));
    const stride = shape[axis]! * inner;
    let first = 0;
    for (const [n, part] of parts.entries()) {
      const block = inputs[n]!.shape[axis]! * inner;
      for (let at = first, from = 0; from < part.length; at += stride, from += block) {
        out.set(part.subarray(from, from + block), at);
      }
      first += block;
    }
  },
  gradient({ inputs, attributes }, d) {
    let from = 0;
    return inputs.map(({ shape }) => {
      const size = shape[attributes.axis as number]!;
      from += size;
      return slice(d, attributes.axis as number, from - size, from);
    });
  },
};

export function reshape(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(reshapeOp, [x], { shape });
}
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  return apply(transposeOp, [x], { order });
}
export function slice(x: Tensor, axis: number, from: number, to: number): Tensor {
  return apply(sliceOp, [x], { axis: axisOf(axis, x.shape.length), from, to });
}
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  return apply(padOp, [x], { axis: axisOf(axis, x.shape.length), before, after });
}
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  return apply(concatOp, parts, { axis: axisOf(axis, parts[0]!.shape.length) });
}
