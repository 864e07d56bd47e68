// B = sequences, T = positions
import { add, exp, maximum, minimum, mul, scale, sub, total } from "../ir/ops/index.ts";
import { scalar, type Tensor } from "../ir/tensor.ts";
import type { Objective } from "./objective.ts";
import { type ClipRange, clippedAt, clippedRatioLoss, isMore } from "./policy-gradient.ts";
import { approximateKl, logRatioOf } from "./policy-ratio.ts";
import { meanOverTokens } from "./token-mean.ts";

export interface PpoOptions extends ClipRange {
  /** How far a value may move from what it was at sampling before its loss no longer pulls. */
  readonly valueRange: number;
  /** What the loss of values weighs beside the policy's. */
  readonly valueCoefficient: number;
}

/**
 * Proximal policy optimization (Schulman et al. 2017, arXiv 1707.06347), as trl has it: Σ weights · (clipped loss of the
 * policy + valueCoefficient · ½ · max((V - R)², (V near its old value - R)²)). The KL to the reference is in the rewards
 * (`align/credit/token-rewards.ts`), advantages and returns come from `align/credit/gae.ts`.
 *
 * Inputs by token: `advantages`, `returns`, `oldLogProbs`, `oldValues`.
 *
 * Statistics: `loss/policy` and `loss/value`, weighted as the loss is; means over response tokens `policy/approxkl` and
 * `policy/clipfrac`, `val/clipfrac`, `val/ratio`, and `val/ratio_var`: the variance of the ratio about 1, which is what it is
 * expected to be.
 */
export function ppo({ valueRange, valueCoefficient, ...clip }: PpoOptions): Objective {
  return {
    name: "ppo",
    needsValues: true,
    loss(given) {
      const { values, weights, input } = given;
      if (values === undefined) throw new RangeError("ppo: the model has no values");
      const advantages = input("advantages", "token");
      const logRatio = logRatioOf(given);
      const ratio = exp(logRatio);
      const weighted = (losses: Tensor): Tensor => total(mul(losses, weights));
      const policy = weighted(clippedRatioLoss(ratio, advantages, clip));

      const [oldValues, returns] = [input("oldValues", "token"), input("returns", "token")];
      const atMost = add(oldValues, scalar(valueRange));
      const atLeast = sub(oldValues, scalar(valueRange));
      const freely = squareOf(sub(values, returns));
      const nearby = squareOf(sub(maximum(minimum(values, atMost), atLeast), returns));
      const value = scale(weighted(maximum(freely, nearby)), 0.5);

      const { low, high } = clippedAt(ratio, advantages, clip);
      return {
        loss: add(policy, scale(value, valueCoefficient)),
        stats: {
          "loss/policy": policy,
          "loss/value": value,
          "policy/approxkl": approximateKl(logRatio, given),
          "policy/clipfrac": meanOverTokens(add(low, high), given),
          "val/clipfrac": meanOverTokens(isMore(nearby, freely), given),
          "val/ratio": meanOverTokens(ratio, given),
          "val/ratio_var": meanOverTokens(squareOf(sub(ratio, scalar(1))), given),
        },
      };
    },
  };
}

function squareOf(x: Tensor): Tensor {
  return mul(x, x);
}
