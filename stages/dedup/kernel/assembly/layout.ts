/**
 * Where things lie in memory. The host writes a text at `text`, and finds there what becomes of it; what lies before it
 * is made once, for any number of texts.
 *
 *     scratch | fold | astral | buckets | edges | minima | multipliers | offsets | text ▶ spare ▶
 *
 * Each step overwrites what the one before has left: units → folded units → words' hashes → n-grams' hashes. None makes
 * more bytes than it reads, nor writes where it has still to read. Only sorting takes as many bytes again, behind the
 * hashes. A text of n units has at most (n + 1) / 2 words: four bytes a unit are enough for all of it.
 */

/** Bytes that a few steps of one function share, and nobody keeps. */
export const SCRATCH: usize = 1024;
const SCRATCH_BYTES: usize = 512;
/** Of each UTF-16 unit what `foldTable` of word-class.ts says, u16. */
export const FOLD: usize = SCRATCH + SCRATCH_BYTES;
/** Of each code point above U+FFFF its class, one byte. The host fills in a block when one of it is met (fold.ts). */
export const ASTRAL: usize = FOLD + 2 * 0x1_0000;
/** One u32 each (sort.ts). */
export const BUCKET_BITS: u32 = 11;
export const BUCKETS_BYTES: usize = 4 << BUCKET_BITS;
export const BUCKETS: usize = ASTRAL + 0x10_0000;
/** Words' edges in as many bytes of text (words.ts), u32. A unit can be one; some are left of the text before. */
export const CHUNK_BYTES: usize = 2048;
export const EDGES: usize = BUCKETS + BUCKETS_BYTES;
/** The signature, u32, in whole strips (minima.ts). */
export const MINIMA: usize = EDGES + 2 * CHUNK_BYTES + 256;

/** Bytes behind a text that are read or overwritten with it. */
export const SLACK: usize = 256;
/** Minima that are in registers at once. */
export const STRIP: u32 = 16;

/** Permutations in whole strips, and what they consist of, u32. */
export let padded: u32 = 0;
export let multipliers: usize = 0;
export let offsets: usize = 0;
export let text: usize = 0;

export function layOut(permutations: u32): void {
  padded = (permutations + STRIP - 1) & ~(STRIP - 1);
  const bytes = (<usize>padded) << 2;
  multipliers = MINIMA + bytes;
  offsets = multipliers + bytes;
  text = offsets + bytes;
}

/**
 * A vector of four times the value, in a register. Of constants V8 makes a new vector wherever they are used, with three
 * instructions in the middle of a loop; what comes out of memory it keeps.
 */
@inline
export function held(value: u32): v128 {
  store<u32>(SCRATCH, value);
  return v128.load32_splat(SCRATCH);
}

/** Sixteen times the byte. */
@inline
export function heldBytes(byte: u32): v128 {
  return held(byte * 0x0101_0101);
}
