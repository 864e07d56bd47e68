/** PPO: answers become likelier where they did better than the model itself expected, token by token. */
import { z } from "zod";
import { ppo as objective } from "../../objectives/ppo.ts";
import { rateAt } from "../../optimizer/schedule.ts";
import { explainedVariance, generalizedAdvantages, whiten } from "../credit/gae.ts";
import { tokenRewards } from "../credit/token-rewards.ts";
import { Learner } from "../learning/learner.ts";
import { ofResponse, toTargets } from "../learning/response-tokens.ts";
import type { Row } from "../learning/row.ts";
import { learnInPasses } from "../learning/update-passes.ts";
import { defineMethod } from "../method.ts";
import { PolicyCollector, policyOptions } from "./policy.ts";

const options = z.object({
  ...policyOptions,
  samples: z.int().min(1).default(4).describe("answers to each question"),
  passes: z.int().min(1).default(4).describe("how often a step's answers are learned from"),
  gamma: z.number().min(0).max(1).default(1).describe("what a reward one token later counts"),
  lambda: z.number().min(0).max(1).default(0.95).describe("0 trusts the next value alone, 1 the rewards alone"),
  clipLow: z.number().min(0).default(0.2).describe("how much less likely a token may become within a step"),
  clipHigh: z.number().min(0).optional().describe("how much likelier; by default as clipLow"),
  valueRange: z.number().min(0).default(0.2).describe("how far a value may move within a step"),
  valueCoefficient: z.number().min(0).default(0.1).describe("what the loss of values weighs"),
  klCoefficient: z.number().min(0).default(0.05).describe("what the distance to the model at the beginning costs"),
  missingEndPenalty: z.number().min(0).default(0).describe("taken from the reward of an answer that was cut"),
});

export default defineMethod({
  name: "ppo",
  summary: "Learn from what answers earned against what was expected of them.",
  example: `  from: tiny-sft
  prompts: questions.jsonl         # {"prompt": …, "answer": …} a line
  reward: [{ use: numeric, with: { field: answer } }]
  steps: 200
  out: tiny-ppo
`,
  options,
  async begin(bench, given) {
    const { plan, model, values, backend } = bench;
    const { samples, gamma, lambda, clipLow, clipHigh = clipLow, valueRange, valueCoefficient } = given;
    const { klCoefficient, missingEndPenalty, passes, batch = given.questions * samples, learnCut, steps } = given;
    const learner = new Learner({
      ...{ model, values, backend, clip: plan.clip, optimizer: plan.optimizer },
      objective: objective({ range: clipLow, rangeHigh: clipHigh, valueRange, valueCoefficient }),
      sequences: Math.min(plan.sequences, batch),
      temperature: given.temperature,
    });
    const collector = await PolicyCollector.open(bench, given, learner, { scoresReference: "all" });
    return {
      learner,
      steps,
      inputs: collector.inputs,
      async step(n) {
        const collected = await collector.collect(n);
        const answers = collected.answers.filter(({ rollout }) => learnCut || !rollout.isCut);
        const estimates = answers.map(({ row, policy, reference, rollout }) => {
          const logProbs = ofResponse(row, policy.logProbs);
          const referenceLogProbs = ofResponse(row, reference!.logProbs);
          const rewards = tokenRewards(
            { logProbs, referenceLogProbs, score: rollout.reward, hasEnded: !rollout.isCut },
            { klCoefficient, missingEndPenalty },
          );
          const expected = ofResponse(row, policy.values!);
          const kl = logProbs.reduce((sum, logProb, t) => sum + logProb - referenceLogProbs[t]!, 0);
          return { expected, kl, ...generalizedAdvantages(rewards, expected, { gamma, lambda }) };
        });
        const advantages = whiten(estimates.map((estimate) => estimate.advantages));
        const rows = answers.map(
          ({ row, policy }, i): Row => ({
            ...row,
            byToken: {
              advantages: toTargets(row, advantages[i]!),
              returns: toTargets(row, estimates[i]!.returns),
              oldLogProbs: policy.logProbs,
              oldValues: policy.values!,
            },
          }),
        );
        const rate = rateAt(n, steps, plan.schedule);
        const purpose = `ppo ${n}`;
        const learned = await learnInPasses(learner, rows, {
          ...{ passes, batch, rate, seed: plan.seed, purpose },
          aggregate: "token-mean",
        });
        const meanKl = estimates.reduce((sum, { kl }) => sum + kl, 0) / Math.max(1, estimates.length);
        const foreseen = explainedVariance(
          estimates.map(({ expected }) => expected),
          estimates.map(({ returns }) => returns),
        );
        return {
          metrics: { ...collected.metrics, kl: meanKl, "val/explained": foreseen, learned: rows.length, ...learned },
          samples: collected.samples,
        };
      },
      async close() {
        await collector.close();
        await learner.close();
      },
    };
  },
});
