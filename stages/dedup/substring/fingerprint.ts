/**
 * Fingerprints of windows of bytes, 64 bits in two halves. A is Rabin's: the remainder of the window's bits modulo a
 * polynomial over GF(2), CRC-32's, which is primitive. B is Karp and Rabin's: a polynomial in a fixed number modulo 2³².
 * Texts that are made so that they agree in one do not agree in the other. Both roll: the next window's follows from the
 * byte that enters and the one that leaves.
 */

const CRC32 = 0x04c11db7;
export const MULTIPLIER = 0x2545f491;

/** What is left in A of a byte that goes out at the top. */
export const reduced = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ CRC32 : value << 1;
  return value;
});

/** What a byte has come to in A and in B by the time that it leaves the window. */
export class Leaving {
  readonly a = new Int32Array(256);
  readonly b = new Int32Array(256);

  constructor(windowBytes: number) {
    let power = 1;
    for (let i = 0; i < windowBytes; i++) power = Math.imul(power, MULTIPLIER);
    for (let byte = 0; byte < 256; byte++) {
      this.b[byte] = Math.imul(byte, power);
      let a = byte;
      for (let i = 0; i < windowBytes; i++) a = (a << 8) ^ reduced[a >>> 24]!;
      this.a[byte] = a;
    }
  }
}

/** The fingerprint of one window at a time. */
export class Fingerprint {
  readonly #windowBytes: number;
  readonly #leaving: Leaving;
  #page = -1;
  #start = 0;
  a = 0;
  b = 0;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#leaving = new Leaving(windowBytes);
  }

  /** Takes that of the window that begins at `start` of the page. Rolls there if it is not far. */
  moveTo(page: number, text: Uint8Array, start: number): void {
    const windowBytes = this.#windowBytes;
    let { a, b } = this;
    let from = this.#start;
    if (page !== this.#page || start < from || start - from > windowBytes) {
      a = 0;
      b = 0;
      for (let i = start; i < start + windowBytes; i++) {
        a = (a << 8) ^ text[i]! ^ reduced[a >>> 24]!;
        b = (Math.imul(b, MULTIPLIER) + text[i]!) | 0;
      }
    } else {
      const { a: leavingA, b: leavingB } = this.#leaving;
      for (; from < start; from++) {
        const entering = text[from + windowBytes]!;
        a = (a << 8) ^ entering ^ reduced[a >>> 24]! ^ leavingA[text[from]!]!;
        b = (Math.imul(b, MULTIPLIER) + entering - leavingB[text[from]!]!) | 0;
      }
    }
    this.#page = page;
    this.#start = start;
    this.a = a;
    this.b = b;
  }
}
