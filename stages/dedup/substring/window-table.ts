/**
 * Which windows of a partition were met before, and in which page first.
 *
 *     slot   | fingerprint A | fingerprint B | key of the minimizer | page + 1, top bit: met twice |     u32 each
 */
import { Leaving, MULTIPLIER, reduced } from "./fingerprint.ts";
import type { Piece } from "./partitions.ts";

const SLOT_WORDS = 4;
const SLOT_BYTES = 4 * SLOT_WORDS;
const FULLEST = 0.75;
/** Places of slots are 32-bit integers. */
const MOST_BYTES = 2 ** 31;
/** A table of so many windows, 1 MB, lies in the processor's cache; one of 4 MB took half as long again. */
export const GOOD_WINDOWS = (2 ** 20 / SLOT_BYTES) * FULLEST;
const TWICE = -0x8000_0000;
const PAGE = 0x7fff_ffff;

const SPREAD = 0x9e3779b1;

/** Stands for a window that nothing is known of. */
export const NONE = -1;

export class WindowTable {
  /** How many windows there is room for at most. */
  readonly mostWindows: number;
  #words = new Int32Array(0);
  /** The part of `#words` that is in use. */
  #slots = this.#words;
  #shift = 0;
  #free = 0;
  /** Windows of other classes are passed over: those whose fingerprint A, under the mask, is another number. */
  #classMask = 0;
  #class = 0;
  readonly #leaving: Leaving;

  constructor(windowBytes: number, memoryBytes: number) {
    const bytes = Math.max(64 * SLOT_BYTES, Math.min(memoryBytes, MOST_BYTES));
    this.mostWindows = (2 ** Math.floor(Math.log2(bytes)) / SLOT_BYTES) * FULLEST;
    this.#leaving = new Leaving(windowBytes);
  }

  /**
   * Forgets everything, and makes room for so many windows. From now on only windows of one class count: class `number` of
   * 2^bits.
   */
  reset(windows: number, bits: number, number: number): void {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(64, Math.min(windows, this.mostWindows) / FULLEST)));
    if (slots * SLOT_WORDS > this.#words.length) this.#words = new Int32Array(slots * SLOT_WORDS);
    this.#slots = this.#words.subarray(0, slots * SLOT_WORDS).fill(0);
    this.#shift = 32 - Math.log2(slots);
    this.#free = slots * FULLEST;
    this.#classMask = bits === 0 ? 0 : -1 << (32 - bits);
    this.#class = bits === 0 ? 0 : number << (32 - bits);
  }

  /**
   * Meets the piece's windows one after the other, and writes for each the page in which it was met first, or `NONE` if it
   * was not met before. False when there was no room for all.
   */
  meet(piece: Piece, firstPages: Int32Array): boolean {
    return this.#walk(piece, firstPages, true);
  }

  /** Writes for each of the piece's windows, which were all met, the page in which it was met first, or `NONE` if once. */
  recall(piece: Piece, firstPages: Int32Array): void {
    this.#walk(piece, firstPages, false);
  }

  #walk(piece: Piece, firstPages: Int32Array, isMeeting: boolean): boolean {
    const { bytes, at, windows, key, page } = piece;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const shift = this.#shift;
    const classMask = this.#classMask;
    const ofClass = this.#class;
    const { a: leavingA, b: leavingB } = this.#leaving;
    const c = key | 0;
    let { a, b } = piece;
    for (let window = 0, next = at; window < windows; window++, next += 2) {
      if (window > 0) {
        a = (a << 8) ^ bytes[next - 1]! ^ reduced[a >>> 24]! ^ leavingA[bytes[next - 2]!]!;
        b = (Math.imul(b, MULTIPLIER) + bytes[next - 1]! - leavingB[bytes[next - 2]!]!) | 0;
      }
      firstPages[window] = NONE;
      if ((a & classMask) !== ofClass) continue;
      let slot = (Math.imul(a ^ b, SPREAD) >>> shift) * SLOT_WORDS;
      for (;;) {
        const entry = slots[slot + 3]!;
        if (entry === 0) {
          if (this.#free === 0) return false;
          this.#free--;
          slots[slot] = a;
          slots[slot + 1] = b;
          slots[slot + 2] = c;
          slots[slot + 3] = page + 1;
          break;
        }
        if (slots[slot] === a && slots[slot + 1] === b && slots[slot + 2] === c) {
          if (isMeeting) slots[slot + 3] = entry | TWICE;
          if (isMeeting || entry < 0) firstPages[window] = (entry & PAGE) - 1;
          break;
        }
        slot = (slot + SLOT_WORDS) & mask;
      }
    }
    return true;
  }
}
