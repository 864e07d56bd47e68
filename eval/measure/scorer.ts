/** What evaluation asks of a model: how likely it finds ids behind those that come before them. */

/** Ids that are read at once. Those from `firstScored` on are predicted, each from all before it in the window. */
export interface Window {
  /** 2 to contextLength + 1 of them: the last is predicted and not read. */
  readonly ids: ArrayLike<number>;
  /** From 1. */
  readonly firstScored: number;
}

export interface WindowScore {
  /** −ln p of each predicted id: ids.length − firstScored of them. */
  readonly nats: Float64Array;
  /** Whether each of them is the likeliest id; the first of equals counts. */
  readonly greedy: Uint8Array;
}

export interface Scorer {
  /** Positions of the longest window that can be read. */
  readonly contextLength: number;
  readonly vocabSize: number;
  /** In the order of the windows. What a window comes to does not depend on the others. */
  score(windows: readonly Window[]): Promise<WindowScore[]>;
  close(): Promise<void>;
}
