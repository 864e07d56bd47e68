/** Of several tests that are decided together: which hold, where at most a share `alpha` of all such families errs at all. */
export interface HolmDecision {
  /** Adjusted: compare it with alpha. */
  readonly p: number;
  /** What the test's own p had to stay under, given how the others came out. */
  readonly level: number;
  readonly rejected: boolean;
}

/**
 * Holm 1979, step down: the smallest p is held against alpha / m, the next against alpha / (m − 1), … until one fails. All
 * from there on would have had to pass where that one failed, so that is their level.
 */
export function holm(pValues: readonly number[], alpha: number): HolmDecision[] {
  const m = pValues.length;
  const order = [...pValues.keys()].sort((i, j) => pValues[i]! - pValues[j]!);
  const decisions: HolmDecision[] = new Array(m);
  let adjusted = 0;
  let rejected = 0;
  for (const [rank, i] of order.entries()) {
    adjusted = Math.max(adjusted, Math.min(1, pValues[i]! * (m - rank)));
    const level = alpha / (m - rejected);
    const holds = pValues[i]! < level;
    if (holds) rejected++;
    decisions[i] = { p: adjusted, level, rejected: holds };
  }
  return decisions;
}
