import type { Estimate } from "../statistics/comparison.ts";
import { studentTUpperQuantile } from "../statistics/student-t.ts";
import { wilson } from "./wilson.ts";

export interface WinRate {
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  /** Wins, and half of the ties, of all prompts; 95 % by Wilson. */
  readonly rate: Estimate;
  /** By how much the first model's scores are higher, prompt by prompt; 95 % by Student's t. */
  readonly difference: Estimate;
}

/**
 * How often the first model's response to a prompt is better than the second's, by a verifier's scores: one a prompt and
 * model, or the mean of several, in the same order for both. Where one verifier scores both there is no judge to
 * prefer what comes first, or longer; what the verifier does not see counts for nothing.
 */
export function winRate(first: readonly number[], second: readonly number[]): WinRate {
  if (first.length !== second.length || first.length === 0) {
    throw new RangeError(`${first.length} and ${second.length} scores cannot be compared prompt by prompt`);
  }
  const differences = first.map((score, i) => score - second[i]!);
  const wins = differences.filter((difference) => difference > 0).length;
  const losses = differences.filter((difference) => difference < 0).length;
  const ties = differences.length - wins - losses;
  return { wins, ties, losses, rate: wilson(wins + ties / 2, differences.length), difference: meanOf(differences) };
}

function meanOf(values: readonly number[]): Estimate {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  // One value has no spread that could be known.
  if (n === 1) return { estimate: mean, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const halfWidth = studentTUpperQuantile(0.025, n - 1) * Math.sqrt(variance / n);
  return { estimate: mean, low: mean - halfWidth, high: mean + halfWidth };
}
