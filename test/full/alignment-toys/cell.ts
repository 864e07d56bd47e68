/** One task with one seed: supervised first, and from there each way of going on, every one a run in a folder of its own. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../../pipeline/canonical.ts";
import { alignPlanOf } from "../../../trainer/align/config.ts";
import type { Metrics } from "../../../trainer/align/method.ts";
import { METHODS } from "../../../trainer/align/methods/index.ts";
import { runAlignment } from "../../../trainer/align/run.ts";
import type { Backend } from "../../../trainer/backends/backend.ts";
import { onnxBackend } from "../../../trainer/backends/onnx/onnx.ts";
import { loadTrainedModel } from "../../../trainer/checkpoint/trained-model.ts";
import { CachedModel } from "../../../trainer/generate/cached-model.ts";
import { generateTexts, PlainDecoder } from "../../../trainer/generate/generator.ts";
import { Transformer } from "../../../trainer/model/transformer.ts";
import { CHARACTERS } from "./characters.ts";
import { dataOf, type Question, type Task } from "./tasks.ts";

export interface Arm {
  readonly name: string;
  /** The arm whose model it begins with; without one, with a model that knows nothing. */
  readonly from?: string;
  readonly method: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface ArmResult {
  /** Of all that decides it. */
  readonly id: string;
  readonly task: string;
  readonly seed: number;
  readonly arm: string;
  /** Shares of held-out questions with the right answer: the likeliest answer, and one drawn at temperature 1. */
  readonly greedy: number;
  readonly sampled: number;
  readonly spent: Metrics;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly digest: string;
}

export const MODEL = { contextLength: 24, layers: 4, width: 128, heads: 4, hiddenWidth: 512 } as const;
const TEMPLATE = { user: { after: "\n" } };
export const EXACT = { use: "exact", with: { field: "answer" } };
const MAX_TOKENS = 12;

/** Runs what has no result yet. Arms that others begin with come before them. */
export async function runCell(folder: string, task: Task, seed: number, arms: readonly Arm[]): Promise<ArmResult[]> {
  const cell = join(folder, task.name, `seed-${seed}`);
  mkdirSync(cell, { recursive: true });
  const { examples, questions, heldOut } = dataOf(task, seed);
  const needed = TEMPLATE.user.after.length + MAX_TOKENS; // A prompt that leaves no room for an answer would not be asked.
  const longest = Math.max(...[...questions, ...heldOut].map(({ prompt }) => prompt.length));
  if (longest + needed > MODEL.contextLength) throw new RangeError(`${task.name}: prompts of ${longest} do not fit`);
  writeRows(join(cell, "examples.jsonl"), examples);
  writeRows(join(cell, "questions.jsonl"), questions);
  writeRows(join(cell, "held-out.jsonl"), heldOut);
  const backend = await onnxBackend({ threads: 1, spinning: false });
  const results: ArmResult[] = [];
  for (const arm of arms) {
    const { name, from, method, config } = arm;
    const path = join(cell, `${name}.json`);
    // What another beginning, task or config has left is another folder's.
    const begins = results.find((one) => one.arm === from);
    if (from !== undefined && begins === undefined) throw new RangeError(`${name}: "${from}" has to come before it`);
    const id: string = digestOf([MODEL, examples, questions, heldOut, arm, begins?.id]);
    if (!existsSync(path) || (JSON.parse(readFileSync(path, "utf8")) as ArmResult).id !== id) {
      const beginning =
        begins === undefined ? { model: MODEL, tokenizer: "characters" } : { from: join(cell, folderOf(begins)) };
      const out = folderOf({ arm: name, id });
      const common = { name: `${task.name} ${name}`, template: TEMPLATE, seed, out, ...beginning };
      const plan = alignPlanOf({ ...common, ...config }, METHODS.get(method)!, { folder: cell });
      const before = process.cpuUsage();
      const { spent, seconds, digest } = await runAlignment(plan, {
        backend,
        tokenizerOf: async () => CHARACTERS,
        bytesOfId: () => new Uint8Array(CHARACTERS.vocabSize).fill(1),
      });
      const { user, system } = process.cpuUsage(before);
      const scores = await measure(plan.out, heldOut, backend);
      const cpuSeconds = (user + system) / 1e6;
      const result: ArmResult = { id, task: task.name, seed, arm: name, ...scores, spent, seconds, cpuSeconds, digest };
      writeFileSync(`${path}.part`, JSON.stringify(result));
      renameSync(`${path}.part`, path);
      console.log(
        `${task.name} seed ${seed} ${name}: greedy ${scores.greedy.toFixed(3)}, sampled ${scores.sampled.toFixed(3)}, ${seconds.toFixed(0)} s, ${cpuSeconds.toFixed(0)} s of a core`,
      );
    }
    results.push(JSON.parse(readFileSync(path, "utf8")) as ArmResult);
  }
  return results;
}

/** Of an arm's run. */
function folderOf({ arm, id }: Pick<ArmResult, "arm" | "id">): string {
  return `${arm}-${id.slice(0, 12)}`;
}

/** Shares of right answers, to the letter. */
async function measure(
  folder: string,
  heldOut: readonly Question[],
  backend: Backend,
): Promise<{ greedy: number; sampled: number }> {
  const { config, parameters } = await loadTrainedModel(folder);
  const model = new CachedModel(new Transformer(config), parameters, backend);
  const share = async (temperature: number): Promise<number> => {
    const prompts = heldOut.map(({ prompt }) => `${prompt}${TEMPLATE.user.after}`);
    const options = { maxTokens: MAX_TOKENS, temperature, batchSize: 100 };
    const texts = await generateTexts(new PlainDecoder(model), CHARACTERS, prompts, options);
    return texts.filter(({ text }, n) => text === heldOut[n]!.answer).length / heldOut.length;
  };
  try {
    return { greedy: await share(0), sampled: await share(1) };
  } finally {
    await model.close();
  }
}

function writeRows(path: string, rows: readonly Question[]): void {
  const lines = rows.map(({ prompt, answer }) => JSON.stringify({ prompt, response: answer, answer }));
  writeFileSync(`${path}.part`, `${lines.join("\n")}\n`);
  renameSync(`${path}.part`, path);
}
