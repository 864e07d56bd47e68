/** By which texts an item is looked for. */
import { WordHasher } from "../../pipeline/text/word-hashes.ts";
import type { EvalItem } from "./eval-files.ts";

/** Shorter runs meet by chance (Brown et al. 2020, appendix C). */
export const FEWEST_WORDS = 8;

const words = new WordHasher("parts");

/**
 * Each of an item's texts of at least 8 words by itself: pages have questions without their answers, and choices in another
 * order. Where the first is shorter, as in "Mesoderm gives rise to the", it is looked for together with each other one and with
 * all of them, plainly and as choices are printed (A, B, C, …). Empty for an item too short to be looked for.
 */
export function searchedTexts({ fields }: Pick<EvalItem, "fields">): string[] {
  const [first, ...others] = fields.flat();
  if (first === undefined) return [];
  const texts = [first, ...others];
  if (others.length > 0 && isShort(first)) {
    texts.push(...others.map((other) => `${first} ${other}`));
    if (others.length > 1) texts.push([first, ...others].join(" "), fields.map(asPrinted).join(" "));
  }
  return [...new Set(texts)].filter((text) => !isShort(text));
}

function isShort(text: string): boolean {
  words.read(text);
  return words.count < FEWEST_WORDS;
}

function asPrinted(texts: readonly string[]): string {
  return texts.length === 1
    ? texts[0]!
    : texts.map((text, n) => `${String.fromCharCode(65 + (n % 26))} ${text}`).join(" ");
}
