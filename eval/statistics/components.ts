/** A variance that was estimated, and with how many degrees of freedom. */
export interface VarianceComponent {
  readonly variance: number;
  readonly df: number;
}

/** As good as the normal distribution, and still a number in JSON. */
export const MAX_DF = 1e9;

export const NO_VARIANCE: VarianceComponent = { variance: 0, df: MAX_DF };

/**
 * The sum of independent variances, with Satterthwaite's (1946) degrees of freedom. Each variance counts there with what it
 * may be at worst (its upper 90 % bound): otherwise one of few degrees that is small by chance lends its weight to others
 * of many.
 */
export function sumOfComponents(components: readonly VarianceComponent[]): VarianceComponent {
  let variance = 0;
  let bounds = 0;
  let spread = 0;
  for (const component of components) {
    if (component.variance === 0) continue;
    const bound = component.variance / lowChiSquared(component.df);
    variance += component.variance;
    bounds += bound;
    spread += bound ** 2 / component.df;
  }
  return variance === 0 ? NO_VARIANCE : { variance, df: Math.min(bounds ** 2 / spread, MAX_DF) };
}

/** The χ²/df that is undercut with probability 0.1 (Wilson & Hilferty 1931; below 2 degrees it is too low: more caution). */
function lowChiSquared(df: number): number {
  const spread = 2 / (9 * df);
  return (1 - spread - 1.2815515655446004 * Math.sqrt(spread)) ** 3;
}
