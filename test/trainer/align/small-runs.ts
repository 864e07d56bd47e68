/** Alignments that are done in a blink: a model of a few thousand parameters, and rows for each method. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AlignPlan, alignPlanOf } from "../../../trainer/align/config.ts";
import { METHODS } from "../../../trainer/align/methods/index.ts";
import { type AlignEvent, type AlignHooks, type AlignResult, runAlignment } from "../../../trainer/align/run.ts";
import { referenceBackend } from "../../../trainer/backends/reference.ts";
import { BYTES } from "./byte-tokenizer.ts";

/** Earned by about every fourth answer of a model that knows nothing. */
export const OFTEN_RIGHT = { use: "contains", with: { texts: [..."abcdefghijklmno123"], need: "any" } };

const QUESTIONS = Array.from({ length: 8 }, (_, n) => ({ prompt: `${n}+${n}`, answer: String(2 * n) }));

const COMMON = {
  model: { contextLength: 16, layers: 1, width: 8, heads: 2, hiddenWidth: 8 },
  tokenizer: "bytes",
  template: { user: { after: "=" } },
  sequences: 4,
  schedule: { peak: 1e-2 },
  backend: "reference",
};
const ASKING = { prompts: "questions.jsonl", reward: [OFTEN_RIGHT], maxTokens: 4 };
const EVALUATE = { prompts: "questions.jsonl", verify: [OFTEN_RIGHT], maxTokens: 4, temperature: 1 };

/** A config of each method, and the files that they name. DPO has two: pairs of a file, and of the model's own answers. */
export const SMALL: Readonly<Record<string, { readonly method: string; readonly config: Record<string, unknown> }>> = {
  sft: { method: "sft", config: { ...COMMON, data: "examples.jsonl", epochs: 2, batch: 4, packing: "none" } },
  dpo: { method: "dpo", config: { ...COMMON, data: { files: "pairs.jsonl", validation: 0.25 }, epochs: 2, batch: 4 } },
  "dpo-own": {
    method: "dpo",
    config: {
      ...COMMON,
      pairs: { prompts: { files: "questions.jsonl", validation: 0.25 }, verify: [OFTEN_RIGHT], maxTokens: 4 },
      ...{ epochs: 2, batch: 3 },
    },
  },
  "expert-iteration": {
    method: "expert-iteration",
    config: { ...COMMON, ...ASKING, steps: 3, questions: 4, samples: 4, batch: 4, learnCut: true, evaluate: EVALUATE },
  },
  ppo: {
    method: "ppo",
    config: { ...COMMON, ...ASKING, steps: 3, questions: 2, samples: 2, passes: 2, checkpoint: { every: 2 } },
  },
  grpo: {
    method: "grpo",
    config: {
      ...{ ...COMMON, ...ASKING, steps: 3, questions: 2, samples: 4, klCoefficient: 0.1, checkpoint: { every: 2 } },
      evaluate: { ...EVALUATE, every: 1 },
    },
  },
};

export function writeRows(path: string, rows: readonly unknown[]): void {
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

/** The files that configs above name. */
export function writeSmallData(folder: string): void {
  writeRows(join(folder, "questions.jsonl"), QUESTIONS);
  const examples = QUESTIONS.map(({ prompt, answer }) => ({ prompt, response: answer }));
  writeRows(join(folder, "examples.jsonl"), examples);
  const pairs = QUESTIONS.map(({ prompt, answer }) => ({ prompt, chosen: answer, rejected: `${answer}?` }));
  writeRows(join(folder, "pairs.jsonl"), pairs);
}

/** Runs a config in a folder. */
export async function align(
  folder: string,
  methodName: string,
  config: Readonly<Record<string, unknown>>,
  hooks: Partial<AlignHooks> = {},
): Promise<AlignResult> {
  return await runPlan(alignPlanOf(config, METHODS.get(methodName)!, { folder }), hooks);
}

export async function runPlan(plan: AlignPlan, hooks: Partial<AlignHooks> = {}): Promise<AlignResult> {
  return await runAlignment(plan, {
    backend: referenceBackend(),
    tokenizerOf: async () => BYTES,
    bytesOfId: () => Uint8Array.from({ length: BYTES.vocabSize }, (_, id) => Number(id < 256)),
    ...hooks,
  });
}

/** Ends a run at its n-th event, from 1, as far as it can be ended from within. Work between steps does not count. */
export function endingAt(n: number): (event: AlignEvent) => void {
  let seen = 0;
  return ({ type }) => {
    if (type !== "working" && ++seen === n) throw new Error("ended");
  };
}

/** All that equal runs have equal: result, log but for times, samples, and files between stages. */
export function traces({ out, digest, artifacts, before, after, spent }: Omit<AlignResult, "seconds">): object {
  const lines = (file: string): object[] =>
    readFileSync(join(out, file), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => ({ ...(JSON.parse(line) as object), seconds: 0 }));
  const files = artifacts.map(({ path, sha256 }) => `${path} ${sha256}`);
  return { digest, files, before, after, spent, log: lines("log.jsonl"), samples: lines("samples.jsonl") };
}
