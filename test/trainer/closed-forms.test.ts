/** Functions whose values can be written down, on the reference in both precisions and on onnx. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { onnxBackend } from "../../trainer/backends/onnx/onnx.ts";
import { referenceBackend } from "../../trainer/backends/reference.ts";
import { gradients } from "../../trainer/ir/autodiff.ts";
import { entropy } from "../../trainer/objectives/entropy.ts";
import { groupNormalizedRewards } from "../../trainer/objectives/group-rewards.ts";
import { maskedMean, maskedNormalize } from "../../trainer/objectives/masked.ts";
import { clippedPolicyLoss } from "../../trainer/objectives/policy-gradient.ts";
import { constant, input, ops, type Tensor } from "./ir.ts";

const { LN2 } = Math;
const LN3 = Math.log(3);

const BACKENDS = [
  { title: "reference f64", backend: referenceBackend("f64"), tolerance: 1e-12 },
  { title: "reference f32", backend: referenceBackend("f32"), tolerance: 1e-6 },
  { title: "onnx", backend: await onnxBackend({ threads: 1 }), tolerance: 1e-6 },
];

for (const { title, backend, tolerance } of BACKENDS) {
  /** What becomes of x, an input, so that nothing is computed before it runs. */
  const check = async (
    values: readonly number[],
    of: (x: Tensor) => Tensor,
    expected: readonly number[],
  ): Promise<void> => {
    const x = input("x", [1, values.length]);
    const executable = await backend.compile({ outputs: { y: of(x) } });
    executable.inputs.x!.set(values);
    await executable.run();
    await executable.close();
    const found = executable.outputs.y!;
    assert.equal(found.length, expected.length);
    for (const [i, y] of expected.entries()) {
      const isClose = Math.abs(found[i]! - y) <= tolerance * Math.max(1, Math.abs(y));
      assert.ok(isClose, `[${values}][${i}]: found ${found[i]}, expected ${y}`);
    }
  };
  const target = (id: number) => constant(Int32Array.of(id), [1]);

  test(`${title}: softmax of logarithms gives shares, and a constant changes nothing`, async () => {
    const shares = [1 / 8, 2 / 8, 5 / 8];
    await check([0, LN2, Math.log(5)], ops.softmax, shares);
    await check([0, 0, 0, 0], ops.softmax, [0.25, 0.25, 0.25, 0.25]);
    for (const shift of [100, -100, 1024]) {
      // Sums with the shift are exact in single precision.
      await check([shift, shift, shift + 0.5], ops.softmax, softmaxOf([0, 0, 0.5]));
    }
    await check([1000, 0, -1000], ops.softmax, [1, 0, 0]);
    await check([-1e30, 3, 3], ops.softmax, [0, 0.5, 0.5]);
  });

  test(`${title}: SiLU is x · sigmoid(x), to both ends`, async () => {
    const values = [0, LN3, -LN3, LN2, -LN2, 100, -100, 1000, -1000];
    const expected = [0, (3 * LN3) / 4, -LN3 / 4, (2 * LN2) / 3, -LN2 / 3, 100, 0, 1000, 0];
    await check(values, ops.silu, expected);
  });

  test(`${title}: GELU is x · Φ(x)`, async () => {
    // Φ(1), Φ(2), Φ(3) of the standard normal distribution: Abramowitz and Stegun, table 26.1.
    const [one, two, three] = [0.841344746068543, 0.977249868051821, 0.99865010196837];
    const values = [0, 1, -1, 2, -2, 3, -3, 40, -40];
    const expected = [0, one, one - 1, 2 * two, 2 * (two - 1), 3 * three, 3 * (three - 1), 40, 0];
    await check(values, ops.gelu, expected);
    // The one by tanh is not the same, and near.
    await check([0, 1, 40, -40], ops.geluTanh, [0, 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * 1.044715)), 40, 0]);
  });

  test(`${title}: cross-entropy is the logarithm of a share, and of logits a thousand times as large a difference`, async () => {
    const loss = (id: number) => (x: Tensor) => ops.crossEntropy(x, target(id));
    await check([0, 0, 0, 0], loss(2), [Math.log(4)]);
    await check([0, LN2, Math.log(5)], loss(0), [Math.log(8)]);
    await check([0, LN2, Math.log(5)], loss(2), [Math.log(8 / 5)]);
    // The others' exponentials vanish beside the largest.
    await check(
      [0.5, 0.25, -0.75].map((x) => 1000 * x),
      loss(0),
      [0],
    );
    await check(
      [0.5, 0.25, -0.75].map((x) => 1000 * x),
      loss(1),
      [250],
    );
    await check(
      [0.5, 0.25, -0.75].map((x) => 1000 * x),
      loss(2),
      [1250],
    );
    await check([1000, 1000, -1000], loss(1), [LN2]);
  });

  test(`${title}: entropy is the logarithm of a number of equals, and nothing where all is certain`, async () => {
    await check([0, 0, 0, 0], entropy, [Math.log(4)]);
    await check([1000, 0, 0], entropy, [0]);
    await check([0, LN2, LN2], entropy, [Math.log(5) - (4 / 5) * LN2]);
  });

  test(`${title}: a masked mean is that of what counts, and no number where nothing does`, async () => {
    const mask = (values: number[]) => constant(values, [1, 3]);
    await check([1, 2, 6], (x) => maskedMean(x, mask([1, 0, 1])), [3.5]);
    await check([1, 2, 6], (x) => maskedNormalize(x, mask([1, 0, 1]), 2, [1]), [3.5]);
    const x = input("x", [1, 3]);
    const executable = await backend.compile({ outputs: { y: maskedMean(x, input("mask", [1, 3])) } });
    await executable.run();
    await executable.close();
    assert.deepEqual([...executable.outputs.y!], [Number.NaN]);
  });

  test(`${title}: beyond its range the clipped loss pulls no more, the way its advantage points`, async () => {
    // Ratios 1/2, 1 and 2.
    const ratios = [-LN2, 0, LN2];
    const loss = (advantage: number) => (x: Tensor) =>
      clippedPolicyLoss(x, {
        oldLogProbs: constant([0, 0, 0], [1, 3]),
        advantages: constant([advantage], [1, 1]),
        range: 0.25,
      });
    const slope = (advantage: number) => (x: Tensor) => gradients(ops.total(loss(advantage)(x)), [x])[0]!;
    await check(ratios, loss(1), [-0.5, -1, -1.25]);
    await check(ratios, slope(1), [-0.5, -1, 0]);
    await check(ratios, loss(-1), [0.75, 1, 2]);
    await check(ratios, slope(-1), [0, 1, 2]);
  });
}

