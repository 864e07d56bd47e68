/**
 * Trains a fastText classifier as fastText 0.9.2 does in its `supervised` mode on one thread (Joulin et al. 2016, "Bag
 * of Tricks for Efficient Text Classification"): stochastic gradient descent, an example at a time, at a rate that falls
 * to zero in a straight line.
 *
 *     texts → distinct words, rows (`fasttext-examples.ts`) → steps (`fasttext-learn-fast.ts`) → model
 *
 * It was compared with the original: started from the same weights and with `shuffle: false`, it ends with the same
 * bytes, for every loss. Three things are decided otherwise. Examples are shuffled once, where the original takes them
 * as they come, from twelve places of the file at once. All of the input matrix starts at random, of which the original
 * on one thread leaves nine tenths at zero. And of equally common words, the one seen first comes first (there, the
 * sort decides).
 */
import { RecipeError } from "../pipeline/errors.ts";
import { seededRandom, shuffle } from "../pipeline/random.ts";
import { EncodedExamples, type LabelledText } from "./fasttext-examples.ts";
import { type Learnable, NegativeLabels } from "./fasttext-learn.ts";
import { ExampleLearner } from "./fasttext-learn-fast.ts";
import type { DenseMatrix } from "./fasttext-matrix.ts";
import {
  type FastTextModel,
  LABEL_PREFIX,
  LOSSES,
  type Loss,
  labelNames,
  MAX_CHARS,
  MAX_WEIGHT,
  MAX_WORD_NGRAMS,
  usesBuckets,
} from "./fasttext-model.ts";
import { labelTree } from "./label-tree.ts";
import { Minstd } from "./minstd.ts";

/** How to train; what is left out is as in fastText's `supervised` mode. */
export interface TrainingOptions {
  /** Numbers in a vector; 100. */
  readonly dim?: number;
  /** Times that every example is seen; 5. */
  readonly epochs?: number;
  /** At the start; it falls to zero in a straight line. 0.1. */
  readonly learningRate?: number;
  /** Longest run of words with a vector of its own; 1 = single words. */
  readonly wordNgrams?: number;
  /** Shortest run of characters within a word with a vector of its own; 0. */
  readonly minChars?: number;
  /** Longest such run; 0 = none. */
  readonly maxChars?: number;
  /** Words seen less often are left out; 1. */
  readonly minCount?: number;
  /** Labels seen less often are left out; 0. */
  readonly minLabelCount?: number;
  /** n-grams are hashed into this many; 2,000,000. */
  readonly buckets?: number;
  /** Softmax unless said otherwise. */
  readonly loss?: Loss;
  /** Wrong labels drawn for each right one, for negative sampling; 5. */
  readonly negatives?: number;
  /** Same seed, same bytes; 0. */
  readonly seed?: number;
  /** Takes the examples in an order drawn by the seed; true. In the order given, a sorted file teaches its last label. */
  readonly shuffle?: boolean;
  /** What labels begin with in the file; `__label__`. Readers know no other, and show it as part of the label. */
  readonly labelPrefix?: string;
  /** Told now and then how far it is (0 to 1), the mean loss since it was last told, and the rate. */
  readonly onProgress?: (progress: {
    readonly done: number;
    readonly lossNats: number;
    readonly learningRate: number;
  }) => void;
}

type Settings = Required<Omit<TrainingOptions, "onProgress">> & Pick<TrainingOptions, "onProgress">;

/**
 * A classifier that has learnt which labels go with which texts. Texts are read as in prediction: line ends count as
 * spaces, words that look like labels are left out. Same examples, options and seed, same bytes.
 *
 * In memory are the examples, 4 bytes a token, and 4 · `dim` bytes for each distinct word, bucket and label: with the
 * usual 2,000,000 buckets and 100 numbers, n-grams alone take 800 MB.
 */
export function trainFastText(examples: readonly LabelledText[], options: TrainingOptions = {}): FastTextModel {
  const settings = settingsOf(options);
  const encoded = new EncodedExamples(examples, settings);
  const { wordCount } = encoded.dictionary;
  const input = randomMatrix(wordCount + settings.buckets, settings.dim, settings.seed);
  return trainFrom(input, encoded, settings);
}

export function settingsOf(options: TrainingOptions): Settings {
  const settings: Settings = {
    dim: whole("dim", options.dim ?? 100, 1),
    epochs: whole("epochs", options.epochs ?? 5, 1),
    learningRate: options.learningRate ?? 0.1,
    wordNgrams: whole("wordNgrams", options.wordNgrams ?? 1, 1, MAX_WORD_NGRAMS),
    minChars: whole("minChars", options.minChars ?? 0, 0),
    maxChars: whole("maxChars", options.maxChars ?? 0, 0, MAX_CHARS),
    minCount: whole("minCount", options.minCount ?? 1, 0),
    minLabelCount: whole("minLabelCount", options.minLabelCount ?? 0, 0),
    buckets: whole("buckets", options.buckets ?? 2_000_000, 0),
    loss: options.loss ?? "softmax",
    negatives: whole("negatives", options.negatives ?? 5, 0),
    seed: whole("seed", options.seed ?? 0, 0),
    shuffle: options.shuffle ?? true,
    labelPrefix: options.labelPrefix ?? LABEL_PREFIX,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  };
  const losses = Object.values(LOSSES);
  if (!losses.includes(settings.loss)) refuse("loss", settings.loss, losses.join(", "));
  if (!(settings.learningRate > 0)) refuse("learningRate", settings.learningRate, "a number above 0");
  if (!usesBuckets(settings)) return { ...settings, buckets: 0 };
  whole("buckets", settings.buckets, 1);
  return settings;
}

