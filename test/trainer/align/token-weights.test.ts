import assert from "node:assert/strict";
import { test } from "node:test";
import { type Row, responseTokens } from "../../../trainer/align/learning/row.ts";
import { tokenWeights } from "../../../trainer/align/learning/token-weights.ts";
import { rowsOfLengths } from "./tiny-model.ts";

const ROWS = rowsOfLengths(1, [3, 20, 1, 7, 12, 5, 26, 2]);

test("each aggregation has its own idea of a long response", () => {
  const counts = ROWS.map(responseTokens);
  const all = counts.reduce((sum, count) => sum + count, 0);
  for (const [aggregation, of] of [
    ["sequence-mean", (count: number) => 1 / (count * ROWS.length)],
    ["token-mean", () => 1 / all],
    ["constant", () => 1 / (64 * ROWS.length)],
  ] as const) {
    for (const [n, weights] of tokenWeights(ROWS, aggregation, 64).entries()) {
      const { isResponse } = ROWS[n]!;
      const expected = Array.from(weights, (_, t) => isResponse[t + 1]! * of(counts[n]!));
      assert.deepEqual(weights, Float32Array.from(expected));
    }
  }
  // A row without a response has nothing to be weighed, and counts among the rows.
  const empty: Row = { ids: [1, 2], isResponse: [0, 0] };
  const weights = tokenWeights([empty, ROWS[2]!], "sequence-mean");
  assert.deepEqual(weights[0], Float32Array.of(0));
  assert.equal(weights[1]!.at(-1), 0.5);
  assert.deepEqual(tokenWeights([empty], "token-mean"), [Float32Array.of(0)]);
});
