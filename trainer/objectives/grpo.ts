// B = sequences, T = positions
import { add, exp, mul, total } from "../ir/ops/index.ts";
import { type KlOptions, withKl } from "./kl.ts";
import type { Objective } from "./objective.ts";
import { type ClipRange, clippedAt, clippedRatioLoss } from "./policy-gradient.ts";
import { approximateKl, logRatioOf, meanOverRow } from "./policy-ratio.ts";
import { meanOverTokens } from "./token-mean.ts";

export interface GrpoOptions extends ClipRange, KlOptions {
  /** Whether each token has a ratio of its own, or all of a sequence the exponential of their mean log ratio. */
  readonly ratio?: "token" | "sequence";
}

/**
 * Group relative policy optimization (Shao et al. 2024, arXiv 2402.03300): Σ weights · (clipped loss + β · KL). What the
 * weights are tells GRPO, DAPO and Dr. GRPO apart; advantages come from `align/credit/advantages.ts`.
 *
 * Inputs: `advantages` by sequence, `oldLogProbs` by token, and for the KL `referenceLogProbs` by token.
 *
 * Statistics, means over response tokens: `clip_ratio/{low,high,region}`, what is clipped below, above and at all;
 * `kl` to the reference; `approxkl` to the policy that sampled; `ratio`.
 */
export function grpo(options: GrpoOptions): Objective {
  return {
    name: "grpo",
    loss(given) {
      const advantages = given.input("advantages", "sequence");
      const logRatio = logRatioOf(given);
      const ratio = exp(options.ratio === "sequence" ? meanOverRow(logRatio, given.mask) : logRatio);
      const { losses, stats } = withKl(clippedRatioLoss(ratio, advantages, options), given, options);
      const { low, high } = clippedAt(ratio, advantages, options);
      return {
        loss: total(mul(losses, given.weights)),
        stats: {
          "clip_ratio/low": meanOverTokens(low, given),
          "clip_ratio/high": meanOverTokens(high, given),
          "clip_ratio/region": meanOverTokens(add(low, high), given),
          approxkl: approximateKl(logRatio, given),
          ratio: meanOverTokens(ratio, given),
          ...stats,
        },
      };
    },
  };
}
