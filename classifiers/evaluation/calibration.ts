/** Whether probabilities are what they say: of what is said to be 0.8, four in five should come true. */
import type { Observed } from "./observed.ts";

export interface ReliabilityBin {
  /** Scores from `low` (included) to `high` (left out, except 1). */
  readonly low: number;
  readonly high: number;
  readonly documents: number;
  /** What was said, in the mean, and what came true; not numbers where the bin is empty. */
  readonly meanScore: number;
  readonly positiveShare: number;
}

/** Bins of equal width. */
export function reliability({ scores, positives }: Observed, bins = 10): ReliabilityBin[] {
  const documents = new Float64Array(bins);
  const said = new Float64Array(bins);
  const came = new Float64Array(bins);
  for (let i = 0; i < scores.length; i++) {
    const bin = Math.min(bins - 1, Math.floor(scores[i]! * bins));
    documents[bin]!++;
    said[bin]! += scores[i]!;
    came[bin]! += positives[i]!;
  }
  return Array.from(documents, (count, bin) => ({
    low: bin / bins,
    high: (bin + 1) / bins,
    documents: count,
    meanScore: said[bin]! / count,
    positiveShare: came[bin]! / count,
  }));
}

/**
 * Expected calibration error: how far bins are off, in the mean over documents (Guo et al. 2017). It depends on the bins
 * and is never quite 0 on few documents.
 */
export function expectedCalibrationError(bins: readonly ReliabilityBin[]): number {
  const filled = bins.filter(({ documents }) => documents > 0);
  const all = filled.reduce((sum, { documents }) => sum + documents, 0);
  return filled.reduce(
    (sum, { documents, meanScore, positiveShare }) => sum + (documents / all) * Math.abs(meanScore - positiveShare),
    0,
  );
}

/** Brier score: the mean square of what a probability was off. 0 is best; always saying 0.5 gives 0.25. */
export function brierScore({ scores, positives }: Observed): number {
  return scores.reduce((sum, score, i) => sum + (score - positives[i]!) ** 2, 0) / scores.length;
}
