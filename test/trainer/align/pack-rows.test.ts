import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../pipeline/random.ts";
import { packEpoch, packRows } from "../../../trainer/align/examples/pack-rows.ts";
import { type Row, responseTokens } from "../../../trainer/align/learning/row.ts";
import { fillRows } from "../../../trainer/align/learning/row-batch.ts";

/** Rows of which every id is another number. */
function randomRows(count: number, contextLength: number, seed: number): Row[] {
  const random = seededRandom(seed);
  let next = 1;
  return Array.from({ length: count }, () => {
    const length = 1 + Math.floor(random() * (contextLength + 1));
    const prompt = Math.floor(random() * (length + 1));
    const ids = Uint32Array.from({ length }, () => next++);
    return { ids, isResponse: Uint8Array.from({ length }, (_, i) => (i >= prompt ? 1 : 0)) };
  });
}

/** Target → the ids that its position sees, as the inputs of a program have it, for targets that are learned. */
function learned(rows: readonly Row[], positions: number): Map<number, number[]> {
  const size = rows.length * positions;
  const inputs = {
    tokens: new Int32Array(size),
    targets: new Int32Array(size),
    mask: new Float32Array(size),
    attention: new Float32Array(size * positions),
  };
  fillRows(inputs, rows, positions);
  const found = new Map<number, number[]>();
  for (let i = 0; i < size; i++) {
    if (inputs.mask[i] === 0) continue;
    const b = Math.floor(i / positions);
    const seen = [...inputs.tokens.slice(b * positions, (b + 1) * positions)].filter(
      (_, t) => inputs.attention[i * positions + t] === 0,
    );
    assert.ok(!found.has(inputs.targets[i]!), "learned once");
    found.set(inputs.targets[i]!, seen);
  }
  return found;
}

test("packed or not, every token of a response is learned once an epoch, from what stands before it in its own text", () => {
  for (const seed of [1, 2, 3]) {
    const contextLength = 13;
    const rows = randomRows(60, contextLength, seed);
    const plain = learned(
      rows.filter(({ ids }) => ids.length > 1),
      contextLength,
    );
    assert.equal(
      plain.size,
      rows.reduce((sum, row) => sum + responseTokens(row), 0),
    );
    for (const packing of ["best-fit", "none"] as const) {
      const packed = packEpoch(rows, { contextLength, packing, seed, epoch: 0 });
      assert.deepEqual(learned(packed, contextLength), plain, `seed ${seed}, ${packing}`);
      assert.equal(
        packed.reduce((sum, row) => sum + responseTokens(row), 0),
        plain.size,
      );
    }
  }
});

test("texts are whole, and numbered within their row", () => {
  const row = (...ids: number[]): Row => ({ ids, isResponse: ids.map((_, i) => (i > 0 ? 1 : 0)) });
  const [packed, ...others] = packRows([row(1, 2), row(3, 4, 5)], 4);
  assert.deepEqual(others, []);
  assert.deepEqual(
    {
      ids: [...(packed!.ids as Uint32Array)],
      isResponse: [...(packed!.isResponse as Uint8Array)],
      documents: [...(packed!.documents as Uint32Array)],
    },
    { ids: [3, 4, 5, 1, 2], isResponse: [0, 1, 1, 0, 1], documents: [0, 0, 0, 1, 1] },
  );
});

/** Best-fit decreasing by its definition: the fullest row that still has room, else a new one. */
function roomsLeft(lengths: readonly number[], most: number): number[] {
  const rooms: number[] = [];
  for (const length of lengths.toSorted((a, b) => b - a)) {
    const fitting = rooms.filter((room) => room >= length);
    if (fitting.length === 0) rooms.push(most - length);
    else rooms[rooms.indexOf(Math.min(...fitting))]! -= length;
  }
  return rooms.toSorted((a, b) => a - b);
}

test("best fit leaves what its definition leaves, in every epoch", () => {
  for (const seed of [4, 5, 6]) {
    const contextLength = 40;
    const rows = randomRows(200, contextLength, seed);
    const expected = roomsLeft(
      rows.map(({ ids }) => ids.length),
      contextLength + 1,
    );
    for (const epoch of [0, 1, 2]) {
      const packed = packEpoch(rows, { contextLength, seed, epoch });
      assert.deepEqual(
        packed.map(({ ids }) => contextLength + 1 - ids.length).toSorted((a, b) => a - b),
        expected,
      );
    }
  }
});

test("an epoch follows from its seed and number", () => {
  const rows = randomRows(50, 20, 7);
  const epoch = (seed: number, number: number) => packEpoch(rows, { contextLength: 20, seed, epoch: number });
  assert.deepEqual(epoch(1, 0), epoch(1, 0));
  assert.notDeepEqual(epoch(1, 0), epoch(1, 1));
  assert.notDeepEqual(epoch(1, 0), epoch(2, 0));
});

test("nothing is cut: a row that is too long is refused, and so are inputs that would be lost", () => {
  const row: Row = { ids: [1, 2, 3, 4], isResponse: [0, 1, 1, 1] };
  assert.equal(packRows([row], 3).length, 1);
  assert.throws(() => packRows([row], 2), /row 0: found 4 tokens, expected 3 at most/);
  assert.throws(() => packRows([{ ...row, bySequence: { advantage: 1 } }], 3), RangeError);
  assert.deepEqual(packRows([], 3), []);
});
