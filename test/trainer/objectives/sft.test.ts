import assert from "node:assert/strict";
import { test } from "node:test";
import { sft } from "../../../trainer/objectives/sft.ts";
import { compute } from "./run-objective.ts";

test("the loss is what the weights say, its statistics are means over response tokens", async () => {
  const { loss, stats, toLogProbs } = await compute(sft(), {
    byToken: {
      logProbs: [
        [-1, -2, -4],
        [-8, -16, -32],
      ],
      weights: [
        [0, 0.5, 0.25],
        [0, 0.125, 0],
      ],
      shares: [
        [0, 1 / 3, 1 / 3],
        [0, 1 / 3, 0],
      ],
      isLikeliest: [
        [1, 1, 0],
        [0, 1, 1],
      ],
    },
  });
  assert.equal(loss, 4);
  assert.deepEqual(toLogProbs, [-0, -0.5, -0.25, -0, -0.125, -0]);
  assert.ok(Math.abs(stats.responseLoss! - 22 / 3) < 1e-12);
  assert.ok(Math.abs(stats.accuracy! - 2 / 3) < 1e-12);
});
