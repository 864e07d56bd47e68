import assert from "node:assert/strict";
import { test } from "node:test";
import { ppo } from "../../../trainer/objectives/ppo.ts";
import { compute, forPpo, randomRows, withTokens } from "./run-objective.ts";

const LENGTHS = [3, 5, 1, 4, 2, 6, 5, 5];
const OPTIONS = { range: 0.2, rangeHigh: 0.3, valueRange: 0.25, valueCoefficient: 0.1 } as const;

test("loss, gradients and statistics are those of plain loops", async () => {
  for (const seed of [1, 2, 3]) {
    const rows = forPpo(randomRows(seed, LENGTHS));
    const { mask, weights, logProbs, oldLogProbs, advantages, values, oldValues, returns } = rows.byToken;
    const sums = { policy: 0, value: 0, clipped: 0, valueClipped: 0, ratio: 0, variance: 0, approxkl: 0 };
    const toValues: number[] = [];
    const tokens = LENGTHS.reduce((sum, length) => sum + length, 0);
    for (const [b, row] of mask!.entries()) {
      for (const [t, m] of row.entries()) {
        const at = (of: readonly (readonly number[])[] | undefined): number => of![b]![t]!;
        toValues.push(0);
        if (m === 0) continue;
        const difference = at(logProbs) - at(oldLogProbs);
        const ratio = Math.exp(difference);
        const unclippedLoss = -at(advantages) * ratio;
        const clippedLoss = -at(advantages) * Math.min(Math.max(ratio, 0.8), 1.3);
        sums.policy += at(weights) * Math.max(unclippedLoss, clippedLoss);
        sums.clipped += Number(clippedLoss > unclippedLoss);
        const near = Math.min(Math.max(at(values), at(oldValues) - 0.25), at(oldValues) + 0.25);
        const [free, clipped] = [(at(values) - at(returns)) ** 2, (near - at(returns)) ** 2];
        sums.value += at(weights) * 0.5 * Math.max(free, clipped);
        sums.valueClipped += Number(clipped > free);
        // Where clipped is the larger, the value does not move it.
        if (free >= clipped) toValues[toValues.length - 1] = 0.1 * at(weights) * (at(values) - at(returns));
        sums.ratio += ratio;
        sums.variance += (ratio - 1) ** 2;
        sums.approxkl += difference ** 2 / 2;
      }
    }
    assert.ok(sums.clipped > 0 && sums.valueClipped > 0, "random rows have none of these");
    const found = await compute(ppo(OPTIONS), rows);
    const expected = {
      "loss/policy": sums.policy,
      "loss/value": sums.value,
      "policy/approxkl": sums.approxkl / tokens,
      "policy/clipfrac": sums.clipped / tokens,
      "val/clipfrac": sums.valueClipped / tokens,
      "val/ratio": sums.ratio / tokens,
      "val/ratio_var": sums.variance / tokens,
    };
    assert.deepEqual(Object.keys(found.stats), Object.keys(expected));
    for (const [name, x] of Object.entries(expected)) {
      assert.ok(Math.abs(found.stats[name]! - x) < 1e-12, `${name}: ${found.stats[name]}, expected ${x}`);
    }
    assert.ok(Math.abs(found.loss - (sums.policy + 0.1 * sums.value)) < 1e-12);
    for (const [i, x] of toValues.entries()) assert.ok(Math.abs(found.toValues[i]! - x) < 1e-12, `value ${i}`);
  }
});

test("on the first pass ratios are 1, nothing is clipped, and the gradient is that of A · log p", async () => {
  const random = forPpo(randomRows(4, LENGTHS));
  const { logProbs, values, advantages, weights } = random.byToken;
  const rows = withTokens(random, { oldLogProbs: logProbs!, oldValues: values! });
  const { stats, toLogProbs } = await compute(ppo(OPTIONS), rows);
  assert.ok(Math.abs(stats["val/ratio"]! - 1) < 1e-12);
  for (const name of ["val/ratio_var", "val/clipfrac", "policy/clipfrac", "policy/approxkl"])
    assert.equal(stats[name], 0);
  for (const [i, x] of toLogProbs.entries()) {
    assert.ok(Math.abs(x + weights!.flat()[i]! * advantages!.flat()[i]!) < 1e-12, `[${i}]`);
  }
});
