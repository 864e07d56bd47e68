/** From a page's text to its banded MinHash signature over character shingles: `Signer` does the same over words. */
import type { Signature } from "../../pipeline/stage.ts";
import { CharShingler, cleanChars } from "./char-shingles.ts";
import { packEvidence, sortDistinct } from "./jaccard.ts";
import { bandKeys, makePermutations, minimaInto, type Permutations } from "./minhash.ts";

export interface CharSignerParams {
  readonly bands: number;
  readonly rows: number;
  /** Characters in a shingle. */
  readonly ngram: number;
  /** Whether texts are cleaned first. */
  readonly clean: boolean;
  readonly seed: number;
  /** Whether evidence is made. */
  readonly verify: boolean;
}

/** Signs pages; its buffers are one worker's. */
export class CharSigner {
  readonly #params: CharSignerParams;
  readonly #shingler: CharShingler;
  readonly #permutations: Permutations;
  readonly #minima: Uint32Array;
  #spare = new Uint32Array(1 << 14);

  constructor(params: CharSignerParams) {
    const { bands, rows, ngram, seed } = params;
    this.#params = params;
    this.#shingler = new CharShingler(ngram);
    this.#permutations = makePermutations(seed, bands * rows);
    this.#minima = new Uint32Array(this.#permutations.multipliers.length);
  }

  /** `null` for a page of which no character is left. */
  sign(text: string): Signature | null {
    const { bands, rows, clean, verify } = this.#params;
    const shingles = this.#shingler.viewShingles(clean ? cleanChars(text) : text);
    if (shingles.length === 0) return null;
    if (this.#spare.length < shingles.length) this.#spare = new Uint32Array(shingles.length);
    const hashes = sortDistinct(shingles, this.#spare);
    minimaInto(hashes, this.#permutations, this.#minima);
    const keys = bandKeys(this.#minima, bands, rows);
    return verify ? { keys, evidence: packEvidence(hashes) } : { keys };
  }
}
