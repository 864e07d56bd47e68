/** Two independent sources of variance, seeds and documents, that add: SE² = SE_seed² + SE_document². */

/** A variance that was estimated, and with how many degrees of freedom. */
export interface VarianceComponent {
  readonly variance: number;
  readonly df: number;
}

/** As good as the normal distribution. */
export const MAX_DF = 1e9;

export function sumOfComponents(seed: VarianceComponent, document: VarianceComponent): VarianceComponent {
  const variance = seed.variance + document.variance;
  if (variance === 0) return { variance, df: MAX_DF };
  const spread = square(seed.variance) / seed.df + square(document.variance) / document.df;
  return { variance, df: Math.min(square(variance) / spread, MAX_DF) };
}

function square(x: number): number {
  return x * x;
}
