/**
 * Texts in a file, one behind the other:
 *
 *     | page u32 | bytes u32 | UTF-8 |
 */
import type { ScratchFile } from "../../../pipeline/io/scratch-file.ts";

const Head = { page: 0, bytes: 4, size: 8 } as const;
const READ_BYTES = 1 << 20;

/** A text's UTF-8 behind its head. The memory is used again for the next text. */
export class TextFrame {
  #frame = Buffer.allocUnsafe(1 << 16);
  #text = this.#frame.subarray(Head.size);
  length = 0;

  get bytes(): number {
    return this.#frame.length;
  }

  /** The text's UTF-8, and more behind it. */
  get text(): Buffer {
    return this.#text;
  }

  encode(text: string): void {
    const length = Buffer.byteLength(text);
    if (length > this.#text.length) {
      this.#frame = Buffer.allocUnsafe(Math.ceil(1.25 * length) + Head.size);
      this.#text = this.#frame.subarray(Head.size);
    }
    this.length = this.#text.write(text);
  }

  appendTo(file: ScratchFile, page: number): void {
    this.#frame.writeUInt32LE(page, Head.page);
    this.#frame.writeUInt32LE(this.length, Head.bytes);
    file.append(this.#frame, Head.size + this.length);
  }
}

/** Reads the file from its beginning. */
export class TextReader {
  readonly #file: ScratchFile;
  #buffer = Buffer.allocUnsafe(READ_BYTES);
  #from = 0;
  #to = 0;
  #fileAt = 0;
  page = 0;
  length = 0;

  constructor(file: ScratchFile) {
    this.#file = file;
  }

  /** The next text's UTF-8, which stays until the next call. */
  next(): Buffer | undefined {
    if (!this.#need(Head.size)) return undefined;
    this.page = this.#buffer.readUInt32LE(this.#from + Head.page);
    this.length = this.#buffer.readUInt32LE(this.#from + Head.bytes);
    this.#need(Head.size + this.length);
    const start = this.#from + Head.size;
    this.#from = start + this.length;
    return this.#buffer.subarray(start, this.#from);
  }

  /** Has `count` bytes at hand; false at the end of the file. */
  #need(count: number): boolean {
    if (this.#to - this.#from >= count) return true;
    if (this.#fileAt === this.#file.length) return false;
    const rest = this.#to - this.#from;
    const larger = count > this.#buffer.length ? Buffer.allocUnsafe(Math.ceil(1.25 * count)) : this.#buffer;
    this.#buffer.copy(larger, 0, this.#from, this.#to);
    this.#buffer = larger;
    const got = Math.min(larger.length - rest, this.#file.length - this.#fileAt);
    this.#file.read(larger, rest, got, this.#fileAt);
    this.#fileAt += got;
    this.#from = 0;
    this.#to = rest + got;
    return true;
  }
}
