/**
 * Fits the parametric law to runs, as Besiroglu et al. 2024 ("Chinchilla Scaling: A replication attempt",
 * epoch-research/analyzing-chinchilla) do: the sum over runs of Huber(log L − logsumexp(a − α ln N, b − β ln D, e)) is
 * minimised by BFGS from many starts, with A = exp a, B = exp b, E = exp e. Hoffmann et al. 2022 took the mean of the
 * losses instead of their sum, and their optimiser stopped too early for it.
 */
import { RecipeError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { minimise } from "./bfgs.ts";
import type { Law, Shape } from "./law.ts";
import { type Interval, interval } from "./percentiles.ts";

/** One trained model. */
export interface Point extends Shape {
  /** Nats a token. */
  readonly loss: number;
}

export interface Fit {
  readonly law: Law;
  /** The sum that was minimised. */
  readonly objective: number;
}

/** Beyond so large an error in log L, a run counts linearly. */
const HUBER_DELTA = 1e-3;

/** The law has five parameters; without one run more, it says nothing of how well it holds. */
const LEAST_RUNS = 6;

/** Epoch's grid. `a` and `b` are ln A and ln B, `e` is ln E. */
const STARTS = product([5, 10], [5, 10, 20], [-0.5, 0.5], [0.3, 0.5], [0.3, 0.5]);

/** The law of lowest objective. Raises RecipeError where runs are too few to have one; `what` names them there. */
export function fitLaw(points: readonly Point[], what: string): Fit {
  refuseTooFew(points, what);
  const problem = problemOf(points);
  return STARTS.map((start) => solve(problem, problem.centred(start))).reduce((best, fit) =>
    fit.objective < best.objective ? fit : best,
  );
}

/** The minimum that a law lies next to: for points that are nearly those it was fitted to. */
export function refit(points: readonly Point[], { law }: Fit): Fit {
  const problem = problemOf(points);
  const { E, A, B, alpha, beta } = law;
  return solve(problem, problem.centred([Math.log(A), Math.log(B), Math.log(E), alpha, beta]));
}

export interface LawIntervals {
  readonly E: Interval;
  readonly A: Interval;
  readonly B: Interval;
  readonly alpha: Interval;
  readonly beta: Interval;
}

/** Laws of so many resamples of the runs, drawn with replacement. The same seed draws the same. */
export function bootstrapLaws(
  points: readonly Point[],
  fit: Fit,
  { draws, seed }: { readonly draws: number; readonly seed: number },
): Law[] {
  const random = seededRandom(seed);
  return Array.from({ length: draws }, () => {
    const sample = points.map(() => points[Math.floor(random() * points.length)]!);
    return refit(sample, fit).law;
  });
}

/** 95 % of the laws lie between, parameter by parameter. */
export function lawIntervals(laws: readonly Law[]): LawIntervals {
  const of = (name: keyof Law) => interval(laws.map((law) => law[name]));
  return { E: of("E"), A: of("A"), B: of("B"), alpha: of("alpha"), beta: of("beta") };
}

/** What a fit comes to without one of its points. */
export interface Influence {
  /** Index in the points. */
  readonly point: number;
  readonly law: Law;
  /** The largest relative change among E, α and β. */
  readonly change: number;
}

/** The points without which the law changes most, the first of all first. */
export function mostInfluential(points: readonly Point[], fit: Fit, howMany: number): Influence[] {
  if (points.length <= LEAST_RUNS) return [];
  const change = (law: Law) =>
    Math.max(...(["E", "alpha", "beta"] as const).map((name) => Math.abs(law[name] / fit.law[name] - 1)));
  return points
    .map((_, point) => {
      const { law } = refit(points.toSpliced(point, 1), fit);
      return { point, law, change: change(law) };
    })
    .sort((x, y) => y.change - x.change)
    .slice(0, howMany);
}

/** Points without the `howMany` that saw fewest tokens a parameter; the others keep their order. */
export function withoutLowestRatio<P extends Point>(points: readonly P[], howMany: number): P[] {
  const ratio = ({ tokens, params }: P) => tokens / params;
  const dropped = new Set(points.toSorted((a, b) => ratio(a) - ratio(b)).slice(0, howMany));
  return points.filter((point) => !dropped.has(point));
}

function refuseTooFew(points: readonly Point[], what: string): void {
  const sizes = new Set(points.map(({ params }) => params)).size;
  const amounts = new Set(points.map(({ tokens }) => tokens)).size;
  if (points.length >= LEAST_RUNS && sizes >= 2 && amounts >= 2) return;
  throw new RecipeError(
    `${what}: found ${points.length} runs of ${sizes} model sizes and ${amounts} amounts of tokens, expected at least ${LEAST_RUNS} runs of 2 sizes and 2 amounts: train more`,
  );
}

/** Points as the optimiser sees them: logarithms, those of N and D around their mean, which makes parameters less alike. */
interface Problem {
  readonly logParams: Float64Array;
  readonly logTokens: Float64Array;
  readonly logLoss: Float64Array;
  readonly meanLogParams: number;
  readonly meanLogTokens: number;
  /** (a, b, e, α, β) → the same with a and b at the mean of ln N and ln D. */
  readonly centred: (start: readonly number[]) => Float64Array;
}

function problemOf(points: readonly Point[]): Problem {
  const mean = (logs: Float64Array) => logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const logParams = Float64Array.from(points, ({ params }) => Math.log(params));
  const logTokens = Float64Array.from(points, ({ tokens }) => Math.log(tokens));
  const meanLogParams = mean(logParams);
  const meanLogTokens = mean(logTokens);
  return {
    logParams: logParams.map((log) => log - meanLogParams),
    logTokens: logTokens.map((log) => log - meanLogTokens),
    logLoss: Float64Array.from(points, ({ loss }) => Math.log(loss)),
    meanLogParams,
    meanLogTokens,
    centred: ([a, b, e, alpha, beta]) =>
      Float64Array.of(a! - alpha! * meanLogParams, b! - beta! * meanLogTokens, e!, alpha!, beta!),
  };
}

function solve(problem: Problem, start: Float64Array): Fit {
  const { x, value } = minimise((at, gradient) => objective(problem, at, gradient), start);
  const [a, b, e, alpha, beta] = x as unknown as [number, number, number, number, number];
  const A = Math.exp(a + alpha * problem.meanLogParams);
  const B = Math.exp(b + beta * problem.meanLogTokens);
  return { law: { E: Math.exp(e), A, B, alpha, beta }, objective: value };
}

function objective({ logParams, logTokens, logLoss }: Problem, x: Float64Array, gradient: Float64Array): number {
  const [a, b, e, alpha, beta] = x as unknown as [number, number, number, number, number];
  gradient.fill(0);
  let sum = 0;
  for (let i = 0; i < logLoss.length; i++) {
    const ofParams = a - alpha * logParams[i]!;
    const ofTokens = b - beta * logTokens[i]!;
    const max = Math.max(ofParams, ofTokens, e);
    const expParams = Math.exp(ofParams - max);
    const expTokens = Math.exp(ofTokens - max);
    const expFloor = Math.exp(e - max);
    const total = expParams + expTokens + expFloor;
    const error = logLoss[i]! - max - Math.log(total);
    const size = Math.abs(error);
    sum += size <= HUBER_DELTA ? (size * size) / 2 : HUBER_DELTA * (size - HUBER_DELTA / 2);
    // Huber's derivative is the error, held within ±δ; that of logsumexp is softmax.
    const slope = -Math.max(-HUBER_DELTA, Math.min(HUBER_DELTA, error)) / total;
    gradient[0]! += slope * expParams;
    gradient[1]! += slope * expTokens;
    gradient[2]! += slope * expFloor;
    gradient[3]! -= slope * expParams * logParams[i]!;
    gradient[4]! -= slope * expTokens * logTokens[i]!;
  }
  return sum;
}

/** Every choice of one from each list. */
function product(...lists: readonly (readonly number[])[]): number[][] {
  return lists.reduce<number[][]>((all, list) => all.flatMap((head) => list.map((last) => [...head, last])), [[]]);
}
