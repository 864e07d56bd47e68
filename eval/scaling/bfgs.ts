/**
 * Minimises a function with a known gradient by BFGS. The line search is bisection to the weak Wolfe conditions, which
 * also holds out where the function has kinks: Huber's loss with a small δ nearly has one at every point (Lewis and
 * Overton 2013, "Nonsmooth optimization via quasi-Newton methods", algorithm 2.6).
 */

/** Writes the gradient at `x` and returns the value. */
export type Differentiable = (x: Float64Array, gradient: Float64Array) => number;

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** The gradient is as good as zero, or no step goes further down. False where iterations ran out. */
  readonly isConverged: boolean;
}

const MAX_ITERATIONS = 500;
const MAX_BISECTIONS = 60;
/** Of the Wolfe conditions: how much of the promised descent must come true, how much of the slope may be left. */
const SUFFICIENT_DESCENT = 1e-4;
const CURVATURE = 0.9;
const GRADIENT_TOLERANCE = 1e-10;
/** Iterations that bring less than this share of the value are counted; so many in a row end it. */
const STALLED_SHARE = 1e-13;
const MAX_STALLED = 5;

/** The same start ends in the same minimum, bit by bit. */
export function minimise(f: Differentiable, start: Float64Array): Minimum {
  const n = start.length;
  let x = start.slice();
  let gradient = new Float64Array(n);
  let value = f(x, gradient);
  let inverseHessian = identity(n, 1);
  let stalled = 0;
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    if (largest(gradient) <= GRADIENT_TOLERANCE) return { x, value, iterations: iteration, isConverged: true };
    const direction = times(inverseHessian, gradient).map((d) => -d);
    const found = lineSearch(f, x, value, gradient, direction);
    if (found === undefined) return { x, value, iterations: iteration, isConverged: true };
    const step = found.x.map((xi, i) => xi - x[i]!);
    const change = found.gradient.map((gi, i) => gi - gradient[i]!);
    stalled = value - found.value <= STALLED_SHARE * Math.abs(value) ? stalled + 1 : 0;
    const curvature = dot(step, change);
    if (curvature > 0) {
      // Nocedal and Wright 2006, eq. 6.20: the first guess takes the scale that the first step shows.
      if (iteration === 0) inverseHessian = identity(n, curvature / dot(change, change));
      update(inverseHessian, step, change, curvature);
    }
    ({ x, value, gradient } = found);
    if (stalled >= MAX_STALLED) return { x, value, iterations: iteration + 1, isConverged: true };
  }
  return { x, value, iterations: MAX_ITERATIONS, isConverged: false };
}

interface Point {
  readonly x: Float64Array<ArrayBuffer>;
  readonly value: number;
  readonly gradient: Float64Array<ArrayBuffer>;
}

/** A point along the direction that fulfils the weak Wolfe conditions, or the lowest one that was met on the way. */
function lineSearch(
  f: Differentiable,
  x: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
): Point | undefined {
  const slope = dot(gradient, direction);
  if (!(slope < 0)) return undefined;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let length = 1;
  let best: Point | undefined;
  for (let i = 0; i < MAX_BISECTIONS; i++) {
    const there = Float64Array.from(x, (xi, j) => xi + length * direction[j]!);
    const gradientThere = new Float64Array(x.length);
    const valueThere = f(there, gradientThere);
    // Written so that what is no number counts as too far.
    if (!(valueThere <= value + SUFFICIENT_DESCENT * length * slope)) high = length;
    else {
      if (best === undefined || valueThere < best.value)
        best = { x: there, value: valueThere, gradient: gradientThere };
      if (dot(gradientThere, direction) >= CURVATURE * slope) return best;
      low = length;
    }
    length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
  }
  return best !== undefined && best.value < value ? best : undefined;
}

/** H ← (I − ρsyᵀ) H (I − ρysᵀ) + ρssᵀ, with ρ = 1 / yᵀs. */
function update(h: Float64Array[], s: Float64Array, y: Float64Array, curvature: number): void {
  const rho = 1 / curvature;
  const hy = times(h, y);
  const scale = rho * (1 + rho * dot(y, hy));
  for (let i = 0; i < s.length; i++) {
    for (let j = 0; j < s.length; j++) {
      h[i]![j]! += scale * s[i]! * s[j]! - rho * (hy[i]! * s[j]! + s[i]! * hy[j]!);
    }
  }
}

function identity(n: number, scale: number): Float64Array[] {
  return Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (_, j) => (i === j ? scale : 0)));
}

function times(matrix: readonly Float64Array[], vector: Float64Array): Float64Array {
  return Float64Array.from(matrix, (row) => dot(row, vector));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function largest(vector: Float64Array): number {
  return vector.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
}
