/** Saves the indexes that a recipe asks for, as its run writes the pages that stay. */
import type { CheckedRecipe } from "../recipe.ts";
import { EntryReader, type PageRow, type SpanMeta } from "../span-entry.ts";
import { indexFolder } from "./find-index.ts";
import { SavedIndexWriter } from "./saved-index.ts";
import { signingOf } from "./signing.ts";
import { type DedupStage, dedupStages, type Signed, signatureAt } from "./stars.ts";

export class IndexWriters {
  readonly #stages: readonly StageIndexWriter[];

  /** Indexes lie in folders of `out`. */
  constructor(out: string, recipe: CheckedRecipe) {
    this.#stages = dedupStages(recipe.stages)
      .filter(({ options }) => options.saveIndex)
      .map((stage) => {
        const signing = signingOf(recipe.stages[stage.index]!);
        return new StageIndexWriter(stage, new SavedIndexWriter(indexFolder(out, stage), signing));
      });
  }

  /**
   * The pages of a span that stay, in order, and the entry that they are in. `entryOf`: folder of the entry in which a stage's
   * signatures of the span lie, by the stage's place in the recipe.
   */
  span(stays: readonly PageRow[], entry: EntryReader<SpanMeta>, entryOf: (stage: number) => string): void {
    for (const writer of this.#stages) {
      const dir = entryOf(writer.stage.index);
      if (dir === entry.dir) writer.span(stays, entry);
      else {
        const signed = EntryReader.reopen<SpanMeta>(dir);
        try {
          writer.span(stays, signed);
        } finally {
          signed.close();
        }
      }
    }
  }

  close(): void {
    for (const { index } of this.#stages) index.close();
  }

  /** Closes the files as they are. */
  abort(): void {
    for (const { index } of this.#stages) index.abort();
  }
}

class StageIndexWriter {
  readonly stage: DedupStage;
  readonly index: SavedIndexWriter;

  constructor(stage: DedupStage, index: SavedIndexWriter) {
    this.stage = stage;
    this.index = index;
  }

  /** `entry` holds the signatures. */
  span(stays: readonly PageRow[], entry: EntryReader<SpanMeta>): void {
    const signatures = this.#signatures(entry.meta.rows);
    /** Parts of a page that was split behind the stage have the signature of the whole in common. */
    let last: number | undefined;
    for (const { ordinal, id, url, date } of stays) {
      const { byId, all } = signatures.get(ordinal) ?? NONE;
      const signed = byId.get(id) ?? (all.length === 1 ? all[0] : undefined);
      if (signed === undefined || signed.keys[0] === last) continue;
      last = signed.keys[0];
      const { keys, evidence } = signed;
      this.index.page({ id, url, date }, entry.read("keys", keys), evidence && entry.read("evidence", evidence));
    }
  }

  /** By the number of the item in its span: a page that is split after the entry was written has other ids than in it. */
  #signatures(rows: readonly PageRow[]): Map<number, OfItem> {
    const found = new Map<number, OfItem>();
    for (const row of rows) {
      const signed = signatureAt(row, this.stage);
      if (signed === undefined) continue;
      const item: OfItem = found.get(row.ordinal) ?? { byId: new Map(), all: [] };
      item.byId.set(row.id, signed);
      item.all.push(signed);
      found.set(row.ordinal, item);
    }
    return found;
  }
}

interface OfItem {
  readonly byId: Map<string, Signed>;
  readonly all: Signed[];
}
const NONE: OfItem = { byId: new Map(), all: [] };
