import { withRoom } from "../../pipeline/text/growable.ts";

/**
 * What a label's score was for every document, and whether the document has the label: all that precision, recall,
 * curves and calibration of one label need, at nine bytes a document.
 */
export interface Observed {
  /**
   * From 0 to 1. What fastText adds to probabilities (1e-5) may take them beyond 1; such scores stay as they are, since
   * they still say which of two documents is the likelier.
   */
  readonly scores: Float64Array;
  /** 1 where the document has the label. */
  readonly positives: Uint8Array;
}

/** Collects observations of a stream. */
export class ObservedScores {
  #scores = new Float64Array(1 << 10);
  #positives = new Uint8Array(1 << 10);
  #count = 0;

  add(score: number, isPositive: boolean): void {
    this.#scores = withRoom(this.#scores, this.#count + 1);
    this.#positives = withRoom(this.#positives, this.#count + 1);
    this.#scores[this.#count] = score;
    this.#positives[this.#count++] = isPositive ? 1 : 0;
  }

  take(): Observed {
    return { scores: this.#scores.slice(0, this.#count), positives: this.#positives.slice(0, this.#count) };
  }
}
