/**
 * What each token's loss counts in a step: the several ways in which losses of tokens become one number. As trl's
 * grpo_trainer.py has them (`loss_type`), told for the step as a whole, whatever parts it is computed in.
 */
import { type Row, responseTokens, targetsOf } from "./row.ts";

export const AGGREGATIONS = ["sequence-mean", "token-mean", "constant"] as const;
/**
 * - `sequence-mean`: the mean over a response's tokens, then over responses: every response weighs the same (GRPO, Shao et
 *   al. 2024).
 * - `token-mean`: the mean over all tokens: long responses weigh more (DAPO, Yu et al. 2025).
 * - `constant`: the sum over a constant: no response is favoured for its length (Dr. GRPO, Liu et al. 2025).
 */
export type Aggregation = (typeof AGGREGATIONS)[number];

/** Rows with their weights among what the objective is given by token. */
export function withWeights(rows: readonly Row[], aggregation: Aggregation, constant = 1): Row[] {
  const weights = tokenWeights(rows, aggregation, constant);
  return rows.map((row, n) => ({ ...row, byToken: { ...row.byToken, weights: weights[n]! } }));
}

/** Of each row, a weight for each target. `constant` is what a response's sum is divided by under that name. */
export function tokenWeights(rows: readonly Row[], aggregation: Aggregation, constant = 1): Float32Array[] {
  const counts = rows.map(responseTokens);
  const all = counts.reduce((sum, count) => sum + count, 0);
  return rows.map((row, n) => {
    const weight = {
      "sequence-mean": 1 / (Math.max(1, counts[n]!) * rows.length),
      "token-mean": 1 / Math.max(1, all),
      constant: 1 / (constant * rows.length),
    }[aggregation];
    return Float32Array.from({ length: targetsOf(row) }, (_, t) => row.isResponse[t + 1]! * weight);
  });
}
