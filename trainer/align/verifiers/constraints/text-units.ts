/** What constraints count in a text. One pass each: responses may be long. */

/** Runs of letters, digits and underscores, as Python's `\w+` finds them: "don't" is two words, as in IFEval. */
export function countWords(text: string): number {
  let count = 0;
  for (const _ of text.matchAll(/[\p{L}\p{M}\p{N}_]+/gu)) count++;
  return count;
}

/** A stop that white space or the end follows ends a sentence, behind closing quotes and brackets too; so does a blank line. */
const SENTENCE_END = /[.!?…]["'”’)\]*_]{0,4}(?=\s|$)|[。！？]/u;
/** Those that stand before a name or go on. */
const ABBREVIATION = /(?:^|[\s("])(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|e\.g|i\.e|etc|No)\.$/;

/**
 * Sentences by a plain rule. IFEval asks a trained splitter (NLTK's punkt), which knows more abbreviations: counts
 * can differ where a text has such.
 */
export function countSentences(text: string): number {
  let count = 0;
  for (const paragraph of paragraphsOf(text)) {
    let hasWord = false;
    let from = 0;
    const ends = new RegExp(SENTENCE_END, "gu");
    for (const { index, 0: end } of paragraph.matchAll(ends)) {
      hasWord ||= /[\p{L}\p{N}]/u.test(paragraph.slice(from, index));
      from = index + end.length;
      if (!hasWord || ABBREVIATION.test(paragraph.slice(Math.max(0, index - 8), index + 1))) continue;
      count++;
      hasWord = false;
    }
    if (hasWord || /[\p{L}\p{N}]/u.test(paragraph.slice(from))) count++;
  }
  return count;
}

/** Lines in a row. Blank lines part paragraphs, and so does the `***` that IFEval asks for. */
export function paragraphsOf(text: string): string[] {
  const paragraphs: string[] = [];
  let lines: string[] = [];
  const end = () => {
    if (lines.length > 0) paragraphs.push(lines.join("\n"));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed === "***") end();
    else lines.push(line);
  }
  end();
  return paragraphs;
}

/** Lines of a Markdown list: behind white space a `*` that is not the first of two, or a `-`. */
export function countBullets(text: string): number {
  let count = 0;
  for (const line of text.split("\n")) {
    const item = line.trimStart();
    if (item.startsWith("-") || (item.startsWith("*") && item.length > 1 && item[1] !== "*")) count++;
  }
  return count;
}

/** How often a text comes, whatever its case. Occurrences do not overlap. */
export function countText(text: string, wanted: string): number {
  const [hay, needle] = [text.toLowerCase(), wanted.toLowerCase()];
  let count = 0;
  for (let at = hay.indexOf(needle); at >= 0; at = hay.indexOf(needle, at + needle.length)) count++;
  return count;
}

/** Whether a text comes as a word, or as words, of its own. */
export function hasWord(text: string, wanted: string): boolean {
  const [hay, needle] = [text.toLowerCase(), wanted.toLowerCase()];
  for (let at = hay.indexOf(needle); at >= 0; at = hay.indexOf(needle, at + 1)) {
    if (!isWordUnit(hay, at - 1) && !isWordUnit(hay, at + needle.length)) return true;
  }
  return false;
}

function isWordUnit(text: string, at: number): boolean {
  return /[\p{L}\p{M}\p{N}_]/u.test(text[at] ?? "");
}
