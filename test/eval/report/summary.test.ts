import assert from "node:assert/strict";
import { test } from "node:test";
import { reportSummary } from "../../../eval/report/index.ts";
import { hostileData, reportData, singleSeedData } from "./fixture.ts";

test("the terminal gets verdicts with intervals, the conclusion and the warnings", () => {
  const lines = reportSummary(reportData()).split("\n");
  assert.equal(lines.length, 3 + 11 + 1 + 1 + 4);
  const table = lines.slice(3, 14);
  assert.match(table[0]!, /^Pair +Verdict +Difference +95 % interval +p \(Holm\) +Detectable +Seeds needed$/);
  assert.match(
    table[1]!,
    /^gopher vs language only +better +−0\.0125 +\[−0\.0\d{3}, −0\.0\d{3}\] +0\.002 +±0\.01\d\d +–$/,
  );
  assert.equal(new Set(table.slice(1).map((line) => line.indexOf("±"))).size, 1, "columns stand under each other");
  assert.match(lines[15]!, /^gopher is better than language only by 0\.0125.* \(as expected\)$/);
  assert.match(lines.at(-1)!, /^warning: epochs: /);
});

test("one seed is told", () => {
  const summary = reportSummary(singleSeedData());
  assert.match(summary, /none from one seed/);
  assert.match(summary, /Nothing is decided from a single seed\. \(not decided\)/);
});

test("foreign strings do not reach the terminal's controls", () => {
  const summary = reportSummary(hostileData());
  assert.doesNotMatch(summary, /[\0-\x09\x0b-\x1f\x7f-\x9f]/);
  assert.ok(summary.isWellFormed());
});
