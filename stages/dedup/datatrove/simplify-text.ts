/**
 * Text as datatrove's MinHash reads it: lower case, numbers "0", punctuation and control characters white space, no
 * accents. huggingface/datatrove a649de7, src/datatrove/utils/text.py `simplify_text` with its default `TextNormConfig`.
 *
 * In that order: a number is matched before its point is punctuation, and an accent goes after its letter was lower-cased.
 * Terminal punctuation of other scripts stays.
 */
import { PUNCTUATION } from "../../../pipeline/text/punctuation.ts";
import { SPACE_CLASS, strip } from "../../../pipeline/text/python-text.ts";

/** With one separator at most: "1.2.3" is two numbers. */
const NUMBER = /\p{Nd}+(?:[.,\u060c\u066b\u2396-\u2398]\p{Nd}+)?/gu;
const PUNCTUATION_OR_SPACE = new RegExp(
  `(?:${SPACE_CLASS}|[${[...PUNCTUATION].map((codePoint) => `\\u{${codePoint.toString(16)}}`).join("")}])+`,
  "gu",
);
const NONSPACING_MARK = /\p{Mn}+/gu;
const BEYOND_ASCII = /[^\0-\x7f]/;

export function simplifyText(text: string): string {
  return withoutAccents(strip(text.toLowerCase().replace(NUMBER, "0").replace(PUNCTUATION_OR_SPACE, " ")));
}

/** Canonically decomposed, without nonspacing marks and the spaces that may then be first or last. */
export function withoutAccents(text: string): string {
  return BEYOND_ASCII.test(text) ? strip(text.normalize("NFD").replace(NONSPACING_MARK, "")) : text;
}
