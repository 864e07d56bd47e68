/** Ways of making a model better at a task, with the same settings for all tasks. */
import { type Arm, EXACT } from "./cell.ts";

const ASKED = { reward: [EXACT], maxTokens: 12, samples: 8, samplesKept: 0, sequences: 64 };
const SUPERVISED = { data: "examples.jsonl", batch: 64, packing: "none", sequences: 64 };
const GOING_ON = { epochs: 30, schedule: { peak: 3e-4 } };
/** Of the methods that ask at every step: two passes over 256 answers, in updates of 32. */
const BY_STEP = {
  ...{ ...ASKED, prompts: "questions.jsonl", steps: 72, questions: 32, batch: 32, passes: 2 },
  schedule: { use: "linear", peak: 5e-5, warmup: 4 },
};

/**
 * Supervision goes through the examples fifty times, and the others begin there. `supervised-longer`, the control, goes on with
 * the same examples for 44 s of a core: GRPO takes 37 to 57, PPO twice as much, the others less.
 */
export const ARMS: readonly Arm[] = [
  { name: "supervised-first", method: "sft", config: { ...SUPERVISED, epochs: 20, schedule: { peak: 1e-3 } } },
  { name: "supervised", from: "supervised-first", method: "sft", config: { ...SUPERVISED, ...GOING_ON } },
  { name: "supervised-longer", from: "supervised", method: "sft", config: { ...SUPERVISED, ...GOING_ON, epochs: 60 } },
  { name: "grpo", from: "supervised", method: "grpo", config: BY_STEP },
  {
    name: "expert-iteration",
    from: "supervised",
    method: "expert-iteration",
    config: {
      ...{ ...ASKED, prompts: "questions.jsonl", steps: 20, questions: 150, keep: 4, batch: 32, passes: 3 },
      schedule: { use: "linear", peak: 3e-4, warmup: 0.1 },
    },
  },
  {
    name: "dpo",
    from: "supervised",
    method: "dpo",
    config: {
      pairs: { prompts: { files: "questions.jsonl", limit: 800 }, verify: [EXACT], samples: 8, maxTokens: 12 },
      ...{ beta: 0.1, nll: 1, epochs: 3, batch: 16, sequences: 64 },
      schedule: { use: "linear", peak: 3e-5, warmup: 0.15 },
    },
  },
  { name: "ppo", from: "supervised", method: "ppo", config: BY_STEP },
];

/** What the others are compared with: the model that they begin with. */
export const ALONE = "supervised";

/** Not those that settings were chosen with: these were 1 to 5, and 101 to 104. */
export const SEEDS = [6, 7, 8, 9, 10];
