/** Files of what is measured on. It is to be the same everywhere, so a file is read as it is or not at all. */
import { basename } from "node:path";
import { FormatError } from "../../pipeline/errors.ts";
import { planInputs } from "../../pipeline/io/inputs.ts";
import type { PlannedInput, SourceLog, Span } from "../../pipeline/source.ts";

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
