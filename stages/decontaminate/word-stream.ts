/** Reads a page's words in stretches, so that a page of any length takes the memory of one. */
import { type Punctuation, WordHasher, wordBreak } from "../../pipeline/text/word-hashes.ts";

/** UTF-16 units of a stretch, up to the next place at which words can be parted. */
const STRETCH_UNITS = 1 << 18;

export class WordStream {
  readonly punctuation: Punctuation;
  /** Hashes of the words in sight. */
  readonly words: WordHasher;
  /** Which word of the page the first one in sight is. */
  at = 0;

  constructor(punctuation: Punctuation) {
    this.punctuation = punctuation;
    this.words = new WordHasher(punctuation);
  }

  /** Shows all words of a page to `look`: those of each stretch, behind the last `carried` ones of the stretch before it. */
  read(text: string, carried: number, look: (firstNew: number) => void): void {
    const { words } = this;
    this.at = 0;
    let kept = 0;
    for (let start = 0; start < text.length; ) {
      const end = wordBreak(text, start + STRETCH_UNITS);
      words.read(start === 0 && end === text.length ? text : text.slice(start, end), kept);
      look(kept);
      kept = Math.min(carried, words.count);
      this.at += words.count - kept;
      start = end;
    }
  }
}
