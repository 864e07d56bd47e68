/** A sequence that a model learns from: a prompt, and a response to it. */
export interface Row {
  /** Of prompt and response, one after the other; with an end of text where the response came to its end. */
  readonly ids: ArrayLike<number>;
  /** 1 for ids of the response, by id. */
  readonly isResponse: ArrayLike<number>;
  /** By id, which of several packed texts it belongs to; positions look at those of their own. One text where absent. */
  readonly documents?: ArrayLike<number>;
  /** Further inputs of an objective by name: a number for each target, that is for each id but the first. */
  readonly byToken?: Readonly<Record<string, ArrayLike<number>>>;
  /** Further inputs that are one number a sequence. */
  readonly bySequence?: Readonly<Record<string, number>>;
}

/** Targets: ids that are predicted, all but the first. */
export function targetsOf({ ids }: Row): number {
  return ids.length - 1;
}

/** Targets that belong to the response. */
export function responseTokens({ ids, isResponse }: Row): number {
  let count = 0;
  for (let i = 1; i < ids.length; i++) count += isResponse[i]!;
  return count;
}
