import type { Estimate, PairComparison } from "../../statistics/comparison.ts";
import { type Block, type Column, type Line, number, paragraph, type Section, type Table, text } from "../blocks.ts";
import { slopes } from "../charts/slopes.ts";
import { count, decimalsFor, fixed, interval, range, signed, standardErrorOf } from "../numbers.ts";
import type {
  AlignmentPoint,
  AlignmentReport,
  AlignmentStage,
  ArmChange,
  ReportData,
  VerdictPath,
} from "../report-data.ts";
import { armNames, metricUnit, pairName, plural, verdictWords } from "./words.ts";

/** Whether what won before alignment still wins after it. */
export function alignment(data: ReportData): Section | undefined {
  const report = data.alignment;
  if (report === undefined) return undefined;
  return {
    id: "alignment",
    title: "After alignment",
    blocks: [
      paragraph({ strong: report.conclusion.sentence }),
      paragraph(settingOf(data, report)),
      ...metricsOf(data, report).map((metric) => figureOf(data, report, metric)),
      { kind: "table", table: persistenceTable(data, report) },
      ranksParagraph(report),
      { kind: "table", isFolded: true, table: pairsTable(data, report) },
      { kind: "table", isFolded: true, table: spentTable(report) },
    ],
  };
}

function settingOf({ noiseFloor }: ReportData, { stages, prompts, verifiers }: AlignmentReport): string {
  const through = stages.map(({ name, method }) => (name === method ? name : `${name} (${method})`)).join(", then ");
  const asked =
    prompts === undefined
      ? "Only bits per byte were measured."
      : `Answers to ${plural(prompts, "prompt")} were scored by ${verifiers.join(" and ")}.`;
  const rule =
    noiseFloor === undefined
      ? ""
      : " Verdicts here rest on the seeds at hand, before as after, since the noise floor was measured on models that were not aligned: they may find less than those above.";
  return `Every model went through ${through}, with the same settings and data; arms differ in what they were trained on before. ${asked}${rule}`;
}

const timesOf = ({ stages }: AlignmentReport): readonly string[] => [
  "before",
  ...stages.map(({ name }) => `after ${name}`),
];
const pointsOf = ({ before, stages }: AlignmentReport): readonly AlignmentPoint[] => [before, ...stages];

/** One of the two things that are measured. */
interface Metric {
  readonly id: string;
  readonly unit: string;
  /** In the order of the arms. */
  readonly of: (point: AlignmentPoint) => readonly Estimate[];
  readonly changeOf: (stage: AlignmentStage) => readonly ArmChange[];
  readonly caption: string;
}

function metricsOf(data: ReportData, { prompts }: AlignmentReport): Metric[] {
  const bits: Metric = {
    id: "alignment-bits",
    unit: metricUnit(data.experiment.metric),
    of: ({ byArm }) => byArm.map(({ bitsPerByte }) => bitsPerByte),
    changeOf: ({ tax }) => tax,
    caption:
      "Lower is better. A change above zero is the tax: what alignment cost in predicting text, paired by seed and document.",
  };
  const scores: Metric = {
    id: "alignment-scores",
    unit: "score of answers",
    of: ({ byArm }) => byArm.flatMap(({ score }) => score ?? []),
    changeOf: ({ gain = [] }) => gain,
    caption: "Higher is better.",
  };
  return prompts === undefined ? [bits] : [bits, scores];
}

function figureOf(data: ReportData, report: AlignmentReport, metric: Metric): Block {
  const { id, unit } = metric;
  const times = timesOf(report);
  const arms = armNames(data).filter((name) => report.before.byArm.some(({ arm }) => arm === name));
  const values = pointsOf(report).map(metric.of);
  const changes = report.stages.map(metric.changeOf);
  const decimals = Math.min(4, decimalsFor(changes.flat().map(standardErrorOf)));
  return {
    kind: "figure",
    figure: {
      id,
      title: `${capital(unit)} before alignment and after each stage`,
      caption: `${metric.caption} Intervals of arms hold the spread that all of them share: that they overlap does not mean that arms are alike.`,
      arms,
      panels: [
        {
          title: `${capital(unit)} of each arm, before and after`,
          chart: slopes(
            values.map((estimates) => estimates.map(({ estimate, low, high }) => ({ value: estimate, low, high }))),
            times,
            unit,
          ),
        },
      ],
      table: {
        caption: `${capital(unit)} of each arm, and what changed since before the first stage: mean over seeds, 95 % interval`,
        columns: [
          text("Arm"),
          ...times.map((time) => number(capital(time))),
          ...report.stages.map(({ name }): Column => number(`Change after ${name}`)),
        ],
        rows: arms.map((arm, a) => [
          arm,
          ...values.map((estimates) => `${fixed(estimates[a]!.estimate, decimals)} ${range(estimates[a]!, decimals)}`),
          ...changes.map((of) => `${signed(of[a]!.estimate, decimals)} ${interval(of[a]!, decimals)}`),
        ]),
      },
      isTableShown: true,
    },
  };
}

