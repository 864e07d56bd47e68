/**
 * 64 bytes at a time. Each byte of a block is a bit of a u64; a mask tells which bytes belong to characters of a class (all
 * bytes of a character do). Where pieces begin is then algebra on masks: a run of letters begins at `L & ~(L << 1)`.
 *
 * A block begins where a piece begins. What its last bytes mean hangs on what follows, so only starts below a limit count;
 * the next block begins at the last start that was found.
 */
import { classes, masks } from "./layout";
import { byteAt, CASELESS, LOWER, MARK, NEWLINE, NUMBER, OTHER, SPACE, UPPER, wideClassAt, width } from "./characters";

/** Slot of `masks` for the bytes that continue a character, in the place of a class that wide characters never have. */
const CONTINUATION: u32 = NEWLINE;

/** One bit for each of 64 lanes. */
@inline
export function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a)) |
    (<u64>(<u32>i8x16.bitmask(b)) << 16) |
    (<u64>(<u32>i8x16.bitmask(c)) << 32) |
    (<u64>(<u32>i8x16.bitmask(d)) << 48)
  );
}

@inline
function letterLanes(v: v128): v128 {
  return i8x16.lt_u(i8x16.sub(v128.or(v, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(26));
}

@inline
function upperLanes(v: v128): v128 {
  return i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x41)), i8x16.splat(26));
}

@inline
function digitLanes(v: v128): v128 {
  return i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x30)), i8x16.splat(10));
}

/** Blank, and \t to \r. */
@inline
function spaceLanes(v: v128): v128 {
  return v128.or(
    i8x16.eq(v, i8x16.splat(0x20)),
    i8x16.lt_u(i8x16.sub(v, i8x16.splat(9)), i8x16.splat(5)),
  );
}

@inline
export function letterBits(a: v128, b: v128, c: v128, d: v128): u64 {
  return bits(letterLanes(a), letterLanes(b), letterLanes(c), letterLanes(d));
}

@inline
export function upperBits(a: v128, b: v128, c: v128, d: v128): u64 {
  return bits(upperLanes(a), upperLanes(b), upperLanes(c), upperLanes(d));
}

@inline
export function digitBits(a: v128, b: v128, c: v128, d: v128): u64 {
  return bits(digitLanes(a), digitLanes(b), digitLanes(c), digitLanes(d));
}

@inline
export function spaceBits(a: v128, b: v128, c: v128, d: v128): u64 {
  return bits(spaceLanes(a), spaceLanes(b), spaceLanes(c), spaceLanes(d));
}

@inline
export function equalBits(a: v128, b: v128, c: v128, d: v128, byte: u32): u64 {
  const x = i8x16.splat(<i8>byte);
  return bits(i8x16.eq(a, x), i8x16.eq(b, x), i8x16.eq(c, x), i8x16.eq(d, x));
}

@inline
export function wideBits(charClass: u32): u64 {
  return load<u64>(masks + ((<usize>charClass) << 3));
}

@inline
export function wideLetterBits(): u64 {
  return wideBits(UPPER) | wideBits(LOWER) | wideBits(CASELESS);
}

@inline
export function continuationBits(): u64 {
  return wideBits(CONTINUATION);
}

/**
 * Sorts the block's characters beyond ASCII into `masks`. `high` are the bits of bytes from 0x80 up. Returns how many bytes
 * of the block are known: fewer than 64 where its last character is not whole, and up to a number (a class whose characters
 * have to be counted) beyond ASCII.
 */
