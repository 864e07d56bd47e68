import assert from "node:assert/strict";
import { test } from "node:test";
import { fitIsoflop, type IsoflopRun, levelsOf, paramsAt } from "../../../eval/scaling/isoflop.ts";
import { columnsOf, runOf } from "../../../eval/scaling/runs.ts";
import { positiveIn, readTable } from "../../../eval/scaling/table.ts";
import { needsShared, sharedPath } from "../../shared.ts";

const A3 = "fixtures/course/raw/a3_2026/data/isoflops_curves.json";

/** Five sizes around the best, N = √C, each a factor e from the next; the loss is a parabola in ln N. */
function budget(flops: number, offsets = [-2, -1, 0.25, 1, 2]): IsoflopRun[] {
  return offsets.map((offset) => ({
    flops,
    params: Math.sqrt(flops) * Math.exp(offset),
    loss: 3 + 0.1 * offset * offset,
  }));
}

test("parabolas in ln N have their vertex found, whichever sizes were tried", () => {
  const { law, optima } = fitIsoflop(levelsOf([...budget(1e16), ...budget(1e18)]), "quadratic")!;
  near(optima[0]!.params, 1e8);
  near(law.exponent, 0.5);
  near(law.coefficient, 1);
  near(paramsAt(law, 1e20), 1e10);
});

test("the run of lowest loss is one of those that were tried", () => {
  const { law, optima } = fitIsoflop(levelsOf([...budget(1e16), ...budget(1e18)]), "min-run")!;
  near(optima[0]!.params, 1e8 * Math.exp(0.25));
  near(law.exponent, 0.5);
});

test("a budget whose best size may lie beyond all that were tried is left out and counted", () => {
  const levels = levelsOf([...budget(1e16), ...budget(1e17, [0.5, 1, 2]), ...budget(1e18)]);
  for (const method of ["min-run", "quadratic"] as const) {
    const { optima, open } = fitIsoflop(levels, method)!;
    assert.deepEqual(
      optima.map(({ flops }) => flops),
      [1e16, 1e18],
    );
    assert.equal(open, 1);
  }
  assert.equal(fitIsoflop(levels.slice(0, 2), "min-run"), undefined);
});

test("runs that spent the same but for rounding are of one budget; two sizes are none", () => {
  const rounded = budget(1e18).map((run, i) => ({ ...run, flops: run.flops * (1 + 0.01 * i) }));
  const levels = levelsOf([...rounded, ...budget(1e19, [0, 1]), ...budget(3e18)]);
  assert.deepEqual(
    levels.map(({ flops, runs }) => [flops, runs.length]),
    [
      [1.02e18, 5],
      [3e18, 5],
    ],
  );
});

// CS336, assignment 3 (2026): figures computed with NumPy's polyfit.
test("both methods answer the course's isoFLOP file to four digits", needsShared(A3), () => {
  const table = readTable(sharedPath(A3));
  const columns = columnsOf(table);
  const runs = table.rows.map((row) => ({
    ...runOf(row, table, columns),
    loss: positiveIn(row, columns.get("loss")!),
  }));
  const levels = levelsOf(runs);
  assert.deepEqual(
    levels.map((level) => level.flops),
    [6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21],
  );
  const answers = (method: "min-run" | "quadratic") => {
    const { law } = fitIsoflop(levels, method)!;
    return [law.exponent.toFixed(6), paramsAt(law, 1e23).toPrecision(5), paramsAt(law, 1e24).toPrecision(5)];
  };
  assert.deepEqual(answers("min-run"), ["0.468683", "7.0054e+10", "2.0612e+11"]);
  assert.deepEqual(answers("quadratic"), ["0.514579", "9.1144e+10", "2.9806e+11"]);
});

function near(found: number, expected: number): void {
  assert.ok(Math.abs(found / expected - 1) < 1e-9, `${found}, expected ${expected}`);
}
