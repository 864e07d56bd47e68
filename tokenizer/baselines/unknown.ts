import { RecipeError } from "../../pipeline/errors.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";

/** Share of a text's tokens, over all texts, that stand for something unknown: 0 to 1; 0 for no tokens. */
export function unknownRate(tokenizer: Tokenizer, texts: Iterable<string>): number {
  let tokens = 0;
  let unknown = 0;
  for (const text of texts) {
    const ids = tokenizer.encode(text);
    tokens += ids.length;
    unknown += countUnknown(tokenizer, ids);
  }
  return tokens === 0 ? 0 : unknown / tokens;
}

/** How many of these ids stand for something unknown. */
export function countUnknown({ unknown }: Pick<Tokenizer, "unknown">, ids: ArrayLike<number>): number {
  if (unknown === undefined) return 0;
  let count = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i] === unknown) count++;
  return count;
}

/**
 * Refuses to measure what cannot be measured: raises RecipeError where a text has a part without a token. Perplexity
 * and bits per byte over "unknown" are the probability that something came, not of what came: a tokenizer that knows
 * nothing would have the best.
 */
export function assertSpellsEverything(tokenizer: Tokenizer, texts: Iterable<string>): void {
  if (tokenizer.unknown === undefined) return;
  let number = 0;
  for (const text of texts) assertKnown(tokenizer, tokenizer.encode(text), `text ${number++}`);
}

/** The same for a text that is encoded already; `label` names it. */
export function assertKnown(tokenizer: Tokenizer, ids: ArrayLike<number>, label: string): void {
  const unknown = countUnknown(tokenizer, ids);
  if (unknown === 0) return;
  throw new RecipeError(
    `${tokenizer.name}: ${unknown} of ${ids.length} tokens of ${label} are unknown, and perplexity over a text with ` +
      "unknown words says nothing about the words " +
      '(take a tokenizer that spells everything: "bytes", or byte-level BPE)',
  );
}
