/** Advantages of responses from what others to the same prompt earned. */
import { groupNormalizedRewards } from "../../objectives/group-rewards.ts";

export const ADVANTAGE_SCALES = ["group", "batch", "none"] as const;

export interface AdvantageOptions {
  /** Responses to one prompt, which lie one after the other. */
  readonly groupSize: number;
  /**
   * What the difference to the group's mean is divided by:
   * - `group`: the deviation of its group: every question weighs the same (GRPO, Shao et al. 2024, arXiv 2402.03300).
   * - `batch`: that of all rewards of the step.
   * - `none`: nothing (Dr. GRPO, Liu et al. 2025, arXiv 2503.20783).
   */
  readonly scaleBy: (typeof ADVANTAGE_SCALES)[number];
  /** Added to a deviation, which may be 0. */
  readonly epsilon?: number;
}

/** By response, in the order of the rewards. Deviations have n - 1 below. */
export function groupAdvantages(rewards: readonly number[], options: AdvantageOptions): number[] {
  const { groupSize, scaleBy, epsilon = 1e-6 } = options;
  const advantages = groupNormalizedRewards(rewards, { groupSize, byDeviation: scaleBy === "group", epsilon });
  if (scaleBy !== "batch") return advantages;
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const squares = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / Math.max(1, rewards.length - 1));
  return advantages.map((advantage) => advantage / (deviation + epsilon));
}

/**
 * Of each group, whether all of it earned the same: there is nothing to learn from it but the KL, and leaving it out saves
 * its computation (DAPO's dynamic sampling; open-instruct's filter_zero_std_samples). Refused with one response a prompt,
 * where that is every group.
 */
export function levelGroups(rewards: readonly number[], groupSize: number): boolean[] {
  if (!Number.isInteger(groupSize) || groupSize < 2 || rewards.length % groupSize !== 0) {
    throw new RangeError(
      `${rewards.length} rewards in groups of ${groupSize}: a group has 2 responses at least, otherwise all of them are level`,
    );
  }
  return Array.from({ length: rewards.length / groupSize }, (_, n) => {
    const group = rewards.slice(n * groupSize, (n + 1) * groupSize);
    return group.every((reward) => reward === group[0]);
  });
}
