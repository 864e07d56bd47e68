/**
 * One step of fastText's training, fast: the same bits as `learnPlainly`, and nothing allocated per example. Sums of
 * single precision wait for each other, so four output rows are worked on at a time, each in its own order.
 */
import { scaleToMean, tabledSigmoid } from "./fasttext.ts";
import { type Learnable, lossNats, pathToRoot } from "./fasttext-learn.ts";
import type { Minstd } from "./minstd.ts";

export class ExampleLearner {
  readonly #model: Learnable;
  readonly #random: Minstd;
  readonly #hidden: Float32Array;
  /** What each input row will be moved by. */
  readonly #change: Float32Array;
  /** Output rows that take part in a step, and the step each takes. */
  readonly #rows: Int32Array;
  readonly #steps: Float32Array;
  readonly #products: Float32Array;
  readonly #paths: { readonly row: number; readonly isRight: boolean }[][];

  constructor(model: Learnable, random: Minstd) {
    const { input, output, tree } = model;
    this.#model = model;
    this.#random = random;
    this.#hidden = new Float32Array(input.columns);
    this.#change = new Float32Array(input.columns);
    this.#rows = Int32Array.from({ length: output.rows }, (_, row) => row);
    this.#steps = new Float32Array(output.rows);
    this.#products = new Float32Array(output.rows);
    this.#paths = tree === null ? [] : Array.from({ length: output.rows }, (_, label) => pathToRoot(tree, label));
  }

  /** Moves the weights by one example with `rowCount` input rows, and returns its loss in nats. */
  learn(rows: Int32Array, rowCount: number, labels: Int32Array, rate: number): number {
    const { weights, columns } = this.#model.input;
    const [hidden, change] = [this.#hidden, this.#change];
    hidden.fill(0);
    change.fill(0);
    for (let i = 0; i < rowCount; i++) {
      const start = rows[i]! * columns;
      for (let column = 0; column < columns; column++) hidden[column]! += weights[start + column]!;
    }
    scaleToMean(hidden, rowCount);
    const loss = this.#learnOutputs(labels, rate);
    scaleToMean(change, rowCount);
    for (let i = 0; i < rowCount; i++) {
      const start = rows[i]! * columns;
      for (let column = 0; column < columns; column++) weights[start + column]! += change[column]!;
    }
    return loss;
  }

  #learnOutputs(labels: Int32Array, rate: number): number {
    const { loss } = this.#model;
    if (loss === "one-vs-all") return this.#learnAll(labels, rate);
    const label = labels[this.#random.below(labels.length)]!;
    if (loss === "softmax") return this.#learnSoftmax(label, rate);
    return loss === "negative-sampling" ? this.#learnSampled(label, rate) : this.#learnPath(label, rate);
  }

  #learnSoftmax(label: number, rate: number): number {
    const count = this.#rows.length;
    const [powers, steps] = [this.#products, this.#steps];
    this.#multiply(count);
    let highest = -Infinity;
    for (let row = 0; row < count; row++) highest = Math.max(highest, powers[row]!);
    let sum = Math.fround(0);
    for (let row = 0; row < count; row++) {
      const power = Math.fround(Math.exp(Math.fround(powers[row]! - highest)));
      powers[row] = power;
      sum = Math.fround(sum + power);
    }
    for (let row = 0; row < count; row++) {
      const probability = Math.fround(powers[row]! / sum);
      steps[row] = rate * Math.fround((row === label ? 1 : 0) - probability);
    }
    this.#move(count);
    return lossNats(powers[label]! / sum);
  }

  #learnAll(labels: Int32Array, rate: number): number {
    const count = this.#rows.length;
    this.#multiply(count);
    let loss = 0;
    for (let row = 0; row < count; row++) loss += this.#decide(row, labels.includes(row), rate);
    this.#move(count);
    return loss;
  }

