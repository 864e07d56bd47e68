// B = sequences, T = positions
import { mul, neg, total } from "../ir/ops/index.ts";
import type { Objective } from "./objective.ts";
import { meanOverTokens } from "./token-mean.ts";

/**
 * Supervised fine-tuning: -Σ weights · log p of the response's tokens. The prompt is read and not learned.
 *
 * Statistics: `responseLoss` in nats a response token, however the loss is weighted, and `accuracy`, how often a response
 * token is the one that the model holds for likeliest.
 */
export function sft(): Objective {
  return {
    name: "sft",
    loss(given) {
      const losses = neg(given.logProbs);
      return {
        loss: total(mul(losses, given.weights)),
        stats: { responseLoss: meanOverTokens(losses, given), accuracy: meanOverTokens(given.isLikeliest, given) },
      };
    },
  };
}
