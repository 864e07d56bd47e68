/**
 * Words' hashes, `hashWord` of shingles.ts, of folded units. How long a word is cannot be foretold, and a branch on it
 * costs as much as hashing it. So four words go side by side through eight units, of which only the last ones of a long
 * word are its own; all states on the way are written down, and each word's is looked up by its length.
 */
import { CHUNK_BYTES, EDGES, held, SCRATCH } from "./layout";
import { absorb, absorb4, MIX_A, MIX_B, mix32 } from "./mix";

/** As in shingles.ts. */
const WORD_BASIS: u32 = 0x811c9dc5;
const WORD_MULTIPLIER: u32 = 0x9e3779b1;

/** States of four words after 1 to 16 units, 16 bytes each; bytes of a word count its units twice. */
const STATES: usize = SCRATCH;
const MOST_STATES: usize = 16;
const MOST_BYTES: usize = 2 * MOST_STATES;

/** A bit for each of 16 units: whether it parts words. */
@inline
function gaps(at: usize): u64 {
  const first = i16x8.eq(v128.load(at), i16x8.splat(0));
  const second = i16x8.eq(v128.load(at, 16), i16x8.splat(0));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(first, second));
}

/** Takes eight units more of four words, and writes down the state after each. */
@inline
function absorbEight(h: v128, a: v128, b: v128, c: v128, d: v128, multiplier: v128, states: usize): v128 {
  let ab = v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  let cd = v128.shuffle<i16>(c, d, 0, 8, 1, 9, 2, 10, 3, 11);
  const units01 = v128.shuffle<i32>(ab, cd, 0, 4, 1, 5);
  const units23 = v128.shuffle<i32>(ab, cd, 2, 6, 3, 7);
  ab = v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  cd = v128.shuffle<i16>(c, d, 4, 12, 5, 13, 6, 14, 7, 15);
  const units45 = v128.shuffle<i32>(ab, cd, 0, 4, 1, 5);
  const units67 = v128.shuffle<i32>(ab, cd, 2, 6, 3, 7);
  h = absorb4(h, i32x4.extend_low_i16x8_u(units01), multiplier);
  v128.store(states, h);
  h = absorb4(h, i32x4.extend_high_i16x8_u(units01), multiplier);
  v128.store(states, h, 16);
  h = absorb4(h, i32x4.extend_low_i16x8_u(units23), multiplier);
  v128.store(states, h, 32);
  h = absorb4(h, i32x4.extend_high_i16x8_u(units23), multiplier);
  v128.store(states, h, 48);
  h = absorb4(h, i32x4.extend_low_i16x8_u(units45), multiplier);
  v128.store(states, h, 64);
  h = absorb4(h, i32x4.extend_high_i16x8_u(units45), multiplier);
  v128.store(states, h, 80);
  h = absorb4(h, i32x4.extend_low_i16x8_u(units67), multiplier);
  v128.store(states, h, 96);
  h = absorb4(h, i32x4.extend_high_i16x8_u(units67), multiplier);
  v128.store(states, h, 112);
  return h;
}

/** Takes what is left of a long word, into its last state. Returns the bytes of which that is the state. */
function absorbRest(start: usize, bytes: usize, lane: usize): usize {
  if (bytes <= MOST_BYTES) return bytes;
  const state = STATES + ((MOST_STATES - 1) << 4) + (lane << 2);
  let h = load<u32>(state);
  for (let p = start + MOST_BYTES; p < start + bytes; p += 2) h = absorb(h, load<u16>(p), WORD_MULTIPLIER);
  store<u32>(state, h);
  return MOST_BYTES;
}

@inline
function stateAt(bytes: usize, lane: usize): usize {
  return STATES - 16 + (bytes << 3) + (lane << 2);
}

