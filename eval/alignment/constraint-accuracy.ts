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
 * Accuracies over prompts (Zhou et al. 2023, arXiv 2311.07911, section 3), of each as many responses as of the others.
 * Intervals count prompts, also those of constraints and of several responses: the ones of a prompt may stand or fall
 * together, and that is the widest they can be.
 */
export function constraintAccuracy(prompts: readonly (readonly Kept[])[]): ConstraintAccuracy {
  const both = (accuracy: (mode: "strict" | "loose") => Estimate): StrictAndLoose => ({
    strict: accuracy("strict"),
    loose: accuracy("loose"),
  });
  const share = (of: readonly boolean[]): Estimate =>
    wilson((of.filter(Boolean).length / of.length) * prompts.length, prompts.length);
  const responses = prompts.flat();
  return {
    prompt: both((mode) => share(responses.map((kept) => kept[mode].every(Boolean)))),
    instruction: both((mode) => share(responses.flatMap((kept) => kept[mode]))),
  };
}
