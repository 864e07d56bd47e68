import assert from "node:assert/strict";
import { test } from "node:test";
import { twoSidedQuantile, twoSidedTail } from "../../../eval/statistics/behrens-fisher.ts";
import { normalCdf } from "../../../eval/statistics/normal.ts";
import { studentTTail, studentTUpperQuantile } from "../../../eval/statistics/student-t.ts";
import { assertNear } from "./near.ts";

test("quantiles of Student's t are those of the tables", () => {
  // NIST/SEMATECH e-Handbook 1.3.6.7.2, with digits from R's qt().
  for (const [df, at975, at995] of [
    [1, 12.7062047361747, 63.656741162874],
    [2, 4.30265272974946, 9.92484320091807],
    [4, 2.77644510519779, 4.60409487134999],
    [9, 2.2621571628541, 3.24983554159213],
    [30, 2.04227245630124, 2.74999565356703],
    [1e9, 1.959963987, 2.5758293085],
  ] as const) {
    assertNear(studentTUpperQuantile(0.025, df), at975, 1e-9, `df ${df}`);
    assertNear(studentTUpperQuantile(0.005, df), at995, 1e-9, `df ${df}`);
  }
});

test("tails of Student's t keep their digits for any degrees of freedom", () => {
  // Incomplete beta function of mpmath with 30 digits.
  for (const [t, df, tail] of [
    [0.3, 0.5, 0.422429576065245],
    [1e6, 0.5, 0.000320700975414199],
    [2.2, 1.3, 0.111549503872763],
    [4, 3.7, 0.00939445500939057],
    [9, 30.25, 2.32621449068754e-10],
    [0.001, 1000, 0.499601157509226],
    [4, 123456.5, 3.16896741085022e-5],
    [4, 1e9, 3.16712441082338e-5],
  ] as const) {
    assertNear(studentTTail(t, df), tail, 1e-10, `t ${t}, df ${df}`);
    assertNear(studentTUpperQuantile(tail, df), t, 1e-9, `t ${t}, df ${df}`);
  }
  assert.equal(studentTTail(0, 3), 0.5);
  assertNear(studentTTail(1, 1), 0.25, 1e-14);
});

test("the normal distribution meets its table, and itself where series and fraction meet", () => {
  assertNear(normalCdf(1.95996398454005), 0.975, 1e-14);
  assertNear(normalCdf(-1), 0.158655253931457, 1e-14);
  assertNear(normalCdf(-8), 6.22096057427174e-16, 1e-12);
  assertNear(normalCdf(-3), normalCdf(-3 - 1e-12), 1e-10);
});

test("the sum of two Cauchy variables is one Cauchy variable", () => {
  for (const [a, b] of [
    [1, 1],
    [1, 0.01],
    [0.3, 2],
  ] as const) {
    for (const distance of [0.1, 1, 5, 200]) {
      const expected = 1 - (2 / Math.PI) * Math.atan(distance / (a + b));
      assertNear(twoSidedTail(distance, { variance: a * a, df: 1 }, { variance: b * b, df: 1 }), expected, 1e-7);
    }
  }
});

test("the sum of two t variables has the tails that quadrature gives", () => {
  // scipy.integrate.quad over scipy.stats.t.
  for (const [distance, va, f, vb, g, expected] of [
    [0.175, 0.000625, 1, 0.00388888888888889, 1.84905660377358, 0.206745713964632],
    [2 * Math.SQRT2, 1, 2, 1, 30, 0.145388220865939],
    [4 * Math.sqrt(1.2), 1, 9, 0.2, 3, 0.00608855206940422],
    [20 * Math.sqrt(1 + 1e-6), 1e-6, 1, 1, 50, 3.1914551313864e-5],
  ] as const) {
    const a = { variance: va, df: f };
    const b = { variance: vb, df: g };
    assertNear(twoSidedTail(distance, a, b), expected, 1e-7);
    assertNear(twoSidedTail(distance, b, a), expected, 1e-7);
    assertNear(twoSidedQuantile(expected, a, b), distance, 1e-7);
  }
});

test("a component without variance leaves the other's t", () => {
  const none = { variance: 0, df: 1 };
  assertNear(twoSidedQuantile(0.05, none, { variance: 4, df: 2 }), 2 * 4.30265272974946, 1e-9);
  assertNear(twoSidedTail(4.30265272974946, { variance: 1, df: 2 }, none), 0.05, 1e-9);
  assert.equal(twoSidedTail(0, none, none), 1);
  assert.equal(twoSidedTail(1, none, none), 0);
});
