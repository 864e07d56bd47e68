/** What a run's ledger tells of each page, in the order of the pages: one pass over its files, a row group at a time. */
import { join } from "node:path";
import { FormatError } from "../errors.ts";
import type { KnownEnd, WayEnd } from "../judge.ts";
import { ledgerColumns } from "../ledger-reader.ts";
import { SignatureReader, type StoredSignature } from "../signatures.ts";
import type { Scores } from "../stage.ts";
import type { AskedStage } from "./asked-stages.ts";

/** An end, as the ledger has it. */
export interface Fate<What extends WayEnd = WayEnd> {
  readonly outcome: What;
  /** Index of the deciding stage, the number of stages where all were passed, -1 before the first. */
  readonly stageIndex: number;
  readonly stage: string;
  readonly reason: string;
  readonly value?: number | undefined;
}

export interface RecordedPage {
  readonly row: number;
  readonly id: string;
  readonly url: string;
  /** What became of it. */
  readonly fate: Fate<KnownEnd>;
  /** UTF-8 bytes of its text when that was decided. */
  readonly textBytes: number;
  /** Where its way through the workers ended: later than its fate for duplicates, and with `scores: all`. */
  readonly way: Fate;
  /** Of the page that its way ended with; tokens are known if it was encoded. */
  readonly endTextBytes: number;
  readonly tokens: number | undefined;
  /** By index of the stage. */
  readonly scores: ReadonlyMap<number, Scores>;
  /** By index of the stage; none for a page that it found too short, or that did not come so far. */
  readonly signatures: ReadonlyMap<number, StoredSignature>;
}

export class RecordedPages {
  readonly #ledger: string;
  readonly #stages: readonly AskedStage[];
  readonly #ends: { readonly source: string; readonly sink: string };
  readonly #signatures: ReadonlyMap<number, SignatureReader>;

  constructor(run: string, stages: readonly AskedStage[], ends: { readonly source: string; readonly sink: string }) {
    this.#ledger = join(run, "ledger");
    this.#stages = stages;
    this.#ends = ends;
    const signing = stages.filter(({ definition }) => definition.kind === "dedup");
    this.#signatures = new Map(signing.map((stage) => [stage.index, new SignatureReader(this.#ledger, stage)]));
  }

  /** Evidence of a signature of a deduplication stage. */
  evidence(stageIndex: number, signature: number): Uint8Array {
    return this.#signatures.get(stageIndex)!.evidence(signature);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordedPage> {
    const indexOf = new Map(this.#stages.map(({ label, index }) => [label, index]));
    const scores = new RowsOfPages(join(this.#ledger, "scores.parquet"), ["id", "stage", "name", "value"]);
    const ends = new RowsOfPages(join(this.#ledger, "ends.parquet"), ["id", ...END_FIELDS, "textBytes", "tokens"]);
    const fields = ["id", "url", ...END_FIELDS, "textBytes", "tokens"] as const;
    let row = 0;
    for await (const columns of ledgerColumns(join(this.#ledger, "pages.parquet"), fields)) {
      for (let at = 0; at < columns.rows; at++, row++) {
        const id = columns.id[at] as string;
        const fate = this.#fateAt(columns, at) as Fate<KnownEnd>;
        const textBytes = columns.textBytes[at] as number;
        let way: Fate = fate;
        let endTextBytes = textBytes;
        let tokens = fate.outcome === "kept" ? (columns.tokens[at] as number) : undefined;
        await ends.take(id, (end, n) => {
          way = this.#fateAt(end, n);
          endTextBytes = end.textBytes[n] as number;
          tokens = way.outcome === "kept" ? (end.tokens[n] as number) : undefined;
        });
        const byStage = new Map<number, Record<string, number>>();
        await scores.take(id, (measured, n) => {
          const index = indexOf.get(measured.stage[n] as string);
          if (index === undefined) throw new FormatError(`${scores.path}: page ${id}: no stage "${measured.stage[n]}"`);
          const ofStage = byStage.get(index) ?? {};
          byStage.set(index, ofStage);
          ofStage[measured.name[n] as string] = measured.value[n] as number;
        });
        const signatures = new Map<number, StoredSignature>();
        for (const [index, reader] of this.#signatures) {
          const signature = reader.of(row);
          if (signature !== undefined) signatures.set(index, signature);
        }
        const url = columns.url[at] as string;
        yield { row, id, url, fate, textBytes, way, endTextBytes, tokens, scores: byStage, signatures };
      }
    }
    await scores.expectEnd();
    await ends.expectEnd();
  }

  close(): void {
    for (const reader of this.#signatures.values()) reader.close();
  }

  #fateAt(columns: Columns<(typeof END_FIELDS)[number]>, at: number): Fate {
    const outcome = columns.outcome[at] as WayEnd;
    const stage = columns.stage[at] as string;
    const value = (columns.value[at] as number | null) ?? undefined;
    return { outcome, stageIndex: this.#indexOf(outcome, stage), stage, reason: columns.reason[at] as string, value };
  }

  #indexOf(outcome: WayEnd, stage: string): number {
    if (outcome === "kept") return this.#stages.length;
    const found = this.#stages.find(({ label }) => label === stage);
    if (found !== undefined) return found.index;
    // The sink quarantines, a source drops, and so is dropped what no extractor took.
    return outcome === "quarantined" && stage === this.#ends.sink ? this.#stages.length : -1;
  }
}

const END_FIELDS = ["outcome", "stage", "reason", "value"] as const;

type Columns<Name extends string> = { readonly rows: number } & Readonly<Record<Name, ArrayLike<unknown>>>;

/** Rows that belong to pages, in the order of the pages, of which not every page has some. */
class RowsOfPages<Name extends string> {
  readonly path: string;
  readonly #groups: AsyncIterator<Columns<Name | "id">>;
  #group: Columns<Name | "id"> | undefined;
  #at = 0;
  #isBegun = false;

  constructor(path: string, names: readonly (Name | "id")[]) {
    this.path = path;
    this.#groups = ledgerColumns(path, names)[Symbol.asyncIterator]();
  }

  /** Hands over the rows of the next page that is asked for. */
  async take(id: string, each: (columns: Columns<Name | "id">, at: number) => void): Promise<void> {
    if (!this.#isBegun) await this.#advance();
    while (this.#group !== undefined && this.#group.id[this.#at] === id) {
      each(this.#group, this.#at);
      if (++this.#at === this.#group.rows) await this.#advance();
    }
  }

  async expectEnd(): Promise<void> {
    if (!this.#isBegun) await this.#advance();
    if (this.#group === undefined) return;
    throw new FormatError(
      `${this.path}: found page ${this.#group.id[this.#at]}, which pages.parquet has elsewhere or not`,
    );
  }

  async #advance(): Promise<void> {
    this.#isBegun = true;
    this.#at = 0;
    do {
      const next = await this.#groups.next();
      this.#group = next.done === true ? undefined : next.value;
    } while (this.#group?.rows === 0);
  }
}
