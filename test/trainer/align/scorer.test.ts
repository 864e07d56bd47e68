import assert from "node:assert/strict";
import { test } from "node:test";
import { type Row, targetsOf } from "../../../trainer/align/learning/row.ts";
import { RowScorer } from "../../../trainer/align/learning/scorer.ts";
import { onnxBackend } from "../../../trainer/backends/onnx/onnx.ts";
import { referenceBackend } from "../../../trainer/backends/reference.ts";
import { CachedModel } from "../../../trainer/generate/cached-model.ts";
import type { ModelOptions } from "../../../trainer/model/config.ts";
import { nextTokenProgram } from "../../../trainer/objectives/next-token.ts";
import { rowsOfLengths, TINY, tinyModel } from "./tiny-model.ts";

const ONNX = await onnxBackend({ threads: 1 });
const LENGTHS = [3, 20, 1, 7, 12, 5, 26, 2];
const ROWS = rowsOfLengths(1, LENGTHS);

function near(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < found.length; i++) {
    assert.ok(Math.abs(found[i]! - expected[i]!) <= tolerance, `[${i}]: ${found[i]}, expected ${expected[i]}`);
  }
}

async function scoresOf(rows: readonly Row[], { sequences = 4, backend = ONNX, config = TINY as ModelOptions } = {}) {
  const { model, values } = tinyModel(config);
  const scorer = new RowScorer(model, values, backend, { sequences });
  const scores = await scorer.score(rows);
  await scorer.close();
  return scores;
}

test("log-probabilities are the losses of the program that models are trained by", async () => {
  const { model, values } = tinyModel();
  const T = TINY.contextLength;
  const program = nextTokenProgram(model, { sequences: 1, positions: T }, { training: false });
  const executable = await referenceBackend().compile(program, values);
  const scores = await scoresOf(ROWS);
  for (const [n, { ids }] of ROWS.entries()) {
    const { tokens, targets } = executable.inputs;
    for (const [to, from] of [[tokens!, 0] as const, [targets!, 1] as const]) {
      to.fill(0);
      for (let t = 0; t + 1 < ids.length; t++) to[t] = ids[t + from]!;
    }
    await executable.run();
    near(
      scores[n]!.logProbs,
      Array.from(executable.outputs.losses!.subarray(0, ids.length - 1), (loss) => -loss),
      1e-5,
    );
  }
});

for (const [title, config] of Object.entries<ModelOptions>({
  rope: TINY,
  "learned positions": { ...TINY, positions: "learned", norm: "layer", activation: "gelu", tied: true },
  "shared keys": { ...TINY, kvHeads: 2, qkNorm: true },
})) {
  test(`${title}: log-probabilities are those that the model drew by, token after token`, async () => {
    const { model, values } = tinyModel(config);
    const scores = await scoresOf(ROWS, { config });
    const cached = new CachedModel(model, values, ONNX);
    cached.begin(ROWS.length);
    const found = ROWS.map((): number[] => []);
    const longest = Math.max(...ROWS.map(targetsOf));
    for (let t = 0; t < longest; t++) {
      const logits = await cached.read(ROWS.map(({ ids }) => (t + 1 < ids.length ? [ids[t]!] : [])));
      for (const [n, { ids }] of ROWS.entries()) {
        const row = logits[n]!.at(-1);
        if (row !== undefined) found[n]!.push(row[ids[t + 1]!]! - logSumOf(row));
      }
    }
    cached.end();
    await cached.close();
    for (const [n, logProbs] of found.entries()) near(scores[n]!.logProbs, logProbs, 1e-5);
  });
}

function logSumOf(logits: ArrayLike<number>): number {
  return Math.log(Array.from(logits).reduce((sum, x) => sum + Math.exp(x), 0));
}

test("scores come in the order of the rows, whatever is computed beside them", async () => {
  const expected = await scoresOf(ROWS, { sequences: 8, backend: referenceBackend() });
  for (const sequences of [1, 3]) {
    const found = await scoresOf(ROWS, { sequences });
    for (const [n, { logProbs, values }] of found.entries()) {
      assert.equal(logProbs.length, targetsOf(ROWS[n]!));
      near(logProbs, expected[n]!.logProbs, 1e-5);
      assert.equal(values, undefined);
    }
  }
  const turned = await scoresOf(ROWS.toReversed());
  for (const [n, { logProbs }] of turned.toReversed().entries()) near(logProbs, expected[n]!.logProbs, 1e-5);
  assert.deepEqual(await scoresOf([]), []);
});
