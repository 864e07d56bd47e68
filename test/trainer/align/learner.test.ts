import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../pipeline/random.ts";
import { Learner, type UpdateReport } from "../../../trainer/align/learning/learner.ts";
import { type Row, responseTokens, targetsOf } from "../../../trainer/align/learning/row.ts";
import { RowScorer } from "../../../trainer/align/learning/scorer.ts";
import { tokenWeights } from "../../../trainer/align/learning/token-weights.ts";
import { onnxBackend } from "../../../trainer/backends/onnx/onnx.ts";
import { referenceBackend } from "../../../trainer/backends/reference.ts";
import { CachedModel } from "../../../trainer/generate/cached-model.ts";
import type { ParameterValues } from "../../../trainer/model/parameters.ts";
import { dpo } from "../../../trainer/objectives/dpo.ts";
import { grpo } from "../../../trainer/objectives/grpo.ts";
import type { Objective } from "../../../trainer/objectives/objective.ts";
import { ppo } from "../../../trainer/objectives/ppo.ts";
import { sft } from "../../../trainer/objectives/sft.ts";
import { rowsOfLengths, TINY, tinyModel } from "./tiny-model.ts";

const ONNX = await onnxBackend({ threads: 1 });
/** Of both kinds of programs: up to 16 targets, and up to 32. */
const LENGTHS = [3, 20, 1, 7, 12, 5, 26, 2];
/** For what is compiled often: one layer is enough to look at what it should not. */
const ONE_LAYER = { ...TINY, layers: 1 } as const;
const ADAM = { beta1: 0, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 } as const;

interface Updated extends UpdateReport {
  /** With a beta1 of 0 and nothing clipped, the optimizer's means are the gradient. */
  readonly gradients: ParameterValues;
}

async function update(
  objective: Objective,
  rows: readonly Row[],
  { sequences = 8, backend = ONNX, arePacked = false, headSeed = 0 } = {},
): Promise<Updated> {
  const { model, values } = tinyModel(ONE_LAYER);
  if (headSeed > 0) {
    const random = seededRandom(headSeed);
    values["value.weight"] = Float32Array.from({ length: TINY.width }, () => random() - 0.5);
  }
  const learner = new Learner({ model, values, objective, backend, optimizer: ADAM, clip: 1e9, sequences, arePacked });
  const report = await learner.step(rows, 0);
  await learner.close();
  return { ...report, gradients: learner.optimizer.first };
}

function near(found: Updated, expected: Updated, tolerance = 1e-6): void {
  const close = (name: string, x: number, y: number): void =>
    assert.ok(Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y)), `${name}: ${x}, expected ${y}`);
  close("loss", found.loss, expected.loss);
  close("norm", found.norm, expected.norm);
  assert.deepEqual(Object.keys(found.stats), Object.keys(expected.stats));
  for (const [name, x] of Object.entries(expected.stats)) close(name, found.stats[name]!, x);
  assert.deepEqual(Object.keys(found.gradients), Object.keys(expected.gradients));
  for (const [name, gradient] of Object.entries(expected.gradients)) {
    for (const [i, x] of gradient.entries()) close(`d ${name}[${i}]`, found.gradients[name]![i]!, x);
  }
}

/** All that objectives ask for, drawn at random. */
function withInputs(rows: readonly Row[], seed: number): Row[] {
  const random = seededRandom(seed);
  const weights = tokenWeights(rows, "sequence-mean");
  return rows.map((row, n) => {
    const by = (middle: number, spread: number): number[] =>
      Array.from({ length: targetsOf(row) }, () => middle + spread * (2 * random() - 1));
    return {
      ...row,
      byToken: {
        weights: weights[n]!,
        oldLogProbs: by(-3, 1),
        referenceLogProbs: by(-3, 1),
        tokenAdvantages: by(0, 1),
        returns: by(0.3, 1),
        oldValues: by(0, 0.3),
      },
      bySequence: {
        advantages: 2 * random() - 1,
        referenceLogProb: -3 * responseTokens(row) + random(),
        pairWeight: 2 / rows.length,
      },
    };
  });
}

const forPpo = (row: Row): Row => ({
  ...row,
  byToken: { ...row.byToken, advantages: row.byToken!.tokenAdvantages! },
});

