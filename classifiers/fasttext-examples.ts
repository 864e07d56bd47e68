/**
 * Training examples as numbers. Every text is cut once; what is held of it is one i32 per word, whatever the n-grams:
 *
 *     example e = words wordStarts[e] … wordStarts[e + 1), each the number of a distinct word
 *     distinct word w = a hash, and the input rows rowStarts[w] … rowStarts[w + 1): its own and its character n-grams'
 *
 * `fillRows` puts an example's rows together from that, word n-grams included, in the order of `inputRows`
 * (`fasttext.ts`), which is the definition.
 */
import { RecipeError } from "../pipeline/errors.ts";
import { withRoom } from "../pipeline/text/growable.ts";
import { END_OF_TEXT } from "./fasttext.ts";
import { type Dictionary, LABEL_PREFIX, MAX_WORD_NGRAMS } from "./fasttext-model.ts";
import { hashByte, hashStart } from "./fasttext-tables.ts";
import { wordNgramBuckets } from "./word-ngrams.ts";

/** A text and what it is; labels without `__label__`. */
export interface LabelledText {
  readonly labels: readonly string[];
  readonly text: string;
}

export interface VocabularySettings {
  readonly wordNgrams: number;
  readonly minChars: number;
  readonly maxChars: number;
  readonly minCount: number;
  readonly minLabelCount: number;
  readonly buckets: number;
  readonly labelPrefix: string;
}

const SPACES = /[ \t\n\v\f\r\0]+/;

/**
 * Reads a line of a fastText training file: `__label__spam __label__ad Buy now`. Labels may stand anywhere in it, and
 * every run of spaces becomes one.
 */
export function parseFastTextLine(line: string, labelPrefix = LABEL_PREFIX): LabelledText {
  const labels: string[] = [];
  const words: string[] = [];
  for (const word of line.split(SPACES)) {
    if (word.startsWith(labelPrefix)) labels.push(word.slice(labelPrefix.length));
    else if (word !== "") words.push(word);
  }
  return { labels, text: words.join(" ") };
}

export class EncodedExamples {
  readonly dictionary: Dictionary;
  readonly exampleCount: number;
  /** The most input rows that any example has. */
  readonly mostRows: number;
  readonly #settings: VocabularySettings;
  readonly #words: WordList;
  readonly #labels: WordList;
  readonly #rows: WordRows;
  readonly #hashes: Int32Array;
  readonly #runs = new Int32Array(MAX_WORD_NGRAMS);

  constructor(examples: readonly LabelledText[], settings: VocabularySettings) {
    const words = new WordList();
    const labels = new WordList();
    for (const [i, example] of examples.entries()) {
      for (const label of example.labels) labels.add(checkedLabel(label, i), settings.labelPrefix);
      labels.endExample();
      addWords(words, example.text, settings.labelPrefix);
      words.endExample();
    }
    const wordOrder = words.byFallingCount(settings.minCount);
    const labelOrder = labels.byFallingCount(settings.minLabelCount);
    this.#settings = settings;
    this.#words = words;
    this.#labels = labels;
    this.#labels.renumber(labelOrder);
    this.dictionary = dictionaryOf(words, wordOrder, labels, labelOrder);
    this.exampleCount = examples.length;
    this.#rows = new WordRows(words.spellings, wordOrder, settings);
    let [mostWords, mostRows] = [0, 0];
    for (let example = 0; example < examples.length; example++) {
      const [start, end] = words.rangeOf(example);
      let rows = (end - start) * (settings.wordNgrams - 1);
      for (let at = start; at < end; at++) rows += this.#rows.countOf(words.ids[at]!);
      mostWords = Math.max(mostWords, end - start);
      mostRows = Math.max(mostRows, rows);
    }
    this.#hashes = new Int32Array(mostWords);
    this.mostRows = mostRows;
  }

  /** Words, labels and the line end, known or not: what the learning rate is measured by. */
  tokenCountOf(example: number): number {
    const [wordStart, wordEnd] = this.#words.rangeOf(example);
    const [labelStart, labelEnd] = this.#labels.rangeOf(example);
    return wordEnd - wordStart + labelEnd - labelStart;
  }

  /** The numbers of an example's labels, those that were too rare left out; lent until the next call. */
  viewLabels(example: number): Int32Array {
    const [start, end] = this.#labels.rangeOf(example);
    const labels = this.#labels.ids.subarray(start, end);
    return labels.includes(UNKNOWN) ? labels.filter((label) => label !== UNKNOWN) : labels;
  }

