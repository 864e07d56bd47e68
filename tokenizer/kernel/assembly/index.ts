/**
 * The encoding kernel: bytes in, ids out. The host lays out memory, fills in classes and vocabulary, has the tables built,
 * and then calls `encode` (a pattern that has a scanner) or `encodePieces` (pieces that the host has cut).
 */
import { arena, classes, input, INPUT_BYTES, layOut, output, vocabulary, WINDOW } from "./layout";
import { bits, knownEnd, sortWide } from "./blocks";
import { characterBoundary } from "./characters";
import { endOfPieceCl100k, startsCl100k } from "./cl100k";
import { countPiece, dictionaryEnd, dictionarySize, hasRoomFor, MOST_SLOT_BITS } from "./dictionary";
import { endOfPieceGpt2, startsGpt2 } from "./gpt2";
import { endOfPieceO200k, hardCase, startsO200k } from "./o200k";
import { emit, knownPieces } from "./pieces";

export { addMerge, addTokens, beginDictionary, beginMerges, buildFromRanks, finishDictionary, unreachableTokens } from "./tables";
export { dictionaryEnd, dictionarySize, knownPieces };

/** The patterns that have a scanner. */
const GPT2: i32 = 0;
const CL100K: i32 = 1;
const O200K: i32 = 2;

/** Lays out memory: see layout.ts. */
export function prepare(pairSlots: u32, ranks: u32, vocabularyBytes: u32): i32 {
  return layOut(pairSlots, ranks, vocabularyBytes, 1 << MOST_SLOT_BITS);
}

// Addresses for the host, once memory is laid out.
export function classesAddress(): usize {
  return classes;
}
export function vocabularyAddress(): usize {
  return vocabulary;
}
export function inputAddress(): usize {
  return input;
}
export function outputAddress(): usize {
  return output;
}
export function arenaAddress(): usize {
  return arena;
}
export function inputBytes(): usize {
  return INPUT_BYTES;
}

/**
 * Bytes that a call goes on for. Ids stay in the cache until the host has taken them, and the engine can replace code that
 * runs hot by better code between calls.
 */
const STEP: usize = 1 << 16;
/** Where in the input the last call of `encode` or `scan` stopped. */
let consumedBytes: usize = 0;

export function consumed(): usize {
  return consumedBytes;
}

@inline
function endOfPiece(pattern: i32, p: usize, end: usize): usize {
  let q = pattern == GPT2 ? endOfPieceGpt2(p, end) : pattern == CL100K ? endOfPieceCl100k(p, end) : endOfPieceO200k(p, end);
  // Close to the window's end, what lies beyond it may have had a say.
  if (q - p > WINDOW - 8 && end - p > WINDOW) {
    const window = characterBoundary(p + WINDOW, end);
    q = pattern == GPT2 ? endOfPieceGpt2(p, window) : pattern == CL100K ? endOfPieceCl100k(p, window) : endOfPieceO200k(p, window);
  }
  return q;
}

/** What becomes of a piece: its ids are written, or its end, or it is counted. */
const IDS: i32 = 0;
const ENDS: i32 = 1;
const COUNT: i32 = 2;

@inline
function put(what: i32, from: usize, to: usize, out: usize): usize {
  if (what == IDS) return emit(from, to, out);
  if (what == ENDS) store<u32>(out, <u32>(to - input));
  else countPiece(from, to);
  return out + 4;
}

// The two that follow are for the pieces that masks do not tell: functions of their own keep `run` small.
function putSeldom(what: i32, from: usize, to: usize, out: usize): usize {
  return put(what, from, to, out);
}

function endOfPieceSeldom(pattern: i32, p: usize, end: usize): usize {
  return endOfPiece(pattern, p, end);
}

