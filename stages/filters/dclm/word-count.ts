import { Character, classesOf } from "./python-classes.ts";

/** What parts tokens in fastText: "\0", and the white space of C. Other spaces do not. */
const PARTS = new Uint8Array(0x10000);
for (const unit of [0x00, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20]) PARTS[unit] = 1;

/**
 * Words as DCLM counts them: fastText's tokens that begin with a letter or a number (mlfoundations/dclm 361714b,
 * core_utils.py: `split_words` with `fasttext`, punctuation ignored). "(so" is none; "so…yeah" is one.
 */
export function countWords(text: string): number {
  let count = 0;
  let isInside = false;
  for (let i = 0; i < text.length; i++) {
    if (PARTS[text.charCodeAt(i)] === 1) isInside = false;
    else if (!isInside) {
      isInside = true;
      if ((classesOf(text.codePointAt(i)!) & Character.alphanumeric) !== 0) count++;
    }
  }
  return count;
}
