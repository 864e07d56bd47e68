/**
 * What tokens are worth that were seen before: D' = U + U·R*·(1 − exp(−R / R*)), where U tokens are new and R is how often
 * they were repeated, epochs − 1 (Muennighoff et al. 2023, "Scaling Data-Constrained Language Models", section 3.1). Their
 * second term, for parameters beyond what U tokens can fill, is left out: arms are compared at one model size.
 */

/** R*: after so many repetitions, 1 − 1/e of all that repeating can bring has been had. Their fit, appendix A. */
export const REPETITION_CONSTANT = 15.387_756;

/** D', in tokens. Without repetition it is D. */
export function effectiveTokens(tokens: number, uniqueTokens: number): number {
  if (tokens <= uniqueTokens) return tokens;
  const repetitions = tokens / uniqueTokens - 1;
  const gain = REPETITION_CONSTANT * -Math.expm1(-repetitions / REPETITION_CONSTANT);
  return uniqueTokens * (1 + gain);
}
