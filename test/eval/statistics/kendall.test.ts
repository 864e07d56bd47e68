import assert from "node:assert/strict";
import { test } from "node:test";
import { chanceOfSameOrder, kendallTau } from "../../../eval/statistics/index.ts";

test("τ counts pairs by their order, without those that are tied", () => {
  assert.equal(kendallTau([1, 2, 3, 4], [10, 20, 30, 40]), 1);
  assert.equal(kendallTau([1, 2, 3, 4], [4, 3, 2, 1]), -1);
  // One pair of six is turned.
  assert.equal(kendallTau([1, 2, 3, 4], [1, 2, 4, 3]), 4 / 6);
  // By hand: 4 agree, one is tied in the second ranking, one in the first: 4 / √(5 · 5).
  assert.equal(kendallTau([1, 1, 2, 3], [1, 2, 3, 3]), 4 / 5);
  assert.equal(kendallTau([1, 2, 3], [5, 5, 5]), undefined);
});

test("the same order comes by chance once in as many orders as there are", () => {
  assert.equal(chanceOfSameOrder(2), 1 / 2);
  assert.equal(chanceOfSameOrder(3), 1 / 6);
  assert.equal(chanceOfSameOrder(5), 1 / 120);
});
