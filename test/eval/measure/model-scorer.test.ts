/** A model as a scorer: the nats that its definition gives, whatever is asked beside a window. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { modelScorer } from "../../../eval/measure/model-scorer.ts";
import type { Scorer, Window, WindowScore } from "../../../eval/measure/scorer.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import type { Backend } from "../../../trainer/backends/backend.ts";
import { onnxBackend } from "../../../trainer/backends/onnx/onnx.ts";
import { referenceBackend } from "../../../trainer/backends/reference.ts";
import { Evaluator } from "../../../trainer/evaluate.ts";
import { input } from "../../../trainer/ir/tensor.ts";
import { openLoader } from "../../../trainer/loader.ts";
import { beginningOf, type ParameterValues, parametersOf } from "../../../trainer/model/parameters.ts";
import { modelOf } from "../../../trainer/model/presets.ts";
import { Transformer } from "../../../trainer/model/transformer.ts";
import { tempFolder } from "../../tokenizer/temp.ts";
import { tokenizerOf, writeRun } from "../../trainer/runs.ts";

const onnx = await onnxBackend({ threads: 2 });
const SIZES = { vocabSize: 40, contextLength: 24, layers: 2, width: 16, heads: 2 };
const ROTARY = modelled(SIZES);
/** Learned positions, layer norms, one table for both ends, and programs that no other test compiles. */
const GPT = modelled({ ...SIZES, contextLength: 20, positions: "learned", norm: "layer", tied: true });

/** A model with matrices large enough to have opinions. */
function modelled(sizes: Parameters<typeof modelOf>[0]) {
  const config = modelOf(sizes);
  const all = parametersOf(config);
  const parameters: ParameterValues = beginningOf(all, 7);
  for (const { name, decays } of all) if (decays) parameters[name]!.set(parameters[name]!.map((value) => 8 * value));
  return { config, parameters };
}

/** Windows of every length that fits, predicted from every place. */
function everyWindow(contextLength: number, vocabSize: number): Window[] {
  const random = seededRandom(3);
  const windows: Window[] = [];
  for (let length = 2; length <= contextLength + 1; length++) {
    for (let firstScored = 1; firstScored < length; firstScored += 1 + Math.floor(random() * 3)) {
      windows.push({ ids: Array.from({ length }, () => Math.floor(random() * vocabSize)), firstScored });
    }
  }
  return windows.sort(() => random() - 0.5);
}

async function scored(model: typeof ROTARY, backend: Backend, windows: readonly Window[]): Promise<WindowScore[]> {
  const scorer = await modelScorer(model, backend);
  try {
    return await scorer.score(windows);
  } finally {
    await scorer.close();
  }
}

/** By itself, at its own length, in double precision: softmax written out. */
async function byDefinition({ config, parameters }: typeof ROTARY, { ids, firstScored }: Window): Promise<WindowScore> {
  const read = ids.length - 1;
  const tokens = input("tokens", [read], "int");
  const { logits } = new Transformer(config).forward({ tokens, sequences: 1 });
  const program = await referenceBackend("f64").compile({ outputs: { logits } });
  for (const [name, values] of Object.entries(program.inputs)) {
    values.set(name === "tokens" ? Array.from(ids).slice(0, read) : parameters[name]!);
  }
  await program.run();
  const nats: number[] = [];
  const greedy: number[] = [];
  for (let i = firstScored; i < ids.length; i++) {
    const row = Array.from(program.outputs.logits!.subarray((i - 1) * config.vocabSize, i * config.vocabSize));
    const all = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
    nats.push(Math.log(all) - row[ids[i]!]!);
    greedy.push(row.indexOf(Math.max(...row)) === ids[i] ? 1 : 0);
  }
  return { nats: Float64Array.from(nats), greedy: Uint8Array.from(greedy) };
}

for (const [name, model] of Object.entries({ ROTARY, GPT })) {
  test(`reference and onnx score every length of window as the definition does (${name})`, async () => {
    const windows = everyWindow(model.config.contextLength, model.config.vocabSize);
    const expected = await Promise.all(windows.map((window) => byDefinition(model, window)));
    assert.ok(
      expected.some(({ greedy }) => greedy.includes(1)),
      "something is likeliest",
    );
    for (const backend of [referenceBackend(), onnx]) {
      const found = await scored(model, backend, windows);
      for (const [n, { nats, greedy }] of expected.entries()) {
        assert.equal(found[n]!.nats.length, nats.length);
        for (const [i, one] of nats.entries()) {
          const difference = Math.abs(found[n]!.nats[i]! - one) / Math.max(1, one);
          assert.ok(difference < 1e-5, `${backend.name}, window ${n}, id ${i}: ${found[n]!.nats[i]}, expected ${one}`);
        }
        assert.deepEqual(found[n]!.greedy, greedy, `${backend.name}, window ${n}`);
      }
    }
  });
}

