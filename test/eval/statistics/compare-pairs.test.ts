import assert from "node:assert/strict";
import { test } from "node:test";
import { holm } from "../../../eval/statistics/holm.ts";
import {
  armScores,
  comparePairs,
  domainEstimates,
  noiseFloorOf,
  unclusteredDomains,
} from "../../../eval/statistics/index.ts";
import type { Observations } from "../../../eval/statistics/observations.ts";
import { studentTUpperQuantile } from "../../../eval/statistics/student-t.ts";
import { assertNear } from "./near.ts";

const DOMAINS: Observations["domains"] = [
  {
    name: "web",
    items: [
      { id: "a", bytes: 10, cluster: "a" },
      { id: "b", bytes: 30, cluster: "b" },
    ],
  },
  {
    name: "books",
    items: [
      { id: "a", bytes: 20, cluster: "a" },
      { id: "b", bytes: 20, cluster: "b" },
    ],
  },
];

/** Arm → for each seed, bits by domain and item. */
function observed(arms: Record<string, number[][][]>, domains = DOMAINS): Observations {
  return {
    domains,
    arms: Object.entries(arms).map(([arm, seeds]) => ({
      arm,
      seeds: seeds.map((bits, s) => ({
        seed: s + 1,
        nats: bits.map((ofItems) => Float64Array.from(ofItems, (value) => value * Math.LN2)),
      })),
    })),
  };
}

const BASE = [
  [
    [20, 60],
    [40, 40],
  ],
  [
    [20, 60],
    [40, 40],
  ],
];
const OTHER = [
  [
    [22, 62],
    [42, 46],
  ],
  [
    [24, 68],
    [40, 44],
  ],
];

test("a comparison is what can be computed by hand", () => {
  const [pair] = comparePairs(observed({ base: BASE, other: OTHER }));
  assert.equal(pair!.arm, "other");
  assert.equal(pair!.against, "base");
  // Seed 1: (4/40 + 8/40) / 2; seed 2: (12/40 + 4/40) / 2.
  assert.deepEqual(
    pair!.bySeed.map(({ seed }) => seed),
    [1, 2],
  );
  assertNear(pair!.bySeed[0]!.difference, 0.15, 1e-12);
  assertNear(pair!.bySeed[1]!.difference, 0.2, 1e-12);
  assertNear(pair!.estimate, 0.175, 1e-12);
  // Variance of 0.15 and 0.2 is 0.00125; half of it is the mean's.
  assertNear(pair!.seSeed, 0.025, 1e-10);
  // web: mean bits 3 and 5, ratio 0.2, without one 5/30, without the other 3/10: (1/900 + 1/100) / 2.
  // books: 1 and 5, 0.15, 0.25 and 0.05: (1/100 + 1/100) / 2. A quarter of their sum is the macro mean's.
  assertNear(pair!.seDocument, Math.sqrt((1 / 1800 + 1 / 200 + 1 / 100) / 4), 1e-10);
  assertNear(pair!.se, Math.hypot(pair!.seSeed, pair!.seDocument), 1e-12);
  // scipy: the sum of t with 1 and with (Σ v)² / Σ v² degrees of freedom, scaled by the two standard errors.
  assertNear(pair!.p!, 0.206745713964632, 1e-7);
  assertNear(pair!.high - pair!.estimate, 0.514910337226085, 1e-7);
  assertNear(pair!.estimate - pair!.low, 0.514910337226085, 1e-7);
  // Whoever computes the interval from the printed figures finds it.
  assertNear(studentTUpperQuantile(0.025, pair!.df) * pair!.se, 0.514910337226085, 1e-6);
  assert.equal(pair!.pHolm, pair!.p);
  assert.equal(pair!.verdict, "not resolved at this scale");
  assert.equal(pair!.seedNoise, "own seeds");
  assert.deepEqual(
    pair!.byDomain.map(({ domain }) => domain),
    ["web", "books"],
  );
  assertNear(pair!.byDomain[0]!.estimate, 0.2, 1e-12);
  assertNear(pair!.byDomain[1]!.estimate, 0.15, 1e-12);
});

test("the direction of a pair is that of its subtraction", () => {
  const observations = observed({ base: BASE, other: OTHER });
  const [there] = comparePairs(observations);
  const [back] = comparePairs(observations, { pairs: [["base", "other"]] });
  assert.equal(back!.estimate, -there!.estimate);
  assertNear(back!.low, -there!.high, 1e-12);
  assert.equal(back!.p, there!.p);
});

/** Every item of every domain is better by `gain` bits a byte, and by `wobble` more or less from seed to seed. */
function shifted(gain: number, wobble: number, seeds: number): number[][][] {
  return Array.from({ length: seeds }, (_, s) =>
    DOMAINS.map(({ items }, d) =>
      items.map(({ bytes }, i) => bytes * (2 - gain + wobble * ((s * 7 + d * 3 + i * 2) % 5) - 2 * wobble)),
    ),
  );
}

