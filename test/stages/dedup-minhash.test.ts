import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { duplicateProbability, similarityFromBands } from "../../stages/dedup/curve.ts";
import { bandKeys, makePermutations, minima } from "../../stages/dedup/minhash.ts";

const SEED = 4711;

test("minima are unsigned: one shingle's image is stored as it is, above 2³¹ too", () => {
  const permutations = makePermutations(1, 112);
  const [least] = [minima([0xdeadbeef], permutations)];
  const expected = permutations.multipliers
    .subarray(0, 112)
    .map((a, i) => Number((BigInt(a) * 0xdeadbeefn + BigInt(permutations.offsets[i]!)) % 2n ** 32n));
  assert.deepEqual(least, expected);
  assert.ok(least.some((m) => m >= 2 ** 31) && least.some((m) => m < 2 ** 31));
});

test("permutations are odd, differ with the seed, and do not depend on how many are drawn after them", () => {
  const few = makePermutations(9, 8);
  const many = makePermutations(9, 112);
  assert.deepEqual(many.multipliers.subarray(0, 8), few.multipliers);
  assert.deepEqual(many.offsets.subarray(0, 8), few.offsets);
  assert.ok(many.multipliers.every((a) => a % 2 === 1));
  assert.notDeepEqual(makePermutations(10, 8), few);
});

test("a band's key depends on all of its rows and on no other", () => {
  const signature = Uint32Array.from({ length: 112 }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
  const keys = bandKeys(signature, 14, 8);
  assert.equal(keys.length, 28);
  for (let row = 0; row < 112; row++) {
    const changed = bandKeys(signature.with(row, signature[row]! ^ 1), 14, 8);
    const differing = [...keys.keys()].filter((i) => keys[i] !== changed[i]);
    const band = Math.floor(row / 8);
    assert.deepEqual(differing, [2 * band, 2 * band + 1]);
  }
});

test(`the share of equal minima estimates Jaccard without bias (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const permutations = makePermutations(3, 112);
  for (const similarity of [0.3, 0.7, 0.9]) {
    const trials = 200;
    let error = 0;
    for (let t = 0; t < trials; t++) {
      const all = Array.from({ length: 300 }, () => Math.floor(random() * 2 ** 32));
      const own = (1 - similarity) * 150; // each side's shingles that the other lacks
      const a = minima(all.slice(0, 300 - own), permutations);
      const b = minima(all.slice(own), permutations);
      error += a.reduce((equal, m, i) => equal + Number(m === b[i]), 0) / 112 - similarity;
    }
    // One estimate has a standard deviation of √(s(1−s)/112) ≤ 0.047; the mean of 200 a 14th of that.
    assert.ok(Math.abs(error / trials) < 0.012, `bias ${error / trials} at ${similarity}`);
  }
});

test("the curve has the values of the table it is known by", () => {
  // FineWeb's 14 × 8 and the 20 × 13 of NeMo Curator, from their published parameters.
  const rounded = (s: number, b: number, r: number) => duplicateProbability(s, b, r).toFixed(2);
  assert.deepEqual(
    [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9].map((s) => rounded(s, 14, 8)),
    ["0.05", "0.21", "0.56", "0.77", "0.92", "0.99", "1.00"],
  );
  assert.equal(rounded(0.8, 20, 13), "0.68");
  assert.equal(duplicateProbability(0, 14, 8), 0);
  assert.equal(duplicateProbability(1, 14, 8), 1);
});

test("the similarity estimated from shared bands turns the curve round", () => {
  assert.equal(similarityFromBands(14, 14, 8), 1);
  assert.ok(Math.abs(similarityFromBands(14 * 0.8 ** 8, 14, 8) - 0.8) < 1e-12);
});
