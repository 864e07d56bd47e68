import { twoSidedQuantile } from "./behrens-fisher.ts";
import type { Estimate } from "./comparison.ts";
import { MAX_DF, NO_VARIANCE } from "./components.ts";
import type { MacroMean } from "./macro-mean.ts";
import { studentTUpperQuantile } from "./student-t.ts";

const LEVEL = 0.05;

/** 95 %. From one seed of unknown spread it holds document noise alone: too narrow for a decision. */
export function intervalOf({ estimate, seed = NO_VARIANCE, document }: MacroMean): Estimate {
  const halfWidth = twoSidedQuantile(LEVEL, seed, document);
  return { estimate, low: estimate - halfWidth, high: estimate + halfWidth };
}

/** Degrees of freedom of the Student t whose 95 % interval has this half width. */
export function equivalentDf(halfWidth: number, se: number): number {
  if (se === 0) return MAX_DF;
  let [low, high] = [Math.log(0.1), Math.log(MAX_DF)];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentTUpperQuantile(LEVEL / 2, Math.exp(middle)) * se > halfWidth) low = middle;
    else high = middle;
  }
  return Math.exp(high);
}
