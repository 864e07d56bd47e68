/** Losses whose gradient makes answers likelier that were better than others. By token, before any mask. */
// B = sequences, T = positions
import { exp, lessOrEqual, maximum, minimum, mul, neg, sub } from "../ir/ops/index.ts";
import { scalar, type Tensor } from "../ir/tensor.ts";

/**
 * REINFORCE (Williams 1992): -A · log p, [B, T]. Advantages [B, 1] are the rewards themselves, or what they exceed a
 * baseline by, which leaves the gradient's mean alone and lessens its variance.
 */
export function reinforce(logProbs: Tensor, advantages: Tensor): Tensor {
  return neg(mul(advantages, logProbs));
}

export interface ClipRange {
  /** How far a ratio may fall below 1 before it is clipped. */
  readonly range: number;
  /** How far it may rise above 1; by default as far. DAPO (Yu et al. 2025, arXiv 2503.14476) lets it rise further: "clip-higher". */
  readonly rangeHigh?: number;
}

/**
 * The clipped loss of PPO (Schulman et al. 2017, arXiv 1707.06347) with an advantage a sequence, as GRPO has it (Shao et al.
 * 2024, arXiv 2402.03300), or one a token: -min(ρ · A, clip(ρ, 1 - range, 1 + rangeHigh) · A), with ρ = p / p of the policy
 * that sampled. Once ρ has gone further than the range the way that A points, it is pulled no more.
 */
export function clippedPolicyLoss(
  logProbs: Tensor,
  { oldLogProbs, advantages, ...clip }: ClipRange & { oldLogProbs: Tensor; advantages: Tensor },
): Tensor {
  return clippedRatioLoss(exp(sub(logProbs, oldLogProbs)), advantages, clip);
}

/** The same of ratios [B, T], or [B, 1] where a sequence has one. */
export function clippedRatioLoss(ratio: Tensor, advantages: Tensor, { range, rangeHigh = range }: ClipRange): Tensor {
  const clipped = maximum(minimum(ratio, scalar(1 + rangeHigh)), scalar(1 - range));
  // Within the range both are equal: the gradient is the first one's, which is not clipped.
  return neg(minimum(mul(ratio, advantages), mul(clipped, advantages)));
}

/** 1 where the loss is clipped: below the range with an advantage below 0, or above both. */
export function clippedAt(
  ratio: Tensor,
  advantages: Tensor,
  { range, rangeHigh = range }: ClipRange,
): { low: Tensor; high: Tensor } {
  const zero = scalar(0);
  return {
    low: mul(isMore(scalar(1 - range), ratio), isMore(zero, advantages)),
    high: mul(isMore(ratio, scalar(1 + rangeHigh)), isMore(advantages, zero)),
  };
}

/** 1 where a > b, otherwise 0. */
export function isMore(a: Tensor, b: Tensor): Tensor {
  return sub(scalar(1), lessOrEqual(a, b));
}
