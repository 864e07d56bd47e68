/** The signing kernel: a page's text in, the hashes of its n-grams and its signature out (../kernel.ts). */
import { fold } from "./fold";
import { ASTRAL, FOLD, MINIMA, multipliers, offsets, SLACK, text } from "./layout";
import { hashNgrams } from "./shingles";
import { hashWords } from "./words";

export { layOut } from "./layout";
export { minima } from "./minima";
export { sortDistinct, sorted } from "./sort";

// Addresses for the host; what depends on the permutations is known once memory is laid out.
export function foldAddress(): usize {
  return FOLD;
}
export function astralAddress(): usize {
  return ASTRAL;
}
export function minimaAddress(): usize {
  return MINIMA;
}
export function multipliersAddress(): usize {
  return multipliers;
}
export function offsetsAddress(): usize {
  return offsets;
}
export function textAddress(): usize {
  return text;
}
/** Room that a text of so many units needs from its address on. */
export function bytesFor(units: u32): usize {
  return ((<usize>units) << 2) + SLACK;
}

/** Puts the hashes of the text's n-grams where the text was. Returns their number, or −1 if it has to be lower-cased first. */
export function shingle(units: u32, ngram: u32): i32 {
  if (!fold(text, units)) return -1;
  return <i32>hashNgrams(text, hashWords(text, units), ngram);
}
