export interface ScoredResponse {
  /** Of the response's tokens under the policy that sampled, in nats. */
  readonly logProbs: ArrayLike<number>;
  /** The same under the reference. */
  readonly referenceLogProbs: ArrayLike<number>;
  /** What the response as a whole earned. */
  readonly score: number;
  /** Whether it came to its end, and was not cut off. */
  readonly hasEnded: boolean;
}

export interface RewardOptions {
  readonly klCoefficient: number;
  /** Taken from the score of a response that was cut off. */
  readonly missingEndPenalty?: number;
}

/**
 * What each token of a response earns, as trl's PPO has it: -klCoefficient · (log p - log p of the reference), an estimate
 * of the KL that may be below 0 (k1), and the last token the score, too. A response without a token earns nothing.
 */
export function tokenRewards(
  { logProbs, referenceLogProbs, score, hasEnded }: ScoredResponse,
  { klCoefficient, missingEndPenalty = 0 }: RewardOptions,
): Float64Array {
  const rewards = Float64Array.from(logProbs, (logProb, t) => -klCoefficient * (logProb - referenceLogProbs[t]!));
  const last = rewards.length - 1;
  if (last >= 0) rewards[last]! += hasEnded ? score : score - missingEndPenalty;
  return rewards;
}
