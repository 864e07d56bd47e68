import { FormatError, oneLine } from "../../../pipeline/errors.ts";
import { parseCsv } from "../../../pipeline/io/csv.ts";
import { findFiles, plainName, readWholeText } from "../../../pipeline/io/whole-files.ts";

export interface Row {
  readonly value: unknown;
  readonly location: string;
  readonly line: number;
}

/**
 * The rows of a task's files, named by paths, globs and http(s) URLs: JSON Lines, or MMLU's original CSV (question, four
 * choices, answer; the subject is the file's name up to "_test", "_val" or "_dev"), as such, .gz or .zst. `place` names
 * them in errors. Raises RecipeError for a file that is not there, FormatError for one that is damaged or has no rows.
 */
export async function readRows(files: readonly string[], place: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const input of await findFiles(files, place)) {
    const text = await readWholeText(input);
    const csv = /^(.+)_(?:test|val|dev)\.csv$/i.exec(plainName(input));
    rows.push(...(csv === null ? jsonRows(text, input.location) : mmluRows(text, input.location, csv[1]!)));
  }
  if (rows.length === 0) throw new FormatError(`${files.join(", ")}: found no rows, expected those of ${place}`);
  return rows;
}

function jsonRows(text: string, location: string): Row[] {
  const rows: Row[] = [];
  for (const [i, json] of text.split("\n").entries()) {
    if (json.trim() === "") continue;
    try {
      rows.push({ value: JSON.parse(json), location, line: i + 1 });
    } catch (cause) {
      const found = JSON.stringify(json.slice(0, 60));
      const message = `${location}:${i + 1}: found ${found}, expected a JSON object (${oneLine(cause)})`;
      throw new FormatError(message, { cause });
    }
  }
  return rows;
}

function mmluRows(text: string, location: string, subject: string): Row[] {
  return parseCsv(text, location).map(({ fields, line }) => {
    if (fields.length !== 6) {
      const expected = "expected 6: question, four choices, answer";
      throw new FormatError(`${location}:${line}: found ${fields.length} fields, ${expected}`);
    }
    const value = { subject, question: fields[0], choices: fields.slice(1, 5), answer: fields[5] };
    return { value, location, line };
  });
}
