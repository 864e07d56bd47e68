import { Kind, type WordKinds } from "./word-kinds.ts";

/** A page's words, in order, by one definition of what a word is: where each lies in the text, and of which kind it is. */
export class Words implements Iterable<string> {
  readonly text: string;
  readonly length: number;
  /** UTF-16 index where each word begins and ends. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Each word's kind: a number that indexes `vocabulary` and says nothing else. Equal kinds ⇔ equal words. */
  readonly kinds: Int32Array;
  /** Each word's flags (see `Kind`): those of its kind, without a look-up. */
  readonly flags: Uint8Array;
  readonly vocabulary: WordKinds;

  constructor(text: string, { starts, ends, kinds, flags }: WordColumns, vocabulary: WordKinds) {
    this.text = text;
    this.length = kinds.length;
    this.starts = starts;
    this.ends = ends;
    this.kinds = kinds;
    this.flags = flags;
    this.vocabulary = vocabulary;
  }

  /** Code points of the word at an index below `length`. */
  charsAt(index: number): number {
    const isWide = (this.flags[index]! & Kind.wide) !== 0;
    return isWide ? this.vocabulary.codePoints[this.kinds[index]!]! : this.ends[index]! - this.starts[index]!;
  }

  /** The word at an index below `length`. */
  at(index: number): string {
    return this.text.slice(this.starts[index], this.ends[index]);
  }

  /**
   * Code points of the whole text, of words between which there is only white space (English and spaced ones): that has
   * none beyond the basic plane, so they tell.
   */
  get textChars(): number {
    const { flags, length } = this;
    let chars = this.text.length;
    for (let i = 0; i < length; i++) {
      if ((flags[i]! & Kind.wide) !== 0) chars -= this.ends[i]! - this.starts[i]! - this.charsAt(i);
    }
    return chars;
  }

  /** Whether the word occurs, exactly as written. */
  has(word: string): boolean {
    const kind = this.vocabulary.find(word);
    return kind !== -1 && this.kinds.includes(kind);
  }

  *[Symbol.iterator](): Iterator<string> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

/** What is known of each of so many words. */
export interface WordColumns {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly kinds: Int32Array;
  readonly flags: Uint8Array;
}

/** Columns for `count` words, in one piece of memory: making four costs as much as filling them. */
export function wordColumns(count: number): WordColumns {
  const memory = new ArrayBuffer(13 * count);
  return {
    starts: new Int32Array(memory, 0, count),
    ends: new Int32Array(memory, 4 * count, count),
    kinds: new Int32Array(memory, 8 * count, count),
    flags: new Uint8Array(memory, 12 * count, count),
  };
}