test("what a window comes to is the same to the bit, whatever it is scored with", async () => {
  const windows = everyWindow(SIZES.contextLength, SIZES.vocabSize).slice(0, 60);
  const scorer = await modelScorer(ROTARY, onnx);
  const together = await scorer.score(windows);
  assert.deepEqual((await scorer.score(windows.toReversed())).toReversed(), together);
  for (const [n, window] of windows.entries()) assert.deepEqual(await scorer.score([window]), [together[n]]);
  const atOnce = await Promise.all([scorer.score(windows.slice(0, 30)), scorer.score(windows.slice(30))]);
  assert.deepEqual(atOnce.flat(), together);
  await scorer.close();
});

test("more shapes than are held at once are compiled again", async () => {
  const model = modelled({ ...SIZES, contextLength: 256, layers: 1 });
  const windows = [2, 20, 30, 40, 60, 90, 120, 180, 257, 2].map((length) => ({
    ids: Array.from({ length }, (_, i) => (7 * i) % SIZES.vocabSize),
    firstScored: 1,
  }));
  const scorer = await modelScorer(model, onnx);
  const first = await scorer.score(windows);
  assert.deepEqual(await scorer.score(windows.toReversed()), first.toReversed());
  assert.deepEqual(first[0], first[9]);
  await scorer.close();
});

test("of equally likely ids the first is the likeliest", async () => {
  const parameters = Object.fromEntries(
    parametersOf(ROTARY.config).map(({ name }) => [name, new Float32Array(ROTARY.parameters[name]!.length)]),
  );
  for (const backend of [referenceBackend(), onnx]) {
    const [score] = await scored({ ...ROTARY, parameters }, backend, [{ ids: [3, 1, 0, 39, 0], firstScored: 1 }]);
    assert.deepEqual([...score!.greedy], [0, 1, 0, 1]);
    for (const nats of score!.nats) assert.ok(Math.abs(nats - Math.log(40)) < 1e-6);
  }
});

test("held-out rows come to what training measures on them", async () => {
  const random = seededRandom(5);
  const documents = Array.from({ length: 30 }, () => [
    ...Array.from({ length: 10 + Math.floor(random() * 40) }, () => Math.floor(random() * 39)),
    39,
  ]);
  const folder = await writeRun(join(tempFolder(), "held-out"), documents, { tokenizer: tokenizerOf(40) });
  const loader = await openLoader({ sources: [{ folder }], contextLength: SIZES.contextLength, seed: 0 });
  const transformer = new Transformer(ROTARY.config);
  const rows = { rows: 20, sequences: 8 };
  const evaluator = await Evaluator.begin(transformer, ROTARY.parameters, onnx, loader, rows);
  const { loss, tokens } = await evaluator.evaluate();
  const batch = await loader.batch(0, 20);
  const T = batch.positions;
  const windows = Array.from({ length: 20 }, (_, row) => ({
    ids: [...batch.tokens.subarray(row * T, (row + 1) * T), batch.targets[(row + 1) * T - 1]!],
    firstScored: 1,
  }));
  const nats = (await scored(ROTARY, onnx, windows)).flatMap((score) => [...score.nats]);
  assert.equal(nats.length, tokens);
  assert.ok(Math.abs(nats.reduce((sum, one) => sum + one, 0) / tokens - loss) < 1e-6);
  await evaluator.close();
  await loader.close();
});

test("windows that the model cannot read are refused by number", async () => {
  const scorer: Scorer = await modelScorer(ROTARY, referenceBackend());
  for (const [window, message] of [
    [{ ids: [1], firstScored: 1 }, /window 1: 1 ids, predicted from 1 on \(expected 2 to 25/],
    [{ ids: new Uint32Array(26), firstScored: 1 }, /window 1: 26 ids/],
    [{ ids: [1, 2], firstScored: 0 }, /predicted from 0 on/],
    [{ ids: [1, 2], firstScored: 2 }, /predicted from 2 on/],
    [{ ids: [1, 40], firstScored: 1 }, /window 1: id 40 at 1 is none of the model's 40/],
  ] as const) {
    await assert.rejects(scorer.score([{ ids: [1, 2], firstScored: 1 }, window]), { name: "RangeError", message });
  }
  assert.equal((await scorer.score([{ ids: [1, 2], firstScored: 1 }])).length, 1, "it goes on");
  assert.deepEqual(await scorer.score([]), []);
});
