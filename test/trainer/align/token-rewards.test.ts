import assert from "node:assert/strict";
import { test } from "node:test";
import { tokenRewards } from "../../../trainer/align/credit/token-rewards.ts";
import { ofResponse, toTargets } from "../../../trainer/align/learning/response-tokens.ts";

const RESPONSE = { logProbs: [-1, -2, -3], referenceLogProbs: [-1.5, -2, -2], score: 1, hasEnded: true } as const;

test("every token pays for leaving the reference, and the last one earns the score", () => {
  assert.deepEqual([...tokenRewards(RESPONSE, { klCoefficient: 0.5 })], [-0.25, -0, 1.5]);
  assert.deepEqual([...tokenRewards(RESPONSE, { klCoefficient: 0 })].map(Math.abs), [0, 0, 1]);
});

test("a response that was cut off pays for it, one that ended does not", () => {
  const options = { klCoefficient: 0.5, missingEndPenalty: 4 };
  assert.deepEqual([...tokenRewards({ ...RESPONSE, hasEnded: false }, options)], [-0.25, -0, -2.5]);
  assert.deepEqual(tokenRewards(RESPONSE, options), tokenRewards(RESPONSE, { klCoefficient: 0.5 }));
});

test("a response without a token earns nothing", () => {
  const none = { logProbs: [], referenceLogProbs: [], score: 1, hasEnded: false };
  assert.deepEqual(tokenRewards(none, { klCoefficient: 0.5, missingEndPenalty: 1 }), new Float64Array());
});

test("numbers of a response go among a row's targets and come back", () => {
  // Two turns: what a user says between them is no response.
  const row = { ids: [5, 6, 7, 8, 9, 10, 11], isResponse: [0, 0, 1, 1, 0, 1, 0] };
  assert.deepEqual(toTargets(row, [1, 2, 3]), Float32Array.of(0, 1, 2, 0, 3, 0));
  assert.deepEqual(ofResponse(row, [10, 20, 30, 40, 50, 60]), Float64Array.of(20, 30, 50));
  assert.deepEqual(ofResponse(row, toTargets(row, [1, 2, 3])), Float64Array.of(1, 2, 3));
  assert.throws(() => toTargets(row, [1, 2]), /2 numbers for a response of 3 tokens/);
  // Nothing predicts the first id, response or not.
  assert.deepEqual(ofResponse({ ids: [1, 2], isResponse: [1, 1] }, [7]), Float64Array.of(7));
});
