/**
 * The best model size at each of several compute budgets, and its power law N = k·C^a: Hoffmann et al. 2022, approach 2.
 * Two ways to find the best size: the run of lowest loss, or the vertex of a parabola in ln N through all runs of a budget.
 */
import { mean } from "../statistics/moments.ts";

export interface IsoflopRun {
  readonly params: number;
  readonly flops: number;
  readonly loss: number;
}

export type IsoflopMethod = "min-run" | "quadratic";

/** What was spent on each of several model sizes. */
export interface Level {
  readonly flops: number;
  readonly runs: readonly IsoflopRun[];
}

export interface Optimum {
  readonly flops: number;
  readonly params: number;
}

/** N = coefficient · C^exponent. */
export interface PowerLaw {
  readonly coefficient: number;
  readonly exponent: number;
}

export interface IsoflopFit {
  readonly method: IsoflopMethod;
  readonly optima: readonly Optimum[];
  /** Levels whose best size lies at or beyond the smallest or the largest that was tried: where is not known. */
  readonly open: number;
  readonly law: PowerLaw;
}

/** Runs of one level spent the same but for rounding: no more than this times what the cheapest of them spent. */
const SAME_LEVEL = 1.2;
/** A parabola has three parameters. */
const LEAST_SIZES = 3;
const LEAST_LEVELS = 2;

/** Levels of runs that spent nearly the same, on three model sizes at least. */
export function levelsOf(runs: readonly IsoflopRun[]): Level[] {
  const groups: IsoflopRun[][] = [];
  for (const run of runs.toSorted((a, b) => a.flops - b.flops)) {
    const group = groups.at(-1);
    if (group !== undefined && run.flops <= group[0]!.flops * SAME_LEVEL) group.push(run);
    else groups.push([run]);
  }
  return groups
    .filter((group) => new Set(group.map(({ params }) => params)).size >= LEAST_SIZES)
    .map((group) => ({
      flops: group[Math.floor(group.length / 2)]!.flops, // The median: they were sorted.
      runs: group.toSorted((a, b) => a.params - b.params),
    }));
}

/** Undefined where fewer than two levels have an optimum between their smallest and largest size. */
export function fitIsoflop(levels: readonly Level[], method: IsoflopMethod): IsoflopFit | undefined {
  const optima = levels.map((level) => (method === "min-run" ? lowestRun(level) : vertex(level)));
  const found = optima.filter((optimum) => optimum !== undefined);
  if (found.length < LEAST_LEVELS) return undefined;
  return { method, optima: found, open: levels.length - found.length, law: powerLaw(found) };
}

export function paramsAt({ coefficient, exponent }: PowerLaw, flops: number): number {
  return coefficient * flops ** exponent;
}

function lowestRun(level: Level): Optimum | undefined {
  return inside(level, level.runs.reduce((best, run) => (run.loss < best.loss ? run : best)).params);
}

function inside({ flops, runs }: Level, params: number): Optimum | undefined {
  return params > runs[0]!.params && params < runs.at(-1)!.params ? { flops, params } : undefined;
}

function vertex(level: Level): Optimum | undefined {
  const { runs } = level;
  const logs = runs.map(({ params }) => Math.log(params));
  const centre = mean(logs);
  // Powers of what is centred are far from alike, so the normal equations are well conditioned.
  const x = logs.map((log) => log - centre);
  const sum = (power: number) => x.reduce((all, xi) => all + xi ** power, 0);
  const moment = (power: number) => x.reduce((all, xi, i) => all + xi ** power * runs[i]!.loss, 0);
  const [, slope, bend] = solve3(
    [
      [sum(0), sum(1), sum(2)],
      [sum(1), sum(2), sum(3)],
      [sum(2), sum(3), sum(4)],
    ],
    [moment(0), moment(1), moment(2)],
  );
  // A parabola that bends down has no lowest point.
  return bend! > 0 ? inside(level, Math.exp(centre - slope! / (2 * bend!))) : undefined;
}

/** Least squares in logarithms. */
function powerLaw(optima: readonly Optimum[]): PowerLaw {
  const x = optima.map(({ flops }) => Math.log(flops));
  const y = optima.map(({ params }) => Math.log(params));
  const [meanX, meanY] = [mean(x), mean(y)];
  const exponent =
    x.reduce((sum, xi, i) => sum + (xi - meanX) * (y[i]! - meanY), 0) /
    x.reduce((sum, xi) => sum + (xi - meanX) ** 2, 0);
  return { coefficient: Math.exp(meanY - exponent * meanX), exponent };
}

/** Cramer's rule. */
function solve3(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const whole = determinant(matrix);
  return [0, 1, 2].map((column) => determinant(matrix.map((row, i) => row.with(column, right[i]!))) / whole);
}

function determinant(matrix: readonly (readonly number[])[]): number {
  const [[a, b, c], [d, e, f], [g, h, i]] = matrix as [
    [number, number, number],
    [number, number, number],
    [number, number, number],
  ];
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}
