/** What to spend a FLOPs budget on: model size and tokens, by every method that the runs allow, and how far they disagree. */
import type { Point } from "./fit.ts";
import { fitIsoflop, type IsoflopMethod, levelsOf, paramsAt } from "./isoflop.ts";
import { computeOptimal, type Law, lossOf, type Shape, shapeOf } from "./law.ts";
import { type Interval, interval } from "./percentiles.ts";

export type PlanMethod = "parametric" | IsoflopMethod;

export interface PlannedShape extends Shape {
  readonly method: PlanMethod;
  /** Of `params`, over resamples of the runs; of the parametric law alone. */
  readonly interval: Interval | undefined;
  /** What the parametric law expects of this shape. */
  readonly loss: number;
}

export interface Plan {
  readonly flops: number;
  /** The parametric law first; an isoFLOP method is absent where fewer than two budgets show a best size. */
  readonly shapes: readonly PlannedShape[];
  /** The largest model that a method asks for, over the smallest. */
  readonly spread: number;
  /** The budget, over that of the costliest run. */
  readonly extrapolation: number;
}

/** `resampled` are laws of resamples of the runs; without any there is no interval. */
export function planFor(
  flops: number,
  runs: readonly (Point & { readonly flops: number })[],
  law: Law,
  resampled: readonly Law[],
): Plan {
  const levels = levelsOf(runs);
  const isoflops = (["min-run", "quadratic"] as const)
    .map((method) => fitIsoflop(levels, method))
    .filter((fit) => fit !== undefined);
  const shapes = [
    {
      method: "parametric" as const,
      ...computeOptimal(law, flops),
      interval:
        resampled.length === 0 ? undefined : interval(resampled.map((one) => computeOptimal(one, flops).params)),
    },
    ...isoflops.map((fit) => ({
      method: fit.method,
      ...shapeOf(paramsAt(fit.law, flops), flops),
      interval: undefined,
    })),
  ].map((shape): PlannedShape => ({ ...shape, loss: lossOf(law, shape) }));
  const sizes = shapes.map(({ params }) => params);
  return {
    flops,
    shapes,
    spread: Math.max(...sizes) / Math.min(...sizes),
    extrapolation: flops / Math.max(...runs.map((run) => run.flops)),
  };
}
