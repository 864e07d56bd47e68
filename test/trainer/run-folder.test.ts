/** What training does to the folder it is given: nothing that costs anybody anything. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { generateCommand } from "../../pipeline/cli/generate.ts";
import { positiveInt } from "../../pipeline/cli/run.ts";
import { onnxBackend } from "../../trainer/backends/onnx/onnx.ts";
import { referenceBackend } from "../../trainer/backends/reference.ts";
import { loadTrainedModel } from "../../trainer/checkpoint/trained-model.ts";
import { planOf } from "../../trainer/config.ts";
import { StepLog } from "../../trainer/log.ts";
import { runTraining } from "../../trainer/run.ts";
import { tempFolder } from "../tokenizer/temp.ts";
import { tokenizerOf, writeRun } from "./runs.ts";

const folder = tempFolder();
const data = await writeRun(join(folder, "data"), [Array.from({ length: 96 }, (_, n) => n % 16)], {
  tokenizer: tokenizerOf(16),
});
const MODEL = { vocabSize: 16, contextLength: 4, layers: 1, width: 4, heads: 1 };

async function train(out: string): Promise<void> {
  const plan = planOf({ data, model: MODEL, sequences: 2, steps: 4, checkpoint: { every: 2 }, out }, () => "c", folder);
  await runTraining(plan, { backend: referenceBackend() });
}

test("the data's own folder, and every other that no training made, is left as it is", async () => {
  const before = readFileSync(join(data, "manifest.json"));
  await assert.rejects(train(data), { name: "RecipeError", message: /data: found \S+, which no training left there/ });
  assert.deepEqual(readFileSync(join(data, "manifest.json")), before);
  assert.deepEqual(readdirSync(data).sort(), ["data", "manifest.json"]);
  await assert.rejects(train(""), { name: "RecipeError", message: /config\.out: expected/ });
});

test("an out that can be no folder is told as such", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  for (const out of [file, join(file, "below")]) {
    await assert.rejects(train(out), { name: "RecipeError", message: /cannot be the output folder \(E\w+\)/ });
  }
});

test("two processes do not train in one folder; a lock that was left behind keeps nobody out", async () => {
  const out = join(folder, "locked");
  const lock = join(out, "checkpoints", "lock");
  mkdirSync(join(out, "checkpoints"), { recursive: true });
  writeFileSync(lock, String(process.ppid));
  await assert.rejects(train(out), {
    name: "RetryError",
    message: new RegExp(`locked: process ${process.ppid} is training there; wait for it, or give another "out"$`),
  });
  assert.deepEqual(readdirSync(out), ["checkpoints"]);
  writeFileSync(lock, "999999999");
  await train(out);
  assert.ok(!existsSync(lock));
});

test("where no checkpoint is whole, training does not begin anew by itself", async () => {
  const out = join(folder, "damaged");
  await train(out);
  for (const step of readdirSync(join(out, "checkpoints"))) {
    truncateSync(join(out, "checkpoints", step, "model.safetensors"), 10);
  }
  const log = readFileSync(join(out, "log.jsonl"), "utf8");
  await assert.rejects(train(out), {
    name: "FormatError",
    message: /found 2 checkpoints, none as it was written; copy them again, or remove the folder/,
  });
  assert.equal(readFileSync(join(out, "log.jsonl"), "utf8"), log);
});

test("the log is replaced in one step when a run goes on: a disk that is full costs none of it", () => {
  const path = join(folder, "log.jsonl");
  writeFileSync(path, '{"type":"step","step":1,"loss":2}\n{"type":"step","step":2,"loss":1}\n{"ty');
  mkdirSync(`${path}.tmp`); // In the way, as a full disk is.
  assert.throws(() => new StepLog(path, 1));
  assert.equal(readFileSync(path, "utf8").split("\n").length, 3);
  rmSync(`${path}.tmp`, { recursive: true });
  assert.equal(new StepLog(path, 1).entries.length, 1);
  assert.deepEqual(readFileSync(path, "utf8").split("\n").length, 2);
});

test("a trained model whose files were damaged or lost is refused with a sentence", async () => {
  const out = join(folder, "model");
  await train(out);
  const manifest = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")) as object;
  rmSync(join(out, "model.safetensors"));
  await assert.rejects(loadTrainedModel(out), { name: "FormatError", message: /model\.safetensors: no such file/ });
  for (const damaged of [null, 5, [], { ...manifest, tokenizer: 5 }, { ...manifest, tokenizer: { name: 7 } }]) {
    writeFileSync(join(out, "manifest.json"), JSON.stringify(damaged));
    await assert.rejects(loadTrainedModel(out), { name: "FormatError", message: /tells of no model that was trained/ });
  }
});

test("flags that no machine could follow are refused", async () => {
  await assert.rejects(onnxBackend({ threads: 100_000 }), {
    name: "RecipeError",
    message: "threads: expected at most 1024, found 100000",
  });
  assert.throws(() => positiveInt("1e308"), /expected a whole number from 1, found "1e308"/);
  const command = generateCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  await assert.rejects(command.parseAsync(["x", "--backend", "Onnx"], { from: "user" }), /Allowed choices are onnx/);
});
