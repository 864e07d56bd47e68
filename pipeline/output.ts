/** What a run writes of each page, in input order: the sink's data, the ledger, pages that can be read, and the counts. */
import { join } from "node:path";
import { Counter } from "./counts.ts";
import { IndexWriters } from "./duplicates/index-writers.ts";
import type { FinalRow } from "./duplicates/resolver.ts";
import type { DedupStage } from "./duplicates/stars.ts";
import { failpoint } from "./failpoints.ts";
import { Ledger } from "./ledger.ts";
import { type CheckedRecipe, contextFor } from "./recipe.ts";
import { isInSample, RejectFiles } from "./rejects.ts";
import { SignatureWriter } from "./signatures.ts";
import type { SinkWriter } from "./sink.ts";
import type { Span } from "./source.ts";
import type { EntryReader, OnwardRow, PageRow, SpanMeta } from "./span-entry.ts";

export class RunOutput {
  readonly counter: Counter;
  readonly #recipe: CheckedRecipe;
  readonly #sink: SinkWriter;
  readonly #ledger: Ledger;
  readonly #signatures: SignatureWriter;
  readonly #indexes: IndexWriters;
  readonly #rejects: RejectFiles;
  #pages = 0;

  /** `dedups`: deduplications whose signatures are kept. */
  static async open(recipe: CheckedRecipe, staging: string, dedups: readonly DedupStage[]): Promise<RunOutput> {
    const context = { ...contextFor(recipe.baseDir, recipe.seed), dir: staging };
    const sink = await recipe.sink.definition.open(recipe.sink.spec.params as never, context);
    return new RunOutput(recipe, staging, sink, dedups);
  }

  private constructor(recipe: CheckedRecipe, staging: string, sink: SinkWriter, dedups: readonly DedupStage[]) {
    this.#recipe = recipe;
    this.#sink = sink;
    this.#ledger = new Ledger(join(staging, "ledger"));
    this.#signatures = new SignatureWriter(join(staging, "ledger"), dedups);
    this.#indexes = new IndexWriters(staging, recipe);
    this.#rejects = new RejectFiles(staging);
    this.counter = new Counter(recipe);
  }

  /**
   * Writes the pages of one span, each with its last word. `entryOf`: folder of the entry in which a stage's signatures of the
   * span lie, by the stage's place in the recipe.
   */
  async write(
    span: Span,
    entry: EntryReader<SpanMeta>,
    rows: readonly FinalRow[],
    entryOf: (stage: number) => string,
  ): Promise<void> {
    failpoint("write");
    for (const final of rows) {
      const { row, outcome, stage, reason, value, twin, earlier } = final;
      const { id, url, source } = row;
      const tokens = outcome === "kept" ? row.tokens : 0;
      if (outcome === "kept") {
        const bytes = entry.read("payload", row.payload!);
        const written = this.#sink.write({ id, url, file: source.file, offset: source.offset, tokens, bytes });
        if (written instanceof Promise) await written;
      } else if (outcome === "quarantined") {
        this.#rejects.write("quarantine", { id, url, source, stage, reason, detail: row.detail });
      } else if (this.#isReadable(id)) {
        const text = row.text === undefined ? "" : entry.read("text", row.text).toString("utf8");
        this.#rejects.write(`dropped/${stage}`, { id, url, source, reason, value, twin, text });
      }
      if (twin !== undefined) this.#ledger.twin({ id, stage, twin, similarity: value!, earlier });
      const { textBytes, scores } = row;
      const { file, offset } = source;
      this.#ledger.page({ id, url, file, offset, span: span.index, outcome, stage, reason, value, textBytes, tokens });
      this.#signatures.page(this.#pages++, row, entry);
      if (row.cuts !== undefined) this.#ledger.cuts(id, row.cuts);
      if (scores.length > 0) this.#ledger.scores(id, scores);
      if (row.onward !== undefined || twin !== undefined) {
        const { page: _, stageIndex: __, ...end } = row.onward ?? endOf(row);
        this.#ledger.end({ id, ...end });
      }
      this.counter.page(file, final, tokens);
    }
    const stays = rows.filter(({ outcome }) => outcome === "kept").map(({ row }) => row);
    this.#indexes.span(stays, entry, entryOf);
    this.counter.span(span.file, entry.meta.account);
  }

  #isReadable(pageId: string): boolean {
    const { dropped, seed } = this.#recipe;
    return dropped === "all" || (dropped === "sample" && isInSample(seed, pageId));
  }

  async close(): Promise<void> {
    await this.#sink.close();
    this.#ledger.close();
    this.#signatures.close();
    this.#indexes.close();
    this.#rejects.close();
  }

  /** Gives up: closes what is open. */
  async abort(): Promise<void> {
    this.#ledger.abort();
    this.#signatures.abort();
    this.#indexes.abort();
    this.#rejects.close();
    await this.#sink.abort();
  }
}

/** Where the way of a page ended that is no duplicate. */
function endOf({ outcome, stageIndex, stage, reason, value, textBytes, tokens }: PageRow): OnwardRow {
  return { outcome, stageIndex, stage, reason, value, textBytes, tokens };
}
