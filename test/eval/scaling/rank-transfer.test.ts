import assert from "node:assert/strict";
import { test } from "node:test";
import { type RankRun, rankTransfer } from "../../../eval/scaling/rank-transfer.ts";

/** Losses of arms a, b, c on one set in a cell of so many parameters. */
function cell(params: number, losses: readonly number[], amount = 1): RankRun[] {
  return losses.map((loss, i) => ({
    place: `t.csv:${params}`,
    arm: "abc"[i]!,
    params,
    amount,
    flops: params * params * amount,
    losses: new Map([["news", { loss, low: loss - 0.15, high: loss + 0.15 }]]),
  }));
}

test("pairs of smaller cells are held against the target's: by hand", () => {
  const runs = [...cell(1000, [3, 2.8, 2]), ...cell(10, [5, 4, 3]), ...cell(20, [4, 4.5, 3]), ...cell(30, [4, 3, 3.5])];
  const { target, cells, sets } = rankTransfer(runs, "t.csv");
  assert.deepEqual(target, { params: 1000, amount: 1 });
  assert.equal(cells, 3);
  const [{ set, agreeing, pairs, winner, low, overlapping, disagreements, atTarget }] = sets as [(typeof sets)[0]];
  assert.deepEqual([set, agreeing, pairs, winner], ["news", 7, 9, "c"]);
  assert.equal(atTarget.get("b")!.loss, 2.8);
  // Wilson's bound of 7/9 in 3 trials: pairs of a cell share runs.
  assert.ok(Math.abs(low - 0.2734159) < 1e-6, String(low));
  // Bounds of 0.15 either way: a and b overlap, c is clear of both.
  assert.deepEqual(overlapping, [["a", "b"]]);
  assert.deepEqual(
    disagreements.map(({ params, arms, difference }) => [params, ...arms, difference]),
    [
      [20, "a", "b", -0.5],
      [30, "b", "c", -0.5],
    ],
  );
});

test("cells that lack an arm do not count, nor do costlier ones where another target is named", () => {
  const runs = [
    ...cell(2000, [3, 2.8]), // Without c: it cannot be the target.
    ...cell(1000, [3, 2.8, 2]),
    ...cell(100, [3, 2.8, 2]),
    ...cell(10, [5, 4]),
    ...cell(20, [4, 4.5, 3]),
  ];
  const whole = rankTransfer(runs, "t.csv");
  assert.deepEqual([whole.target.params, whole.cells, whole.incompleteCells], [1000, 2, 1]);
  const named = rankTransfer(runs, "t.csv", { params: 100.4, amount: 1 });
  assert.deepEqual([named.target.params, named.cells, named.incompleteCells], [100, 1, 1]);
  assert.throws(() => rankTransfer(runs, "t.csv", { params: 50, amount: 1 }), {
    name: "RecipeError",
    message: /^t\.csv: found no cell 50,1 with all arms \(there are 1000,1 100,1 20,1\)/,
  });
});

test("a set is decidable where more than half of the pairs agree beyond doubt; Wilson's bound by hand", () => {
  const sizes = Array.from({ length: 10 }, (_, i) => i + 1);
  const of = (disagreeing: number) =>
    rankTransfer(
      [...cell(1000, [2, 1]), ...sizes.flatMap((size) => cell(size, size <= disagreeing ? [1, 2] : [2, 1]))],
      "t.csv",
    ).sets[0]!;
  // n = 10, z = 1.96: (p + z²/2n − z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n).
  assert.ok(Math.abs(of(0).low - 0.7224672) < 1e-6, String(of(0).low));
  assert.ok(Math.abs(of(2).low - 0.4901625) < 1e-6, String(of(2).low));
  assert.deepEqual(
    [of(0), of(1), of(2)].map(({ isDecidable }) => isDecidable),
    [true, true, false],
  );
});

test("equal losses agree with nothing but equal losses", () => {
  const { sets } = rankTransfer([...cell(1000, [2, 1]), ...cell(10, [1, 1])], "t.csv");
  assert.equal(sets[0]!.agreeing, 0);
});

test("two runs of an arm in a cell, one arm, one cell: told", () => {
  assert.throws(() => rankTransfer([...cell(10, [1, 2]), ...cell(10, [1, 2])], "t.csv"), {
    name: "RecipeError",
    message: /^t\.csv:10: found a second run of a with 10 parameters/,
  });
  assert.throws(() => rankTransfer(cell(10, [1]), "t.csv"), { message: /found 1 arm, expected at least two/ });
  assert.throws(() => rankTransfer(cell(10, [1, 2]), "t.csv"), { message: /found 1 cells .* at least one smaller/ });
});
