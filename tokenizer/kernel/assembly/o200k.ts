/** o200k's pattern (`PATTERNS.o200k` in pretokenize.ts is its definition). */
import {
  APOSTROPHE,
  BLANK,
  byteAt,
  CASELESS,
  classAt,
  CR,
  endOfContraction,
  endOfNumbers,
  endOfOthers,
  endOfSpacesOrLines,
  isLetter,
  isLineBreak,
  isOther,
  LF,
  LOWER,
  MARK,
  NEWLINE,
  NUMBER,
  SLASH,
  SPACE,
  UPPER,
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
  upperBits,
  wideBits,
  wideLetterBits,
} from "./blocks";

/** Marks and letters without case count as both upper and lower case. */
@inline
function mayBeUpper(charClass: u32): bool {
  return charClass == UPPER || charClass == CASELESS || charClass == MARK;
}

@inline
function mayBeLower(charClass: u32): bool {
  return charClass - LOWER <= MARK - LOWER;
}

/** End of `[upper]*[lower]+` from p on, or 0. Where nothing lower follows, the first part gives back to its last caseless. */
function endOfLowerWord(p: usize, end: usize): usize {
  let q = p;
  let afterCaseless: usize = 0;
  while (q < end) {
    const charClass = classAt(q, end);
    if (!mayBeUpper(charClass)) {
      if (charClass != LOWER) return afterCaseless;
      return endOfLowers(q, end);
    }
    q += width;
    if (charClass != UPPER) afterCaseless = q;
  }
  return afterCaseless;
}

/** End of `[upper]+[lower]*` from p on, or 0. */
function endOfUpperWord(p: usize, end: usize): usize {
  let q = p;
  while (q < end && mayBeUpper(classAt(q, end))) q += width;
  return q == p ? 0 : endOfLowers(q, end);
}

function endOfLowers(p: usize, end: usize): usize {
  let q = p;
  while (q < end && mayBeLower(classAt(q, end))) q += width;
  return q;
}

/** End of the word that begins at p, of class `charClass`, perhaps behind one leading character; 0 where there is none. */
function endOfWord(p: usize, end: usize, charClass: u32, next: usize): usize {
  if (isLetter(charClass)) {
    const lower = endOfLowerWord(p, end);
    return lower != 0 ? lower : endOfUpperWord(p, end);
  }
  if (charClass == NUMBER || charClass == NEWLINE) return 0;
  let word = endOfLowerWord(next, end);
  if (word == 0 && charClass == MARK) word = endOfLowerWord(p, end);
  if (word == 0) word = endOfUpperWord(next, end);
  if (word == 0 && charClass == MARK) word = endOfUpperWord(p, end);
  return word;
}

/** End of the piece that begins at p. */
export function endOfPieceO200k(p: usize, end: usize): usize {
  const charClass = classAt(p, end);
  const next = p + width;
  const word = endOfWord(p, end, charClass, next);
  if (word != 0) {
    if (word >= end || byteAt(word) != APOSTROPHE) return word;
    const contraction = endOfContraction(word, end);
    return contraction != 0 ? contraction : word;
  }
  if (charClass == NUMBER) return endOfNumbers(p, end, 3);
  let others = isOther(charClass) ? next : 0;
  if (byteAt(p) == BLANK && next < end && isOther(classAt(next, end))) others = next;
  if (others == 0) return endOfSpacesOrLines(p, end);
  let q = endOfOthers(others, end);
  while (q < end && (isLineBreak(byteAt(q)) || byteAt(q) == SLASH)) q++;
  return q;
}

/** Starts of pieces in the block at p; the first byte is one. `hardCase` has to be looked at before. */
@inline
export function startsO200k(p: usize, a: v128, b: v128, c: v128, d: v128, wide: bool, limit: i32): u64 {
  const blanks = equalBits(a, b, c, d, BLANK);
  const breaks = equalBits(a, b, c, d, LF) | equalBits(a, b, c, d, CR);
  let uppers = upperBits(a, b, c, d);
  let letters = letterBits(a, b, c, d);
  const numbers = digitBits(a, b, c, d);
  let spaces = spaceBits(a, b, c, d);
  let k: u64 = 0;
  if (wide) {
    uppers |= wideBits(UPPER);
    letters |= wideLetterBits() | wideBits(MARK);
    spaces |= wideBits(SPACE);
    k = continuationBits();
  }
  const others = ~(letters | numbers | spaces);
  const gaps = spaces & ~breaks;
  const absorbed = breaks & ~(breaks + ((others << 1) & breaks));
  const otherStarts = others & ~(others << 1) & ~(blanks << 1);
  const leads = gaps | toWholeCharacters(otherStarts, k);
  // A word begins where letters begin, and where upper case follows lower.
  const wordStarts = (letters & ~(letters << 1)) | (uppers & ((letters & ~uppers) << 1));
  let starts = otherStarts | (wordStarts & ~(leads << 1)) | lineStarts(spaces, breaks, absorbed, k, limit) | 1;
  if (numbers != 0) starts |= digitStarts(numbers);
  // A contraction belongs to the word before it. Behind one a second apostrophe begins anew.
  let apostrophes = equalBits(a, b, c, d, APOSTROPHE) & (letters << 1) & (((<u64>1) << limit) - 1);
  let fresh = -1;
  while (apostrophes != 0) {
    const at = <i32>ctz(apostrophes);
    apostrophes &= apostrophes - 1;
    if (at == fresh) continue;
    const end = endOfContraction(p + <usize>at, p + 80);
    if (end == 0) continue;
    fresh = <i32>(end - p);
    starts = (starts & ~(((<u64>1) << fresh) - ((<u64>1) << at))) | ((<u64>1) << fresh);
  }
  return starts;
}

/**
 * First byte of the block from which on masks do not tell: a slash that a line break's piece may absorb, upper case behind
 * letters without case (how far a word reaches hangs on what follows), a mark that follows no letter. 64 where they do.
 */
@inline
export function hardCase(a: v128, b: v128, c: v128, d: v128, wide: bool): i32 {
  const breaks = equalBits(a, b, c, d, LF) | equalBits(a, b, c, d, CR);
  let hard = equalBits(a, b, c, d, SLASH) & (breaks << 1);
  if (wide) {
    const marks = wideBits(MARK);
    const caseless = wideBits(CASELESS) | marks;
    const letters = letterBits(a, b, c, d) | wideLetterBits() | marks;
    hard |= (upperBits(a, b, c, d) | wideBits(UPPER)) & (caseless << 1);
    hard |= marks & ~(letters << 1);
  }
  return <i32>ctz(hard);
}
