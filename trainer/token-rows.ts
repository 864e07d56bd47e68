/**
 * Where a loader's rows come from: a run's token shards, cut into rows as they are read, or rows that `sluice pack` made.
 *
 *     shards  aaaaaE bbE | ccccE dE      one stream over all shards, cut every T tokens (T = 4):
 *     row 0   a a a a a                  rows hold T + 1 tokens: the last target of one
 *     row 1           a E b b E          is the first input of the next, so that no token
 *     row 2                   E c c c c  but the first goes without being predicted
 *
 * Node cannot map a file into memory. Rows are read where they lie, one read or a few each, and it is the system's cache
 * of files that keeps what is read often, and lets go of it when memory is short; a cache of ours would hold it twice.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { FormatError, RecipeError } from "../pipeline/errors.ts";
import { MANIFEST, readManifest, shardArtifacts } from "../pipeline/manifest.ts";
import { PackedRows } from "../pipeline/packed/packed-rows.ts";
import { PACKING_MANIFEST } from "../pipeline/packed/packing-manifest.ts";
import { openShard, type Shard, type ShardTokenizer, type TokenArray, tokenBytesFor } from "../pipeline/shard.ts";

/** A row to train on. */
export interface TokenRow {
  /** T + 1 ids. */
  readonly tokens: TokenArray;
  /** Where in the row each document, or part of one, begins; the first at 0. Only that 0 unless they were asked for. */
  readonly documentStarts: Uint32Array;
  /** Tokens of documents; what follows is padding. */
  readonly usedTokens: number;
}

/** Rows of T + 1 tokens, read at random. */
export interface TokenRows {
  readonly folder: string;
  readonly manifestId: string;
  readonly tokenizer: ShardTokenizer;
  readonly rowCount: number;
  /** Tokens at the end that fill no row. */
  readonly droppedTokens: number;
  /** UTF-8 bytes of text a token, end-of-text counted among the tokens; undefined where no manifest tells. */
  readonly bytesPerToken: number | undefined;
  row(n: number): TokenRow;
  close(): void;
}

export interface TokenRowsOptions {
  readonly contextLength: number;
  /** Whether rows tell where documents begin. Shards then hold their document tables in memory, 16 bytes a document. */
  readonly documentStarts: boolean;
  /** Whether shards are read to their end first. Packed rows have checksums of their own, which every read checks. */
  readonly verify: boolean;
}

/** Opens a run's folder or a folder of packed rows. */
export async function openTokenRows(folder: string, options: TokenRowsOptions): Promise<TokenRows> {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const found = existsSync(folder) ? "a file" : "no such folder";
    throw new RecipeError(`${folder}: found ${found}; expected the output folder of "sluice run" or "sluice pack"`);
  }
  if (existsSync(join(folder, PACKING_MANIFEST))) return openPacked(folder, options);
  if (existsSync(join(folder, MANIFEST))) return ShardRows.open(folder, options);
  throw new FormatError(
    `${folder}: found neither ${MANIFEST} nor ${PACKING_MANIFEST}; expected the output of a finished "sluice run" or "sluice pack": finish it, or name another folder`,
  );
}

function openPacked(folder: string, { contextLength }: TokenRowsOptions): TokenRows {
  const rows = PackedRows.open(folder);
  const { manifest, rowCount, length } = rows;
  if (length !== contextLength) {
    rows.close();
    throw new RecipeError(
      `${folder}: rows for a context of ${length} tokens, expected ${contextLength}: set contextLength to ${length}, or pack with --length ${contextLength}`,
    );
  }
  return {
    folder,
    manifestId: manifest.id,
    tokenizer: manifest.identity.tokenizer,
    rowCount,
    droppedTokens: 0,
    bytesPerToken: undefined,
    row: (n) => checkIds(rows.row(n), manifest.identity.tokenizer, () => `${folder}: row ${n}`),
    close: () => rows.close(),
  };
}

/** Rows cut from the stream of a run's shards: row n holds its tokens [n · T, n · T + T]. */
class ShardRows implements TokenRows {
  readonly folder: string;
  readonly manifestId: string;
  readonly tokenizer: ShardTokenizer;
  readonly rowCount: number;
  readonly droppedTokens: number;
  readonly bytesPerToken: number | undefined;
  readonly #shards: readonly Shard[];
  /** Where in the stream each shard begins, and at last where the stream ends. */
  readonly #starts: Float64Array;
  readonly #contextLength: number;
  readonly #wantsStarts: boolean;

