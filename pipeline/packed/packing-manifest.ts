/** `packing.json`: what a folder of packed rows is, and what it was made of. It is written last. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../canonical.ts";
import { FormatError } from "../errors.ts";
import type { PageSample } from "../page-sample.ts";
import type { ShardTokenizer } from "../shard.ts";

export const PACKING_MANIFEST = "packing.json";
/** The folder of the files of rows, beside the manifest. */
export const ROWS_FOLDER = "rows";

export type Strategy = "concatenate" | "best-fit";
/** What best-fit does with a row that no document fits. */
export type Fill = "crop" | "pad";

/** A shard that was packed, and the run that wrote it where that is known. */
export interface PackingSource {
  readonly run: string | null;
  /** Within the run's folder; the name alone of a shard that was given by itself. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly documents: number;
  readonly tokens: number;
}

/** Everything that decides the rows, and nothing else: no folder, time, host or memory. */
export interface PackingIdentity {
  readonly sluice: string;
  /** Positions a model sees, T; rows hold T + 1 tokens. */
  readonly length: number;
  readonly strategy: Strategy;
  /** Of best-fit alone; null for others. */
  readonly fill: Fill | null;
  readonly bufferDocuments: number | null;
  /** Of the order of documents and rows; null where both are as they come. */
  readonly seed: number | null;
  readonly shuffleDocuments: boolean;
  readonly shuffleRows: boolean;
  /** Absent where all documents were packed. */
  readonly sample?: PageSample;
  readonly tokenizer: ShardTokenizer;
  /** Documents are numbered through these, in this order. */
  readonly sources: readonly PackingSource[];
}

/** `tokensIn = tokensKept + tokensCropped + tokensRemainder`, and every row is full of kept tokens and padding. */
export interface PackingCounts {
  /** Documents read, and their tokens with end-of-text. */
  documents: number;
  tokensIn: number;
  rows: number;
  tokensKept: number;
  /** Cut off the documents that filled rows up, and in no row. */
  tokensCropped: number;
  /** In the last row, which was not full and is not written. */
  tokensRemainder: number;
  /** Positions of rows that no document fills. */
  tokensPadded: number;
  /** Documents that lie in one row from their first token to their end-of-text. */
  documentsWhole: number;
  /** Documents of which rows hold a part, or parts. What is neither whole nor cut is in the remainder alone. */
  documentsCut: number;
}

export interface RowsArtifact {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface PackingManifest {
  readonly format: 1;
  readonly id: string;
  readonly identity: PackingIdentity;
  readonly counts: PackingCounts;
  readonly files: readonly RowsArtifact[];
}

/** Reads the manifest of a folder of packed rows; a folder without one holds no finished pack. */
export function readPackingManifest(dir: string): PackingManifest {
  const path = join(dir, PACKING_MANIFEST);
  if (!existsSync(path)) {
    const found = existsSync(dir) ? "a folder without a finished pack" : "no such folder";
    throw new FormatError(`${dir}: no ${PACKING_MANIFEST}; found ${found}; expected the output of "sluice pack"`);
  }
  try {
    const manifest = JSON.parse(readFileSync(path, "utf8")) as PackingManifest;
    for (const field of ["identity", "counts"] as const) {
      if (typeof manifest?.[field] !== "object") throw new Error(`no field "${field}"`);
    }
    if (!Array.isArray(manifest.files)) throw new Error(`no field "files"`);
    if (manifest.format !== 1) throw new Error(`format ${manifest.format}, this version reads 1`);
    if (manifest.id !== digestOf(manifest.identity)) throw new Error("its id does not match its identity");
    return manifest;
  } catch (error) {
    throw new FormatError(`${path}: not a manifest of packed rows: ${(error as Error).message}`);
  }
}
