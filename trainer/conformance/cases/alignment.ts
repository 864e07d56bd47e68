/** Losses of the fifth assignment of 2025, with gradients where it takes a step. */
// B = sequences, T = positions, V = vocabulary
import { createHash } from "node:crypto";
import { gradients } from "../../ir/autodiff.ts";
import { concat, expand, neg, reshape, total } from "../../ir/ops/index.ts";
import { type Shape, sizeOf, type Tensor } from "../../ir/tensor.ts";
import { entropy } from "../../objectives/entropy.ts";
import { groupNormalizedRewards } from "../../objectives/group-rewards.ts";
import { maskedMean, maskedNormalize } from "../../objectives/masked.ts";
import { shareOfStep } from "../../objectives/micro-batch.ts";
import { clippedPolicyLoss, reinforce } from "../../objectives/policy-gradient.ts";
import { type Case, type Given, program, type Results } from "../case.ts";

const CONSTANT = 42;
const MICRO_BATCHES = 2;
const MANY_STEPS = 10;

export const ALIGNMENT: Readonly<Record<string, Case>> = {
  "a5 entropy": program((given) => ({
    test_compute_entropy: without(entropy(given.tensor("generated/a5_logits")), -1),
  })),

  "a5 policy-gradient family": program((given) => {
    const logProbs = given.tensor("generated/a5_policy_log_probs");
    const rewards = given.tensor("generated/a5_raw_rewards");
    const advantages = given.tensor("generated/a5_advantages");
    return {
      test_compute_naive_policy_gradient_loss: reinforce(logProbs, rewards),
      test_compute_policy_gradient_loss_no_baseline: reinforce(logProbs, rewards),
      test_compute_policy_gradient_loss_reinforce_with_baseline: reinforce(logProbs, advantages),
      test_compute_grpo_clip_loss_large_cliprange: clipped(given, 10),
      test_compute_grpo_clip_loss_small_cliprange: clipped(given, 0.1),
      test_compute_policy_gradient_loss_grpo_clip: clipped(given, 0.5),
    };
  }),

  "a5 masked_mean / masked_normalize": program((given) => {
    const [x, mask] = [given.tensor("generated/a5_logits"), given.tensor("generated/a5_mask")];
    const results: Record<string, Tensor> = {
      test_masked_mean_dimNone: reshape(maskedMean(x, mask), []),
      test_masked_normalize_dimNone: reshape(maskedNormalize(x, mask, CONSTANT), []),
    };
    for (const [name, axis] of [["0", 0] as const, ["1", 1] as const, ["last", -1] as const]) {
      results[`test_masked_mean_dim${name}`] = without(maskedMean(x, mask, [axis]), axis);
      results[`test_masked_normalize_dim${name}`] = without(maskedNormalize(x, mask, CONSTANT, [axis]), axis);
    }
    return results;
  }),

  "a5 sft step": program((given) => {
    const loss = (constant: number): Tensor => {
      const losses = neg(given.tensor("generated/a5_policy_log_probs"));
      const mask = given.tensor("generated/a5_response_mask");
      return shareOfStep(maskedNormalize(losses, mask, constant, [1]), MICRO_BATCHES);
    };
    return {
      ...step("test_sft_microbatch_train_step", given, () => loss(1)),
      ...step("test_sft_microbatch_train_step_normalize", given, () => loss(CONSTANT)),
      ...manySteps("test_sft_microbatch_train_step_10_steps", given, () => loss(1)),
    };
  }),

  "a5 grpo step": program((given) => {
    const loss = (): Tensor => {
      const mask = given.tensor("generated/a5_response_mask");
      return shareOfStep(maskedMean(clipped(given, 0.1), mask, [1]), MICRO_BATCHES);
    };
    return {
      ...step("test_grpo_microbatch_train_step_grpo_clip", given, loss),
      ...manySteps("test_grpo_microbatch_train_step_grpo_clip_10_steps", given, loss),
    };
  }),

  // Plain numbers: no backend has a part in it.
  "a5 group rewards": () => {
    const rewards = Array.from({ length: 8 }, (_, i) => rewardOf(`hmm I think ths answer is ${i}`));
    const results: Record<string, Results[string]> = {};
    for (const [name, byDeviation] of [["no_normalize_by_std", false] as const, ["normalize_by_std", true] as const]) {
      const folder = `test_compute_group_normalized_rewards_${name}`;
      const normalized = groupNormalizedRewards(rewards, { groupSize: 4, byDeviation });
      results[`${folder}/raw_rewards`] = { shape: [8], values: rewards };
      results[`${folder}/normalized_rewards`] = { shape: [8], values: normalized };
    }
    return results;
  },
};

function clipped(given: Given, range: number): Tensor {
  return clippedPolicyLoss(given.tensor("generated/a5_policy_log_probs"), {
    oldLogProbs: given.tensor("generated/a5_old_log_probs"),
    advantages: given.tensor("generated/a5_advantages"),
    range,
  });
}

/** A loss, and its gradient by the log-probabilities. */
function step(folder: string, given: Given, lossOf: () => Tensor): Record<string, Tensor> {
  const loss = lossOf();
  const [gradient] = gradients(loss, [given.tensor("generated/a5_policy_log_probs")]);
  return { [`${folder}/loss`]: loss, [`${folder}/policy_log_probs_grad`]: gradient! };
}

/** Ten losses, whose gradients add up. The fixture shows their sum ten times: what it kept was ten times the same tensor. */
function manySteps(folder: string, given: Given, lossOf: () => Tensor): Record<string, Tensor> {
  const losses = concat(
    Array.from({ length: MANY_STEPS }, () => reshape(lossOf(), [1])),
    0,
  );
  const [gradient] = gradients(total(losses), [given.tensor("generated/a5_policy_log_probs")]);
  const shape = [MANY_STEPS, ...gradient!.shape];
  return { [`${folder}/loss`]: losses, [`${folder}/policy_log_probs_grad`]: expand(gradient!, shape) };
}

/** Without an axis of size 1. */
function without(x: Tensor, axis: number): Tensor {
  const shape: Shape = x.shape.toSpliced(axis, 1);
  if (sizeOf(shape) !== sizeOf(x.shape)) throw new Error(`axis ${axis} of ${x.shape} is not 1`);
  return reshape(x, shape);
}

/** What the assignment's tests take for a verifier. */
function rewardOf(response: string): number {
  const digest = createHash("sha256").update(response).digest("hex");
  return Number(BigInt(`0x${digest}`) % 10n) / 10;
}
