/** Learning from pairs of responses, of which one was preferred, without a model of rewards. */
// B = sequences, T = positions, P = pairs
import {
  add,
  crossEntropy,
  div,
  maximum,
  mul,
  neg,
  pad,
  reshape,
  scale,
  slice,
  sub,
  sum,
  total,
} from "../ir/ops/index.ts";
import { constant, scalar, type Tensor } from "../ir/tensor.ts";
import type { Objective } from "./objective.ts";
import { isMore } from "./policy-gradient.ts";

export const DPO_LOSSES = ["sigmoid", "hinge", "ipo"] as const;

export interface DpoOptions {
  /** How much the margin δ weighs: the larger, the nearer to the reference the model stays. */
  readonly beta: number;
  /**
   * With δ = how much likelier the chosen response has become against the reference, less the same of the rejected one:
   * - `sigmoid`: -log σ(β · δ) (Rafailov et al. 2023, arXiv 2305.18290).
   * - `hinge`: max(0, 1 - β · δ) (SLiC, Zhao et al. 2023, arXiv 2305.10425).
   * - `ipo`: (δ - 1 / 2β)² of means over tokens (Azar et al. 2023, arXiv 2310.12036; means as its authors say in trl).
   */
  readonly loss?: (typeof DPO_LOSSES)[number];
  /** Chance that a pair is the wrong way round, for `sigmoid` (Mitchell 2023, "conservative DPO"). */
  readonly labelSmoothing?: number;
  /**
   * What the chosen response's own loss counts beside the pair's, -log p by token as in supervision: margins alone can grow while
   * both responses become unlikely (Pang et al. 2024, arXiv 2404.19733, equation 1; trl's `rpo_alpha`). By default 0.
   */
  readonly nll?: number;
}

/**
 * Direct preference optimization. Rows 2i are chosen, rows 2i + 1 rejected responses to one prompt.
 *
 * Inputs by sequence: `referenceLogProb`, the sum of the reference's log-probabilities over the response, and `pairWeight`,
 * what a pair counts (1 / pairs of the step; read from the chosen row).
 *
 * Statistics, means over pairs under trl's names: `rewards/{chosen,rejected,margins,accuracies}` of implicit rewards
 * β · (log p - log p of the reference), `logps/{chosen,rejected}`, and `logps/accuracies`, how often the chosen response
 * is the likelier one as such; with `nll`, that loss.
 */
export function dpo({ beta, loss = "sigmoid", labelSmoothing = 0, nll = 0 }: DpoOptions): Objective {
  if (labelSmoothing !== 0 && loss !== "sigmoid") {
    throw new RangeError(`labelSmoothing: found ${labelSmoothing} with ${loss}, expected 0 (it belongs to sigmoid)`);
  }
  return {
    name: "dpo",
    group: 2,
    loss({ sequences: B, logProbs, mask, input }) {
      const P = B / 2;
      const parted = (bySequence: Tensor): [Tensor, Tensor] => {
        const pairs = reshape(bySequence, [P, 2]);
        return [slice(pairs, 1, 0, 1), slice(pairs, 1, 1, 2)];
      };
      const logProb = sum(mul(logProbs, mask), [1]);
      const logRatio = sub(logProb, input("referenceLogProb", "sequence"));
      const [weight] = parted(input("pairWeight", "sequence"));
      const mean = (byPair: Tensor): Tensor => total(mul(byPair, weight));

      const tokens = maximum(sum(mask, [1]), scalar(1));
      const [chosen, rejected] = parted(logRatio);
      const losses = (): Tensor => {
        const margin = sub(chosen, rejected);
        switch (loss) {
          case "sigmoid": {
            const against = scale(negLogSigmoid(margin, -beta), labelSmoothing);
            return add(scale(negLogSigmoid(margin, beta), 1 - labelSmoothing), against);
          }
          case "hinge":
            return maximum(sub(scalar(1), scale(margin, beta)), scalar(0));
          case "ipo": {
            const [chosenMean, rejectedMean] = parted(div(logRatio, tokens));
            const missing = sub(sub(chosenMean, rejectedMean), scalar(1 / (2 * beta)));
            return mul(missing, missing);
          }
        }
      };
      const [chosenLogProb, rejectedLogProb] = parted(logProb);
      const stats = {
        "rewards/chosen": mean(scale(chosen, beta)),
        "rewards/rejected": mean(scale(rejected, beta)),
        "rewards/margins": mean(scale(sub(chosen, rejected), beta)),
        "rewards/accuracies": mean(isMore(chosen, rejected)),
        "logps/chosen": mean(chosenLogProb),
        "logps/rejected": mean(rejectedLogProb),
        "logps/accuracies": mean(isMore(chosenLogProb, rejectedLogProb)),
      };
      if (nll === 0) return { loss: mean(losses()), stats };
      const [chosenLoss] = parted(neg(div(logProb, tokens)));
      const ofChosen = mean(chosenLoss);
      return { loss: add(mean(losses()), scale(ofChosen, nll)), stats: { ...stats, nll: ofChosen } };
    },
  };
}

/** -log σ(factor · x) of [P, 1]: the cross-entropy of the two logits factor · x and 0, which does not overflow. */
function negLogSigmoid(x: Tensor, factor: number): Tensor {
  const P = x.shape[0]!;
  const logits = pad(scale(x, factor), 1, 0, 1);
  return reshape(crossEntropy(logits, constant(new Int32Array(P), [P])), [P, 1]);
}
