/**
 * How often each way of building an interval finds a difference that is not there, on 20,000 simulated experiments a row; the
 * table goes to docs/results/2026-11-29-statistics.md.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { NO_VARIANCE } from "../../eval/statistics/components.ts";
import type { MacroMean } from "../../eval/statistics/macro-mean.ts";
import { studentTTail, studentTUpperQuantile } from "../../eval/statistics/student-t.ts";
import { FEW_CLUSTERS, gaussian, isFound, SUITE, share, simulate } from "../eval/statistics/simulation.ts";

const TRIALS = 20_000;
/** Three standard errors of a share of 0.8. */
const TOLERANCE = 3 * Math.sqrt((0.8 * 0.2) / TRIALS);

const rows: (string | number)[][] = [];
after(() => {
  console.log(
    "suite | seeds | spread of seeds from | documents / seeds | bootstrap over seeds | wider of two | Satterthwaite | ours | ours, level 0.05/3 | detectable | found",
  );
  for (const row of rows) console.log(row.join(" | "));
});

const percent = (x: number, digits = 1) => `${(100 * x).toFixed(digits)} %`;

let randomSeed = 1000;
for (const [suite, domains] of [
  ["seven domains", SUITE],
  ["few clusters", FEW_CLUSTERS],
] as const) {
  for (const floorPairs of [undefined, 10]) {
    for (const seeds of [2, 3, 5]) {
      for (const documentToSeed of suite === "few clusters" ? [1] : [0, 0.05, 0.35, 1, 20]) {
        const from = floorPairs === undefined ? "themselves" : `${floorPairs} A/A pairs`;
        test(`${suite}, ${seeds} seeds, spread from ${from}, document noise × ${documentToSeed}`, () => {
          const { means, detectable } = simulate({ domains, seeds, documentToSeed, floorPairs }, TRIALS, ++randomSeed);
          const ours = share(means, (mean) => isFound(mean, 0));
          const found = share(means, (mean) => isFound(mean, -detectable));
          rows.push([
            suite,
            seeds,
            from,
            documentToSeed,
            floorPairs === undefined ? percent(share(means, bootstrapFinds)) : "",
            percent(share(means, widerFinds)),
            percent(share(means, satterthwaiteFinds)),
            percent(ours),
            percent(
              share(means, (mean) => isFound(mean, 0, 0.05 / 3)),
              2,
            ),
            detectable.toFixed(2),
            percent(found),
          ]);
          // Covered: 1 − false verdicts (test/eval/statistics/calibration.test.ts).
          assert.ok(ours <= 0.06, `${ours} false verdicts`);
          if (suite !== "few clusters") assert.ok(found >= 0.8 - TOLERANCE, `${found} found`);
        });
      }
    }
  }
}

test("documents without noise: a percentile bootstrap over seeds is wrong in half, a quarter, a sixth of all cases", () => {
  for (const [seeds, expected] of [
    [2, 0.5],
    [3, 0.25],
    [5, 0.16],
  ] as const) {
    const gauss = gaussian(seeds);
    let wrong = 0;
    for (let trial = 0; trial < TRIALS; trial++) {
      if (excludesZero(Array.from({ length: seeds }, gauss))) wrong++;
    }
    console.log(`bootstrap over ${seeds} seeds: ${percent(wrong / TRIALS)}`);
    assert.ok(Math.abs(wrong / TRIALS - expected) < 0.012, `${seeds} seeds: ${wrong / TRIALS}`);
  }
});

function bootstrapFinds({ bySeed }: MacroMean): boolean {
  return excludesZero(bySeed);
}

/** Whether 97.5 % of all resamples' means lie on one side: every resample is counted, none is drawn. */
function excludesZero(values: readonly number[]): boolean {
  const n = values.length;
  let negative = 0;
  for (let resample = 0; resample < n ** n; resample++) {
    let sum = 0;
    for (let rest = resample, k = 0; k < n; k++, rest = Math.floor(rest / n)) sum += values[rest % n]!;
    if (sum < 0) negative++;
  }
  const below = negative / n ** n;
  return below < 0.025 || below > 0.975;
}

/** The wider of an interval over seeds and one over documents. */
function widerFinds({ estimate, seed = NO_VARIANCE, document }: MacroMean): boolean {
  const halfWidths = [seed, document].map(({ variance, df }) => Math.sqrt(variance) * studentTUpperQuantile(0.025, df));
  return Math.abs(estimate) > Math.max(...halfWidths);
}

/** One Student t with the plain formula's degrees of freedom. */
function satterthwaiteFinds({ estimate, seed = NO_VARIANCE, document }: MacroMean): boolean {
  const variance = seed.variance + document.variance;
  const df = variance ** 2 / (seed.variance ** 2 / seed.df + document.variance ** 2 / document.df);
  return 2 * studentTTail(Math.abs(estimate) / Math.sqrt(variance), df) < 0.05;
}
