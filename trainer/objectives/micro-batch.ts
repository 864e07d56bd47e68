import { mean, reshape, scale } from "../ir/ops/index.ts";
import type { Tensor } from "../ir/tensor.ts";

/** What a micro-batch adds to the loss of a step that is taken in `parts` of one size: the mean over its sequences. */
export function shareOfStep(lossBySequence: Tensor, parts: number): Tensor {
  return reshape(scale(mean(lossBySequence), 1 / parts), []);
}
