import { FormatError, oneLine } from "../../../pipeline/errors.ts";
import { spanText } from "../../../pipeline/io/span-bytes.ts";
import { decodeUtf8 } from "../../../pipeline/io/utf8.ts";
import type { PlannedInput } from "../../../pipeline/source.ts";
import { parseCsv } from "../../csv.ts";
import { findFiles, plainName, strictLog, wholeSpan } from "../input-files.ts";

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
    const text = await readText(input);
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

async function readText(input: PlannedInput): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of spanText(wholeSpan(input), strictLog(input))) parts.push(part);
  const { text, invalid } = decodeUtf8(Buffer.concat(parts));
  if (invalid === 0) return text;
  throw new FormatError(`${input.location}: ${invalid} sequences of bytes are not UTF-8; write the file anew in UTF-8`);
}
