/**
 * The ledger: a row for every page that entered, the scores measured on the way, who was whose twin, and where ways ended that
 * went on behind the page's own end.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openParquet, type ParquetFile } from "./io/parquet-file.ts";
import type { PassageCut } from "./span-entry.ts";

export interface LedgerPage {
  readonly id: string;
  readonly url: string;
  readonly file: string;
  readonly offset: number;
  readonly span: number;
  readonly outcome: "kept" | "dropped" | "quarantined";
  /** The deciding stage; empty for kept pages. */
  readonly stage: string;
  readonly reason: string;
  readonly value: number | undefined;
  /** UTF-8 bytes of the page's text when its fate was decided. */
  readonly textBytes: number;
  readonly tokens: number;
}

/**
 * Where a page's way through the workers ended, for pages whose outcome does not tell it. These are duplicates, which had
 * been through later stages when the index found them; and, with `scores: all`, pages that a threshold dropped.
 */
export interface LedgerEnd {
  readonly id: string;
  /** `unknown`: it was split into other pages. */
  readonly outcome: LedgerPage["outcome"] | "unknown";
  readonly stage: string;
  readonly reason: string;
  readonly value?: number | undefined;
  /** Of the text that it ended with. */
  readonly textBytes: number;
  readonly tokens: number;
}

const ROW_GROUP_ROWS = 50_000;

/** pages.parquet: one row a page that entered. */
const PAGE_COLUMNS = [
  { name: "id", type: "STRING" },
  { name: "url", type: "STRING" },
  { name: "file", type: "STRING" },
  { name: "offset", type: "INT64" },
  { name: "span", type: "INT32" },
  { name: "outcome", type: "STRING" },
  { name: "stage", type: "STRING" },
  { name: "reason", type: "STRING" },
  { name: "value", type: "DOUBLE", nullable: true },
  { name: "textBytes", type: "INT64" },
  { name: "tokens", type: "INT64" },
] as const;

/** scores.parquet: long form, one row a measurement. */
const SCORE_COLUMNS = [
  { name: "id", type: "STRING" },
  { name: "stage", type: "STRING" },
  { name: "name", type: "STRING" },
  { name: "value", type: "DOUBLE" },
] as const;

/**
 * twins.parquet: for each page removed as a duplicate, the kept page that it duplicates. Of a page of an earlier run also that
 * run's output folder, as the recipe names it, and the page's URL.
 */
const TWIN_COLUMNS = [
  { name: "id", type: "STRING" },
  { name: "stage", type: "STRING" },
  { name: "twin", type: "STRING" },
  { name: "similarity", type: "DOUBLE" },
  { name: "run", type: "STRING", nullable: true },
  { name: "url", type: "STRING", nullable: true },
] as const;

/** ends.parquet: one row a page whose way ended elsewhere than pages.parquet says, in the order of the pages. */
const END_COLUMNS = [
  { name: "id", type: "STRING" },
  { name: "outcome", type: "STRING" },
  { name: "stage", type: "STRING" },
  { name: "reason", type: "STRING" },
  { name: "value", type: "DOUBLE", nullable: true },
  { name: "textBytes", type: "INT64" },
  { name: "tokens", type: "INT64" },
] as const;

/**
 * cuts.parquet: for each passage that was cut out, where it stood (UTF-16 units of the text as it entered the stage), and the
 * page where it stays, or first stood, if that is known.
 */
const CUT_COLUMNS = [
  { name: "id", type: "STRING" },
  { name: "stage", type: "STRING" },
  { name: "start", type: "INT64" },
  { name: "end", type: "INT64" },
  { name: "twin", type: "STRING", nullable: true },
] as const;

export class Ledger {
  readonly #pages: ParquetFile;
  readonly #scores: ParquetFile;
  readonly #twins: ParquetFile;
  readonly #ends: ParquetFile;
  readonly #cuts: ParquetFile;

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true });
    const open = (name: string, columns: Parameters<typeof openParquet>[1]) =>
      openParquet(join(dir, name), columns, { rowGroupRows: ROW_GROUP_ROWS });
    this.#pages = open("pages.parquet", PAGE_COLUMNS);
    this.#scores = open("scores.parquet", SCORE_COLUMNS);
    this.#twins = open("twins.parquet", TWIN_COLUMNS);
    this.#ends = open("ends.parquet", END_COLUMNS);
    this.#cuts = open("cuts.parquet", CUT_COLUMNS);
  }

  page(page: LedgerPage): void {
    this.#pages.append([{ ...page, value: page.value ?? null }]);
  }

  scores(id: string, scores: readonly (readonly [stage: string, name: string, value: number])[]): void {
    this.#scores.append(scores.map(([stage, name, value]) => ({ id, stage, name, value })));
  }

  twin(row: {
    id: string;
    stage: string;
    twin: string;
    similarity: number;
    earlier?: { readonly run: string; readonly url: string } | undefined;
  }): void {
    const { earlier, ...own } = row;
    this.#twins.append([{ ...own, run: earlier?.run ?? null, url: earlier?.url ?? null }]);
  }

  cuts(id: string, cuts: readonly PassageCut[]): void {
    this.#cuts.append(cuts.map(({ stage, start, end, twin }) => ({ id, stage, start, end, twin: twin ?? null })));
  }

  end(end: LedgerEnd): void {
    this.#ends.append([{ ...end, value: end.value ?? null }]);
  }

  /** Closes the files as they are. */
  abort(): void {
    for (const file of this.#files) file.abort();
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  get #files(): readonly ParquetFile[] {
    return [this.#pages, this.#scores, this.#twins, this.#ends, this.#cuts];
  }
}
