/**
 * Sentences as datatrove's English filters count them: the spans of spaCy 3.8's rule-based sentencizer
 * (explosion/spaCy, spacy/pipeline/sentencizer.pyx), which looks at tokens and at nothing else:
 *
 *     He  left  .  "  )  |  Why  ?  !  |  Because  …  I  said
 *                     └ a token with something besides punctuation opens a sentence once an end has been seen
 *
 * White space of more than one space is a token to spaCy, so it opens a sentence, too; one at the end of a text is a
 * sentence of its own. ("…" and "..." end nothing: they are tokens that are not in the list of ends.)
 */
import { Kind, perKind } from "./word-kinds.ts";
import type { Words } from "./words.ts";

/** Tokens that end a sentence: the sentencizer's 128 default characters, all of them punctuation. */
const ENDS =
  /^[!.?\u{589}\u{61F}\u{6D4}\u{700}-\u{702}\u{7F9}\u{964}\u{965}\u{104A}\u{104B}\u{1362}\u{1367}\u{1368}\u{166E}\u{1735}\u{1736}\u{1803}\u{1809}\u{1944}\u{1945}\u{1AA8}-\u{1AAB}\u{1B5A}\u{1B5B}\u{1B5E}\u{1B5F}\u{1C3B}\u{1C3C}\u{1C7E}\u{1C7F}\u{203C}\u{203D}\u{2047}-\u{2049}\u{2E2E}\u{2E3C}\u{3002}\u{A4FF}\u{A60E}\u{A60F}\u{A6F3}\u{A6F7}\u{A876}\u{A877}\u{A8CE}\u{A8CF}\u{A92F}\u{A9C8}\u{A9C9}\u{AA5D}-\u{AA5F}\u{AAF0}\u{AAF1}\u{ABEB}\u{FE52}\u{FE56}\u{FE57}\u{FF01}\u{FF0E}\u{FF1F}\u{FF61}\u{10A56}\u{10A57}\u{11047}\u{11048}\u{110BE}-\u{110C1}\u{11141}-\u{11143}\u{111C5}\u{111C6}\u{111CD}\u{111DE}\u{111DF}\u{11238}\u{11239}\u{1123B}\u{1123C}\u{112A9}\u{1144B}\u{1144C}\u{115C2}\u{115C3}\u{115C9}-\u{115D7}\u{11641}\u{11642}\u{1173C}-\u{1173E}\u{11A42}\u{11A43}\u{11A9B}\u{11A9C}\u{11C41}\u{11C42}\u{16A6E}\u{16A6F}\u{16AF5}\u{16B37}\u{16B38}\u{16B44}\u{1BC9F}\u{1DA88}]$/u;
const PUNCTUATION = /^\p{P}+$/u;

const PLAIN = 0;
const PUNCT = 1;
const END = 2;

const roleOf = perKind(
  (word) => (ENDS.test(word) ? END : PUNCTUATION.test(word) ? PUNCT : PLAIN),
  (flags) => (flags & Kind.alphabetic) !== 0,
);

const SPACE = 0x20;

/**
 * Sentences among the words from `first` (inclusive) to `last` (exclusive), where the text that was cut ends at `end`.
 * A text without a word counts as one sentence, an empty one too, as in datatrove.
 */
export function countEnglishSentences(
  words: Words,
  first = 0,
  last = words.length,
  end: number = words.text.length,
): number {
  const { text, starts, ends, kinds } = words;
  const roles = roleOf(words.vocabulary);
  let sentences = 1;
  let hasEnded = false;
  for (let i = first; i < last; i++) {
    const role = roles[kinds[i]!]!;
    if (hasEnded) {
      // What ended before white space of more than one space is over, whatever follows.
      if (role === PLAIN || isToken(text, ends[i - 1]!, starts[i]!)) {
        sentences++;
        hasEnded = role === END;
      }
    } else hasEnded = role === END;
  }
  if (hasEnded && isToken(text, ends[last - 1]!, end)) sentences++;
  return sentences;
}

/** Whether the white space between two words is more than the one space that spaCy counts to the word before. */
function isToken(text: string, start: number, end: number): boolean {
  return end - start > 1 || (end - start === 1 && text.charCodeAt(start) !== SPACE);
}

/** The definition that `countEnglishSentences` is tested against: the sentencizer over spaCy's tokens, white space among them. */
export function countEnglishSentencesPlainly(tokens: readonly string[]): number {
  let starts = Math.min(1, tokens.length);
  let seenEnd = false;
  for (const token of tokens) {
    if (seenEnd && !PUNCTUATION.test(token) && !ENDS.test(token)) {
      starts++;
      seenEnd = false;
    } else if (ENDS.test(token)) seenEnd = true;
  }
  return Math.max(1, starts);
}
