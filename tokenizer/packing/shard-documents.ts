/** Shards, given as a set, as a stream of documents: in their own order, or in a seeded one. */
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { isSampled, type PageSample } from "../../pipeline/page-sample.ts";
import {
  openShard,
  type Shard,
  type ShardTokenizer,
  type TokenArray,
  type TokenBytes,
  tokenBytesFor,
  unpackTokens,
} from "../../pipeline/shard.ts";
import { bytesOfTokens, type DocumentSpan, MemorySpan } from "./document-span.ts";
import { ExternalShuffle, recordBytes, SHUFFLE_DOCUMENTS, shuffleKey } from "./shuffle.ts";

/** Tokens read from a shard at once; a longer document is read part by part, when its parts are wanted. */
const WINDOW_TOKENS = 1 << 18;
/** A longer document is not copied to a bucket: it stays in its shard until its parts are wanted. */
const MAX_INLINE_BYTES = 1 << 16;

/** In a bucket, for each document; its tokens behind it unless they stay in the shard. */
const DocumentRecord = {
  document: 0, // f64
  tokens: 8, // f64
  tokenStart: 16, // f64 in the shard
  shard: 24, // u32
  isInline: 28, // u32 0 or 1
  size: 32,
} as const;

/** A document, or a part of one, whose tokens are in a shard and not in memory. */
class ShardSpan implements DocumentSpan {
  readonly document: number;
  readonly documentLength: number;
  readonly start = 0;
  readonly #read: (start: number, end: number) => TokenArray;

  constructor(document: number, documentLength: number, read: (start: number, end: number) => TokenArray) {
    this.document = document;
    this.documentLength = documentLength;
    this.#read = read;
  }

  get length(): number {
    return this.documentLength;
  }

