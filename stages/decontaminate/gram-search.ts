import { GramRoller, gramKey } from "../../pipeline/text/gram-hashes.ts";
import type { EvalItem } from "./eval-files.ts";
import type { Found, Search } from "./eval-index.ts";
import { GramPostings } from "./gram-postings.ts";
import { FEWEST_WORDS, searchedTexts } from "./searched-texts.ts";
import { addSpan, mergeSpans, type Span, unitsOf } from "./spans.ts";
import { WordStream } from "./word-stream.ts";

/**
 * Finds items by any run of `ngram` words of one of their texts; by all words of a text that has fewer.
 *
 * Words are cut in both ways (see `Punctuation`): a table's row has no space where words end, and a text that lost its
 * punctuation has none inside of words. Most runs are the same either way.
 *
 * Runs have up to six lengths, and nearly no run of a page is one of an item. So the page's runs of the shortest length are
 * held against a set of bits first: with what the longer ones begin. Only where the bit is there are all lengths looked up.
 */
export class GramSearch implements Search {
  readonly isSearched: Uint8Array;
  readonly #streams = [new WordStream("parts"), new WordStream("joins")];
  readonly #roller = new GramRoller();
  readonly #postings = new GramPostings();
  /** Of the runs that some text has, the longest first. */
  readonly #lengths: readonly number[];
  readonly #beginnings: Beginnings;
  /** By item: how many words of the page are its, and where the last of them ends. */
  readonly #wordsOf: Uint32Array;
  readonly #endOf: Uint32Array;

  constructor(items: readonly EvalItem[], ngram: number) {
    const lengths = new Set<number>();
    const eachText = (take: (item: number, stream: WordStream, length: number) => void): void => {
      for (const [n, item] of items.entries()) {
        for (const text of searchedTexts(item)) {
          for (const stream of this.#streams) {
            stream.words.read(text);
            const length = Math.min(ngram, stream.words.count);
            if (length >= FEWEST_WORDS) take(n, stream, length);
          }
        }
      }
    };
    eachText((n, { words }, length) => {
      lengths.add(length);
      const { low, high, count } = this.#roller.roll(words, length);
      for (let i = 0; i < count; i++) this.#postings.add(low[i]!, high[i]!, n);
    });
    this.#postings.seal();
    this.#lengths = [...lengths].sort((a, b) => b - a);
    const shortest = this.#lengths.at(-1) ?? 0;
    this.#beginnings = new Beginnings(this.#postings.count);
    eachText((_, { words }, length) => {
      const { low } = this.#roller.roll(words, shortest);
      for (let i = 0; i + length <= words.count; i++) this.#beginnings.add(low[i]!);
    });
    this.isSearched = Uint8Array.from(this.#postings.countByEntry(items.length), (count) => Number(count > 0));
    this.#wordsOf = new Uint32Array(items.length);
    this.#endOf = new Uint32Array(items.length);
  }

  find(text: string): Found {
    const items = new Map<number, number>();
    const passages: Span[] = [];
    for (const stream of this.#streams) {
      const found: number[] = [];
      const spans = this.#spansIn(text, stream, found);
      for (const item of found) {
        items.set(item, Math.max(items.get(item) ?? 0, this.#wordsOf[item]!));
        this.#wordsOf[item] = 0;
        this.#endOf[item] = 0;
      }
      if (spans.length > 0) passages.push(...unitsOf(text, spans, stream.punctuation));
    }
    return { items, passages: mergeSpans(passages) };
  }

  #spansIn(text: string, stream: WordStream, found: number[]): Span[] {
    const spans: Span[] = [];
    const { words } = stream;
    const longest = this.#lengths[0] ?? 0;
    const shortest = this.#lengths.at(-1) ?? 0;
    const key = { low: 0, high: 0 };
    stream.read(text, longest - 1, (firstNew) => {
      const { low, count } = this.#roller.roll(words, shortest);
      for (let i = 0; i < count; i++) {
        if (!this.#beginnings.has(low[i]!)) continue;
        for (const length of this.#lengths) {
          // A run that ends before the new words was seen.
          if (i + length > words.count || i + length <= firstNew) continue;
          gramKey(words, i, length, key);
          const number = this.#postings.find(key.low, key.high);
          if (number >= 0) this.#take(number, stream.at + i, length, found, spans);
        }
      }
    });
    return spans;
  }

  #take(number: number, start: number, length: number, found: number[], spans: Span[]): void {
    const { starts, entries } = this.#postings;
    const end = start + length;
    for (let p = starts[number]!; p < starts[number + 1]!; p++) {
      const item = entries[p]!;
      if (this.#wordsOf[item] === 0) found.push(item);
      const from = Math.max(start, this.#endOf[item]!);
      if (from >= end) continue;
      this.#wordsOf[item]! += end - from;
      this.#endOf[item] = end;
    }
    if (starts[number] !== starts[number + 1]) addSpan(spans, start, end);
  }
}

/** Hashes that were added, and few others: a bit each, of 16 or more for each that will come. */
class Beginnings {
  readonly #bits: Uint32Array;
  readonly #mask: number;

  constructor(count: number) {
    const words = 2 ** Math.max(4, Math.ceil(Math.log2(Math.max(1, count) / 2)));
    this.#bits = new Uint32Array(words);
    this.#mask = words - 1;
  }

  add(hash: number): void {
    this.#bits[(hash >>> 5) & this.#mask]! |= 1 << (hash & 31);
  }

  has(hash: number): boolean {
    return ((this.#bits[(hash >>> 5) & this.#mask]! >>> (hash & 31)) & 1) === 1;
  }
}
