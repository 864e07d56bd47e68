/** Lines into an output, compressed where its name says so. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Compression, compressionOf } from "../../io/decompress.ts";
import type { Output } from "../tokenizer/output.ts";

/** A member of a compressed file each: readers take several for one. */
const BLOCK_BYTES = 1 << 20;

const PACK: Readonly<Record<Compression, (block: Buffer) => Uint8Array>> = {
  none: (block) => block,
  gzip: (block) => gzipSync(block),
  zstd: (block) => zstdCompressSync(block),
};
const NEWLINE = Buffer.from("\n");

export class LineWriter {
  readonly #output: Output;
  readonly #pack: (block: Buffer) => Uint8Array;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #isEmpty = true;

  constructor(output: Output, path: string) {
    this.#output = output;
    this.#pack = PACK[compressionOf(path)];
  }

  /** The bytes are taken as they are now, and a line end follows them. */
  async write(line: string | Uint8Array): Promise<void> {
    this.#parts.push(Buffer.from(line), NEWLINE);
    this.#bytes += line.length + 1;
    if (this.#bytes >= BLOCK_BYTES) await this.#flush();
  }

  async finish(): Promise<void> {
    // Nothing at all is no compressed file.
    if (this.#bytes > 0 || this.#isEmpty) await this.#flush();
    await this.#output.finish();
  }

  /** Leaves nothing behind, unless it is finished. */
  async discard(): Promise<void> {
    await this.#output.discard();
  }

  async #flush(): Promise<void> {
    const block = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    this.#isEmpty = false;
    await this.#output.write(this.#pack(block));
  }
}
