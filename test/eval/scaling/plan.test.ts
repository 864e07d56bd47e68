import assert from "node:assert/strict";
import { test } from "node:test";
import { fitLaw } from "../../../eval/scaling/fit.ts";
import { computeOptimal, lossOf, paramsExponent, shapeOf } from "../../../eval/scaling/law.ts";
import { planFor } from "../../../eval/scaling/plan.ts";
import { CHINCHILLA, runsOf } from "./synthetic.ts";

test("no other split of a budget has a lower loss than the closed form's", () => {
  for (const flops of [1e18, 1e21, 5.76e23]) {
    const best = computeOptimal(CHINCHILLA, flops);
    assert.ok(Math.abs((6 * best.params * best.tokens) / flops - 1) < 1e-12);
    for (const factor of [0.5, 0.99, 1.01, 2]) {
      assert.ok(lossOf(CHINCHILLA, shapeOf(factor * best.params, flops)) > lossOf(CHINCHILLA, best));
    }
  }
});

test("Chinchilla's budget is best spent on some 20 tokens a parameter (Besiroglu et al. 2024, section 5)", () => {
  const { params, tokens } = computeOptimal(CHINCHILLA, 5.76e23);
  assert.ok(tokens / params > 15 && tokens / params < 30, String(tokens / params));
  assert.ok(Math.abs(paramsExponent(CHINCHILLA) - 0.5139) < 0.0001);
});

test("a plan without budgets that were spent on several sizes has the law alone", () => {
  const runs = runsOf(CHINCHILLA);
  const { law } = fitLaw(runs, "runs");
  const few = runs.filter(({ params }) => params !== 3e7 && params !== 3e8);
  const { shapes, spread } = planFor(1e20, few, law, []);
  assert.deepEqual(
    shapes.map(({ method, interval }) => [method, interval]),
    [["parametric", undefined]],
  );
  assert.equal(spread, 1);
});

test("methods stand side by side, with their spread and how far the budget is beyond the runs", () => {
  const optimum = (flops: number) => computeOptimal(CHINCHILLA, flops).params;
  const runs = [1e18, 1e19, 1e20].flatMap((flops) =>
    [0.25, 0.5, 1.1, 2, 4].map((factor) => {
      const shape = shapeOf(factor * optimum(flops), flops);
      return { ...shape, flops, loss: lossOf(CHINCHILLA, shape) };
    }),
  );
  const resampled = [0.9, 1, 1.1].map((factor) => ({ ...CHINCHILLA, A: CHINCHILLA.A * factor }));
  const { shapes, spread, extrapolation } = planFor(1e21, runs, CHINCHILLA, resampled);
  assert.deepEqual(
    shapes.map(({ method }) => method),
    ["parametric", "min-run", "quadratic"],
  );
  const [parametric, minRun, quadratic] = shapes;
  assert.ok(Math.abs(minRun!.params / optimum(1e21) - 1.1) < 1e-6);
  assert.ok(Math.abs(quadratic!.params / optimum(1e21) - 1) < 0.1);
  assert.ok(parametric!.interval!.low < parametric!.params && parametric!.params < parametric!.interval!.high);
  assert.ok(parametric!.loss < minRun!.loss);
  assert.equal(spread, Math.max(...shapes.map((s) => s.params)) / Math.min(...shapes.map((s) => s.params)));
  assert.equal(extrapolation, 10);
});
