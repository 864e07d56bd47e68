/** Figures of classifiers for people. */
import { count, percent, table } from "../show.ts";
import type { Calibration, Estimate, Overall } from "./measure.ts";

const MOST_LABELS_SHOWN = 20;

export function figure(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : "–";
}

export function estimate({ value, low, high }: Estimate): string {
  return `${figure(value)} (${figure(low)} … ${figure(high)})`;
}

export function describeOverall(overall: Overall): string[] {
  const { documents, unlabelled, unknown, k, precision, recall, majority, labels } = overall;
  const shown = labels.slice(0, MOST_LABELS_SHOWN);
  const isRanked = labels.every(({ rocAuc }) => rocAuc !== undefined);
  const leftOut = [
    ...(unlabelled > 0 ? [`${count(unlabelled)} without a label`] : []),
    ...(unknown > 0 ? [`${count(unknown)} with none that the model knows`] : []),
  ];
  return [
    `${count(documents)} documents${leftOut.length > 0 ? `; left out: ${leftOut.join(", ")}` : ""}`,
    table([
      ["", "", "95 %"],
      [`precision at ${k}`, figure(precision.value), `${figure(precision.low)} … ${figure(precision.high)}`],
      [`recall at ${k}`, figure(recall.value), `${figure(recall.low)} … ${figure(recall.high)}`],
      ["macro F1", figure(overall.macroF1)],
      [`always "${majority.label}"`, figure(majority.share)],
    ]),
    table([
      [
        "label",
        "documents",
        "predicted",
        "precision",
        "recall",
        "F1",
        ...(isRanked ? ["average precision", "ROC AUC"] : []),
      ],
      ...shown.map((one) => [
        one.label,
        ...[count(one.actual), count(one.predicted), figure(one.precision), figure(one.recall), figure(one.f1)],
        ...(isRanked ? [figure(one.averagePrecision!), figure(one.rocAuc!)] : []),
      ]),
    ]),
    ...(labels.length > shown.length
      ? [`  … and ${count(labels.length - shown.length)} labels more (--json has all)`]
      : []),
    ...describeCalibration(overall.calibration, "the likeliest label's probability"),
  ];
}

export function describeCalibration({ expectedError, brier, bins }: Calibration, what: string): string[] {
  const filled = bins.filter(({ documents }) => documents > 0);
  const all = filled.reduce((sum, { documents }) => sum + documents, 0);
  return [
    `calibration of ${what}: expected error ${figure(expectedError)}, Brier score ${figure(brier)}`,
    table([
      ["said", "documents", "", "in the mean", "came true"],
      ...filled.map(({ low, high, documents, meanScore, positiveShare }) => [
        `${low.toFixed(1)} to ${high.toFixed(1)}`,
        ...[count(documents), percent(documents, all), figure(meanScore), figure(positiveShare)],
      ]),
    ]),
  ];
}
