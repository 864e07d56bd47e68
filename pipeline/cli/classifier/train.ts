/** `sluice classifier train`: a fastText classifier from labelled texts, and what it is worth on texts held out. */
import { existsSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  FastTextScorer,
  type LabelledText,
  type Loss,
  type QuantisingOptions,
  quantiseFastText,
  type TrainingOptions,
  trainFastText,
  writeFastTextModel,
} from "../../../classifiers/index.ts";
import { FormatError, RecipeError } from "../../errors.ts";
import { hashFile, writeDurably } from "../../io/durable.ts";
import { engineVersion } from "../../modules.ts";
import { aboveZero, probability, wholeNumber } from "../numbers.ts";
import { openProgress, type ProgressLine } from "../progress.ts";
import { positiveInt } from "../run.ts";
import { bytes, count, duration, table } from "../show.ts";
import { describeOverall } from "./describe.ts";
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
  withReadFlags,
} from "./documents.ts";
import { OverallMeasure } from "./measure.ts";

const LOSSES = [
  "softmax",
  "hierarchical-softmax",
  "negative-sampling",
  "one-vs-all",
] as const satisfies readonly Loss[];
const HELD_OUT = "held-out";
const QUANTISED = ".ftz";

interface Flags extends ReadFlags {
  readonly out: string;
  readonly heldOut: number;
  readonly dim: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly wordNgrams: number;
  readonly minChars: number;
  readonly maxChars: number;
  readonly minCount: number;
  readonly minLabelCount: number;
  readonly buckets: number;
  readonly loss: Loss;
  readonly negatives: number;
  readonly seed: number;
  readonly shuffle: boolean;
  readonly keptRows?: number;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function trainCommand(): Command {
  return withLabelFlags(
    withReadFlags(
      new Command("train")
        .description("Train a fastText classifier on labelled texts, and measure it on texts held out.")
        .argument(
          "[files...]",
          "labelled texts, one a line: .jsonl, or lines of fastText; .gz and .zst are decompressed",
        ),
    ),
  )
    .requiredOption(
      "--out <model.bin>",
      "the model, or model.ftz for a small one; beside it model.json says what it was made of and what it is worth",
    )
    .option("--held-out <share>", "of the texts, not trained on; 0 for none", shareBelowOne, 0.1)
    .option("--dim <n>", "numbers in a vector", positiveInt, 100)
    .option("--epochs <n>", "times that every text is seen", positiveInt, 5)
    .option("--learning-rate <x>", "at the start; it falls to zero in a straight line", aboveZero, 0.1)
    .option("--word-ngrams <n>", "runs of up to so many words have vectors of their own", positiveInt, 1)
    .option("--min-chars <n>", "shortest run of characters in a word with a vector of its own", wholeNumber, 0)
    .option("--max-chars <n>", "longest such run; 0 for none", wholeNumber, 0)
    .option("--min-count <n>", "words that occur less often are left out", positiveInt, 1)
    .option("--min-label-count <n>", "labels that occur less often are left out", wholeNumber, 0)
    .option("--buckets <n>", "runs of words or characters are hashed into so many", positiveInt, 2_000_000)
    .addOption(new Option("--loss <name>").choices(LOSSES).default("softmax"))
    .option("--negatives <n>", "wrong labels a right one, for negative-sampling", positiveInt, 5)
    .option("--seed <n>", "the same seed, options and texts give the same bytes", wholeNumber, 0)
    .option("--kept-rows <n>", "of a .ftz: only so many words and runs, those with the longest vectors", positiveInt)
    .option("--no-shuffle", "train in the order given, as fastText does: texts sorted by label make a bad model")
    .option("--force", "replace a model that is there")
    .option("--json", "what was trained, as JSON")
    .exitOverride()
    .addHelpText(
      "after",
      `
Options are those of "fasttext supervised", with its defaults. Runs of words or characters take dim × buckets × 4 bytes
of the model: 800 MB unless one of the two is made smaller. All texts are held in memory while the model is trained.

Which texts are held out follows from the seed and the text: copies of a text are on one side. The others are shuffled.

Examples:
  sluice classifier train --out spam.bin mails.jsonl.gz
  sluice classifier train --out quality.bin --word-ngrams 2 --dim 16 --as hq=reference.jsonl --as cc=crawl.jsonl
  sluice classifier train --out toxic.bin --label-field toxic --loss one-vs-all --held-out 0.2 comments.jsonl
`,
    )
    .action(train);
}

function shareBelowOne(text: string): number {
  const value = probability(text);
  if (value !== undefined && value < 1) return value;
  throw new InvalidArgumentError(`expected a share from 0 to below 1, found ${JSON.stringify(text)}`);
}

async function train(paths: string[], flags: Flags): Promise<void> {
  const { out, seed } = flags;
  const files = filesOf(paths, flags);
  const report = reportPath(out);
  if (flags.keptRows !== undefined && !out.endsWith(QUANTISED)) {
    throw new RecipeError(
      `--kept-rows: only a quantised model leaves rows out; end the name of --out ${out} in ${QUANTISED}`,
    );
  }
  expectRoom(files, [out, report], flags.force === true);
  const startMs = performance.now();
  const progress = openProgress();
  try {
    const reader = new DocumentReader(flags);
    const texts = await readTexts(reader, files, flags, progress);
    const options = optionsOf(flags);
    const trained = trainFastText(texts.trained, {
      ...options,
      onProgress: ({ done, lossNats }) => progress.show(done, () => `training: loss ${lossNats.toFixed(4)}`),
    });
    const model = out.endsWith(QUANTISED) ? quantiseFastText(trained, quantisingOf(flags)) : trained;
    // Quantised or not, what is measured is what is written.
    const scorer = new FastTextScorer(model);
    const measured = measure(scorer, texts.heldOut, seed, progress);
    progress.close();

    // A report that does not belong to the model must not be left beside it, whenever this is interrupted.
    await rm(report, { force: true });
    await writeDurably(out, writeFastTextModel(model));
    const described = {
      sluice: engineVersion,
      model: await hashFile(out),
      options: { ...options, ...quantisingOf(flags), clip: flags.clip },
      data: files.map(({ file, label }) => ({
        file,
        ...(label === undefined ? {} : { label }),
        ...reader.digests.get(file)!,
      })),
      texts: texts.counts,
      labels: labelCounts(texts.trained),
      heldOut: measured === undefined ? null : { share: flags.heldOut, ...measured },
    };
    await writeDurably(report, `${JSON.stringify(described, null, 2)}\n`);
    if (flags.json === true) {
      console.log(JSON.stringify({ type: "done", out, report, ...described }));
      return;
    }
    const { modelLabels, words } = {
      modelLabels: scorer.model.labels.length,
      words: scorer.model.dictionary.wordCount,
    };
    console.log(
      [
        ...describeTexts(texts.counts),
        `${count(modelLabels)} labels, ${count(words)} words, ${duration((performance.now() - startMs) / 1000)}`,
        ...(measured === undefined ? [] : ["", "held out:", ...describeOverall(measured)]),
        "",
        ...[out, report].map((path) => `  ${path}  ${bytes(statSync(path).size)}`),
      ].join("\n"),
    );
  } finally {
    progress.close();
  }
}

function reportPath(out: string): string {
  if (/[^/\\]\.(bin|ftz)$/.test(out)) return out.replace(/\.(bin|ftz)$/, ".json");
  throw new RecipeError(`--out ${out}: expected the name of a model, ending in .bin, or in .ftz to have it quantised`);
}

function quantisingOf({ keptRows }: Flags): QuantisingOptions {
  return keptRows === undefined ? {} : { keptRows };
}

function expectRoom(files: readonly LabelledFile[], outputs: readonly string[], force: boolean): void {
  for (const path of outputs) {
    const folder = dirname(path);
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      throw new RecipeError(`--out ${path}: found no folder ${folder}; make it, or choose another`);
    }
    if (files.some(({ file }) => resolve(file) === resolve(path))) {
      throw new RecipeError(`--out: ${path} is an input; choose another name for the model`);
    }
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      throw new RecipeError(`--out: ${path} is a folder; choose another name`);
    }
    if (existsSync(path) && !force) {
      throw new RecipeError(`--out: ${path} is there; choose another name, or give --force to replace it`);
    }
  }
}

