import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_VARIANCE } from "../../../eval/statistics/components.ts";
import { planPower } from "../../../eval/statistics/index.ts";
import { seedsToDetect } from "../../../eval/statistics/plan-power.ts";
import { minimumDetectable, power } from "../../../eval/statistics/power.ts";
import { assertNear } from "./near.ts";

test("with one source of variance, power is that of the t test", () => {
  // R: power.t.test(n = 20, delta = 1) and power.t.test(power = .90, delta = 1), from its manual: two samples of n.
  assertNear(power(1, { variance: 2 / 20, df: 38 }, NO_VARIANCE, 0.05), 0.8689528, 1e-6);
  assertNear(minimumDetectable({ variance: 2 / 22.0211, df: 42.0422 }, NO_VARIANCE, 0.05, 0.9), 1, 1e-4);
  // Noncentral t of scipy, paired: d = 0.5, n = 34; 1, 5; 2, 3.
  assertNear(power(0.5, { variance: 1 / 34, df: 33 }, NO_VARIANCE, 0.05), 0.807777501279274, 1e-8);
  assertNear(power(1, { variance: 1 / 5, df: 4 }, NO_VARIANCE, 0.05), 0.401389917371795, 1e-8);
  assertNear(power(2, NO_VARIANCE, { variance: 1 / 3, df: 2 }, 0.05), 0.470749431278435, 1e-8);
});

test("detectable differences in units of the spread between seeds", () => {
  // 20,000 simulated trials each (see docs/results/2026-11-29-statistics.md): own seeds; known spread; a floor of 9 df.
  for (const [seeds, own, known, floor] of [
    [2, 11.6, 1.98, 2.23],
    [3, 3.26, 1.62, 1.82],
    [5, 1.68, 1.25, 1.41],
    [10, 0.996, 0.886, 0.996],
  ] as const) {
    const variance = 1 / seeds;
    assertNear(minimumDetectable({ variance, df: seeds - 1 }, NO_VARIANCE, 0.05), own, 0.004);
    assertNear(minimumDetectable({ variance, df: 1e9 }, NO_VARIANCE, 0.05), known, 0.004);
    assertNear(minimumDetectable({ variance, df: 9 }, NO_VARIANCE, 0.05), floor, 0.004);
  }
});

test("two sources: what both together leave detectable", () => {
  // Quadrature in numpy over 120 × 60 points, critical values by root finding (scipy).
  for (const [f, g, documentToSeed, expected] of [
    [1, 100, 0.5, 14.63],
    [1, 100, 2, 7.51],
    [2, 100, 1, 4.35],
    [4, 11, 1, 3.38],
    [9, 3, 1, 3.67],
  ] as const) {
    const seed = { variance: 1 / (1 + documentToSeed ** 2), df: f };
    const document = { variance: 1 - seed.variance, df: g };
    assertNear(minimumDetectable(seed, document, 0.05), expected, 0.005, `df ${f} and ${g}`);
  }
});

test("a plan says how many seeds a difference takes", () => {
  const plan = planPower({ difference: 1.7, sdSeed: 1, seDocument: 0, maxSeeds: 6 });
  assert.equal(plan.seedsNeeded, 5);
  assert.equal(plan.level, 0.05);
  assert.deepEqual(
    plan.table.map(({ seeds }) => seeds),
    [2, 3, 4, 5, 6],
  );
  assertNear(plan.table[3]!.detectable, 1.682, 0.001);
  // A floor of 19 degrees finds the same with three (facts of simulation: 1.70 at 3).
  assert.equal(planPower({ difference: 1.71, sdSeed: 1, floorDf: 19, seDocument: 0 }).seedsNeeded, 3);
});

test("more pairs, document noise and more power take more seeds", () => {
  const base = { difference: 1, sdSeed: 1, seDocument: 0, maxSeeds: 2 };
  assert.equal(planPower(base).seedsNeeded, 10);
  assert.ok(planPower({ ...base, pairs: 3 }).seedsNeeded! > 10);
  assert.ok(planPower({ ...base, seDocument: 0.2 }).seedsNeeded! > 10);
  assert.ok(planPower({ ...base, power: 0.9 }).seedsNeeded! > 10);
  assertNear(planPower({ ...base, pairs: 3 }).level, 0.05 / 3, 1e-12);
});

test("no number of seeds helps against document noise", () => {
  // 0.8 + 1.96 = 2.80 standard errors are detectable at best.
  assert.equal(planPower({ difference: 0.279, sdSeed: 0.01, seDocument: 0.1, maxSeeds: 2 }).seedsNeeded, undefined);
  assert.equal(planPower({ difference: 0.5, sdSeed: 0.01, seDocument: 0.1, maxSeeds: 2 }).seedsNeeded, 2);
  assert.throws(() => planPower({ difference: 0, sdSeed: 1, seDocument: 0 }), /difference of 0/);
});

test("the number of seeds is the least that is enough", () => {
  const question = { perSeed: { variance: 1, df: undefined }, document: { variance: 0.01, df: 40 }, level: 0.05 };
  const seeds = seedsToDetect({ ...question, difference: 0.8 })!;
  const detectable = (n: number) => minimumDetectable({ variance: 1 / n, df: n - 1 }, question.document, 0.05);
  assert.ok(detectable(seeds) <= 0.8 && detectable(seeds - 1) > 0.8, `${seeds}`);
});
