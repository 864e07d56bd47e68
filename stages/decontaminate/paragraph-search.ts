import { GramRoller } from "../../pipeline/text/gram-hashes.ts";
import { WordHasher, wordBreak } from "../../pipeline/text/word-hashes.ts";
import type { EvalItem } from "./eval-files.ts";
import type { Found, Search } from "./eval-index.ts";
import { GramPostings } from "./gram-postings.ts";
import { FEWEST_WORDS, searchedTexts } from "./searched-texts.ts";
import { addSpan, type Span } from "./spans.ts";

const STRETCH_UNITS = 1 << 16;

/** Finds items by whole paragraphs, which end at "\n": one of the page must have the words of one of a text, all and no others. */
export class ParagraphSearch implements Search {
  readonly isSearched: Uint8Array;
  readonly #hashers = [new WordHasher("parts"), new WordHasher("joins")];
  readonly #roller = new GramRoller();
  readonly #postings = new GramPostings();
  /** Words of the longest paragraph of an item. */
  #longest = 0;

  constructor(items: readonly EvalItem[]) {
    for (const [n, item] of items.entries()) {
      for (const paragraph of searchedTexts(item).flatMap((text) => text.split("\n"))) {
        for (const words of this.#hashers) {
          words.read(paragraph);
          if (words.count < FEWEST_WORDS) continue;
          this.#longest = Math.max(this.#longest, words.count);
          const { low, high } = this.#roller.roll(words, words.count);
          this.#postings.add(low[0]!, high[0]!, n);
        }
      }
    }
    this.#postings.seal();
    this.isSearched = Uint8Array.from(this.#postings.countByEntry(items.length), (count) => Number(count > 0));
  }

  find(text: string): Found {
    const items = new Map<number, number>();
    const passages: Span[] = [];
    for (let start = 0; start < text.length; ) {
      const newline = text.indexOf("\n", start);
      const end = newline < 0 ? text.length : newline;
      // Eight words have seven spaces between them, or are at least eight characters.
      if (end - start >= FEWEST_WORDS && this.#take(text.slice(start, end), items)) addSpan(passages, start, end);
      start = end + 1;
    }
    return { items, passages };
  }

  /** Counts the paragraph for the items that have it, and tells whether there are any. */
  #take(paragraph: string, items: Map<number, number>): boolean {
    for (const words of this.#hashers) {
      if (!this.#read(paragraph, words) || words.count < FEWEST_WORDS) continue;
      const { low, high } = this.#roller.roll(words, words.count);
      const number = this.#postings.find(low[0]!, high[0]!);
      if (number < 0) continue;
      const { starts, entries } = this.#postings;
      const [first, last] = [starts[number]!, starts[number + 1]!];
      for (let p = first; p < last; p++) items.set(entries[p]!, (items.get(entries[p]!) ?? 0) + words.count);
      if (first < last) return true;
    }
    return false;
  }

  /** False for a paragraph longer than all that are looked for: it is not read to its end. */
  #read(paragraph: string, words: WordHasher): boolean {
    for (let start = 0; start < paragraph.length; ) {
      const end = wordBreak(paragraph, start + STRETCH_UNITS);
      words.read(paragraph.slice(start, end), start === 0 ? 0 : words.count);
      if (words.count > this.#longest) return false;
      start = end;
    }
    return true;
  }
}
