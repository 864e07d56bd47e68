/** What is said of verdicts after alignment, on measurements that are drawn with known differences. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { reportOf } from "../../../eval/experiment/align/alignment-report.ts";
import { fateOf } from "../../../eval/experiment/align/persistence.ts";
import type { Observations } from "../../../eval/statistics/observations.ts";
import { seededRandom } from "../../../pipeline/random.ts";

const ARMS = ["english", "gopher"];
const SEEDS = [1, 2, 3];
const BYTES = 1000;

/** Bits per byte about 2, an arm's own effect added, noise of seeds and documents, the same documents at all times. */
function bitsWith(effects: readonly number[], draw: number): Observations {
  return observed(effects, { items: 30, bytes: BYTES, level: 2, draw, itemNoise: 0.1, noise: 0.004 });
}

/** Scores, as negatives. */
function scoresWith(effects: readonly number[], draw: number): Observations {
  const negative = effects.map((effect) => -effect);
  return observed(negative, { items: 60, bytes: 1, level: -0.5, draw, itemNoise: 0.1, noise: 0.02 });
}

function observed(
  effects: readonly number[],
  given: { items: number; bytes: number; level: number; draw: number; itemNoise: number; noise: number },
): Observations {
  const { items, bytes, level, draw, itemNoise, noise } = given;
  const ofItems = seededRandom(1);
  const random = seededRandom(100 + draw);
  const hard = Array.from({ length: items }, () => itemNoise * (ofItems() - 0.5));
  return {
    domains: [{ name: "one", items: hard.map((_, i) => ({ id: `${i}`, bytes, cluster: `${i}` })) }],
    arms: ARMS.map((arm, a) => ({
      arm,
      seeds: SEEDS.map((seed) => {
        const ofSeed = noise * (random() - 0.5);
        const rates = hard.map((one) => level + effects[a]! + one + ofSeed + noise * (random() - 0.5));
        return { seed, nats: [Float64Array.from(rates, (rate) => rate * bytes * Math.LN2)] };
      }),
    })),
  };
}

const asked = {
  stages: [
    { name: "sft", method: "sft", spent: { "spent/labelTokens": 10 } },
    { name: "grpo", method: "grpo", spent: {} },
  ],
  prompts: 60,
  verifiers: ["numeric"],
  expect: { arm: "gopher", against: "english" },
  pairs: undefined,
  expected: 0.02,
};

const report = (bits: readonly (readonly number[])[], scores: readonly (readonly number[])[]) =>
  reportOf({ bits: bits.map(bitsWith), scores: scores.map(scoresWith) }, asked);

test("a verdict that holds is told to survive; taxes and gains are after minus before, paired", () => {
  const { conclusion, persistence, stages, before } = report(
    [
      [0, -0.05],
      [0.2, 0.15],
      [0.3, 0.25],
    ],
    [
      [0, 0],
      [0.1, 0.2],
      [0.2, 0.4],
    ],
  );
  assert.equal(conclusion.survives, true);
  assert.match(conclusion.sentence, /^The verdict survives sft and grpo: gopher is still better/);
  assert.match(conclusion.sentence, /Answers of gopher score higher \(gopher minus english: \+0\.[12]/);
  const [only] = persistence;
  assert.equal(persistence.length, 1);
  assert.deepEqual(only!.bitsPerByte, { before: "better", after: ["better", "better"], fate: "persists" });
  assert.equal(only!.score!.fate, "not resolved before");
  assert.equal(only!.carried!.fate, "persists");
  assert.match(only!.sentence, /^gopher against english: bits per byte better before \(−0\.0\d+\), better after sft/);
  for (const { ranks } of stages) assert.deepEqual(ranks.bitsPerByte, 1);

  const last = stages[1]!;
  for (const { estimate, low, high } of last.tax) {
    assert.ok(Math.abs(estimate - 0.3) < 0.01);
    // Documents differ by 0.1, and are the same before and after.
    assert.ok(low < estimate && high - low < 0.03);
  }
  const gains = last.gain!.map(({ estimate }) => estimate);
  assert.ok(Math.abs(gains[0]! - 0.2) < 0.03 && Math.abs(gains[1]! - 0.4) < 0.03, String(gains));
  for (const { score } of before.byArm) assert.ok(Math.abs(score!.estimate - 0.5) < 0.05);
});

test("a planted reversal is told as reversed", () => {
  const { conclusion, persistence, stages, rankLimits } = report(
    [
      [0, -0.05],
      [0, -0.05],
      [0, 0.05],
    ],
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  );
  assert.equal(conclusion.survives, false);
  assert.match(conclusion.sentence, /^The verdict is reversed by sft and grpo: gopher was better, and english is now/);
  assert.match(conclusion.sentence, /Scores of answers are not resolved/);
  assert.deepEqual(persistence[0]!.bitsPerByte, { before: "better", after: ["better", "worse"], fate: "reversed" });
  // The change of the difference is told with an interval of its own.
  const [change] = stages[1]!.changes;
  assert.ok(change!.low > 0.08 && change!.high < 0.12 && change!.verdict === "worse");
  assert.deepEqual(
    stages.map(({ ranks }) => ranks.bitsPerByte),
    [1, -1],
  );
  assert.match(rankLimits, /the same in 50 % of cases, so that even τ = 1 is no evidence/);
});

test("a difference that is too small to see afterwards is no longer resolved, and answers may say the opposite", () => {
  const gone = [
    [0, -0.05],
    [0, 0],
    [0, 0],
  ] as const;
  const { conclusion, persistence } = report(gone, [
    [0, 0],
    [0, -0.1],
    [0, -0.3],
  ]);
  assert.match(conclusion.sentence, /no longer resolved .* neither is now .* would be found/);
  assert.equal(persistence[0]!.bitsPerByte.fate, "no longer resolved");
  assert.match(conclusion.sentence, /Answers of english score higher/);
  assert.equal(persistence[0]!.carried!.fate, "reversed");
  assert.equal(conclusion.survives, false);
});

test("every fate of a verdict", () => {
  const open = "not resolved at this scale";
  for (const [before, last, fate] of [
    ["better", "better", "persists"],
    ["worse", "worse", "persists"],
    ["better", "worse", "reversed"],
    ["worse", "better", "reversed"],
    ["better", open, "no longer resolved"],
    [open, "better", "not resolved before"],
    [open, open, "not resolved before"],
    [undefined, undefined, "not decided"],
  ] as const) {
    assert.equal(fateOf({ before, after: ["worse", last] }), fate);
  }
});