test("all pairs are decided together", () => {
  const observations = observed({
    raw: shifted(0, 0.001, 5),
    better: shifted(0.5, 0.0011, 5),
    same: shifted(0, -0.001, 5),
  });
  const pairs = comparePairs(observations);
  assert.deepEqual(
    pairs.map(({ arm, against, verdict }) => [arm, against, verdict]),
    [
      ["better", "raw", "better"],
      ["same", "raw", "not resolved at this scale"],
      ["same", "better", "worse"],
    ],
  );
  for (const pair of pairs) assert.ok(pair.pHolm! >= pair.p!);
  const [alone] = comparePairs(observations, { pairs: [["better", "raw"]] });
  assert.ok(alone!.pHolm! < pairs[0]!.pHolm!);
});

test("Holm's adjustment is that of R, and levels follow the steps", () => {
  // p.adjust(c(.01, .04, .03, .005), "holm")
  const decisions = holm([0.01, 0.04, 0.03, 0.005], 0.05);
  for (const [i, p] of [0.03, 0.06, 0.06, 0.02].entries()) assertNear(decisions[i]!.p, p, 1e-12);
  assert.deepEqual(
    decisions.map(({ rejected }) => rejected),
    [true, false, false, true],
  );
  // Two of four were rejected: what is left would have had to pass at 0.05 / 2.
  for (const [i, level] of [0.05 / 3, 0.025, 0.025, 0.0125].entries()) assertNear(decisions[i]!.level, level, 1e-12);
});

test("after the first that fails nothing passes, however small its own level", () => {
  assert.deepEqual(
    holm([0.02, 0.03, 0.04], 0.05).map(({ rejected }) => rejected),
    [false, false, false],
  );
});

test("the same model twice differs by nothing, and nothing is claimed", () => {
  const [pair] = comparePairs(observed({ a: BASE, b: BASE }));
  assert.equal(pair!.estimate, 0);
  assert.equal(pair!.p, 1);
  assert.equal(pair!.verdict, "not resolved at this scale");
  assert.equal(pair!.seedsNeeded, undefined);
});

test("one seed gives no verdict: its interval holds document noise alone", () => {
  const one = observed({ base: BASE.slice(0, 1), other: OTHER.slice(0, 1) });
  const [pair] = comparePairs(one, { expected: 0.1 });
  assert.equal(pair!.verdict, undefined);
  assert.equal(pair!.p, undefined);
  assert.equal(pair!.pHolm, undefined);
  assert.equal(pair!.seedNoise, "none");
  assert.equal(pair!.seSeed, 0);
  assert.equal(pair!.se, pair!.seDocument);
  assert.equal(pair!.seedsNeeded, undefined);
  const [withFloor] = comparePairs(one, { noiseFloor: { sd: 0.05, df: 10, source: "A/A" }, expected: 0.6 });
  assert.equal(withFloor!.verdict, undefined);
  assert.equal(withFloor!.seedNoise, "noise floor");
  assertNear(withFloor!.seSeed, 0.05, 1e-12);
  assert.ok(withFloor!.high - withFloor!.low > pair!.high - pair!.low);
});

test("a noise floor takes the place of the seeds' own spread", () => {
  const [pair] = comparePairs(observed({ base: BASE, other: OTHER }), {
    noiseFloor: { sd: 0.01, df: 10, source: "A/A" },
  });
  assertNear(pair!.seSeed, 0.01 / Math.SQRT2, 1e-12);
  assert.equal(pair!.seedNoise, "noise floor");
});

test("seeds needed are for the expected size, or the one that was found", () => {
  const observations = observed({ raw: shifted(0, 0.001, 3), other: shifted(0.004, 0.0013, 3) });
  const [found] = comparePairs(observations);
  const [expected] = comparePairs(observations, { expected: Math.abs(found!.estimate) });
  const [larger] = comparePairs(observations, { expected: 1 });
  assert.equal(found!.seedsNeeded, expected!.seedsNeeded);
  assert.equal(larger!.seedsNeeded, 2);
});

test("seeds needed follow from the spread of single seeds", () => {
  const oneItem: Observations["domains"] = [{ name: "d", items: [{ id: "i", bytes: 1, cluster: "c" }] }];
  // Differences 0.1, 0.2, 0.3: standard deviation 0.1. Five seeds find 1.68 of them, four 2.17 (power.test.ts).
  const observations = observed({ a: [[[1]], [[1]], [[1]]], b: [[[1.1]], [[1.2]], [[1.3]]] }, oneItem);
  assert.equal(comparePairs(observations, { expected: 0.17 })[0]!.seedsNeeded, 5);
  const noiseFloor = { sd: 0.1, df: 1e9, source: "A/A" };
  // Of a known spread, 2.80 / √n.
  assert.equal(comparePairs(observations, { expected: 0.17, noiseFloor })[0]!.seedsNeeded, 3);
});

