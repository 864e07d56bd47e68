/** What our binary formats have in common: numbers of 64 bits, tables that grow, checksums. */
import { FormatError } from "./errors.ts";

const TWO_POW_32 = 2 ** 32;

export function writeU64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % TWO_POW_32, at);
  bytes.writeUInt32LE(Math.floor(value / TWO_POW_32), at + 4);
}

/** Exact up to 2^53. What lies above is no size or place of any file, and disagrees with whatever it is compared with. */
export function readU64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * TWO_POW_32;
}

/** Raises FormatError where two CRC-32 differ. `what` is damaged then, and `remedy` says what to do. */
export function expectCrc(path: string, what: string, found: number, expected: number, remedy: string): void {
  if (found === expected) return;
  const hex = (crc: number): string => crc.toString(16).padStart(8, "0");
  throw new FormatError(`${path}: ${what} is damaged: CRC-32 ${hex(found)}, expected ${hex(expected)}; ${remedy}`);
}

/** Bytes that are added to the end. */
export class GrowingBytes {
  #bytes = Buffer.alloc(4096);
  length = 0;

  append(more: Uint8Array): void {
    if (this.length + more.length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(2 * this.#bytes.length, this.length + more.length));
      larger.set(this.view());
      this.#bytes = larger;
    }
    this.#bytes.set(more, this.length);
    this.length += more.length;
  }

  view(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }
}
