/** Which entries have a run of words: an inverted index in typed arrays, which is filled once and then only read. */
import { KeyNumbers } from "../../pipeline/key-numbers.ts";
import { withRoom } from "../../pipeline/text/growable.ts";

/**
 * A run that more entries share is what their suite prints before every question ("for which of these two scenarios does the
 * main character …"), and says nothing of any one of them. So much work is the most that a word of a page makes, too.
 */
const MOST_SHARED = 100;

export class GramPostings {
  readonly #numbers = new KeyNumbers();
  /** By number: the entry that had it last, + 1. */
  #lastEntry = new List();
  #pairNumbers = new List();
  #pairEntries = new List();
  /** Entries of number n: `entries` from `starts[n]` up to `starts[n + 1]`. */
  starts = new Uint32Array(1);
  entries = new Uint32Array(0);

  /** Entries come in ascending order. */
  add(low: number, high: number, entry: number): void {
    const number = this.#numbers.add(low, high);
    if (number === this.#lastEntry.length) this.#lastEntry.push(0);
    if (this.#lastEntry.values[number] === entry + 1) return;
    this.#lastEntry.values[number] = entry + 1;
    this.#pairNumbers.push(number);
    this.#pairEntries.push(entry);
  }

  /** To be called once, when all is added. */
  seal(): void {
    const { values: numbers, length } = this.#pairNumbers;
    const counts = new Uint32Array(this.#numbers.count);
    for (let i = 0; i < length; i++) counts[numbers[i]!]!++;
    const starts = new Uint32Array(counts.length + 1);
    for (let n = 0; n < counts.length; n++) starts[n + 1] = starts[n]! + (counts[n]! > MOST_SHARED ? 0 : counts[n]!);
    const entries = new Uint32Array(starts.at(-1)!);
    const next = starts.slice();
    for (let i = 0; i < length; i++) {
      const number = numbers[i]!;
      if (counts[number]! <= MOST_SHARED) entries[next[number]!++] = this.#pairEntries.values[i]!;
    }
    this.starts = starts;
    this.entries = entries;
    this.#lastEntry = this.#pairNumbers = this.#pairEntries = new List();
  }

  /** How many different runs there are. */
  get count(): number {
    return this.#numbers.count;
  }

  /** The run's number, or −1 where no entry has it. */
  find(low: number, high: number): number {
    return this.#numbers.find(low, high);
  }

  /** How many runs each entry is known by. */
  countByEntry(entries: number): Uint32Array {
    const counts = new Uint32Array(entries);
    for (const entry of this.entries) counts[entry]!++;
    return counts;
  }
}

class List {
  values = new Uint32Array(1 << 10);
  length = 0;

  push(value: number): void {
    this.values = withRoom(this.values, this.length + 1);
    this.values[this.length++] = value;
  }
}
