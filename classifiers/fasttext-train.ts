import type { FastTextModel, Loss } from "./fasttext-model.ts";

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
  /** What labels begin with in the file; `__label__`. */
  readonly labelPrefix?: string;
  /** Told now and then how far it is (0 to 1), and the mean loss so far. */
  readonly onProgress?: (progress: {
    readonly done: number;
    readonly lossNats: number;
    readonly learningRate: number;
  }) => void;
}

/** A text and what it is; labels without `__label__`. */
export interface LabelledText {
  readonly labels: readonly string[];
  readonly text: string;
}

export function trainFastText(_examples: readonly LabelledText[], _options: TrainingOptions = {}): FastTextModel {
  throw new Error("not written yet");
}

/** Reads a line of a fastText training file: `__label__spam __label__ad Buy now`. */
export function parseFastTextLine(_line: string): LabelledText {
  throw new Error("not written yet");
}
