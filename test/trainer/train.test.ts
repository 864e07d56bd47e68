/** The training loop: it learns, it repeats itself to the bit, and it says why it stops. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { seededRandom } from "../../pipeline/random.ts";
import { backendNamed } from "../../trainer/backends/index.ts";
import { onnxBackend } from "../../trainer/backends/onnx/onnx.ts";
import { latestCheckpoint, loadCheckpoint } from "../../trainer/checkpoint/checkpoint.ts";
import { planOf } from "../../trainer/config.ts";
import { runTraining, type TrainEvent, type TrainHooks } from "../../trainer/run.ts";
import { tempFolder } from "../tokenizer/temp.ts";
import { tokenizerOf, writeRun } from "./runs.ts";

const folder = tempFolder();
const VOCAB = tokenizerOf(64);
/** Each document counts up by a step of its own: what comes next can be told from two tokens. */
const data = await writeRun(join(folder, "data"), countingDocuments(200, 1), { tokenizer: VOCAB });
const heldOut = await writeRun(join(folder, "held-out"), countingDocuments(40, 2), { tokenizer: VOCAB });
const oneRow = await writeRun(join(folder, "one-row"), countingDocuments(2, 3), { tokenizer: VOCAB });

const TINY = { vocabSize: 64, contextLength: 16, layers: 2, width: 32, heads: 2 };
const CONFIG = {
  data,
  model: TINY,
  sequences: 8,
  steps: 12,
  schedule: { peak: 3e-3, warmup: 4 },
  evaluate: { data: heldOut, every: 6, rows: 20 },
  checkpoint: { every: 5 },
};

function countingDocuments(count: number, seed: number): number[][] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const [first, step] = [Math.floor(random() * 63), 1 + Math.floor(random() * 5)];
    return [...Array.from({ length: 20 }, (_, n) => (first + n * step) % 63), VOCAB.endOfText];
  });
}

let runs = 0;
async function trained(config: object, hooks: Partial<TrainHooks> & { threads?: number } = {}) {
  const plan = planOf({ out: join(folder, `run-${runs++}`), ...config });
  const { threads = 1, ...rest } = hooks;
  const backend = plan.backend === "onnx" ? await onnxBackend({ threads }) : await backendNamed(plan.backend);
  return runTraining(plan, { backend, ...rest });
}

test("two runs, one thread or two, end with the same checkpoint; another seed ends with another", async () => {
  const [first, again, threaded] = [
    await trained(CONFIG),
    await trained(CONFIG),
    await trained(CONFIG, { threads: 2 }),
  ];
  const other = await trained({ ...CONFIG, seed: 2 });
  assert.equal(again.digest, first.digest);
  assert.equal(threaded.digest, first.digest);
  assert.notEqual(other.digest, first.digest);
  assert.equal(again.configHash, first.configHash);
});

test("onnx and the reference learn the same", async () => {
  const losses = async (backend: string): Promise<number[]> => {
    const found: number[] = [];
    await trained(
      { ...CONFIG, backend, steps: 4 },
      { onEvent: (event) => event.type === "step" && found.push(event.loss) },
    );
    return found;
  };
  const [onnx, reference] = [await losses("onnx"), await losses("reference")];
  for (const [n, loss] of reference.entries())
    assert.ok(Math.abs(onnx[n]! - loss) < 1e-4, `step ${n + 1}: ${onnx[n]}, ${loss}`);
});

test("one row is learned by heart", async () => {
  const { loss } = await trained({
    data: oneRow,
    model: { ...TINY, contextLength: 32 },
    sequences: 1,
    steps: 150,
    schedule: { peak: 1e-2, warmup: 10 },
  });
  assert.ok(loss < 0.05, `loss ${loss}`);
});

test("it learns what can be told from what came before, and measures it on rows it never saw", async () => {
  const evaluations: number[] = [];
  const onEvent = (event: TrainEvent) => event.type === "evaluation" && evaluations.push(event.loss);
  await trained(
    { ...CONFIG, steps: 150, schedule: { peak: 1e-2, warmup: 10 }, evaluate: { data: heldOut, every: 50 } },
    { onEvent },
  );
  assert.equal(evaluations.length, 3);
  assert.ok(evaluations[0]! < Math.log(64) && evaluations[2]! < 1.5, `held out ${evaluations}`);
});

