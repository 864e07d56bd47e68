/** Counting the pieces of texts: by the encoding kernel where it knows the pattern, else by the regular expression. */
import { Kernel } from "../kernel/kernel.ts";
import type { Pattern, PatternName } from "../pretokenize.ts";
import { makeVocabulary } from "../vocabulary.ts";
import { PieceCounter, type PieceCounts } from "./piece-counter.ts";
import { type PieceScanner, scannerFor } from "./piece-scanner.ts";

export interface TextCounter {
  /** Counts the pieces of a text. Returns their number. */
  addText(text: Uint8Array): number;
  /** The counts since the last call, in the order of first occurrence. */
  take(): PieceCounts;
}

/** The counter of a pattern. Raises RecipeError if that is no regular expression. */
export function textCounterFor(pattern: Pattern): TextCounter {
  const { name } = pattern;
  return name === "none" || name === "custom" ? new PlainTextCounter(scannerFor(pattern)) : new KernelTextCounter(name);
}

/** The definition. */
export class PlainTextCounter implements TextCounter {
  readonly #scanner: PieceScanner;
  readonly #counter = new PieceCounter();

  constructor(scanner: PieceScanner) {
    this.#scanner = scanner;
  }

  addText(text: Uint8Array): number {
    return this.#counter.addText(text, this.#scanner);
  }

  take(): PieceCounts {
    const counts = this.#counter.counts();
    this.#counter.clear();
    return counts;
  }
}

class KernelTextCounter implements TextCounter {
  readonly #pattern: PatternName;
  /** Knows no tokens but the single bytes: it is to count, not to encode. */
  readonly #kernel: Kernel;
  /** What the kernel had no more room for. */
  readonly #counter = new PieceCounter();

  constructor(pattern: PatternName) {
    this.#pattern = pattern;
    const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
    this.#kernel = new Kernel(makeVocabulary("bytes", { name: pattern, source: "" }, 256, bytes, new Map()));
    this.#kernel.beginCounts();
  }

  addText(text: Uint8Array): number {
    const kernel = this.#kernel;
    let pieces = 0;
    for (let start = 0; start < text.length; ) {
      const part = text.subarray(start, start + kernel.input.length);
      const isLast = start + part.length === text.length;
      kernel.input.set(part);
      let done = 0;
      while (done < part.length) {
        if (!kernel.hasRoomForCounts) this.#spill();
        const counted = kernel.count(this.#pattern, done, part.length, isLast);
        if (counted === 0) break;
        pieces += counted;
        done = kernel.consumed;
      }
      start += done;
    }
    return pieces;
  }

  take(): PieceCounts {
    this.#spill();
    const counts = this.#counter.counts();
    this.#counter.clear();
    return counts;
  }

  #spill(): void {
    this.#counter.addCounts(this.#kernel.counts());
    this.#kernel.beginCounts();
  }
}
