/** Comma-separated values as RFC 4180 has them: quoted fields may hold commas, quotes and line ends. */
import { CsvError, parse } from "csv-parse/sync";
import { FormatError } from "../errors.ts";

export interface CsvRecord {
  readonly fields: readonly string[];
  /** On which it begins, from 1. */
  readonly line: number;
}

/** The records of a file's text, empty lines left out; all have equally many fields. `path` is for messages. */
export function parseCsv(text: string, path: string): CsvRecord[] {
  let parsed: { record: string[]; info: { lines: number } }[];
  try {
    // Line ends are named: otherwise those of the first line are expected of all others.
    const options = { bom: true, info: true, skip_empty_lines: true, record_delimiter: ["\r\n", "\n"] };
    parsed = parse(text, options) as unknown[] as typeof parsed; // Its types know nothing of `info`.
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === "number" ? `:${error.lines}` : "";
    throw new FormatError(`${path}${line}: not CSV (RFC 4180): ${error.message}`, { cause: error });
  }
  // The parser tells the line on which a record ends.
  return parsed.map(({ record, info }) => ({ fields: record, line: info.lines - lineEnds(record) }));
}

function lineEnds(fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + field.split("\n").length - 1, 0);
}
