/**
 * Makes a fastText model small, as `fasttext quantize` of fastText 0.9.2 does, except that nothing is trained anew: the
 * `.ftz` of a model is a tenth of its `.bin` or less, and predicts nearly the same.
 */
import { RecipeError } from "../pipeline/errors.ts";
import { END_OF_TEXT } from "./fasttext.ts";
import type { DenseMatrix, Matrix, QuantisedMatrix } from "./fasttext-matrix.ts";
import type { Dictionary, FastTextModel } from "./fasttext-model.ts";
import { quantise } from "./product-quantiser.ts";

export interface QuantisingOptions {
  /** Keeps only this many input rows, those of the longest vectors; all. fastText's `cutoff`. */
  readonly keptRows?: number;
  /** Numbers that share a code; 2. Fewer are more exact. fastText's `dsub`. */
  readonly partColumns?: number;
  /** Quantises the lengths of vectors apart from their directions; false. fastText's `qnorm`. */
  readonly norms?: boolean;
  /** Quantises the output matrix, too, for models of many labels; false. fastText's `qout`. */
  readonly output?: boolean;
}

/** A quantised copy of a model. Raises RecipeError where a matrix has fewer than 256 rows, or is quantised already. */
export function quantiseFastText(model: FastTextModel, options: QuantisingOptions = {}): FastTextModel {
  const { keptRows = 0, partColumns = 2, norms = false, output = false } = options;
  const dense = { ...model, input: denseOf(model.input, model), output: denseOf(model.output, model) };
  const pruned = keptRows > 0 && keptRows < dense.input.rows ? prune(dense, keptRows) : dense;
  return {
    ...pruned,
    input: quantiseMatrix(pruned.input, partColumns, norms),
    output: output ? quantiseMatrix(pruned.output, 2, norms) : pruned.output,
  };
}

type DenseModel = FastTextModel & { readonly input: DenseMatrix; readonly output: DenseMatrix };

function denseOf(matrix: Matrix, { file }: FastTextModel): DenseMatrix {
  if (matrix.kind === "dense") return matrix;
  throw new RecipeError(`${file} is quantised already (quantise the .bin that it was made from)`);
}

/** Words stay in their order, and n-grams follow by falling length of their vectors. */
function prune(model: DenseModel, keptRows: number): DenseModel {
  const { dictionary, input } = model;
  const lengths = rowLengths(input);
  const endMark = endMarkOf(dictionary);
  // The end mark is in every text, so it stays.
  if (endMark >= 0) lengths[endMark] = Infinity;
  const kept = Array.from(lengths.keys())
    .sort((a, b) => lengths[b]! - lengths[a]! || a - b)
    .slice(0, keptRows);
  const words = kept.filter((row) => row < dictionary.wordCount).sort((a, b) => a - b);
  const ngrams = kept.filter((row) => row >= dictionary.wordCount);
  const weights = new Float32Array(keptRows * input.columns);
  for (const [i, row] of [...words, ...ngrams].entries()) weights.set(rowOf(input, row), i * input.columns);
  return {
    ...model,
    dictionary: onlyWords(dictionary, words),
    keptBuckets: {
      buckets: Int32Array.from(ngrams, (row) => row - dictionary.wordCount),
      rows: Int32Array.from(ngrams, (_, i) => i),
    },
    input: { ...input, rows: keptRows, weights },
  };
}

function endMarkOf({ wordCount, bytes, starts }: Dictionary): number {
  const mark = Buffer.from(END_OF_TEXT);
  for (let word = 0; word < wordCount; word++) {
    if (mark.equals(bytes.subarray(starts[word], starts[word + 1]))) return word;
  }
  return -1;
}

function onlyWords(
  { wordCount, labelCount, bytes, starts, counts, tokenCount }: Dictionary,
  words: number[],
): Dictionary {
  const entries = [...words, ...Array.from({ length: labelCount }, (_, label) => wordCount + label)];
  const spellings = entries.map((entry) => bytes.subarray(starts[entry], starts[entry + 1]));
  const newStarts = new Uint32Array(entries.length + 1);
  for (const [i, spelling] of spellings.entries()) newStarts[i + 1] = newStarts[i]! + spelling.length;
  return {
    wordCount: words.length,
    labelCount,
    bytes: new Uint8Array(Buffer.concat(spellings)),
    starts: newStarts,
    counts: Float64Array.from(entries, (entry) => counts[entry]!),
    tokenCount,
  };
}

function quantiseMatrix(matrix: DenseMatrix, partColumns: number, norms: boolean): QuantisedMatrix {
  const { rows, columns } = matrix;
  if (!Number.isInteger(partColumns) || partColumns < 1) {
    throw new RecipeError(`partColumns is ${partColumns}, expected a whole number from 1`);
  }
  if (!norms) {
    return { kind: "quantised", rows, columns, ...quantise(matrix.weights, rows, columns, partColumns), ...NO_NORMS };
  }
  const lengths = rowLengths(matrix);
  const directions = matrix.weights.slice();
  for (let at = 0; at < directions.length; at++) {
    const length = lengths[Math.floor(at / columns)]!;
    if (length !== 0) directions[at]! /= length;
  }
  const { centroids, codes } = quantise(lengths, rows, 1, 1);
  const quantised = quantise(directions, rows, columns, partColumns);
  return { kind: "quantised", rows, columns, ...quantised, normCodes: codes, norms: centroids };
}

const NO_NORMS = { normCodes: null, norms: null } as const;

function rowLengths(matrix: DenseMatrix): Float32Array {
  return Float32Array.from({ length: matrix.rows }, (_, row) =>
    Math.sqrt(rowOf(matrix, row).reduce((sum, weight) => sum + Math.fround(weight * weight), 0)),
  );
}

function rowOf({ weights, columns }: DenseMatrix, row: number): Float32Array {
  return weights.subarray(row * columns, (row + 1) * columns);
}
