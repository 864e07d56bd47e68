/**
 * The random numbers that fastText trains with: C++'s `minstd_rand` (x → 48271·x modulo 2^31 − 1), and the
 * distributions over it as GNU's library draws them. With them, training can be compared with the original bit by bit.
 */
import { seededRandom } from "../pipeline/random.ts";

const MODULUS = 2 ** 31 - 1;
const FACTOR = 48271;
/** Draws are 1 to MODULUS − 1. */
const DRAWS = MODULUS - 1;

export class Minstd {
  /** From the least draw to the greatest. */
  static readonly range = DRAWS - 1;
  #state: number;

  /**
   * Seed 0 begins where the original's does. Others are spread first: there, seeds 0 and 1 are the same, and small
   * ones begin alike.
   */
  constructor(seed: number) {
    this.#state = seed === 0 ? 1 : 1 + Math.floor(seededRandom(seed)() * DRAWS);
  }

  /** Begins as the original's with this seed. */
  static from(seed: number): Minstd {
    const random = new Minstd(0);
    random.#state = seed % MODULUS || 1;
    return random;
  }

  #draw(): number {
    const product = this.#state * FACTOR;
    const rest = product - Math.floor(product / MODULUS) * MODULUS;
    // The quotient may have been rounded up to the next whole number.
    this.#state = rest < 0 ? rest + MODULUS : rest;
    return this.#state;
  }

  /** A whole number below `count`, each as likely as the other. */
  below(count: number): number {
    const width = Math.floor(Minstd.range / count);
    for (;;) {
      const draw = this.#draw() - 1;
      if (draw < width * count) return Math.floor(draw / width);
    }
  }

  /** A number from `low` up to `high`. */
  between(low: number, high: number): number {
    const draw = this.#draw() - 1 + (this.#draw() - 1) * DRAWS;
    return (draw / (DRAWS * DRAWS)) * (high - low) + low;
  }
}
