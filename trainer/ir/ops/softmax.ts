/** Softmax over the last axis, and the loss of predicting an id with it. */
import { apply, type Op } from "../op.ts";
import { ShapeError, sameShape, showShape, type Tensor } from "../tensor.ts";
import { mul, sub } from "./elementwise.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./shape.ts";

export const softmaxOp: Op = {
  name: "softmax",
  isInPlace: true,
  shape: ([x]) => x!.shape,
  evaluate(out, [x], { shape }) {
    const width = shape.at(-1)!;
    for (let from = 0; from < out.length; from += width) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = from; i < from + width; i++) largest = Math.max(largest, x![i]!);
      let all = 0;
      for (let i = from; i < from + width; i++) all += Math.exp(x![i]! - largest);
      for (let i = from; i < from + width; i++) out[i] = Math.exp(x![i]! - largest) / all;
    }
  },
  gradient: (y, d) => [mul(y, sub(d, sum(mul(d, y), [-1])))],
};

/**
 * Of each row of logits [N, V] the cross-entropy with its target [N], in nats: log Σ exp(logits) - logits[target]. Computed
 * from differences to the largest logit, so that large ones do no harm.
 */
export const crossEntropyOp: Op = {
  name: "crossEntropy",
  shape([logits, targets]) {
    if (logits!.shape.length !== 2 || targets!.kind !== "int" || !sameShape(targets!.shape, [logits!.shape[0]!])) {
      throw new ShapeError(
        `crossEntropy: ${targets!.kind}s ${showShape(targets!.shape)} as targets of ${showShape(logits!.shape)}`,
      );
    }
    return targets!.shape;
  },
  evaluate(out, [logits, targets], { inputs }) {
    const width = inputs[0]!.shape[1]!;
    for (let n = 0; n < out.length; n++) {
      const from = n * width;
      const target = targets![n]!;
      if (!(target >= 0 && target < width))
        throw new RangeError(`crossEntropy: target ${target} is not below ${width}`);
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = from; i < from + width; i++) largest = Math.max(largest, logits![i]!);
      let all = 0;
      for (let i = from; i < from + width; i++) all += Math.exp(logits![i]! - largest);
      out[n] = Math.log(all) + largest - logits![from + target]!;
    }
  },
  gradient: ({ inputs: [logits, targets] }, d) => [crossEntropyGradient(logits!, targets!, d), undefined],
};

/** (softmax(logits) - one at the target) · d, row by row: one pass over what is the largest tensor of most models. */
export const crossEntropyGradientOp: Op = {
  name: "crossEntropyGradient",
  shape: ([logits]) => logits!.shape,
  evaluate(out, [logits, targets, d], tensor) {
    softmaxOp.evaluate(out, [logits!], tensor);
    const width = tensor.shape[1]!;
    for (let n = 0; n < d!.length; n++) {
      out[n * width + targets![n]!]! -= 1;
      for (let i = n * width; i < (n + 1) * width; i++) out[i]! *= d![n]!;
    }
  },
};

export const softmax = (x: Tensor): Tensor => apply(softmaxOp, [x]);
export const crossEntropy = (logits: Tensor, targets: Tensor): Tensor => apply(crossEntropyOp, [logits, targets]);
export function crossEntropyGradient(logits: Tensor, targets: Tensor, d: Tensor): Tensor {
  return apply(crossEntropyGradientOp, [logits, targets, reshape(d, targets.shape)]);
}