function whole(name: string, value: number, least: number, most = 2 ** 31 - 1): number {
  const isRight = Number.isInteger(value) && value >= least && value <= most;
  return isRight ? value : refuse(name, value, `a whole number, ${least} to ${most}`);
}

function refuse(name: string, found: unknown, expected: string): never {
  throw new RecipeError(
    `${name} is ${typeof found === "string" ? JSON.stringify(found) : found}, expected ${expected}`,
  );
}

function zeros(rows: number, columns: number): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(rows * columns);
  } catch {
    const bytes = 4 * rows * columns;
    throw new RecipeError(
      `a matrix of ${rows} vectors of ${columns} numbers takes ${(bytes / 1e9).toFixed(1)} GB, more than can be had; ` +
        "expected fewer words, buckets or dim",
    );
  }
}

/** Numbers between ∓1 / columns. */
function randomMatrix(rows: number, columns: number, seed: number): DenseMatrix {
  const random = new Minstd(seed);
  const weights = zeros(rows, columns);
  const most = Math.fround(1 / columns);
  for (let i = 0; i < weights.length; i++) weights[i] = random.between(-most, most);
  return { kind: "dense", rows, columns, weights };
}

/** The rate is set anew after this many tokens. */
const RATE_UPDATE_TOKENS = 100;
const PROGRESS_REPORTS = 200;

/** Learns from `input` on; its weights become the model's. */
export function trainFrom(input: DenseMatrix, examples: EncodedExamples, settings: Settings): FastTextModel {
  const { dictionary } = examples;
  const { loss } = settings;
  const fewestLabels = loss === "negative-sampling" ? 2 : 1;
  if (dictionary.labelCount < fewestLabels) {
    throw new RecipeError(
      `${examples.exampleCount} training examples with ${dictionary.labelCount} labels (seen ` +
        `${settings.minLabelCount} times or more), expected ${fewestLabels} or more labels`,
    );
  }
  const labelCounts = dictionary.counts.subarray(dictionary.wordCount);
  const tree = loss === "hierarchical-softmax" ? labelTree(dictionary) : null;
  const outputWeights = zeros(dictionary.labelCount, settings.dim);
  const model = {
    loss,
    input,
    output: { kind: "dense", rows: dictionary.labelCount, columns: settings.dim, weights: outputWeights },
    tree,
    negatives: loss === "negative-sampling" ? new NegativeLabels(labelCounts) : null,
    negativeCount: settings.negatives,
  } satisfies Learnable;
  learnAll(model, examples, settings);
  refuseDiverged(model, settings);
  const { dim, wordNgrams, minChars, maxChars, buckets, epochs, minCount, negatives } = settings;
  return {
    file: "a model just trained",
    loss,
    columns: dim,
    wordNgrams,
    minChars,
    maxChars,
    buckets,
    dictionary,
    training: { epochs, minCount, negatives, rateUpdateTokens: RATE_UPDATE_TOKENS, window: 5, samplingThreshold: 1e-4 },
    keptBuckets: null,
    input,
    output: model.output,
    tree,
    labels: labelNames(dictionary),
  };
}

function learnAll(model: Learnable, examples: EncodedExamples, settings: Settings): void {
  const learner = new ExampleLearner(model, new Minstd(settings.seed));
  const rows = new Int32Array(examples.mostRows);
  const order = Array.from({ length: examples.exampleCount }, (_, example) => example);
  if (settings.shuffle) shuffle(order, seededRandom(settings.seed));
  const allTokens = settings.epochs * examples.dictionary.tokenCount;
  let tokensDone = 0;
  let tokensSince = 0;
  let report = 1;
  let lossSum = 0;
  let steps = 0;
  // Several hundred tokens short of, or past, the last epoch's end: the original counts them only now and then, too.
  for (let turn = 0; tokensDone < allTokens; turn = (turn + 1) % order.length) {
    const example = order[turn]!;
    const done = Math.fround(Math.fround(tokensDone) / Math.fround(allTokens));
    const rate = Math.fround(settings.learningRate * (1 - done));
    tokensSince += examples.tokenCountOf(example);
    const labels = examples.viewLabels(example);
    const rowCount = labels.length === 0 ? 0 : examples.fillRows(example, rows);
    if (rowCount > 0) {
      lossSum += learner.learn(rows, rowCount, labels, rate);
      steps++;
    }
    if (tokensSince <= RATE_UPDATE_TOKENS) continue;
    tokensDone += tokensSince;
    tokensSince = 0;
    if (settings.onProgress === undefined || tokensDone * PROGRESS_REPORTS < report * allTokens) continue;
    report = Math.floor((tokensDone * PROGRESS_REPORTS) / allTokens) + 1;
    settings.onProgress({
      done: Math.min(1, tokensDone / allTokens),
      lossNats: lossSum / Math.max(1, steps),
      learningRate: rate,
    });
    lossSum = 0;
    steps = 0;
  }
}

/** A rate that is too high makes weights grow without end, and no reader would take them. */
function refuseDiverged({ input, output }: Learnable, { learningRate }: Settings): void {
  for (const { weights } of [input, output]) {
    // The comparison is also false for what is not a number.
    if (weights.every((weight) => Math.abs(weight) <= MAX_WEIGHT)) continue;
    throw new RecipeError(`learningRate ${learningRate} is too high: weights grew beyond ${MAX_WEIGHT} (try a tenth)`);
  }
}
