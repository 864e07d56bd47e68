import { join } from "node:path";
import { FormatError } from "../errors.ts";
import { hashFile } from "../io/durable.ts";
import { type PackingManifest, readPackingManifest } from "./packing-manifest.ts";
import { openRows, type PackedRow, type RowsFile } from "./rows-file.ts";

/**
 * The rows of a folder that `sluice pack` wrote, read at random. Every row is checked as it is read.
 * @example
 * const rows = PackedRows.open("packed");
 * const { tokens, documentStarts } = rows.row(0);
 * rows.close();
 */
export class PackedRows {
  readonly dir: string;
  readonly manifest: PackingManifest;
  readonly rowCount: number;
  readonly #files: readonly RowsFile[];
  /** The number of the first row of each file. */
  readonly #firstRows: readonly number[];

  private constructor(dir: string, manifest: PackingManifest, files: readonly RowsFile[]) {
    const firstRows: number[] = [];
    let rowCount = 0;
    for (const file of files) {
      firstRows.push(rowCount);
      rowCount += file.rowCount;
    }
    this.dir = dir;
    this.manifest = manifest;
    this.rowCount = rowCount;
    this.#files = files;
    this.#firstRows = firstRows;
  }

  /** Opens the folder; raises FormatError if a file is missing, cut short, or another than the manifest says. */
  static open(dir: string): PackedRows {
    const manifest = readPackingManifest(dir);
    const files: RowsFile[] = [];
    try {
      for (const { path } of manifest.files) files.push(openRowsOf(join(dir, path)));
      for (const [n, file] of files.entries()) checkAgainst(manifest, n, file);
      const rows = new PackedRows(dir, manifest, files);
      if (rows.rowCount === manifest.counts.rows) return rows;
      throw new FormatError(`${dir}: ${rows.rowCount} rows, the manifest says ${manifest.counts.rows}; pack again`);
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
  }

  /** Positions a model sees; a row has one token more. */
  get length(): number {
    return this.manifest.identity.length;
  }

  /** Row n, from 0, over all files. Raises FormatError if a byte of it is not as it was written. */
  row(n: number): PackedRow {
    if (!(Number.isInteger(n) && n >= 0 && n < this.rowCount)) {
      throw new RangeError(`${this.dir}: row ${n} of ${this.rowCount}`);
    }
    let low = 0;
    let high = this.#files.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#firstRows[middle]! <= n) low = middle;
      else high = middle - 1;
    }
    return this.#files[low]!.row(n - this.#firstRows[low]!);
  }

  /** Raises FormatError unless the rows were packed from shards of the tokenizer with this digest. */
  expectTokenizer(digest: string): void {
    const { name, digest: found } = this.manifest.identity.tokenizer;
    if (found === digest) return;
    throw new FormatError(
      `${this.dir}: vocabulary ${found.slice(0, 12)}… (${name}) does not match the tokenizer ${digest.slice(0, 12)}… it is being read with`,
    );
  }

  /** Reads every byte and compares it with the checksums; raises FormatError, saying where, at the first difference. */
  async verify(): Promise<void> {
    for (const [n, file] of this.#files.entries()) {
      file.verify();
      const { sha256 } = await hashFile(file.path);
      const expected = this.manifest.files[n]!.sha256;
      if (sha256 === expected) continue;
      throw new FormatError(
        `${file.path}: sha256 ${sha256.slice(0, 12)}…, the manifest says ${expected.slice(0, 12)}…; pack again`,
      );
    }
  }

  close(): void {
    for (const file of this.#files) file.close();
  }
}

function openRowsOf(path: string): RowsFile {
  try {
    return openRows(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new FormatError(`${path}: missing, the manifest lists it; pack again`);
  }
}

function checkAgainst({ identity, files }: PackingManifest, n: number, { path, header }: RowsFile): void {
  const facts: readonly (readonly [string, unknown, unknown])[] = [
    ["rows", header.rowCount, files[n]!.rows],
    ["tokens a row", header.rowTokens, identity.length + 1],
    ["tokenizer", header.tokenizer.digest, identity.tokenizer.digest],
  ];
  for (const [what, found, expected] of facts) {
    if (found !== expected)
      throw new FormatError(`${path}: ${what}: ${found}, the manifest says ${expected}; pack again`);
  }
}
