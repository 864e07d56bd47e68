/** Windows as lm-evaluation-harness (4e7e0d4) cuts them: input and predicted ids, made disjoint. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rollingWindows } from "../../../eval/measure/rolling-windows.ts";

const PREFIX = 100;

/** [context, predicted] of each window of a document 0, 1, 2 … */
function cut(length: number, contextLength: number): [number[], number[]][] {
  const ids = Array.from({ length }, (_, i) => i);
  return rollingWindows(ids, PREFIX, contextLength).map(({ ids: all, firstScored }) => [
    Array.from(all).slice(0, firstScored),
    Array.from(all).slice(firstScored),
  ]);
}

test("the harness's own cases: 9 ids in windows of 2, 30 and 34 ids in windows of 10", () => {
  assert.deepEqual(cut(9, 2), [
    [[PREFIX], [0, 1]],
    [[1], [2, 3]],
    [[3], [4, 5]],
    [[5], [6, 7]],
    [[6, 7], [8]],
  ]);
  const three = [
    [[PREFIX], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [[9], [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]],
    [[19], [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]],
  ];
  assert.deepEqual(cut(30, 10), three);
  assert.deepEqual(cut(34, 10), [
    ...three,
    [
      [23, 24, 25, 26, 27, 28, 29],
      [30, 31, 32, 33],
    ],
  ]);
});

test("a short document is one window, an empty one is none", () => {
  assert.deepEqual(cut(3, 10), [[[PREFIX], [0, 1, 2]]]);
  assert.deepEqual(cut(10, 10), [[[PREFIX], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]]);
  assert.deepEqual(cut(11, 10).at(-1), [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [10]]);
  assert.deepEqual(cut(0, 10), []);
});

test("every id is predicted once, in order, from at least one before it, and no window is too long", () => {
  for (let contextLength = 1; contextLength <= 9; contextLength++) {
    for (let length = 0; length <= 40; length++) {
      const windows = cut(length, contextLength);
      assert.deepEqual(
        windows.flatMap(([, predicted]) => predicted),
        Array.from({ length }, (_, i) => i),
      );
      for (const [context, predicted] of windows) {
        assert.ok(context.length >= 1 && context.length + predicted.length <= contextLength + 1);
        const first = predicted[0]!;
        assert.deepEqual(
          context,
          Array.from({ length: context.length }, (_, i) => first - context.length + i).map((id) =>
            id < 0 ? PREFIX : id,
          ),
        );
      }
    }
  }
});
