/**
 * What pdf.js asks of the platform's `DecompressionStream`, done in one call: content streams are in memory whole, and
 * small, so that streaming costs more than inflating them. And it is bounded: a kilobyte can inflate to a gigabyte.
 */
import { brotliDecompressSync, inflateSync } from "node:zlib";

/** A page's content is some hundred kilobytes, that of a detailed map some ten megabytes. */
const MAX_INFLATED_BYTES = 128 * 2 ** 20;

/** Too large a stream comes out empty. A damaged one throws, and pdf.js reads what there is of it. */
export function inflateBounded(bytes: Uint8Array, format: string, maxBytes = MAX_INFLATED_BYTES): Uint8Array {
  try {
    return (format === "brotli" ? brotliDecompressSync : inflateSync)(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return new Uint8Array();
    throw error;
  }
}

/** The part of the interface that is used: everything is written at once, then read. */
export class BoundedDecompression {
  readonly writable = {
    getWriter: () => ({ ready: Promise.resolve(), write: this.write, close: async () => undefined }),
  };
  readonly readable: AsyncIterable<Uint8Array>;
  private readonly write: (bytes: Uint8Array) => Promise<void>;

  constructor(format: string) {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    this.write = async (bytes) => resolve(bytes);
    this.readable = (async function* () {
      yield inflateBounded(await promise, format);
    })();
  }
}
