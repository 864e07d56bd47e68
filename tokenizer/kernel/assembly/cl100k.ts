/** cl100k's pattern (`PATTERNS.cl100k` in pretokenize.ts is its definition). */
import {
  APOSTROPHE,
  BLANK,
  byteAt,
  classAt,
  CR,
  endOfContraction,
  endOfLetters,
  endOfNumbers,
  endOfOthers,
  endOfSpacesOrLines,
  isLetter,
  isLineBreak,
  isOther,
  isSpace,
  LF,
  NEWLINE,
  NUMBER,
  SPACE,
  width,
} from "./characters";
import {
  continuationBits,
  digitBits,
  digitStarts,
  equalBits,
  letterBits,
  lineStarts,
  spaceBits,
  toWholeCharacters,
  wideBits,
  wideLetterBits,
} from "./blocks";

/** End of the piece that begins at p. */
export function endOfPieceCl100k(p: usize, end: usize): usize {
  const byte = byteAt(p);
  if (byte == APOSTROPHE) {
    const contraction = endOfContraction(p, end);
    if (contraction != 0) return contraction;
  }
  const charClass = classAt(p, end);
  const next = p + width;
  if (isLetter(charClass)) return endOfLetters(next, end);
  if (charClass == NUMBER) return endOfNumbers(p, end, 3);
  let others = isOther(charClass) ? next : 0;
  if (charClass != NEWLINE && next < end) {
    const nextClass = classAt(next, end);
    if (isLetter(nextClass)) return endOfLetters(next + width, end);
    if (byte == BLANK && isOther(nextClass)) others = next;
  }
  if (others == 0) return endOfSpacesOrLines(p, end);
  let q = endOfOthers(others, end);
  while (q < end && isLineBreak(byteAt(q))) q++;
  return q;
}

/** Starts of pieces in the block at p; the first byte is one. */
@inline
export function startsCl100k(p: usize, a: v128, b: v128, c: v128, d: v128, wide: bool, limit: i32): u64 {
  const blanks = equalBits(a, b, c, d, BLANK);
  const breaks = equalBits(a, b, c, d, LF) | equalBits(a, b, c, d, CR);
  let letters = letterBits(a, b, c, d);
  const numbers = digitBits(a, b, c, d);
  let spaces = spaceBits(a, b, c, d);
  let k: u64 = 0;
  if (wide) {
    letters |= wideLetterBits();
    spaces |= wideBits(SPACE);
    k = continuationBits();
  }
  const others = ~(letters | numbers | spaces);
  const gaps = spaces & ~breaks;
  // Line breaks right behind other characters belong to their piece; the sum carries through the run of breaks.
  const absorbed = breaks & ~(breaks + ((others << 1) & breaks));
  const otherStarts = others & ~(others << 1) & ~(blanks << 1);
  // A single character before a word leads it.
  const leads = gaps | toWholeCharacters(otherStarts, k);
  let starts =
    otherStarts | (letters & ~(letters << 1) & ~(leads << 1)) | lineStarts(spaces, breaks, absorbed, k, limit) | 1;
  if (numbers != 0) starts |= digitStarts(numbers);
  let apostrophes = equalBits(a, b, c, d, APOSTROPHE) & otherStarts & (((<u64>1) << limit) - 1);
  while (apostrophes != 0) {
    const at = <i32>ctz(apostrophes);
    apostrophes &= apostrophes - 1;
    const end = endOfContraction(p + <usize>at, p + 80);
    if (end == 0) continue;
    const bytes = <i32>(end - p) - at;
    starts = (starts & ~(((<u64>1) << (at + bytes)) - ((<u64>2) << at))) | ((<u64>1) << (at + bytes));
  }
  return starts;
}
