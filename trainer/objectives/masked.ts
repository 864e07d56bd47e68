/** Sums over part of a tensor. A mask holds 1 where an element counts and 0 where not, in the tensor's own shape. */
import { div, mul, scale, sum } from "../ir/ops/index.ts";
import { ShapeError, sameShape, showShape, type Tensor } from "../ir/tensor.ts";

/** Mean of what counts along the axes, all of them by default; they stay with size 1. NaN where nothing counts. */
export function maskedMean(x: Tensor, mask: Tensor, axes?: readonly number[]): Tensor {
  return div(maskedSum(x, mask, axes), sum(mask, axes));
}

/**
 * Sum of what counts, over a constant instead of its count: long answers then weigh more than short ones (Dr. GRPO, Liu et
 * al. 2025, arXiv 2503.20783).
 */
export function maskedNormalize(x: Tensor, mask: Tensor, constant: number, axes?: readonly number[]): Tensor {
  return scale(maskedSum(x, mask, axes), 1 / constant);
}

function maskedSum(x: Tensor, mask: Tensor, axes?: readonly number[]): Tensor {
  // A smaller mask would be repeated in the sum and counted once.
  if (!sameShape(x.shape, mask.shape)) {
    throw new ShapeError(`a mask ${showShape(mask.shape)} for ${showShape(x.shape)}: expected the same shape`);
  }
  return sum(mul(x, mask), axes);
}
