import { RecipeError } from "../../../pipeline/errors.ts";
import { skipSpaceBack } from "../../../pipeline/text/python-text.ts";
import type { Tokenizer } from "../../../pipeline/tokenizer.ts";
import { prefixToken } from "../likelihood-tokenizer.ts";
import { rollingWindows } from "../rolling-windows.ts";
import type { Window } from "../scorer.ts";

/** A context and what is scored behind it, as ids. Neither is empty. */
export interface EncodedPair {
  readonly contextIds: Uint32Array;
  readonly continuationIds: Uint32Array;
  /** UTF-8 bytes of the text that is scored: the continuation, and white space that was taken over from the context. */
  readonly scoredBytes: number;
}

/**
 * lm-evaluation-harness's `_encode_pair` for causal models: white space at the context's end goes to the continuation, and
 * the continuation's ids are those of the whole behind as many as the context alone has. Without context, the prefix
 * token stands there. Raises RecipeError where nothing is left to score.
 */
export function encodePair(tokenizer: Tokenizer, context: string, continuation: string): EncodedPair {
  const cut = skipSpaceBack(context, 0, context.length);
  const kept = context.slice(0, cut);
  const scored = context.slice(cut) + continuation;
  const scoredBytes = Buffer.byteLength(scored);
  const whole = tokenizer.encode(kept + scored);
  let contextIds: Uint32Array;
  let continuationIds: Uint32Array;
  if (kept === "") {
    const prefix = prefixToken(tokenizer);
    contextIds = Uint32Array.of(prefix);
    // A continuation that begins with the prefix token has its context already.
    continuationIds = whole[0] === prefix ? whole.subarray(1) : whole;
  } else {
    contextIds = tokenizer.encode(kept);
    continuationIds = whole.subarray(contextIds.length);
  }
  if (continuationIds.length === 0) {
    const end = JSON.stringify(kept.slice(-40));
    throw new RecipeError(
      `tokenizer ${tokenizer.name}: found no tokens of ${JSON.stringify(scored.slice(0, 40))} behind ${end}, expected one at least; use another tokenizer`,
    );
  }
  return { contextIds, continuationIds, scoredBytes };
}

/**
 * The pair as one window, cut from the left. (A continuation that is longer than the model reads is an error in
 * lm-evaluation-harness; here it is read in rolling windows, the first of which keeps the context's last token.)
 */
export function pairWindows({ contextIds, continuationIds }: EncodedPair, contextLength: number): Window[] {
  if (continuationIds.length > contextLength) {
    return rollingWindows(continuationIds, contextIds.at(-1)!, contextLength);
  }
  const contextKept = Math.min(contextIds.length, contextLength + 1 - continuationIds.length);
  const ids = new Uint32Array(contextKept + continuationIds.length);
  ids.set(contextIds.subarray(contextIds.length - contextKept));
  ids.set(continuationIds, contextKept);
  return [{ ids, firstScored: contextKept }];
}
