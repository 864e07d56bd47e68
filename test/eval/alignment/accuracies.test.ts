import assert from "node:assert/strict";
import { test } from "node:test";
import { constraintAccuracy } from "../../../eval/alignment/constraint-accuracy.ts";
import { meanPassAtK, passAtK } from "../../../eval/alignment/pass-at-k.ts";
import { wilson } from "../../../eval/alignment/wilson.ts";
import { winRate } from "../../../eval/alignment/win-rate.ts";
import { assertNear } from "../statistics/near.ts";

test("Wilson's interval: eight of ten, none, all, and half of a hundred", () => {
  // By hand with z = 1.959964, z² = 3.841459: (0.8 + 0.19207) / 1.384146 ± 1.959964 · √(0.016 + 0.0096036) / 1.384146.
  const eight = wilson(8, 10);
  assertNear(eight.estimate, 0.8, 1e-15);
  assertNear(eight.low, 0.49016247153664183, 1e-9);
  assertNear(eight.high, 0.9433178485456247, 1e-9);
  // z² / (n + z²)
  assert.equal(wilson(0, 10).low, 0);
  assertNear(wilson(0, 10).high, 3.841458820694124 / 13.841458820694124, 1e-12);
  assert.equal(wilson(10, 10).high, 1);
  assertNear(wilson(10, 10).low, 10 / 13.841458820694124, 1e-12);
  // ½ ± z / (2 √(n + z²))
  assertNear(wilson(50, 100).high - 0.5, 1.959963984540054 / 2 / Math.sqrt(100 + 3.841458820694124), 1e-12);
  for (const [successes, total] of [
    [1, 0],
    [-1, 3],
    [4, 3],
    [Number.NaN, 3],
  ] as const) {
    assert.throws(() => wilson(successes, total), RangeError);
  }
});

test("pass@k is one minus the share of draws without a right response", () => {
  // C(7,2)/C(10,2) = 21/45, C(7,5)/C(10,5) = 21/252.
  assertNear(passAtK({ samples: 10, correct: 3 }, 1), 0.3, 1e-12);
  assertNear(passAtK({ samples: 10, correct: 3 }, 2), 1 - 21 / 45, 1e-12);
  assertNear(passAtK({ samples: 10, correct: 3 }, 5), 1 - 21 / 252, 1e-12);
  assert.equal(passAtK({ samples: 10, correct: 3 }, 8), 1);
  assert.equal(passAtK({ samples: 10, correct: 0 }, 10), 0);
  assert.equal(passAtK({ samples: 1, correct: 1 }, 1), 1);
  // Binomials of this size are no doubles.
  assertNear(passAtK({ samples: 5000, correct: 1 }, 2500), 0.5, 1e-9);
  for (const k of [0, 11, 1.5]) assert.throws(() => passAtK({ samples: 10, correct: 3 }, k), RangeError);
});

test("pass@k agrees with counting all draws, and its mean is over prompts", () => {
  for (let samples = 1; samples <= 7; samples++) {
    for (let correct = 0; correct <= samples; correct++) {
      for (let k = 1; k <= samples; k++) {
        let [draws, good] = [0, 0];
        for (let mask = 0; mask < 1 << samples; mask++) {
          if (bits(mask) !== k) continue;
          draws++;
          if ((mask & ((1 << correct) - 1)) !== 0) good++;
        }
        assert.ok(Math.abs(passAtK({ samples, correct }, k) - good / draws) < 1e-12, `${samples} ${correct} ${k}`);
      }
    }
  }
  const both = [
    { samples: 4, correct: 4 },
    { samples: 4, correct: 1 },
  ];
  assertNear(meanPassAtK(both, 2).estimate, 0.75, 1e-12);
  assert.deepEqual(meanPassAtK(both, 2), wilson(1.5, 2));
});

test("a win rate counts ties half, and the difference of scores is paired", () => {
  const { wins, ties, losses, rate, difference } = winRate([1, 1, 0.5, 0], [0, 0.5, 0.5, 0.25]);
  assert.deepEqual([wins, ties, losses], [2, 1, 1]);
  assert.deepEqual(rate, wilson(2.5, 4));
  // Differences 1, .5, 0, −.25: mean .3125, squares .47265625 + .03515625 + .09765625 + .31640625 = .921875, over 3 · 4.
  assertNear(difference.estimate, 0.3125, 1e-12);
  // t of 3 degrees of freedom at 97.5 %: 3.182446305.
  assertNear(difference.high - 0.3125, 3.182446305284263 * Math.sqrt(0.921875 / 12), 1e-9);
  const back = winRate([0, 0.5, 0.5, 0.25], [1, 1, 0.5, 0]);
  assert.deepEqual([back.wins, back.ties, back.losses], [1, 1, 2]);
  assert.equal(winRate([1], [0]).difference.high, Number.POSITIVE_INFINITY);
  assert.throws(() => winRate([1], [1, 0]), RangeError);
  assert.throws(() => winRate([], []), RangeError);
});

test("accuracies of instructions and of prompts, strict and loose", () => {
  const { prompt, instruction } = constraintAccuracy([
    [{ strict: [true, true], loose: [true, true] }],
    [{ strict: [true, false, false], loose: [true, true, true] }],
    [{ strict: [false], loose: [false] }],
  ]);
  assertNear(prompt.strict.estimate, 1 / 3, 1e-12);
  assertNear(prompt.loose.estimate, 2 / 3, 1e-12);
  assertNear(instruction.strict.estimate, 3 / 6, 1e-12);
  assertNear(instruction.loose.estimate, 5 / 6, 1e-12);
  assert.deepEqual(prompt.strict, wilson(1, 3));
  assert.deepEqual(instruction.strict, wilson(1.5, 3));
  const twice = constraintAccuracy([
    [
      { strict: [true], loose: [true] },
      { strict: [false], loose: [true] },
    ],
  ]);
  assert.deepEqual(twice.prompt, { strict: wilson(0.5, 1), loose: wilson(1, 1) });
});

function bits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest > 0; rest &= rest - 1) count++;
  return count;
}
