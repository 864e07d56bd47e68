/** Questions to the ledger of a finished run. Row groups are read one after the other: memory stays bounded. */

import { closeSync, createReadStream, existsSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { zstdDecompressSync } from "node:zlib";
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetScan,
} from "hyparquet";
import { FormatError, oneLine } from "./errors.ts";
import type { LedgerPage } from "./ledger.ts";

const compressors = { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) };

/** Rows of one ledger file that a test accepts. Only `columns` are read where no row of a group matches. */
export async function* ledgerRows<T>(
  path: string,
  column: string,
  matches: (value: unknown) => boolean,
): AsyncGenerator<T> {
  const { file, metadata } = await openLedger(path);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const read = (columns?: string[]) =>
      parquetReadObjects({ file, metadata, compressors, ...(columns && { columns }), rowStart, rowEnd }).catch(
        (error) => refuseDamaged(path, error),
      );
    const values = (await read([column])) as Record<string, unknown>[];
    const hits = values.flatMap((row, i) => (matches(row[column]) ? [i] : []));
    if (hits.length > 0) {
      const rows = (await read()) as T[];
      for (const i of hits) yield rows[i]!;
    }
    rowStart = rowEnd;
  }
}

/** Columns of a ledger file, a row group at a time. Whole numbers are numbers, as in `LedgerPage`. */
export async function* ledgerColumns<Name extends string>(
  path: string,
  names: readonly Name[],
): AsyncGenerator<{ readonly rows: number } & Readonly<Record<Name, ArrayLike<unknown>>>> {
  const { file, metadata } = await openLedger(path);
  const scan = await parquetScan({ file, metadata, compressors, columns: [...names] });
  for (const { rowStart, rowEnd } of scan.ranges) {
    const columns = await Promise.all(names.map((column) => scan.readColumn({ column, rowStart, rowEnd }))).catch(
      (error) => refuseDamaged(path, error),
    );
    const named = Object.fromEntries(names.map((name, n) => [name, asNumbers(columns[n]!)]));
    yield { rows: rowEnd - rowStart, ...(named as Record<Name, ArrayLike<unknown>>) };
  }
}

function asNumbers(column: ArrayLike<unknown>): ArrayLike<unknown> {
  return typeof column[0] === "bigint" ? Float64Array.from(column as ArrayLike<bigint>, Number) : column;
}

async function openLedger(path: string): Promise<{ file: AsyncBuffer; metadata: FileMetaData }> {
  try {
    const file = await asyncBufferFromFile(path);
    return { file, metadata: await parquetMetadataAsync(file) };
  } catch (error) {
    refuseDamaged(path, error);
  }
}

function refuseDamaged(path: string, error: unknown): never {
  throw new FormatError(
    `${path}: missing or damaged (${oneLine(error)}); "sluice inspect RUN --verify" shows what else is`,
  );
}

/** All pages with this id or URL, in input order. */
export async function findPages(run: string, idOrUrl: string): Promise<LedgerPage[]> {
  const column = /^[0-9a-f]{32}$/.test(idOrUrl) ? "id" : "url";
  return await Array.fromAsync(
    ledgerRows<LedgerPage>(join(run, "ledger", "pages.parquet"), column, (value) => value === idOrUrl),
  );
}

export interface ScoreRow {
  readonly id: string;
  readonly stage: string;
  readonly name: string;
  readonly value: number;
}
export async function scoresOf(run: string, id: string): Promise<ScoreRow[]> {
  return await Array.fromAsync(
    ledgerRows<ScoreRow>(join(run, "ledger", "scores.parquet"), "id", (value) => value === id),
  );
}

export interface TwinRow {
  readonly id: string;
  readonly stage: string;
  readonly twin: string;
  readonly similarity: number;
  /** Output folder of the earlier run that the twin is of, as the recipe names it; absent where it is of the same run. */
  readonly run?: string | null;
  /** Of a twin of an earlier run. */
  readonly url?: string | null;
}
export async function twinsOf(run: string, id: string): Promise<TwinRow[]> {
  return await Array.fromAsync(
    ledgerRows<TwinRow>(join(run, "ledger", "twins.parquet"), "id", (value) => value === id),
  );
}

/** A passage that was cut out of a page; places are UTF-16 units of its text as it entered the stage. */
export interface CutRow {
  readonly id: string;
  readonly stage: string;
  readonly start: number;
  readonly end: number;
  /** The page where the passage stays, or first stood. */
  readonly twin: string | null;
}
export async function cutsOf(run: string, id: string): Promise<CutRow[]> {
  return await Array.fromAsync(ledgerRows<CutRow>(join(run, "ledger", "cuts.parquet"), "id", (value) => value === id));
}

/** URLs of pages, by id. */
export async function urlsOf(run: string, ids: ReadonlySet<string>): Promise<Map<string, string>> {
  const urls = new Map<string, string>();
  if (ids.size === 0) return urls;
  const isAsked = (value: unknown) => ids.has(value as string);
  for await (const { id, url } of ledgerRows<LedgerPage>(join(run, "ledger", "pages.parquet"), "id", isAsked)) {
    urls.set(id, url);
  }
  return urls;
}

/** Enough for a line: what was thrown is cut to a sentence. */
const FIRST_LINE_BYTES = 1 << 16;

/** The first line in the files of a folder (`quarantine`, `dropped/STAGE`), if there is one. */
export function firstReject(run: string, folder: string): Record<string, unknown> | undefined {
  const path = join(run, folder, "00000.jsonl");
  if (!existsSync(path)) return undefined;
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(FIRST_LINE_BYTES);
    const line = bytes.toString("utf8", 0, readSync(file, bytes)).split("\n", 1)[0]!;
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined; // A line that is longer, or damaged.
  } finally {
    closeSync(file);
  }
}

/** A page's line in the files of a folder (`quarantine`, `dropped/STAGE`), if it has one. */
export async function findReject(
  run: string,
  folder: string,
  id: string,
): Promise<Record<string, unknown> | undefined> {
  return (await findRejects(run, folder, [id])).get(id);
}

/** Lines begin `{"id":"` and the 32 digits. */
const ID_PLACE = [7, 39] as const;

/** The same of several pages, by id, in one pass. */
export async function findRejects(
  run: string,
  folder: string,
  ids: readonly string[],
): Promise<Map<string, Record<string, unknown>>> {
  const found = new Map<string, Record<string, unknown>>();
  const wanted = new Set(ids);
  const dir = join(run, folder);
  if (!existsSync(dir)) return found;
  for (const name of readdirSync(dir)
    .filter((one) => one.endsWith(".jsonl"))
    .sort()) {
    for await (const line of createInterface({ input: createReadStream(join(dir, name)) })) {
      const id = line.slice(...ID_PLACE);
      if (!wanted.has(id)) continue;
      found.set(id, JSON.parse(line) as Record<string, unknown>);
      if (found.size === wanted.size) return found;
    }
  }
  return found;
}
