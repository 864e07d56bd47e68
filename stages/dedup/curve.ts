/**
 * The chance that banding makes two pages candidates of each other, given the Jaccard similarity of their shingle
 * sets: a row agrees with probability s, a band of r rows with s^r, and one of b bands with 1 − (1 − s^r)^b
 * (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, §3.4). The steep part lies near (1/b)^(1/r): at 0.72 for
 * 14 bands of 8 rows.
 */
import type { MinhashSettings, Unit } from "./configurations.ts";

export function duplicateProbability(similarity: number, bands: number, rows: number): number {
  return 1 - (1 - similarity ** rows) ** bands;
}

/**
 * The curve turned round: the similarity that best explains `sharedBands` of `bands` agreeing. It is all that is known
 * of a pair whose shingles are not compared.
 */
export function similarityFromBands(sharedBands: number, bands: number, rows: number): number {
  return (sharedBands / bands) ** (1 / rows);
}

export interface CurvePoint {
  readonly similarity: number;
  /** That two pages of this similarity are compared. */
  readonly probability: number;
}

const SIMILARITIES = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

/** The curve at similarities from 0.5 to 0.95. */
export function curveOf({ bands, rows }: Pick<MinhashSettings, "bands" | "rows">): readonly CurvePoint[] {
  return SIMILARITIES.map((similarity) => ({ similarity, probability: duplicateProbability(similarity, bands, rows) }));
}

const UNIT_NAMES: Readonly<Record<Unit, string>> = {
  words: "words",
  chars: "characters",
  "clean-chars": "characters in lower case, without punctuation",
};

/** The curve as a table to print. */
export function describeCurve(settings: MinhashSettings): string {
  const { bands, rows, ngram, unit } = settings;
  const steepest = ((1 / bands) ** (1 / rows)).toFixed(2);
  return [
    `${bands} bands of ${rows} hashes, shingles of ${ngram} ${UNIT_NAMES[unit]}; steepest near ${steepest}`,
    "",
    "similarity  compared",
    ...curveOf(settings).map(
      ({ similarity, probability }) => `      ${similarity.toFixed(2)}  ${percent(probability).padStart(8)}`,
    ),
    "",
  ].join("\n");
}

/** One decimal, and never 0 or 100: pages that are alike in part may meet or not. */
function percent(probability: number): string {
  const text = (100 * probability).toFixed(1);
  return `${text === "0.0" ? "< 0.1" : text === "100.0" ? "> 99.9" : text} %`;
}