test("a step in four parts is a step at once", async () => {
  const losses = async (config: object): Promise<number[]> => {
    const found: number[] = [];
    await trained(
      { ...CONFIG, ...config, steps: 6 },
      { onEvent: (event) => event.type === "step" && found.push(event.loss) },
    );
    return found;
  };
  const [whole, parts] = [await losses({ sequences: 8 }), await losses({ sequences: 2, accumulate: 4 })];
  for (const [n, loss] of whole.entries())
    assert.ok(Math.abs(parts[n]! - loss) < 1e-5, `step ${n + 1}: ${parts[n]}, ${loss}`);
});

test("dropout leaves out the same in every run, and nothing in evaluation", async () => {
  const model = { ...TINY, dropout: 0.2 };
  const [first, again, without] = [
    await trained({ ...CONFIG, model }),
    await trained({ ...CONFIG, model }),
    await trained(CONFIG),
  ];
  assert.equal(again.digest, first.digest);
  assert.notEqual(without.digest, first.digest);
});

test("the mean of the last checkpoints is what is left", async () => {
  const out = join(folder, "averaged");
  const { digest } = await trained({ ...CONFIG, out, checkpoint: { every: 4, average: 3 } });
  const manifest = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8"));
  assert.equal(manifest.averaged, 3);
  const log = readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n");
  const beforeAveraging = JSON.parse(log.at(-1)!);
  assert.equal(beforeAveraging.type, "evaluation");
  assert.notEqual(manifest.evaluation.loss, beforeAveraging.loss, "what is left is what is measured");
  assert.equal(manifest.result.digest, digest);
  assert.ok(
    existsSync(join(out, "model.safetensors")) && readFileSync(join(out, "loss.svg"), "utf8").includes("<polyline"),
  );
});

