/**
 * Finds windows of bytes that stand in the corpus more than once.
 *
 *     observe ─▶ texts to disk, minimizers counted ─▶ runs of windows whose minimizer repeats, parted by it
 *                         cuts ◀─ merged ◀─ ranges of windows that go ◀─ each part's windows met, in memory
 *
 * A window repeats only if its minimizer does (`minimizers.ts`), so little of the text is looked at closely, and the parts
 * have nothing to do with one another.
 */
import { join } from "node:path";
import { ScratchFile } from "../../../pipeline/io/scratch-file.ts";
import type { Cut, PassageContext, PassageIndex, PassagePage } from "../../../pipeline/stage.ts";
import { FirstLook } from "./first-look.ts";
import { PageCuts } from "./page-cuts.ts";
import { type MergedRanges, RangeRuns } from "./range-runs.ts";
import { type Copies, findRepeats } from "./repeats.ts";
import { WindowTable } from "./window-table.ts";

export class SubstringIndex implements PassageIndex {
  readonly #windowBytes: number;
  readonly #copies: Copies;
  readonly #context: PassageContext;
  readonly #files: ScratchFile[] = [];
  readonly #pageCuts: PageCuts;
  #firstLook: FirstLook | undefined;
  #observed = 0;
  #ranges: MergedRanges | undefined;
  #asked = 0;

  constructor(windowBytes: number, copies: Copies, context: PassageContext) {
    this.#windowBytes = windowBytes;
    this.#copies = copies;
    this.#context = context;
    this.#pageCuts = new PageCuts(windowBytes);
  }

  get bytes(): number {
    const parts = [this.#firstLook, this.#ranges, ...this.#files];
    return parts.reduce((sum, part) => sum + (part?.bytes ?? 0), 0);
  }

  observe({ text }: PassagePage): void {
    this.#firstLook ??= new FirstLook(this.#windowBytes, this.#context, this.#open("texts"));
    this.#firstLook.add(this.#observed++, text);
  }

  cuts({ text }: PassagePage): readonly Cut[] {
    const ranges = this.#ranges!;
    const page = this.#asked++;
    while (ranges.next(page)) this.#pageCuts.add(ranges.start, ranges.end, ranges.twin);
    return this.#pageCuts.take(text);
  }

  close(): void {
    for (const file of this.#files.splice(0)) file.close();
  }

  *settle(): Generator<void> {
    const { memoryBytes } = this.#context;
    const ranges = new RangeRuns(this.#open("ranges"));
    if (this.#firstLook !== undefined) {
      const pieces = this.#open("pieces");
      const partitions = yield* this.#firstLook.part(pieces);
      this.#firstLook = undefined;
      const table = new WindowTable(this.#windowBytes, memoryBytes / 2);
      for (let p = 0; p < partitions.count; p++) {
        findRepeats(partitions, p, this.#copies, table, ranges);
        yield;
      }
      pieces.close();
    }
    this.#ranges = ranges.merge(memoryBytes / 4);
  }

  #open(name: string): ScratchFile {
    const file = new ScratchFile(join(this.#context.scratch, name));
    this.#files.push(file);
    return file;
  }
}
