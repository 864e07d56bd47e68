import assert from "node:assert/strict";
import { test } from "node:test";
import { type DpoOptions, dpo } from "../../../trainer/objectives/dpo.ts";
import { type Computed, compute } from "./run-objective.ts";

const SHARES = [0.5, 0.25, 0.25];

/** One pair or several: sums of log-probabilities, chosen and rejected, and the reference's; over three tokens and two. */
function pairs(options: DpoOptions, policy: readonly number[], reference: readonly number[]): Promise<Computed> {
  return compute(dpo(options), {
    byToken: {
      // The first target is the prompt's.
      logProbs: policy.map((sum, b) =>
        b % 2 === 0 ? [-7, ...SHARES.map((x) => x * sum)] : [-7, sum / 2, sum / 2, -9],
      ),
      mask: policy.map((_, b) => (b % 2 === 0 ? [0, 1, 1, 1] : [0, 1, 1, 0])),
    },
    bySequence: {
      referenceLogProb: reference,
      pairWeight: policy.map(() => 2 / policy.length),
    },
  });
}

test("a pair's loss and its slope are those that can be written down", async () => {
  const cases: readonly (readonly [DpoOptions, readonly number[], number, number])[] = [
    // δ = 2
    [{ beta: 0.1 }, [-10, -12], 0.5981388694, -0.0450166003],
    [{ beta: 0.5 }, [-10, -12], 0.3132616875, -0.1344707107],
    [{ beta: 0.1, loss: "hinge" }, [-10, -12], 0.8, -0.1],
    [{ beta: 0.5, loss: "hinge" }, [-10, -13], 0, 0],
    // δ = 0
    [{ beta: 0.1 }, [-11, -11], Math.LN2, -0.05],
    [{ beta: 0.5 }, [-11, -11], Math.LN2, -0.25],
    // The label is wrong as often as right: what is learned is to prefer neither.
    [{ beta: 0.1, labelSmoothing: 0.5 }, [-11, -11], Math.LN2, 0],
    [{ beta: 0.5, labelSmoothing: 0.25 }, [-10, -12], 0.3132616875 + 0.25, -0.1344707107 + 0.25 * 0.5],
    // δ of means: 1/3 + 1/2; to be 1 / 2β = 1. The chosen one's sum moves it by a third.
    [{ beta: 0.5, loss: "ipo" }, [-10, -12], (1 / 6) ** 2, (2 * (-1 / 6)) / 3],
    // The chosen one's own loss: 10 nats over three tokens.
    [{ beta: 0.1, nll: 0.2 }, [-10, -12], 0.5981388694 + (0.2 * 10) / 3, -0.0450166003 - 0.2 / 3],
    // Far out, where σ is 0 or 1 in any precision.
    [{ beta: 10 }, [-1000, -1], 9990, -10],
    [{ beta: 10 }, [-1, -1000], 0, 0],
  ];
  for (const [options, policy, loss, slope] of cases) {
    const found = await pairs(options, policy, [-11, -11]);
    const title = JSON.stringify([options, policy]);
    assert.ok(Math.abs(found.loss - loss) < 1e-9, `${title}: ${found.loss}, expected ${loss}`);
    for (const t of [1, 2, 3]) {
      assert.ok(Math.abs(found.toLogProbs[t]! - slope) < 1e-9, `${title}: slope ${found.toLogProbs[t]}, not ${slope}`);
    }
    // No token of the prompt, none behind the end.
    assert.deepEqual(
      [0, 4, 7].map((i) => Math.abs(found.toLogProbs[i]!)),
      [0, 0, 0],
    );
    // The rejected one is pushed the other way; of means by tokens, which it has two of.
    const ofPair = slope + (options.nll ?? 0) / 3;
    const back = options.loss === "ipo" ? (-ofPair * 3) / 2 : -ofPair;
    assert.ok(Math.abs(found.toLogProbs[5]! - back) < 1e-9, `${title}: ${found.toLogProbs[5]}, not ${back}`);
  }
});

test("implicit rewards and raw log-probabilities are told apart: a pair may be right by one and wrong by the other", async () => {
  // The first has become likelier than the other against the reference, and is less likely; the second is the opposite.
  const { loss, stats } = await pairs({ beta: 0.5 }, [-12, -10, -3, -5, -4, -6], [-16, -11, -2, -5, -4, -6]);
  const expected = {
    "rewards/chosen": (0.5 * (4 - 1 + 0)) / 3,
    "rewards/rejected": (0.5 * (1 + 0 + 0)) / 3,
    "rewards/margins": (0.5 * (3 - 1 + 0)) / 3,
    // Equal is not more.
    "rewards/accuracies": 1 / 3,
    "logps/chosen": -19 / 3,
    "logps/rejected": -21 / 3,
    "logps/accuracies": 2 / 3,
  };
  assert.deepEqual(Object.keys(stats), Object.keys(expected));
  for (const [name, x] of Object.entries(expected))
    assert.ok(Math.abs(stats[name]! - x) < 1e-12, `${name}: ${stats[name]}`);
  const learned = await pairs({ beta: 0.5, nll: 1 }, [-12, -10, -3, -5, -4, -6], [-16, -11, -2, -5, -4, -6]);
  assert.ok(Math.abs(learned.stats.nll! - (4 + 1 + 4 / 3) / 3) < 1e-12);
  const lossOf = (margin: number): number => Math.log(1 + Math.exp(-0.5 * margin));
  assert.ok(Math.abs(loss - (lossOf(3) + lossOf(-1) + lossOf(0)) / 3) < 1e-12);
});

test("label smoothing with a loss that has none is refused", () => {
  assert.throws(() => dpo({ beta: 0.1, loss: "ipo", labelSmoothing: 0.1 }), {
    name: "RangeError",
    message: "labelSmoothing: found 0.1 with ipo, expected 0 (it belongs to sigmoid)",
  });
});
