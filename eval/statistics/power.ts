/**
 * The power of the test that comparisons use: the difference lies further from zero than `twoSidedQuantile` of its
 * estimated variances. Given true variances and degrees of freedom, their estimates scatter as χ²/df; power is an average
 * over that scatter. With one component it is the power of the t test (noncentral t).
 */
import { twoSidedQuantile } from "./behrens-fisher.ts";
import type { VarianceComponent } from "./components.ts";
import { gaussLegendre } from "./gauss-legendre.ts";
import { normalCdf } from "./normal.ts";
import { studentTUpperQuantile } from "./student-t.ts";

/** P(a true difference is found), at a two-sided level. */
export function power(difference: number, seed: VarianceComponent, document: VarianceComponent, level: number): number {
  return powerCurve(seed, document, level)(difference);
}

/** The smallest difference that is found with the given power. Relative error below 1e-4. */
export function minimumDetectable(
  seed: VarianceComponent,
  document: VarianceComponent,
  level: number,
  targetPower = 0.8,
): number {
  const se = Math.sqrt(seed.variance + document.variance);
  if (se === 0) return 0;
  const powerOf = powerCurve(seed, document, level);
  let low = 0;
  let high = se;
  while (powerOf(high) < targetPower) {
    low = high;
    high *= 2;
  }
  while (high - low > 1e-5 * high) {
    const middle = (low + high) / 2;
    if (powerOf(middle) < targetPower) low = middle;
    else high = middle;
  }
  return high;
}

/** Distances that have to be exceeded, with the probability of each, in units of the standard error. */
function powerCurve(
  seed: VarianceComponent,
  document: VarianceComponent,
  level: number,
): (difference: number) => number {
  const se = Math.sqrt(seed.variance + document.variance);
  const quantile = quantileCurve(seed.df, document.df, level);
  const seeds = scatter(seed);
  const documents = scatter(document);
  const distances = new Float64Array(seeds.length * documents.length);
  const weights = new Float64Array(distances.length);
  let i = 0;
  for (const s of seeds) {
    for (const d of documents) {
      distances[i] = quantile(s.value, d.value) / se;
      weights[i++] = s.weight * d.weight;
    }
  }
  return (difference) => {
    const shift = difference / se;
    let sum = 0;
    for (const [k, distance] of distances.entries()) {
      sum += weights[k]! * (normalCdf(shift - distance) + normalCdf(-shift - distance));
    }
    return sum;
  };
}

interface Scatter {
  /** √ of a variance's estimate. */
  readonly value: number;
  readonly weight: number;
}

/** √(variance · χ²/df) at points that integrate over it; the density of y = √(χ²/df) is ∝ y^(df−1) exp(−df·y²/2). */
function scatter({ variance, df }: VarianceComponent): readonly Scatter[] {
  if (variance === 0) return [{ value: 0, weight: 1 }];
  const { points, weights } = gaussLegendre(df < 50 ? 40 : 10);
  // y is spread by 1 / √(2 df) about 1.
  const low = Math.max(0, 1 - 5 / Math.sqrt(df));
  const high = 1 + 6 / Math.sqrt(df);
  const logDensities = Array.from(points, (x) => {
    const y = (low + high) / 2 + (x * (high - low)) / 2;
    return { y, log: (df - 1) * Math.log(y) - (df / 2) * (y * y - 1) };
  });
  const raw = logDensities.map(({ y, log }, k) => ({
    value: y * Math.sqrt(variance),
    weight: weights[k]! * Math.exp(log),
  }));
  const total = raw.reduce((sum, { weight }) => sum + weight, 0);
  return raw.map(({ value, weight }) => ({ value, weight: weight / total }));
}

/** `twoSidedQuantile` of standard errors, between points at which it is computed: only their ratio matters, and smoothly. */
function quantileCurve(
  seedDf: number,
  documentDf: number,
  level: number,
): (seSeed: number, seDocument: number) => number {
  const n = 16;
  const angles: number[] = [];
  const logs: number[] = [];
  const known = (angle: number) => {
    if (angle === 0) return studentTUpperQuantile(level / 2, documentDf);
    if (angle === Math.PI / 2) return studentTUpperQuantile(level / 2, seedDf);
    const seed = { variance: Math.sin(angle) ** 2, df: seedDf };
    return twoSidedQuantile(level, seed, { variance: Math.cos(angle) ** 2, df: documentDf });
  };
  return (seSeed, seDocument) => {
    const angle = seDocument === 0 ? Math.PI / 2 : seSeed === 0 ? 0 : Math.atan2(seSeed, seDocument);
    const size = Math.hypot(seSeed, seDocument);
    if (angle === 0 || angle === Math.PI / 2) return known(angle) * size;
    for (let k = angles.length; k <= n; k++) {
      angles[k] = k === n ? Math.PI / 2 : (Math.PI / 4) * (1 - Math.cos((Math.PI * k) / n));
      logs[k] = Math.log(known(angles[k]!));
    }
    return Math.exp(chebyshevInterpolation(angles, logs, angle)) * size;
  };
}

/** Barycentric, on Chebyshev points of the second kind (Berrut & Trefethen 2004, eq. 5.4). */
function chebyshevInterpolation(at: readonly number[], values: readonly number[], x: number): number {
  let numerator = 0;
  let denominator = 0;
  for (const [k, point] of at.entries()) {
    if (point === x) return values[k]!;
    const end = k === 0 || k === at.length - 1 ? 0.5 : 1;
    const weight = (k % 2 === 0 ? end : -end) / (x - point);
    numerator += weight * values[k]!;
    denominator += weight;
  }
  return numerator / denominator;
}