@inline
function run(pattern: i32, what: i32, from: usize, to: usize, isLast: bool, at: u32): u32 {
  const end = input + to;
  let p = input + from;
  // What lies within a window of the end may look different when more text has come.
  const stop = min(p + STEP, isLast ? end : to > WINDOW ? end - WINDOW + 1 : input);
  let out = output + ((<usize>at) << 2);
  while (p < stop && p + 80 < end) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    const high = bits(a, b, c, d);
    let known = 64;
    const wide = high != 0;
    if (wide) known = sortWide(p, high);
    if (pattern == O200K) known = min(known, hardCase(a, b, c, d, wide));
    const limit = known - 3;
    let starts: u64 = 0;
    if (limit > 1) {
      if (pattern == GPT2) starts = startsGpt2(p, a, b, c, d, wide, limit);
      else if (pattern == CL100K) starts = startsCl100k(p, a, b, c, d, wide, limit);
      else starts = startsO200k(p, a, b, c, d, wide, limit);
      const sure = pattern == GPT2 ? limit : min(limit, knownEnd);
      starts &= ((<u64>1) << sure) - 2;
    }
    if (starts == 0) {
      const q = endOfPieceSeldom(pattern, p, end);
      out = putSeldom(what, p, q, out);
      p = q;
      continue;
    }
    const base = p;
    do {
      const q = base + <usize>ctz(starts);
      out = put(what, p, q, out);
      p = q;
      starts &= starts - 1;
    } while (starts != 0);
  }
  while (p < stop) {
    const q = endOfPieceSeldom(pattern, p, end);
    out = putSeldom(what, p, q, out);
    p = q;
  }
  consumedBytes = p - input;
  return <u32>((out - output) >> 2);
}

// One function a pattern: the engine then optimizes what a tokenizer uses, and only that.

/**
 * Encodes input from byte `from` on, some STEP bytes of it. Bytes up to `to` are there; if they are not the text's last, what
 * lies within a window of `to` is left for a later call. The ids go to `output`, behind the first `at`; returns how many there
 * are then. `consumed` tells how far it came.
 */
export function encode_gpt2(from: usize, to: usize, isLast: bool, at: u32): u32 {
  return run(GPT2, IDS, from, to, isLast, at);
}
export function encode_cl100k(from: usize, to: usize, isLast: bool, at: u32): u32 {
  return run(CL100K, IDS, from, to, isLast, at);
}
export function encode_o200k(from: usize, to: usize, isLast: bool, at: u32): u32 {
  return run(O200K, IDS, from, to, isLast, at);
}

/** Cuts input as `encode` does. Returns the number of ends of pieces at `output`. */
export function scan_gpt2(from: usize, to: usize, isLast: bool): u32 {
  return run(GPT2, ENDS, from, to, isLast, 0);
}
export function scan_cl100k(from: usize, to: usize, isLast: bool): u32 {
  return run(CL100K, ENDS, from, to, isLast, 0);
}
export function scan_o200k(from: usize, to: usize, isLast: bool): u32 {
  return run(O200K, ENDS, from, to, isLast, 0);
}

/** Counts pieces in the dictionary, as `encode` encodes them. Returns how many pieces it was through with. */
export function count_gpt2(from: usize, to: usize, isLast: bool): u32 {
  return run(GPT2, COUNT, from, to, isLast, 0);
}
export function count_cl100k(from: usize, to: usize, isLast: bool): u32 {
  return run(CL100K, COUNT, from, to, isLast, 0);
}
export function count_o200k(from: usize, to: usize, isLast: bool): u32 {
  return run(O200K, COUNT, from, to, isLast, 0);
}

/** Whether one more call of `count` is sure to find room for what it meets. */
export function hasRoom(): bool {
  return hasRoomFor(<u32>STEP, 2 * STEP + 2 * WINDOW);
}

/** Encodes pieces of the input whose `count` ends, u32, lie at the end of the output region. Returns the number of ids. */
export function encodePieces(ends: usize, count: u32): u32 {
  let p = input;
  let out = output;
  for (let i: u32 = 0; i < count; i++) {
    const q = input + <usize>load<u32>(ends + ((<usize>i) << 2));
    out = emit(p, q, out);
    p = q;
  }
  return <u32>((out - output) >> 2);
}
