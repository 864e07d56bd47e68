/** `sluice classifier eval`: what a classifier is worth on labelled texts that it was not trained on. */
import { Command, InvalidArgumentError } from "commander";
import {
  bootstrapIntervals,
  chooseThreshold,
  cutAt,
  cuts,
  type Objective,
  ObservedScores,
  type Quality,
  qualityOf,
  type Ranking,
  rank,
  totals,
} from "../../../classifiers/evaluation/index.ts";
import { FastTextScorer, loadFastTextModel } from "../../../classifiers/index.ts";
import { FormatError, RecipeError } from "../../errors.ts";
import { probability, wholeNumber } from "../numbers.ts";
import { openProgress, type ProgressLine } from "../progress.ts";
import { positiveInt } from "../run.ts";
import { count, percent, table } from "../show.ts";
import { openOutput } from "../tokenizer/output.ts";
import { describeCalibration, describeOverall, estimate, figure } from "./describe.ts";
import {
  DocumentReader,
  expectSome,
  filesOf,
  isSetApart,
  keyOf,
  type LabelledFile,
  namesOf,
  type ReadFlags,
  withLabelFlags,
  withoutPrefix,
  withReadFlags,
} from "./documents.ts";
import { type Calibration, calibrationOf, type Estimate, OverallMeasure, rankingFigures } from "./measure.ts";

const CURVE_RECALLS = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
const CURVE_ROWS_AT_ONCE = 1000;
/** Of thresholds on a curve: those of a sure model lie close below 1. */
const SHOWN_DIGITS = 5;
/** A share that is off by more of itself than this is not what was asked for. */
const SHARE_TOLERANCE = 0.1;
const MOST_LABELS_TOLD = 12;

interface NamedObjective {
  /** As it was asked for: "precision=0.9". */
  readonly name: string;
  readonly objective: Objective;
}

interface Flags extends ReadFlags {
  readonly k: number;
  readonly label?: string;
  readonly gold?: string;
  readonly choose?: readonly NamedObjective[];
  readonly threshold?: readonly number[];
  readonly curve?: string;
  readonly seed: number;
  readonly json?: boolean;
}

export function evalCommand(): Command {
  return withLabelFlags(
    withReadFlags(
      new Command("eval")
        .description("Measure a classifier on labelled texts: precision, recall, curves, calibration, thresholds.")
        .argument("<model>", "a fastText classifier, .bin or .ftz")
        .argument(
          "[files...]",
          "labelled texts, one a line: .jsonl, or lines of fastText; .gz and .zst are decompressed",
        ),
    ),
  )
    .option("--k <n>", "precision and recall of the k likeliest labels", positiveInt, 1)
    .option("--label <label>", "look at one label: curve, calibration, thresholds of its probability")
    .option("--gold <label>", "what the texts call that label, where they have another name for it")
    .option(
      "--choose <aim>",
      "choose a threshold: precision=P or recall=R (at least), f1 (or f0.5, f2), share=Q (of texts kept); may be repeated",
      addObjective,
    )
    .option("--threshold <p>", "tell what this threshold gives; may be repeated", addThreshold)
    .option("--curve <file>", "write every point of the precision–recall curve as CSV")
    .option("--seed <n>", "of intervals, and of the part that thresholds are chosen on", wholeNumber, 0)
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText(
      "after",
      `
Thresholds are chosen on one half of the texts, and what they give is told of the other half; copies of a text are in one.
Intervals (95 %) are over texts. They say nothing of texts of another kind, or of another seed of training.

Examples:
  sluice classifier eval spam.bin held-out.jsonl
  sluice classifier eval spam.bin held-out.jsonl --label spam --choose precision=0.99 --curve curve.csv
  sluice classifier eval quality.bin judged.jsonl --label hq --gold 1 --choose share=0.1 --threshold 0.018112 --json
`,
    )
    .action(evaluate);
}

