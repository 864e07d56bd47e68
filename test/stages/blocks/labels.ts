/**
 * What a model is taught of a page's blocks: which of them are main text, and how much each counts.
 *
 *     the page's main text, by a person ─▶ blocks that have half of their runs of four words in it,
 *                                            where they stand in its order (`alignment.ts`)
 *     pieces that are in it, or are not ─▶ the blocks that they lie in, and only those
 */

import { alignedBlocks, Reference, RUN_WORDS } from "./alignment.ts";

export interface BlockLabels {
  /** 1: main text. */
  readonly labels: Uint8Array;
  readonly weights: Float32Array;
}

const ENOUGH_RUNS = 0.5;
/** Blocks of fewer words are in many texts by chance, and count for less. */
const FEW_WORDS_WEIGHT = 0.4;
/** Of blocks without any word, such as "•". */
const NO_WORDS_WEIGHT = 0.03;
const MAX_WEIGHT = 4;
/** About the mean of a page's weights, all blocks together. */
const PAGE_WEIGHT = 150;
/** A piece of text that a person chose. */
const PIECE_WEIGHT = 4;
/** A block that lies within a piece has to be longer than this, UTF-16 units. */
const LEAST_WITHIN_PIECE = 20;

/**
 * Blocks are main text where the reference has them. A block's weight grows with the logarithm of its length. Weights
 * of a page are then divided by the square root of their sum: a page of a thousand blocks is not worth ten of a hundred.
 */
export function labelsFromText(texts: readonly string[], reference: string): BlockLabels {
  const blocks = texts.map(wordsOf);
  const known = new Reference(wordsOf(reference));
  const labels = alignedBlocks(
    blocks,
    known,
    blocks.map((words) => known.shareOf(words) >= ENOUGH_RUNS),
  );
  const weights = new Float32Array(texts.length);
  let total = 0;
  for (const [block, text] of texts.entries()) {
    const words = blocks[block]!;
    const byLength = Math.min(MAX_WEIGHT, 0.3 + Math.log1p(text.length) / 3);
    weights[block] =
      words.length === 0 ? NO_WORDS_WEIGHT : words.length < RUN_WORDS ? byLength * FEW_WORDS_WEIGHT : byLength;
    total += weights[block]!;
  }
  const scale = Math.sqrt(PAGE_WEIGHT / total);
  return { labels, weights: weights.map((weight) => weight * scale) };
}

/** Pieces that a person found to be main text, or not to be, overrule the labels of the blocks they lie in. */
export function overruleByPieces(
  { labels, weights }: BlockLabels,
  texts: readonly string[],
  wanted: readonly string[],
  unwanted: readonly string[],
): void {
  for (const [pieces, label] of [
    [wanted.map(plainSpaces), 1],
    [unwanted.map(plainSpaces), 0],
  ] as const) {
    for (const [block, text] of texts.entries()) {
      const plain = plainSpaces(text);
      const isOf = (piece: string): boolean =>
        piece !== "" && (plain.includes(piece) || (plain.length > LEAST_WITHIN_PIECE && piece.includes(plain)));
      if (!pieces.some(isOf)) continue;
      labels[block] = label;
      weights[block] = PIECE_WEIGHT;
    }
  }
}

/** Words as the benchmarks' metrics have them. */
function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}_]+/gu) ?? [];
}

function plainSpaces(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
