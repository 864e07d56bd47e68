/** Losses whose gradient makes answers likelier that were better than others. By token, before any mask. */
// B = sequences, T = positions
import { exp, maximum, minimum, mul, neg, sub } from "../ir/ops/index.ts";
import { scalar, type Tensor } from "../ir/tensor.ts";

/**
 * REINFORCE (Williams 1992): -A · log p, [B, T]. Advantages [B, 1] are the rewards themselves, or what they exceed a
 * baseline by, which leaves the gradient's mean alone and lessens its variance.
 */
export function reinforce(logProbs: Tensor, advantages: Tensor): Tensor {
  return neg(mul(advantages, logProbs));
}

/**
 * The clipped loss of PPO (Schulman et al. 2017, arXiv 1707.06347) with an advantage a sequence, as GRPO has it (Shao et al.
 * 2024, arXiv 2402.03300): -min(ρ · A, clip(ρ, 1 - range, 1 + range) · A), with ρ = p / p of the policy that sampled. Once
 * ρ has gone further than the range the way that A points, it is pulled no more.
 */
export function clippedPolicyLoss(
  logProbs: Tensor,
  { oldLogProbs, advantages, range }: { oldLogProbs: Tensor; advantages: Tensor; range: number },
): Tensor {
  const ratio = exp(sub(logProbs, oldLogProbs));
  const clipped = maximum(minimum(ratio, scalar(1 + range)), scalar(1 - range));
  // Within the range both are equal: the gradient is the first one's, which is not clipped.
  return neg(minimum(mul(ratio, advantages), mul(clipped, advantages)));
}
