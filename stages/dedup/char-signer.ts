/** From a page's text to its banded MinHash signature over character shingles: `Signer` does the same over words. */
import type { Signature } from "../../pipeline/stage.ts";
import { CharShingler, cleanChars } from "./char-shingles.ts";
import { packEvidence } from "./jaccard.ts";
import { SigningKernel } from "./kernel/kernel.ts";
import { bandKeys, makePermutations } from "./minhash.ts";

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
  readonly #kernel: SigningKernel;

  constructor(params: CharSignerParams) {
    const { bands, rows, ngram, seed } = params;
    this.#params = params;
    this.#shingler = new CharShingler(ngram);
    this.#kernel = new SigningKernel(makePermutations(seed, bands * rows));
  }

  /** `null` for a page of which no character is left. */
  sign(text: string): Signature | null {
    const { bands, rows, clean, verify } = this.#params;
    const shingles = this.#kernel.viewHashes(this.#shingler.viewShingles(clean ? cleanChars(text) : text));
    if (shingles.length === 0) return null;
    const hashes = verify ? this.#kernel.viewDistinct(shingles) : shingles;
    const keys = bandKeys(this.#kernel.viewMinima(hashes), bands, rows);
    return verify ? { keys, evidence: packEvidence(hashes) } : { keys };
  }
}
