/**
 * Which windows of a partition were met before, and in which page first.
 *
 *     slot   | fingerprint A | fingerprint B | key of the minimizer | page + 1, top bit: met twice |     u32 each
 *
 * Fingerprint A is Rabin's, the remainder of the window's bits modulo a polynomial over GF(2): CRC-32's, which is
 * primitive. B is Karp and Rabin's, a polynomial in a fixed number modulo 2³². Texts that are made so that they agree in
 * one do not agree in the other. Both roll: the next window's follows from a byte that enters and one that leaves.
 */
import type { TextPiece } from "./partitions.ts";

const SLOT_WORDS = 4;
const SLOT_BYTES = 4 * SLOT_WORDS;
const FULLEST = 0.75;
const TWICE = -0x8000_0000;
const PAGE = 0x7fff_ffff;

const CRC32 = 0x04c11db7;
const MULTIPLIER = 0x2545f491;
const SPREAD = 0x9e3779b1;

/** What a byte that leaves at the top of fingerprint A leaves behind. */
const reduced = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ CRC32 : value << 1;
  return value;
});

/** Stands for a window that nothing is known of. */
export const NONE = -1;

export class WindowTable {
  readonly #windowBytes: number;
  readonly #words: Int32Array;
  /** The part of `#words` that is in use. */
  #slots: Int32Array;
  #shift = 0;
  #free = 0;
  /** Windows of other classes are passed over: those whose fingerprint A, under the mask, is another number. */
  #classMask = 0;
  #class = 0;
  /** What a byte has come to in the fingerprints when as many as a window has have come after it. */
  readonly #leavingA = new Int32Array(256);
  readonly #leavingB = new Int32Array(256);

  /** Takes the largest power of two that fits into `memoryBytes`, and 4 KB at least. */
  constructor(windowBytes: number, memoryBytes: number) {
    this.#windowBytes = windowBytes;
    this.#words = new Int32Array(2 ** Math.floor(Math.log2(Math.max(4096, memoryBytes))) / 4);
    this.#slots = this.#words;
    let power = 1;
    for (let i = 0; i < windowBytes; i++) power = Math.imul(power, MULTIPLIER);
    for (let byte = 0; byte < 256; byte++) {
      this.#leavingB[byte] = Math.imul(byte, power);
      let a = byte;
      for (let i = 0; i < windowBytes; i++) a = (a << 8) ^ reduced[a >>> 24]!;
      this.#leavingA[byte] = a;
    }
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** How many windows a table of so many bytes holds. */
  static windowsIn(bytes: number): number {
    return Math.floor((bytes / SLOT_BYTES) * FULLEST);
  }

  /**
   * Forgets everything, and makes room for `windows` or as many as there may be. From now on only windows of one class
   * count: class `number` of 2^bits.
   */
  reset(windows: number, bits: number, number: number): void {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(64, windows / FULLEST)));
    this.#slots = this.#words.subarray(0, slots * SLOT_WORDS).fill(0);
    const length = this.#slots.length / SLOT_WORDS;
    this.#shift = 32 - Math.log2(length);
    this.#free = Math.floor(length * FULLEST);
    this.#classMask = bits === 0 ? 0 : -1 << (32 - bits);
    this.#class = bits === 0 ? 0 : number << (32 - bits);
  }

  /**
   * Meets the piece's windows one after the other, and writes for each the page in which it was met first, or `NONE` if it
   * was not met before. False when there was no room for all.
   */
  meet(piece: TextPiece, firstPages: Int32Array): boolean {
    return this.#walk(piece, firstPages, true);
  }

  /** Writes for each of the piece's windows, which were all met, the page in which it was met first, or `NONE` if once. */
  recall(piece: TextPiece, firstPages: Int32Array): void {
    this.#walk(piece, firstPages, false);
  }

  #walk({ bytes, at, windows, key, page }: TextPiece, firstPages: Int32Array, isMeeting: boolean): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const shift = this.#shift;
    const classMask = this.#classMask;
    const ofClass = this.#class;
    const leavingA = this.#leavingA;
    const leavingB = this.#leavingB;
    const c = key | 0;
    let a = 0;
    let b = 0;
    let entering = at;
    for (const end = at + this.#windowBytes - 1; entering < end; entering++) {
      a = (a << 8) ^ bytes[entering]! ^ reduced[a >>> 24]!;
      b = (Math.imul(b, MULTIPLIER) + bytes[entering]!) | 0;
    }
    let left = 0;
    for (let window = 0; window < windows; window++, entering++) {
      a = (a << 8) ^ bytes[entering]! ^ reduced[a >>> 24]! ^ leavingA[left]!;
      b = (Math.imul(b, MULTIPLIER) + bytes[entering]! - leavingB[left]!) | 0;
      left = bytes[at + window]!;
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
