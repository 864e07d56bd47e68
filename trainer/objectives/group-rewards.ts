interface GroupOptions {
  /** Answers to one question, which lie one after the other. */
  readonly groupSize: number;
  /** Whether to divide by the group's standard deviation, with n - 1 below. Dr. GRPO does not: easy questions would weigh more. */
  readonly byDeviation: boolean;
  /** Added to the deviation, which is 0 where all answers earned the same. */
  readonly epsilon?: number;
}

/** Advantages of GRPO (Shao et al. 2024, arXiv 2402.03300): what each answer's reward exceeds the mean of its group by. */
export function groupNormalizedRewards(rewards: readonly number[], options: GroupOptions): number[] {
  const { groupSize, byDeviation, epsilon = 1e-6 } = options;
  if (!Number.isInteger(groupSize) || groupSize < (byDeviation ? 2 : 1) || rewards.length % groupSize !== 0) {
    throw new RangeError(`${rewards.length} rewards cannot be taken in groups of ${groupSize}`);
  }
  const advantages: number[] = [];
  for (let from = 0; from < rewards.length; from += groupSize) {
    const group = rewards.slice(from, from + groupSize);
    const mean = group.reduce((sum, reward) => sum + reward, 0) / groupSize;
    const squares = group.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
    const by = byDeviation ? Math.sqrt(squares / (groupSize - 1)) + epsilon : 1;
    advantages.push(...group.map((reward) => (reward - mean) / by));
  }
  return advantages;
}
