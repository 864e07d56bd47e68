/**
 * Finds windows of bytes that stand in the corpus more than once.
 *
 *     observe ─▶ texts to disk, minimizers counted
 *                     └─▶ runs of windows whose minimizer repeats, parted by it ─▶ each part: windows met, in memory
 *                                                                                          └─▶ ranges ─▶ merged ─▶ cuts
 *
 * A window repeats only if its minimizer does (`minimizers.ts`), so little of the text is looked at closely, and the parts
 * have nothing to do with one another. Where a part's windows do not fit in memory, they are done a class at a time.
 */
import { join } from "node:path";
import type { Cut, PassageContext, PassageIndex, PassagePage } from "../../../pipeline/stage.ts";
import { GramCounts } from "./gram-counts.ts";
import { Minimizers, RUNS_AT_ONCE } from "./minimizers.ts";
import { PageCuts } from "./page-cuts.ts";
import { TextFrame, TextReader } from "./page-texts.ts";
import { Partitions, type TextPiece } from "./partitions.ts";
import { type MergedRanges, RangeRuns } from "./range-runs.ts";
import { ScratchFile } from "./scratch-file.ts";
import { NONE, WindowTable } from "./window-table.ts";

export type Copies = "first" | "none";

/** A table of this size is mostly in the processor's cache; larger ones are three times as slow. */
const GOOD_TABLE_BYTES = 1 << 22;

export class SubstringIndex implements PassageIndex {
  readonly #windowBytes: number;
  readonly #copies: Copies;
  readonly #context: PassageContext;
  readonly #minimizers: Minimizers;
  readonly #frame = new TextFrame();
  readonly #files: ScratchFile[] = [];
  readonly #pageCuts: PageCuts;
  #counts: GramCounts | undefined;
  #texts: ScratchFile | undefined;
  #observed = 0;
  /** Windows whose minimizer had been met before. */
  #metAgain = 0;
  #ranges: MergedRanges | undefined;
  #asked = 0;

  constructor(windowBytes: number, copies: Copies, context: PassageContext) {
    this.#windowBytes = windowBytes;
    this.#copies = copies;
    this.#context = context;
    this.#minimizers = new Minimizers(windowBytes);
    this.#pageCuts = new PageCuts(windowBytes);
  }

  get bytes(): number {
    const parts = [this.#frame, this.#counts, this.#ranges, ...this.#files];
    return parts.reduce((sum, part) => sum + (part?.bytes ?? 0), 0);
  }

  observe({ text }: PassagePage): void {
    const page = this.#observed++;
    const frame = this.#frame;
    // A UTF-16 unit takes three bytes at most.
    if (3 * text.length < this.#windowBytes) return;
    frame.encode(text);
    if (frame.length < this.#windowBytes) return;
    this.#counts ??= new GramCounts(this.#context.memoryBytes / 2);
    this.#texts ??= this.#open("texts");
    frame.appendTo(this.#texts, page);
    const counts = this.#counts;
    this.#minimizers.scan(frame.text, frame.length, (runs) => {
      this.#metAgain += counts.add(runs);
    });
  }

  cuts({ text }: PassagePage): readonly Cut[] {
    this.#ranges ??= this.#find();
    const page = this.#asked++;
    const ranges = this.#ranges;
    while (ranges.next(page)) this.#pageCuts.add(ranges.start, ranges.end, ranges.twin);
    return this.#pageCuts.take(text);
  }

  close(): void {
    for (const file of this.#files) file.close();
    this.#files.length = 0;
  }

  #open(name: string): ScratchFile {
    const file = new ScratchFile(join(this.#context.scratch, name));
    this.#files.push(file);
    return file;
  }

  #closeFile(file: ScratchFile): void {
    file.close();
    this.#files.splice(this.#files.indexOf(file), 1);
  }

  #find(): MergedRanges {
    const { memoryBytes } = this.#context;
    const runs = new RangeRuns(this.#open("ranges"));
    if (this.#texts !== undefined) {
      const pieces = this.#open("pieces");
      const partitions = this.#part(this.#texts, pieces);
      this.#closeFile(this.#texts);
      this.#counts = undefined;
      const table = new WindowTable(this.#windowBytes, memoryBytes / 2);
      for (let p = 0; p < partitions.count; p++) this.#findIn(partitions, p, table, runs);
      this.#closeFile(pieces);
    }
    return runs.merge(memoryBytes / 4);
  }

  /** Parts what may repeat. */
  #part(texts: ScratchFile, pieces: ScratchFile): Partitions {
    const { memoryBytes } = this.#context;
    // A minimizer that was met again n times stands in n + 1 places, which is 2 n at most.
    const windows = 2 * this.#metAgain;
    const count = Math.ceil(windows / WindowTable.windowsIn(Math.min(GOOD_TABLE_BYTES, memoryBytes / 2)));
    const partitions = new Partitions(pieces, this.#windowBytes, count, memoryBytes / 4);
    const counts = this.#counts!;
    const isRepeated = new Uint8Array(RUNS_AT_ONCE);
    const reader = new TextReader(texts);
    for (let text = reader.next(); text !== undefined; text = reader.next()) {
      const bytes = text;
      this.#minimizers.scan(bytes, bytes.length, (runs) => {
        counts.mark(runs, isRepeated);
        for (let run = 0; run < runs.count; run++) {
          if (isRepeated[run] === 0) continue;
          partitions.add(reader.page, bytes, runs.starts[run]!, runs.starts[run + 1]!, runs.keys[run]!);
        }
      });
    }
    partitions.finish();
    return partitions;
  }

  /** Finds what repeats in a partition: in one pass or, where the table does not hold its windows, a class at a time. */
  #findIn(partitions: Partitions, partition: number, table: WindowTable, runs: RangeRuns): void {
    const windows = partitions.windowsIn(partition);
    for (let bits = 0, number = 0; number < 2 ** bits; ) {
      table.reset(windows, bits, number);
      runs.begin();
      if (this.#findClass(partitions, partition, table, runs)) {
        number++;
      } else {
        runs.giveUp();
        bits++;
        number *= 2;
      }
    }
  }

  /** False when the table does not hold all windows of the class. */
  #findClass(partitions: Partitions, partition: number, table: WindowTable, runs: RangeRuns): boolean {
    const keepsFirst = this.#copies === "first";
    const firstPages = new Int32Array(partitions.mostWindows);
    const haveRoom = partitions.read(partition, (piece) => {
      if (!table.meet(piece, firstPages)) return false;
      if (keepsFirst) addRanges(piece, firstPages, runs);
      return true;
    });
    if (!haveRoom || keepsFirst) return haveRoom;
    return partitions.read(partition, (piece) => {
      table.recall(piece, firstPages);
      addRanges(piece, firstPages, runs);
      return true;
    });
  }
}

/** Adds the windows that were met in another place. */
function addRanges({ page, start, windows }: TextPiece, firstPages: Int32Array, runs: RangeRuns): void {
  for (let window = 0; window < windows; ) {
    const from = window;
    const twin = firstPages[window++]!;
    if (twin === NONE) continue;
    while (window < windows && firstPages[window] === twin) window++;
    runs.add(page, start + from, start + window, twin);
  }
}
