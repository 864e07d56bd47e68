/** GPT-2's pattern (`PATTERNS.gpt2` in pretokenize.ts is its definition). */
import {
  APOSTROPHE,
  BLANK,
  byteAt,
  classAt,
  endOfLetters,
  endOfNumbers,
  endOfOthers,
  endOfSpaces,
  isLetter,
  isLongContraction,
  isSpace,
  NUMBER,
  SPACE,
} from "./characters";
import {
  continuationBits,
  digitBits,
  equalBits,
  letterBits,
  spaceBits,
  spaceStarts,
  wideBits,
  wideLetterBits,
} from "./blocks";

/** Bytes of the contraction at the apostrophe p; 0 where there is none. Lower case only. May read 2 bytes beyond the text. */
@inline
function contractionBytes(p: usize): i32 {
  const first = byteAt(p + 1);
  if (first == 0x73 || first == 0x64 || first == 0x6d || first == 0x74) return 2;
  return isLongContraction(first, byteAt(p + 2)) ? 3 : 0;
}

/** End of the piece that begins at p. */
export function endOfPieceGpt2(p: usize, end: usize): usize {
  const byte = byteAt(p);
  if (byte == APOSTROPHE) {
    const contraction = <usize>contractionBytes(p);
    if (contraction != 0 && p + contraction <= end) return p + contraction;
  }
  let q = p;
  let charClass = classAt(p, end);
  if (byte == BLANK && p + 1 < end) {
    const next = classAt(p + 1, end);
    if (!isSpace(next)) {
      charClass = next;
      q = p + 1;
    }
  }
  if (isSpace(charClass)) return endOfSpaces(p, end);
  if (isLetter(charClass)) return endOfLetters(q, end);
  if (charClass == NUMBER) return endOfNumbers(q, end, usize.MAX_VALUE);
  return endOfOthers(q, end);
}

/** Starts of pieces in the block at p; the first byte is one. */
@inline
export function startsGpt2(p: usize, a: v128, b: v128, c: v128, d: v128, wide: bool, limit: i32): u64 {
  const blanks = equalBits(a, b, c, d, BLANK);
  let apostrophes = equalBits(a, b, c, d, APOSTROPHE);
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
  const inRun = (letters & (letters << 1)) | (numbers & (numbers << 1)) | (others & (others << 1));
  let starts = (~spaces & ~inRun & ~(blanks << 1)) | spaceStarts(spaces, k) | 1;
  apostrophes &= starts & (((<u64>1) << limit) - 1);
  while (apostrophes != 0) {
    const at = <i32>ctz(apostrophes);
    apostrophes &= apostrophes - 1;
    const bytes = contractionBytes(p + <usize>at);
    if (bytes != 0) starts = (starts & ~((<u64>2) << at)) | ((<u64>1) << (at + bytes));
  }
  return starts;
}
