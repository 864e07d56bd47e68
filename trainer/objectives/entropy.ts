import { add, exp, log, max, mul, softmax, sub, sum } from "../ir/ops/index.ts";
import type { Tensor } from "../ir/tensor.ts";

/** log Σ exp along the last axis, which stays with size 1. From differences to the largest, so that nothing overflows. */
export function logSumExp(x: Tensor): Tensor {
  const largest = max(x, [-1]);
  return add(log(sum(exp(sub(x, largest)), [-1])), largest);
}

/** Entropy in nats of what logits say along the last axis, which stays with size 1: log Σ exp(x) - Σ softmax(x) · x. */
export function entropy(logits: Tensor): Tensor {
  return sub(logSumExp(logits), sum(mul(softmax(logits), logits), [-1]));
}
