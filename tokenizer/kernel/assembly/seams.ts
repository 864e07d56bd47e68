/**
 * Seams: places in a piece that no token lies across. No merge crosses a seam, so what lies between seams can be encoded
 * by itself, and looked up by itself: a sentence of Chinese is one piece, never met again, but its parts are.
 *
 * Whether a token may lie across a place is asked of the bytes around it. Each place inside each token leaves a mark: under
 * the bytes beside it (one, two or three on either side, as many as the token has on its shorter side). A place is a seam
 * where no mark is found; chance collisions only hide seams.
 */
import { contexts, CONTEXTS_BYTES, neighbours } from "./layout";
import { byteAt } from "./characters";

/** Bits of a context's hash: CONTEXTS_BYTES has as many. */
const CONTEXT_BITS: u64 = 21;
const PAIR_MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const TRIPLE_MULTIPLIER: u64 = 0xc2b2_ae3d_27d4_eb4f;
const SIX_BYTES: u64 = 0xffff_ffff_ffff;

@inline
function neighbourIndex(p: usize): u32 {
  return (byteAt(p - 1) << 8) | byteAt(p);
}

@inline
function pairIndex(p: usize): u32 {
  return <u32>((<u64>load<u32>(p - 2) * PAIR_MULTIPLIER) >> (64 - CONTEXT_BITS));
}

@inline
function tripleIndex(p: usize): u32 {
  return <u32>(((load<u64>(p - 3) & SIX_BYTES) * TRIPLE_MULTIPLIER) >> (64 - CONTEXT_BITS));
}

@inline
function hasBit(table: usize, bit: u32): bool {
  return ((load<u8>(table + (<usize>(bit >> 3))) >> (bit & 7)) & 1) != 0;
}

function setBit(table: usize, bit: u32): void {
  const at = table + <usize>(bit >> 3);
  store<u8>(at, load<u8>(at) | (<u8>1 << <u8>(bit & 7)));
}

export function clearSeams(): void {
  memory.fill(neighbours, 0, 65_536 / 8);
  memory.fill(contexts, 0, CONTEXTS_BYTES);
}

/** Leaves the marks of a token. */
export function addSeams(from: usize, length: usize): void {
  const to = from + length;
  for (let p = from + 1; p < to; p++) {
    const shorter = min(p - from, to - p);
    if (shorter == 1) setBit(neighbours, neighbourIndex(p));
    else setBit(contexts, shorter == 2 ? pairIndex(p) : tripleIndex(p));
  }
}

/** The first seam after `from` in the piece that ends at `to`; `to` where there is none. */
export function nextSeam(from: usize, start: usize, to: usize): usize {
  for (let p = from + 1; p < to; p++) {
    if (hasBit(neighbours, neighbourIndex(p))) continue;
    if (p - start >= 2 && to - p >= 2 && hasBit(contexts, pairIndex(p))) continue;
    if (p - start >= 3 && to - p >= 3 && hasBit(contexts, tripleIndex(p))) continue;
    return p;
  }
  return to;
}
