/**
 * fastText prediction, fast: the same answers as `predictPlainly`, without its intermediate values.
 *
 * - Words are hashed where they lie in one UTF-8 buffer; nothing is allocated per word.
 * - A word's rows are summed once and remembered, since a few thousand words make up most of any text. A word's sum is
 *   always taken apart from the rest of the text, remembered or not, so that a page's result does not depend on the
 *   pages before it. Against the original, which adds row by row, this shifts a probability by some 1e-7. Losses that
 *   read their probabilities from a table would make a step of such a shift, so they are added row by row as well.
 * - The label tree is searched by its likelier branch first, which rules out most of the rest.
 */
import { BestLabels } from "./best-labels.ts";
import { PROBABILITY_FLOOR, type Prediction, scaleToMean, tabledSigmoid } from "./fasttext.ts";
import { addRow, dotRow, expand, type Matrix } from "./fasttext-matrix.ts";
import { type FastTextModel, LABEL_PREFIX, MAX_WORD_NGRAMS } from "./fasttext-model.ts";
import { BucketTable, EntryTable, hashByte, hashStart, sameBytes } from "./fasttext-tables.ts";
import { type LabelTree, parentsOf } from "./label-tree.ts";
import { wordNgramBuckets } from "./word-ngrams.ts";

const EXPANDED_BYTES = 1 << 24;
const CACHE_SUM_BYTES = 1 << 20;
/** Longer words are rare, and seldom seen twice. */
const CACHED_WORD_BYTES = 32;
const MOST_BYTES_PER_CHAR = 3;

const SPACE = 32;
const WORD_START = 0x3c; // <
const WORD_END = 0x3e; // >
const IS_SPACE = new Uint8Array(256);
for (const byte of [0, 9, 10, 11, 12, 13, SPACE]) IS_SPACE[byte] = 1;

const END_MARK = new TextEncoder().encode("</s>");
const LABEL_MARK = new TextEncoder().encode(LABEL_PREFIX);
/** In place of a row count: the word is a label, and no part of the text. */
const IS_LABEL = -1;

/** Scores texts with one model. Keeps scratch memory, so each thread needs its own. */
export class FastTextScorer {
  readonly model: FastTextModel;
  readonly #input: Matrix;
  readonly #entries: EntryTable;
  readonly #kept: BucketTable | null;
  readonly #cache: WordCache | null;
  readonly #search: TreeSearch | null;
  readonly #hidden: Float32Array;
  readonly #probabilities: Float64Array;
  #probabilitiesKnown = false;
  readonly #encoder = new TextEncoder();
  /** The text in UTF-8, with a byte to spare on both sides. */
  #bytes = new Uint8Array(1 << 12);
  /** Hashes of the text's words, where word n-grams are wanted. */
  #wordHashes = new Int32Array(1 << 10);
  #wordCount = 0;
  /** Buckets of the runs that begin with one word. */
  readonly #ngrams = new Int32Array(MAX_WORD_NGRAMS);

  constructor(model: FastTextModel) {
    this.model = model;
    this.#input = affordablyDense(model.input);
    this.#entries = new EntryTable(model.dictionary);
    this.#kept = model.keptBuckets === null ? null : new BucketTable(model.keptBuckets);
    const isSmooth = model.loss === "softmax" || model.loss === "hierarchical-softmax";
    this.#cache = isSmooth ? new WordCache(model.columns) : null;
    this.#search = model.tree === null ? null : new TreeSearch(model, model.tree);
    this.#hidden = new Float32Array(model.columns);
    this.#probabilities = new Float64Array(model.labels.length);
  }

  /**
   * The `k` likeliest labels of a text, best first, but none less likely than `threshold`. Line ends count as spaces.
   * Empty if the model knows nothing of the text.
   */
  predict(text: string, k = 1, threshold = 0): Prediction[] {
    return this.read(text) ? this.top(k, threshold) : [];
  }