function persistenceTable(data: ReportData, report: AlignmentReport): Table {
  const unit = metricUnit(data.experiment.metric);
  const last = report.stages.at(-1)!;
  const { pair } = data.conclusion;
  const decimals = decimalsFor(last.changes.map(({ se }) => se));
  const scoreDecimals = decimalsFor((last.scoreChanges ?? []).map(({ se }) => se));
  const marked = new Set<number>();
  const rows: Line[][] = [];
  for (const [n, persistence] of report.persistence.entries()) {
    const row = (metric: string, path: VerdictPath, change: string): Line[] => [
      pairName(persistence),
      metric,
      shortVerdict(path.before),
      ...path.after.map(shortVerdict),
      change,
      path.fate,
    ];
    if (n === pair) marked.add(rows.length);
    const change = last.changes[n]!;
    rows.push(row(unit, persistence.bitsPerByte, `${signed(change.estimate, decimals)} ${interval(change, decimals)}`));
    if (persistence.score === undefined) continue;
    const { estimate, low, high } = last.scoreChanges![n]!;
    const gained = `${signed(-estimate, scoreDecimals)} ${interval({ low: -high, high: -low }, scoreDecimals)}`;
    rows.push(row("score", persistence.score, gained));
    rows.push(row(`${unit} before, score after`, persistence.carried!, "–"));
  }
  return {
    caption:
      "What became of verdicts, first arm against second. The change of the difference has an interval of its own: a verdict that came or went without such a change is a matter of noise.",
    columns: [
      text("Pair"),
      text("Metric"),
      ...timesOf(report).map((time) => text(capital(time))),
      number("Change of the difference"),
      text("Verdict"),
    ],
    rows,
    marked,
  };
}

function shortVerdict(verdict: PairComparison["verdict"]): string {
  return verdict === undefined ? "none from one seed" : verdict.replace(" at this scale", "");
}

function ranksParagraph({ stages, rankLimits }: AlignmentReport): Block {
  const tau = (value: number | undefined): string => (value === undefined ? "–" : signed(value, 2));
  const told = stages.map(({ name, ranks: { bitsPerByte, score, carried } }) => {
    const scores =
      score === undefined && carried === undefined
        ? ""
        : `, of scores ${tau(score)}, of bits per byte before and scores after ${tau(carried)}`;
    return `after ${name}, Kendall’s τ of the arms’ order before and after is ${tau(bitsPerByte)} in bits per byte${scores}`;
  });
  return paragraph(`${capital(told.join("; "))}. ${rankLimits}`);
}

function pairsTable(data: ReportData, report: AlignmentReport): Table {
  const times = timesOf(report);
  const rows: Line[][] = [];
  const add = (
    metric: string,
    sign: 1 | -1,
    pairsAt: (point: AlignmentPoint) => readonly PairComparison[] | undefined,
  ) => {
    const decimals = decimalsFor(pointsOf(report).flatMap((point) => (pairsAt(point) ?? []).map(({ se }) => se)));
    for (const [t, point] of pointsOf(report).entries()) {
      for (const pair of pairsAt(point) ?? []) {
        const [low, high] = sign === 1 ? [pair.low, pair.high] : [-pair.high, -pair.low];
        rows.push([
          pairName(pair),
          times[t]!,
          metric,
          signed(sign * pair.estimate, decimals),
          interval({ low, high }, decimals),
          `±${fixed(pair.detectable, decimals)}`,
          verdictWords(pair),
        ]);
      }
    }
  };
  add(metricUnit(data.experiment.metric), 1, ({ pairs }) => pairs);
  add("score", -1, ({ scorePairs }) => scorePairs);
  return {
    caption:
      "Every pair at every time, first arm minus second: bits per byte are better below zero, scores above. The pairs of a time and metric are decided together (Holm).",
    columns: [
      text("Pair"),
      text("Time"),
      text("Metric"),
      number("Difference"),
      number("95 % interval"),
      number("Detectable"),
      text("Verdict"),
    ],
    rows,
  };
}

function spentTable({ stages }: AlignmentReport): Table {
  const names = [...new Set(stages.flatMap(({ spent }) => Object.keys(spent)))];
  return {
    caption: "What a stage took, a model on the average",
    columns: [text("Stage"), text("Method"), ...names.map((name) => number(name.replace(/^spent\//, "")))],
    rows: stages.map(({ name, method, spent }) => [
      name,
      method,
      ...names.map((of) => (spent[of] === undefined ? "–" : count(spent[of]))),
    ]),
  };
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