/** The states of the four words whose starts and ends are at `edges`. */
@inline
function hashFour(edges: usize, basis: v128, multiplier: v128): v128 {
  const a = <usize>load<u32>(edges);
  const b = <usize>load<u32>(edges, 8);
  const c = <usize>load<u32>(edges, 16);
  const d = <usize>load<u32>(edges, 24);
  let bytesA = <usize>load<u32>(edges, 4) - a;
  let bytesB = <usize>load<u32>(edges, 12) - b;
  let bytesC = <usize>load<u32>(edges, 20) - c;
  let bytesD = <usize>load<u32>(edges, 28) - d;
  const h = absorbEight(basis, v128.load(a), v128.load(b), v128.load(c), v128.load(d), multiplier, STATES);
  // No word is empty: less two, its bytes have a bit from 16 on where it has more than eight units.
  const longest = (bytesA - 2) | (bytesB - 2) | (bytesC - 2) | (bytesD - 2);
  if (longest >= 16) {
    absorbEight(h, v128.load(a, 16), v128.load(b, 16), v128.load(c, 16), v128.load(d, 16), multiplier, STATES + 128);
    if (longest >= MOST_BYTES) {
      bytesA = absorbRest(a, bytesA, 0);
      bytesB = absorbRest(b, bytesB, 1);
      bytesC = absorbRest(c, bytesC, 2);
      bytesD = absorbRest(d, bytesD, 3);
    }
  }
  let states = v128.load32_zero(stateAt(bytesA, 0));
  states = v128.load_lane<u32>(stateAt(bytesB, 1), states, 1);
  states = v128.load_lane<u32>(stateAt(bytesC, 2), states, 2);
  return v128.load_lane<u32>(stateAt(bytesD, 3), states, 3);
}

/** Puts the hash of each word, u32, where the units were. Returns how many there are. */
export function hashWords(text: usize, units: u32): u32 {
  const end = text + ((<usize>units) << 1);
  const basis = held(WORD_BASIS);
  const multiplier = held(WORD_MULTIPLIER);
  const mixA = held(MIX_A);
  const mixB = held(MIX_B);
  let out = text;
  let lastEdge = EDGES;
  let isOpen: u64 = 0;
  // The unit at `end` is a gap, where a last word ends.
  for (let chunk = text; chunk <= end; chunk += CHUNK_BYTES) {
    const chunkEnd = min(chunk + CHUNK_BYTES, end + 2);
    for (let p = chunk; p < chunkEnd; p += 128) {
      const word = ~(gaps(p) | (gaps(p + 32) << 16) | (gaps(p + 64) << 32) | (gaps(p + 96) << 48));
      let edges = word ^ ((word << 1) | isOpen);
      isOpen = word >> 63;
      // By fours; what is written behind the last one is overwritten.
      let edge = lastEdge;
      lastEdge += <usize>popcnt(edges) << 2;
      for (; edge < lastEdge; edge += 16) {
        store<u32>(edge, p + (<usize>ctz(edges) << 1));
        edges &= edges - 1;
        store<u32>(edge, p + (<usize>ctz(edges) << 1), 4);
        edges &= edges - 1;
        store<u32>(edge, p + (<usize>ctz(edges) << 1), 8);
        edges &= edges - 1;
        store<u32>(edge, p + (<usize>ctz(edges) << 1), 12);
        edges &= edges - 1;
      }
    }
    let edge = EDGES;
    for (; edge + 32 <= lastEdge; edge += 32) {
      v128.store(out, mix32(hashFour(edge, basis, multiplier), mixA, mixB));
      out += 16;
    }
    // Three words and the start of one are left at most.
    v128.store(EDGES, v128.load(edge));
    v128.store(EDGES, v128.load(edge, 16), 16);
    lastEdge -= edge - EDGES;
  }
  const left = (lastEdge - EDGES) >> 3;
  for (; lastEdge < EDGES + 32; lastEdge += 8) {
    store<u32>(lastEdge, text);
    store<u32>(lastEdge, text + 2, 4);
  }
  v128.store(out, mix32(hashFour(EDGES, basis, multiplier), mixA, mixB));
  return <u32>(((out - text) >> 2) + left);
}
