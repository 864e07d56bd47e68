/** Where keys and evidence lie, and reading them when a candidate asks for them. */
import { closeSync, openSync } from "node:fs";
import { readPiece } from "../io/read-piece.ts";

/** A piece of a file. */
export interface Place {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

const MAX_OPEN_FILES = 64;
const MAX_CACHED_BYTES = 32 << 20;

/** Reads pieces of many files; those most recently used stay, within bounds. */
export class PieceFiles {
  readonly #pieces = new Map<string, Buffer>();
  readonly #files = new Map<string, number>();
  #bytes = 0;

  read({ path, offset, length }: Place): Buffer {
    const key = `${path}@${offset}`;
    const known = this.#pieces.get(key);
    if (known !== undefined) {
      this.#pieces.delete(key);
      this.#pieces.set(key, known);
      return known;
    }
    const bytes = readPiece(this.#open(path), offset, length, path);
    this.#pieces.set(key, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#pieces) {
      if (this.#bytes <= MAX_CACHED_BYTES) break;
      this.#pieces.delete(oldest);
      this.#bytes -= old.length;
    }
    return bytes;
  }

  close(): void {
    for (const fd of this.#files.values()) closeSync(fd);
    this.#files.clear();
    this.#pieces.clear();
    this.#bytes = 0;
  }

  #open(path: string): number {
    const fd = this.#files.get(path) ?? openSync(path, "r");
    this.#files.delete(path);
    this.#files.set(path, fd);
    for (const [oldest, old] of this.#files) {
      if (this.#files.size <= MAX_OPEN_FILES) break;
      closeSync(old);
      this.#files.delete(oldest);
    }
    return fd;
  }
}
