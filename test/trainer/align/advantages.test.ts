import assert from "node:assert/strict";
import { test } from "node:test";
import { groupAdvantages, levelGroups } from "../../../trainer/align/credit/advantages.ts";

function near(found: readonly number[], expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  for (const [i, x] of expected.entries()) assert.ok(Math.abs(found[i]! - x) < 2e-7, `[${i}]: ${found[i]}, not ${x}`);
}

// The lecture's example, whose results are in single precision.
const REWARDS = [3, 3, 3, 4, 3];

test("the difference to the group's mean, by its deviation, that of all, or as it is", () => {
  const of = (scaleBy: "group" | "batch" | "none", groupSize = 5) =>
    groupAdvantages(REWARDS, { groupSize, scaleBy, epsilon: 1e-5 });
  near(of("none"), [-0.2, -0.2, -0.2, 0.8, -0.2]);
  near(of("group"), [-0.4472037, -0.4472037, -0.4472037, 1.7888142, -0.4472037]);
  // Of one group, both deviations are the same.
  near(of("batch"), of("group"));
  // Two groups; all four have the mean 2.25.
  const rewards = [1, 2, 2, 4];
  near(groupAdvantages(rewards, { groupSize: 2, scaleBy: "none" }), [-0.5, 0.5, -1, 1]);
  const byGroup = groupAdvantages(rewards, { groupSize: 2, scaleBy: "group", epsilon: 0 });
  near(byGroup, [-Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT1_2]);
  const deviation = Math.sqrt((1.25 ** 2 + 0.25 ** 2 + 0.25 ** 2 + 1.75 ** 2) / 3);
  const byBatch = groupAdvantages(rewards, { groupSize: 2, scaleBy: "batch", epsilon: 0 });
  near(
    byBatch,
    [-0.5, 0.5, -1, 1].map((x) => x / deviation),
  );
});

test("a group of equals has no advantages, whatever they are divided by", () => {
  for (const scaleBy of ["group", "batch", "none"] as const) {
    near(groupAdvantages([0.1, 0.1, 0.1], { groupSize: 3, scaleBy }), [0, 0, 0]);
  }
});

test("groups in which all earned the same are found; with one response a prompt, that would be all of them", () => {
  // Sums of these are not exact: equal they are all the same.
  assert.deepEqual(levelGroups([0.1, 0.1, 0.1, 0, 0, 1, 0, 0, 0], 3), [true, false, true]);
  assert.throws(() => levelGroups([1, 2], 1), {
    name: "RangeError",
    message: "2 rewards in groups of 1: a group has 2 responses at least, otherwise all of them are level",
  });
  assert.throws(() => levelGroups([1, 2, 3], 2), RangeError);
  assert.throws(() => groupAdvantages([1, 2], { groupSize: 1, scaleBy: "group" }), RangeError);
  near(groupAdvantages([1, 2], { groupSize: 1, scaleBy: "none" }), [0, 0]);
});
