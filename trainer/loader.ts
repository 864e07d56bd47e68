/**
 * Feeds a training loop. Every row has a number, from 0 to as far as training goes, and everything about it follows from
 * that number: its source (`mixture.ts`), the source's epoch and the place in it, the row at that place (`order.ts`), and
 * its tokens (`token-rows.ts`). So a batch does not depend on the batches before it, on the batch size or on how many
 * files hold the data, and what a checkpoint has to keep is one number: how many rows were taken.
 *
 *     number 17 ─▶ source b, its 6th row ─▶ epoch 1, place 2 ─▶ row 9 of b ─▶ T + 1 tokens ─▶ inputs, targets, weights
 */
import { FormatError, RecipeError } from "../pipeline/errors.ts";
import { cumulativeLengths, targetMask } from "../pipeline/packed/masks.ts";
import type { ShardTokenizer } from "../pipeline/shard.ts";
import { Mixture } from "./mixture.ts";
import { type EpochOrder, epochOrder } from "./order.ts";
import { openTokenRows, type TokenRow, type TokenRows } from "./token-rows.ts";

export interface LoaderSource {
  /** The output folder of a run, or of `sluice pack`. */
  readonly folder: string;
  /** Rows are taken in the ratio of the weights. Default: 1. */
  readonly weight?: number;
}

export interface LoaderOptions {
  readonly sources: readonly LoaderSource[];
  /** Positions the model sees, T. */
  readonly contextLength: number;
  /** Of the order of rows. */
  readonly seed: number;
  /** Whether documents that share a row are kept apart: nothing is predicted across their borders. Default: no. */
  readonly documentMasks?: boolean;
  /**
   * Whether shards are read to their end when they are opened, so that damage is found before training and not during
   * it. Default: yes. Ids are held against the vocabulary in every row either way.
   */
  readonly verify?: boolean;
}

/** B rows of T positions, row by row. The arrays are the caller's. */
export interface Batch {
  readonly rows: number;
  readonly positions: number;
  /** [B · T] what the model reads. */
  readonly tokens: Int32Array;
  /** [B · T] what it is to predict: the token after. */
  readonly targets: Int32Array;
  /** [B · T] 1, or 0 where the target does not count: in padding, and with document masks across documents. */
  readonly weights: Float32Array;
  /**
   * [B · T] which document of the row a position belongs to, from 0, padding as one of its own: positions attend within
   * equal numbers. Without document masks a row is one document, and all are 0.
   */
  readonly documents: Int32Array;
}

/** Where a row number leads. */
export interface RowPlace {
  /** In the list of sources. */
  readonly source: number;
  readonly epoch: number;
  /** In the source. */
  readonly row: number;
}

/** What was taken from a source. */
export interface SourceProgress {
  readonly folder: string;
  readonly rowsTaken: number;
  /** How often the source was gone through, with the part of the epoch that is under way: 1.25, say. */
  readonly epochsTaken: number;
}

/** A source as it was opened. */
export interface OpenSource {
  readonly folder: string;
  readonly manifestId: string;
  /** The part of all rows that comes from it. */
  readonly share: number;
  readonly rowsPerEpoch: number;
  /** Tokens at the end of its stream that fill no row. */
  readonly droppedTokens: number;
  /** UTF-8 bytes of text a token, end-of-text counted among the tokens; undefined where no manifest tells. */
  readonly bytesPerToken: number | undefined;
}

/**
 * Opens the sources and checks that they go together.
 * @example
 * const loader = await openLoader({ sources: [{ folder: "out" }], contextLength: 1024, seed: 1 });
 * for (let rowsTaken = 0; rowsTaken < 100_000; rowsTaken += 32) {
 *   const { tokens, targets, weights } = await loader.batch(rowsTaken, 32);
 * }
 * await loader.close();
 */
export async function openLoader(options: LoaderOptions): Promise<Loader> {
  const { sources, contextLength, seed, documentMasks = false, verify = true } = options;
  if (sources.length === 0) throw new RecipeError("loader: no sources; expected one folder or more");
  expectWhole("contextLength", contextLength, 1);
  expectWhole("seed", seed, 0);
  const mixture = new Mixture(sources.map(({ weight = 1 }) => weight));
  const opened: TokenRows[] = [];
  try {
    for (const { folder } of sources) {
      const rows = await openTokenRows(folder, { contextLength, documentStarts: documentMasks, verify });
      opened.push(rows);
      expectSameTokenizer(opened[0]!, rows);
    }
  } catch (error) {
    for (const rows of opened) rows.close();
    throw error;
  }
  return new Loader(opened, mixture, { contextLength, seed, documentMasks });
}

/** Made by `openLoader`. */
export class Loader {
  readonly contextLength: number;
  readonly seed: number;
  readonly documentMasks: boolean;
  /** The one that all sources were encoded with. */
  readonly tokenizer: ShardTokenizer;
  readonly sources: readonly OpenSource[];
  readonly #rows: readonly TokenRows[];
  readonly #mixture: Mixture;
  /** Of each source, the epoch that was asked for last. */
  readonly #orders: { epoch: number; rowAt: EpochOrder }[];