test("rewards of a group are told apart from its mean, and by its deviation where asked for", () => {
  // The lecture's example: five answers of reward 3, 3, 3, 4, 3; the deviation has n - 1 below.
  const rewards = [3, 3, 3, 4, 3];
  const near = (found: number[], expected: number[]) => {
    for (const [i, y] of expected.entries()) assert.ok(Math.abs(found[i]! - y) < 1e-6, `[${i}]: ${found[i]}, not ${y}`);
  };
  near(groupNormalizedRewards(rewards, { groupSize: 5, byDeviation: false }), [-0.2, -0.2, -0.2, 0.8, -0.2]);
  const normalized = groupNormalizedRewards(rewards, { groupSize: 5, byDeviation: true, epsilon: 1e-5 });
  near(normalized, [-0.4472037, -0.4472037, -0.4472037, 1.7888142, -0.4472037]);
  near(groupNormalizedRewards([1, 1, 0, 2], { groupSize: 2, byDeviation: true }), [0, 0, -Math.SQRT1_2, Math.SQRT1_2]);
  for (const groupSize of [0, 3, 1.5]) {
    assert.throws(() => groupNormalizedRewards(rewards, { groupSize, byDeviation: true }), RangeError);
  }
});

test("a mask of another shape is refused: it would be repeated in the sum and counted once", () => {
  assert.throws(() => maskedMean(input("x", [2, 3]), input("mask", [1, 3])), {
    name: "ShapeError",
    message: "a mask [1, 3] for [2, 3]: expected the same shape",
  });
});

function softmaxOf(values: readonly number[]): number[] {
  const all = values.reduce((sum, x) => sum + Math.exp(x), 0);
  return values.map((x) => Math.exp(x) / all);
}
