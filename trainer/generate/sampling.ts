/** From a row of logits to a token: which may be drawn, how likely each is, and which it is. */
import { z } from "zod";
import { RecipeError } from "../../pipeline/errors.ts";
import { drawUniform } from "../../pipeline/random.ts";
import { describeIssue } from "../../pipeline/schema-error.ts";
import type { Floats } from "../ir/op.ts";

export const Sampling = z.strictObject({
  /** Divides the logits: below 1 the likely gets likelier. 0 is greedy: always the likeliest. */
  temperature: z.number().min(0).default(1),
  /** Only this many of the likeliest (Fan et al. 2018). */
  topK: z.int().min(1).optional(),
  /** Only the fewest of the likeliest that hold this much probability together (Holtzman et al. 2020, the nucleus). */
  topP: z.number().gt(0).max(1).optional(),
});
export type SamplingOptions = z.input<typeof Sampling>;
export type Sampling = z.output<typeof Sampling>;

/** Raises RecipeError with the option, what was found and what was expected. */
export function samplingOf({ temperature, topK, topP }: SamplingOptions): Sampling {
  const parsed = Sampling.safeParse({ temperature, topK, topP }, { reportInput: true });
  if (!parsed.success) throw new RecipeError(describeIssue(parsed.error.issues[0]!, ""));
  return parsed.data;
}

/**
 * What a token is drawn from: temperature first, then top-k, then top-p of what top-k has left. Of equally likely tokens
 * the lower id comes first. Raises RangeError for logits that are not numbers.
 */
export function probabilitiesOf(logits: Floats, { temperature, topK, topP }: Sampling): Float64Array {
  if (temperature === 0) return certainly(likeliest(logits), logits.length);
  let probabilities = softmaxOf(logits, temperature);
  if (topK !== undefined && topK < logits.length) {
    probabilities = only(largest(probabilities, topK), probabilities);
  }
  if (topP !== undefined && topP < 1) probabilities = only(nucleus(probabilities, topP), probabilities);
  return probabilities;
}

/** The id that a number in [0, 1) falls on, where ids lie side by side, each as wide as it is likely. */
export function drawFrom(probabilities: Float64Array, uniform: number): number {
  let rest = uniform;
  let last = -1;
  for (let id = 0; id < probabilities.length; id++) {
    const probability = probabilities[id]!;
    if (probability === 0) continue;
    if (rest < probability) return id;
    rest -= probability;
    last = id;
  }
  // Probabilities add up to 1 but for their rounding.
  return last;
}

/** Chance is a function of (seed, sequence, step): a text does not hang on which others are written beside it. */
export function chanceOf(seed: number, purpose: string, sequence: number, step: number): number {
  return drawUniform(seed, purpose, `${sequence} ${step}`);
}

/** The largest logit's id, of equal ones the lowest. */
export function likeliest(logits: Floats): number {
  let best = -1;
  let most = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (Number.isNaN(logit)) throw new RangeError(`logit ${id} is not a number: has the training diverged?`);
    if (logit > most) [best, most] = [id, logit];
  }
  if (!Number.isFinite(most)) throw new RangeError(`the largest logit is ${most}: has the training diverged?`);
  return best;
}

function softmaxOf(logits: Floats, temperature: number): Float64Array {
  const most = logits[likeliest(logits)]!;
  const probabilities = new Float64Array(logits.length);
  let sum = 0;
  for (let id = 0; id < logits.length; id++) {
    probabilities[id] = Math.exp((logits[id]! - most) / temperature);
    sum += probabilities[id]!;
  }
  for (let id = 0; id < logits.length; id++) probabilities[id]! /= sum;
  return probabilities;
}

function certainly(id: number, count: number): Float64Array {
  const probabilities = new Float64Array(count);
  probabilities[id] = 1;
  return probabilities;
}

/** Probabilities of these ids alone, made to add up to 1. */
function only(ids: readonly number[], probabilities: Float64Array): Float64Array {
  const kept = new Float64Array(probabilities.length);
  const sum = ids.reduce((all, id) => all + probabilities[id]!, 0);
  for (const id of ids) kept[id] = probabilities[id]! / sum;
  return kept;
}

function inOrder(ids: number[], probabilities: Float64Array): number[] {
  return ids.sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
}

/** The k likeliest ids: in one pass, and what is kept is sorted whenever there is twice as much as wanted. */
function largest(probabilities: Float64Array, k: number): number[] {
  const kept: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  const cut = (): void => {
    if (inOrder(kept, probabilities).length > k) kept.length = k;
    // A later one that is only as likely has a higher id.
    if (kept.length === k) least = probabilities[kept[k - 1]!]!;
  };
  for (let id = 0; id < probabilities.length; id++) {
    if (!(probabilities[id]! > least)) continue;
    kept.push(id);
    if (kept.length === 2 * k) cut();
  }
  cut();
  return kept;
}

function nucleus(probabilities: Float64Array, share: number): number[] {
  // All ids below this together are less than what may be left out: mostly these are nearly all, and need no sorting.
  const least = (1 - share) / probabilities.length;
  const ids: number[] = [];
  for (let id = 0; id < probabilities.length; id++) if (probabilities[id]! >= least) ids.push(id);
  let sum = 0;
  const end = inOrder(ids, probabilities).findIndex((id) => {
    sum += probabilities[id]!;
    return sum >= share;
  });
  return end < 0 ? ids : ids.slice(0, end + 1);
}
