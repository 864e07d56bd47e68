/**
 * What verdicts promise, on simulated experiments: without a difference at most 6 % find one; with the detectable one, 80 %
 * do. The full table, with the methods that fail here, is made by test/full/calibration.full.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_VARIANCE } from "../../../eval/statistics/components.ts";
import { intervalOf } from "../../../eval/statistics/interval.ts";
import { isFound, SMALL_SUITE, share, simulate } from "./simulation.ts";

const TRIALS = 1000;
/** Three standard errors of a share of 0.8 among so many trials. */
const TOLERANCE = 3 * Math.sqrt((0.8 * 0.2) / TRIALS);

let randomSeed = 100;
for (const floorPairs of [undefined, 10]) {
  for (const seeds of [2, 3, 5]) {
    for (const documentToSeed of [0.05, 1, 20]) {
      const from = floorPairs === undefined ? "own seeds" : `a noise floor of ${floorPairs} pairs`;
      test(`${seeds} seeds, document noise ${documentToSeed} times seed noise, ${from}: calibrated`, (t) => {
        const design = { domains: SMALL_SUITE, seeds, documentToSeed, floorPairs };
        const { means, detectable } = simulate(design, TRIALS, ++randomSeed);
        const falseShare = share(means, (mean) => isFound(mean, 0));
        const foundShare = share(means, (mean) => isFound(mean, -detectable));
        t.diagnostic(
          `random seed ${randomSeed}: false ${falseShare}, found ${foundShare}, detectable ${detectable.toFixed(2)}`,
        );
        assert.ok(falseShare <= 0.06, `${falseShare} false verdicts`);
        assert.ok(foundShare >= 0.8 - TOLERANCE, `${foundShare} found`);
      });
    }
  }
}

test("an interval holds the truth just where the verdict is not wrong: coverage is 1 − false verdicts", () => {
  const { means } = simulate({ domains: SMALL_SUITE, seeds: 3, documentToSeed: 1 }, 200, 7);
  let outside = 0;
  for (const mean of means) {
    const { low, high } = intervalOf(mean);
    assert.equal(isFound(mean, 0), low > 0 || high < 0);
    if (isFound(mean, 0)) outside++;
  }
  assert.ok(outside > 0 && outside <= 14, `${outside} of 200`);
});

test("the simulation notices what is not calibrated: seeds' noise left out", () => {
  const { means } = simulate({ domains: SMALL_SUITE, seeds: 3, documentToSeed: 1 }, 500, 8);
  const falseShare = share(means, (mean) => isFound({ ...mean, seed: NO_VARIANCE }, 0));
  assert.ok(falseShare > 0.1, `${falseShare}`);
});
