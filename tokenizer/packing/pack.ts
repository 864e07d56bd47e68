/**
 * From token shards to training rows: shards are read and checked, documents put in seeded order, packed, their rows put
 * in seeded order if wanted, and written.
 *
 *     shards ─▶ verify ─▶ [ shuffle documents ] ─▶ concatenate | best-fit ─▶ [ shuffle rows ] ─▶ rows/*.rows, packing.json
 */
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { digestOf } from "../../pipeline/canonical.ts";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { failpoint } from "../../pipeline/failpoints.ts";
import { hashFile } from "../../pipeline/io/durable.ts";
import { engineVersion } from "../../pipeline/modules.ts";
import {
  type Fill,
  type PackingCounts,
  type PackingIdentity,
  type PackingManifest,
  type PackingSource,
  ROWS_FOLDER,
  type RowsArtifact,
  type Strategy,
} from "../../pipeline/packed/packing-manifest.ts";
import {
  createRows,
  encodePieces,
  PIECE_BYTES,
  ROWS_ENDING,
  type RowsWriter,
} from "../../pipeline/packed/rows-file.ts";
import type { PageSample } from "../../pipeline/page-sample.ts";
import { type ShardTokenizer, type TokenArray, tokenBytesFor } from "../../pipeline/shard.ts";
import { defaultBufferDocuments } from "./best-fit.ts";
import { packBestFitFast } from "./best-fit-fast.ts";
import { concatenate } from "./concatenate.ts";
import { noCounts } from "./counts.ts";
import { bytesOfTokens, type DocumentSpan } from "./document-span.ts";
import { PackingFolder } from "./packing-folder.ts";
import { ShardDocuments } from "./shard-documents.ts";
import { ExternalShuffle, minShuffleBytes, recordBytes, SHUFFLE_ROWS, shuffleKey } from "./shuffle.ts";

export const DEFAULT_MEMORY_BYTES = 512e6;
export const MIN_LENGTH = 2;
/** Places in a row take four bytes; far below that a row is no longer something a model is trained on. */
export const MAX_LENGTH = 2 ** 24;

const FILE_NUMBER_DIGITS = 5;
/** Rows between two looks at the clock and the signal. */
const TOKENS_A_BREATH = 1 << 20;

/** A shard to pack. */
export interface ShardToPack {
  /** Where it lies. */
  readonly path: string;
  /** The run that wrote it and what that run's manifest says, where there is one. */
  readonly run?: { readonly id: string; readonly path: string; readonly sha256: string };
}

export interface PackOptions {
  readonly shards: readonly ShardToPack[];
  readonly outDir: string;
  /** Positions a model sees, T: rows hold T + 1 tokens. */
  readonly length: number;
  readonly strategy: Strategy;
  /** Of best-fit. */
  readonly fill?: Fill;
  /** Of best-fit; see `BestFitParams`. */
  readonly bufferDocuments?: number;
  readonly seed?: number;
  readonly shuffleDocuments?: boolean;
  readonly shuffleRows?: boolean;
  /** Packs these documents alone, told by their page ids. */
  readonly sample?: PageSample;
  /** What the shuffles and the buffer may hold. It does not change the rows. */
  readonly memoryBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PackProgress) => void;
}

export interface PackProgress {
  readonly phase: "checking" | "shuffling" | "packing";
  /** Of `totalTokens`, in this phase. */
  readonly tokens: number;
  readonly totalTokens: number;
  readonly rows: number;
}

/**
 * Packs shards into a new folder and returns its manifest. The same shards and parameters give the same bytes, for any
 * memory; a pack that fails or is interrupted leaves no manifest.
 * @example
 * await pack({ shards: [{ path: "out/data/00000.tok" }], outDir: "packed", length: 2048, strategy: "best-fit" });
 */
export async function pack(options: PackOptions): Promise<PackingManifest> {
  const params = withDefaults(options);
  const folder = PackingFolder.open(options.outDir);
  let documents: ShardDocuments | undefined;
  try {
    documents = await checkShards(options);
    const { tokenizer } = documents;
    const budgets = divideMemory(params, tokenizer);
    const identity: PackingIdentity = {
      sluice: engineVersion,
      length: params.length,
      strategy: params.strategy,
      fill: params.strategy === "best-fit" ? params.fill : null,
      bufferDocuments: params.strategy === "best-fit" ? params.bufferDocuments : null,
      seed: params.shuffleDocuments || params.shuffleRows ? params.seed : null,
      shuffleDocuments: params.shuffleDocuments,
      shuffleRows: params.shuffleRows,
      ...(options.sample && { sample: options.sample }),
      tokenizer,
      sources: await describeSources(options, documents),
    };
    const counts = noCounts();
    const ordered = await inSeededOrder(documents, params, folder, budgets.shuffleBytes, options);
    const files = await writeRows(ordered, params, folder, budgets.shuffleBytes, documents, counts, options);
    if (counts.rows === 0) {
      throw new RecipeError(
        `${counts.tokensIn} tokens fill no row of ${params.length + 1}; give more shards or a smaller length`,
      );
    }
    const manifest: PackingManifest = { format: 1, id: digestOf(identity), identity, counts, files };
    await folder.publish(manifest);
    return manifest;
  } finally {
    documents?.close();
    folder.discard();
  }
}

