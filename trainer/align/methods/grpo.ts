/** GRPO: answers that did better than others to the same question become likelier. */
import { z } from "zod";
import { grpo as objective } from "../../objectives/grpo.ts";
import { rateAt } from "../../optimizer/schedule.ts";
import { ADVANTAGE_SCALES, groupAdvantages, levelGroups } from "../credit/advantages.ts";
import { Learner } from "../learning/learner.ts";
import type { Row } from "../learning/row.ts";
import { AGGREGATIONS } from "../learning/token-weights.ts";
import { learnInPasses } from "../learning/update-passes.ts";
import { defineMethod } from "../method.ts";
import { PolicyCollector, policyOptions } from "./policy.ts";

const options = z.object({
  ...policyOptions,
  samples: z.int().min(2).default(8).describe("answers to each question: the group that they are compared in"),
  scaleBy: z
    .enum(ADVANTAGE_SCALES)
    .default("group")
    .describe("what advantages are divided by: the deviation of their group, of the batch, or nothing (Dr. GRPO)"),
  aggregate: z
    .enum(AGGREGATIONS)
    .default("token-mean")
    .describe("how losses of tokens become one: sequence-mean (GRPO), token-mean (DAPO), constant (Dr. GRPO)"),
  clipLow: z.number().min(0).default(0.2).describe("how much less likely an answer may become within a step"),
  clipHigh: z.number().min(0).optional().describe("how much likelier; by default as clipLow (DAPO: 0.28)"),
  ratio: z
    .enum(["token", "sequence"])
    .default("token")
    .describe("whether likelihoods are compared by token or by answer"),
  klCoefficient: z.number().min(0).default(0).describe("what the distance to the model at the beginning costs"),
  skipLevelGroups: z.boolean().default(true).describe("questions whose answers all earned the same are left out"),
});

export default defineMethod({
  name: "grpo",
  summary: "Learn from what a group of answers earned, each against the others.",
  example: `  from: tiny-sft
  prompts: questions.jsonl         # {"prompt": …, "answer": …} a line
  reward: [{ use: numeric, with: { field: answer } }]
  steps: 200
  out: tiny-grpo
`,
  options,
  complaint({ temperature }) {
    if (temperature > 0) return undefined;
    return { field: "temperature", message: "found 0, at which all answers to a question are the same; expected more" };
  },
  async begin(bench, given) {
    const { plan, model, values, backend } = bench;
    const { samples, scaleBy, aggregate, clipLow, clipHigh = clipLow, ratio, klCoefficient, skipLevelGroups } = given;
    const { passes, batch = given.questions * samples, learnCut, steps, maxTokens } = given;
    const learner = new Learner({
      ...{ model, values, backend, clip: plan.clip, optimizer: plan.optimizer },
      objective: objective({ range: clipLow, rangeHigh: clipHigh, ratio, klCoefficient }),
      sequences: Math.min(plan.sequences, batch),
      temperature: given.temperature,
    });
    // Where the KL costs nothing it is only logged, for which one answer to each question is enough.
    const scoresReference = klCoefficient > 0 ? "all" : "first";
    const collector = await PolicyCollector.open(bench, given, learner, { scoresReference });
    return {
      learner,
      steps,
      inputs: collector.inputs,
      async step(n) {
        const { answers, metrics, samples: read } = await collector.collect(n);
        const rewards = answers.map(({ rollout }) => rollout.reward);
        const advantages = groupAdvantages(rewards, { groupSize: samples, scaleBy });
        const isLevel = levelGroups(rewards, samples);
        const rows = answers.flatMap(({ row, policy, reference, rollout }, i): Row[] => {
          if (skipLevelGroups && isLevel[Math.floor(i / samples)]) return [];
          if (!learnCut && rollout.isCut) return [];
          const byToken = {
            oldLogProbs: policy.logProbs,
            ...(reference && { referenceLogProbs: reference.logProbs }),
          };
          return [{ ...row, byToken, bySequence: { advantages: advantages[i]! } }];
        });
        const rate = rateAt(n, steps, plan.schedule);
        const purpose = `grpo ${n}`;
        const learned = await learnInPasses(learner, rows, {
          ...{ passes, batch, rate, seed: plan.seed, purpose },
          aggregate,
          constant: maxTokens,
        });
        return { metrics: { ...metrics, learned: rows.length, ...learned }, samples: read };
      },
      async close() {
        await collector.close();
        await learner.close();
      },
    };
  },
});
