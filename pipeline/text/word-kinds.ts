/**
 * Kinds of words: each distinct word has a number, and what is worth knowing of it is found out once. A page's words are
 * then numbers, too, and measuring them is a look-up.
 */
import { withRoom } from "./growable.ts";
import { isPunctuation } from "./punctuation.ts";
import { countCodePoints, isAlphabetic } from "./python-text.ts";
import { SpanTable } from "./span-table.ts";

/** Flags of a kind of word. */
export const Kind = {
  /** Has an alphabetic character. */
  alphabetic: 1,
  /** Has no character but punctuation. */
  symbol: 2,
  /** First piece of an exception that affixes would cut; English words only. */
  opensException: 4,
} as const;

/** Odd, so that it has an inverse modulo 2³²: a run of words is hashed as the difference of two running sums. */
const BASE = 0x2c9277b5;
const BASE_INVERSE = inverseOf(BASE);

/** What is known of each kind of word. Grows; kinds keep their numbers. */
export class WordKinds {
  #spans = new SpanTable();
  /** Code points. */
  codePoints = new Int32Array(1 << 8);
  flags = new Uint8Array(1 << 8);
  /** The word read as a number to BASE, modulo 2³²; BASE to the power of the word's UTF-16 length; that power's inverse. */
  hashes = new Int32Array(1 << 8);
  powers = new Int32Array(1 << 8);
  inversePowers = new Int32Array(1 << 8);

  get size(): number {
    return this.#spans.size;
  }

  /** UTF-16 units held. */
  get units(): number {
    return this.#spans.units;
  }

  find(word: string): number {
    return this.#spans.find(word);
  }

  /** The word itself. */
  textOf(kind: number): string {
    return this.#spans.textOf(kind);
  }

  /** The kind of the word `text[start..end)`. */
  intern(text: string, start: number, end: number): number {
    const before = this.#spans.size;
    const kind = this.#spans.intern(text, start, end);
    if (kind === before) this.#describe(kind, text, start, end);
    return kind;
  }

  #describe(kind: number, text: string, start: number, end: number): void {
    this.codePoints = withRoom(this.codePoints, kind + 1);
    this.flags = withRoom(this.flags, kind + 1);
    this.hashes = withRoom(this.hashes, kind + 1);
    this.powers = withRoom(this.powers, kind + 1);
    this.inversePowers = withRoom(this.inversePowers, kind + 1);

    let hash = 0;
    let power = 1;
    let inverse = 1;
    for (let i = start; i < end; i++) {
      hash = (Math.imul(hash, BASE) + text.charCodeAt(i) + 1) | 0;
      power = Math.imul(power, BASE);
      inverse = Math.imul(inverse, BASE_INVERSE);
    }
    this.codePoints[kind] = countCodePoints(text, start, end);
    this.flags[kind] = flagsOf(text, start, end);
    this.hashes[kind] = hash;
    this.powers[kind] = power;
    this.inversePowers[kind] = inverse;
  }
}

/**
 * A number for each kind of word that a measurement needs, found out once per kind and vocabulary: the returned function
 * gives a table indexed by kind, complete for the kinds known when it is called.
 * @example
 * const beginsWithDigit = perKind((word) => (/^\d/.test(word) ? 1 : 0));
 * const table = beginsWithDigit(words.vocabulary);
 * for (const kind of words.kinds) count += table[kind]!;
 */
export function perKind(describe: (word: string) => number): (vocabulary: WordKinds) => Int32Array {
  const tables = new WeakMap<WordKinds, { known: number; values: Int32Array }>();
  return (vocabulary) => {
    let table = tables.get(vocabulary);
    if (table === undefined) {
      table = { known: 0, values: new Int32Array(1 << 8) };
      tables.set(vocabulary, table);
    }
    table.values = withRoom(table.values, vocabulary.size);
    for (; table.known < vocabulary.size; table.known++) {
      table.values[table.known] = describe(vocabulary.textOf(table.known));
    }
    return table.values;
  };
}

function flagsOf(text: string, start: number, end: number): number {
  let flags: number = Kind.symbol;
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i);
    const codePoint = (unit & 0xfc00) === 0xd800 && i + 1 < end ? text.codePointAt(i)! : unit;
    if (codePoint > 0xffff) i++;
    if ((flags & Kind.symbol) !== 0 && !isPunctuation(codePoint)) flags &= ~Kind.symbol;
    if ((flags & Kind.alphabetic) === 0 && isAlphabetic(codePoint)) flags |= Kind.alphabetic;
    if (flags === Kind.alphabetic) break;
  }
  return flags;
}

/** Newton's iteration: each round doubles the number of correct low bits. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let round = 0; round < 5; round++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}