type Params = Required<Omit<PackOptions, "shards" | "outDir" | "sample" | "signal" | "onProgress">>;

function withDefaults(options: PackOptions): Params {
  const params: Params = {
    length: options.length,
    strategy: options.strategy,
    fill: options.fill ?? "pad",
    bufferDocuments: options.bufferDocuments ?? defaultBufferDocuments(options.length + 1),
    seed: options.seed ?? 0,
    shuffleDocuments: options.shuffleDocuments ?? true,
    shuffleRows: options.shuffleRows ?? false,
    memoryBytes: options.memoryBytes ?? DEFAULT_MEMORY_BYTES,
  };
  const expectWhole = (name: string, value: number, min: number, max: number): void => {
    if (Number.isInteger(value) && value >= min && value <= max) return;
    throw new RecipeError(`pack: ${name} ${value}: expected a whole number from ${min} to ${max}`);
  };
  expectWhole("length", params.length, MIN_LENGTH, MAX_LENGTH);
  expectWhole("bufferDocuments", params.bufferDocuments, 1, 2 ** 24);
  expectWhole("seed", params.seed, 0, Number.MAX_SAFE_INTEGER);
  return params;
}

/** The buffer of best-fit takes what it may need; the shuffles that are at work at the same time share the rest. */
function divideMemory(params: Params, { vocabSize }: ShardTokenizer): { readonly shuffleBytes: number } {
  const { length, strategy, bufferDocuments, shuffleDocuments, shuffleRows, memoryBytes } = params;
  const bufferBytes = strategy === "best-fit" ? bufferDocuments * (length + 1) * tokenBytesFor(vocabSize) : 0;
  const shuffles = [
    ...(shuffleDocuments ? [minShuffleBytes(ShardDocuments.maxPayloadBytes)] : []),
    ...(shuffleRows ? [minShuffleBytes(maxRowRecordBytes(length + 1, vocabSize))] : []),
  ];
  const needed = bufferBytes + shuffles.length * Math.max(0, ...shuffles);
  if (memoryBytes < needed) {
    throw new RecipeError(
      `pack: memory of ${toMb(memoryBytes)} MB: this needs ${toMb(needed)} (${toMb(bufferBytes)} of it for the buffer of best-fit); allow more memory, or a smaller buffer`,
    );
  }
  return { shuffleBytes: Math.floor((memoryBytes - bufferBytes) / Math.max(1, shuffles.length)) };
}

function toMb(bytes: number): string {
  return String(Math.ceil(bytes / 1e6));
}

/** Lets timers and signals have their turn, and tells how far the work is. */
async function pause(options: PackOptions, progress: PackProgress): Promise<void> {
  options.onProgress?.(progress);
  await breathe();
  options.signal?.throwIfAborted();
}

async function checkShards(options: PackOptions): Promise<ShardDocuments> {
  const paths = options.shards.map(({ path }) => path);
  return ShardDocuments.verify(
    paths,
    (tokens, totalTokens) => pause(options, { phase: "checking", tokens, totalTokens, rows: 0 }),
    options.sample,
  );
}

async function describeSources(options: PackOptions, documents: ShardDocuments): Promise<PackingSource[]> {
  const sources: PackingSource[] = [];
  for (const [n, { path, run }] of options.shards.entries()) {
    const { bytes, sha256 } = await hashFile(path);
    if (run !== undefined && run.sha256 !== sha256) {
      throw new FormatError(
        `${path}: sha256 ${sha256.slice(0, 12)}…, the run's manifest says ${run.sha256.slice(0, 12)}…; run again`,
      );
    }
    const { documents: documentCount, tokens } = documents.shards[n]!;
    const place = { run: run?.id ?? null, path: run?.path ?? basename(path) };
    sources.push({ ...place, bytes, sha256, documents: documentCount, tokens });
  }
  return sources;
}

async function inSeededOrder(
  documents: ShardDocuments,
  { seed, shuffleDocuments }: Params,
  { work }: PackingFolder,
  memoryBytes: number,
  options: PackOptions,
): Promise<Iterable<DocumentSpan>> {
  if (!shuffleDocuments) return documents.inOrder();
  const folder = join(work, "documents");
  mkdirSync(folder);
  return documents.shuffled(seed, { folder, memoryBytes }, (tokens) => {
    failpoint("read");
    return pause(options, { phase: "shuffling", tokens, totalTokens: documents.tokenCount, rows: 0 });
  });
}

