import { basename } from "node:path";
import { FormatError, oneLine } from "../../../pipeline/errors.ts";
import { readChunks } from "../../../pipeline/io/chunks.ts";
import { compressionOf, type Damage, gunzip, unzstd } from "../../../pipeline/io/decompress.ts";
import { openByteSource } from "../../../pipeline/io/open.ts";
import { decodeUtf8 } from "../../../pipeline/io/utf8.ts";
import { parseCsv } from "../../csv.ts";

export interface Row {
  readonly value: unknown;
  /** "file:line" */
  readonly where: string;
}

/**
 * The rows of a task's file: JSON Lines, or MMLU's original CSV (question, four choices, answer; the subject is the file's
 * name up to "_test", "_val" or "_dev"). Decompressed where the name ends in .gz or .zst. Raises FormatError, RecipeError.
 */
export async function readRows(path: string): Promise<Row[]> {
  const text = await readText(path);
  const csv = /^(.+)_(?:test|val|dev)\.csv$/i.exec(basename(path).replace(/\.(gz|gzip|zst|zstd)$/i, ""));
  return csv === null ? jsonRows(text, path) : mmluRows(text, path, csv[1]!);
}

function jsonRows(text: string, path: string): Row[] {
  const rows: Row[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const where = `${path}:${i + 1}`;
    try {
      rows.push({ value: JSON.parse(line), where });
    } catch (cause) {
      throw new FormatError(
        `${where}: found ${JSON.stringify(line.slice(0, 60))}, expected a JSON object (${oneLine(cause)})`,
        { cause },
      );
    }
  }
  return rows;
}

function mmluRows(text: string, path: string, subject: string): Row[] {
  return parseCsv(text, path).map(({ fields, line }) => {
    const where = `${path}:${line}`;
    if (fields.length !== 6) {
      throw new FormatError(`${where}: found ${fields.length} fields, expected 6: question, four choices, answer`);
    }
    return { value: { subject, question: fields[0], choices: fields.slice(1, 5), answer: fields[5] }, where };
  });
}

async function readText(path: string): Promise<string> {
  const source = await openByteSource(path);
  try {
    const stored = readChunks(source, 0, source.bytes);
    const compression = compressionOf(path);
    const parts: Buffer[] = [];
    const bytes = compression === "none" ? stored : compression === "gzip" ? gunzip(stored) : unzstd(stored);
    let damage: Damage | undefined;
    for (;;) {
      const next = await bytes.next();
      if (next.done) {
        damage = next.value ?? undefined;
        break;
      }
      parts.push(next.value);
    }
    if (damage !== undefined) {
      throw new FormatError(`${path} @ ${damage.offset}: the ${compression} data is damaged (${damage.reason})`);
    }
    return decodeUtf8(Buffer.concat(parts)).text;
  } finally {
    await source.close();
  }
}
