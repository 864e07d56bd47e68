/**
 * Where things lie in memory. The host writes input at `input` and reads ids at `output`; everything else is ours.
 * Regions are reserved once, at full size: pages that are never touched cost nothing.
 *
 *     masks | byte ids | byte pairs | filter | seams | seen | kept | classes | index of pieces | pieces and spill (at first:
 *     vocabulary, if it fits) | input | output | scratch | pairs | id of rank | index | arena ▶
 */

/** A piece never sees farther than this many bytes, in whole characters: longer runs are cut. */
export const WINDOW: usize = 1 << 20;
/** Bytes of input that one call takes: what a stream holds back (a window) and three times as much that is new. */
export const INPUT_BYTES: usize = 4 << 20;
/** Readable bytes behind the input: blocks and keys are loaded whole. */
const PADDING: usize = 128;
/** Ids that may be written beyond the last. */
const OUTPUT_SLACK: usize = 64;
/** Bit tables: one bit for each value of a hash of 21 bits, and of 18. They share the second-level cache with the pairs. */
export const FILTER_BYTES: usize = 1 << 18;
export const CONTEXTS_BYTES: usize = 1 << 18;
export const KEPT_BYTES: usize = 1 << 15;
/** Pieces that were met. More of them would take longer to ask than they save merges, where caches are small. */
const PIECE_INDEX_BYTES: usize = 2 << 20;
/** Records of 32 bytes for three in four slots of 4 bytes: the index does not grow beyond its region. */
export const PIECES_BYTES: usize = 6 * PIECE_INDEX_BYTES;
const SPILL_BYTES: usize = 16 << 20;
const CODE_POINTS: usize = 0x11_0000;
/** Six numbers of four bytes or fewer for each byte of the longest piece: see `mergeLong`. */
const SCRATCH_BYTES: usize = 32 * (WINDOW + 16);

// Constants of the program, not variables: an address costs no load.

/** Below it nothing is ever written: an empty slot of the index of pieces leads to address 0. */
const FIRST: usize = 4096;
/** Eight masks of 64 bits (blocks.ts). */
export const masks: usize = FIRST;
/** Masks of the first 0 to 15 bytes of 16, two u64 each. */
export const keyMasks: usize = masks + 8 * 8;
/** Id of each single byte, u32. */
export const byteIds: usize = keyMasks + 16 * 16;
/** Rank of each pair of single bytes, u32: left * 256 + right. */
export const bytePairs: usize = byteIds + 256 * 4;
/** Bits of the hashes of pairs that are in the table (merges.ts). */
export const filter: usize = bytePairs + 65_536 * 4;
/** Bits of neighbouring bytes, and of contexts (seams.ts). */
export const neighbours: usize = filter + FILTER_BYTES;
export const contexts: usize = neighbours + 65_536 / 8;
/** Marks of long pieces that were seen once, u16 (pieces.ts). */
export const seen: usize = contexts + CONTEXTS_BYTES;
/** Bits of the hashes of long pieces that have a record (pieces.ts). */
export const kept: usize = seen + (2 << 15);
/** Class of each code point, one byte (characters.ts). */
export const classes: usize = kept + KEPT_BYTES;
/** The index of pieces, their records (below 32 MB, at multiples of 32), and what does not fit these (pieces.ts). */
export const pieceIndex: usize = classes + CODE_POINTS;
export const pieces: usize = pieceIndex + PIECE_INDEX_BYTES;
export const spill: usize = pieces + PIECES_BYTES;
export const spillEnd: usize = spill + SPILL_BYTES;
export const input: usize = spillEnd;
export const output: usize = input + INPUT_BYTES + PADDING;
export const scratch: usize = output + ((INPUT_BYTES + OUTPUT_SLACK) << 2);
/** Open-addressing table of pairs, u64 (merges.ts). */
export const pairs: usize = scratch + SCRATCH_BYTES;

/** Id of the token that the merge of each rank makes, u32. */
export let idOfRank: usize = 0;
/** Bytes of all tokens, then u32 starts. Read only while tables are built, and before there are pieces: it may lie in their place. */
export let vocabulary: usize = 0;
/** Hash index of the dictionary, u32 slots (dictionary.ts). */
export let index: usize = 0;
/** The dictionary's records, as many as memory is made for. */
export let arena: usize = 0;

let end: usize = 0;

function reserve(bytes: usize): usize {
  const at = end;
  end += (bytes + 127) & ~(<usize>127);
  return at;
}

/** Lays out memory. Sizes in entries, `vocabularyBytes` in bytes. Returns the number of 64 KiB pages that are needed. */
export function layOut(pairSlots: u32, ranks: u32, vocabularyBytes: u32, indexSlots: u32): i32 {
  end = pairs;
  reserve((<usize>pairSlots) << 3);
  idOfRank = reserve((<usize>ranks) << 2);
  vocabulary = <usize>vocabularyBytes <= input - pieces ? pieces : reserve(vocabularyBytes);
  index = reserve((<usize>indexSlots) << 2);
  reserve(1); // an empty slot of the index points here
  arena = reserve(0);
  return <i32>((end + 0xffff) >> 16);
}