  /** Takes in a text, for `top` and `probabilityOf` to tell about. False if the model knows nothing of it. */
  read(text: string): boolean {
    const rowCount = this.#sumRows(this.#encode(text));
    this.#probabilitiesKnown = false;
    if (rowCount > 0) scaleToMean(this.#hidden, rowCount);
    return rowCount > 0;
  }

  /** As `predict`, of the text read last. */
  top(k = 1, threshold = 0): Prediction[] {
    const best = new BestLabels(Math.min(k, this.model.labels.length));
    if (this.#search !== null) this.#search.offerLabels(this.#hidden, threshold, best);
    else this.#offerLabels(threshold, best);
    return best.takeSorted().map(([probability, label]) => ({ label: this.model.labels[label]!, probability }));
  }

  /** The probability of one label (its number in `model.labels`) for the text read last. */
  probabilityOf(label: number): number {
    if (this.#search !== null) return this.#search.probabilityOf(label, this.#hidden);
    this.#computeProbabilities();
    return this.#probabilities[label]! + PROBABILITY_FLOOR;
  }

  /** Writes the text from place 1 of the buffer, and returns where it ends. */
  #encode(text: string): number {
    const needed = text.length * MOST_BYTES_PER_CHAR + 2;
    if (this.#bytes.length < needed) this.#bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    return 1 + this.#encoder.encodeInto(text, this.#bytes.subarray(1)).written;
  }

  /** Sums the rows of the text that ends at `textEnd` into `#hidden`; returns how many there were. */
  #sumRows(textEnd: number): number {
    const bytes = this.#bytes;
    this.#hidden.fill(0);
    this.#wordCount = 0;
    let rowCount = 0;
    for (let at = 1; at < textEnd; ) {
      if (IS_SPACE[bytes[at]!] === 1) {
        at++;
        continue;
      }
      const start = at;
      let hash = hashStart;
      for (; at < textEnd && IS_SPACE[bytes[at]!] === 0; at++) hash = hashByte(hash, bytes[at]!);
      if (at - start === END_MARK.length && sameBytes(END_MARK, 0, bytes, start, END_MARK.length)) break;
      const added =
        this.#cache === null ? this.#addWord(start, at, hash) : this.#addCached(this.#cache, start, at, hash);
      if (added === IS_LABEL) continue;
      rowCount += added;
      if (this.model.wordNgrams > 1) this.#keepHash(hash);
    }
    return rowCount + this.#addEndMark() + this.#addWordNgrams();
  }

  #addCached(cache: WordCache, start: number, end: number, hash: number): number {
    let slot = cache.find(this.#bytes, start, end, hash);
    if (slot < 0) {
      slot = cache.claim(this.#bytes, start, end, hash);
      cache.rowCounts[slot] = this.#addWord(start, end, hash, cache.sums, slot * this.model.columns);
    }
    cache.addSum(slot, this.#hidden);
    return cache.rowCounts[slot]!;
  }

  /** Adds a word's own row and those of its character n-grams; returns how many, or IS_LABEL. */
  #addWord(start: number, end: number, hash: number, sum = this.#hidden, sumStart = 0): number {
    const { dictionary, maxChars } = this.model;
    const entry = this.#entries.find(this.#bytes, start, end, hash);
    const isLabel = entry < 0 ? this.#startsLikeLabel(start, end) : entry >= dictionary.wordCount;
    if (isLabel) return IS_LABEL;
    if (entry >= 0) addRow(this.#input, entry, sum, sumStart);
    return (entry >= 0 ? 1 : 0) + (maxChars > 0 ? this.#addCharNgrams(start, end, sum, sumStart) : 0);
  }

  #startsLikeLabel(start: number, end: number): boolean {
    return end - start >= LABEL_MARK.length && sameBytes(LABEL_MARK, 0, this.#bytes, start, LABEL_MARK.length);
  }

  #addCharNgrams(wordStart: number, wordEnd: number, sum: Float32Array, sumStart: number): number {
    const { minChars, maxChars, buckets } = this.model;
    const bytes = this.#bytes;
    // The word's brackets take the places of the spaces around it, which nobody looks at again.
    const start = wordStart - 1;
    const end = wordEnd + 1;
    bytes[start] = WORD_START;
    bytes[wordEnd] = WORD_END;
    let rowCount = 0;
    for (let from = start; from < end; from++) {
      if ((bytes[from]! & 0xc0) === 0x80) continue;
      let hash = hashStart;
      let to = from;
      for (let chars = 1; chars <= maxChars && to < end; chars++) {
        do hash = hashByte(hash, bytes[to++]!);
        while (to < end && (bytes[to]! & 0xc0) === 0x80);
        if (chars < minChars || (chars === 1 && (from === start || to === end))) continue;
        rowCount += this.#addBucket((hash >>> 0) % (buckets >>> 0), sum, sumStart);
      }
    }
    bytes[start] = SPACE;
    bytes[wordEnd] = SPACE;
    return rowCount;
  }

  #addBucket(bucket: number, sum: Float32Array, sumStart: number): number {
    const row = this.#kept === null ? bucket : this.#kept.find(bucket);
    if (row < 0) return 0;
    addRow(this.#input, this.model.dictionary.wordCount + row, sum, sumStart);
    return 1;
  }

  #addEndMark(): number {
    const hash = END_MARK.reduce(hashByte, hashStart);
    const entry = this.#entries.find(END_MARK, 0, END_MARK.length, hash);
    const isLabel = entry >= this.model.dictionary.wordCount;
    if (this.model.wordNgrams > 1 && !isLabel) this.#keepHash(hash);
    if (entry < 0 || isLabel) return 0;
    addRow(this.#input, entry, this.#hidden);
    return 1;
  }

  #keepHash(hash: number): void {
    if (this.#wordCount === this.#wordHashes.length) {
      const larger = new Int32Array(2 * this.#wordCount);
      larger.set(this.#wordHashes);
      this.#wordHashes = larger;
    }
    this.#wordHashes[this.#wordCount++] = hash;
  }

  #addWordNgrams(): number {
    const { wordNgrams, buckets } = this.model;
    let rowCount = 0;
    for (let start = 0; start < this.#wordCount; start++) {
      const found = wordNgramBuckets(this.#wordHashes, start, this.#wordCount, wordNgrams, buckets, this.#ngrams);
      for (let i = 0; i < found; i++) rowCount += this.#addBucket(this.#ngrams[i]!, this.#hidden, 0);
    }
    return rowCount;
  }

  #offerLabels(threshold: number, best: BestLabels): void {
    this.#computeProbabilities();
    for (let label = 0; label < this.#probabilities.length; label++) {
      const probability = this.#probabilities[label]!;
      if (probability >= threshold) best.offer(probability + PROBABILITY_FLOOR, label);
    }
  }

  #computeProbabilities(): void {
    if (this.#probabilitiesKnown) return;
    this.#probabilitiesKnown = true;
    const { output, loss } = this.model;
    const probabilities = this.#probabilities;
    let highest = -Infinity;
    for (let label = 0; label < probabilities.length; label++) {
      const value = dotRow(output, label, this.#hidden);
      probabilities[label] = loss === "softmax" ? value : tabledSigmoid(value);
      if (value > highest) highest = value;
    }
    if (loss !== "softmax") return;
    let sum = 0;
    for (let label = 0; label < probabilities.length; label++) {
      sum += probabilities[label] = Math.exp(probabilities[label]! - highest);
    }
    for (let label = 0; label < probabilities.length; label++) probabilities[label]! /= sum;
  }
}

/** Writes a small quantised matrix out (3 MB for language identification); a large one stays as it is. */
function affordablyDense(matrix: Matrix): Matrix {
  const bytes = matrix.rows * matrix.columns * Float32Array.BYTES_PER_ELEMENT;
  return matrix.kind === "quantised" && bytes <= EXPANDED_BYTES ? expand(matrix) : matrix;
}

/** Sums of the rows of words seen lately. One place per word; a newer word takes it over. */
class WordCache {
  /** Rows in each slot's sum. */
  readonly rowCounts: Int32Array;
  readonly sums: Float32Array;
  readonly #columns: number;
  readonly #mask: number;
  readonly #hashes: Int32Array;
  /** 0 = free. */
  readonly #lengths: Uint8Array;
  readonly #words: Uint8Array;

  constructor(columns: number) {
    let slots = 256;
    while (2 * slots * columns * Float32Array.BYTES_PER_ELEMENT <= CACHE_SUM_BYTES) slots *= 2;
    this.#columns = columns;
    this.#mask = slots - 1;
    // The slot past the last is for words too long to keep.
    this.rowCounts = new Int32Array(slots + 1);
    this.sums = new Float32Array((slots + 1) * columns);
    this.#hashes = new Int32Array(slots);
    this.#lengths = new Uint8Array(slots);
    this.#words = new Uint8Array(slots * CACHED_WORD_BYTES);
  }

  /** The word's slot, or -1. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const slot = hash & this.#mask;
    if (this.#hashes[slot] !== hash || this.#lengths[slot] !== end - start) return -1;
    return sameBytes(this.#words, slot * CACHED_WORD_BYTES, bytes, start, end - start) ? slot : -1;
  }

  /** A slot for the word, its sum zero. */
  claim(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const length = end - start;
    const slot = length > CACHED_WORD_BYTES ? this.#mask + 1 : hash & this.#mask;
    if (slot <= this.#mask) {
      this.#hashes[slot] = hash;
      this.#lengths[slot] = length;
      for (let i = 0; i < length; i++) this.#words[slot * CACHED_WORD_BYTES + i] = bytes[start + i]!;
    }
    this.sums.fill(0, slot * this.#columns, (slot + 1) * this.#columns);
    return slot;
  }

  addSum(slot: number, hidden: Float32Array): void {
    const start = slot * this.#columns;
    for (let column = 0; column < this.#columns; column++) hidden[column]! += this.sums[start + column]!;
  }
}

/** Finds the likeliest leaves of a label tree. Probabilities are products down the tree, floored at every branch. */
class TreeSearch {
  readonly #model: FastTextModel;
  readonly #tree: LabelTree;
  readonly #parents: Int32Array;
  // Branches put off; there is at most one for each level.
  readonly #waitingNodes: number[] = [];
  readonly #waitingProbabilities: number[] = [];

  constructor(model: FastTextModel, tree: LabelTree) {
    this.#model = model;
    this.#tree = tree;
    this.#parents = parentsOf(tree);
  }

  offerLabels(hidden: Float32Array, threshold: number, best: BestLabels): void {
    const { left, right } = this.#tree;
    const lowest = threshold + PROBABILITY_FLOOR;
    this.#waitingNodes.push(left.length - 1);
    this.#waitingProbabilities.push(1);
    while (this.#waitingNodes.length > 0) {
      let node = this.#waitingNodes.pop()!;
      let probability = this.#waitingProbabilities.pop()!;
      while (probability >= lowest && probability >= best.bar) {
        if (left[node]! < 0) {
          best.offer(probability, node);
          break;
        }
        const goRight = this.#goRight(node, hidden);
        const goLeft = Math.fround(1 - goRight);
        const isRightFirst = goRight > goLeft;
        this.#waitingNodes.push(isRightFirst ? left[node]! : right[node]!);
        this.#waitingProbabilities.push(probability * (Math.min(goLeft, goRight) + PROBABILITY_FLOOR));
        probability *= Math.max(goLeft, goRight) + PROBABILITY_FLOOR;
        node = isRightFirst ? right[node]! : left[node]!;
      }
    }
  }

  probabilityOf(label: number, hidden: Float32Array): number {
    let probability = 1;
    for (let node = label, parent = this.#parents[node]!; parent >= 0; node = parent, parent = this.#parents[node]!) {
      const goRight = this.#goRight(parent, hidden);
      probability *= (this.#tree.right[parent] === node ? goRight : Math.fround(1 - goRight)) + PROBABILITY_FLOOR;
    }
    return probability;
  }

  #goRight(node: number, hidden: Float32Array): number {
    const value = dotRow(this.#model.output, node - this.#model.labels.length, hidden);
    return Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-value))));
  }
}
