/** An uncompressed .warc or .arc: one segment, whose places are the file's own. */
import type { Segment } from "./container.ts";
import type { StoredWindow } from "./stored-window.ts";

const PIECE_BYTES = 1 << 20;

export class PlainSegment implements Segment {
  readonly offset = 0;
  readonly storedBytes: number;
  readonly text = undefined;
  readonly isLent = false;
  readonly isPlain = true;
  readonly maxPlainBytes: number;
  readonly ending = "cut";
  readonly #window: StoredWindow;
  #at = 0;

  constructor(window: StoredWindow) {
    this.storedBytes = window.fileBytes;
    this.maxPlainBytes = window.fileBytes;
    this.#window = window;
  }

  async pull(): Promise<Buffer | undefined> {
    const piece = (await this.#window.view(this.#at, PIECE_BYTES)).subarray(0, PIECE_BYTES);
    this.#at += piece.length;
    return piece.length === 0 ? undefined : piece;
  }
}