test("a run that is killed at any step, and started again, ends as one that was not", async () => {
  const config = { ...CONFIG, steps: 60, checkpoint: { every: 3 } };
  const whole = await trained(config);
  const random = seededRandom(5);
  const out = join(folder, "killed");
  const script = `
    import { onnxBackend } from ${JSON.stringify(new URL("../../trainer/backends/onnx/onnx.ts", import.meta.url).href)};
    import { planOf } from ${JSON.stringify(new URL("../../trainer/config.ts", import.meta.url).href)};
    import { runTraining } from ${JSON.stringify(new URL("../../trainer/run.ts", import.meta.url).href)};
    const plan = planOf(${JSON.stringify({ ...config, out })});
    await runTraining(plan, { backend: await onnxBackend({ threads: 1 }), onEvent: (event) => event.type === "step" && console.log(event.step) });
  `;
  let kills = 0;
  for (let done = false; !done; ) {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const isKilled = kills < 4;
    if (isKilled) {
      child.stdout.once("data", () => setTimeout(300 * random()).then(() => child.kill("SIGKILL")));
    }
    const code = await new Promise((resolve) => child.on("exit", resolve));
    if (code === 0) done = true;
    else {
      assert.ok(isKilled, `the run ended with ${code}`);
      kills++;
    }
  }
  const last = await loadCheckpoint((await latestCheckpoint(join(out, "checkpoints")))!);
  assert.equal(last.digest, whole.digest);
  const steps = readFileSync(join(out, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    steps.filter(({ type }) => type === "step").map(({ step }) => step),
    Array.from({ length: 60 }, (_, n) => n + 1),
  );
});

test("a loss that is no number stops the run, with the step, the rows and the last good checkpoint", async () => {
  const config = {
    ...CONFIG,
    steps: 40,
    clip: 1e30,
    schedule: { use: "constant", peak: 1e18, warmup: 0 },
    checkpoint: { every: 1 },
  };
  await assert.rejects(trained(config), {
    name: "DivergedError",
    message: /^step \d+: the loss is .*\(rows \d+ to \d+ of the data\).*last good checkpoint: .*step-\d+$/,
  });
});

test("a folder that holds a run of another config is left alone", async () => {
  const out = join(folder, "taken");
  await trained({ ...CONFIG, out });
  await assert.rejects(trained({ ...CONFIG, seed: 9, out }), {
    name: "RecipeError",
    message: /holds a run of another config/,
  });
  // The same one is finished already: nothing is done again.
  const steps: number[] = [];
  await trained({ ...CONFIG, out }, { onEvent: (event) => event.type === "step" && steps.push(event.step) });
  assert.deepEqual(steps, []);
  rmSync(out, { recursive: true });
});

test("mistakes in a config are told by field before anything is read", () => {
  for (const [config, message] of [
    [{ ...CONFIG, steps: undefined }, /config: expected either steps or tokens, found object \(\{\}\)/],
    [{ ...CONFIG, tokens: 100 }, /expected either steps or tokens, found object \(\{"steps":12,"tokens":100\}\)/],
    [
      { ...CONFIG, model: { ...TINY, heads: 3 } },
      /model\.heads: expected a divisor of the width 32, found number \(3\)/,
    ],
    [{ ...CONFIG, model: "no-such-model" }, /no-such-model/],
    [{ ...CONFIG, lerning: 1 }, /lerning/],
    [{ ...CONFIG, schedule: { peak: -1 } }, /schedule\.peak/],
  ] as const) {
    assert.throws(() => planOf({ out: folder, ...config }), { name: "RecipeError", message });
  }
});

test("a model with fewer ids than the tokenizer is refused", async () => {
  await assert.rejects(trained({ ...CONFIG, model: { ...TINY, vocabSize: 60 } }), {
    name: "RecipeError",
    message: /model\.vocabSize: the tokenizer v64 has 64 ids, found 60/,
  });
});

test("a config that memory cannot hold is refused before anything is made", async () => {
  const out = join(folder, "too-large");
  await assert.rejects(trained({ ...CONFIG, sequences: 1_000_000, out }), {
    name: "RecipeError",
    message: /^memory: a step of 1000000 rows of 16 tokens takes some [\d.]+ GB, the machine has [\d.]+; take fewer/,
  });
  assert.ok(!existsSync(out));
});

test("held-out rows of another tokenizer are refused", async () => {
  const tokenizer = tokenizerOf(65);
  const documents = countingDocuments(40, 4).map((ids) => ids.with(-1, tokenizer.endOfText));
  const other = await writeRun(join(folder, "other-tokenizer"), documents, { tokenizer });
  await assert.rejects(trained({ ...CONFIG, evaluate: { data: other, every: 6 } }), {
    name: "RecipeError",
    message:
      /^evaluate\.data: .*other-tokenizer was encoded with v65, the training data with v64; encode both with one/,
  });
});

test("whatever the seed, the same held-out rows are measured", async () => {
  const counted = new Set<number>();
  const onEvent = (event: TrainEvent) => event.type === "evaluation" && counted.add(event.tokens);
  // How many targets count hangs on the rows: those across documents do not.
  for (const seed of [1, 2, 3, 4, 5]) {
    await trained({ ...CONFIG, seed, steps: 1, evaluate: { data: heldOut, every: 1, rows: 7 } }, { onEvent });
  }
  assert.equal(counted.size, 1);
});

test("bytes of ids are asked for where there is something to evaluate on, and tell bits per byte", async () => {
  const asked: string[] = [];
  const bytesOfId = async ({ name }: { name: string }) => {
    asked.push(name);
    return Uint32Array.from({ length: 64 }, (_, id) => (id === VOCAB.endOfText ? 0 : 2));
  };
  const { evaluate: _, ...blind } = CONFIG;
  assert.equal((await trained(blind, { bytesOfId })).bitsPerByte, undefined);
  assert.deepEqual(asked, []);
  let last: TrainEvent | undefined;
  const onEvent = (event: TrainEvent) => {
    if (event.type === "evaluation") last = event;
  };
  const { bitsPerByte } = await trained(CONFIG, { bytesOfId, onEvent });
  assert.deepEqual(asked, ["v64"]);
  assert.ok(last?.type === "evaluation" && last.bytes === 2 * last.tokens);
  assert.ok(Math.abs(bitsPerByte! - last.loss / Math.LN2 / 2) < 1e-12);
});

test("fewer held-out rows than a batch are measured once each", async () => {
  const few = await writeRun(join(folder, "few"), countingDocuments(3, 6), { tokenizer: VOCAB });
  const seen: number[] = [];
  const onEvent = (event: TrainEvent) => event.type === "evaluation" && seen.push(event.tokens);
  await trained(
    { ...CONFIG, documentMasks: false, steps: 2, evaluate: { data: few, every: 2, rows: 100 } },
    { onEvent },
  );
  // 63 tokens are three rows of sixteen.
  assert.deepEqual(seen, [3 * 16]);
});
