/** Intervals by resampling: how far a figure might have come out otherwise with other documents of the same kind. */
import { seededRandom } from "../../pipeline/random.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Draws in all; large sets need fewer resamples, since their figures move less. */
const MOST_DRAWS = 3e7;
const FEWEST_RESAMPLES = 200;
const MOST_RESAMPLES = 1000;

/**
 * 95 % intervals of figures that are computed from documents. As many documents as there are are drawn with replacement,
 * over and over; `measure` is told how often each was drawn. From the 2.5th to the 97.5th percentile. A resample that
 * gives a figure no value (no document with the label, say) says nothing about that figure.
 */
export function bootstrapIntervals(
  documents: number,
  measure: (weights: Uint32Array) => readonly number[],
  seed = 0,
): Interval[] {
  const random = seededRandom(seed);
  const resamples = Math.max(FEWEST_RESAMPLES, Math.min(MOST_RESAMPLES, Math.floor(MOST_DRAWS / documents)));
  const weights = new Uint32Array(documents);
  const figures: number[][] = [];
  for (let resample = 0; resample < resamples; resample++) {
    weights.fill(0);
    for (let draw = 0; draw < documents; draw++) weights[Math.floor(random() * documents)]!++;
    for (const [i, figure] of measure(weights).entries()) {
      figures[i] ??= [];
      if (!Number.isNaN(figure)) figures[i].push(figure);
    }
  }
  return figures.map((values) => {
    const sorted = Float64Array.from(values).sort();
    return { low: percentile(sorted, 0.025), high: percentile(sorted, 0.975) };
  });
}

/** Between neighbours by their distance (numpy's default). */
function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  return below + (position - Math.floor(position)) * (sorted[Math.ceil(position)]! - below);
}
