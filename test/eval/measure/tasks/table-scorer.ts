/** A model whose probabilities are a table, so that every metric can be computed by hand. */
import type { Scorer, Window, WindowScore } from "../../../../eval/measure/scorer.ts";

/** Stands for the end-of-text token in a table's keys. */
export const PREFIX = "¶";
const END_OF_TEXT = 256;

/**
 * Reads bytes (`ByteTokenizer`). `bits` is −log2 p of a byte behind the one before it ("qx"), else behind any ("x"); keys are
 * latin1. An id is greedy where its key is in `likeliest`. A byte that the table lacks is an error, so nothing else can have
 * been predicted.
 */
export class TableScorer implements Scorer {
  readonly contextLength: number;
  readonly vocabSize = 257;
  readonly calls: (readonly Window[])[] = [];
  readonly #bits: Readonly<Record<string, number>>;
  readonly #likeliest: ReadonlySet<string>;

  constructor(bits: Readonly<Record<string, number>>, likeliest: readonly string[] = [], contextLength = 1000) {
    this.#bits = bits;
    this.#likeliest = new Set(likeliest);
    this.contextLength = contextLength;
  }

  async score(windows: readonly Window[]): Promise<WindowScore[]> {
    this.calls.push(windows);
    return windows.map((window) => this.#scoreOf(window));
  }

  async close(): Promise<void> {}

  #scoreOf({ ids, firstScored }: Window): WindowScore {
    const nats = new Float64Array(ids.length - firstScored);
    const greedy = new Uint8Array(nats.length);
    for (let i = firstScored; i < ids.length; i++) {
      const pair = letter(ids[i - 1]!) + letter(ids[i]!);
      const key = pair in this.#bits ? pair : letter(ids[i]!);
      const bits = this.#bits[key];
      if (bits === undefined) throw new Error(`the table has neither ${JSON.stringify(pair)} nor its second letter`);
      nats[i - firstScored] = bits * Math.LN2;
      greedy[i - firstScored] = this.#likeliest.has(key) ? 1 : 0;
    }
    return { nats, greedy };
  }
}

function letter(id: number): string {
  return id === END_OF_TEXT ? PREFIX : String.fromCharCode(id);
}
