/**
 * Learning byte-pair merges: the definition. It counts all pairs anew each round; `learn-fast.ts` is tested against it.
 *
 * Sennrich, Haddow & Birch 2016 (arXiv 1508.07909), over bytes: the pair of adjacent tokens that occurs most often
 * becomes a token, again and again. Occurrences that overlap all count ("aaa" holds (a, a) twice), and are merged from
 * the left. What trainers disagree about is which of several most frequent pairs comes first:
 *
 * | rule             | of equally frequent pairs, the first is                      | as in                         |
 * |------------------|--------------------------------------------------------------|-------------------------------|
 * | `smallest-id`    | the one with the smallest (left id, right id)                | Hugging Face tokenizers       |
 * | `greatest-bytes` | the one with the greatest (left bytes, right bytes)          | Stanford CS336, assignment 1  |
 * | `first-seen`     | the one met first when the text is read as it is now divided | minbpe, tiktoken _educational |
 *
 * rustbpe takes the smallest ids, too, but numbers bytes by their value; ours have the order of `byte-symbols.ts`.
 */
import type { ByteString } from "../vocabulary.ts";
import { BYTE_OF_ID, ID_OF_BYTE } from "./byte-symbols.ts";

export const TIE_RULES = ["smallest-id", "greatest-bytes", "first-seen"] as const;
export type TieRule = (typeof TIE_RULES)[number];

export interface LearnOptions {
  readonly maxMerges: number;
  readonly ties: TieRule;
  /** Pairs that occur less often are not merged. Less than 1 means 1. */
  readonly minFrequency: number;
  /** Pairs that would make a longer token are not merged. */
  readonly maxTokenBytes: number;
}

/** Ids of the two tokens that become one. The n-th merge makes the token 256 + n. */
export type Merge = [left: number, right: number];

interface CountedPair {
  readonly left: number;
  readonly right: number;
  count: number;
}

/**
 * Merges in the order in which they are learned. `pieces` are distinct, with the number of times each occurs; under
 * `first-seen` they come in the order of their first occurrence in the text, which makes reading them once the same as
 * reading the whole text: a piece that comes again holds no pair that was not met before.
 */
export function learnMerges(
  pieces: Iterable<readonly [piece: Uint8Array, count: number]>,
  options: LearnOptions,
): Merge[] {
  const words = Array.from(pieces, ([piece, count]) => ({ ids: Array.from(piece, (b) => ID_OF_BYTE[b]!), count }));
  const tokens: ByteString[] = Array.from(BYTE_OF_ID, (byte) => String.fromCharCode(byte));
  const merges: Merge[] = [];
  while (merges.length < options.maxMerges) {
    const best = firstOf(countPairs(words), tokens, options);
    if (best === undefined) break;
    const { left, right } = best;
    for (const word of words) word.ids = mergePair(word.ids, left, right, tokens.length);
    tokens.push(tokens[left]! + tokens[right]!);
    merges.push([left, right]);
  }
  return merges;
}

/** All pairs, in the order in which they are met. */
function countPairs(words: readonly { ids: readonly number[]; count: number }[]): Iterable<CountedPair> {
  const pairs = new Map<string, CountedPair>();
  for (const { ids, count } of words) {
    for (let i = 0; i + 1 < ids.length; i++) {
      const key = `${ids[i]} ${ids[i + 1]}`;
      const known = pairs.get(key);
      if (known === undefined) pairs.set(key, { left: ids[i]!, right: ids[i + 1]!, count });
      else known.count += count;
    }
  }
  return pairs.values();
}

function firstOf(
  pairs: Iterable<CountedPair>,
  tokens: readonly ByteString[],
  { minFrequency, maxTokenBytes, ties }: LearnOptions,
): CountedPair | undefined {
  let best: CountedPair | undefined;
  for (const pair of pairs) {
    if (pair.count < Math.max(1, minFrequency)) continue;
    if (tokens[pair.left]!.length + tokens[pair.right]!.length > maxTokenBytes) continue;
    const isBetter =
      best === undefined || pair.count > best.count || (pair.count === best.count && winsTie(pair, best, tokens, ties));
    if (isBetter) best = pair;
  }
  return best;
}

/** Whether `pair` goes before `other`, which was met earlier and occurs as often. */
function winsTie(pair: CountedPair, other: CountedPair, tokens: readonly ByteString[], ties: TieRule): boolean {
  switch (ties) {
    case "smallest-id":
      return pair.left !== other.left ? pair.left < other.left : pair.right < other.right;
    case "greatest-bytes":
      return pair.left !== other.left
        ? tokens[pair.left]! > tokens[other.left]!
        : tokens[pair.right]! > tokens[other.right]!;
    case "first-seen":
      return false;
  }
}

function mergePair(ids: readonly number[], left: number, right: number, merged: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      result.push(merged);
      i++;
    } else {
      result.push(ids[i]!);
    }
  }
  return result;
}
