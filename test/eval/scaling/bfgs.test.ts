import assert from "node:assert/strict";
import { test } from "node:test";
import { minimise } from "../../../eval/scaling/bfgs.ts";

test("Rosenbrock's valley ends at (1, 1)", () => {
  const { x, value, isConverged } = minimise(
    ([a, b], gradient) => {
      gradient[0] = -400 * a! * (b! - a! * a!) - 2 * (1 - a!);
      gradient[1] = 200 * (b! - a! * a!);
      return 100 * (b! - a! * a!) ** 2 + (1 - a!) ** 2;
    },
    Float64Array.of(-1.2, 1),
  );
  assert.ok(isConverged);
  assert.ok(value < 1e-18, String(value));
  assert.ok(Math.abs(x[0]! - 1) < 1e-9 && Math.abs(x[1]! - 1) < 1e-9, x.join());
});

test("kinks do not stop it: |a − 3| + 10·|b + 2| ends at (3, −2)", () => {
  const { x } = minimise(
    ([a, b], gradient) => {
      gradient[0] = Math.sign(a! - 3);
      gradient[1] = 10 * Math.sign(b! + 2);
      return Math.abs(a! - 3) + 10 * Math.abs(b! + 2);
    },
    Float64Array.of(10, 10),
  );
  assert.ok(Math.abs(x[0]! - 3) < 1e-6 && Math.abs(x[1]! + 2) < 1e-6, x.join());
});

test("steps to where there is no number are too long", () => {
  const { x } = minimise(([a], gradient) => {
    gradient[0] = 1 - 1 / a!;
    return a! - Math.log(a!); // No number below zero, where the first step would lead.
  }, Float64Array.of(0.01));
  assert.ok(Math.abs(x[0]! - 1) < 1e-8, x.join());
});

test("the same start ends with the same bits", () => {
  const solve = () =>
    minimise(([a], gradient) => {
      gradient[0] = 4 * (a! - 0.3) ** 3;
      return (a! - 0.3) ** 4;
    }, Float64Array.of(7));
  assert.deepEqual(solve(), solve());
});
