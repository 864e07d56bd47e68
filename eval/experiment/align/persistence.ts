/** What becomes of verdicts: the same, the reverse, or nothing that can be told. */
import { fixed, signed } from "../../report/numbers.ts";
import type { AlignmentPoint, AlignmentReport, Fate, Persistence, VerdictPath } from "../../report/report-data.ts";
import type { PairComparison, Verdict } from "../../statistics/index.ts";

const DECIMALS = 4;

type Path = Pick<VerdictPath, "before" | "after">;

/** Of a verdict before and the last one after. */
export function fateOf({ before, after }: Path): Fate {
  const last = after.at(-1);
  if (before === undefined || last === undefined) return "not decided";
  if (before === "not resolved at this scale") return "not resolved before";
  if (last === before) return "persists";
  return last === "not resolved at this scale" ? "no longer resolved" : "reversed";
}

interface Points {
  readonly before: AlignmentPoint;
  readonly stages: readonly (AlignmentPoint & { readonly name: string })[];
}

/** A row for every pair that was decided before. */
export function persistenceOf({ before, stages }: Points): Persistence[] {
  const names = stages.map(({ name }) => name);
  return before.pairs.map((pair, n) => {
    const path = (first: PairComparison, rest: readonly PairComparison[]): VerdictPath => {
      const verdicts = { before: first.verdict, after: rest.map(({ verdict }) => verdict) };
      return { ...verdicts, fate: fateOf(verdicts) };
    };
    const pairs = stages.map((stage) => stage.pairs[n]!);
    const bitsPerByte = path(pair, pairs);
    const scorePair = before.scorePairs?.[n];
    const scorePairs = scorePair && stages.map((stage) => stage.scorePairs![n]!);
    return {
      arm: pair.arm,
      against: pair.against,
      bitsPerByte,
      score: scorePair && path(scorePair, scorePairs!),
      carried: scorePairs && path(pair, scorePairs),
      sentence: [
        `${pair.arm} against ${pair.against}: ${told("bits per byte", bitsPerByte, [pair, ...pairs], names)}`,
        ...(scorePair ? [told("score", path(scorePair, scorePairs!), [scorePair, ...scorePairs!], names)] : []),
      ].join("; "),
    };
  });
}

/** "bits per byte better before (−0.0312), better after sft (−0.0250): persists" */
function told(metric: string, { before, after, fate }: VerdictPath, pairs: readonly PairComparison[], names: string[]) {
  // Scores are told as they are: more is better.
  const sign = metric === "score" ? -1 : 1;
  const figure = (n: number): string => `(${signed(sign * pairs[n]!.estimate, DECIMALS)})`;
  const times = after.map((verdict, n) => `${short(verdict)} after ${names[n]} ${figure(n + 1)}`);
  return `${metric} ${[`${short(before)} before ${figure(0)}`, ...times].join(", ")}: ${fate}`;
}

function short(verdict: Verdict | undefined): string {
  return verdict === undefined ? "not decided" : verdict.replace(" at this scale", "");
}

/**
 * Whether what the hypothesis is about still holds, in a sentence: on bits per byte from before to the last stage, then on
 * what verifiers say. It survives where the verdict on bits per byte is the same and no score says the opposite.
 */
export function concludeAlignment(
  persistence: readonly Persistence[],
  { before, stages }: Points,
  expect: { readonly arm: string; readonly against: string },
): AlignmentReport["conclusion"] {
  const isMeant = ({ arm, against }: { arm: string; against: string }): boolean =>
    [arm, against].includes(expect.arm) && [arm, against].includes(expect.against);
  const n = persistence.findIndex(isMeant);
  const { arm, against, bitsPerByte, carried } = persistence[n]!;
  const last = stages.at(-1)!;
  const through = stages.map(({ name }) => name).join(" and ");
  const [first, now] = [before.pairs[n]!, last.pairs[n]!];
  const who = winnerOf(first);
  const figures = `${signed(first.estimate, DECIMALS)} bits per byte before, ${signed(now.estimate, DECIMALS)} after (95 % interval ${signed(now.low, DECIMALS)} to ${signed(now.high, DECIMALS)})`;
  const pair = `${arm} against ${against}, ${figures}`;
  const scores = carried && scoreSentence(last.scorePairs![n]!);
  const sentence = ((): string => {
    switch (bitsPerByte.fate) {
      case "persists":
        return `The verdict survives ${through}: ${who} is still better (${pair}).`;
      case "reversed":
        return `The verdict is reversed by ${through}: ${who} was better, and ${winnerOf(now)} is now (${pair}).`;
      case "no longer resolved":
        return `The verdict is no longer resolved after ${through}: ${who} was better, and neither is now (${pair}; differences from ${fixed(now.detectable, DECIMALS)} on would be found).`;
      case "not resolved before":
        return `There was no verdict that could survive ${through}: not resolved before, ${winnerOf(now) === undefined ? "nor after" : `and ${winnerOf(now)} is better after`} (${pair}).`;
      case "not decided":
        return `One seed tells nothing of whether a verdict survives ${through} (${pair}).`;
    }
  })();
  return {
    sentence: scores === undefined ? sentence : `${sentence} ${scores}`,
    survives: survivalOf(bitsPerByte.fate, carried?.fate),
  };
}

function survivalOf(bits: Fate, carried: Fate | undefined): boolean | undefined {
  if (bits === "reversed" || carried === "reversed") return false;
  return bits === "persists" ? true : undefined;
}

function scoreSentence(pair: PairComparison): string {
  const winner = winnerOf(pair);
  const figures = `${signed(-pair.estimate, DECIMALS)}, 95 % interval ${signed(-pair.high, DECIMALS)} to ${signed(-pair.low, DECIMALS)}`;
  if (pair.verdict === undefined) return `Scores of answers: ${figures}.`;
  return winner === undefined
    ? `Scores of answers are not resolved (${pair.arm} minus ${pair.against}: ${figures}).`
    : `Answers of ${winner} score higher (${pair.arm} minus ${pair.against}: ${figures}).`;
}

function winnerOf({ arm, against, verdict }: PairComparison): string | undefined {
  return verdict === "better" ? arm : verdict === "worse" ? against : undefined;
}
