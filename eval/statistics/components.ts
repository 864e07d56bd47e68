/** A variance that was estimated, and with how many degrees of freedom. */
export interface VarianceComponent {
  readonly variance: number;
  readonly df: number;
}

/** As good as the normal distribution, and still a number in JSON. */
export const MAX_DF = 1e9;

export const NO_VARIANCE: VarianceComponent = { variance: 0, df: MAX_DF };

/**
 * The sum of independent variances, with Satterthwaite's (1946) degrees of freedom. There, each variance counts with its
 * upper 75 % bound: otherwise one of two clusters that is small by chance lends its weight to others of many (up to 12 %
 * false verdicts in place of 5 %, docs/results/2026-11-29-statistics.md).
 */
export function sumOfComponents(components: readonly VarianceComponent[]): VarianceComponent {
  let variance = 0;
  let bounds = 0;
  let spread = 0;
  for (const component of components) {
    if (component.variance === 0) continue;
    const bound = component.variance / lowerQuartile(component.df);
    variance += component.variance;
    bounds += bound;
    spread += bound ** 2 / component.df;
  }
  return variance === 0 ? NO_VARIANCE : { variance, df: Math.min(bounds ** 2 / spread, MAX_DF) };
}

/** Of χ²/df, to 5 % (Wilson & Hilferty 1931). */
function lowerQuartile(df: number): number {
  const spread = 2 / (9 * df);
  return (1 - spread - 0.6744897501960817 * Math.sqrt(spread)) ** 3;
}
