/** Boosted trees: grown as defined, learning what they should, and stored safely. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { binEdges, binRows } from "../../classifiers/boosted-trees/bins.ts";
import { growPlainly } from "../../classifiers/boosted-trees/grow.ts";
import {
  BoostedTrees,
  type BoostingOptions,
  type LabelledRows,
  meanLoss,
  trainBoostedTrees,
} from "../../classifiers/boosted-trees/index.ts";
import type { MakeGrow } from "../../classifiers/boosted-trees/train.ts";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";

const plainly: MakeGrow = (data, limits) => (task) => growPlainly(data, task, limits);

test("the fast grower makes the very trees of the definition", () => {
  const options: BoostingOptions[] = [
    { trees: 6, leaves: 8 },
    { trees: 5, leaves: 31, l2: 0, minLeafHessian: 0.001, bins: 7 },
    { trees: 8, leaves: 5, rowShare: 0.6, columnShare: 0.4, seed: 9, minLeafHessian: 0.5 },
  ];
  for (let seed = 0; seed < 9; seed++) {
    const { names, data } = noisyRows(seed, 60 + 13 * seed, 1 + seed);
    const option = options[seed % options.length]!;
    const fast = JSON.stringify(trainBoostedTrees(names, data, option));
    assert.equal(fast, JSON.stringify(trainBoostedTrees(names, data, option, plainly)), `seed ${seed}`);
  }
});

test("one tree of two leaves is what one computes by hand", () => {
  // Half of the labels are 1: the bias is 0, gradients are ±1/2, second derivatives 1/4. A side of two rows is worth
  // −(2 · 1/2) / (2 · 1/4 + l2).
  const data = { rows: Float32Array.of(1, 2, 3, 4), labels: Uint8Array.of(0, 0, 1, 1) };
  const options = { trees: 1, leaves: 2, learningRate: 1, minLeafHessian: 0.001 };
  const model = trainBoostedTrees(["x"], data, { ...options, l2: 0.5 });
  assert.deepEqual(model.toJSON(), {
    format: "boosted-trees",
    version: 1,
    columnNames: ["x"],
    bias: 0,
    trees: [{ columns: [0], thresholds: [2.5], left: [~0], right: [~1], values: [-1, 1] }],
  });
  // With 3 : 1 of the weight on label 1 the bias is ln 3: chance 3/4, gradients 3/4 and −w/4, second derivatives 3w/16.
  const weighted = trainBoostedTrees(["x"], { ...data, weights: Float32Array.of(1, 1, 3, 3) }, { ...options, l2: 0 });
  assert.ok(Math.abs(weighted.bias - Math.log(3)) < 1e-12);
  assert.deepEqual(weighted.trees[0]!.values, [-1.5 / (6 / 16), 1.5 / (18 / 16)].map(Math.fround));
});

test("exclusive or, which no single split helps with, is learnt", () => {
  const rows = new Float32Array(800);
  const labels = new Uint8Array(400);
  const random = seededRandom(3);
  for (let row = 0; row < 400; row++) {
    rows[2 * row] = random();
    rows[2 * row + 1] = random();
    labels[row] = rows[2 * row]! > 0.5 !== rows[2 * row + 1]! > 0.5 ? 1 : 0;
  }
  const model = trainBoostedTrees(["x", "y"], { rows, labels }, { trees: 40 });
  const logits = new Float64Array(4);
  model.predict(Float32Array.of(0.2, 0.2, 0.2, 0.8, 0.8, 0.2, 0.8, 0.8), 4, logits);
  assert.deepEqual(
    [...logits].map((logit) => logit > 2.5),
    [false, true, true, false],
  );
});

test("every tree lowers the loss, and training's loss is that of the model's answers", () => {
  const { names, data } = noisyRows(5, 2000, 12);
  const losses: number[] = [];
  const options = { trees: 30, onTree: ({ lossNats }: { lossNats: number }) => losses.push(lossNats) };
  const model = trainBoostedTrees(names, data, options);
  assert.equal(losses.length, 30);
  for (let i = 1; i < losses.length; i++) assert.ok(losses[i]! < losses[i - 1]!, `tree ${i}`);
  const logits = new Float64Array(2000);
  model.predict(data.rows, 2000, logits);
  assert.equal(meanLoss(logits, data.labels, data.weights), losses.at(-1));
});

test("a row of weight 3 counts as three rows", () => {
  const { names, data } = noisyRows(6, 300, 4, { coarse: true });
  const weights = Float32Array.from(data.labels, (_, row) => 1 + (row % 3));
  const repeated = [...weights].flatMap((weight, row) => Array<number>(weight).fill(row));
  const options = { trees: 10, leaves: 6 };
  const weighted = trainBoostedTrees(names, { ...data, weights }, options);
  const longer = trainBoostedTrees(
    names,
    {
      rows: Float32Array.from(repeated.flatMap((row) => [...data.rows.subarray(4 * row, 4 * row + 4)])),
      labels: Uint8Array.from(repeated, (row) => data.labels[row]!),
    },
    options,
  );
  const [a, b] = [new Float64Array(300), new Float64Array(300)];
  weighted.predict(data.rows, 300, a);
  longer.predict(data.rows, 300, b);
  for (let row = 0; row < 300; row++) assert.ok(Math.abs(a[row]! - b[row]!) < 1e-5, `row ${row}`);
});

test("columns that say nothing are not asked, and that a value is missing is something to ask for", () => {
  const random = seededRandom(8);
  const rows = new Float32Array(4 * 200);
  const labels = new Uint8Array(200);
  for (let row = 0; row < 200; row++) {
    labels[row] = random() < 0.5 ? 1 : 0;
    rows.set([7, Number.NaN, labels[row] ? random() : Number.NaN, labels[row] ? random() : Infinity], 4 * row);
  }
  for (const column of [2, 3]) {
    const names = ["constant", "missing", "sometimes missing", "sometimes infinite"];
    const own = rows.map((value, i) => (i % 4 === column || i % 4 < 2 ? value : 0));
    const model = trainBoostedTrees(names, { rows: own, labels }, { trees: 20 });
    assert.ok(model.trees.every(({ columns }) => columns.every((one) => one === column)));
    const logits = new Float64Array(200);
    model.predict(own, 200, logits);
    labels.forEach((label, row) => {
      assert.equal(logits[row]! > 0 ? 1 : 0, label);
    });
    const again = BoostedTrees.fromJSON(JSON.parse(JSON.stringify(model)), "copy");
    assert.equal(JSON.stringify(again), JSON.stringify(model));
  }
});

test("labels that are all alike give a model too", () => {
  const rows = Float32Array.of(1, 2, 3);
  for (const label of [0, 1]) {
    const model = trainBoostedTrees(["x"], { rows, labels: new Uint8Array(3).fill(label) }, { trees: 20 });
    const logits = new Float64Array(3);
    model.predict(rows, 3, logits);
    assert.ok(logits.every((logit) => Number.isFinite(logit) && logit > 0 === (label === 1)));
  }
});

test("same seed, same bytes; the seed draws rows and columns", () => {
  const { names, data } = noisyRows(2, 500, 9);
  const shared = { trees: 6, rowShare: 0.5, columnShare: 0.5 };
  const bytes = (seed: number): string => JSON.stringify(trainBoostedTrees(names, data, { ...shared, seed }));
  assert.equal(bytes(1), bytes(1));
  assert.notEqual(bytes(1), bytes(2));
  const model = trainBoostedTrees(names, data, { ...shared, seed: 1 });
  for (const { columns } of model.trees) assert.ok(new Set(columns).size <= 5);
});

test("training ends when held-out rows get no better, with the trees up to the best", () => {
  const { names, data } = noisyRows(4, 600, 6);
  const heldOut = noisyRows(40, 300, 6).data;
  const losses: number[] = [];
  const model = trainBoostedTrees(names, data, {
    trees: 200,
    learningRate: 0.4,
    heldOut,
    patience: 4,
    onTree: ({ heldOutLossNats }) => losses.push(heldOutLossNats!),
  });
  const best = losses.indexOf(Math.min(...losses)) + 1;
  assert.ok(best > 1 && losses.length === best + 4 && losses.length < 200, `${best} of ${losses.length}`);
  const short = trainBoostedTrees(names, data, { trees: best, learningRate: 0.4 });
  assert.equal(JSON.stringify(model), JSON.stringify(short));
  const logits = new Float64Array(300);
  model.predict(heldOut.rows, 300, logits);
  assert.ok(Math.abs(meanLoss(logits, heldOut.labels, heldOut.weights) - losses[best - 1]!) < 1e-12);
});

test("a stored model gives the same answers, and each answer is the sum of its leaves", () => {
  const { names, data } = noisyRows(7, 700, 8);
  const model = trainBoostedTrees(names, data, { trees: 15 });
  const text = JSON.stringify(model);
  const again = BoostedTrees.fromJSON(JSON.parse(text), "copy");
  assert.equal(JSON.stringify(again), text);
  const rows = noisyRows(70, 100, 8).data.rows;
  rows.set([Infinity, -Infinity, Number.NaN, -0, 1e38, -1e38, 1e-40, 0]);
  const logits = new Float64Array(101).fill(5);
  again.predict(rows, 0, logits);
  assert.equal(logits[0], 5);
  // Rows that differ in some columns only take shortcuts through the trees; the calls before must leave no trace.
  for (const constant of [[], [0, 2, 4, 5], [1, 3, 6, 7], [0, 1, 2, 3, 4, 5, 6, 7], []]) {
    const own = rows.map((value, i) => (constant.includes(i % 8) ? rows[8 * 17 + (i % 8)]! : value));
    again.predict(own, 100, logits);
    for (let row = 0; row < 100; row++) assert.equal(logits[row], sumOfLeaves(own, row));
  }
  again.predict(rows.subarray(8 * 40), 1, logits);
  assert.equal(logits[0], sumOfLeaves(rows, 40));
  assert.equal(logits[100], 5, "no more rows are answered than asked for");

  function sumOfLeaves(of: Float32Array, row: number): number {
    let sum = model.bias;
    for (const { columns, thresholds, left, right, values } of model.trees) {
      let at = columns.length > 0 ? 0 : ~0;
      while (at >= 0) at = of[8 * row + columns[at]!]! <= thresholds[at]! ? left[at]! : right[at]!;
      sum += values[~at]!;
    }
    return sum;
  }
});

test("a damaged model is refused, with what is wrong", () => {
  const good = {
    format: "boosted-trees",
    version: 1,
    columnNames: ["a", "b"],
    bias: 0.5,
    trees: [{ columns: [0, 1], thresholds: [0.5, null], left: [1, ~0], right: [~1, ~2], values: [1, 2, 3] }],
  };
  assert.ok(BoostedTrees.fromJSON(good, "m.json"));
  const withTree = (change: object): object => ({ ...good, trees: [{ ...good.trees[0], ...change }] });
  const damaged: [unknown, RegExp][] = [
    [undefined, /^m\.json: format undefined/],
    [null, /format/],
    ["boosted-trees", /format/],
    [{ ...good, format: "fasttext" }, /format "fasttext", expected "boosted-trees"/],
    [{ ...good, version: 2 }, /version 2, this reads 1/],
    [{ ...good, columnNames: ["a", 3] }, /columnNames/],
    [{ ...good, bias: null }, /bias null/],
    [{ ...good, trees: {} }, /trees are {}/],
    [{ ...good, trees: [null] }, /tree 0: columns are undefined/],
    [withTree({ columns: [0, 2] }), /column 2, expected one of 2/],
    [withTree({ columns: [0, 0.5] }), /column 0.5/],
    [withTree({ thresholds: [0.5] }), /differ in length/],
    [withTree({ thresholds: [0.5, "1"] }), /thresholds\[1\] is "1"/],
    [withTree({ values: [1, 2] }), /2 leaves, expected 3 for 2 splits/],
    [withTree({ values: [1, null, 3] }), /values\[1\] is null/],
    [withTree({ left: [0, ~0] }), /split 0 leads to 0/],
    [withTree({ left: [1, 0] }), /split 1 leads to 0/],
    [withTree({ left: [1, ~1] }), /split 1 leads to -2/],
    [withTree({ left: [1, ~3] }), /split 1 leads to -4/],
    [withTree({ left: [2, ~0] }), /split 0 leads to 2/],
    [withTree({ left: [0.5, ~0] }), /split 0 leads to 0.5/],
  ];
  for (const [stored, message] of damaged) {
    assert.throws(
      () => BoostedTrees.fromJSON(stored, "m.json"),
      (error: Error) => error instanceof FormatError && message.test(error.message),
      JSON.stringify(stored),
    );
  }
});

test("rows and settings that cannot be trained on are refused", () => {
  const data = { rows: Float32Array.of(1, 2), labels: Uint8Array.of(0, 1) };
  const refused: [LabelledRows, BoostingOptions, RegExp][] = [
    [{ ...data, labels: new Uint8Array(0) }, {}, /none/],
    [{ ...data, rows: Float32Array.of(1) }, {}, /1 numbers for 2 labels and 1 columns/],
    [{ ...data, labels: Uint8Array.of(0, 2) }, {}, /label 2/],
    [{ ...data, weights: Float32Array.of(1) }, {}, /1 weights/],
    [{ ...data, weights: Float32Array.of(1, 0) }, {}, /weight 0/],
    [{ ...data, weights: Float32Array.of(1, Number.NaN) }, {}, /weight NaN/],
    [data, { bins: 256 }, /bins 256, expected 2 to 255/],
    [data, { leaves: 0 }, /leaves/],
    [data, { rowShare: 0 }, /rowShare/],
    [data, { minLeafHessian: 0 }, /minLeafHessian/],
    [data, { heldOut: { ...data, rows: new Float32Array(5) } }, /held-out rows: 5 numbers/],
  ];
  assert.throws(() => trainBoostedTrees([], { ...data, rows: new Float32Array(0) }), /no columns/);
  for (const [rows, options, message] of refused) {
    assert.throws(
      () => trainBoostedTrees(["x"], rows, options),
      (error: Error) => error instanceof RecipeError && message.test(error.message),
    );
  }
});

test("edges part few values one by one, and many into even bins, common values apart", () => {
  const edges = (values: number[], bins: number): number[] => [...binEdges(Float32Array.from(values).sort(), bins)];
  assert.deepEqual(edges([], 5), []);
  assert.deepEqual(edges([3, 3], 5), []);
  assert.deepEqual(edges([3, 1, 1, 2], 5), [1.5, 2.5]);
  assert.deepEqual(edges([1, Number.NaN], 5), [Infinity]);
  assert.deepEqual(edges([-0, 0], 5), []);
  assert.deepEqual(edges([-Infinity, 4, Infinity], 5), [-Infinity, 4]);
  // Neighbours of which Float32 has no middle: the lower one is the edge.
  assert.deepEqual(edges([1, 1 + 2 ** -23], 5), [1]);
  const tens = Array.from({ length: 100 }, (_, i) => i);
  assert.deepEqual(edges(tens, 4), [24.5, 49.5, 74.5]);
  // 900 zeros take one bin; the 99 others share the nine that are left.
  const skewed = [...tens, ...Array<number>(899).fill(0)];
  assert.deepEqual(edges(skewed, 10), [0.5, 11.5, 22.5, 33.5, 44.5, 55.5, 66.5, 77.5, 88.5]);
});

test("a value is in the first bin whose edge it does not exceed", () => {
  const { data } = noisyRows(11, 400, 5);
  for (const maxBins of [2, 3, 16, 255]) {
    const { bins, edges } = binRows(data.rows, 5, maxBins);
    for (let column = 0; column < 5; column++) {
      assert.ok(edges[column]!.length < maxBins);
      edges[column]!.forEach((edge, i) => {
        assert.ok(i === 0 || edge > edges[column]![i - 1]!);
      });
      for (let row = 0; row < 400; row++) {
        const value = data.rows[5 * row + column]!;
        const first = edges[column]!.findIndex((edge) => value <= edge);
        assert.equal(bins[column]![row], first < 0 ? edges[column]!.length : first);
      }
    }
  }
});

/** Rows of many kinds of columns, whose labels depend on some of them. */
function noisyRows(
  seed: number,
  count: number,
  columns: number,
  { coarse = false } = {},
): {
  names: string[];
  data: LabelledRows & { weights: Float32Array };
} {
  const random = seededRandom(seed);
  const rows = new Float32Array(count * columns);
  const labels = new Uint8Array(count);
  for (let row = 0; row < count; row++) {
    let sum = random() - 0.5;
    for (let column = 0; column < columns; column++) {
      const draw = random();
      const kind = coarse ? 1 : column % 5;
      const value =
        kind === 0 ? draw : kind === 1 ? Math.floor(4 * draw) / 4 : kind === 2 ? (draw < 0.8 ? 0 : draw) : draw * 1e3;
      rows[row * columns + column] = kind === 4 && draw < 0.3 ? Number.NaN : kind === 3 && column > 5 ? 1 : value;
      sum += (column % 2 === 0 ? 1 : -1) * (draw - 0.5);
    }
    labels[row] = sum > 0 ? 1 : 0;
  }
  const weights = Float32Array.from(labels, () => 0.3 + 3 * random());
  return { names: Array.from({ length: columns }, (_, column) => `column ${column}`), data: { rows, labels, weights } };
}
