/** What a classifier is measured to be on labelled documents; for `classifier eval`, and for what `train` held out. */
import {
  averagePrecision,
  bootstrapIntervals,
  brierScore,
  expectedCalibrationError,
  type Interval,
  LabelCounts,
  type LabelQuality,
  macroF1,
  type Observed,
  ObservedScores,
  type Ranking,
  type ReliabilityBin,
  rank,
  reliability,
  rocAuc,
} from "../../../classifiers/evaluation/index.ts";
import type { FastTextScorer } from "../../../classifiers/index.ts";

/** Up to so many labels each gets curve figures of its own: they take nine bytes a document and label. */
const MOST_RANKED_LABELS = 20;

/** A figure, with where it might lie for other documents of the same kind (95 %). */
export interface Estimate extends Interval {
  readonly value: number;
}

export interface Calibration {
  readonly expectedError: number;
  readonly brier: number;
  readonly bins: readonly ReliabilityBin[];
}

export interface LabelFigures extends LabelQuality {
  /** Where the model has few labels. */
  readonly averagePrecision?: number;
  readonly rocAuc?: number;
}

export interface Overall {
  readonly documents: number;
  /** Left out: without a label, and with none that the model knows. */
  readonly unlabelled: number;
  readonly unknown: number;
  readonly k: number;
  readonly precision: Estimate;
  readonly recall: Estimate;
  readonly macroF1: number;
  /** What always saying the most frequent label would give. */
  readonly majority: { readonly label: string; readonly share: number };
  readonly labels: readonly LabelFigures[];
  /** Of the likeliest label's probability. */
  readonly calibration: Calibration;
}

/** Takes documents one by one. */
export class OverallMeasure {
  readonly #scorer: FastTextScorer;
  readonly #k: number;
  readonly #counts: LabelCounts;
  readonly #confidence = new ObservedScores();
  readonly #ranked: readonly ObservedScores[];

  constructor(scorer: FastTextScorer, k = 1) {
    const { labels } = scorer.model;
    this.#scorer = scorer;
    this.#k = k;
    this.#counts = new LabelCounts(labels);
    this.#ranked = labels.length <= MOST_RANKED_LABELS ? labels.map(() => new ObservedScores()) : [];
  }

  get documents(): number {
    return this.#counts.documents;
  }

  add(actual: readonly string[], text: string): void {
    const scorer = this.#scorer;
    const isKnown = scorer.read(text);
    const best = isKnown ? scorer.top(this.#k) : [];
    const counts = this.#counts.add(
      actual,
      best.map(({ label }) => label),
    );
    if (!counts) return;
    const [first] = best;
    if (first !== undefined) this.#confidence.add(first.probability, actual.includes(first.label));
    for (const [label, observed] of this.#ranked.entries()) {
      observed.add(isKnown ? scorer.probabilityOf(label) : 0, actual.includes(scorer.model.labels[label]!));
    }
  }

  take(seed: number): Overall {
    const counts = this.#counts;
    const { precision, recall } = counts.overall();
    const [ofPrecision, ofRecall] = bootstrapIntervals(
      counts.documents,
      (weights) => {
        const resampled = counts.overall(weights);
        return [resampled.precision, resampled.recall];
      },
      seed,
    );
    const labels = counts.byLabel();
    const [first] = labels;
    return {
      documents: counts.documents,
      unlabelled: counts.unlabelled,
      unknown: counts.unknown,
      k: this.#k,
      precision: { value: precision, ...ofPrecision! },
      recall: { value: recall, ...ofRecall! },
      macroF1: macroF1(labels),
      majority: { label: first!.label, share: first!.actual / counts.documents },
      labels: labels.map((quality) => ({ ...quality, ...this.#rankedFigures(quality.label) })),
      calibration: calibrationOf(this.#confidence.take()),
    };
  }

  #rankedFigures(label: string): Pick<LabelFigures, "averagePrecision" | "rocAuc"> {
    const observed = this.#ranked[this.#scorer.model.labels.indexOf(label)];
    if (observed === undefined) return {};
    const ranking = rank(observed.take());
    return { averagePrecision: averagePrecision(ranking), rocAuc: rocAuc(ranking) };
  }
}

export function calibrationOf(observed: Observed): Calibration {
  const bins = reliability(observed);
  return { expectedError: expectedCalibrationError(bins), brier: brierScore(observed), bins };
}

/** Average precision and ROC AUC with their intervals. */
export function rankingFigures(ranking: Ranking, seed: number): { averagePrecision: Estimate; rocAuc: Estimate } {
  const [precision, auc] = bootstrapIntervals(
    ranking.order.length,
    (weights) => [averagePrecision(ranking, weights), rocAuc(ranking, weights)],
    seed,
  );
  return {
    averagePrecision: { value: averagePrecision(ranking), ...precision! },
    rocAuc: { value: rocAuc(ranking), ...auc! },
  };
}
