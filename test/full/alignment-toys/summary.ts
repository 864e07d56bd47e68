/** What came of all seeds, as a table: a line for each task and arm. */
import { studentTUpperQuantile } from "../../../eval/statistics/student-t.ts";
import type { ArmResult } from "./cell.ts";

/** Of a difference to the first arm, paired by seed: Student's t with one less than the seeds as degrees of freedom. */
export interface Gain {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface ArmSummary {
  readonly task: string;
  readonly arm: string;
  readonly seeds: number;
  readonly greedy: number;
  readonly sampled: number;
  readonly greedyGain: Gain;
  readonly sampledGain: Gain;
  /** Means over seeds, of what the arm spent beside the first. */
  readonly tokens: number;
  readonly judgements: number;
  readonly cpuSeconds: number;
}

/** Seeds count that have a result of the task's first arm, too. */
export function summarize(results: readonly ArmResult[], first: string): ArmSummary[] {
  const groups = Map.groupBy(results, ({ task, arm }) => `${task} ${arm}`);
  return [...groups.values()].map((ofArm) => {
    const { task, arm } = ofArm[0]!;
    const pairs = ofArm.flatMap((after) => {
      const before = results.find((other) => other.task === task && other.arm === first && other.seed === after.seed);
      return before === undefined ? [] : [{ before, after }];
    });
    const gain = (of: (result: ArmResult) => number): Gain =>
      intervalOf(pairs.map(({ before, after }) => of(after) - of(before)));
    const mean = (of: (result: ArmResult) => number): number => meanOf(pairs.map(({ after }) => of(after)));
    const spent = (name: string) => mean(({ spent }) => spent[`spent/${name}`] ?? 0);
    return {
      task,
      arm,
      seeds: pairs.length,
      greedy: mean(({ greedy }) => greedy),
      sampled: mean(({ sampled }) => sampled),
      greedyGain: gain(({ greedy }) => greedy),
      sampledGain: gain(({ sampled }) => sampled),
      tokens: spent("tokens") + spent("rolloutTokens"),
      judgements: spent("judgements"),
      cpuSeconds: mean(({ cpuSeconds }) => cpuSeconds),
    };
  });
}

export function tableOf(summaries: readonly ArmSummary[]): string {
  const points = ({ mean, low, high }: Gain): string =>
    [mean, low, high]
      .map((x) => `${x < 0 ? "−" : "+"}${Math.abs(100 * x).toFixed(1)}`)
      .join(" | ")
      .replace(/\| (.*) \| (.*)$/, "[$1, $2]");
  const perPoint = (spent: number, gain: Gain): string =>
    gain.mean > 0 && spent > 0 ? Math.round(spent / (100 * gain.mean)).toLocaleString("en") : "–";
  const rows = summaries.map((one) =>
    [
      one.task,
      one.arm,
      String(one.seeds),
      (100 * one.greedy).toFixed(1),
      points(one.greedyGain),
      (100 * one.sampled).toFixed(1),
      points(one.sampledGain),
      Math.round(one.tokens / 1000).toLocaleString("en"),
      Math.round(one.judgements).toLocaleString("en"),
      perPoint(one.tokens, one.sampledGain),
      perPoint(one.judgements, one.sampledGain),
      one.cpuSeconds.toFixed(0),
    ].join(" | "),
  );
  const head =
    "task | arm | seeds | greedy, % | gain [95 %] | sampled, % | gain [95 %] | thousand tokens | judgements | tokens a point | judgements a point | seconds of a core";
  const line = head
    .split("|")
    .map((_, n) => (n < 2 ? "---" : "---:"))
    .join(" | ");
  return [head, line, ...rows].map((row) => `| ${row} |`).join("\n");
}

function intervalOf(numbers: readonly number[]): Gain {
  const mean = meanOf(numbers);
  const { length: n } = numbers;
  if (n < 2) return { mean, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const deviation = Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1));
  const half = (studentTUpperQuantile(0.025, n - 1) * deviation) / Math.sqrt(n);
  return { mean, low: mean - half, high: mean + half };
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}
