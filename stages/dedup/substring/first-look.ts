import type { PassageContext } from "../../../pipeline/stage.ts";
import { GramCounts } from "./gram-counts.ts";
import { Minimizers, RUNS_AT_ONCE, type WindowRuns } from "./minimizers.ts";
import { TextFrame, TextReader } from "./page-texts.ts";
import { Partitions } from "./partitions.ts";
import type { ScratchFile } from "./scratch-file.ts";
import { WindowTable } from "./window-table.ts";

/** A table of this size lies in the processor's cache; one of 4 MB took three times as long a window. */
const GOOD_TABLE_BYTES = 1 << 20;

/** Keeps texts on disk and counts minimizers; then parts the windows whose minimizer repeats. */
export class FirstLook {
  readonly #windowBytes: number;
  readonly #context: PassageContext;
  readonly #texts: ScratchFile;
  readonly #frame = new TextFrame();
  readonly #minimizers: Minimizers;
  readonly #counts: GramCounts;
  /** Windows whose minimizer had been met before. */
  #metAgain = 0;

  /** Needs `memory` until the windows are parted. */
  constructor(windowBytes: number, context: PassageContext, memory: ArrayBuffer, texts: ScratchFile) {
    this.#windowBytes = windowBytes;
    this.#context = context;
    this.#texts = texts;
    this.#minimizers = new Minimizers(windowBytes);
    this.#counts = new GramCounts(memory);
  }

  get bytes(): number {
    return this.#frame.bytes;
  }

  add(page: number, text: string): void {
    const frame = this.#frame;
    // A UTF-16 unit takes three bytes at most.
    if (3 * text.length < this.#windowBytes) return;
    frame.encode(text);
    if (frame.length < this.#windowBytes) return;
    frame.appendTo(this.#texts, page);
    this.#minimizers.scan(frame.text, frame.length, this.#count);
  }

  readonly #count = (runs: WindowRuns): void => {
    this.#metAgain += this.#counts.add(runs);
  };

  /** Writes what may repeat to `pieces`, and lets go of the texts. */
  part(pieces: ScratchFile): Partitions {
    const { memoryBytes } = this.#context;
    // A minimizer that was met again n times stands in n + 1 places, which is 2 n at most.
    const windows = 2 * this.#metAgain;
    const count = Math.ceil(windows / WindowTable.windowsIn(Math.min(GOOD_TABLE_BYTES, memoryBytes / 2)));
    const partitions = new Partitions(pieces, this.#windowBytes, count, memoryBytes / 4);
    const isRepeated = new Uint8Array(RUNS_AT_ONCE);
    const reader = new TextReader(this.#texts);
    for (let text = reader.next(); text !== undefined; text = reader.next()) {
      const bytes = text;
      this.#minimizers.scan(bytes, bytes.length, (runs) => {
        this.#counts.mark(runs, isRepeated);
        for (let run = 0; run < runs.count; run++) {
          if (isRepeated[run] === 0) continue;
          partitions.add(reader.page, bytes, runs.starts[run]!, runs.starts[run + 1]!, runs.keys[run]!);
        }
      });
    }
    this.#texts.close();
    partitions.finish();
    return partitions;
  }
}
