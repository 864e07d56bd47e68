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
import { SENTENCE_ENDS } from "../../../pipeline/text/punctuation.ts";
import { Kind } from "../../../pipeline/text/word-kinds.ts";
import type { Words } from "../../../pipeline/text/words.ts";

const PUNCTUATION = /^\p{P}+$/u;

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
  const { text, starts, ends: wordEnds, flags } = words;
  let sentences = 1;
  let hasEnded = false;
  for (let i = first; i < last; i++) {
    const flag = flags[i]!;
    const ends = (flag & Kind.sentenceEnd) !== 0;
    if (hasEnded) {
      // What ended before white space of more than one space is over, whatever follows.
      if ((flag & (Kind.sentenceEnd | Kind.punctuation)) === 0 || isToken(text, wordEnds[i - 1]!, starts[i]!)) {
        sentences++;
        hasEnded = ends;
      }
    } else hasEnded = ends;
  }
  if (hasEnded && isToken(text, wordEnds[last - 1]!, end)) sentences++;
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
    if (seenEnd && !PUNCTUATION.test(token) && !SENTENCE_ENDS.test(token)) {
      starts++;
      seenEnd = false;
    } else if (SENTENCE_ENDS.test(token)) seenEnd = true;
  }
  return Math.max(1, starts);
}
