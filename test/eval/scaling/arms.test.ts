import assert from "node:assert/strict";
import { test } from "node:test";
import { type ArmLaw, compareArms } from "../../../eval/scaling/arms.ts";
import { bootstrapLaws, fitLaw } from "../../../eval/scaling/fit.ts";
import { type Law, lossOf } from "../../../eval/scaling/law.ts";
import { effectiveTokens, REPETITION_CONSTANT } from "../../../eval/scaling/repeated.ts";
import { runsOf } from "./synthetic.ts";

const RANGE = { low: 1e6, high: 1e12 };
/** B/D^β of these two is the same at 2 billion tokens: STRICT is ahead below. */
const CROSSING = 2e9;
const STRICT: Law = { E: 1.9, A: 400, B: 1200, alpha: 0.34, beta: 0.33 };
const LOOSE: Law = { ...STRICT, B: STRICT.B * CROSSING ** 0.03, beta: 0.36 };
const SEEDS = 5;

test(`a known crossing is found within 20 % from runs with noise, ${SEEDS} times of ${SEEDS}, inside its interval`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const arms = [armOf("strict", STRICT, 2 * seed), armOf("loose", LOOSE, 2 * seed + 1)] as const;
    const { crossings, ahead } = compareArms(...arms, 1e8, RANGE);
    assert.equal(ahead, undefined);
    assert.equal(crossings.length, 1);
    const { tokens, below, above, interval } = crossings[0]!;
    assert.deepEqual([below, above], ["strict", "loose"]);
    assert.ok(Math.abs(tokens / CROSSING - 1) < 0.2, `seed ${seed}: ${tokens}`);
    assert.ok(interval!.low < CROSSING && CROSSING < interval!.high, `seed ${seed}: ${JSON.stringify(interval)}`);
  }
});

test("an arm that runs out of data loses where its tokens are repeated", () => {
  const uniqueTokens = 3e8;
  const better = { ...STRICT, B: 1000 };
  // 1,000 / D'^β = 1,200 / D^β, D' being what D tokens are worth of which 300 million are new.
  const known = 6_405_072_360;
  assert.ok(Math.abs((effectiveTokens(known, uniqueTokens) / known) ** 0.33 - 1000 / 1200) < 1e-9);
  const strict = { ...armOf("strict", better, 1, uniqueTokens), uniqueTokens };
  const loose = armOf("loose", STRICT, 2);
  const { crossings } = compareArms(strict, loose, 1e8, RANGE);
  assert.deepEqual(
    crossings.map(({ below }) => below),
    ["strict"],
  );
  assert.ok(Math.abs(crossings[0]!.tokens / known - 1) < 0.2, String(crossings[0]!.tokens));
  // Were it not for the repetition, it would be ahead throughout.
  assert.equal(
    compareArms({ ...strict, uniqueTokens: undefined }, loose, 1e8, { low: 1e7, high: 1e11 }).ahead,
    "strict",
  );
});

test("laws that cross twice are told twice, and the order of arms changes nothing", () => {
  const arm = (name: string, law: Law): ArmLaw => ({ arm: name, law, resampled: [law, law], uniqueTokens: undefined });
  // x − y = −0.01 + D^−0.2·(…): from above zero to below it, and to above again beyond.
  const x = arm("x", { ...STRICT, E: 1.89, B: 200, beta: 0.2 });
  const y = arm("y", STRICT);
  const both = compareArms(x, y, 1e8, RANGE).crossings;
  const swapped = compareArms(y, x, 1e8, RANGE).crossings;
  assert.deepEqual(swapped, both);
  for (const { tokens, below, interval } of both) {
    const loss = ({ law }: ArmLaw, at: number) => lossOf(law, { params: 1e8, tokens: at });
    assert.ok(Math.abs(loss(x, tokens) - loss(y, tokens)) < 1e-9);
    assert.equal(loss(x, tokens / 1.1) < loss(y, tokens / 1.1), below === "x");
    assert.ok(Math.abs(interval!.low / tokens - 1) < 1e-9);
  }
});

test("a resample without a crossing puts the interval's end beyond the range", () => {
  const strict = armOf("strict", STRICT, 2);
  const never = { ...STRICT, B: 1 };
  const ahead = compareArms(
    { ...strict, resampled: [STRICT, never, never] },
    armOf("loose", LOOSE, 3, undefined, 3),
    1e8,
    RANGE,
  );
  assert.equal(ahead.crossings[0]!.interval!.high, Number.POSITIVE_INFINITY);
  const behind = compareArms(
    { ...strict, resampled: [{ ...STRICT, E: 30 }] },
    armOf("loose", LOOSE, 3, undefined, 1),
    1e8,
    RANGE,
  );
  assert.equal(behind.crossings[0]!.interval!.high, 0);
});

test("repeated tokens are worth less and less: by hand", () => {
  assert.equal(effectiveTokens(80, 100), 80);
  assert.equal(effectiveTokens(100, 100), 100);
  near(effectiveTokens(200, 100), 196.81992, 1e-5); // 100 + 100·15.387756·(1 − e^(−1/15.387756))
  near(effectiveTokens(400, 100), 372.56731, 1e-5); // 100 + 100·15.387756·(1 − e^(−3/15.387756))
  near(effectiveTokens(1e9, 100), 100 * (1 + REPETITION_CONSTANT), 1e-9);
});

function armOf(arm: string, law: Law, seed: number, uniqueTokens?: number, draws = 100): ArmLaw {
  const runs = runsOf(law, { noise: 0.001, seed, ...(uniqueTokens !== undefined && { uniqueTokens }) });
  const fit = fitLaw(runs, arm);
  return { arm, law: fit.law, resampled: bootstrapLaws(runs, fit, { draws, seed }), uniqueTokens: undefined };
}

function near(found: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(found - expected) <= tolerance, `${found}, expected ${expected}`);
}
