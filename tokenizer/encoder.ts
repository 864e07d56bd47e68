import { Kernel } from "./kernel/kernel.ts";
import { type PatternName, PieceCutter, scannerOf, WINDOW_BYTES } from "./pretokenize.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Takes ids as they come, part by part; each part is overwritten when the call has returned. */
export type Emit = (ids: Uint32Array) => void;

/**
 * Encodes a text that arrives in parts, in constant memory:
 *
 *     bytes ─▶ input ─ scanner, or regular expression ─▶ pieces ─ dictionary, or merges ─▶ ids
 *
 * The ids do not hang on where the parts begin: a piece is cut when all that it may reach is there.
 */
export class Encoder {
  readonly #kernel: Kernel;
  /** By scanner, in the kernel, or by regular expression. */
  readonly #cut: PatternName | PieceCutter;
  readonly #utf8 = new TextEncoder();
  /** Bytes in the kernel's input that are not encoded yet. */
  #filled = 0;

  constructor(vocabulary: Vocabulary) {
    this.#kernel = new Kernel(vocabulary);
    this.#cut = scannerOf(vocabulary.pattern) ?? new PieceCutter(vocabulary.pattern);
  }

  write(utf8: Uint8Array, emit: Emit): void {
    const { input } = this.#kernel;
    for (let at = 0; at < utf8.length; ) {
      const part = utf8.subarray(at, at + input.length - this.#filled);
      input.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === input.length) this.#encode(false, emit);
    }
  }

  /** The same for a string. A lone surrogate becomes U+FFFD. */
  writeText(text: string, emit: Emit): void {
    const { input } = this.#kernel;
    for (let rest = text; rest !== ""; ) {
      const { read, written } = this.#utf8.encodeInto(rest, input.subarray(this.#filled));
      this.#filled += written;
      if (read === rest.length) break;
      rest = rest.slice(read);
      this.#encode(false, emit);
    }
  }

  /** Encodes what is left of the text. What comes next is another text. */
  end(emit: Emit): void {
    this.#encode(true, emit);
  }

  /** Ids of bytes that are one piece, whatever the pattern says. Raises RangeError where they do not fit a window. */
  encodePiece(bytes: Uint8Array, emit: Emit): void {
    if (bytes.length > WINDOW_BYTES) throw new RangeError(`a piece of ${bytes.length} bytes, at most ${WINDOW_BYTES}`);
    if (bytes.length === 0) return;
    this.#kernel.input.set(bytes);
    this.#emit(this.#kernel.encodePieces(Uint32Array.of(bytes.length)), emit);
  }

  /** Forgets a text that is not to be finished. */
  reset(): void {
    this.#filled = 0;
  }

  #encode(isLast: boolean, emit: Emit): void {
    const kernel = this.#kernel;
    const filled = this.#filled;
    let done = 0;
    let count = 0;
    if (typeof this.#cut === "object") {
      const ends = this.#cut.cut(kernel.input.subarray(0, filled), isLast);
      done = ends.at(-1) ?? 0;
      if (done > 0) count = kernel.encodePieces(ends);
    } else {
      while (done < filled) {
        const more = kernel.encode(this.#cut, done, filled, isLast, count);
        if (more === count) break;
        count = more;
        done = kernel.consumed;
      }
    }
    this.#emit(count, emit);
    if (done < filled) kernel.input.copyWithin(0, done, filled);
    this.#filled = filled - done;
  }

  #emit(count: number, emit: Emit): void {
    if (count > 0) emit(this.#kernel.ids.subarray(0, count));
  }
}
