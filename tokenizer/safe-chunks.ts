/**
 * One text that arrives in parts, cut where its pieces are kept (safe-cut.ts), so that the chunks can be encoded by
 * themselves:
 *
 *     parts ─▶ ……word| next……………line⏎|next………no place to cut…………………………
 *              chunk │ chunk           │ rest: what is left, from a safe place on
 */
import { lastSafeCut } from "./safe-cut.ts";

/** A few milliseconds of encoding: enough that handing it to a thread is nothing beside. */
const CHUNK_BYTES = 1 << 20;
/** Text that cannot be cut for so long (base64, a line of Chinese) is left to who can take it as a stream. */
const MAX_CHUNK_BYTES = 16 << 20;

const SPACE = 0x20;
const LINE_FEED = 0x0a;

export interface SafeChunkOptions {
  /** Chunks are about this long. */
  readonly chunkBytes?: number;
  readonly maxChunkBytes?: number;
  /** Special tokens that stand for themselves: none is cut. */
  readonly special?: readonly string[];
  /** Memory of at least so many bytes, with whatever in it. The chunks lie at its beginning. */
  readonly allocate?: (bytes: number) => Uint8Array<ArrayBuffer>;
}

/** Iterate it once; then look at `rest`. */
export class SafeChunks implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  /** The text from where no chunk could be cut any more: undefined where the chunks were all of it. */
  rest: AsyncGenerator<Uint8Array> | undefined;
  readonly #input: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  readonly #chunkBytes: number;
  readonly #maxChunkBytes: number;
  /** Those that have a place in them where a text may be cut: only before a space and after a line feed it may. */
  readonly #mayBeCut: readonly Buffer[];
  readonly #longest: number;
  readonly #allocate: (bytes: number) => Uint8Array<ArrayBuffer>;

  constructor(input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: SafeChunkOptions = {}) {
    const { chunkBytes = CHUNK_BYTES, maxChunkBytes = MAX_CHUNK_BYTES, special = [] } = options;
    this.#allocate = options.allocate ?? ((bytes) => new Uint8Array(bytes));
    this.#input = Symbol.asyncIterator in input ? input[Symbol.asyncIterator]() : input[Symbol.iterator]();
    this.#chunkBytes = chunkBytes;
    this.#maxChunkBytes = Math.max(chunkBytes, maxChunkBytes);
    this.#mayBeCut = special
      .map((text) => Buffer.from(text))
      .filter((token) => token.includes(SPACE) || token.includes(LINE_FEED));
    this.#longest = this.#mayBeCut.reduce((most, { length }) => Math.max(most, length), 0);
  }

  /** Chunks in order, each with memory of its own. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    let buffer = this.#allocate(this.#chunkBytes);
    let filled = 0;
    try {
      for (;;) {
        const { value: part, done } = await this.#input.next();
        if (done === true) break;
        for (let at = 0; at < part.length; ) {
          const taken = part.subarray(at, at + buffer.length - filled);
          buffer.set(taken, filled);
          filled += taken.length;
          at += taken.length;
          if (filled < buffer.length) break;
          const cut = this.#lastCut(buffer);
          if (cut > 0) {
            const next = this.#allocate(Math.max(this.#chunkBytes, 2 * (filled - cut)));
            next.set(buffer.subarray(cut));
            const chunk = buffer.subarray(0, cut);
            filled -= cut;
            buffer = next;
            yield chunk;
          } else if (filled >= this.#maxChunkBytes) {
            this.rest = this.#restOf(buffer, part.subarray(at));
            return;
          } else {
            // Twice as much before the next look, so that looking costs linear time in all.
            const next = this.#allocate(Math.min(2 * filled, this.#maxChunkBytes));
            next.set(buffer);
            buffer = next;
          }
        }
      }
      if (filled > 0) yield buffer.subarray(0, filled);
    } finally {
      if (this.rest === undefined) await this.#input.return?.();
    }
  }

  async *#restOf(...read: Uint8Array[]): AsyncGenerator<Uint8Array> {
    try {
      yield* read;
      for (;;) {
        const { value, done } = await this.#input.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await this.#input.return?.();
    }
  }

  /** The last place to cut these bytes, behind which the text goes on; or -1. */
  #lastCut(bytes: Uint8Array): number {
    // Whether a special token lies across a place can be told where the token would be there whole.
    for (let to = bytes.length - this.#longest; to > 0; ) {
      const cut = lastSafeCut(bytes, 1, to);
      if (cut < 0 || !this.#mayBeCut.some((token) => isWithin(token, bytes, cut))) return cut;
      to = cut - 1;
    }
    return -1;
  }
}

/** Whether the token is there in such a way that `at` is a place inside it. */
function isWithin(token: Buffer, bytes: Uint8Array, at: number): boolean {
  const around = bytes.subarray(Math.max(0, at - token.length + 1), at + token.length - 1);
  return Buffer.from(around.buffer, around.byteOffset, around.length).includes(token);
}
