/**
 * Lists of merges. Two rules of merging are about: by rank (any two tokens whose joined bytes are a token, lowest id
 * first) and by list (these pairs, the first before the second). A list says what the ranks say if it has, for every
 * token, the one pair that its own bytes come down to:
 *
 *     "ing"   i n g → in g → ing      ranks join (in, g); (i, ng) never meet, since "in" ranks before "ng"
 *
 * One pair is enough: wherever two neighbours join to a token by rank, the merges inside them so far were the first
 * merges of that token's own bytes, so that the neighbours are the pair in the list.
 */
import { type ByteString, ranksOf, type Vocabulary } from "../vocabulary.ts";

export interface MergeList {
  /** Left and right id by turns, in the order in which they are applied. */
  readonly merges: Uint32Array;
  /** Tokens that no merge makes, by ascending id: only a piece that is such a token as a whole encodes to it. */
  readonly unreachable: readonly number[];
}

/** The vocabulary's own list, or the one that says what its ranks say. */
export function mergeListOf(vocabulary: Vocabulary): MergeList {
  return vocabulary.merges === undefined ? mergesOfRanks(vocabulary) : listed(vocabulary, vocabulary.merges);
}

/** The list for merging by rank. Explicit merges of the vocabulary are not looked at. */
export function mergesOfRanks(vocabulary: Vocabulary): MergeList {
  const { rankOf, byteStrings } = ranksOf(vocabulary);
  const merges: number[] = [];
  const unreachable: number[] = [];
  for (const [id, token] of byteStrings.entries()) {
    if (token.length < 2) continue;
    const pair = lastPair(token, rankOf);
    if (pair === undefined) unreachable.push(id);
    else merges.push(rankOf.get(pair[0])!, rankOf.get(pair[1])!);
  }
  return { merges: Uint32Array.from(merges), unreachable };
}

/** The two parts that a token's bytes come down to before the last merge; undefined where more are left. */
function lastPair(token: ByteString, rankOf: ReadonlyMap<ByteString, number>): [ByteString, ByteString] | undefined {
  const parts = [...token];
  while (parts.length > 2) {
    let lowest = Number.POSITIVE_INFINITY;
    let at = -1;
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = rankOf.get(parts[i]! + parts[i + 1]!) ?? Number.POSITIVE_INFINITY;
      if (rank < lowest) {
        lowest = rank;
        at = i;
      }
    }
    if (at < 0) return undefined;
    parts.splice(at, 2, parts[at]! + parts[at + 1]!);
  }
  return [parts[0]!, parts[1]!];
}

function listed(vocabulary: Vocabulary, merges: Uint32Array): MergeList {
  const { rankOf, byteStrings } = ranksOf(vocabulary);
  const rules = new Map<number, { rank: number; product: number }>();
  for (let i = 0; i < merges.length; i += 2) {
    const [left, right] = [merges[i]!, merges[i + 1]!];
    const product = rankOf.get(byteStrings[left]! + byteStrings[right]!)!;
    rules.set(left * vocabulary.size + right, { rank: i, product });
  }
  const unreachable: number[] = [];
  for (const [id, token] of byteStrings.entries()) {
    if (token.length < 2) continue;
    const ids = mergeByList(
      [...token].map((byte) => rankOf.get(byte)!),
      rules,
      vocabulary.size,
    );
    if (ids.length !== 1 || ids[0] !== id) unreachable.push(id);
  }
  return { merges, unreachable };
}

/** Merges adjacent ids, the pair that is listed first before others, the leftmost of equals first. */
function mergeByList(
  ids: number[],
  rules: ReadonlyMap<number, { readonly rank: number; readonly product: number }>,
  size: number,
): number[] {
  for (;;) {
    let best: { readonly rank: number; readonly product: number } | undefined;
    let at = -1;
    for (let i = 0; i + 1 < ids.length; i++) {
      const rule = rules.get(ids[i]! * size + ids[i + 1]!);
      if (rule !== undefined && (best === undefined || rule.rank < best.rank)) {
        best = rule;
        at = i;
      }
    }
    if (best === undefined) return ids;
    ids.splice(at, 2, best.product);
  }
}
