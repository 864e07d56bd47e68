/**
 * Tells whether any of many strings lies in a text, in one pass over it (Aho and Corasick 1975). A state stands for the
 * longest end of what was read that begins an entry; where it has no edge for the next unit, `fallback` leads to the
 * next shorter one.
 */
export class Substrings {
  /** (state, UTF-16 unit) → state. */
  readonly #edges = new Map<number, number>();
  readonly #fallback: Uint32Array;
  /** 1 where an entry ends in this state or in one that it falls back to. */
  readonly #ends: Uint8Array;

  /** Empty entries are left out: they would lie in every text. */
  constructor(entries: Iterable<string>) {
    const words = [...entries].filter((entry) => entry !== "");
    const mostStates = words.reduce((sum, word) => sum + word.length, 1);
    this.#fallback = new Uint32Array(mostStates);
    this.#ends = new Uint8Array(mostStates);
    this.#linkFallbacks(this.#insert(words));
  }

  isIn(text: string): boolean {
    let state = ROOT;
    for (let i = 0; i < text.length; i++) {
      state = this.#next(state, text.charCodeAt(i));
      if (this.#ends[state] === 1) return true;
    }
    return false;
  }

  #next(from: number, unit: number): number {
    for (let state = from; ; state = this.#fallback[state]!) {
      const next = this.#edges.get(edge(state, unit));
      if (next !== undefined) return next;
      if (state === ROOT) return ROOT;
    }
  }

  /** Every state's parent and last unit, by state; parents come before their children. */
  #insert(words: readonly string[]): { parent: number; unit: number; depth: number }[] {
    const states = [{ parent: ROOT, unit: 0, depth: 0 }];
    for (const word of words) {
      let state = ROOT;
      for (let i = 0; i < word.length; i++) {
        const unit = word.charCodeAt(i);
        let next = this.#edges.get(edge(state, unit));
        if (next === undefined) {
          next = states.push({ parent: state, unit, depth: i + 1 }) - 1;
          this.#edges.set(edge(state, unit), next);
        }
        state = next;
      }
      this.#ends[state] = 1;
    }
    return states;
  }

  #linkFallbacks(states: readonly { parent: number; unit: number; depth: number }[]): void {
    // Shorter states first: a fallback is always shorter.
    const byDepth = states.map((_, state) => state).sort((a, b) => states[a]!.depth - states[b]!.depth);
    for (const state of byDepth) {
      const { parent, unit, depth } = states[state]!;
      if (depth < 2) continue; // The root is where it falls back to, as the array says already.
      this.#fallback[state] = this.#next(this.#fallback[parent]!, unit);
      if (this.#ends[this.#fallback[state]!] === 1) this.#ends[state] = 1;
    }
  }
}

const ROOT = 0;

function edge(state: number, unit: number): number {
  return state * 0x10000 + unit;
}
