import { GramRoller } from "../../pipeline/text/gram-hashes.ts";
import type { EvalItem } from "./eval-files.ts";
import type { Found, Search } from "./eval-index.ts";
import { GramPostings } from "./gram-postings.ts";
import { searchedTexts } from "./searched-texts.ts";
import { mergeSpans, type Span, unitsOf } from "./spans.ts";
import { WordStream } from "./word-stream.ts";

/** Words of the runs that texts are compared by. */
const NEAR_WORDS = 5;
/** How much longer than the text the passage of a page may be that is held to it. */
const STRETCHING = 2;

/**
 * Finds items of which a text is all but contained in a passage of the page: of its different runs of 5 words at least the
 * share `threshold` stands in a stretch of the page that has at most twice as many.
 *
 * For each text a window moves along the page: a queue of the runs that it met, and for each of its runs where it was met last.
 */
export class NearSearch implements Search {
  readonly isSearched: Uint8Array;
  readonly #stream = new WordStream("parts");
  readonly #roller = new GramRoller();
  readonly #postings = new GramPostings();
  /** By text. */
  readonly #itemOf: Uint32Array;
  readonly #runsOf: Uint32Array;
  readonly #needOf: Uint32Array;
  /** Different runs in the window, and the most there were. */
  readonly #inWindow: Uint32Array;
  readonly #mostInWindow: Uint32Array;
  readonly #queues: (Queue | undefined)[];
  /** By posting: which word of the page it was met at last, + 1; 0 where it is not in the window. */
  readonly #metAt: Uint32Array;

  constructor(items: readonly EvalItem[], threshold: number) {
    const itemOf: number[] = [];
    const { words } = this.#stream;
    for (const [n, item] of items.entries()) {
      for (const text of searchedTexts(item)) {
        words.read(text);
        const { low, high, count } = this.#roller.roll(words, NEAR_WORDS);
        for (let i = 0; i < count; i++) this.#postings.add(low[i]!, high[i]!, itemOf.length);
        itemOf.push(n);
      }
    }
    this.#postings.seal();
    this.#itemOf = Uint32Array.from(itemOf);
    this.#runsOf = this.#postings.countByEntry(itemOf.length);
    // Less what rounding made of 0.8 · 5.
    this.#needOf = this.#runsOf.map((runs) => Math.max(1, Math.ceil(threshold * runs - 1e-9)));
    this.#inWindow = new Uint32Array(itemOf.length);
    this.#mostInWindow = new Uint32Array(itemOf.length);
    this.#queues = new Array(itemOf.length);
    this.#metAt = new Uint32Array(this.#postings.entries.length);
    this.isSearched = new Uint8Array(items.length);
    for (const [text, item] of itemOf.entries()) if (this.#runsOf[text]! > 0) this.isSearched[item] = 1;
  }

  find(text: string): Found {
    const touched: number[] = [];
    const spans: Span[] = [];
    const stream = this.#stream;
    const { starts, entries } = this.#postings;
    stream.read(text, NEAR_WORDS - 1, () => {
      const { low, high, count } = this.#roller.roll(stream.words, NEAR_WORDS);
      for (let i = 0; i < count; i++) {
        const number = this.#postings.find(low[i]!, high[i]!);
        if (number < 0) continue;
        for (let p = starts[number]!; p < starts[number + 1]!; p++) {
          this.#meet(entries[p]!, p, stream.at + i, touched, spans);
        }
      }
    });
    const items = new Map<number, number>();
    for (const one of touched) {
      if (this.#mostInWindow[one]! >= this.#needOf[one]!) {
        const item = this.#itemOf[one]!;
        items.set(item, Math.max(items.get(item) ?? 0, this.#mostInWindow[one]! / this.#runsOf[one]!));
      }
      this.#leave(one, Number.POSITIVE_INFINITY);
      this.#mostInWindow[one] = 0;
    }
    const passages = spans.length === 0 ? [] : unitsOf(text, mergeSpans(spans), stream.punctuation);
    return { items, passages: mergeSpans(passages) };
  }

  #meet(text: number, posting: number, at: number, touched: number[], spans: Span[]): void {
    const width = STRETCHING * this.#runsOf[text]!;
    const queue = this.#queues[text] ?? new Queue(width);
    this.#queues[text] = queue;
    if (this.#mostInWindow[text] === 0) touched.push(text);
    this.#leave(text, at - width + 1);
    if (this.#metAt[posting] === 0) this.#inWindow[text]!++;
    this.#metAt[posting] = at + 1;
    queue.push(posting, at);
    const different = this.#inWindow[text]!;
    if (different > this.#mostInWindow[text]!) this.#mostInWindow[text] = different;
    if (different >= this.#needOf[text]!) widen(spans, queue.firstAt, at + NEAR_WORDS);
  }

  /** Lets go of what was met before a place. */
  #leave(text: number, before: number): void {
    const queue = this.#queues[text]!;
    while (queue.length > 0 && queue.firstAt < before) {
      const posting = queue.firstPosting;
      if (this.#metAt[posting] === queue.firstAt + 1) {
        this.#metAt[posting] = 0;
        this.#inWindow[text]!--;
      }
      queue.shift();
    }
  }
}

/** Of runs met and where, as many as go into the window. */
class Queue {
  readonly #postings: Uint32Array;
  readonly #places: Uint32Array;
  #first = 0;
  length = 0;

  constructor(capacity: number) {
    this.#postings = new Uint32Array(capacity);
    this.#places = new Uint32Array(capacity);
  }

  get firstAt(): number {
    return this.#places[this.#first]!;
  }

  get firstPosting(): number {
    return this.#postings[this.#first]!;
  }

  push(posting: number, place: number): void {
    const end = (this.#first + this.length++) % this.#places.length;
    this.#postings[end] = posting;
    this.#places[end] = place;
  }

  shift(): void {
    this.#first = (this.#first + 1) % this.#places.length;
    this.length--;
  }
}

function widen(spans: Span[], start: number, end: number): void {
  const last = spans.at(-1);
  if (last === undefined || start > last.end || end < last.start) spans.push({ start, end });
  else {
    last.start = Math.min(last.start, start);
    last.end = Math.max(last.end, end);
  }
}