function addObjective(text: string, before: readonly NamedObjective[] = []): readonly NamedObjective[] {
  const [, beta] = /^f(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (beta !== undefined && Number(beta) > 0) {
    return [...before, { name: text, objective: { kind: "f", beta: Number(beta) } }];
  }
  const [, kind, number] = /^(precision|recall|share)=([\d.]+)$/.exec(text) ?? [];
  const share = Number(number);
  if (kind === undefined || !(share > 0 && share <= 1)) {
    throw new InvalidArgumentError(
      `expected precision=P, recall=R or share=Q with a number above 0 and up to 1, or f1, f0.5, f2; found ${JSON.stringify(text)}`,
    );
  }
  const objective: Objective =
    kind === "share" ? { kind, nearest: share } : { kind: kind as "precision" | "recall", atLeast: share };
  return [...before, { name: text, objective }];
}

function addThreshold(text: string, before: readonly number[] = []): readonly number[] {
  const value = probability(text);
  if (value !== undefined) return [...before, value];
  throw new InvalidArgumentError(`expected a probability from 0 to 1, found ${JSON.stringify(text)}`);
}

async function evaluate(path: string, paths: string[], flags: Flags): Promise<void> {
  const files = filesOf(paths, flags);
  const { label, json = false } = flags;
  if (label === undefined) {
    const needing = (["gold", "choose", "threshold", "curve"] as const).find((flag) => flags[flag] !== undefined);
    if (needing !== undefined) throw new RecipeError(`--${needing}: is about one label; give it, too (--label NAME)`);
  }
  const scorer = new FastTextScorer(loadFastTextModel(path));
  const reader = new DocumentReader(flags);
  const progress = openProgress();
  try {
    if (label === undefined) {
      const overall = await measureAll(scorer, path, reader, files, flags, progress);
      progress.close();
      const figures = { model: path, files: digestsOf(reader), ...overall };
      console.log(json ? JSON.stringify({ type: "classifier-eval", ...figures }) : describeOverall(overall).join("\n"));
    } else {
      const measured = await measureLabel(scorer, path, withoutPrefix(label), reader, files, flags, progress);
      progress.close();
      const figures = { model: path, files: digestsOf(reader), ...measured };
      console.log(json ? JSON.stringify({ type: "classifier-eval", ...figures }) : describeLabel(measured).join("\n"));
    }
  } finally {
    progress.close();
  }
}

function digestsOf({ digests }: DocumentReader): object[] {
  return [...digests].map(([file, digest]) => ({ file, ...digest }));
}

async function measureAll(
  scorer: FastTextScorer,
  path: string,
  reader: DocumentReader,
  files: readonly LabelledFile[],
  { k, seed }: Flags,
  progress: ProgressLine,
) {
  const overall = new OverallMeasure(scorer, k);
  const found = new Set<string>();
  let documents = 0;
  for await (const { labels, text } of reader.read(files)) {
    documents++;
    progress.show(reader.share, () => `${count(documents)} texts`);
    if (found.size < MOST_LABELS_TOLD) for (const label of labels) found.add(label);
    overall.add(labels, text);
  }
  expectSome(documents, files);
  if (overall.documents === 0) {
    throw new FormatError(
      `${namesOf(files)}: found no text with a label that ${path} knows (the texts have: ${[...found].join(", ") || "none"}; the model: ${listed(scorer)})`,
    );
  }
  return overall.take(seed);
}

function listed({ model: { labels } }: FastTextScorer): string {
  return labels.slice(0, MOST_LABELS_TOLD).join(", ") + (labels.length > MOST_LABELS_TOLD ? ", …" : "");
}

/** What a threshold keeps. */
interface Outcome {
  readonly documents: number;
  readonly precision: Estimate;
  readonly recall: Estimate;
  readonly f1: Estimate;
  readonly share: Estimate;
}

interface Choice {
  /** "precision=0.9". */
  readonly aim: string;
  /** Null where no threshold does what was asked for. */
  readonly threshold: number | null;
  /** On the half that it was chosen on: too good to be true. */
  readonly chosenOn?: Quality & { readonly documents: number };
  readonly otherHalf?: Outcome;
}

interface LabelMeasured {
  readonly label: string;
  readonly gold: string;
  readonly documents: number;
  readonly positives: number;
  readonly averagePrecision: Estimate;
  readonly rocAuc: Estimate;
  readonly curve: readonly (Quality & { readonly threshold: number })[];
  readonly calibration: Calibration;
  readonly choices: readonly Choice[];
  readonly thresholds: readonly (Outcome & { readonly threshold: number })[];
}

async function measureLabel(
  scorer: FastTextScorer,
  path: string,
  label: string,
  reader: DocumentReader,
  files: readonly LabelledFile[],
  { gold: named = label, choose = [], threshold = [], curve, seed }: Flags,
  progress: ProgressLine,
): Promise<LabelMeasured> {
  const gold = withoutPrefix(named);
  const number = scorer.model.labels.indexOf(label);
  if (number === -1) throw new RecipeError(`--label: ${path} has no label "${label}" (it has: ${listed(scorer)})`);
  const all = new ObservedScores();
  const halves = [new ObservedScores(), new ObservedScores()] as const;
  const found = new Set<string>();
  let documents = 0;
  for await (const { labels, text } of reader.read(files)) {
    documents++;
    progress.show(reader.share, () => `${count(documents)} texts`);
    if (found.size < MOST_LABELS_TOLD) for (const one of labels) found.add(one);
    const score = scorer.read(text) ? scorer.probabilityOf(number) : 0;
    const isPositive = labels.includes(gold);
    all.add(score, isPositive);
    if (choose.length > 0) halves[isSetApart(keyOf(text), 0.5, "choose", seed) ? 0 : 1].add(score, isPositive);
  }
  expectSome(documents, files);
  const observed = all.take();
  const ranking = rank(observed);
  const { positives, negatives } = totals(ranking);
  if (positives === 0 || negatives === 0) {
    throw new FormatError(
      `${namesOf(files)}: found ${count(positives)} texts with the label "${gold}" and ${count(negatives)} without (labels: ${[...found].join(", ") || "none"}); expected both (--gold says what the texts call it)`,
    );
  }
  if (curve !== undefined) await writeCurve(curve, files[0]!.file, ranking);
  const [half, other] = [rank(halves[0].take()), rank(halves[1].take())];
  return {
    label,
    gold,
    documents,
    positives,
    ...rankingFigures(ranking, seed),
    curve: curvePoints(ranking),
    calibration: calibrationOf(observed),
    choices: choose.map((one) => choiceOf(one, half, other, seed)),
    thresholds: threshold.map((one) => ({ threshold: one, ...outcomeOf(ranking, one, seed) })),
  };
}

function choiceOf({ name, objective }: NamedObjective, half: Ranking, other: Ranking, seed: number): Choice {
  const threshold = chooseThreshold(half, objective);
  if (threshold === undefined) return { aim: name, threshold: null };
  const chosenOn = { documents: half.order.length, ...qualityOf(cutAt(half, threshold), totals(half)) };
  return { aim: name, threshold, chosenOn, otherHalf: outcomeOf(other, threshold, seed) };
}

function outcomeOf(ranking: Ranking, threshold: number, seed: number): Outcome {
  const found = qualityOf(cutAt(ranking, threshold), totals(ranking));
  const names = ["precision", "recall", "f1", "share"] as const;
  const intervals = bootstrapIntervals(
    ranking.order.length,
    (weights) => {
      const resampled = qualityOf(cutAt(ranking, threshold, weights), totals(ranking, weights));
      return names.map((name) => resampled[name]);
    },
    seed,
  );
  const [precision, recall, f1, share] = names.map((name, i) => ({ value: found[name], ...intervals[i]! }));
  return { documents: ranking.order.length, precision: precision!, recall: recall!, f1: f1!, share: share! };
}

/** Where recall first reaches round figures. */
function curvePoints(ranking: Ranking): LabelMeasured["curve"] {
  const all = totals(ranking);
  const points: (Quality & { threshold: number })[] = [];
  for (const cut of cuts(ranking)) {
    const quality = qualityOf(cut, all);
    if (quality.recall < CURVE_RECALLS[points.length]!) continue;
    while (points.length < CURVE_RECALLS.length && quality.recall >= CURVE_RECALLS[points.length]!) {
      points.push({ threshold: cut.threshold, ...quality });
    }
    if (points.length === CURVE_RECALLS.length) break;
  }
  return points;
}

async function writeCurve(path: string, input: string, ranking: Ranking): Promise<void> {
  const all = totals(ranking);
  const output = await openOutput(path, input);
  try {
    let rows = ["threshold,true_positives,false_positives,precision,recall,f1,share"];
    const flush = async () => {
      await output.write(Buffer.from(rows.map((row) => `${row}\n`).join("")));
      rows = [];
    };
    for (const cut of cuts(ranking)) {
      const { precision, recall, f1, share } = qualityOf(cut, all);
      rows.push([cut.threshold, cut.truePositives, cut.falsePositives, precision, recall, f1, share].join(","));
      if (rows.length === CURVE_ROWS_AT_ONCE) await flush();
    }
    await flush();
    await output.finish();
  } finally {
    await output.discard();
  }
}

function describeLabel(measured: LabelMeasured): string[] {
  const { label, gold, documents, positives, averagePrecision, rocAuc, curve, calibration, choices, thresholds } =
    measured;
  const share = positives / documents;
  return [
    `"${label}": ${count(documents)} texts, ${count(positives)} of them ${gold === label ? "with it" : `"${gold}"`} (${percent(positives, documents)})`,
    table([
      ["", "", "95 %", "guessing"],
      ["average precision", ...spread(averagePrecision), figure(share)],
      ["ROC AUC", ...spread(rocAuc), figure(0.5)],
    ]),
    "precision–recall curve, all texts:",
    table([
      ["recall", ...CURVE_RECALLS.map((recall) => `≥ ${recall}`)],
      ["precision", ...curve.map(({ precision }) => figure(precision))],
      ["share kept", ...curve.map(({ share: kept }) => figure(kept))],
      ["threshold", ...curve.map(({ threshold }) => String(Number(threshold.toPrecision(SHOWN_DIGITS))))],
    ]),
    ...describeCalibration(calibration, `the probability of "${label}"`),
    ...(choices.length === 0 ? [] : describeChoices(choices)),
    ...(thresholds.length === 0
      ? []
      : [
          "given thresholds, all texts:",
          table([
            ["threshold", ...OUTCOME_HEADING],
            ...thresholds.map(({ threshold, ...outcome }) => [String(threshold), ...outcomeCells(outcome)]),
          ]),
        ]),
  ];
}

const OUTCOME_HEADING = ["texts", "precision", "recall", "F1", "share kept"];

function describeChoices(choices: readonly Choice[]): string[] {
  const rows = choices.flatMap(({ aim, threshold, chosenOn, otherHalf }) =>
    threshold === null
      ? [[aim, "none"]]
      : [
          [aim, String(threshold), "the other half", ...outcomeCells(otherHalf!)],
          [
            ...["", "", "where it was chosen", count(chosenOn!.documents)],
            ...[chosenOn!.precision, chosenOn!.recall, chosenOn!.f1, chosenOn!.share].map(figure),
          ],
        ],
  );
  const none = choices.filter(({ threshold }) => threshold === null).map(({ aim }) => aim);
  return [
    "thresholds chosen on one half of the texts:",
    table([["aim", "threshold", "on", ...OUTCOME_HEADING], ...rows]),
    ...(none.length === 0
      ? []
      : [`note: no threshold gives ${none.join(" or ")} where it was to be chosen; ask for less`]),
    ...choices.filter(isFarFromShare).map(({ aim, chosenOn }) => {
      return `note: no threshold up to 1 comes nearer to ${aim} than ${figure(chosenOn!.share)}: too many texts score alike, or 1; train with fewer epochs or a lower rate`;
    }),
  ];
}

function isFarFromShare({ aim, chosenOn }: Choice): boolean {
  const [, asked] = /^share=(.+)$/.exec(aim) ?? [];
  if (asked === undefined || chosenOn === undefined) return false;
  return Math.abs(chosenOn.share - Number(asked)) > SHARE_TOLERANCE * Number(asked);
}

function outcomeCells({ documents, precision, recall, f1, share }: Outcome): string[] {
  return [count(documents), ...[precision, recall, f1, share].map(estimate)];
}

function spread({ value, low, high }: Estimate): [string, string] {
  return [figure(value), `${figure(low)} … ${figure(high)}`];
}
