import { Kernel } from "../kernel/kernel.ts";
import { type Pattern, type PatternName, PieceCutter } from "../pretokenize.ts";
import { makeVocabulary } from "../vocabulary.ts";

/** Finds the pieces of texts in UTF-8: the seam between counting and whatever knows a pattern. */
export interface PieceScanner {
  /** Ends of the pieces of a text, in bytes, ascending; the last is the text's length. Valid until the next call. */
  scan(text: Uint8Array): Uint32Array;
}

/** The scanner of a pattern. Raises RecipeError if that is no regular expression. */
export function scannerFor(pattern: Pattern): PieceScanner {
  if (pattern.name !== "none" && pattern.name !== "custom") return new KernelScanner(pattern.name);
  const cutter = new PieceCutter(pattern);
  return { scan: (text) => cutter.cut(text) };
}

/** Scans with the encoding kernel, which knows no tokens here but the single bytes. */
class KernelScanner implements PieceScanner {
  readonly #pattern: PatternName;
  readonly #kernel: Kernel;
  #ends = new Uint32Array(1 << 10);

  constructor(pattern: PatternName) {
    this.#pattern = pattern;
    const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
    this.#kernel = new Kernel(makeVocabulary("bytes", { name: pattern, source: "" }, 256, bytes, new Map()));
  }

  scan(text: Uint8Array): Uint32Array {
    const { input } = this.#kernel;
    // A piece takes a byte at least.
    if (this.#ends.length < text.length) this.#ends = new Uint32Array(Math.max(text.length, 2 * this.#ends.length));
    let count = 0;
    for (let start = 0; start < text.length; ) {
      const part = text.subarray(start, start + input.length);
      const isLast = start + part.length === text.length;
      input.set(part);
      let done = 0;
      while (done < part.length) {
        const ends = this.#kernel.scan(this.#pattern, done, part.length, isLast);
        if (ends.length === 0) break;
        for (let i = 0; i < ends.length; i++) this.#ends[count++] = start + ends[i]!;
        done = this.#kernel.consumed;
      }
      start += done;
    }
    return this.#ends.subarray(0, count);
  }
}
