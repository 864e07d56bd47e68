/** Eval Gauntlet's, MMLU's and GSM8K's own files: all of their items are read, and every byte of their answers is scored. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePair } from "../../../../eval/measure/tasks/encode-pair.ts";
import { readTask, scoreTask, type TaskItem } from "../../../../eval/measure/tasks/index.ts";
import { loadTokenizer } from "../../../../tokenizer/load.ts";
import { needsShared, sharedPath } from "../../../shared.ts";

const FILES = [
  ["evals/arc_challenge.part1.jsonl.gz", "arc", 586],
  ["evals/arc_easy.part1.jsonl.gz", "arc", 1188],
  ["evals/boolq.part1.jsonl.gz", "boolq", 1635],
  ["evals/commonsense_qa.part1.jsonl.gz", "commonsense-qa", 610],
  ["evals/copa.part1.jsonl.gz", "copa", 50],
  ["evals/hellaswag-val.part1.jsonl.gz", "hellaswag", 2500],
  ["evals/jeopardy.part1.jsonl.gz", "jeopardy", 1058],
  ["evals/lambada_openai.part1.jsonl.gz", "lambada", 2576],
  ["evals/openbook_qa.part1.jsonl.gz", "openbook-qa", 250],
  ["evals/piqa.part1.jsonl.gz", "piqa", 919],
  ["evals/simple_arithmetic.part1.jsonl.gz", "arithmetic", 500],
  ["evals/svamp.part1.jsonl.gz", "svamp", 150],
  ["evals/winograd_wsc.part1.jsonl.gz", "winogrande", 136],
  ["evals/winogrande.part1.jsonl.gz", "winogrande", 633],
  ["gsm8k/example_model_solutions.first300.jsonl.gz", "gsm8k", 300],
  ["gsm8k/train.jsonl.gz", "gsm8k", 7473],
  ["mmlu/dev.jsonl.gz", "mmlu", 285],
  ["mmlu/val.jsonl.gz", "mmlu", 1531],
] as const;

const path = (file: string): string => sharedPath("data/alignment", file);

test("every file is read as its format, with all of its items", needsShared("data/alignment"), async () => {
  for (const [file, format, items] of FILES) {
    const task = await readTask(file, path(file));
    assert.deepEqual([file, task.format, task.items.length], [file, format, items]);
    assert.equal(new Set(task.items.map(({ id }) => id)).size, items);
  }
});

test("MMLU has 57 subjects, and five shots of each", needsShared("data/alignment/mmlu"), async () => {
  const shots = { files: path("mmlu/dev.jsonl.gz"), count: 5 };
  const { items } = await readTask("mmlu", path("mmlu/val.jsonl.gz"), { shots });
  assert.equal(new Set(items.map(({ group }) => group)).size, 57);
  for (const item of items) {
    assert.ok(item.kind === "choice");
    assert.equal(item.context.match(/\nAnswer: [ABCD]\n\n/g)?.length, 5, item.id);
  }
});

test("tokens of answers spell just the bytes that are counted", needsShared("data/alignment/evals"), async () => {
  const gpt2 = await loadTokenizer("gpt2");
  for (const [file] of FILES) {
    const { items } = await readTask(file, path(file), { limit: 100 });
    for (const item of items) {
      const [context, continuation] = goldOf(item);
      const { continuationIds, scoredBytes } = encodePair(gpt2, context, continuation);
      assert.equal(scoredBytes, Buffer.byteLength(continuation));
      assert.equal(Buffer.from(gpt2.decode(continuationIds)).toString(), continuation, `${file} ${item.id}`);
    }
  }
});

test("a model that knows nothing pays the same for every token", needsShared("data/alignment/evals"), async () => {
  const gpt2 = await loadTokenizer("gpt2");
  const nats = Math.log(gpt2.vocabSize);
  const uniform = {
    contextLength: 64,
    vocabSize: gpt2.vocabSize,
    score: async (windows: readonly { ids: ArrayLike<number>; firstScored: number }[]) =>
      windows.map(({ ids, firstScored }) => {
        const scored = ids.length - firstScored;
        return { nats: new Float64Array(scored).fill(nats), greedy: new Uint8Array(scored) };
      }),
    close: async () => {},
  };
  for (const [file] of FILES) {
    const task = await readTask(file, path(file), { limit: 50 });
    const scores = await scoreTask(task, gpt2, uniform);
    let tokens = 0;
    let bytes = 0;
    for (const item of task.items) {
      const [, continuation] = goldOf(item);
      tokens += gpt2.encode(continuation).length;
      bytes += Buffer.byteLength(continuation);
    }
    const bits = scores.metrics.find(({ name }) => name === "bits_per_byte")!;
    assert.ok(Math.abs(bits.value - (tokens * nats) / Math.LN2 / bytes) < 1e-9, file);
    assert.ok(bits.stderr! >= 0);
  }
});

function goldOf(item: TaskItem): [context: string, continuation: string] {
  switch (item.kind) {
    case "choice":
      return [item.context, item.delimiter + item.choices[item.gold]!];
    case "partial-context":
      return [item.contexts[item.gold]!, item.delimiter + item.continuation];
    case "continuation":
      return [item.context, item.delimiter + item.answer];
    case "rolling":
      return ["", item.text];
  }
}
