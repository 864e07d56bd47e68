import type { Estimate } from "../statistics/comparison.ts";

/** Of the standard normal distribution, 97.5 %. */
const Z = 1.959963984540054;

/**
 * A share and its 95 % interval by Wilson (1927): within 0 and 1, and of some width also where all or none succeed, which
 * the usual ± is not.
 *
 * `successes` may be fractions, where items score from 0 to 1 (ties that count half, pass@k): the spread of such scores is at
 * most that of 0 and 1 with the same mean, so the interval is then wide enough, or wider.
 */
export function wilson(successes: number, total: number): Estimate {
  if (!(total > 0 && successes >= 0 && successes <= total)) {
    throw new RangeError(`${successes} successes of ${total} are no share`);
  }
  const share = successes / total;
  const z2 = Z * Z;
  const centre = (share + z2 / (2 * total)) / (1 + z2 / total);
  const halfWidth = (Z * Math.sqrt((share * (1 - share)) / total + z2 / (4 * total * total))) / (1 + z2 / total);
  // Rounding would leave 1e-17 where the bound is 0.
  const low = successes === 0 ? 0 : centre - halfWidth;
  const high = successes === total ? 1 : centre + halfWidth;
  return { estimate: share, low, high };
}

/** The mean of scores from 0 to 1, one an item, with its interval. */
export function wilsonMean(scores: readonly number[]): Estimate {
  return wilson(
    scores.reduce((sum, score) => sum + score, 0),
    scores.length,
  );
}
