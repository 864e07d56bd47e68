/** All that a table of runs says of scaling: laws by arm and by way of counting parameters, budgets, crossings, doubts. */
import type { Warning } from "../report/report-data.ts";
import { type ArmPair, compareArms } from "./arms.ts";
import {
  bootstrapLaws,
  type Fit,
  fitLaw,
  type LawIntervals,
  lawIntervals,
  mostInfluential,
  type Point,
  withoutLowestRatio,
} from "./fit.ts";
import { fitIsoflop, type IsoflopFit, levelsOf } from "./isoflop.ts";
import { computeOptimal, FLOPS_PER_PARAMETER_AND_TOKEN, type Law, paramsExponent, type Shape } from "./law.ts";
import { effectiveTokens } from "./repeated.ts";
import type { Run } from "./runs.ts";

export interface MeasuredRun extends Run {
  readonly loss: number;
}

export interface AnalysisOptions {
  /** The file, for messages. */
  readonly path: string;
  /** Resamples for intervals; 0 for none. */
  readonly draws: number;
  readonly seed: number;
  /** Runs with the fewest tokens a parameter that are left out, of each arm. */
  readonly dropLowest: number;
  /** Whether repeated tokens count as what they are worth (`repeated.ts`). */
  readonly dataConstrained: boolean;
  /** At which arms are compared; by default, of the largest model that all have. */
  readonly params?: number | undefined;
}

export interface ScalingAnalysis {
  readonly arms: readonly ArmAnalysis[];
  /** Every two arms. */
  readonly pairs: readonly ArmPair[];
  readonly warnings: readonly Warning[];
}

export interface ArmAnalysis {
  readonly arm: string;
  readonly runs: readonly MeasuredRun[];
  /** Where runs stand that were left out for their few tokens a parameter. */
  readonly leftOut: readonly string[];
  /** With all parameters first; without embeddings where the table has both. */
  readonly laws: readonly LawAnalysis[];
  readonly isoflop: readonly IsoflopFit[];
}

export interface LawAnalysis extends Fit {
  readonly parameters: "all" | "without embeddings";
  readonly intervals: LawIntervals | undefined;
  readonly resampled: readonly Law[];
  /** a in N ∝ C^a. */
  readonly exponent: number;
  /** What the costliest run's FLOPs would best have bought. */
  readonly optimum: Shape;
  readonly influence: readonly { readonly place: string; readonly law: Law; readonly change: number }[];
}

const MOST_INFLUENTIAL = 5;
/** Shares beyond which a reader is warned: of the law that one run moves, of a model that is embedding, of E in its interval. */
const INFLUENCE = 0.05;
const EMBEDDING_SHARE = 0.2;
const FLOOR_WIDTH = 0.5;
const FEW_RUNS = 20;
/** What runs are called where the table has no arms. */
export const NO_ARM = "all runs";
/** How far beyond the runs' tokens a crossing is looked for. */
const BEYOND = 10;

export function analyse(runs: readonly MeasuredRun[], options: AnalysisOptions): ScalingAnalysis {
  const byArm = Map.groupBy(runs, ({ arm }) => arm ?? NO_ARM);
  const warnings: Warning[] = [...warningsOfRuns(runs, options)];
  const arms = [...byArm].map(([arm, ofArm]) => {
    const kept = withoutLowestRatio(ofArm, options.dropLowest);
    const what = byArm.size === 1 ? options.path : `${options.path}, arm ${arm}`;
    const analysis: ArmAnalysis = {
      arm,
      runs: kept,
      leftOut: ofArm.filter((run) => !kept.includes(run)).map(({ place }) => place),
      laws: (["all", "without embeddings"] as const)
        .filter((parameters) => parameters === "all" || kept.every(({ paramsNoEmbed }) => paramsNoEmbed !== undefined))
        .map((parameters) => lawOf(kept, parameters, what, options)),
      isoflop: isoflopsOf(kept),
    };
    warnings.push(...warningsOfArm(analysis));
    return analysis;
  });
  const pairs = pairsOf(arms, options);
  for (const { arms: of, crossings } of pairs) {
    const tokens = arms.filter(({ arm }) => of.includes(arm)).flatMap((arm) => arm.runs.map((run) => run.tokens));
    for (const crossing of crossings) {
      if (crossing.tokens >= Math.min(...tokens) && crossing.tokens <= Math.max(...tokens)) continue;
      const message = `${of.join(" and ")} cross at ${crossing.tokens.toPrecision(3)} tokens, where neither was trained`;
      warnings.push({ kind: "extrapolation", message });
    }
  }
  return { arms, pairs, warnings };
}

