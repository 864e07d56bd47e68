/**
 * 64-bit hashes of the runs of n tokens in a page: the tokens' hashes as digits of a number, in two halves, rolled along.
 * A token is hashed once for each kind of word that is met.
 */

import { mix32 } from "../../../pipeline/mix.ts";
import { withRoom } from "../../../pipeline/text/growable.ts";
import { perKind } from "../../../pipeline/text/word-kinds.ts";
import type { Words } from "../../../pipeline/text/words.ts";
import { hashText } from "./passage-hash.ts";

const tokenHashA = perKind((token) => hashText(token).a);
const tokenHashB = perKind((token) => hashText(token).b);

/** Odd, and 3 mod 4: tokens that change places change the number, too. */
const BASE_A = 0xcc9e2d53;
const BASE_B = 0x85ebca6b;

export class TokenRuns {
  /** Halves of the hashes of runs, in order, up to `count`. */
  a = new Uint32Array(1 << 8);
  b = new Uint32Array(1 << 8);
  count = 0;
  readonly #length: number;
  readonly #seed: number;
  /** Weight of a token that leaves the run. */
  readonly #leavingA: number;
  readonly #leavingB: number;

  /** `length`: tokens in a run. */
  constructor(length: number, seed: number) {
    this.#length = length;
    this.#seed = mix32(seed + 1);
    this.#leavingA = power(BASE_A, length);
    this.#leavingB = power(BASE_B, length);
  }

  /** The runs that lie in the tokens `first` up to `last`. */
  read(tokens: Words, first: number, last: number): void {
    const length = this.#length;
    this.count = 0;
    const runs = last - first - length + 1;
    if (runs <= 0) return;
    this.a = withRoom(this.a, runs);
    this.b = withRoom(this.b, runs);
    const { kinds, vocabulary } = tokens;
    const hashesA = tokenHashA(vocabulary);
    const hashesB = tokenHashB(vocabulary);
    let a = 0;
    let b = 0;
    for (let i = first; i < last; i++) {
      a = (Math.imul(a, BASE_A) + hashesA[kinds[i]!]!) | 0;
      b = (Math.imul(b, BASE_B) + hashesB[kinds[i]!]!) | 0;
      const leaving = i - length;
      if (leaving >= first) {
        a = (a - Math.imul(hashesA[kinds[leaving]!]!, this.#leavingA)) | 0;
        b = (b - Math.imul(hashesB[kinds[leaving]!]!, this.#leavingB)) | 0;
      }
      if (i - first >= length - 1) {
        this.a[this.count] = mix32(a ^ this.#seed);
        this.b[this.count++] = mix32(b + this.#seed);
      }
    }
  }
}

function power(base: number, exponent: number): number {
  let product = 1;
  for (let i = 0; i < exponent; i++) product = Math.imul(product, base);
  return product;
}
