import { FormatError } from "../../pipeline/errors.ts";
import { type Keep, ListTokenizer, mostFrequent } from "./list.ts";

/** A token a code point. Its ids are in the order of the list it is given. */
export class CharacterTokenizer extends ListTokenizer {
  constructor(characters: readonly string[], name = "characters") {
    super(name, "code points", characters);
    const long = characters.find((character) => [...character].length !== 1);
    if (long !== undefined) throw new FormatError(`${name}: ${JSON.stringify(long)} is not one code point`);
  }

  protected cut(text: string): Iterable<string> {
    return text; // A string yields its code points.
  }
}

/**
 * The characters of these texts, by code point: all, or the most frequent.
 * @example
 * const letters = buildCharacterTokenizer(texts, { minCount: 2 });
 */
export function buildCharacterTokenizer(texts: Iterable<string>, keep: Keep = {}): CharacterTokenizer {
  const kept = mostFrequent(charactersOf(texts), keep);
  return new CharacterTokenizer(
    kept.sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!),
    keep.name,
  );
}

function* charactersOf(texts: Iterable<string>): Generator<string> {
  for (const text of texts) yield* text.toWellFormed();
}