  slice(start: number, end: number): DocumentSpan {
    return new MemorySpan(this.document, this.#read(start, end), start, this.documentLength);
  }

  copyTo(row: TokenArray, at: number): void {
    row.set(this.#read(0, this.length), at);
  }
}

export interface ShardSummary {
  readonly path: string;
  readonly documents: number;
  readonly tokens: number;
}

/** Shards of one tokenizer. Two of them are open at a time at most. */
export class ShardDocuments {
  readonly tokenizer: ShardTokenizer;
  readonly shards: readonly ShardSummary[];
  readonly documentCount: number;
  readonly tokenCount: number;
  readonly #tokenBytes: TokenBytes;
  /** Of the documents, those that are given out. */
  readonly #sample: PageSample | undefined;
  /** The shard that was last read out of turn. */
  #kept: { readonly number: number; readonly shard: Shard } | undefined;

  private constructor(tokenizer: ShardTokenizer, shards: readonly ShardSummary[], sample: PageSample | undefined) {
    this.#sample = sample;
    this.tokenizer = tokenizer;
    this.shards = shards;
    this.documentCount = shards.reduce((sum, { documents }) => sum + documents, 0);
    this.tokenCount = shards.reduce((sum, { tokens }) => sum + tokens, 0);
    this.#tokenBytes = tokenBytesFor(tokenizer.vocabSize);
  }

  /** Reads every shard to its end, so that damage and foreign ids are found before anything is written. */
  static async verify(
    paths: readonly string[],
    afterEach: (tokens: number, totalTokens: number) => Promise<void>,
    sample?: PageSample,
  ): Promise<ShardDocuments> {
    let tokenizer: ShardTokenizer | undefined;
    const shards: ShardSummary[] = [];
    for (const path of paths) {
      const shard = openShard(path);
      shard.close();
      const { tokenizer: found, documentCount, tokenCount } = shard.header;
      tokenizer ??= found;
      if (found.digest !== tokenizer.digest) {
        const [first, other] = [tokenizer, found].map(({ name, digest }) => `${name} ${digest.slice(0, 12)}…`);
        throw new FormatError(
          `${path}: tokenizer ${other}, but ${paths[0]} has ${first}; pack shards of one tokenizer at a time`,
        );
      }
      shards.push({ path, documents: documentCount, tokens: tokenCount });
    }
    if (tokenizer === undefined) throw new RecipeError("pack: no shards given; expected one or more .tok files");
    const documents = new ShardDocuments(tokenizer, shards, sample);
    let checked = 0;
    for (const { path, tokens } of shards) {
      const shard = openShard(path);
      try {
        shard.verify();
      } finally {
        shard.close();
      }
      checked += tokens;
      await afterEach(checked, documents.tokenCount);
    }
    return documents;
  }

  /** The documents as the shards hold them, one shard after the other. */
  *inOrder(): Generator<DocumentSpan> {
    // A copy of its own: a view would keep what was read along with it in memory for as long as it waits to be packed.
    for (const { span } of this.#each()) yield span instanceof MemorySpan ? span.slice(0, span.length) : span;
  }

  /** The largest record of the shuffle. */
  static readonly maxPayloadBytes = DocumentRecord.size + MAX_INLINE_BYTES;

  /**
   * The documents in an order that follows from the seed and their page ids (see `shuffle.ts`). Reads all of them before
   * the first is given out; `pause` is awaited now and then meanwhile.
   */
  async shuffled(
    seed: number,
    limits: { readonly folder: string; readonly memoryBytes: number },
    pause: (tokens: number) => Promise<void>,
  ): Promise<Iterable<DocumentSpan>> {
    const perRecord = recordBytes(DocumentRecord.size);
    const expectedBytes = this.tokenCount * this.#tokenBytes + this.documentCount * perRecord;
    const shuffle = new ExternalShuffle({
      ...limits,
      maxPayloadBytes: ShardDocuments.maxPayloadBytes,
      expectedBytes,
    });
    const record = Buffer.alloc(DocumentRecord.size);
    try {
      let tokens = 0;
      let pausedAt = 0;
      for (const { span, shardNumber, shard, n } of this.#each()) {
        const { start } = shard.rangeOf(n);
        const isInline = span instanceof MemorySpan && span.length * this.#tokenBytes <= MAX_INLINE_BYTES;
        record.writeDoubleLE(span.document, DocumentRecord.document);
        record.writeDoubleLE(span.length, DocumentRecord.tokens);
        record.writeDoubleLE(start, DocumentRecord.tokenStart);
        record.writeUInt32LE(shardNumber, DocumentRecord.shard);
        record.writeUInt32LE(isInline ? 1 : 0, DocumentRecord.isInline);
        const key = shuffleKey(seed, SHUFFLE_DOCUMENTS, shard.provenanceOf(n).id);
        if (isInline) shuffle.add(key, record, bytesOfTokens(span.viewTokens()));
        else shuffle.add(key, record);
        tokens += span.length;
        if (tokens - pausedAt < WINDOW_TOKENS) continue;
        pausedAt = tokens;
        await pause(tokens);
      }
    } catch (error) {
      shuffle.close();
      throw error;
    }
    return this.#fromRecords(shuffle);
  }

  close(): void {
    this.#kept?.shard.close();
    this.#kept = undefined;
  }

  *#fromRecords(shuffle: ExternalShuffle): Generator<DocumentSpan> {
    try {
      for (const record of shuffle.drain()) {
        const document = record.readDoubleLE(DocumentRecord.document);
        if (record.readUInt32LE(DocumentRecord.isInline) === 1) {
          const tokens = new Uint8Array(record.subarray(DocumentRecord.size));
          yield new MemorySpan(document, unpackTokens(tokens, this.#tokenBytes));
        } else {
          const shardNumber = record.readUInt32LE(DocumentRecord.shard);
          const first = record.readDoubleLE(DocumentRecord.tokenStart);
          const read = (start: number, end: number) => this.#open(shardNumber).readTokens(first + start, first + end);
          yield new ShardSpan(document, record.readDoubleLE(DocumentRecord.tokens), read);
        }
      }
    } finally {
      shuffle.close();
    }
  }

  /** Every document with where it lies, read in windows of many. Spans are views of the window. */
  *#each(): Generator<{ span: DocumentSpan; shardNumber: number; shard: Shard; n: number }> {
    let document = 0;
    for (const [shardNumber, { path }] of this.shards.entries()) {
      const shard = openShard(path);
      try {
        let window: TokenArray = new Uint16Array(0);
        let windowStart = 0;
        for (let n = 0; n < shard.documentCount; n++, document++) {
          if (this.#sample !== undefined && !isSampled(shard.provenanceOf(n).id, this.#sample)) continue;
          const { start, end } = shard.rangeOf(n);
          if (end - start > WINDOW_TOKENS) {
            const read = (from: number, to: number) => this.#open(shardNumber).readTokens(start + from, start + to);
            yield { span: new ShardSpan(document, end - start, read), shardNumber, shard, n };
            continue;
          }
          if (end > windowStart + window.length) {
            windowStart = start;
            window = shard.readTokens(start, Math.min(start + WINDOW_TOKENS, shard.header.tokenCount));
          }
          const span = new MemorySpan(document, window.subarray(start - windowStart, end - windowStart));
          yield { span, shardNumber, shard, n };
        }
      } finally {
        shard.close();
      }
    }
  }

  #open(number: number): Shard {
    if (this.#kept?.number === number) return this.#kept.shard;
    this.close();
    const shard = openShard(this.shards[number]!.path);
    this.#kept = { number, shard };
    return shard;
  }
}
