/** How likely a response is to the model against how likely it was to the one that sampled it. */
// B = sequences, T = positions
import { div, maximum, mul, scale, sub, sum } from "../ir/ops/index.ts";
import { scalar, type Tensor } from "../ir/tensor.ts";
import type { Given } from "./objective.ts";
import { meanOverTokens } from "./token-mean.ts";

/** log p - log p of the policy that sampled, [B, T]; 0 where the mask is. Asks for `oldLogProbs`, by token. */
export function logRatioOf({ logProbs, mask, input }: Given): Tensor {
  // Masked before any exponential: of what lies behind a row's end it could be infinite, and infinity times 0 is no number.
  return mul(sub(logProbs, input("oldLogProbs", "token")), mask);
}

/** Its mean over each row's tokens, [B, 1]: the ratio of a sequence for its length (GSPO, Zheng et al. 2025, arXiv 2507.18071). */
export function meanOverRow(logRatio: Tensor, mask: Tensor): Tensor {
  return div(sum(logRatio, [1]), maximum(sum(mask, [1]), scalar(1)));
}

/** KL to the policy that sampled, as trl's PPO logs it: half the mean square of log ratios. */
export function approximateKl(logRatio: Tensor, given: Given): Tensor {
  return meanOverTokens(scale(mul(logRatio, logRatio), 0.5), given);
}
