/** Which corpora names speak of: "rpj", "paloma_redpajama" → "redpajama". A first guess, to be printed and corrected. */

/** Abbreviations of public corpora, as files of results have them. */
const ALIASES: Readonly<Record<string, string>> = { rpj: "redpajama", rw: "refinedweb", wiki: "wikipedia" };

/** Words of names that tell no corpus. */
const COMMON = new Set(
  "all clean corpus data dataset dedup de en filtered full holdout original raw sample set small test text train val valid validation".split(
    " ",
  ),
);

/** The parts of a name that may be a corpus's: lower case, abbreviations spelled out, no numbers. */
export function sourceWords(name: string): string[] {
  const words = name.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  const telling = words.filter((word) => word.length > 1 && /\p{L}/u.test(word) && !COMMON.has(word));
  return [...new Set(telling.map((word) => (Object.hasOwn(ALIASES, word) ? ALIASES[word]! : word)))];
}