for (const objective of [
  sft(),
  dpo({ beta: 0.2 }),
  grpo({ range: 0.2, rangeHigh: 0.28, klCoefficient: 0.1 }),
  ppo({ range: 0.2, valueRange: 0.2, valueCoefficient: 0.5 }),
]) {
  const rows = withInputs(rowsOfLengths(1, LENGTHS), 2).map(objective.needsValues === true ? forPpo : (row) => row);
  const options = { headSeed: objective.needsValues === true ? 3 : 0 };

  test(`${objective.name}: however rows are parted, ordered and padded, the step is the same`, async () => {
    const whole = await update(objective, rows, options);
    assert.ok(whole.norm > 1e-3);
    for (const sequences of [2, 4]) near(await update(objective, rows, { ...options, sequences }), whole);
    // Pairs stay together; the longest now lie beside others, which are padded to their length.
    const shuffled = [6, 7, 2, 3, 0, 1, 4, 5].map((n) => rows[n]!);
    for (const sequences of [2, 8]) near(await update(objective, shuffled, { ...options, sequences }), whole);
  });

  test(`${objective.name}: onnx takes the step that the reference takes`, async () => {
    const expected = await update(objective, rows, { ...options, backend: referenceBackend("f32") });
    near(await update(objective, rows, options), expected, 1e-5);
  });
}

test("texts that share a row are learned as they are apart", async () => {
  const apart = rowsOfLengths(4, [4, 9, 3, 6]);
  const weights = tokenWeights(apart, "sequence-mean");
  const rows = apart.map((row, n) => ({ ...row, byToken: { weights: weights[n]! } }));
  const expected = await update(sft(), rows);
  for (const groups of [
    [[0, 1, 2, 3]],
    [
      [2, 0],
      [1, 3],
    ],
    [[1], [3, 2, 0]],
  ]) {
    const packed = groups.map((group): Row => {
      const parts = group.map((n) => apart[n]!);
      return {
        ids: parts.flatMap(({ ids }) => Array.from(ids)),
        // A text's first id is nothing that the one before it is to tell.
        isResponse: parts.flatMap(({ isResponse }) => [0, ...Array.from(isResponse).slice(1)]),
        documents: parts.flatMap(({ ids }, n) => Array.from(ids, () => n)),
        byToken: { weights: group.flatMap((n, i) => [...(i > 0 ? [0] : []), ...weights[n]!]) },
      };
    });
    const found = await update(sft(), packed, { sequences: 2, arePacked: true });
    near({ ...found, tokens: expected.tokens }, expected);
    assert.equal(found.responseTokens, expected.responseTokens);
  }
});

test("without masks, texts that share a row look at each other: what the test above would find", async () => {
  const [a, b] = rowsOfLengths(4, [4, 9]);
  const row: Row = {
    ids: [...Array.from(a!.ids), ...Array.from(b!.ids)],
    isResponse: [...Array.from(a!.isResponse), 0, ...Array.from(b!.isResponse).slice(1)],
    documents: [...Array.from(a!.ids, () => 0), ...Array.from(b!.ids, () => 1)],
  };
  const weighted = { ...row, byToken: { weights: tokenWeights([row], "token-mean")[0]! } };
  const [masked, plain] = [await update(sft(), [weighted], { arePacked: true }), await update(sft(), [weighted])];
  assert.ok(Math.abs(masked.loss - plain.loss) > 1e-3);
});

test("a step makes the loss less, in place, and generations read what it wrote", async () => {
  const { model, values } = tinyModel();
  const learner = new Learner({
    ...{ model, values, objective: sft(), backend: ONNX },
    ...{ optimizer: { ...ADAM, beta1: 0.9 }, clip: 1, sequences: 4 },
  });
  const plain = rowsOfLengths(5, LENGTHS);
  const weights = tokenWeights(plain, "token-mean");
  const rows = plain.map((row, n) => ({ ...row, byToken: { weights: weights[n]! } }));
  const losses: number[] = [];
  for (let n = 0; n < 30; n++) losses.push((await learner.step(rows, 0.01)).loss);
  assert.equal(learner.updates, 30);
  assert.ok(losses.at(-1)! < 0.5 * losses[0]!, `${losses[0]} to ${losses.at(-1)}`);
  // The very arrays that were given: a scorer of them finds the loss of the next step.
  const scorer = new RowScorer(model, values, ONNX, { sequences: 3 });
  const scores = await scorer.score(rows);
  const loss = -scores.reduce(
    (sum, { logProbs }, n) => logProbs.reduce((all, logProb, t) => all + weights[n]![t]! * logProb, sum),
    0,
  );
  const { stats, ...report } = await learner.step(rows, 0);
  assert.ok(Math.abs(report.loss - loss) < 1e-5);
  // Weights are those of the mean over tokens, so both are the same.
  assert.ok(Math.abs(stats.responseLoss! - report.loss) < 1e-5);
  assert.ok(stats.accuracy! > 0.5);
  assert.deepEqual([report.responseTokens, report.tokens], [76, plain.reduce((sum, { ids }) => sum + ids.length, 0)]);
  await Promise.all([learner.close(), scorer.close()]);
});

