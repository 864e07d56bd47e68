import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Row } from "../../../trainer/align/learning/row.ts";
import {
  fillFurther,
  fillResponses,
  fillRows,
  longestOf,
  positionsFor,
} from "../../../trainer/align/learning/row-batch.ts";
import { readNpy } from "../../../trainer/conformance/npy.ts";
import { HIDDEN } from "../../../trainer/model/layers.ts";
import { needsShared, sharedPath } from "../../shared.ts";

const MASKING = "fixtures/course/npy/a5_2025/tests/_snapshots/test_tokenize_prompt_and_output";

/** Inputs of a program, filled with what an earlier run may have left. */
function inputsOf(B: number, T: number) {
  return {
    tokens: new Int32Array(B * T).fill(99),
    targets: new Int32Array(B * T).fill(99),
    mask: new Float32Array(B * T).fill(99),
    attention: new Float32Array(B * T * T).fill(99),
  };
}

test(
  "prompts and outputs become ids, labels and mask as the course's fifth assignment has them",
  needsShared(MASKING),
  () => {
    const [ids, labels, mask] = ["input_ids", "labels", "response_mask"].map((name) =>
      readNpy(join(sharedPath(MASKING), `${name}.npy`)),
    );
    const [B, T] = ids!.shape as [number, number];
    // The first output is two tokens shorter than the others, and the prompt one: pad tokens are the assignment's.
    const PAD = 151_643;
    const rows = [
      { prompt: [9707, 11, 1879, 0], output: [9707, 11, 1879, 0] },
      { prompt: [1986, 374, 264, 1273, 13], output: [1986, 374, 264, 1273, 13] },
      { prompt: [1986, 374, 2441, 1273, 13], output: [1986, 374, 2441, 1273, 13] },
    ].map(
      ({ prompt, output }): Row => ({
        ids: [...prompt, ...output],
        isResponse: [...prompt.map(() => 0), ...output.map(() => 1)],
      }),
    );
    const inputs = inputsOf(B, T);
    fillRows(inputs, rows, T);
    assert.deepEqual([...inputs.mask], [...mask!.values]);
    for (const [b, row] of rows.entries()) {
      for (let t = 0; t < T; t++) {
        const i = b * T + t;
        // Theirs has the last token as an input, too, whose label is padding; ours has padding of 0.
        const isInput = t + 1 < row.ids.length;
        assert.equal(inputs.tokens[i], isInput ? ids!.values[i] : 0);
        assert.equal(inputs.targets[i], isInput ? labels!.values[i] : 0);
        if (!isInput) assert.equal(labels!.values[i], PAD);
      }
    }
  },
);

test("a row is written from the left, and nothing of an earlier one stays", () => {
  const inputs = inputsOf(3, 4);
  fillRows(
    inputs,
    [
      { ids: [5, 6, 7], isResponse: [0, 0, 1] },
      { ids: [8, 9, 10, 11, 12], isResponse: [0, 1, 1, 0, 1], documents: [0, 0, 1, 1, 1] },
    ],
    4,
  );
  assert.deepEqual([...inputs.tokens], [5, 6, 0, 0, 8, 9, 10, 11, 0, 0, 0, 0]);
  assert.deepEqual([...inputs.targets], [6, 7, 0, 0, 9, 10, 11, 12, 0, 0, 0, 0]);
  assert.deepEqual([...inputs.mask], [0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0]);
  const seen = [...inputs.attention].map((x) => (x === 0 ? "x" : x === HIDDEN ? "." : "?")).join("");
  // Positions look at those before them in their text; padding at itself, or it would divide by nothing.
  assert.deepEqual(seen.match(/.{16}/g), ["x...xx....x....x", "x...xx....x...xx", "x....x....x....x"]);
  const shares = new Float32Array(12).fill(99);
  fillResponses(shares, [{ ids: [5, 6, 7], isResponse: [0, 0, 1] }], { positions: 4, value: 0.25 });
  assert.deepEqual([...shares], [0, 0.25, ...new Array<number>(10).fill(0)]);
});

test("a row that is longer than the program is refused: it would go on in the next one", () => {
  const row: Row = { ids: [1, 2, 3, 4], isResponse: [0, 1, 1, 1] };
  assert.throws(() => fillRows(inputsOf(2, 2), [row], 2), { message: "row 0: 3 targets, expected 2 at most" });
});

test("what an objective asks for is written by token or by sequence, 0 where there is no row", () => {
  const rows: Row[] = [
    { ids: [5, 6, 7], isResponse: [0, 0, 1], byToken: { old: [1, 2] }, bySequence: { advantage: 3 } },
    { ids: [8, 9], isResponse: [0, 1], byToken: { old: [4] }, bySequence: { advantage: -5 } },
  ];
  const byToken = new Float32Array(9).fill(99);
  fillFurther(byToken, "old", "token", { rows, positions: 3 });
  assert.deepEqual([...byToken], [1, 2, 0, 4, 0, 0, 0, 0, 0]);
  const bySequence = new Float32Array(3).fill(99);
  fillFurther(bySequence, "advantage", "sequence", { rows, positions: 3 });
  assert.deepEqual([...bySequence], [3, -5, 0]);
  for (const extent of ["token", "sequence"] as const) {
    assert.throws(() => fillFurther(byToken, "new", extent, { rows, positions: 3 }), {
      message: 'row 0 of a batch has no "new", which the objective asks for',
    });
  }
});

test("a few lengths serve all: by sixteen, then by sixty-four, to the end of the context", () => {
  assert.deepEqual(
    [1, 16, 17, 100, 128, 129, 192, 193, 900].map((targets) => positionsFor(targets, 1000)),
    [16, 16, 32, 112, 128, 192, 192, 256, 960],
  );
  assert.equal(positionsFor(961, 1000), 1000);
  assert.equal(positionsFor(3, 10), 10);
  assert.equal(longestOf([]), 1);
  assert.equal(longestOf([{ ids: [1], isResponse: [1] }]), 1);
});