export function sortWide(p: usize, high: u64): i32 {
  for (let slot: usize = 0; slot < 8; slot++) store<u64>(masks + (slot << 3), 0);
  let continuations: u64 = 0;
  let known = 64;
  let rest = high;
  while (rest != 0) {
    const at = <i32>ctz(rest);
    const word = load<u32>(p + <usize>at);
    let charClass: u32;
    let bytes: u64;
    // Almost all are well-formed characters of two or three bytes, of those that no check is needed for.
    if ((word & 0xc0e0) == 0x80c0 && (word & 0x1e) != 0) {
      charClass = load<u8>(classes + <usize>(((word & 31) << 6) | ((word >> 8) & 63)));
      bytes = 2;
    } else if ((word & 0xc0_c0f0) == 0x80_80e0 && (word & 15) != 0 && (word & 15) != 13) {
      charClass = load<u8>(classes + <usize>(((word & 15) << 12) | ((word >> 2) & 0xfc0) | ((word >> 16) & 63)));
      bytes = 3;
    } else {
      charClass = wideClassAt(p + <usize>at, p + 64);
      if (width == 1 && at > 60 && byteAt(p + <usize>at) >= 0xc2) {
        known = at;
        break;
      }
      bytes = width;
    }
    if (charClass == NUMBER || at + <i32>bytes > 64) {
      known = at;
      break;
    }
    const lead = (<u64>1) << at;
    const whole = (lead << bytes) - lead;
    const slot = masks + ((<usize>charClass) << 3);
    store<u64>(slot, load<u64>(slot) | whole);
    continuations |= whole ^ lead;
    rest &= ~whole;
  }
  store<u64>(masks + ((<usize>CONTINUATION) << 3), continuations);
  return known;
}

/**
 * Moves bits from the last byte of a character to its first. `k` are the continuation bytes.
 */
@inline
export function toFirstByte(x: u64, k: u64): u64 {
  if (k == 0) return x;
  let first = x & ~k;
  let rest = x & k;
  while (rest != 0) {
    rest >>= 1;
    first |= rest & ~k;
    rest &= k;
  }
  return first;
}

/** Adds the bytes that continue the characters whose first byte is in `x`. `k` are the continuation bytes. */
@inline
export function toWholeCharacters(x: u64, k: u64): u64 {
  if (k == 0) return x;
  x |= (x << 1) & k;
  x |= (x << 1) & k;
  return x | ((x << 1) & k);
}

/**
 * Starts of pieces in whitespace where a piece is the run less its last character (GPT-2). `w` is whitespace.
 */
@inline
export function spaceStarts(w: u64, k: u64): u64 {
  return (w & ~(w << 1)) | toFirstByte(w & ~(w >> 1), k);
}

/** First bit of which nothing is known yet; set by `lineStarts`. */
export let knownEnd: i32 = 64;

/**
 * Starts of pieces in whitespace where line breaks bind: a piece goes through the run's last line break, what is left is cut
 * before its last character. `w` is whitespace, `breaks` line breaks, `absorbed` those that the piece before took along.
 */
@inline
export function lineStarts(w: u64, breaks: u64, absorbed: u64, k: u64, limit: i32): u64 {
  const gaps = w & ~breaks;
  const free = w & ~absorbed;
  let starts = (free & ~(free << 1)) | toFirstByte(gaps & ~(w >> 1), k);
  // A gap behind a line break: the start of a piece if text follows it, the middle of one if another break does.
  let afterBreak = gaps & ~(gaps << 1) & (breaks << 1);
  knownEnd = 64;
  while (afterBreak != 0) {
    const at = <i32>ctz(afterBreak);
    afterBreak &= afterBreak - 1;
    const end = at + <i32>ctz(~(gaps >> at));
    if (end >= limit) {
      knownEnd = at;
      break;
    }
    if (((breaks >> end) & 1) == 0) starts |= (<u64>1) << at;
    else if (((absorbed >> (at - 1)) & 1) == 0) starts &= ~((<u64>1) << at);
  }
  return starts;
}

/** Starts of groups of three digits, counted from where their run begins. */
@inline
export function digitStarts(d: u64): u64 {
  let starts = d & ~(d << 1);
  let long = d & (d << 1) & (d << 2) & (d << 3); // the fourth digit of a run, and those behind it
  while (long != 0) {
    const at = <i32>ctz(long) - 3;
    const length = <i32>ctz(~(d >> at));
    for (let i = 3; i < length; i += 3) starts |= (<u64>1) << (at + i);
    const end = at + length;
    if (end >= 64) break;
    long &= ~(((<u64>1) << end) - 1);
  }
  return starts;
}
