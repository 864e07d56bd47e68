/**
 * How far a mean may lie off by chance when its variance is the sum of two that were estimated apart, here of seeds and of
 * documents: |SE_seed · T_f + SE_document · T_g| with independent Student variables (the Behrens–Fisher distribution).
 *
 * Satterthwaite's single t with fitted degrees of freedom is too hopeful from few seeds: a seed variance that is small by
 * chance passes for document noise, which has many degrees of freedom. Figures are in docs/results/2026-11-29-statistics.md.
 */
import type { VarianceComponent } from "./components.ts";
import { gaussLegendre } from "./gauss-legendre.ts";
import { studentTDensity, studentTTail, studentTUpperQuantile } from "./student-t.ts";

const { points, weights } = gaussLegendre(6);

/** P(|√a.variance · T + √b.variance · T'| > distance). */
export function twoSidedTail(distance: number, a: VarianceComponent, b: VarianceComponent): number {
  const [inner, outer] = a.variance > b.variance ? [b, a] : [a, b];
  const scale = Math.sqrt(outer.variance);
  if (scale === 0) return distance === 0 ? 1 : 0;
  if (inner.variance === 0) return 2 * studentTTail(distance / scale, outer.df);

  // Over u, the larger one's t: P(other > (distance − scale · u) / spread). Its step lies at `edge` and is `width` wide.
  const spread = Math.sqrt(inner.variance);
  const edge = distance / scale;
  const width = spread / scale;
  const bounds = breakpoints(outer.df, edge, width, inner.df);
  let sum = studentTTail(bounds.at(-1)!, outer.df);
  for (let p = 1; p < bounds.length; p++) {
    const half = (bounds[p]! - bounds[p - 1]!) / 2;
    const middle = (bounds[p]! + bounds[p - 1]!) / 2;
    for (let k = 0; k < points.length; k++) {
      const u = middle + half * points[k]!;
      const t = (edge - u) / width;
      const above = t < 0 ? 1 - studentTTail(-t, inner.df) : studentTTail(t, inner.df);
      sum += half * weights[k]! * above * studentTDensity(u, outer.df);
    }
  }
  return 2 * sum;
}

/** Panels double in length away from 0, where the density is, and from the edge, where the other variable's step is. */
function breakpoints(outerDf: number, edge: number, width: number, innerDf: number): number[] {
  const bounds = [0, edge];
  const far = reach(outerDf);
  for (let u = 0.75; ; u *= 2) {
    bounds.push(-u, u);
    if (u > far) break;
  }
  for (let u = width * 0.75; u < width * reach(innerDf) && u < far; u *= 2) bounds.push(edge - u, edge + u);
  const [low, high] = [Math.min(...bounds), Math.max(...bounds)];
  return [...new Set(bounds)].filter((u) => u >= low && u <= high).sort((x, y) => x - y);
}

/** Beyond it lies a share of 1e-10, or what heavy tails leave at 1e5. */
function reach(df: number): number {
  return Math.min(studentTUpperQuantile(1e-10, df), 1e5);
}

/** The distance that is exceeded with probability `level`. */
export function twoSidedQuantile(level: number, a: VarianceComponent, b: VarianceComponent): number {
  const scaleA = Math.sqrt(a.variance);
  const scaleB = Math.sqrt(b.variance);
  if (scaleA === 0) return scaleB * studentTUpperQuantile(level / 2, b.df);
  if (scaleB === 0) return scaleA * studentTUpperQuantile(level / 2, a.df);
  // |x + y| > q needs |x| or |y| beyond its share of q; and the sum is wider than either alone.
  let low = Math.log(
    Math.max(scaleA * studentTUpperQuantile(level / 2, a.df), scaleB * studentTUpperQuantile(level / 2, b.df)),
  );
  let high = low + Math.LN2;
  // Secant on (ln q, ln tail), which is nearly straight; kept between the bounds.
  let at = low;
  let error = Math.log(twoSidedTail(Math.exp(at), a, b) / level);
  let slope = -3;
  for (let i = 0; i < 60 && Math.abs(error) > 1e-9; i++) {
    let next = at - error / slope;
    if (!(next >= low && next <= high)) next = (low + high) / 2;
    const nextError = Math.log(twoSidedTail(Math.exp(next), a, b) / level);
    if (nextError > 0) low = next;
    else high = next;
    if (next !== at) slope = (nextError - error) / (next - at);
    [at, error] = [next, nextError];
    if (high - low < 1e-12) break;
  }
  return Math.exp(at);
}
