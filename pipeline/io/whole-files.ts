/** Files that are to be the same everywhere, as those that models are measured on: read as they are, or not at all. */
import { isUtf8 } from "node:buffer";
import { basename } from "node:path";
import { FormatError } from "../errors.ts";
import type { PlannedInput, SourceLog, Span } from "../source.ts";
import { planInputs } from "./inputs.ts";
import { spanText } from "./span-bytes.ts";
import { decodeUtf8 } from "./utf8.ts";

/** `files` are paths, globs and http(s) URLs. Raises RecipeError, `place` first, for one that is not there. */
export function findFiles(files: readonly string[], place: string): Promise<PlannedInput[]> {
  return planInputs(files, { resolvePath: (path) => path, seed: 0 }, place, 1, { wholeFile: () => true });
}

/** The file's name without the folder and the ending of its compression. */
export function plainName({ file }: PlannedInput): string {
  return basename(file).replace(/\.(gz|gzip|bgz|zst|zstd)$/i, "");
}

/** All of a file. */
export function wholeSpan({ file, location, bytes, revision }: PlannedInput): Span {
  return { index: 0, file, location, fileBytes: bytes, revision, start: 0, end: bytes };
}

/** Raises FormatError for the first bytes that cannot be read. */
export function strictLog({ location }: PlannedInput): SourceLog {
  return {
    skipped: () => {},
    bytesRead: () => {},
    lost: ({ offset, reason }) => {
      throw new FormatError(`${location} @ ${offset}: ${reason}; copy the file again`);
    },
  };
}

/** The text of a file, decompressed. Raises FormatError where it is damaged, or not UTF-8. */
export async function readWholeText(input: PlannedInput): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of spanText(wholeSpan(input), strictLog(input))) parts.push(part);
  const bytes = Buffer.concat(parts);
  const { text, invalid } = decodeUtf8(bytes);
  if (invalid === 0) return text;
  throw new FormatError(
    `${input.location}: ${invalid} sequences of bytes are not UTF-8, the first in line ${lineNotUtf8(bytes)}; write the file anew in UTF-8`,
  );
}

/** From 1. No byte of a longer sequence is a line feed. */
function lineNotUtf8(bytes: Buffer): number {
  let line = 1;
  for (let from = 0; from < bytes.length; line++) {
    const end = bytes.indexOf("\n", from);
    const to = end < 0 ? bytes.length : end + 1;
    if (!isUtf8(bytes.subarray(from, to))) break;
    from = to;
  }
  return line;
}
