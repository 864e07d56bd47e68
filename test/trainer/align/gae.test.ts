import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../pipeline/random.ts";
import { explainedVariance, generalizedAdvantages, whiten } from "../../../trainer/align/credit/gae.ts";

const REWARDS = [-0.01, -0.02, 0.03, 1];
const VALUES = [0.5, 0.4, 0.6, 0.7];

function near(found: ArrayLike<number>, expected: readonly number[], tolerance = 1e-8): void {
  assert.equal(found.length, expected.length);
  for (const [i, x] of expected.entries()) {
    assert.ok(Math.abs(found[i]! - x) <= tolerance, `[${i}]: ${found[i]}, expected ${x}`);
  }
}

test("advantages are those that were worked out by hand, for any γ and λ", () => {
  for (const [gamma, lambda, advantages] of [
    [1, 0.95, [0.4355375, 0.57425, 0.415, 0.3]],
    [0.99, 0.95, [0.4080184823, 0.555043575, 0.40515, 0.3]],
    [1, 1, [0.5, 0.61, 0.43, 0.3]],
    [1, 0, [-0.11, 0.18, 0.13, 0.3]],
  ] as const) {
    const found = generalizedAdvantages(REWARDS, VALUES, { gamma, lambda });
    near(found.advantages, advantages);
    near(
      found.returns,
      advantages.map((a, t) => a + VALUES[t]!),
    );
  }
});

test("they are the sum of all later surprises, each by so much less", () => {
  const random = seededRandom(1);
  const numbers = (): number[] => Array.from({ length: 40 }, () => random() - 0.5);
  const [rewards, values] = [numbers(), numbers()];
  const [gamma, lambda] = [0.97, 0.9];
  const surprises = rewards.map((r, t) => r + gamma * (values[t + 1] ?? 0) - values[t]!);
  const expected = surprises.map((_, t) =>
    surprises.slice(t).reduce((sum, surprise, k) => sum + (gamma * lambda) ** k * surprise, 0),
  );
  near(generalizedAdvantages(rewards, values, { gamma, lambda }).advantages, expected, 1e-12);
});

test("whitened numbers have mean 0 and variance 1, over all responses together", () => {
  const expected = [0.03858878, 1.27176294, -0.14399256, -1.16635917];
  const { advantages } = generalizedAdvantages(REWARDS, VALUES, { gamma: 1, lambda: 0.95 });
  near(whiten([advantages])[0]!, expected);
  const parted = whiten([advantages.slice(0, 1), new Float64Array(), advantages.slice(1)]);
  near(
    parted.flatMap((numbers) => [...numbers]),
    expected,
  );
  const mean = (0.4355375 + 0.57425 + 0.415 + 0.3) / 4;
  near(
    whiten([advantages], { keepsMean: true })[0]!,
    expected.map((x) => x + mean),
  );
});

test("one token has no variance to be divided by, and equal ones have none", () => {
  near(whiten([Float64Array.of(7)])[0]!, [0]);
  near(whiten([Float64Array.of(7)], { keepsMean: true })[0]!, [7]);
  near(
    whiten([Float64Array.of(7, 7), Float64Array.of(7)]).flatMap((x) => [...x]),
    [0, 0, 0],
  );
  assert.deepEqual(whiten([]), []);
  assert.deepEqual(whiten([new Float64Array()]), [new Float64Array()]);
});

test("a response without a token has no advantages, values of another length are refused", () => {
  assert.deepEqual(generalizedAdvantages([], [], { gamma: 1, lambda: 1 }).advantages, new Float64Array());
  assert.throws(() => generalizedAdvantages([1], [1, 2], { gamma: 1, lambda: 1 }), RangeError);
});

test("the variance that values explain: all, none, less than none, or of nothing", () => {
  const returns = [Float64Array.of(1, 2), Float64Array.of(6)];
  assert.equal(explainedVariance(returns, returns), 1);
  assert.equal(explainedVariance([Float64Array.of(3, 3), Float64Array.of(3)], returns), 0);
  assert.equal(explainedVariance([Float64Array.of(-1, -2), Float64Array.of(-6)], returns), -3);
  assert.equal(explainedVariance([Float64Array.of(1, 2)], [Float64Array.of(5, 5)]), 0);
  assert.equal(explainedVariance([Float64Array.of(1)], [Float64Array.of(5)]), 0);
});
