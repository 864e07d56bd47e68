/**
 * Pairs, the most frequent on top; among equals, the one that `goesBefore`. A pair's count falls as others are merged,
 * and its entry is left as it was: entries promise too much, never too little. Whoever takes the top looks up what it is
 * worth now, and lowers it if that is less; a top that is as good as it promised is the best there is.
 */
export class PairHeap {
  #size = 0;
  #pairs = new Int32Array(1 << 10);
  #counts = new Float64Array(1 << 10);
  readonly #goesBefore: (pair: number, other: number) => boolean;

  constructor(goesBefore: (pair: number, other: number) => boolean) {
    this.#goesBefore = goesBefore;
  }

  get size(): number {
    return this.#size;
  }

  get topPair(): number {
    return this.#pairs[0]!;
  }

  /** The count that the top was given. */
  get topCount(): number {
    return this.#counts[0]!;
  }

  push(pair: number, count: number): void {
    if (this.#size === this.#pairs.length) this.#grow();
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isAbove(pair, count, this.#pairs[parent]!, this.#counts[parent]!)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#pairs[at] = pair;
    this.#counts[at] = count;
  }

  pop(): void {
    const last = --this.#size;
    if (last > 0) this.#sink(this.#pairs[last]!, this.#counts[last]!);
  }

  /** Gives the top pair its new count, or its new place among equals. */
  lowerTop(count: number): void {
    this.#sink(this.topPair, count);
  }

  /** Puts an entry in the place of the top, and lets it sink. */
  #sink(pair: number, count: number): void {
    const size = this.#size;
    const pairs = this.#pairs;
    const counts = this.#counts;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const next = child + 1;
      if (next < size && this.#isAbove(pairs[next]!, counts[next]!, pairs[child]!, counts[child]!)) child = next;
      if (!this.#isAbove(pairs[child]!, counts[child]!, pair, count)) break;
      this.#move(child, at);
      at = child;
    }
    pairs[at] = pair;
    counts[at] = count;
  }

  #isAbove(pair: number, count: number, other: number, otherCount: number): boolean {
    return count !== otherCount ? count > otherCount : this.#goesBefore(pair, other);
  }

  #move(from: number, to: number): void {
    this.#pairs[to] = this.#pairs[from]!;
    this.#counts[to] = this.#counts[from]!;
  }

  #grow(): void {
    const pairs = new Int32Array(2 * this.#pairs.length);
    const counts = new Float64Array(2 * this.#counts.length);
    pairs.set(this.#pairs);
    counts.set(this.#counts);
    this.#pairs = pairs;
    this.#counts = counts;
  }
}
