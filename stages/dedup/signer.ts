/** From a page's text to its banded MinHash signature, and the evidence that verification needs. */
import type { Signature } from "../../pipeline/stage.ts";
import { packEvidence, sortDistinct } from "./jaccard.ts";
import { bandKeys, makePermutations, minimaInto, type Permutations } from "./minhash.ts";
import { Shingler } from "./shingles-fast.ts";

export interface SignerParams {
  readonly bands: number;
  readonly rows: number;
  /** Words in a shingle. */
  readonly ngram: number;
  readonly seed: number;
  /** Whether evidence is made. */
  readonly verify: boolean;
}

/** Signs pages; its buffers are one worker's. */
export class Signer {
  readonly #params: SignerParams;
  readonly #shingler: Shingler;
  readonly #permutations: Permutations;
  readonly #minima: Uint32Array;
  #spare = new Uint32Array(1 << 14);

  constructor(params: SignerParams) {
    const { bands, rows, ngram, seed } = params;
    this.#params = params;
    this.#shingler = new Shingler(ngram);
    this.#permutations = makePermutations(seed, bands * rows);
    this.#minima = new Uint32Array(this.#permutations.multipliers.length);
  }

  /** `null` for a page of fewer words than a shingle has. */
  sign(text: string): Signature | null {
    const { bands, rows, verify } = this.#params;
    const shingles = this.#shingler.viewShingles(text);
    if (shingles.length === 0) return null;
    if (this.#spare.length < shingles.length) this.#spare = new Uint32Array(shingles.length);
    // A set's minima are those of the list with repeats: without evidence to make, sorting is not worth its time.
    const hashes = verify ? sortDistinct(shingles, this.#spare) : shingles;
    minimaInto(hashes, this.#permutations, this.#minima);
    const keys = bandKeys(this.#minima, bands, rows);
    return verify ? { keys, evidence: packEvidence(hashes) } : { keys };
  }
}