function optionsOf(flags: Flags) {
  const { dim, epochs, learningRate, wordNgrams, minChars, maxChars, minCount, minLabelCount } = flags;
  const { buckets, loss, negatives, seed, shuffle } = flags;
  return {
    ...{ dim, epochs, learningRate, wordNgrams, minChars, maxChars, minCount, minLabelCount },
    ...{ buckets, loss, negatives, seed, shuffle },
  } satisfies TrainingOptions;
}

interface TextCounts {
  readonly read: number;
  readonly trained: number;
  readonly heldOut: number;
  /** Left out. */
  readonly unlabelled: number;
  readonly empty: number;
  /** Texts that were there before, and those of them whose labels were others. */
  readonly duplicates: number;
  readonly contradictions: number;
}

interface Texts {
  readonly trained: readonly LabelledText[];
  readonly heldOut: readonly LabelledText[];
  readonly counts: TextCounts;
}

async function readTexts(
  reader: DocumentReader,
  files: readonly LabelledFile[],
  { heldOut: share, seed }: Flags,
  progress: ProgressLine,
): Promise<Texts> {
  const trained: LabelledText[] = [];
  const heldOut: LabelledText[] = [];
  const labelsOf = new Map<string, string>();
  const counts = { read: 0, unlabelled: 0, empty: 0, duplicates: 0, contradictions: 0 };
  for await (const { labels, text } of reader.read(files)) {
    counts.read++;
    progress.show(reader.share, () => `reading: ${count(counts.read)} texts`);
    if (text.trim() === "") counts.empty++;
    else if (labels.length === 0) counts.unlabelled++;
    else {
      const key = keyOf(text);
      const said = labels.toSorted().join(" ");
      const before = labelsOf.get(key);
      if (before === undefined) labelsOf.set(key, said);
      else {
        counts.duplicates++;
        if (before !== said) counts.contradictions++;
      }
      (isSetApart(key, share, HELD_OUT, seed) ? heldOut : trained).push({ labels, text });
    }
  }
  expectSome(counts.read, files);
  if (trained.length === 0 && heldOut.length > 0) {
    throw new RecipeError(
      `--held-out ${share}: of ${count(heldOut.length)} texts none is left to train on; give a smaller share`,
    );
  }
  const known = Object.keys(labelCounts(trained));
  if (known.length < 2) {
    const found =
      known.length === 0 ? "no text with a label" : `${count(trained.length)} texts with one label, "${known[0]}"`;
    throw new FormatError(`${namesOf(files)}: found ${found}, expected texts with two labels or more to train on`);
  }
  if (share > 0 && heldOut.length === 0) {
    throw new RecipeError(
      `--held-out ${share}: of ${count(trained.length)} texts none is held out; give a larger share, or 0 to measure nothing`,
    );
  }
  return { trained, heldOut, counts: { ...counts, trained: trained.length, heldOut: heldOut.length } };
}

/** Label → texts, the most frequent first. */
function labelCounts(texts: readonly LabelledText[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { labels } of texts) for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}

function measure(scorer: FastTextScorer, texts: readonly LabelledText[], seed: number, progress: ProgressLine) {
  if (texts.length === 0) return undefined;
  const overall = new OverallMeasure(scorer);
  for (const [n, { labels, text }] of texts.entries()) {
    progress.show(n / texts.length, () => "measuring what was held out");
    overall.add(labels, text);
  }
  return overall.documents === 0 ? undefined : overall.take(seed);
}

function describeTexts({ read, trained, heldOut, ...counts }: TextCounts): string[] {
  const { unlabelled, empty, duplicates, contradictions } = counts;
  return [
    table([
      ["texts", count(read)],
      ["trained on", count(trained)],
      ["held out", count(heldOut)],
      ...(unlabelled > 0 ? [["left out, without a label", count(unlabelled)]] : []),
      ...(empty > 0 ? [["left out, without text", count(empty)]] : []),
    ]),
    ...(duplicates > 0
      ? [`note: ${count(duplicates)} texts are copies of others, ${count(contradictions)} of them with other labels`]
      : []),
  ];
}