  /** Writes the rows of an example into `rows` (`mostRows` long), repeats included, and returns how many there are. */
  fillRows(example: number, rows: Int32Array): number {
    const { wordNgrams, buckets } = this.#settings;
    const { starts, rows: wordRows, hashes } = this.#rows;
    const { wordCount } = this.dictionary;
    const { ids } = this.#words;
    const [start, end] = this.#words.rangeOf(example);
    let count = 0;
    for (let at = start; at < end; at++) {
      const word = ids[at]!;
      this.#hashes[at - start] = hashes[word]!;
      for (let row = starts[word]!; row < starts[word + 1]!; row++) rows[count++] = wordRows[row]!;
    }
    if (wordNgrams === 1) return count;
    for (let at = 0; at < end - start; at++) {
      const found = wordNgramBuckets(this.#hashes, at, end - start, wordNgrams, buckets, this.#runs);
      for (let run = 0; run < found; run++) rows[count++] = wordCount + this.#runs[run]!;
    }
    return count;
  }
}

/** As prediction reads a text: up to a literal end mark, and without words that look like labels. */
function addWords(words: WordList, text: string, labelPrefix: string): void {
  for (const word of text.toWellFormed().split(SPACES)) {
    if (word === END_OF_TEXT) break;
    if (word !== "" && !word.startsWith(labelPrefix)) words.add(word);
  }
  words.add(END_OF_TEXT);
}

function checkedLabel(label: string, example: number): string {
  if (!SPACES.test(label)) return label;
  throw new RecipeError(
    `example ${example}: label ${JSON.stringify(label)} holds white space, which no fastText file can (use "-" or "_")`,
  );
}

const UNKNOWN = -1;

/** The words of all examples in a row, as numbers of distinct words in the order in which they were first seen. */
class WordList {
  readonly spellings: string[] = [];
  readonly counts: number[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #starts: number[] = [0];
  #ids = new Int32Array(1 << 10);
  #length = 0;

  get ids(): Int32Array {
    return this.#ids;
  }

  get length(): number {
    return this.#length;
  }

  add(word: string, prefix = ""): void {
    let number = this.#numbers.get(word);
    if (number === undefined) {
      number = this.spellings.length;
      this.#numbers.set(word, number);
      this.spellings.push(prefix + word.toWellFormed());
      this.counts.push(0);
    }
    this.counts[number]!++;
    this.#ids = withRoom(this.#ids, this.#length + 1);
    this.#ids[this.#length++] = number;
  }

  endExample(): void {
    this.#starts.push(this.#length);
  }

  rangeOf(example: number): [start: number, end: number] {
    return [this.#starts[example]!, this.#starts[example + 1]!];
  }

  /** Those seen `least` times or more; among equals, the one seen first comes first. */
  byFallingCount(least: number): number[] {
    return Array.from(this.counts.keys())
      .filter((number) => this.counts[number]! >= least)
      .sort((a, b) => this.counts[b]! - this.counts[a]! || a - b);
  }

  /** Calls each word by its place in `order`, and the others UNKNOWN. */
  renumber(order: readonly number[]): void {
    const places = placesIn(order, this.spellings.length);
    for (let at = 0; at < this.#length; at++) this.#ids[at] = places[this.#ids[at]!]!;
  }
}

function placesIn(order: readonly number[], count: number): Int32Array {
  const places = new Int32Array(count).fill(UNKNOWN);
  for (const [place, number] of order.entries()) places[number] = place;
  return places;
}

function dictionaryOf(
  words: WordList,
  wordOrder: readonly number[],
  labels: WordList,
  labelOrder: readonly number[],
): Dictionary {
  const spellings = [
    ...wordOrder.map((word) => words.spellings[word]!),
    ...labelOrder.map((label) => labels.spellings[label]!),
  ];
  const encoded = spellings.map((spelling) => Buffer.from(spelling, "utf8"));
  const starts = new Uint32Array(spellings.length + 1);
  for (const [entry, bytes] of encoded.entries()) starts[entry + 1] = starts[entry]! + bytes.length;
  return {
    wordCount: wordOrder.length,
    labelCount: labelOrder.length,
    bytes: new Uint8Array(Buffer.concat(encoded)),
    starts,
    counts: Float64Array.from([
      ...wordOrder.map((word) => words.counts[word]!),
      ...labelOrder.map((label) => labels.counts[label]!),
    ]),
    tokenCount: words.length + labels.length,
  };
}

/** Hash and input rows of each distinct word, those too rare to have a row of their own included. */
class WordRows {
  readonly hashes: Int32Array;
  readonly starts: Float64Array;
  #rows = new Int32Array(1 << 10);
  #length = 0;

  constructor(spellings: readonly string[], wordOrder: readonly number[], settings: VocabularySettings) {
    const ownRows = placesIn(wordOrder, spellings.length);
    this.hashes = new Int32Array(spellings.length);
    this.starts = new Float64Array(spellings.length + 1);
    for (const [word, spelling] of spellings.entries()) {
      const bracketed = Buffer.from(`<${spelling}>`, "utf8");
      this.hashes[word] = bracketed.subarray(1, -1).reduce(hashByte, hashStart);
      if (ownRows[word] !== UNKNOWN) this.#push(ownRows[word]!);
      if (spelling !== END_OF_TEXT) this.#addCharNgrams(bracketed, wordOrder.length, settings);
      this.starts[word + 1] = this.#length;
    }
  }

  get rows(): Int32Array {
    return this.#rows;
  }

  countOf(word: number): number {
    return this.starts[word + 1]! - this.starts[word]!;
  }

  #addCharNgrams(word: Uint8Array, wordCount: number, { minChars, maxChars, buckets }: VocabularySettings): void {
    for (let from = 0; from < word.length; from++) {
      if (continuesChar(word[from])) continue;
      let hash = hashStart;
      let to = from;
      for (let chars = 1; chars <= maxChars && to < word.length; chars++) {
        do hash = hashByte(hash, word[to++]!);
        while (continuesChar(word[to]));
        const isBracket = chars === 1 && (from === 0 || to === word.length);
        if (chars >= minChars && !isBracket) this.#push(wordCount + ((hash >>> 0) % buckets));
      }
    }
  }

  #push(row: number): void {
    this.#rows = withRoom(this.#rows, this.#length + 1);
    this.#rows[this.#length++] = row;
  }
}

function continuesChar(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