  private constructor(
    folder: string,
    shards: readonly Shard[],
    run: { readonly id: string; readonly bytesPerToken: number | undefined },
    { contextLength, documentStarts }: TokenRowsOptions,
  ) {
    this.#starts = new Float64Array(shards.length + 1);
    for (const [n, { header }] of shards.entries()) this.#starts[n + 1] = this.#starts[n]! + header.tokenCount;
    const tokenCount = this.#starts.at(-1)!;
    if (tokenCount <= contextLength) {
      throw new RecipeError(
        `${folder}: its ${tokenCount} tokens fill no row of ${contextLength + 1}; expected more tokens, or a smaller contextLength`,
      );
    }
    this.folder = folder;
    this.manifestId = run.id;
    this.bytesPerToken = run.bytesPerToken;
    this.tokenizer = shards[0]!.header.tokenizer;
    this.rowCount = Math.floor((tokenCount - 1) / contextLength);
    this.droppedTokens = tokenCount - 1 - this.rowCount * contextLength;
    this.#shards = shards;
    this.#contextLength = contextLength;
    this.#wantsStarts = documentStarts;
  }

  static async open(folder: string, options: TokenRowsOptions): Promise<ShardRows> {
    const manifest = readManifest(folder);
    const { textBytes, tokens } = manifest.counts;
    const shards: Shard[] = [];
    try {
      for (const { path } of shardArtifacts(folder, manifest)) {
        const shard = openShard(join(folder, path));
        shards.push(shard);
        shard.expectTokenizer(shards[0]!.header.tokenizer.digest);
        // Reads the table, so that damage in it is found now.
        if (options.documentStarts && shard.documentCount > 0) shard.rangeOf(0);
        if (!options.verify) continue;
        shard.verifyTokens();
        await breathe();
      }
      const bytesPerToken = textBytes > 0 && tokens > 0 ? textBytes / tokens : undefined;
      return new ShardRows(folder, shards, { id: manifest.id, bytesPerToken }, options);
    } catch (error) {
      for (const shard of shards) shard.close();
      throw error;
    }
  }

  row(n: number): TokenRow {
    if (!(Number.isInteger(n) && n >= 0 && n < this.rowCount)) {
      throw new RangeError(`${this.folder}: row ${n} of ${this.rowCount}`);
    }
    const rowTokens = this.#contextLength + 1;
    const first = n * this.#contextLength;
    const { vocabSize } = this.tokenizer;
    const tokens = tokenBytesFor(vocabSize) === 2 ? new Uint16Array(rowTokens) : new Uint32Array(rowTokens);
    const documentStarts = [0];
    let number = this.#shardAt(first);
    for (let at = 0; at < rowTokens; number++) {
      const shard = this.#shards[number]!;
      const start = first + at - this.#starts[number]!;
      const end = Math.min(start + rowTokens - at, shard.header.tokenCount);
      tokens.set(shard.readTokens(start, end), at);
      if (this.#wantsStarts && end > start) {
        for (const begin of documentsIn(shard, start, end)) if (at + begin > 0) documentStarts.push(at + begin);
      }
      at += end - start;
    }
    const row = { tokens, documentStarts: Uint32Array.from(documentStarts), usedTokens: rowTokens };
    return checkIds(row, this.tokenizer, () => `${this.folder}: row ${n}`);
  }

  close(): void {
    for (const shard of this.#shards) shard.close();
  }

  /** The shard that a token of the stream lies in. */
  #shardAt(token: number): number {
    let low = 0;
    let high = this.#shards.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= token) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Where documents begin in the tokens [start, end) of a shard, counted from `start`. */
function* documentsIn(shard: Shard, start: number, end: number): Generator<number> {
  for (let document = shard.documentAt(start); document < shard.documentCount; document++) {
    const range = shard.rangeOf(document);
    if (range.start >= end) return;
    if (range.start >= start) yield range.start - start;
  }
}

/** An id beyond the vocabulary would read another row of the embedding, or none: it ends here. */
function checkIds<Row extends TokenRow>(row: Row, { vocabSize }: ShardTokenizer, where: () => string): Row {
  for (const token of row.tokens) {
    if (token < vocabSize) continue;
    throw new FormatError(
      `${where()}: token ${token} in a vocabulary of ${vocabSize}; expected ids below it: make the data again`,
    );
  }
  return row;
}
