import { basename } from "node:path";
import { Command } from "commander";
import {
  type ArmAnalysis,
  analyse,
  type LawAnalysis,
  NO_ARM,
  type ScalingAnalysis,
} from "../../../eval/scaling/analysis.ts";
import type { ArmPair, Crossing } from "../../../eval/scaling/arms.ts";
import type { LawIntervals } from "../../../eval/scaling/fit.ts";
import { paramsAt } from "../../../eval/scaling/isoflop.ts";
import type { Interval } from "../../../eval/scaling/percentiles.ts";
import { count, table } from "../show.ts";
import {
  aboveZero,
  analysisOptions,
  COLUMNS_HELP,
  describeColumns,
  figure,
  type LawFlags,
  readMeasuredRuns,
  short,
  withLawFlags,
} from "./input.ts";

interface Flags extends LawFlags {
  params?: number;
}

export function fitCommand(): Command {
  return withLawFlags(
    new Command("fit")
      .description("Fit L(N, D) = E + A/N^α + B/D^β to runs, by arm, with intervals; tell where arms cross.")
      .argument("<file>", "a table of runs, CSV or JSON"),
  )
    .option("--params <n>", "model size at which arms are compared (default: the largest that both have)", aboveZero)
    .exitOverride()
    .addHelpText(
      "after",
      `${COLUMNS_HELP}

Examples:
  sluice scale fit runs.csv
  sluice scale fit svg_extracted_data.csv --drop-lowest 5
  sluice scale fit losses.csv --column loss=loss_paloma_ptb --arm rpj --arm rw_original --json
`,
    )
    .action((path: string, flags: Flags) => {
      const { columns, runs } = readMeasuredRuns(path, flags);
      const analysis = analyse(runs, { ...analysisOptions(path, flags), params: flags.params });
      if (flags.json === true) {
        const read = Object.fromEntries(columns);
        const arms = analysis.arms.map((arm) => plain(arm));
        console.log(JSON.stringify({ type: "scale-fit", file: path, columns: read, ...analysis, arms }));
      } else console.log([describeColumns(path, columns), ...describe(analysis)].join("\n"));
    });
}

/** Without every resample, and of the runs only how many. */
function plain({ runs, laws, ...arm }: ArmAnalysis) {
  return { ...arm, runs: runs.length, laws: laws.map(({ resampled: _, ...law }) => law) };
}

function describe({ arms, pairs, warnings }: ScalingAnalysis): string[] {
  return [
    ...arms.flatMap(describeArm),
    ...pairs.map(describePair),
    ...warnings.map(({ kind, message }) => `warning (${kind}): ${message}`),
  ];
}

function describeArm({ arm, runs, leftOut, laws, isoflop }: ArmAnalysis): string[] {
  const largest = Math.max(...runs.map(({ flops }) => flops));
  const isoflops = isoflop.map(({ method, law, optima }) => [
    method,
    law.exponent.toFixed(4),
    short(paramsAt(law, largest)),
    count(optima.length),
  ]);
  return [
    `${arm === NO_ARM ? "" : `arm ${arm}, `}${count(runs.length)} runs: L(N, D) = E + A/N^α + B/D^β`,
    ...(leftOut.length === 0 ? [] : [`left out: ${leftOut.map((place) => basename(place)).join(", ")}`]),
    ...laws.flatMap((law) => describeLaw(law, laws.length > 1)),
    ...(isoflop.length === 0
      ? []
      : ["isoFLOP, N = k·C^a", table([["", "a", `N at ${short(largest)} FLOPs`, "budgets"], ...isoflops])]),
  ];
}

const LETTERS = [
  ["E", "E"],
  ["A", "A"],
  ["B", "B"],
  ["α", "alpha"],
  ["β", "beta"],
] as const satisfies readonly (readonly [string, keyof LawIntervals])[];

function describeLaw(
  { parameters, law, intervals, exponent, objective, optimum, influence }: LawAnalysis,
  isOneOfTwo: boolean,
) {
  const within = (interval: Interval | undefined) =>
    interval === undefined ? "" : `${figure(interval.low)} to ${figure(interval.high)}`;
  const { params, tokens } = optimum;
  return [
    ...(isOneOfTwo ? [`parameters: ${parameters}`] : []),
    table([
      ["", "fit", ...(intervals === undefined ? [] : ["95 %"])],
      ...LETTERS.map(([letter, name]) => [letter, figure(law[name]), within(intervals?.[name])]),
      ["β/(α+β)", figure(exponent)],
      ["objective", objective.toPrecision(4)],
    ]),
    `  costliest budget, best spent: ${short(params)} parameters, ${short(tokens)} tokens (${figure(tokens / params)} a parameter)`,
    ...(influence.length === 0 ? [] : ["  without one run, those that change most"]),
    table([
      ...(influence.length === 0 ? [] : [["run", "E", "α", "β", "change"]]),
      ...influence.map((one) => [
        basename(one.place),
        ...[one.law.E, one.law.alpha, one.law.beta].map(figure),
        `${(100 * one.change).toFixed(1)} %`,
      ]),
    ]),
  ];
}

function describePair({ arms: [x, y], params, crossings, ahead }: ArmPair): string {
  const place = `at ${short(params)} parameters`;
  if (crossings.length === 0) return `${ahead} is ahead of ${ahead === x ? y : x} throughout, ${place}`;
  return crossings.map((crossing) => `${describeCrossing(crossing)}, ${place}`).join("\n");
}

function describeCrossing({ tokens, below, above, interval }: Crossing): string {
  const bound = (n: number) => (n === 0 || n === Number.POSITIVE_INFINITY ? "beyond the range" : short(n));
  const within = interval === undefined ? "" : ` (95 %: ${bound(interval.low)} to ${bound(interval.high)})`;
  return `${below} wins below ${short(tokens)} tokens${within}, ${above} above`;
}