test("accuracy is how often a response's token is the likeliest", async () => {
  const rows = rowsOfLengths(1, LENGTHS);
  const { model, values } = tinyModel(ONE_LAYER);
  const cached = new CachedModel(model, values, ONNX);
  // Half of the responses are what the model would say next.
  let hits = 0;
  for (const row of rows) {
    cached.begin(1);
    const ids = Array.from(row.ids);
    for (let i = 1; i < ids.length; i++) {
      const logits = (await cached.read([[ids[i - 1]!]]))[0]!.at(-1)!;
      const likeliest = logits.indexOf(Math.max(...logits));
      if (i % 2 === 0) ids[i] = likeliest;
      if (row.isResponse[i] === 1) hits += Number(ids[i] === likeliest);
    }
    cached.end();
    Object.assign(row, { ids });
  }
  await cached.close();
  const weights = tokenWeights(rows, "token-mean");
  const { stats } = await update(
    sft(),
    rows.map((row, n) => ({ ...row, byToken: { weights: weights[n]! } })),
    { sequences: 4 },
  );
  assert.ok(hits > 30 && hits < 60, `${hits}`);
  assert.ok(Math.abs(stats.accuracy! - hits / 76) < 1e-6, `${stats.accuracy}, expected ${hits} of 76`);
});

test("PPO teaches the head what is to come, and the model through it", async () => {
  const { model, values } = tinyModel();
  const objective = ppo({ range: 0.2, valueRange: 10, valueCoefficient: 1 });
  const learner = new Learner({
    ...{ model, values, objective, backend: ONNX, optimizer: { ...ADAM, beta1: 0.9 }, clip: 1, sequences: 8 },
  });
  const plain = rowsOfLengths(6, LENGTHS);
  const weights = tokenWeights(plain, "token-mean");
  const scorer = new RowScorer(model, learner.values, ONNX, { sequences: 8, head: learner.head! });
  const before = await scorer.score(plain);
  // A head of zeros expects nothing.
  assert.ok(before.every(({ values: expected }) => expected!.every((x) => x === 0)));
  const rows = plain.map((row, n): Row => {
    const each = (x: number): number[] => new Array<number>(targetsOf(row)).fill(x);
    const { logProbs } = before[n]!;
    const inputs = { weights: weights[n]!, oldLogProbs: logProbs, oldValues: each(0) };
    return { ...row, byToken: { ...inputs, advantages: each(0), returns: each(n % 2 === 0 ? 1 : -1) } };
  });
  const first = await learner.step(rows, 0.01);
  assert.ok(
    Math.abs(first.stats["val/ratio"]! - 1) < 1e-6,
    "nothing has changed since the log-probabilities were taken",
  );
  assert.ok(Math.abs(first.stats["loss/value"]! - 0.5) < 1e-6);
  for (let n = 0; n < 60; n++) await learner.step(rows, 0.01);
  const last = await learner.step(rows, 0);
  assert.ok(last.stats["loss/value"]! < 0.1, `${last.stats["loss/value"]}`);
  const after = await scorer.score(plain);
  const value = after.reduce(
    (sum, { values: expected }, n) =>
      expected!.reduce((all, v, t) => all + 0.5 * weights[n]![t]! * (v - (n % 2 === 0 ? 1 : -1)) ** 2, sum),
    0,
  );
  assert.ok(Math.abs(value - last.stats["loss/value"]!) < 1e-5);
  await Promise.all([learner.close(), scorer.close()]);
});

test("a loss that is no number changes nothing", async () => {
  const { model, values } = tinyModel();
  const learner = new Learner({
    model,
    values,
    objective: sft(),
    backend: ONNX,
    optimizer: ADAM,
    clip: 1,
    sequences: 2,
  });
  const [row] = rowsOfLengths(7, [5]);
  const before = structuredClone(learner.values);
  const weights = new Array<number>(targetsOf(row!)).fill(Number.NaN);
  await assert.rejects(learner.step([{ ...row!, byToken: { weights } }], 1), {
    name: "DivergedError",
    message: /^update 1: the loss is NaN/,
  });
  assert.deepEqual(learner.values, before);
  assert.equal(learner.updates, 0);
  assert.ok(Object.values(learner.optimizer.second).every((x) => x.every((v) => v === 0)));
  await learner.close();
});

test("what a step cannot take is refused by name", async () => {
  const { model, values } = tinyModel();
  const options = { model, values, backend: ONNX, optimizer: ADAM, clip: 1 };
  assert.throws(() => new Learner({ ...options, objective: dpo({ beta: 0.1 }), sequences: 3 }), {
    message: "sequences: found 3, expected a multiple of 2",
  });
  const learner = new Learner({ ...options, objective: sft(), sequences: 2 });
  await assert.rejects(learner.step([], 1), /a step needs a row at least/);
  await assert.rejects(learner.step(rowsOfLengths(1, [3]), 1), /row 0 of a batch has no "weights"/);
  await learner.close();
});