test("what is detectable depends on the pairs that are decided with it", () => {
  const same = observed({ a: shifted(0, 0.001, 4), b: shifted(0, -0.001, 4), c: shifted(0, 0.0011, 4) });
  const alone = comparePairs(same, { pairs: [["b", "a"]] })[0]!;
  const ofThree = comparePairs(same).find(({ arm, against }) => arm === "b" && against === "a")!;
  assert.equal(ofThree.verdict, "not resolved at this scale");
  assert.ok(ofThree.detectable > 1.2 * alone.detectable, `${ofThree.detectable}, alone ${alone.detectable}`);
  assert.equal(ofThree.high, alone.high);
});

test("arms with other seeds, unknown arms and misfitting items are refused", () => {
  const observations = observed({ base: BASE, other: OTHER.slice(0, 1) });
  assert.throws(() => comparePairs(observations), /arm "other" has the seeds 1, arm "base" 1, 2/);
  assert.throws(() => comparePairs(observations, { pairs: [["base", "none"]] }), /no arm "none" \(arms: base, other\)/);
  const short = observed({ base: [[[1, 2], [3]]], other: BASE.slice(0, 1) });
  assert.throws(() => comparePairs(short), /arm "base", seed 1, domain "books": 1 nats/);
});

test("a noise floor pools the runs of each recipe", () => {
  // One domain, one item of 1 byte: scores are the bits themselves.
  const single: Observations["domains"] = [{ name: "d", items: [{ id: "i", bytes: 1, cluster: "c" }] }];
  const runs = (first: number, ...scores: number[]) => ({
    arm: `from ${first}`,
    seeds: scores.map((score, s) => ({ seed: first + s, nats: [Float64Array.of(score * Math.LN2)] })),
  });
  // Differences 0.2 and 0.4: their mean square is 0.1, whatever their signs.
  const pairs = noiseFloorOf({ domains: single, arms: [runs(1, 1, 1.2), runs(3, 1.5, 1.1)] }, "two pairs");
  assertNear(pairs.sd, Math.sqrt(0.1), 1e-9);
  assert.equal(pairs.df, 2);
  assert.equal(pairs.source, "two pairs");
  // Variance of 1, 2, 3 is 1; of a difference, 2.
  const runsOfOne = noiseFloorOf({ domains: single, arms: [runs(1, 1, 2, 3)] }, "");
  assertNear(runsOfOne.sd, Math.SQRT2, 1e-9);
  assert.equal(runsOfOne.df, 2);
  assert.throws(() => noiseFloorOf({ domains: single, arms: [runs(1, 1, 2), runs(2, 1, 2)] }, ""), /seed 2 is in arm/);
  assert.throws(() => noiseFloorOf({ domains: single, arms: [runs(1, 1)] }, ""), /no arm has two seeds/);
});

test("arms and domains have scores with intervals", () => {
  const observations = observed({ base: BASE, other: OTHER });
  const [base, other] = armScores(observations);
  assertNear(base!.estimate, 2, 1e-12);
  assertNear(other!.estimate, 2.175, 1e-12);
  assert.deepEqual(
    other!.bySeed.map(({ score }) => score.toFixed(3)),
    ["2.150", "2.200"],
  );
  assert.ok(other!.low < other!.estimate && other!.high > other!.estimate);
  const [web] = domainEstimates(observations);
  assert.equal(web!.domain, "web");
  assertNear(web!.byArm[1]!.estimate, 2.2, 1e-12);
  // A run has half the variance of a difference of two.
  const oneItem: Observations["domains"] = [{ name: "d", items: [{ id: "i", bytes: 1, cluster: "c" }] }];
  const [scored] = armScores(observed({ a: [[[2]], [[2]]] }, oneItem), { noiseFloor: { sd: 2, df: 1e9, source: "" } });
  assertNear(scored!.high - scored!.estimate, 1.95996, 1e-4);
});

test("domains of one cluster are told: what they leave out cannot be estimated", () => {
  const book = {
    name: "one book",
    items: [
      { id: "1", bytes: 5, cluster: "x" },
      { id: "2", bytes: 5, cluster: "x" },
    ],
  };
  const page = { name: "one page", items: [{ id: "1", bytes: 5, cluster: "x" }] };
  assert.deepEqual(unclusteredDomains({ domains: [...DOMAINS, book, page], arms: [] }), [
    { domain: "one book", items: 2, sampledBy: "items" },
    { domain: "one page", items: 1, sampledBy: "nothing" },
  ]);
});
