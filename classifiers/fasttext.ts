/**
 * fastText prediction, plainly: what a model says of a text, step by step as fastText 0.9.2 computes it, in its
 * single precision. This is the definition; `FastTextScorer` is the one to use, and is tested against it.
 *
 *     text → words → rows of the input matrix (words, character n-grams, word n-grams) → their mean
 *          → one number per label (or per inner node of the label tree) → probabilities → the k best
 */
import { BestLabels } from "./best-labels.ts";
import { addRow, dotRow } from "./fasttext-matrix.ts";
import { type FastTextModel, LABEL_PREFIX } from "./fasttext-model.ts";

export interface Prediction {
  readonly label: string;
  /** The original adds 1e-5 (for each branch of a label tree), so this may be as high as 1.0001 or so. */
  readonly probability: number;
}

/** Ends every text; a text that spells it out ends there, as it does in the original. */
export const END_OF_TEXT = "</s>";
/** Keeps logarithms finite in the original, and is part of every probability it reports. */
export const PROBABILITY_FLOOR = 1e-5;

/**
 * The `k` likeliest labels of a text, best first, but none less likely than `threshold`. Line ends count as spaces.
 * Empty if the model knows nothing of the text.
 */
export function predictPlainly(model: FastTextModel, text: string, k = 1, threshold = 0): Prediction[] {
  const rows = inputRows(model, text);
  if (rows.length === 0) return [];
  const hidden = new Float32Array(model.columns);
  for (const row of rows) addRow(model.input, row, hidden);
  scaleToMean(hidden, rows.length);

  const best = new BestLabels(Math.min(k, model.labels.length));
  if (model.tree === null) rankLabels(model, hidden, Math.fround(threshold), best);
  else walkTree(model, model.tree.left.length - 1, 0, hidden, logFloored(Math.fround(threshold)), best);
  return best.takeSorted().map(([score, label]) => ({
    label: model.labels[label]!,
    probability: Math.fround(Math.exp(score)),
  }));
}

/** The input rows that stand for a text, in the original's order, repeats included. */
export function inputRows(model: FastTextModel, text: string): number[] {
  const { wordCount } = model.dictionary;
  const entries = entryNumbers(model);
  const kept = keptRows(model);
  const rows: number[] = [];
  const hashes: number[] = [];
  const addBucket = (bucket: number): void => {
    const row = kept === null ? bucket : kept.get(bucket);
    if (row !== undefined) rows.push(wordCount + row);
  };

  for (const word of splitWords(text)) {
    const entry = entries.get(word);
    // Labels in a text are what a trainer should learn from, not what it is learnt from.
    const isLabel = entry === undefined ? word.startsWith(LABEL_PREFIX) : entry >= wordCount;
    if (!isLabel) {
      if (entry !== undefined) rows.push(entry);
      if (word !== END_OF_TEXT) for (const ngram of charNgrams(word, model)) addBucket(fnv1a(ngram) % model.buckets);
      hashes.push(fnv1a(word));
    }
    if (word === END_OF_TEXT) break;
  }
  for (const hash of wordNgramHashes(hashes, model.wordNgrams)) addBucket(Number(hash % BigInt(model.buckets)));
  return rows;
}

/** Words as strings of bytes (Latin-1), which is how the original sees them; the end mark comes last. */
function splitWords(text: string): string[] {
  const bytes = Buffer.from(text.toWellFormed(), "utf8").toString("latin1");
  return [...bytes.split(/[ \t\n\v\f\r\0]+/).filter((word) => word !== ""), END_OF_TEXT];
}

function entryNumbers({ dictionary }: FastTextModel): Map<string, number> {
  const { bytes, starts } = dictionary;
  const entries = new Map<string, number>();
  for (let entry = 0; entry + 1 < starts.length; entry++) {
    entries.set(Buffer.from(bytes.subarray(starts[entry], starts[entry + 1])).toString("latin1"), entry);
  }
  return entries;
}

function keptRows({ keptBuckets }: FastTextModel): Map<number, number> | null {
  if (keptBuckets === null) return null;
  return new Map(Array.from(keptBuckets.buckets, (bucket, i) => [bucket, keptBuckets.rows[i]!]));
}

