import { loadAnyTokenizer } from "../../tokenizer/load.ts";
import { RecipeError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer.ts";

/**
 * The tokenizer that something was made with: by the path that was given, or else by its name, which leads to built-in
 * ones. Undefined where the name leads nowhere. Raises RecipeError where it is another one.
 */
export async function tokenizerOf(
  made: { readonly name: string; readonly digest: string },
  path: string | undefined,
): Promise<Tokenizer | undefined> {
  const tokenizer = await named(path ?? made.name, path !== undefined);
  if (tokenizer === undefined || tokenizer.digest === made.digest) return tokenizer;
  throw new RecipeError(
    `tokenizer: ${path ?? made.name} has the digest ${tokenizer.digest.slice(0, 12)}…, expected ${made.name} with ${made.digest.slice(0, 12)}…`,
  );
}

async function named(nameOrPath: string, isAsked: boolean): Promise<Tokenizer | undefined> {
  try {
    return await loadAnyTokenizer(nameOrPath);
  } catch (error) {
    if (isAsked) throw error;
    return undefined;
  }
}
