/**
 * Precision and recall of the k likeliest labels, over all labels and by label. As in `fasttext test`, documents without
 * a label that the model knows are left out, and labels that it does not know are not missed: both are counted.
 */
import { withRoom } from "../../pipeline/text/growable.ts";

export interface LabelQuality {
  readonly label: string;
  /** Documents that have it; that were given it; that have it and were given it. */
  readonly actual: number;
  readonly predicted: number;
  readonly correct: number;
  /** Not numbers where nothing was predicted, or nothing was there. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export class LabelCounts {
  readonly #labels: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #actual: Float64Array;
  readonly #predicted: Float64Array;
  readonly #correct: Float64Array;
  /** Three a document. */
  #hits = new Uint16Array(3 << 10);
  #documents = 0;
  /** Documents without a label, and documents with none that the model knows. */
  unlabelled = 0;
  unknown = 0;

  constructor(labels: readonly string[]) {
    this.#labels = labels;
    this.#numbers = new Map(labels.map((label, i) => [label, i]));
    this.#actual = new Float64Array(labels.length);
    this.#predicted = new Float64Array(labels.length);
    this.#correct = new Float64Array(labels.length);
  }

  get documents(): number {
    return this.#documents;
  }

  /** Whether the document counts. */
  add(actual: readonly string[], predicted: readonly string[]): boolean {
    const numbers = new Set(actual.map((label) => this.#numbers.get(label)).filter((number) => number !== undefined));
    if (numbers.size === 0) {
      if (actual.length === 0) this.unlabelled++;
      else this.unknown++;
      return false;
    }
    let correct = 0;
    for (const number of numbers) this.#actual[number]!++;
    for (const label of predicted) {
      const number = this.#numbers.get(label)!;
      this.#predicted[number]!++;
      if (!numbers.has(number)) continue;
      this.#correct[number]!++;
      correct++;
    }
    const at = 3 * this.#documents++;
    this.#hits = withRoom(this.#hits, at + 3);
    this.#hits.set([numbers.size, predicted.length, correct], at);
    return true;
  }

  /** Precision and recall over all labels (micro averages): fastText's P@k and R@k. */
  overall(weights?: ArrayLike<number>): { readonly precision: number; readonly recall: number } {
    let actual = 0;
    let predicted = 0;
    let correct = 0;
    for (let i = 0; i < this.#documents; i++) {
      const weight = weights === undefined ? 1 : weights[i]!;
      actual += weight * this.#hits[3 * i]!;
      predicted += weight * this.#hits[3 * i + 1]!;
      correct += weight * this.#hits[3 * i + 2]!;
    }
    return { precision: correct / predicted, recall: correct / actual };
  }

  /** The labels that occur or were predicted, the most frequent first. */
  byLabel(): LabelQuality[] {
    return this.#labels
      .map((label, i) => {
        const [actual, predicted, correct] = [this.#actual[i]!, this.#predicted[i]!, this.#correct[i]!];
        const f1 = (2 * correct) / (actual + predicted);
        return { label, actual, predicted, correct, precision: correct / predicted, recall: correct / actual, f1 };
      })
      .filter(({ actual, predicted }) => actual + predicted > 0)
      .sort((a, b) => b.actual - a.actual);
  }
}

/** The mean F1 of labels that occur: rare labels count as much as frequent ones. */
export function macroF1(labels: readonly LabelQuality[]): number {
  const occurring = labels.filter(({ actual }) => actual > 0);
  return occurring.reduce((sum, { f1 }) => sum + f1, 0) / occurring.length;
}
