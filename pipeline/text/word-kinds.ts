/**
 * Kinds of words: each distinct word has a number, and what is worth knowing of it is found out once. A page's words are
 * then numbers, too, and measuring them is a look-up.
 */
import { withRoom } from "./growable.ts";
import { isPunctuation, SENTENCE_ENDS } from "./punctuation.ts";
import { isAlphabetic, isHighSurrogate, isLowSurrogate } from "./python-text.ts";
import { SpanRecords } from "./span-records.ts";
import { copyUnits, type Units } from "./units.ts";

/** Flags of a kind of word. */
export const Kind = {
  /** Has an alphabetic character. */
  alphabetic: 1,
  /** Has no character but punctuation. */
  symbol: 2,
  /** First piece of an exception that affixes would cut; English words only. */
  opensException: 4,
  /** Lower-case ASCII letters alone. */
  plain: 8,
  /** All its characters are of Unicode's category P. */
  punctuation: 16,
  /** Is a character that ends a sentence to spaCy's sentencizer. */
  sentenceEnd: 32,
  /** Has a character beyond the basic plane: fewer code points than units. */
  wide: 64,
} as const;

const MAX_ASKED = 1000;
const PUNCTUATION_ALONE = /^\p{P}+$/u;

/** What is known of each kind of word. Grows; kinds keep their numbers. */
export class WordKinds {
  /** Distinct words so far. */
  size = 0;
  /** Words have their kind, counted from 1. Chunks of text are looked up here, too: most are a word. */
  readonly spans = new SpanRecords();
  /** Units of all words, end to end, and where each begins; one entry more than words. */
  #units = new Uint16Array(1 << 12);
  #starts = new Int32Array(1 << 8);
  /** Words that were asked for by name, as stop words are for every page. */
  readonly #asked = new Map<string, number>();
  /** Code points. */
  codePoints = new Int32Array(1 << 8);
  flags = new Uint8Array(1 << 8);

  /** Bytes held, nearly. */
  get bytes(): number {
    return this.spans.bytes + this.#units.byteLength + 9 * this.#starts.length;
  }

  /** The kind of a word, or -1 where it has not been met. */
  find(word: string): number {
    const asked = this.#asked.get(word);
    if (asked !== undefined) return asked;
    if (word === "") return -1;
    const at = this.spans.find(copyUnits(word), 0, word.length);
    const kind = at === -1 ? -1 : this.spans.word(at) - 1;
    if (kind !== -1 && this.#asked.size < MAX_ASKED) this.#asked.set(word, kind);
    return kind;
  }

  /** The word itself. */
  textOf(kind: number): string {
    const start = this.#starts[kind]!;
    const length = this.#starts[kind + 1]! - start;
    return Buffer.from(this.#units.buffer, 2 * start, 2 * length).toString("utf16le");
  }

  /** What a test says of a kind: its flags, first and last unit, and its length in units. */
  passes(kind: number, test: (flags: number, first: number, last: number, length: number) => boolean): boolean {
    const start = this.#starts[kind]!;
    const end = this.#starts[kind + 1]!;
    return test(this.flags[kind]!, this.#units[start]!, this.#units[end - 1]!, end - start);
  }

  /** The kind of the word that lies from `start` to `end`. */
  intern(text: Units, start: number, end: number): number {
    let at = this.spans.find(text, start, end);
    if (at !== -1 && this.spans.word(at) > 0) return this.spans.word(at) - 1;
    if (at === -1) at = this.spans.add(text, start, end);
    const kind = this.size++;
    this.spans.setWord(at, kind + 1);
    this.#describe(kind, text.units, start, end);
    return kind;
  }

  internText(word: string): number {
    return this.intern(copyUnits(word), 0, word.length);
  }

  #describe(kind: number, units: Uint16Array, start: number, end: number): void {
    if (kind + 2 > this.#starts.length) {
      this.#starts = withRoom(this.#starts, kind + 2);
      this.codePoints = withRoom(this.codePoints, kind + 2);
      this.flags = withRoom(this.flags, kind + 2);
    }
    let place = this.#starts[kind]!;
    this.#units = withRoom(this.#units, place + end - start);
    let codePoints = 0;
    let flags: number = Kind.symbol;
    let isPlain = true;
    for (let i = start; i < end; i++) {
      const unit = units[i]!;
      this.#units[place++] = unit;
      isPlain &&= unit >= 0x61 && unit <= 0x7a;
      // The second half of a pair is no character of its own.
      if (isLowSurrogate(unit) && i > start && isHighSurrogate(units[i - 1]!)) continue;
      codePoints++;
      if (flags === Kind.alphabetic) continue;
      const isPair = isHighSurrogate(unit) && i + 1 < end && isLowSurrogate(units[i + 1]!);
      const codePoint = isPair ? 0x10000 + ((unit & 0x3ff) << 10) + (units[i + 1]! & 0x3ff) : unit;
      if (!isPunctuation(codePoint)) flags &= ~Kind.symbol;
      if (isAlphabetic(codePoint)) flags |= Kind.alphabetic;
    }
    this.#starts[kind + 1] = place;
    this.codePoints[kind] = codePoints;
    if (isPlain) flags |= Kind.plain;
    if (codePoints < end - start) flags |= Kind.wide;
    if ((flags & Kind.alphabetic) === 0) {
      const word = this.textOf(kind);
      if (PUNCTUATION_ALONE.test(word)) flags |= Kind.punctuation;
      if (SENTENCE_ENDS.test(word)) flags |= Kind.sentenceEnd;
    }
    this.flags[kind] = flags;
  }
}

/**
 * A number for each kind of word that a measurement needs, found out once per kind and vocabulary: the returned function
 * gives a table indexed by kind, complete for the kinds known when it is called. Kinds that `isZero` knows by their flags,
 * their first and last unit and their length need not be described.
 * @example
 * const beginsWithDigit = perKind((word) => (/^\d/.test(word) ? 1 : 0));
 * const table = beginsWithDigit(words.vocabulary);
 * for (const kind of words.kinds) count += table[kind]!;
 */
export function perKind(
  describe: (word: string) => number,
  isZero: (flags: number, first: number, last: number, length: number) => boolean = () => false,
): (vocabulary: WordKinds) => Int32Array {
  const tables = new WeakMap<WordKinds, { known: number; values: Int32Array }>();
  return (vocabulary) => {
    let table = tables.get(vocabulary);
    if (table === undefined) {
      table = { known: 0, values: new Int32Array(1 << 8) };
      tables.set(vocabulary, table);
    }
    table.values = withRoom(table.values, vocabulary.size);
    for (; table.known < vocabulary.size; table.known++) {
      const kind = table.known;
      if (vocabulary.passes(kind, isZero)) continue;
      table.values[kind] = describe(vocabulary.textOf(kind));
    }
    return table.values;
  };
}
