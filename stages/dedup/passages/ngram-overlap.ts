/** Lines and pages of which most runs of words were met before, in one look: the rules of DCLM's BFF. */
import type { Cut, PassageIndex, PassagePage } from "../../../pipeline/stage.ts";
import { cutUnisegTokens } from "../../filters/dclm/words-uniseg.ts";
import { TokenRuns } from "./token-runs.ts";

export const REMOVALS = ["both", "lines", "pages"] as const;

export interface OverlapParams {
  readonly ngram: number;
  readonly threshold: number;
  readonly remove: (typeof REMOVALS)[number];
  readonly seed: number;
}

/** What was met before, by the two halves of its hash. */
export interface Seen {
  has(a: number, b: number): boolean;
  add(a: number, b: number): void;
  readonly bytes: number;
}

export class NgramOverlap implements PassageIndex {
  readonly #params: OverlapParams;
  readonly #seen: Seen;
  readonly #runs: TokenRuns;

  constructor(params: OverlapParams, seen: Seen) {
    this.#params = params;
    this.#seen = seen;
    this.#runs = new TokenRuns(params.ngram, params.seed);
  }

  get bytes(): number {
    return this.#seen.bytes + this.#runs.a.byteLength + this.#runs.b.byteLength;
  }

  cuts({ text }: PassagePage): readonly Cut[] {
    const { threshold, remove } = this.#params;
    const tokens = cutUnisegTokens(text);
    const cuts: Cut[] = [];
    let total = 0;
    let met = 0;
    let token = 0;
    for (let start = 0; start < text.length; ) {
      const end = remove === "pages" ? text.length : endOfLine(text, start);
      const first = token;
      while (token < tokens.length && tokens.starts[token]! < end) token++;
      this.#runs.read(tokens, first, token);
      const metHere = this.#countMet();
      total += this.#runs.count;
      met += metHere;
      // Without a run this is 0 / 0, which is above nothing: short lines stay, and are not remembered.
      if (metHere / this.#runs.count > threshold) cuts.push({ start, end });
      else this.#remember();
      start = end;
    }
    return remove === "both" && met / total > threshold ? [{ start: 0, end: text.length }] : cuts;
  }

  #countMet(): number {
    const { a, b, count } = this.#runs;
    let met = 0;
    for (let i = 0; i < count; i++) if (this.#seen.has(a[i]!, b[i]!)) met++;
    return met;
  }

  #remember(): void {
    const { a, b, count } = this.#runs;
    for (let i = 0; i < count; i++) this.#seen.add(a[i]!, b[i]!);
  }
}

/** A line begins with the "\n" before it, and ends where the next one stands. */
function endOfLine(text: string, start: number): number {
  const next = text.indexOf("\n", start + 1);
  return next === -1 ? text.length : next;
}
