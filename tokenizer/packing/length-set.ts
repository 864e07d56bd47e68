const WORD_BITS = 32;

/**
 * A set of whole numbers from 0 to `max`, asked for its neighbours: a bit for each number, above 32 of them a bit that
 * says whether any is set, and so on up to a single word. Every question looks at no more than two words a level, and
 * 2^20 numbers are four levels.
 */
export class LengthSet {
  /** From the numbers' own bits up to the single word. */
  readonly #levels: Uint32Array[] = [];

  constructor(max: number) {
    // One more than there are numbers: a question about all of them begins just above the highest.
    let bits = max + 2;
    do {
      bits = Math.ceil(bits / WORD_BITS);
      this.#levels.push(new Uint32Array(bits));
    } while (bits > 1);
  }

  add(value: number): void {
    for (const words of this.#levels) {
      const word = value >>> 5;
      words[word]! |= 1 << (value & 31);
      value = word;
    }
  }

  remove(value: number): void {
    for (const words of this.#levels) {
      const word = value >>> 5;
      words[word]! &= ~(1 << (value & 31));
      if (words[word] !== 0) return;
      value = word;
    }
  }

  /** The highest member that is not above `limit`, which is not above `max`; -1 if there is none. */
  highestUpTo(limit: number): number {
    // The first look includes the limit itself; one level up, its own word has been searched and is left out.
    let reach = limit + 1;
    for (const [level, words] of this.#levels.entries()) {
      const word = reach >>> 5;
      const below = words[word]! & ((1 << (reach & 31)) - 1);
      if (below !== 0) return this.#descend(level, word * WORD_BITS + highestBit(below), highestBit);
      reach = word;
    }
    return -1;
  }

  /** The lowest member; -1 if there is none. */
  lowest(): number {
    const top = this.#levels.length - 1;
    const word = this.#levels[top]![0]!;
    return word === 0 ? -1 : this.#descend(top, lowestBit(word), lowestBit);
  }

  /** The member below bit `at` of a level that `choose` leads to. */
  #descend(level: number, at: number, choose: (word: number) => number): number {
    for (let below = level - 1; below >= 0; below--) at = at * WORD_BITS + choose(this.#levels[below]![at]!);
    return at;
  }
}

function highestBit(word: number): number {
  return 31 - Math.clz32(word);
}

function lowestBit(word: number): number {
  return highestBit(word & -word);
}
