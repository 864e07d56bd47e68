/** Lists of NeMo Curator's heuristic filters (NVIDIA-NeMo/Curator 1e2e427, nemo_curator/stages/text/utils/constants.py). */
import { countCodePoints } from "../../../pipeline/text/python-text.ts";
import { STOP_WORDS } from "../stop-words.ts";

const COMMON_WORDS: ReadonlySet<string> = new Set(STOP_WORDS);

/** One of the eight words of Rae et al. 2021, compared as written. */
export function isCommonWord(word: string): boolean {
  return COMMON_WORDS.has(word);
}

/** What ends a truncated line, in lower case. The original lists "..", too, behind "read more". */
export const ELLIPSIS_MARKS = ["...", "[...]", "…", "(...)", "[…]", "-»", "read more..", "read more"] as const;

/** An ellipsis mark, or a word with more runs of "#" than half its characters: "#" and "#a#", not "##". */
export function isSymbolWord(word: string): boolean {
  if ((ELLIPSIS_MARKS as readonly string[]).includes(word)) return true;
  if (!word.includes("#")) return false;
  let runs = 0;
  for (let i = 0; i < word.length; i++) if (word[i] === "#" && word[i - 1] !== "#") runs++;
  return runs / countCodePoints(word) > 0.5;
}

/** Has a character of the Unicode property Alphabetic: vowel signs are, which Python's `isalpha` does not count. */
export function isAlphabeticWord(word: string): boolean {
  return /\p{Alphabetic}/u.test(word);
}

export const END_MARKS = ".?!\"'";
export const BULLETS = "•‣⁃⁌⁍∙○●◘◦⦾⦿";

/**
 * What marks a paragraph as boilerplate, in lower case. Two more of the original's long texts have "uses cookies" in them:
 * they decide nothing and are left out.
 */
export const POLICY_PHRASES = [
  "terms of use",
  "privacy policy",
  "cookie policy",
  "uses cookies",
  "privacy overview",
  "use of cookies",
  "use cookies",
  "privacy & cookies policy",
  "privacy and cookies policy",
  "necessary cookies are absolutely essential for the website to function properly. this category only includes " +
    "cookies that ensures basic functionalities and security features of the website. these cookies do not store any " +
    "personal information.",
  "any cookies that may not be particularly necessary for the website to function and is used specifically to " +
    "collect user personal data via analytics, ads, other embedded contents are termed as non-necessary cookies. it " +
    "is mandatory to procure user consent prior to running these cookies on your website.",
  "if you continue to browse this site without changing your cookie settings, you agree to this use. acceptread more",
] as const;
export const PLACEHOLDER = "lorem ipsum";
