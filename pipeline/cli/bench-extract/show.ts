/** The benchmark's results as tables. */
import { count, table } from "../show.ts";
import type { EngineRun, Estimate, GroupScores, SetScores } from "./score.ts";
import type { ContenderSpeed, ExtractSpeed } from "./speed.ts";

/** A set: all figures over its pages, then F1 by page type. */
export function showSet({ set, metric, groups }: SetScores): string {
  const [all, ...types] = groups;
  const parts = [`${set}: ${count(all!.pages)} pages, by ${metric}`, table(figuresOf(all!))];
  if (types.length > 0) parts.push(table([["F1 by page type", ...headOf(all!)], ...types.map(f1Of)]));
  return parts.join("\n");
}

function figuresOf({ engines, differences }: GroupScores): string[][] {
  const names = Object.keys(engines[0]!.scores);
  return [
    ["", ...names, "empty"],
    ...engines.map(({ engine, scores, empty }) => [
      engine,
      ...names.map((name) => shown(scores[name]!)),
      String(empty),
    ]),
    ...differences.map(({ engine, than, scores }) => [
      `${engine} − ${than}`,
      ...names.map((name) => shown(scores[name]!, true)),
      "",
    ]),
  ];
}

function headOf({ engines, differences }: GroupScores): string[] {
  return [...engines.map(({ engine }) => engine), ...differences.map(({ engine, than }) => `${engine} − ${than}`)];
}

function f1Of({ pageType, pages, engines, differences }: GroupScores): string[] {
  return [
    `${pageType} (${pages})`,
    ...engines.map(({ scores }) => shown(scores.f1!)),
    ...differences.map(({ scores }) => shown(scores.f1!, true)),
  ];
}

/** "0.943 [0.930, 0.955]"; a difference with its sign. */
function shown({ value, low, high }: Estimate, signed = false): string {
  const number = (x: number): string => `${signed && x >= 0 ? "+" : ""}${x.toFixed(3)}`;
  return `${number(value)} [${number(low)}, ${number(high)}]`;
}

export function showRuns(runs: readonly EngineRun[]): string {
  const reasons = ({ reasons: found }: EngineRun): string =>
    Object.entries(found)
      .map(([reason, pages]) => `${reason} ${pages}`)
      .join(", ");
  return table([
    ["", "pages", "pages/s", "nothing extracted"],
    ...runs.map((run) => [run.engine, count(run.pages), speed(run.pagesPerSecond), reasons(run)]),
  ]);
}

export function showSpeed({ pages, bytes, rounds, contenders }: ExtractSpeed): string {
  const row = ({ name, pagesPerSecond, megabytesPerSecond, ratio, failures }: ContenderSpeed): string[] => [
    name,
    speed(pagesPerSecond),
    speed(megabytesPerSecond),
    `${ratio.median.toFixed(2)} [${ratio.low.toFixed(2)}, ${ratio.high.toFixed(2)}]`,
    String(failures),
  ];
  return [
    `${count(pages)} pages, ${(bytes / 1e6).toFixed(1)} MB, ${rounds} rounds, user CPU time of one core`,
    table([["", "pages/s", "MB/s", "× Readability over linkedom", "threw"], ...contenders.map(row)]),
  ].join("\n");
}

function speed(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
