/**
 * A sliding view of the stored bytes around one span, for readers that mostly go forward and sometimes look back.
 *
 *     file   ├──────────────┼───────────── span ──────────────┼───────────┤
 *     window                        [base ········)  4 MiB ahead, less once the span's end is near
 *     told   ···············├──────────────┤ reported          each byte of the span once, in order
 */
import type { ByteSource } from "../../../pipeline/io/byte-source.ts";
import type { SourceLog } from "../../../pipeline/source.ts";
import { endLoan } from "./loans.ts";

/** Read at once: large enough that few members straddle two reads, small enough to stay in the caches below. */
const AHEAD_BYTES = 4 << 20;
/** Read beyond the end of the span, for the record that began before it. */
const BEYOND_BYTES = 128 << 10;
/** Room for what is read at once, and before it for what is kept of the last time. */
const ROOM_BYTES = AHEAD_BYTES + BEYOND_BYTES + (1 << 20);
const EMPTY = Buffer.alloc(0);

/** One is kept between readings: a thread mostly reads one span after the other. */
let spareRoom: Buffer | undefined;

export class StoredWindow {
  readonly #source: ByteSource;
  readonly #spanEnd: number;
  readonly #log: SourceLog;
  #fileBytes: number;
  /** Read into again and again, if views are lent. */
  #room: Buffer | undefined;
  #buffer: Buffer = EMPTY;
  #base = 0;
  #reported: number;

  /** With `isLent` a view is valid until the next one is asked for; else it can be kept. */
  constructor(
    source: ByteSource,
    span: { readonly start: number; readonly end: number },
    log: SourceLog,
    { isLent }: { readonly isLent: boolean },
  ) {
    this.#source = source;
    this.#spanEnd = span.end;
    this.#log = log;
    this.#fileBytes = source.bytes;
    this.#reported = span.start;
    if (!isLent) return;
    this.#room = spareRoom ?? Buffer.allocUnsafeSlow(ROOM_BYTES);
    spareRoom = undefined;
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
    this.#buffer = EMPTY;
    while (this.#reported < Math.min(this.#spanEnd, this.#fileBytes)) {
      const chunk = await this.#source.read(
        this.#reported,
        Math.min(AHEAD_BYTES, this.#spanEnd - this.#reported),
        this.#room,
      );
      if (chunk.length === 0) return;
      this.#report(this.#reported, chunk);
    }
  }

  /** No view is looked at any more. */
  close(): void {
    if (this.#room === undefined) return;
    endLoan(this.#buffer);
    spareRoom = this.#room;
    this.#room = undefined;
    this.#buffer = EMPTY;
  }

  async #load(offset: number, minBytes: number): Promise<void> {
    const skip = offset - this.#base;
    const held = skip >= 0 && skip < this.#buffer.length ? this.#buffer.subarray(skip) : EMPTY;
    const from = offset + held.length;
    const ahead = Math.min(AHEAD_BYTES, Math.max(0, this.#spanEnd - from)) + BEYOND_BYTES;
    const wanted = Math.max(0, Math.min(Math.max(minBytes - held.length, ahead), this.#fileBytes - from));
    const room = this.#roomFor(held.length + wanted);
    const rest = room.subarray(held.copy(room));
    if (room === this.#room) endLoan(rest.subarray(0, wanted));
    this.#buffer = room.subarray(0, held.length);
    this.#base = offset;
    const fresh = wanted > 0 ? await this.#source.read(from, wanted, rest) : EMPTY;
    // A file that shrank while we read it ends where it ends: everything downstream then sees a cut file.
    if (fresh.length < wanted) this.#fileBytes = from + fresh.length;
    this.#report(from, fresh);
    // A source need not use the room.
    if (fresh.buffer !== room.buffer || fresh.byteOffset !== rest.byteOffset) fresh.copy(rest);
    this.#buffer = room.subarray(0, held.length + fresh.length);
  }

  /** Memory for the next window: the last one's, unless its views may be kept, or it is too small. */
  #roomFor(bytes: number): Buffer {
    const room = this.#room;
    return room !== undefined && room.length >= bytes ? room : Buffer.allocUnsafeSlow(bytes);
  }

  #report(from: number, chunk: Buffer): void {
    const end = Math.min(from + chunk.length, this.#spanEnd);
    if (from > this.#reported || end <= this.#reported) return;
    this.#log.bytesRead(chunk.subarray(this.#reported - from, end - from));
    this.#reported = end;
  }
}
