/** The text of one segment, as far as it has been asked for: looked at in place, taken or dropped from the front. */
import type { Segment } from "./container.ts";

/** Gathered at least, so that small wants do not copy a piece in crumbs. */
const GATHER_BYTES = 64 << 10;
const EMPTY = Buffer.alloc(0);

export class SegmentText {
  readonly segment: Segment;
  /** What is held and not yet taken. */
  bytes: Buffer = EMPTY;
  /** Plain position of `bytes[0]` in the segment. */
  position = 0;
  /** Records found in it so far. */
  records = 0;
  #spare: Buffer | undefined;
  #hasEnded = false;

  constructor(segment: Segment) {
    this.segment = segment;
    if (segment.text === undefined) return;
    this.bytes = segment.text;
    this.#hasEnded = true;
  }

  /** No more text will come than `bytes` holds. */
  get isComplete(): boolean {
    return this.#hasEnded;
  }

  /** Holds `count` bytes or more; false when the segment ends before. */
  async need(count: number): Promise<boolean> {
    if (this.bytes.length === 0) this.bytes = (await this.#pull()) ?? EMPTY;
    if (this.bytes.length >= count || this.#hasEnded) return this.bytes.length >= count;
    // Mostly there is no more: the member is the record, and what is held need not move.
    let piece = await this.#pull();
    if (piece === undefined) return false;
    const room = Math.max(count, GATHER_BYTES);
    const gathered = Buffer.allocUnsafe(room);
    let filled = this.bytes.copy(gathered);
    while (piece !== undefined) {
      const copied = piece.copy(gathered, filled);
      filled += copied;
      if (copied < piece.length) this.#spare = piece.subarray(copied);
      piece = filled < room ? await this.#pull() : undefined;
    }
    // A wish far beyond the segment's end must not keep its empty room alive.
    this.bytes = filled < room / 2 ? Buffer.from(gathered.subarray(0, filled)) : gathered.subarray(0, filled);
    return filled >= count;
  }

  /** Takes `count` held bytes off the front. */
  take(count: number): Buffer {
    const taken = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    this.position += taken.length;
    return taken;
  }

  /** Reads over `count` bytes without holding them; returns how many there were. */
  async drop(count: number): Promise<number> {
    let dropped = 0;
    while (dropped < count && (await this.need(1))) dropped += this.take(count - dropped).length;
    return dropped;
  }

  async #pull(): Promise<Buffer | undefined> {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    while (!this.#hasEnded) {
      const piece = await this.segment.pull();
      if (piece === undefined) this.#hasEnded = true;
      else if (piece.length > 0) return piece;
    }
    return undefined;
  }
}