/** All runs of `minChars` to `maxChars` UTF-8 characters of `<word>`, save the single `<` and `>`. */
function charNgrams(word: string, { minChars, maxChars }: FastTextModel): string[] {
  // A character is a byte and the continuation bytes (10xxxxxx) that follow; stray ones at the front start none.
  const chars = `<${word}>`.match(/[^\x80-\xbf][\x80-\xbf]*/g)!;
  const ngrams: string[] = [];
  for (let start = 0; start < chars.length; start++) {
    for (let length = 1; length <= maxChars && start + length <= chars.length; length++) {
      const isBracket = length === 1 && (start === 0 || start === chars.length - 1);
      if (length >= minChars && !isBracket) ngrams.push(chars.slice(start, start + length).join(""));
    }
  }
  return ngrams;
}

/** 32-bit FNV-1a, except that a byte from 128 up is taken as negative and so flips the upper bits too. */
export function fnv1a(bytes: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) {
    const signedByte = (bytes.charCodeAt(i) << 24) >> 24;
    hash = Math.imul(hash ^ signedByte, 0x01000193);
  }
  return hash >>> 0;
}

/** 64-bit hashes of all runs of 2 to `longest` words; word hashes are taken as signed. */
export function* wordNgramHashes(wordHashes: readonly number[], longest: number): Generator<bigint> {
  for (let start = 0; start < wordHashes.length; start++) {
    let hash = BigInt(wordHashes[start]! | 0);
    for (let next = start + 1; next < wordHashes.length && next < start + longest; next++) {
      hash = BigInt.asUintN(64, hash * 116049371n + BigInt(wordHashes[next]! | 0));
      yield hash;
    }
  }
}

export function scaleToMean(hidden: Float32Array, rowCount: number): void {
  const scale = Math.fround(1 / rowCount);
  for (let column = 0; column < hidden.length; column++) hidden[column]! *= scale;
}

function rankLabels(model: FastTextModel, hidden: Float32Array, threshold: number, best: BestLabels): void {
  const outputs = model.labels.map((_, label) => dotRow(model.output, label, hidden));
  const probabilities = model.loss === "softmax" ? softmax(outputs) : outputs.map(tabledSigmoid);
  for (const [label, probability] of probabilities.entries()) {
    if (!(probability < threshold)) best.offer(logFloored(probability), label);
  }
}

function softmax(outputs: readonly number[]): number[] {
  const highest = outputs.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = outputs.map((output) => Math.fround(Math.exp(Math.fround(output - highest))));
  const sum = powers.reduce((a, b) => Math.fround(a + b), 0);
  return powers.map((power) => Math.fround(power / sum));
}

const SIGMOID_STEPS = 512;
const SIGMOID_RANGE = 8;
const sigmoidTable = Float32Array.from({ length: SIGMOID_STEPS + 1 }, (_, step) => {
  const x = Math.fround((step * 2 * SIGMOID_RANGE) / SIGMOID_STEPS - SIGMOID_RANGE);
  return 1 / (1 + Math.fround(Math.exp(-x)));
});

/** The original reads sigmoids from a table, rounding down: a one-vs-all probability may be low by 0.008. */
export function tabledSigmoid(x: number): number {
  if (x < -SIGMOID_RANGE) return 0;
  if (x > SIGMOID_RANGE) return 1;
  return sigmoidTable[Math.trunc((Math.fround(x + SIGMOID_RANGE) * SIGMOID_STEPS) / SIGMOID_RANGE / 2)]!;
}

function walkTree(
  model: FastTextModel,
  node: number,
  score: number,
  hidden: Float32Array,
  lowestScore: number,
  best: BestLabels,
): void {
  if (score < lowestScore || score < best.bar) return;
  const { left, right } = model.tree!;
  if (left[node]! < 0) {
    best.offer(score, node);
    return;
  }
  const output = dotRow(model.output, node - model.labels.length, hidden);
  const goRight = Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-output))));
  const leftScore = Math.fround(score + logFloored(Math.fround(1 - goRight)));
  walkTree(model, left[node]!, leftScore, hidden, lowestScore, best);
  walkTree(model, right[node]!, Math.fround(score + logFloored(goRight)), hidden, lowestScore, best);
}

function logFloored(probability: number): number {
  return Math.fround(Math.log(probability + PROBABILITY_FLOOR));
}
