/**
 * Byte-pair encoding of one piece: the definition. The kernel (kernel/) is tested against this one.
 *
 * Sennrich, Haddow & Birch 2016 (arXiv 1508.07909). The two rules in use differ in what may merge: tiktoken joins any two
 * tokens whose joined bytes are a token, and that token's id is the merge's rank; Hugging Face has a list of pairs.
 */
import { type ByteString, ranksOf, type Vocabulary } from "./vocabulary.ts";

/** Rank of the merge of two adjacent parts; undefined where they do not merge. */
export type MergeRule = (left: ByteString, right: ByteString) => number | undefined;

/**
 * The parts that a piece comes to: starting from single bytes, the adjacent pair of the lowest rank is joined, the leftmost of
 * equals first, until no pair merges. Quadratic.
 */
export function mergePairs(piece: Uint8Array, rankOf: MergeRule): ByteString[] {
  const parts: ByteString[] = Array.from(piece, (byte) => String.fromCharCode(byte));
  for (;;) {
    let lowest = Number.POSITIVE_INFINITY;
    let at = -1;
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = rankOf(parts[i]!, parts[i + 1]!) ?? Number.POSITIVE_INFINITY;
      if (rank < lowest) {
        lowest = rank;
        at = i;
      }
    }
    if (at < 0) return parts;
    parts.splice(at, 2, parts[at]! + parts[at + 1]!);
  }
}

/** The rule of a vocabulary. */
export function mergeRuleOf(vocabulary: Vocabulary): MergeRule {
  const { rankOf, byteStrings } = ranksOf(vocabulary);
  const { merges } = vocabulary;
  if (merges === undefined) return (left, right) => rankOf.get(left + right);
  const rights = new Map<ByteString, Map<ByteString, number>>();
  for (let rank = 0; 2 * rank < merges.length; rank++) {
    const left = byteStrings[merges[2 * rank]!]!;
    let ranks = rights.get(left);
    if (ranks === undefined) {
      ranks = new Map();
      rights.set(left, ranks);
    }
    ranks.set(byteStrings[merges[2 * rank + 1]!]!, rank);
  }
  return (left, right) => rights.get(left)?.get(right);
}

/** Gives the token ids of a piece. */
export function pieceEncoder(vocabulary: Vocabulary): (piece: Uint8Array) => number[] {
  const { rankOf: idOf } = ranksOf(vocabulary);
  const rule = mergeRuleOf(vocabulary);
  return (piece) => {
    const whole = vocabulary.wholePieces ? idOf.get(Buffer.from(piece).toString("latin1")) : undefined;
    return whole !== undefined ? [whole] : mergePairs(piece, rule).map((part) => idOf.get(part)!);
  };
}
