/** How far a policy is from the model it began as. */
// B = sequences, T = positions
import { add, exp, mul, scale, sub } from "../ir/ops/index.ts";
import { scalar, type Tensor } from "../ir/tensor.ts";
import type { Given } from "./objective.ts";
import { meanOverTokens } from "./token-mean.ts";

/**
 * An estimate of KL(p ‖ reference) by token, never below 0 (Schulman 2020, "Approximating KL Divergence", k3): with
 * d = log reference - log p, exp(d) - d - 1. Where the mask is 0 it is 0, whatever is given there.
 */
export function k3(logProbs: Tensor, referenceLogProbs: Tensor, mask: Tensor): Tensor {
  // Masked before the exponential: of what lies behind a row's end it could be infinite, and infinity times 0 is no number.
  const difference = mul(sub(referenceLogProbs, logProbs), mask);
  return sub(sub(exp(difference), difference), scalar(1));
}

export interface KlOptions {
  /** What the KL to the reference weighs in the loss of a token. */
  readonly klCoefficient: number;
  /** Whether rows bring the reference's log-probabilities; by default where the coefficient is not 0. The KL is logged then. */
  readonly hasReference?: boolean;
}

/** Losses of tokens with the KL to the reference, and the statistic `kl`. Asks for `referenceLogProbs`, by token. */
export function withKl(
  losses: Tensor,
  given: Given,
  { klCoefficient, hasReference = klCoefficient !== 0 }: KlOptions,
): { losses: Tensor; stats: Record<string, Tensor> } {
  if (!hasReference) {
    if (klCoefficient !== 0) throw new RangeError("klCoefficient: there is no KL without the reference's log-probs");
    return { losses, stats: {} };
  }
  const kl = k3(given.logProbs, given.input("referenceLogProbs", "token"), given.mask);
  return {
    losses: klCoefficient === 0 ? losses : add(losses, scale(kl, klCoefficient)),
    stats: { kl: meanOverTokens(kl, given) },
  };
}
