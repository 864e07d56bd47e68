/** Which questions a step asks: all in turn, in an order of each epoch's own. */
import { drawUniform, seededRandom, shuffle } from "../../../pipeline/random.ts";

export class QuestionOrder<T> {
  readonly #questions: readonly T[];
  readonly #seed: number;
  #epoch: { readonly number: number; readonly order: readonly T[] } | undefined;

  constructor(questions: readonly T[], seed: number) {
    this.#questions = questions;
    this.#seed = seed;
  }

  /** Those of step `n`, from 1, where every step asks `count`. */
  ofStep(n: number, count: number): T[] {
    return Array.from({ length: count }, (_, i) => this.#at((n - 1) * count + i));
  }

  #at(index: number): T {
    const { length } = this.#questions;
    const number = Math.floor(index / length);
    if (this.#epoch?.number !== number) {
      const order = [...this.#questions];
      shuffle(order, seededRandom(drawUniform(this.#seed, "questions", String(number)) * 2 ** 32));
      this.#epoch = { number, order };
    }
    return this.#epoch.order[index % length]!;
  }
}
