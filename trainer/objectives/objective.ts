/**
 * An objective of alignment: a loss on what a model says of the tokens of responses. One file each; it is differentiated and
 * run like any other program.
 *
 * A step may be taken in parts (micro-batches), so nothing here is divided by what a part holds: the host fills `weights` and
 * `shares` for the step as a whole (`align/learning/token-weights.ts`), losses and statistics of parts add up, and how rows are
 * parted or padded changes nothing.
 */
// B = sequences, T = positions
import type { Tensor } from "../ir/tensor.ts";

/** What an input says something of: of each token [B, T], or of each sequence [B, 1]. */
export type Extent = "token" | "sequence";

export interface Given {
  readonly sequences: number;
  readonly positions: number;
  /** log p of each position's target, in nats: [B, T]. */
  readonly logProbs: Tensor;
  /** 1 where the model holds no other token for likelier than the target: [B, T]. Without a gradient. */
  readonly isLikeliest: Tensor;
  /** 1 where the target is a token of the response, otherwise 0: [B, T]. */
  readonly mask: Tensor;
  /** What a token's loss counts: [B, T], 0 where the mask is. */
  readonly weights: Tensor;
  /** The mask over the number of response tokens in the step, for means that are logged: [B, T]. */
  readonly shares: Tensor;
  /** What the model expects to come, [B, T], for objectives that ask for it. */
  readonly values?: Tensor;
  /** A further input, which the host fills under this name. */
  input(name: string, extent: Extent): Tensor;
}

export interface ObjectiveLoss {
  /** A single number, []. */
  readonly loss: Tensor;
  /** To be logged: single numbers, [], summed over the parts of a step. */
  readonly stats: Readonly<Record<string, Tensor>>;
}

export interface Objective {
  readonly name: string;
  /** Whether it asks for `values`. */
  readonly needsValues?: boolean;
  /** Rows that belong together: 2 for pairs. A part of a step holds whole groups. */
  readonly group?: number;
  loss(given: Given): ObjectiveLoss;
}
