import type { Kept } from "../../trainer/align/verifiers/constraints/check.ts";
import type { Estimate } from "../statistics/comparison.ts";
import { wilson } from "./wilson.ts";

/** The four accuracies of IFEval. */
export interface ConstraintAccuracy {
  /** Prompts of which all constraints are kept. */
  readonly prompt: StrictAndLoose;
  /** Constraints that are kept, of all prompts together. */
  readonly instruction: StrictAndLoose;
}
export interface StrictAndLoose {
  readonly strict: Estimate;
  readonly loose: Estimate;
}

/**
 * Accuracies over prompts (Zhou et al. 2023, arXiv 2311.07911, section 3). Intervals count prompts, also those of
 * constraints: the ones of a prompt may stand or fall together, and that is the widest they can be.
 */
export function constraintAccuracy(prompts: readonly Kept[]): ConstraintAccuracy {
  const both = (accuracy: (mode: "strict" | "loose") => Estimate): StrictAndLoose => ({
    strict: accuracy("strict"),
    loose: accuracy("loose"),
  });
  return {
    prompt: both((mode) => wilson(prompts.filter((kept) => kept[mode].every(Boolean)).length, prompts.length)),
    instruction: both((mode) => {
      const all = prompts.flatMap((kept) => kept[mode]);
      return wilson((all.filter(Boolean).length / all.length) * prompts.length, prompts.length);
    }),
  };
}
