import { readSync } from "node:fs";
import { FormatError } from "../errors.ts";

/** Reads `length` bytes of an open file from `offset` on; a file that ends before is refused by its path. */
export function readPiece(fd: number, offset: number, length: number, path: string): Buffer {
  // A buffer of its own: small ones of Node's pool would keep 8 KB alive each where they are kept.
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; ) {
    const got = readSync(fd, bytes, at, length - at, offset + at);
    if (got === 0) throw new FormatError(`${path}: the file ends at ${offset + at}, expected ${offset + length} bytes`);
    at += got;
  }
  return bytes;
}
