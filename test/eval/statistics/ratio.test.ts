import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_DF, sumOfComponents } from "../../../eval/statistics/components.ts";
import { jackknifeVariance, ratioDomain, ratioOf } from "../../../eval/statistics/ratio.ts";
import { assertNear } from "./near.ts";
import { gaussian } from "./simulation.ts";

const domain = (...items: [denominator: number, cluster: string][]) =>
  ratioDomain(items.map(([denominator, cluster]) => ({ denominator, cluster })));

test("items of equal size, each a cluster: the variance of a mean", () => {
  const ones = domain([1, "a"], [1, "b"], [1, "c"], [1, "d"]);
  // 1, 0, 1, 1: sample variance 1/4, over 4 items.
  assertNear(jackknifeVariance([1, 0, 1, 1], ones), 1 / 16, 1e-12);
  assertNear(ones.df, 3, 1e-12);
  assert.equal(ratioOf([1, 0, 1, 1], ones), 0.75);
});

test("unequal clusters: each is left out in turn", () => {
  const unequal = domain([10, "a"], [5, "b"], [25, "b"]);
  // Ratio 9/40; without a 6/30, without b 3/10: (1/40)² and (3/40)², half their sum.
  assertNear(jackknifeVariance([3, 1, 5], unequal), 10 / 1600 / 2, 1e-12);
  assertNear(unequal.df, 1, 1e-12);
});

test("the variance is right on average for clusters of very unequal sizes, and its degrees of freedom say how it scatters", () => {
  const gauss = gaussian(20261129);
  const sizes = [400, 100, 80, 60, 60, 40, 30, 30];
  const unequal = domain(...sizes.map((size, i): [number, string] => [size, `${i}`]));
  let sum = 0;
  let squares = 0;
  let truth = 0;
  const trials = 20_000;
  for (let trial = 0; trial < trials; trial++) {
    const numerators = sizes.map((size) => size * gauss());
    const variance = jackknifeVariance(numerators, unequal);
    sum += variance / trials;
    squares += variance ** 2 / trials;
    truth += ratioOf(numerators, unequal) ** 2 / trials;
  }
  assert.ok(sum > truth * 0.98 && sum < truth * 1.1, `mean ${sum}, true ${truth}`);
  assertNear(unequal.df, (2 * sum ** 2) / (squares - sum ** 2), 0.05);
  assert.ok(unequal.df > 1 && unequal.df < 2, `8 clusters, one with half of all: df ${unequal.df}`);
});

test("one cluster falls back to its items, one item to nothing", () => {
  const oneCluster = domain([1, "a"], [1, "a"]);
  assert.equal(oneCluster.sampledBy, "items");
  assertNear(jackknifeVariance([1, 0], oneCluster), 0.25, 1e-12);
  const oneItem = domain([7, "a"]);
  assert.equal(oneItem.sampledBy, "nothing");
  assert.equal(jackknifeVariance([3], oneItem), 0);
});

test("an item without bytes changes nothing", () => {
  const with0 = domain([10, "a"], [0, "z"], [30, "b"]);
  assertNear(jackknifeVariance([3, 0, 6], with0), jackknifeVariance([3, 6], domain([10, "a"], [30, "b"])), 1e-12);
  assert.equal(domain([10, "a"], [0, "z"], [30, "a"]).sampledBy, "items");
});

test("degrees of freedom of sums: whole for equal parts, near the least where that part may be all", () => {
  assertNear(sumOfComponents([1, 1, 1].map((variance) => ({ variance, df: 5 }))).df, 15, 1e-12);
  assertNear(sumOfComponents([{ variance: 2, df: 3 }]).df, 3, 1e-12);
  // By Satterthwaite alone it would be 4 / (1 + 1/100) = 3.96.
  const mixed = sumOfComponents([
    { variance: 1, df: 1 },
    { variance: 1, df: 100 },
  ]);
  assert.ok(mixed.df > 1 && mixed.df < 1.3, `df ${mixed.df}`);
  assert.deepEqual(sumOfComponents([{ variance: 0, df: 0 }]), { variance: 0, df: MAX_DF });
});