function lawOf(
  runs: readonly MeasuredRun[],
  parameters: LawAnalysis["parameters"],
  what: string,
  { draws, seed, dataConstrained }: AnalysisOptions,
): LawAnalysis {
  const shapeOf = (run: MeasuredRun) => ({
    params: parameters === "all" ? run.params : run.paramsNoEmbed!,
    tokens: run.tokens,
  });
  const points: Point[] = runs.map((run) => {
    const { params, tokens } = shapeOf(run);
    const worth = dataConstrained ? effectiveTokens(tokens, run.uniqueTokens ?? tokens) : tokens;
    return { params, tokens: worth, loss: run.loss };
  });
  const fit = fitLaw(points, what);
  const resampled = bootstrapLaws(points, fit, { draws, seed });
  const flops = runs.map((run) => {
    const { params, tokens } = shapeOf(run);
    return parameters === "all" ? run.flops : FLOPS_PER_PARAMETER_AND_TOKEN * params * tokens;
  });
  return {
    ...fit,
    parameters,
    intervals: draws === 0 ? undefined : lawIntervals(resampled),
    resampled,
    exponent: paramsExponent(fit.law),
    optimum: computeOptimal(fit.law, Math.max(...flops)),
    influence: mostInfluential(points, fit, MOST_INFLUENTIAL).map(({ point, law, change }) => ({
      place: runs[point]!.place,
      law,
      change,
    })),
  };
}

function isoflopsOf(runs: readonly MeasuredRun[]): IsoflopFit[] {
  const levels = levelsOf(runs);
  return (["min-run", "quadratic"] as const)
    .map((method) => fitIsoflop(levels, method))
    .filter((fit) => fit !== undefined);
}

function pairsOf(arms: readonly ArmAnalysis[], { params, dataConstrained }: AnalysisOptions): ArmPair[] {
  const laws = arms.map(({ arm, runs, laws: [all] }) => ({
    arm,
    law: all!.law,
    resampled: all!.resampled,
    // What no run repeated has no known end.
    uniqueTokens:
      dataConstrained && runs.some(isRepeating) ? Math.max(...runs.map((run) => run.uniqueTokens ?? 0)) : undefined,
  }));
  return arms.flatMap((x, i) =>
    arms.slice(i + 1).map((y, j) => {
      const tokens = [...x.runs, ...y.runs].map((run) => run.tokens);
      const range = { low: Math.min(...tokens) / BEYOND, high: Math.max(...tokens) * BEYOND };
      const largest = Math.min(...[x, y].map(({ runs }) => Math.max(...runs.map((run) => run.params))));
      return compareArms(laws[i]!, laws[i + 1 + j]!, params ?? largest, range);
    }),
  );
}

function isRepeating({ tokens, uniqueTokens }: Run): boolean {
  return uniqueTokens !== undefined && tokens > uniqueTokens;
}

function warningsOfRuns(runs: readonly MeasuredRun[], { dataConstrained }: AnalysisOptions): Warning[] {
  const warnings: Warning[] = [];
  const epochs = Math.max(...runs.map(({ tokens, uniqueTokens }) => tokens / (uniqueTokens ?? tokens)));
  if (epochs > 1 && !dataConstrained) {
    const message = `runs saw their tokens up to ${epochs.toFixed(1)} times; --data-constrained counts what repeated tokens are worth`;
    warnings.push({ kind: "epochs", message });
  }
  const shares = runs.map(({ params, paramsNoEmbed }) => 1 - (paramsNoEmbed ?? params) / params);
  const largest = Math.max(...shares);
  if (largest > EMBEDDING_SHARE) {
    const message = `embeddings are ${(100 * Math.min(...shares)).toFixed(0)} to ${(100 * largest).toFixed(0)} % of the models: laws with and without them differ, and neither carries over to models with another share`;
    warnings.push({ kind: "embedding-share", message });
  }
  return warnings;
}

/** The message, with the arm's name where there are arms. */
export function aboutArm(arm: string, message: string): string {
  return arm === NO_ARM ? message : `${arm}: ${message}`;
}

function warningsOfArm({ arm, runs, laws, isoflop }: ArmAnalysis): Warning[] {
  const warnings: Warning[] = [];
  const add = (kind: string, message: string) => warnings.push({ kind, message: aboutArm(arm, message) });
  if (runs.length < FEW_RUNS) add("few-runs", `${runs.length} runs: intervals from so few are too narrow`);
  for (const { parameters, law, intervals, influence } of laws) {
    const which = laws.length === 1 ? "" : ` (parameters: ${parameters})`;
    const strongest = influence[0];
    if (strongest !== undefined && strongest.change > INFLUENCE) {
      add(
        "influence",
        `without ${strongest.place} the law changes by ${(100 * strongest.change).toFixed(0)} %${which}`,
      );
    }
    if (intervals !== undefined && intervals.E.high - intervals.E.low > FLOOR_WIDTH * law.E) {
      add(
        "floor",
        `E is not determined by these runs (${intervals.E.low.toPrecision(3)} to ${intervals.E.high.toPrecision(3)}): do not extrapolate${which}`,
      );
    }
    if (law.alpha <= 0 || law.beta <= 0)
      add("exponent", `an exponent is not above zero: loss does not fall with scale${which}`);
  }
  for (const { method, optima, open } of isoflop) {
    if (open === 0) continue;
    const message = `${method}: ${open} of ${open + optima.length} budgets are left out: their best size lies at or beyond the smallest or largest that was tried`;
    add("edge", message);
  }
  return warnings;
}
