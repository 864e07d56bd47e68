/**
 * Ranges of windows in a file, written in sorted runs and read in ascending order, as pages came.
 *
 *     range   | page | first window | last window + 1 | twin |     u32 each; windows by the byte they begin at
 */
import type { ScratchFile } from "../../../pipeline/io/scratch-file.ts";
import { type MergedRuns, type Run, SortedRuns } from "../../../pipeline/io/sorted-runs.ts";

const Range = { page: 0, start: 1, end: 2, twin: 3, words: 4 } as const;

export class RangeRuns {
  readonly #sorted: SortedRuns;
  readonly #runs: Run[] = [];

  constructor(file: ScratchFile) {
    this.#sorted = new SortedRuns(file, { recordWords: Range.words, keyWords: 2 });
  }

  /** Begins a run; what is added next belongs to it. */
  begin(): void {
    this.#runs.push(this.#sorted.begin());
  }

  add(page: number, start: number, end: number, twin: number): void {
    const { record } = this.#sorted;
    record[Range.page] = page;
    record[Range.start] = start;
    record[Range.end] = end;
    record[Range.twin] = twin;
    this.#sorted.add();
  }

  /** Empties the run that was begun last. */
  giveUp(): void {
    this.#sorted.giveUp();
  }

  /** Lends all ranges in ascending order. `memoryBytes` is for buffers; they take 1 KB a run at least. */
  merge(memoryBytes: number): MergedRanges {
    return new MergedRanges(this.#sorted.merge(this.#runs, memoryBytes));
  }
}

export class MergedRanges {
  readonly #merged: MergedRuns;
  page = 0;
  start = 0;
  end = 0;
  twin = 0;

  constructor(merged: MergedRuns) {
    this.#merged = merged;
  }

  get bytes(): number {
    return this.#merged.bytes;
  }

  /** Goes on to the next range of the page; false when there is none. Pages are asked for in ascending order. */
  next(page: number): boolean {
    const { first } = this.#merged;
    if (first === undefined || first.words[first.word + Range.page] !== page) return false;
    this.start = first.words[first.word + Range.start]!;
    this.end = first.words[first.word + Range.end]!;
    this.twin = first.words[first.word + Range.twin]!;
    this.#merged.next();
    return true;
  }
}