async function writeRows(
  ordered: Iterable<DocumentSpan>,
  params: Params,
  folder: PackingFolder,
  memoryBytes: number,
  documents: ShardDocuments,
  counts: PackingCounts,
  options: PackOptions,
): Promise<RowsArtifact[]> {
  const { tokenizer, tokenCount } = documents;
  const rowTokens = params.length + 1;
  const { fill, bufferDocuments } = params;
  const rows =
    params.strategy === "concatenate"
      ? concatenate(ordered, rowTokens, counts)
      : packBestFitFast(ordered, { rowTokens, fill, bufferDocuments }, counts);
  const writer = new RowsSetWriter(folder, tokenizer, rowTokens);
  const encoder = new RowEncoder(tokenizer, rowTokens);
  const tell = (): Promise<void> =>
    pause(options, { phase: "packing", tokens: counts.tokensIn, totalTokens: tokenCount, rows: counts.rows });
  const rowsABreath = Math.ceil(TOKENS_A_BREATH / rowTokens);
  let shuffle: ExternalShuffle | undefined;
  try {
    if (params.shuffleRows) shuffle = shuffleOfRows(params, folder, memoryBytes, documents);
    for (const row of rows) {
      const { tokens, pieces } = encoder.encode(row);
      if (shuffle === undefined) await writer.add(tokens, pieces);
      else shuffle.add(shuffleKey(params.seed, SHUFFLE_ROWS, String(counts.rows - 1)), tokens, pieces);
      if (counts.rows % rowsABreath === 0) await tell();
    }
    if (shuffle !== undefined) {
      const rowBytes = rowTokens * tokenBytesFor(tokenizer.vocabSize);
      let written = 0;
      for (const record of shuffle.drain()) {
        await writer.add(record.subarray(0, rowBytes), record.subarray(rowBytes));
        if (++written % rowsABreath === 0) await tell();
      }
    }
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    shuffle?.close();
  }
}

/** A row with a piece for each of its tokens. */
function maxRowRecordBytes(rowTokens: number, vocabSize: number): number {
  return rowTokens * (tokenBytesFor(vocabSize) + PIECE_BYTES);
}

function shuffleOfRows(
  { length }: Params,
  { work }: PackingFolder,
  memoryBytes: number,
  { tokenizer: { vocabSize }, tokenCount, documentCount }: ShardDocuments,
): ExternalShuffle {
  const folder = join(work, "rows-in-order");
  mkdirSync(folder);
  const rowBytes = (length + 1) * tokenBytesFor(vocabSize);
  const expectedRows = Math.ceil(tokenCount / (length + 1));
  return new ExternalShuffle({
    folder,
    memoryBytes,
    maxPayloadBytes: maxRowRecordBytes(length + 1, vocabSize),
    expectedBytes: expectedRows * recordBytes(rowBytes) + (expectedRows + documentCount) * PIECE_BYTES,
  });
}

/** Rows as bytes, in an array that is used again: valid until the next row. */
class RowEncoder {
  readonly #endOfText: number;
  readonly #tokens: TokenArray;

  constructor({ endOfText, vocabSize }: ShardTokenizer, rowTokens: number) {
    this.#endOfText = endOfText;
    this.#tokens = tokenBytesFor(vocabSize) === 2 ? new Uint16Array(rowTokens) : new Uint32Array(rowTokens);
  }

  encode(row: readonly DocumentSpan[]): { readonly tokens: Uint8Array; readonly pieces: Buffer } {
    let at = 0;
    for (const span of row) {
      span.copyTo(this.#tokens, at);
      at += span.length;
    }
    this.#tokens.fill(this.#endOfText, at);
    return { tokens: bytesOfTokens(this.#tokens), pieces: encodePieces(row) };
  }
}

/** Files of rows, one after the other. */
class RowsSetWriter {
  readonly #folder: PackingFolder;
  readonly #tokenizer: ShardTokenizer;
  readonly #rowTokens: number;
  readonly #files: RowsArtifact[] = [];
  #current: { readonly name: string; readonly writer: RowsWriter } | undefined;

  constructor(folder: PackingFolder, tokenizer: ShardTokenizer, rowTokens: number) {
    this.#folder = folder;
    this.#tokenizer = tokenizer;
    this.#rowTokens = rowTokens;
  }

  async add(tokens: Uint8Array, pieces: Buffer): Promise<void> {
    if (this.#current === undefined) {
      const name = `${String(this.#files.length).padStart(FILE_NUMBER_DIGITS, "0")}${ROWS_ENDING}`;
      this.#current = {
        name,
        writer: await createRows(join(this.#folder.rows, name), this.#tokenizer, this.#rowTokens),
      };
    }
    failpoint("write");
    await this.#current.writer.add(tokens, pieces);
    if (this.#current.writer.isFull) await this.#finishFile();
  }

  async finish(): Promise<RowsArtifact[]> {
    await this.#finishFile();
    return this.#files;
  }

  async abort(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.writer.abort();
  }

  async #finishFile(): Promise<void> {
    if (this.#current === undefined) return;
    const { name, writer } = this.#current;
    this.#current = undefined;
    const { rowCount } = await writer.finish();
    this.#files.push({
      path: `${ROWS_FOLDER}/${name}`,
      rows: rowCount,
      ...(await hashFile(join(this.#folder.rows, name))),
    });
  }
}
