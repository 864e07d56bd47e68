/** Counting the pieces of texts: by the encoding kernel where it knows the pattern, else by the regular expression. */
import { Kernel } from "../kernel/kernel.ts";
import { type Pattern, type PatternName, PieceCutter, scannerOf } from "../pretokenize.ts";
import { makeVocabulary } from "../vocabulary.ts";
import { PieceCounter, type PieceCounts } from "./piece-counter.ts";

const LINE_FEED = 0x0a;

export interface TextCounter {
  /** Counts the pieces of a text. Returns their number. */
  addText(text: Uint8Array): number;
  /** The same where every line, with its line feed, is a text of its own. */
  addLines(text: Uint8Array): number;
  /** The counts since the last call, in the order of first occurrence. */
  take(): PieceCounts;
}

/** The counter of a pattern. Raises RecipeError if that is no regular expression. */
export function textCounterFor(pattern: Pattern): TextCounter {
  const scanner = scannerOf(pattern);
  return scanner === undefined ? new PlainTextCounter(pattern) : new KernelTextCounter(scanner);
}

/** The definition. */
export class PlainTextCounter implements TextCounter {
  readonly #cutter: PieceCutter;
  readonly #counter = new PieceCounter();

  constructor(pattern: Pattern) {
    this.#cutter = new PieceCutter(pattern);
  }

  addText(text: Uint8Array): number {
    return this.#counter.addPieces(text, this.#cutter.cut(text));
  }

  addLines(text: Uint8Array): number {
    let pieces = 0;
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf(LINE_FEED, start) + 1 || text.length;
      pieces += this.addText(text.subarray(start, end));
      start = end;
    }
    return pieces;
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
  /** What the kernel had no more room for: mostly nothing. */
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
      kernel.input.set(part);
      pieces += this.#count(0, part.length, start + part.length === text.length);
      start += kernel.consumed;
    }
    return pieces;
  }

  addLines(text: Uint8Array): number {
    const { input } = this.#kernel;
    let pieces = 0;
    for (let start = 0; start < text.length; ) {
      // As many whole lines as the input holds; a line that is longer goes its own way.
      const most = Math.min(start + input.length, text.length);
      const end = most === text.length ? most : text.lastIndexOf(LINE_FEED, most - 1) + 1;
      if (end <= start) {
        const lineEnd = text.indexOf(LINE_FEED, start) + 1 || text.length;
        pieces += this.addText(text.subarray(start, lineEnd));
        start = lineEnd;
        continue;
      }
      input.set(text.subarray(start, end));
      for (let line = 0; line < end - start; ) {
        const next = text.indexOf(LINE_FEED, start + line) + 1 || end;
        pieces += this.#count(line, next - start, true);
        line = next - start;
      }
      start = end;
    }
    return pieces;
  }

  /** Counts the pieces of input[from, to), as far as they are sure. */
  #count(from: number, to: number, isLast: boolean): number {
    const kernel = this.#kernel;
    let pieces = 0;
    for (let done = from; done < to; done = kernel.consumed) {
      if (!kernel.hasRoomForCounts) this.#spill();
      const counted = kernel.count(this.#pattern, done, to, isLast);
      if (counted === 0) break;
      pieces += counted;
    }
    return pieces;
  }

  take(): PieceCounts {
    if (this.#counter.size === 0) {
      const counts = this.#kernel.counts();
      this.#kernel.beginCounts();
      return counts;
    }
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
