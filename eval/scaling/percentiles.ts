/** Where the middle 95 % of resampled figures lie. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** From the 2.5th to the 97.5th percentile, between neighbours by their distance (numpy's default). */
export function interval(values: readonly number[]): Interval {
  const sorted = Float64Array.from(values).sort();
  return { low: percentile(sorted, 0.025), high: percentile(sorted, 0.975) };
}

function percentile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  const way = position - Math.floor(position);
  // There is nothing between a number and the infinite: the nearer of the two is taken.
  if (!Number.isFinite(below) || !Number.isFinite(above)) return way < 0.5 ? below : above;
  return below + way * (above - below);
}
