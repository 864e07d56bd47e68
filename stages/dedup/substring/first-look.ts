import type { ScratchFile } from "../../../pipeline/io/scratch-file.ts";
import type { PassageContext } from "../../../pipeline/stage.ts";
import { GramCounts } from "./gram-counts.ts";
import { Minimizers, RUNS_AT_ONCE, type WindowRuns } from "./minimizers.ts";
import { TextFrame, TextReader } from "./page-texts.ts";
import { Partitions } from "./partitions.ts";
import { GOOD_WINDOWS } from "./window-table.ts";

/** Keeps texts on disk and counts minimizers; then parts the windows whose minimizer repeats. */
export class FirstLook {
  readonly #windowBytes: number;
  readonly #context: PassageContext;
  readonly #texts: ScratchFile;
  readonly #frame = new TextFrame();
  readonly #minimizers: Minimizers;
  #counts: GramCounts;

  constructor(windowBytes: number, context: PassageContext, texts: ScratchFile) {
    this.#windowBytes = windowBytes;
    this.#context = context;
    this.#texts = texts;
    this.#minimizers = new Minimizers(windowBytes);
    this.#counts = new GramCounts(context.memoryBytes / 2);
  }

  get bytes(): number {
    return this.#frame.bytes + this.#counts.bytes;
  }

  add(page: number, text: string): void {
    const frame = this.#frame;
    // A UTF-16 unit takes three bytes at most.
    if (3 * text.length < this.#windowBytes) return;
    frame.encode(text);
    if (frame.length < this.#windowBytes) return;
    frame.appendTo(this.#texts, page);
    this.#minimizers.scan(frame.text, frame.length, this.#count);
    const larger = this.#counts.larger();
    if (larger === undefined) return;
    this.#counts = larger;
    for (const _ of this.#scanAll((runs) => larger.add(runs)));
  }

  readonly #count = (runs: WindowRuns): void => this.#counts.add(runs);

  /** Visits the runs of all texts so far; yields after each text. */
  *#scanAll(visit: (runs: WindowRuns, page: number, text: Buffer) => void): Generator<void> {
    const reader = new TextReader(this.#texts);
    for (let text = reader.next(); text !== undefined; text = reader.next()) {
      const bytes = text;
      this.#minimizers.scan(bytes, bytes.length, (runs) => visit(runs, reader.page, bytes));
      yield;
    }
  }

  /** Writes what may repeat to `pieces`, and lets go of the texts; yields now and then. */
  *part(pieces: ScratchFile): Generator<void, Partitions> {
    const { memoryBytes } = this.#context;
    // A minimizer that was met again n times stands in n + 1 places, which is 2 n at most.
    const windows = 2 * this.#counts.metAgain;
    const count = Math.ceil(windows / GOOD_WINDOWS);
    const partitions = new Partitions(pieces, this.#windowBytes, count, memoryBytes / 4);
    const isRepeated = new Uint8Array(RUNS_AT_ONCE);
    yield* this.#scanAll((runs, page, text) => {
      this.#counts.mark(runs, isRepeated);
      for (let run = 0; run < runs.count; run++) {
        if (isRepeated[run] === 0) continue;
        partitions.add(page, text, runs.starts[run]!, runs.starts[run + 1]!, runs.keys[run]!);
      }
    });
    this.#texts.close();
    partitions.finish();
    return partitions;
  }
}