  constructor(
    rows: readonly TokenRows[],
    mixture: Mixture,
    { contextLength, seed, documentMasks }: Required<Pick<LoaderOptions, "contextLength" | "seed" | "documentMasks">>,
  ) {
    this.contextLength = contextLength;
    this.seed = seed;
    this.documentMasks = documentMasks;
    this.tokenizer = rows[0]!.tokenizer;
    this.sources = rows.map(({ folder, manifestId, rowCount, droppedTokens, bytesPerToken }, source) => ({
      folder,
      manifestId,
      share: mixture.shares[source]!,
      rowsPerEpoch: rowCount,
      droppedTokens,
      bytesPerToken,
    }));
    this.#rows = rows;
    this.#mixture = mixture;
    this.#orders = rows.map((_, source) => ({ epoch: 0, rowAt: this.#orderOf(source, 0) }));
  }

  get vocabSize(): number {
    return this.tokenizer.vocabSize;
  }

  /** Rows of all sources together. With one source, that many rows are an epoch. */
  get rowsPerEpoch(): number {
    return this.sources.reduce((sum, { rowsPerEpoch }) => sum + rowsPerEpoch, 0);
  }

  /** What was trained on, for whoever keeps account of it. */
  get manifestIds(): readonly string[] {
    return this.sources.map(({ manifestId }) => manifestId);
  }

  /** Rows [firstRow, firstRow + rowCount) of the training. Asked again, it gives the same. */
  async batch(firstRow: number, rowCount: number): Promise<Batch> {
    if (!(Number.isInteger(rowCount) && rowCount > 0)) throw new RangeError(`a batch of ${rowCount} rows`);
    const positions = this.contextLength;
    const batch = {
      rows: rowCount,
      positions,
      tokens: new Int32Array(rowCount * positions),
      targets: new Int32Array(rowCount * positions),
      weights: new Float32Array(rowCount * positions),
      documents: new Int32Array(rowCount * positions),
    };
    for (let n = 0; n < rowCount; n++) {
      const { source, row } = this.placeOf(firstRow + n);
      this.#put(batch, n * positions, this.#rows[source]!.row(row));
    }
    return batch;
  }

  /** Where a row of the training comes from. */
  placeOf(rowNumber: number): RowPlace {
    expectRowNumber(rowNumber);
    const { source, nth } = this.#mixture.at(rowNumber);
    const { rowCount } = this.#rows[source]!;
    const epoch = Math.floor(nth / rowCount);
    if (this.#orders[source]!.epoch !== epoch) {
      this.#orders[source] = { epoch, rowAt: this.#orderOf(source, epoch) };
    }
    return { source, epoch, row: this.#orders[source]!.rowAt(nth - epoch * rowCount) };
  }

  /** What the first `rowsTaken` rows took from each source. */
  progress(rowsTaken: number): SourceProgress[] {
    expectRowNumber(rowsTaken);
    const rowsOfEach = this.#mixture.rowsOfEach(rowsTaken);
    return this.#rows.map(({ folder, rowCount }, source) => ({
      folder,
      rowsTaken: rowsOfEach[source]!,
      epochsTaken: rowsOfEach[source]! / rowCount,
    }));
  }

  /** Closes the files. */
  async close(): Promise<void> {
    for (const rows of this.#rows) rows.close();
  }

  #orderOf(source: number, epoch: number): EpochOrder {
    return epochOrder(this.#rows[source]!.rowCount, { seed: this.seed, source, epoch });
  }

  #put({ tokens, targets, weights, documents }: Batch, at: number, row: TokenRow): void {
    tokens.set(row.tokens.subarray(0, -1), at);
    targets.set(row.tokens.subarray(1), at);
    if (!this.documentMasks) {
      weights.fill(1, at, at + Math.max(0, row.usedTokens - 1));
      return;
    }
    weights.set(targetMask(row), at);
    const ends = cumulativeLengths(row);
    for (let n = 0; n + 1 < ends.length; n++) documents.fill(n, at + ends[n]!, at + ends[n + 1]!);
  }
}

function expectSameTokenizer(first: TokenRows, rows: TokenRows): void {
  if (first.tokenizer.digest === rows.tokenizer.digest) return;
  const [found, expected] = [rows, first].map(({ tokenizer: { name, digest } }) => `${name} ${digest.slice(0, 12)}…`);
  throw new FormatError(
    `${rows.folder}: tokenizer ${found}, but ${first.folder} has ${expected}; mix sources of one tokenizer`,
  );
}

function expectWhole(name: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new RecipeError(`loader: ${name} ${value}: expected a whole number from ${min}`);
}

function expectRowNumber(value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new RangeError(`row number ${value}: expected a whole number from 0`);
}
