import assert from "node:assert/strict";
import { test } from "node:test";
import { binOf, edgesFor, ValueSummary } from "../../../eval/accounts/histogram-edges.ts";
import { seededRandom } from "../../../pipeline/random.ts";

function edgesOf(values: Iterable<number>): number[] {
  const summary = new ValueSummary();
  for (const value of values) summary.add(value);
  return edgesFor(summary);
}
const range = (count: number, value: (n: number) => number): number[] =>
  Array.from({ length: count }, (_, n) => value(n));

test("no values have no edges, and one value a bin", () => {
  assert.deepEqual(edgesOf([]), []);
  assert.deepEqual(edgesOf([7, 7]), [7, 8]);
});

test("a few whole numbers have a bin each", () => {
  assert.deepEqual(edgesOf([0, 3, 8, 3]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("values that lie evenly have bins of equal width", () => {
  assert.deepEqual(
    edgesOf(range(1001, (n) => n / 1000)),
    range(21, (n) => Number((n / 20).toFixed(2))),
  );
  // A probability of 1.00001 is not worth a bin.
  assert.equal(edgesOf([...range(1000, (n) => n / 1000), 1.00001]).at(-1), 1);
});

test("outliers share the outermost bins, and reach no further than two digits beyond", () => {
  const edges = edgesOf([-51.23, ...range(1000, (n) => n / 1000), 47.51]);
  assert.deepEqual([edges[0], edges[1], edges.at(-2), edges.at(-1)], [-52, 0, 1, 48]);
});

test("values over several powers of ten have round logarithmic bins, zeros and what is near in the first", () => {
  const values = range(3000, (n) => Math.round(10 ** (n / 600)));
  assert.deepEqual(edgesOf(values).slice(0, 6), [1, 2, 5, 10, 20, 50]);
  assert.deepEqual(edgesOf(range(1000, (n) => (n < 800 ? 0 : n / 1e4))), [0, 0.05, 0.1]);
  const wide = edgesOf(range(1000, (n) => 10 ** (n / 20 - 25)));
  assert.ok(wide.length <= 25 && wide[0] === 0, `${wide}`);
});

test("every value has a bin, and there are at most 24: on 500 random samples", () => {
  const random = seededRandom(3);
  for (let n = 0; n < 500; n++) {
    const scale = 10 ** (random() * 12 - 6);
    const power = 1 + Math.floor(random() * 8);
    const shift = random() < 0.3 ? random() - 0.5 : 0;
    const values = range(1 + Math.floor(random() * 300), () => scale * (random() ** power + shift));
    const edges = edgesOf(values);
    const told = `sample ${n}: ${edges}`;
    assert.ok(edges.length >= 2 && edges.length <= 25, told);
    assert.ok(
      edges.every((edge, at) => at === 0 || edge > edges[at - 1]!),
      told,
    );
    const slack = (edges.at(-1)! - edges[0]!) * 1e-3;
    for (const value of values) {
      const bin = binOf(edges, value);
      assert.ok(value >= edges[bin]! - slack && value <= edges[bin + 1]! + slack, `${told}: ${value} in bin ${bin}`);
    }
  }
});

test("edges are chosen from a bounded sample, whatever the number of values", () => {
  const summary = new ValueSummary();
  for (let n = 0; n < 100_000; n++) summary.add((n * 7919) % 10_007);
  assert.ok(summary.sorted().length <= 8192);
  assert.deepEqual([summary.count, summary.min, summary.max], [100_000, 0, 10_006]);
});
