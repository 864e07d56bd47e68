/** What likelihoods ask of a tokenizer. */
import { RecipeError } from "../../pipeline/errors.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";

/** Raises RecipeError for a tokenizer with an unknown token: what it cannot spell would cost nothing. */
export function expectSpelling({ name, unknown }: Tokenizer): void {
  if (unknown === undefined) return;
  throw new RecipeError(
    `tokenizer ${name} has texts that it cannot spell, so there is no likelihood of them; expected one that spells every text (bytes, or byte-level BPE)`,
  );
}

/** What stands before a text that has no context: the end of the text before it. Raises RecipeError where there is none. */
export function prefixToken({ name, endOfText }: Tokenizer): number {
  if (endOfText !== undefined) return endOfText;
  throw new RecipeError(
    `tokenizer ${name}: found no end-of-text token, expected one to stand before text without context; give the tokenizer one`,
  );
}
