import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytes,
  count,
  decimalsFor,
  duration,
  fixed,
  interval,
  percent,
  pValue,
  scientific,
  shortDigest,
  signed,
  threeDigits,
} from "../../../eval/report/numbers.ts";

test("decimals end with the second digit of the smallest standard error", () => {
  const cases: readonly (readonly [standardErrors: number[], decimals: number])[] = [
    [[0.0031], 4],
    [[0.031, 0.0031], 4],
    [[0.00999], 4],
    [[0.31], 2],
    [[3.1], 2],
    [[0.000001], 6],
    [[0], 4],
    [[], 4],
  ];
  for (const [standardErrors, decimals] of cases)
    assert.equal(decimalsFor(standardErrors), decimals, `${standardErrors}`);
});

test("numbers are written with a minus sign, and nothing is not negative", () => {
  assert.equal(fixed(-0.0125, 3), "\u22120.013");
  assert.equal(fixed(-0.0001, 3), "0.000");
  assert.equal(signed(0.0125, 4), "+0.0125");
  assert.equal(interval({ low: -0.0199, high: 0.0051 }, 4), "[\u22120.0199, +0.0051]");
});

test("each kind of quantity has its form", () => {
  assert.deepEqual([0.0004, 0.001, 0.0567, 1].map(pValue), ["< 0.001", "0.001", "0.057", "1.000"]);
  assert.deepEqual([0, 999, 1000, 1_048_576].map(count), ["0", "999", "1,000", "1,048,576"]);
  assert.deepEqual(
    [0.31, Number.NaN].map((share) => percent(share)),
    ["31.0 %", "–"],
  );
  assert.deepEqual([0, 999, 1234, 56_200_000, 1.2e9].map(bytes), [
    "0 bytes",
    "999 bytes",
    "1.23 kB",
    "56.2 MB",
    "1.20 GB",
  ]);
  assert.deepEqual([0, 2.5386e13, 1e-5].map(scientific), ["0", "2.54 × 10¹³", "1.00 × 10⁻⁵"]);
  assert.deepEqual([0, 0.00123456, 1.5, 812.5, 12_345].map(threeDigits), ["0.00", "0.00123", "1.50", "813", "12345"]);
  assert.deepEqual([0.5, 41.3, 59.99, 200, 7500].map(duration), [
    "0.500 s",
    "41.3 s",
    "60.0 s",
    "3 min 20 s",
    "2 h 05 min",
  ]);
  assert.equal(shortDigest("0123456789abcdef0123"), "0123456789ab");
  assert.equal(shortDigest("a name of its own that is long"), "a name of its own that is long");
});
