/** From a page's text to its banded MinHash signature, and the evidence that verification needs. */
import type { Signature } from "../../pipeline/stage.ts";
import { packEvidence } from "./jaccard.ts";
import { SigningKernel } from "./kernel/kernel.ts";
import { bandKeys, makePermutations } from "./minhash.ts";

export interface SignerParams {
  readonly bands: number;
  readonly rows: number;
  /** Words in a shingle. */
  readonly ngram: number;
  readonly seed: number;
  /** Whether evidence is made. */
  readonly verify: boolean;
}

/** Signs pages; its memory is one worker's. */
export class Signer {
  readonly #params: SignerParams;
  readonly #kernel: SigningKernel;

  constructor(params: SignerParams) {
    this.#params = params;
    this.#kernel = new SigningKernel(makePermutations(params.seed, params.bands * params.rows));
  }

  /** `null` for a page of fewer words than a shingle has. */
  sign(text: string): Signature | null {
    const { bands, rows, ngram, verify } = this.#params;
    const shingles = this.#kernel.viewShingles(text, ngram);
    if (shingles.length === 0) return null;
    // A set's minima are those of the list with repeats: without evidence to make, sorting is not worth its time.
    const hashes = verify ? this.#kernel.viewDistinct(shingles) : shingles;
    const keys = bandKeys(this.#kernel.viewMinima(hashes), bands, rows);
    return verify ? { keys, evidence: packEvidence(hashes) } : { keys };
  }
}