  #learnPath(label: number, rate: number): number {
    const path = this.#paths[label]!;
    for (let i = 0; i < path.length; i++) this.#rows[i] = path[i]!.row;
    this.#multiply(path.length);
    let loss = 0;
    for (let i = 0; i < path.length; i++) loss += this.#decide(i, path[i]!.isRight, rate);
    this.#move(path.length);
    return loss;
  }

  /** A label may be drawn twice, so one is done after the other. */
  #learnSampled(label: number, rate: number): number {
    const { negatives, negativeCount } = this.#model;
    let loss = 0;
    for (let i = 0; i <= negativeCount; i++) {
      this.#rows[0] = i === 0 ? label : negatives!.draw(label, this.#random);
      this.#multiply(1);
      loss += this.#decide(0, i === 0, rate);
      this.#move(1);
    }
    return loss;
  }

  /** Sets the step of the i-th output row by its product; returns the loss. */
  #decide(i: number, isRight: boolean, rate: number): number {
    const probability = tabledSigmoid(this.#products[i]!);
    this.#steps[i] = rate * Math.fround((isRight ? 1 : 0) - probability);
    return lossNats(isRight ? probability : 1 - probability);
  }

  /** Products of the first `count` of the rows with `hidden`. */
  #multiply(count: number): void {
    const { weights, columns } = this.#model.output;
    const [rows, hidden, products] = [this.#rows, this.#hidden, this.#products];
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      let a = rows[i]! * columns;
      let b = rows[i + 1]! * columns;
      let c = rows[i + 2]! * columns;
      let d = rows[i + 3]! * columns;
      let sumA = Math.fround(0);
      let sumB = Math.fround(0);
      let sumC = Math.fround(0);
      let sumD = Math.fround(0);
      for (let column = 0; column < columns; column++) {
        const value = hidden[column]!;
        sumA = Math.fround(sumA + Math.fround(weights[a++]! * value));
        sumB = Math.fround(sumB + Math.fround(weights[b++]! * value));
        sumC = Math.fround(sumC + Math.fround(weights[c++]! * value));
        sumD = Math.fround(sumD + Math.fround(weights[d++]! * value));
      }
      products[i] = sumA;
      products[i + 1] = sumB;
      products[i + 2] = sumC;
      products[i + 3] = sumD;
    }
    for (; i < count; i++) {
      let at = rows[i]! * columns;
      let sum = Math.fround(0);
      for (let column = 0; column < columns; column++) {
        sum = Math.fround(sum + Math.fround(weights[at++]! * hidden[column]!));
      }
      products[i] = sum;
    }
  }

  /** Adds step · row to `change`, then step · `hidden` to the row, for the first `count` of the rows: all distinct. */
  #move(count: number): void {
    const { weights, columns } = this.#model.output;
    const [rows, steps, hidden, change] = [this.#rows, this.#steps, this.#hidden, this.#change];
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      let a = rows[i]! * columns;
      let b = rows[i + 1]! * columns;
      let c = rows[i + 2]! * columns;
      let d = rows[i + 3]! * columns;
      const stepA = steps[i]!;
      const stepB = steps[i + 1]!;
      const stepC = steps[i + 2]!;
      const stepD = steps[i + 3]!;
      for (let column = 0; column < columns; column++) {
        const value = hidden[column]!;
        let sum = change[column]!;
        let weight = weights[a]!;
        sum = Math.fround(sum + Math.fround(stepA * weight));
        weights[a++] = weight + Math.fround(stepA * value);
        weight = weights[b]!;
        sum = Math.fround(sum + Math.fround(stepB * weight));
        weights[b++] = weight + Math.fround(stepB * value);
        weight = weights[c]!;
        sum = Math.fround(sum + Math.fround(stepC * weight));
        weights[c++] = weight + Math.fround(stepC * value);
        weight = weights[d]!;
        sum = Math.fround(sum + Math.fround(stepD * weight));
        weights[d++] = weight + Math.fround(stepD * value);
        change[column] = sum;
      }
    }
    for (; i < count; i++) {
      let at = rows[i]! * columns;
      const step = steps[i]!;
      for (let column = 0; column < columns; column++) {
        const weight = weights[at]!;
        change[column]! += Math.fround(step * weight);
        weights[at++] = weight + Math.fround(step * hidden[column]!);
      }
    }
  }
}
