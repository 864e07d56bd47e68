/** A table of runs, from CSV or a JSON list of objects; every mistake in it is told with file, line and column. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { FormatError, oneLine, RecipeError } from "../../pipeline/errors.ts";
import { parseCsv } from "../../pipeline/io/csv.ts";

export interface Table {
  readonly path: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

export interface Row {
  /** "runs.csv:5", or "runs.json[3]". */
  readonly place: string;
  readonly cells: ReadonlyMap<string, string>;
}

export function readTable(path: string): Table {
  if (!existsSync(path)) throw new RecipeError(`${path}: no such file (expected a table of runs, CSV or JSON)`);
  if (statSync(path).isDirectory()) throw new RecipeError(`${path}: found a folder, expected a table of runs`);
  const text = readFileSync(path, "utf8");
  const table = /^\uFEFF?\s*[[{]/.test(text) ? fromJson(text, path) : fromCsv(text, path);
  if (table.rows.length === 0) throw new FormatError(`${path}: found no runs, expected a heading and a run a line`);
  return table;
}

/** The number in a cell. Raises FormatError where there is none above zero. */
export function positiveIn({ place, cells }: Row, column: string): number {
  const cell = cells.get(column) ?? "";
  const value = cell.trim() === "" ? Number.NaN : Number(cell);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new FormatError(`${place}: column "${column}": found ${JSON.stringify(cell)}, expected a number above zero`);
}

function fromCsv(text: string, path: string): Table {
  const [heading, ...records] = parseCsv(text, path);
  const columns = heading?.fields.map((name) => name.trim()) ?? [];
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined) throw new FormatError(`${path}:${heading!.line}: found the column "${twice}" twice`);
  const rows = records.map(({ fields, line }) => ({
    place: `${path}:${line}`,
    cells: new Map(columns.map((name, i) => [name, fields[i]!])),
  }));
  return { path, columns, rows };
}

function fromJson(text: string, path: string): Table {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new FormatError(`${path}: not JSON: ${oneLine((error as Error).message)}`, { cause: error });
  }
  if (!Array.isArray(value)) throw new FormatError(`${path}: found an object, expected a list with an object a run`);
  const rows = value.map((run: unknown, i) => {
    const place = `${path}[${i}]`;
    if (typeof run !== "object" || run === null)
      throw new FormatError(`${place}: expected an object, a field a column`);
    return { place, cells: new Map(Object.entries(run).map(([name, cell]) => [name, String(cell)])) };
  });
  return { path, columns: [...new Set(rows.flatMap(({ cells }) => [...cells.keys()]))], rows };
}
