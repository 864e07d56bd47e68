/**
 * A sliding view of the stored bytes around one span, for readers that mostly go forward and sometimes look back.
 *
 *     file   ├──────────────┼───────────── span ──────────────┼───────────┤
 *     window                        [base ········)  4 MiB ahead, less once the span's end is near
 *     told   ···············├──────────────┤ reported          each byte of the span once, in order
 */
import type { ByteSource } from "../../../pipeline/io/byte-source.ts";
import type { SourceLog } from "../../../pipeline/source.ts";

/** Read at once: large enough that few members straddle two reads, small enough to stay in the caches below. */
const AHEAD_BYTES = 4 << 20;
/** Read beyond the end of the span, for the record that began before it. */
const BEYOND_BYTES = 128 << 10;

export class StoredWindow {
  readonly #source: ByteSource;
  readonly #spanEnd: number;
  readonly #log: SourceLog;
  #fileBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #base = 0;
  #reported: number;

  constructor(source: ByteSource, span: { readonly start: number; readonly end: number }, log: SourceLog) {
    this.#source = source;
    this.#spanEnd = span.end;
    this.#log = log;
    this.#fileBytes = source.bytes;
    this.#reported = span.start;
  }

  /** Bytes in the file: what it claimed, or where it turned out to end. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** The bytes from `offset` on: at least `minBytes`, fewer only where the file ends, more when they are at hand. */
  async view(offset: number, minBytes: number): Promise<Buffer> {
    const held = this.viewHeld(offset, minBytes);
    if (held !== undefined) return held;
    await this.#load(offset, minBytes);
    return this.#buffer.subarray(offset - this.#base);
  }

  /** The same, if they need not be read first. */
  viewHeld(offset: number, minBytes: number): Buffer | undefined {
    const held = this.#base + this.#buffer.length;
    const isHeld = offset >= this.#base && Math.min(offset + minBytes, this.#fileBytes) <= held;
    return isHeld ? this.#buffer.subarray(offset - this.#base) : undefined;
  }

  /** Tells the log of those bytes of the span that nobody needed to look at. */
  async reportRest(): Promise<void> {
    while (this.#reported < Math.min(this.#spanEnd, this.#fileBytes)) {
      const chunk = await this.#source.read(this.#reported, Math.min(AHEAD_BYTES, this.#spanEnd - this.#reported));
      if (chunk.length === 0) return;
      this.#report(this.#reported, chunk);
    }
  }

  async #load(offset: number, minBytes: number): Promise<void> {
    const skip = offset - this.#base;
    const kept = skip >= 0 && skip < this.#buffer.length ? this.#buffer.subarray(skip) : Buffer.alloc(0);
    const from = offset + kept.length;
    const ahead = Math.min(AHEAD_BYTES, Math.max(0, this.#spanEnd - from)) + BEYOND_BYTES;
    const wanted = Math.min(Math.max(minBytes - kept.length, ahead), this.#fileBytes - from);
    const fresh = wanted > 0 ? await this.#source.read(from, wanted) : Buffer.alloc(0);
    // A file that shrank while we read it ends where it ends: everything downstream then sees a cut file.
    if (fresh.length < wanted) this.#fileBytes = from + fresh.length;
    this.#report(from, fresh);
    this.#buffer = kept.length === 0 ? fresh : Buffer.concat([kept, fresh]);
    this.#base = offset;
  }

  #report(from: number, chunk: Buffer): void {
    const end = Math.min(from + chunk.length, this.#spanEnd);
    if (from > this.#reported || end <= this.#reported) return;
    this.#log.bytesRead(chunk.subarray(this.#reported - from, end - from));
    this.#reported = end;
  }
}
