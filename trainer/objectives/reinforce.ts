import { mul, total } from "../ir/ops/index.ts";
import { type KlOptions, withKl } from "./kl.ts";
import type { Objective } from "./objective.ts";
import { reinforce } from "./policy-gradient.ts";

/**
 * REINFORCE: Σ weights · (-A · log p + β · KL). For rows that the model as it is has sampled; nothing holds it back on
 * others.
 *
 * Inputs: `advantages` by sequence, and for the KL `referenceLogProbs` by token. Statistics: `kl`.
 */
export function reinforceObjective(options: KlOptions): Objective {
  return {
    name: "reinforce",
    loss(given) {
      const policy = reinforce(given.logProbs, given.input("advantages", "sequence"));
      const { losses, stats } = withKl(policy, given, options);
      return { loss: total(mul(losses, given.weights)), stats };
    },
  };
}
