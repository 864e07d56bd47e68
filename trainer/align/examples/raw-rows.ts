/** The rows of files before anyone knows what they mean: JSON Lines, a JSON array, or CSV with a header. */
import { FormatError, oneLine } from "../../../pipeline/errors.ts";
import { parseCsv } from "../../../pipeline/io/csv.ts";
import { findFiles, plainName, readWholeText } from "../../../pipeline/io/whole-files.ts";
import type { PlannedInput } from "../../../pipeline/source.ts";
import { RowFault } from "./faults.ts";

export interface RawRow {
  /** The file and the row in it, from 1: a line of JSON Lines or CSV, an element of a JSON array. */
  readonly place: string;
  /** Throws a RowFault where the line is not JSON. */
  readonly value: () => unknown;
}

export interface RawFile {
  readonly file: string;
  readonly location: string;
  readonly rows: readonly RawRow[];
}

/**
 * Reads files, named by paths, globs and URLs, as such, .gz or .zst. Raises RecipeError, `place` first, for one that is not
 * there; FormatError for one that is damaged, has no rows, or is neither of the three.
 */
export async function readRawFiles(
  files: readonly string[],
  { kind, place }: { readonly kind: string; readonly place: string },
): Promise<RawFile[]> {
  const read: RawFile[] = [];
  for (const input of await findFiles(files, place)) {
    const { file, location } = input;
    const text = (await readWholeText(input)).replace(/^\uFEFF/, "");
    const rows = rowsOf(text, input).map(({ n, value }) => ({ place: `${file}:${n}`, value }));
    if (rows.length === 0) throw new FormatError(`${location}: found no rows, expected those of ${kind}`);
    read.push({ file, location, rows });
  }
  return read;
}

interface NumberedRow {
  readonly n: number;
  readonly value: () => unknown;
}

function rowsOf(text: string, input: PlannedInput): NumberedRow[] {
  if (/\.csv$/i.test(plainName(input))) return csvRows(text, input.location);
  return text.trimStart().startsWith("[") ? arrayRows(text, input.location) : lineRows(text);
}

function lineRows(text: string): NumberedRow[] {
  const rows: NumberedRow[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() !== "") rows.push({ n: i + 1, value: () => parse(line) });
  }
  return rows;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new RowFault("not-json", oneLine(error));
  }
}

function arrayRows(text: string, location: string): NumberedRow[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const rows = lineRows(text);
    if (isJson(rows[0]!)) return rows; // JSON Lines, each of them an array.
    throw new FormatError(`${location}: not a JSON array: ${oneLine(cause)}`, { cause });
  }
  return (value as unknown[]).map((element, i) => ({ n: i + 1, value: () => element }));
}

function isJson({ value }: NumberedRow): boolean {
  try {
    value();
    return true;
  } catch {
    return false;
  }
}

function csvRows(text: string, location: string): NumberedRow[] {
  const [header, ...records] = parseCsv(text, location);
  if (header === undefined) return [];
  const twice = header.fields.find((name, i) => header.fields.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new FormatError(
      `${location}:${header.line}: found two columns "${twice}", expected a header of different names`,
    );
  }
  return records.map(({ fields, line }) => {
    const row = Object.fromEntries(header.fields.map((name, i) => [name, fields[i]]));
    return { n: line, value: () => row };
  });
}
