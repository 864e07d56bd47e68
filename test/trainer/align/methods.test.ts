/** What the methods learn from, and that they learn. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RowScorer, type RowScores } from "../../../trainer/align/learning/scorer.ts";
import type { AlignEntry, AlignEvent, AlignResult } from "../../../trainer/align/run.ts";
import { type AnswerPair, pairAnswers } from "../../../trainer/align/sampling/answer-pairs.ts";
import type { JudgedRollout } from "../../../trainer/align/sampling/judged-sampler.ts";
import { referenceBackend } from "../../../trainer/backends/reference.ts";
import { loadTrainedModel } from "../../../trainer/checkpoint/trained-model.ts";
import { Transformer } from "../../../trainer/model/transformer.ts";
import { tempFolder } from "../../tokenizer/temp.ts";
import { BYTES } from "./byte-tokenizer.ts";
import { align, OFTEN_RIGHT, SMALL, writeSmallData } from "./small-runs.ts";

const folder = tempFolder();
writeSmallData(folder);

let runs = 0;
const newOut = (): string => join(folder, `run-${runs++}`);

function rowsIn<T>(...path: string[]): T[] {
  const lines = readFileSync(join(...path), "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as T);
}

const logOf = ({ out }: AlignResult): AlignEntry[] => rowsIn(out, "log.jsonl");

const LEARNING = {
  ...{ questions: 8, samples: 8, steps: 8, maxTokens: 2, sequences: 64, batch: 32 },
  schedule: { use: "constant", peak: 0.05 },
};

for (const name of ["expert-iteration", "ppo", "grpo"]) {
  test(`${name}: what earned something is said more often`, async () => {
    const { method, config } = SMALL[name]!;
    const result = await align(folder, method, { ...config, ...LEARNING, evaluate: undefined, out: newOut() });
    const rewards = logOf(result).map(({ metrics }) => metrics["reward/mean"]!);
    const mean = (part: readonly number[]): number => part.reduce((sum, x) => sum + x, 0) / part.length;
    assert.ok(mean(rewards.slice(-2)) > mean(rewards.slice(0, 2)) + 0.2, `${name}: ${rewards}`);
  });
}

test("dpo: of its own answers the better ones become likelier", async () => {
  const { method, config } = SMALL["dpo-own"]!;
  const schedule = { use: "constant", peak: 0.03 };
  const pairs = { ...(config.pairs as object), samples: 8 };
  const result = await align(folder, method, { ...config, pairs, epochs: 6, schedule, out: newOut() });
  assert.equal(result.before!["validation/margins"], 0);
  const log = logOf(result);
  const last = log.findLast(({ type }) => type === "step")!;
  assert.ok(last.metrics["rewards/margins"]! > 0.5 && last.metrics["rewards/accuracies"] === 1, JSON.stringify(last));
  const [prepared] = log;
  assert.equal(prepared!.type, "prepared");
  assert.equal(prepared!.metrics["spent/judgements"], 64);
  assert.equal(result.spent["spent/rolloutTokens"], prepared!.metrics["spent/rolloutTokens"]);
  assert.deepEqual(
    result.artifacts.map(({ kind }) => kind),
    ["generations", "judgements", "pairs", "reference"],
  );
});

test("dpo: held-out pairs are measured before, and behind every epoch", async () => {
  const { method, config } = SMALL.dpo!;
  const result = await align(folder, method, { ...config, epochs: 3, out: newOut() });
  const log = logOf(result);
  const { pairs } = log[0]!.metrics as { pairs: number };
  const perEpoch = Math.ceil(pairs / 4);
  assert.deepEqual(
    log.filter(({ type }) => type === "evaluation").map(({ step }) => step),
    [0, perEpoch, 2 * perEpoch, 3 * perEpoch],
  );
  assert.equal(result.spent["spent/labels"], pairs);
  const first = log.find(({ type }) => type === "step")!;
  assert.ok(Math.abs(first.metrics.loss! - Math.LN2) < 1e-5, "the model is its own reference");
});

test("dpo: the reference is what the model to begin from says of the answers", async () => {
  const { out } = await align(folder, "sft", { ...SMALL.sft!.config, out: newOut() });
  const { model: _, ...config } = SMALL["dpo-own"]!.config;
  const aligned = await align(folder, "dpo", { ...config, from: out, out: newOut() });
  const { config: shape, parameters } = await loadTrainedModel(out);
  const scorer = new RowScorer(new Transformer(shape), parameters, referenceBackend(), { sequences: 1 });
  const [pair] = rowsIn<AnswerPair>(aligned.out, "pairs.jsonl");
  const generations = rowsIn<{ ids: number[] }>(aligned.out, "generations.jsonl");
  const [line] = rowsIn<{ chosen: number; rejected: number }>(aligned.out, "reference.jsonl");
  const prompt = [...BYTES.encode(`${pair!.prompt[0]!.content}=`)];
  for (const which of ["chosen", "rejected"] as const) {
    const { ids } = generations[pair!.answers[which]]!;
    const row = { ids: [...prompt, ...ids], isResponse: [...prompt.map(() => 0), ...ids.map(() => 1)] };
    const [{ logProbs }] = (await scorer.score([row])) as [RowScores];
    const sum = logProbs.subarray(prompt.length - 1).reduce((all, x) => all + x, 0);
    assert.ok(Math.abs(sum - line![which]) < 1e-4, `${which}: ${sum}, ${line![which]}`);
  }
  await scorer.close();
});

test("dpo: where all answers earned the same there is nothing to prefer, and that is said", async () => {
  const { method, config } = SMALL["dpo-own"]!;
  const pairs = { ...(config.pairs as object), verify: [{ use: "length", with: { atLeast: 0 } }] };
  await assert.rejects(align(folder, method, { ...config, pairs, out: newOut() }), {
    name: "RecipeError",
    message: /config: pairs: all answers to each of \d questions earned the same/,
  });
});

test("pairs are the best against the worst answer of each question, the first of equals", () => {
  const rollouts = [0.5, 1, 0, 1, 0, 0.2, 0.2, 0.2, 0.2, 0.2].map(
    (reward, n) =>
      ({
        question: { prompt: { place: `q:${Math.floor(n / 5)}`, messages: [], fields: {} }, ids: [] },
        ...{ ids: [n], text: `answer ${n}`, isCut: false, reward, verified: {} },
      }) as unknown as JudgedRollout,
  );
  assert.deepEqual(pairAnswers(rollouts, 5), [
    {
      place: "q:0",
      prompt: [],
      chosen: "answer 1",
      rejected: "answer 2",
      rewards: { chosen: 1, rejected: 0 },
      answers: { chosen: 1, rejected: 2 },
    },
  ]);
});

interface ExampleLine {
  readonly answer: number;
  readonly place: string;
  readonly response: string;
  readonly reward: number;
}

test("expert iteration keeps different answers that earned enough, the best first, so many a question", async () => {
  const { method, config } = SMALL["expert-iteration"]!;
  const reward = [{ use: "constraints", with: { all: [{ kind: "lower-case" }, { kind: "no-commas" }] } }, OFTEN_RIGHT];
  const asked = { reward, samples: 64, questions: 4, steps: 1, maxTokens: 1, keep: 6, threshold: 1 };
  const { out } = await align(folder, method, { ...config, ...asked, out: newOut() });
  const generations = rowsIn<{ place: string; response: string; ids: number[] }>(out, "rounds/0001-generations.jsonl");
  const judgements = rowsIn<{ reward: number }>(out, "rounds/0001-judgements.jsonl");
  const examples = rowsIn<ExampleLine>(out, "rounds/0001-examples.jsonl");
  const wanted: ExampleLine[] = [];
  let repeated = 0;
  for (const place of new Set(generations.map((one) => one.place))) {
    const enough = generations
      .map(({ response, ids, ...one }, answer) => ({ answer, ...one, response, ids, ...judgements[answer]! }))
      .filter((one) => one.place === place && one.reward >= 1 && one.ids[0]! < 256);
    const different = enough
      .sort((a, b) => b.reward - a.reward)
      .filter((one, n, all) => all.findIndex(({ response }) => response === one.response) === n);
    repeated += enough.length - different.length;
    for (const { answer, response, reward } of different.slice(0, 6)) wanted.push({ answer, place, response, reward });
  }
  assert.ok(repeated > 0);
  assert.deepEqual(new Set(examples.map(({ reward }) => reward)), new Set([1, 2]));
  assert.deepEqual(examples, wanted);
});

test("a round without an answer to learn from is told and passed over; empty answers are counted", async () => {
  const { method, config } = SMALL["expert-iteration"]!;
  const notes: string[] = [];
  const onEvent = (event: AlignEvent): void => void (event.type === "note" && notes.push(event.message));
  const reward = [{ use: "exact", with: { field: "answer" } }];
  const without = await align(folder, method, { ...config, reward, maxTokens: 1, out: newOut() }, { onEvent });
  assert.equal(notes.length, 4);
  assert.match(notes[0]!, /^round 1: no answer of 16 is to be learned/);
  assert.match(notes[3]!, /^nothing was learned in 3 steps/);
  for (const { type, metrics } of logOf(without)) {
    if (type !== "step") continue;
    assert.equal(metrics.learned, 0);
    assert.equal(metrics.updates, 0);
  }
  const before = await align(folder, method, { ...config, reward, maxTokens: 1, seed: 1, steps: 1, out: newOut() });
  const model = (out: string): Buffer => readFileSync(join(out, "model.safetensors"));
  assert.deepEqual(model(without.out), model(before.out));

  // An answer of nothing but its end is empty: it earns, and is not learned.
  const silent = [{ use: "length", with: { atMost: 1 } }];
  const one = { ...config, reward: silent, samples: 256, maxTokens: 1, steps: 1, learnCut: false };
  const result = await align(folder, method, { ...one, out: newOut() });
  const step = logOf(result).find(({ type }) => type === "step")!;
  assert.ok(step.metrics.empty! > 0, "about one in 257 of 1024 answers");
  assert.equal(step.metrics.learned, 0);
});

for (const name of ["ppo", "grpo"]) {
  test(`${name}: a step of which all answers were cut, and cut ones are not learned, changes nothing`, async () => {
    const { method, config } = SMALL[name]!;
    const cut = { ...config, evaluate: undefined, maxTokens: 1, learnCut: false, steps: 2, out: newOut() };
    const result = await align(folder, method, cut);
    for (const { metrics } of logOf(result)) {
      assert.equal(metrics.truncated, 1);
      assert.equal(metrics.updates, 0);
      assert.ok(Object.values(metrics).every(Number.isFinite), JSON.stringify(metrics));
    }
  });
}

test("sft: labels are paid for once, however often they are learned from", async () => {
  const { config } = SMALL.sft!;
  const { spent } = await align(folder, "sft", { ...config, epochs: 3, out: newOut() });
  assert.equal(spent["spent/labels"], 8);
  // "0", "2" … "14", and the end of each.
  assert.equal(spent["spent/labelTokens"], 5 + 2 * 3 + 8);
  assert.equal(spent["spent/tokens"], 3 * (8 * 4 + 5 + 2 * 3 + 8));
});

test("dpo: what is odd about pairs is told before anything is learned", async () => {
  const row = (prompt: string, chosen: string, rejected: string): string =>
    JSON.stringify({ prompt, chosen, rejected });
  const rows = [row("a", "long", "no"), row("a", "no", "long"), row("b", "longer", "no"), row("b", "Longer", "no")];
  writeFileSync(join(folder, "odd.jsonl"), `${rows.join("\n")}\n`);
  const notes: string[] = [];
  const onEvent = (event: AlignEvent): void => void (event.type === "note" && notes.push(event.message));
  await align(folder, "dpo", { ...SMALL.dpo!.config, data: "odd.jsonl", out: newOut() }, { onEvent });
  assert.deepEqual(notes, [
    "4 pairs of 2 prompts; where lengths differ, the longer answer is preferred in 75.0 % (4.5 against 2.5 tokens); " +
      "1 are duplicates; 1 were judged both ways (odd.jsonl:1, odd.jsonl:2)",
  ]);
});
