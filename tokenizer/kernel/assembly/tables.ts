/** Building the tables of a vocabulary, whose bytes, starts and ids the host has put into memory. */
import { byteIds, bytePairs, idOfRank, output, scratch, vocabulary } from "./layout";
import { byteAt } from "./characters";
import { addToken, clearDictionary, tokenOf } from "./dictionary";
import { prepareKeys } from "./keys";
import { addPair, clearPairs, merge } from "./merges";
import { clearPieces } from "./pieces";
import { addSeams, clearSeams } from "./seams";

function startOf(token: u32, startsAt: usize): usize {
  return vocabulary + load<u32>(startsAt + ((<usize>token) << 2));
}

function lengthOf(token: u32, startsAt: usize): usize {
  return <usize>(load<u32>(startsAt + ((<usize>token) << 2), 4) - load<u32>(startsAt + ((<usize>token) << 2)));
}

/**
 * Builds the tables where any two tokens merge whose joined bytes are a token. The ids of the `count` ordinary tokens lie
 * at `order`, the shorter before the longer: a token's parts are shorter than it is, so that its own merges are known
 * when its turn comes. Returns how many tokens merging does not make of their bytes.
 */
export function buildFromRanks(startsAt: usize, order: usize, count: u32, pairSlots: u32): u32 {
  clearPairs(pairSlots, true);
  let missed: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const id = load<u32>(order + ((<usize>i) << 2));
    const from = startOf(id, startsAt);
    const length = lengthOf(id, startsAt);
    if (length == 1) {
      store<u32>(byteIds + ((<usize>byteAt(from)) << 2), id);
    } else if (length == 2) {
      store<u32>(bytePairs + ((<usize>((byteAt(from) << 8) | byteAt(from + 1))) << 2), id);
    } else if (<usize>(merge(from, from + length, output) - output) == 8) {
      addPair(load<u32>(output), load<u32>(output, 4), id);
    } else {
      missed++;
    }
  }
  return missed;
}

/** Enters the merge of two tokens; ranks count from 0. Returns the id of the token that it makes, or -1. */
export function addMerge(startsAt: usize, left: u32, right: u32, rank: u32): i32 {
  const leftBytes = lengthOf(left, startsAt);
  const rightBytes = lengthOf(right, startsAt);
  memory.copy(scratch, startOf(left, startsAt), leftBytes);
  memory.copy(scratch + leftBytes, startOf(right, startsAt), rightBytes);
  const product = tokenOf(scratch, leftBytes + rightBytes);
  if (product == u32.MAX_VALUE) return -1;
  store<u32>(idOfRank + ((<usize>rank) << 2), product);
  if (leftBytes == 1 && rightBytes == 1) {
    store<u32>(bytePairs + ((<usize>((byteAt(scratch) << 8) | byteAt(scratch + 1))) << 2), rank);
  } else {
    addPair(left, right, rank);
  }
  return <i32>product;
}

export function beginMerges(pairSlots: u32): void {
  clearPairs(pairSlots, false);
}

/** Empties the dictionary, which is to hold `size` strings or more. */
export function beginDictionary(arenaLimit: usize, size: u32): void {
  prepareKeys();
  clearDictionary(arenaLimit, size);
  clearSeams();
}

/** How many of the `count` tokens, whose ids lie at `order`, merging does not make of their bytes. */
export function unreachableTokens(startsAt: usize, order: usize, count: u32): u32 {
  let missed: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (!isReachable(load<u32>(order + ((<usize>i) << 2)), startsAt)) missed++;
  }
  return missed;
}

function isReachable(id: u32, startsAt: usize): bool {
  const from = startOf(id, startsAt);
  return merge(from, from + lengthOf(id, startsAt), output) - output == 4 && load<u32>(output) == id;
}

/**
 * Puts `count` tokens, whose ids lie at `order`, in the dictionary: all of them, or only those that merging makes of their
 * bytes. Returns the id of the first whose bytes were there before, or -1.
 */
export function addTokens(startsAt: usize, order: usize, count: u32, onlyReachable: bool): i32 {
  for (let i: u32 = 0; i < count; i++) {
    const id = load<u32>(order + ((<usize>i) << 2));
    const from = startOf(id, startsAt);
    const length = lengthOf(id, startsAt);
    if (length == 1) store<u32>(byteIds + ((<usize>byteAt(from)) << 2), id);
    if (onlyReachable && !isReachable(id, startsAt)) continue;
    if (!addToken(from, length, id)) return <i32>id;
    addSeams(from, length);
  }
  return -1;
}

/** `mergesMakeAll` tells whether merging makes every token in the dictionary of its bytes. */
export function finishDictionary(mergesMakeAll: bool): void {
  clearPieces(mergesMakeAll);
}
