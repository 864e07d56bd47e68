import { RecipeError } from "../../pipeline/errors.ts";
import { MAX_DF, NO_VARIANCE, type VarianceComponent } from "./components.ts";
import { minimumDetectable } from "./power.ts";

export interface PowerQuestion {
  /** What should be found, in the metric's unit; above zero. */
  readonly difference: number;
  /** Standard deviation of the difference of two arms between seeds (`NoiseFloor.sd`). */
  readonly sdSeed: number;
  /** Degrees of freedom of the noise floor, where verdicts will rest on one; without it they rest on their own seeds. */
  readonly floorDf?: number | undefined;
  /** Standard error that the choice of held-out documents leaves (`PairComparison.seDocument`). */
  readonly seDocument: number;
  /** Pairs that are decided together. 1. */
  readonly pairs?: number | undefined;
  /** 0.05. */
  readonly alpha?: number | undefined;
  /** 0.8. */
  readonly power?: number | undefined;
  /** The last row of the table. 10. */
  readonly maxSeeds?: number | undefined;
}

export interface PowerPlan {
  /** Per arm, 2 or more. Undefined where no number of seeds is enough: document noise alone hides the difference. */
  readonly seedsNeeded: number | undefined;
  /** At which a pair is decided if no other pair differs: alpha / pairs (Holm's first step). */
  readonly level: number;
  /** What 2, 3, … seeds an arm find with the power that was asked for. */
  readonly table: readonly { readonly seeds: number; readonly detectable: number }[];
}

/** Seeds that a difference takes, before anything has run. Tokens and hours are seeds × arms × those of one run. */
export function planPower(question: PowerQuestion): PowerPlan {
  const { difference, sdSeed, floorDf, seDocument, pairs = 1, alpha = 0.05, power, maxSeeds = 10 } = question;
  if (!(difference > 0)) {
    throw new RecipeError(
      `power plan: a difference of ${difference} takes no number of seeds, expected one above zero`,
    );
  }
  const level = alpha / pairs;
  const perSeed = { variance: sdSeed ** 2, df: floorDf };
  const document = { variance: seDocument ** 2, df: MAX_DF };
  const table = [];
  for (let seeds = 2; seeds <= maxSeeds; seeds++) {
    table.push({ seeds, detectable: minimumDetectable(ofSeeds(perSeed, seeds), document, level, power) });
  }
  return { seedsNeeded: seedsToDetect({ difference, perSeed, document, level, power }), level, table };
}

/** Variance between single seeds; its degrees of freedom where they do not come from the seeds that will be compared. */
interface SeedSpread {
  readonly variance: number;
  readonly df: number | undefined;
}

function ofSeeds({ variance, df }: SeedSpread, seeds: number): VarianceComponent {
  return variance === 0 ? NO_VARIANCE : { variance: variance / seeds, df: df ?? seeds - 1 };
}

const MANY_SEEDS = 1_000_000;

/** The fewest, from 2 on, that find a difference; undefined where a million do not. */
export function seedsToDetect(question: {
  readonly difference: number;
  readonly perSeed: SeedSpread;
  readonly document: VarianceComponent;
  readonly level: number;
  readonly power?: number | undefined;
}): number | undefined {
  const { difference, perSeed, document, level, power } = question;
  const isFoundBy = (seeds: number) => minimumDetectable(ofSeeds(perSeed, seeds), document, level, power) <= difference;
  if (difference === 0) return undefined;
  if (isFoundBy(2)) return 2;
  if (minimumDetectable(NO_VARIANCE, document, level, power) >= difference) return undefined;
  let [tooFew, enough] = [2, 4];
  while (!isFoundBy(enough)) {
    if (enough > MANY_SEEDS) return undefined;
    [tooFew, enough] = [enough, enough * 2];
  }
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (isFoundBy(middle)) enough = middle;
    else tooFew = middle;
  }
  return enough;
}
