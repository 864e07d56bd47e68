/** Whether the experiment came out as its hypothesis said, in a sentence. */
import type { ConfinedWin } from "../guards/index.ts";
import { fixed, signed } from "../report/numbers.ts";
import type { ReportData } from "../report/report-data.ts";
import type { PairComparison, Verdict } from "../statistics/index.ts";

const DECIMALS = 4;

type Expectation = ReportData["experiment"]["expect"];

/**
 * The pair that the hypothesis is about. `better only on its own source` is what a win is called that the resemblance guard
 * does not let pass.
 */
export function conclude(
  pairs: readonly PairComparison[],
  expect: Expectation,
  confined: readonly ConfinedWin[],
  unit: string,
): ReportData["conclusion"] {
  const index = pairs.findIndex(
    ({ arm, against }) => [arm, against].includes(expect.arm) && [arm, against].includes(expect.against),
  );
  const pair = pairs[index]!;
  const isTurned = pair.arm !== expect.arm;
  const difference = isTurned ? -pair.estimate : pair.estimate;
  const [low, high] = isTurned ? [-pair.high, -pair.low] : [pair.low, pair.high];
  const figures = `${signed(difference, DECIMALS)} ${unit}, 95 % interval ${signed(low, DECIMALS)} to ${signed(high, DECIMALS)}`;
  const names = `${expect.arm} against ${expect.against}`;
  if (pair.verdict === undefined) {
    return {
      pair: index,
      asExpected: undefined,
      sentence: `${names}: ${signed(difference, DECIMALS)} ${unit}. One seed tells nothing of how seeds differ: there is no verdict.`,
    };
  }
  const verdict = isTurned ? turned(pair.verdict) : pair.verdict;
  const winner = verdict === "better" ? expect.arm : verdict === "worse" ? expect.against : undefined;
  const isConfined = confined.some(
    ({ arm, against }) => arm === winner && [expect.arm, expect.against].includes(against),
  );
  const only = isConfined ? " only on its own source" : "";
  const found =
    verdict === "not resolved at this scale"
      ? `not resolved at this scale, which finds differences from ${fixed(pair.detectable, DECIMALS)} on`
      : winner === expect.arm
        ? `${verdict}${only}`
        : `${verdict}${only === "" ? "" : ` (${expect.against} is better${only})`}`;
  return {
    pair: index,
    asExpected: only === "" ? cameOut(expect, verdict, low, high) : undefined,
    sentence: `${names}: ${found} (${figures}).`,
  };
}

/** Undefined where that cannot be said. */
function cameOut({ sign, by }: Expectation, verdict: Verdict, low: number, high: number): boolean | undefined {
  if (sign !== "equal") return verdict === "not resolved at this scale" ? undefined : verdict === sign;
  // Equal means: no further apart than was said. Not having found a difference is not that.
  if (low > -by && high < by) return true;
  return verdict === "not resolved at this scale" ? undefined : false;
}

function turned(verdict: Verdict): Verdict {
  if (verdict === "better") return "worse";
  return verdict === "worse" ? "better" : verdict;
}
