/**
 * Encodes on several threads. Ids are those of one thread, in the same order:
 *
 *     text ─ cut at safe places (safe-chunks.ts) ─▶ [ encode ] in workers ─ in order ─▶ ids
 *     documents ─ gathered into batches ─────────▶ [ encode ] in workers ─ in order ─▶ ids of each
 *          ▲                                                                         │
 *          └──────────────── memory of texts and ids goes round ─────────────────────┘
 *
 * A few chunks are under way at a time, whatever the length of the text: a slow reader of the ids stops the reading.
 * Their memory is handed from thread to thread and used again; fresh memory for every chunk takes a fifth of the time.
 */
import { Piscina } from "piscina";
import { RecipeError } from "../pipeline/errors.ts";
import { engineModule } from "../pipeline/modules.ts";
import { inOrder } from "../pipeline/ordered.ts";
import type { ByteLevelTokenizer } from "./byte-level.ts";
import type { EncodedTexts, EncodeTask, EncodeWorkerData } from "./encode-worker.ts";
import { type SafeChunkOptions, SafeChunks } from "./safe-chunks.ts";
import { hasSafeCuts } from "./safe-cut.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Documents are gathered to about this many bytes. */
const BATCH_BYTES = 1 << 20;
/** The next task waits at the worker's door while it works on one. */
const TASKS_PER_WORKER = 2;

export interface ParallelOptions extends Pick<SafeChunkOptions, "chunkBytes" | "maxChunkBytes"> {
  readonly workers: number;
  /** Special tokens that stand for themselves in the text. By default none does. */
  readonly allowed?: "all" | Iterable<string>;
}

/** Whether a single text can be shared among threads: the pattern has safe places, and no token has to be sought in whole texts. */
export function canCutTexts({ pattern, added }: Pick<Vocabulary, "pattern" | "added">): boolean {
  return hasSafeCuts(pattern) && added === undefined;
}

/**
 * A tokenizer on several threads, each of which holds some 40 MB. Close it.
 * @example
 * const encoder = new ParallelEncoder(await loadTokenizer("gpt2"), { workers: 4 });
 * for await (const ids of encoder.encodeStream(createReadStream("books.txt"))) …
 * await encoder.close();
 */
export class ParallelEncoder {
  readonly #tokenizer: ByteLevelTokenizer;
  readonly #allowed: readonly string[];
  readonly #chunks: SafeChunkOptions;
  readonly #batchBytes: number;
  readonly #tasks: number;
  readonly #memory: Memory;
  readonly #pool: Piscina;
  #isClosed = false;

  /** Raises RecipeError for a special token that the tokenizer does not have. */
  constructor(tokenizer: ByteLevelTokenizer, { workers, allowed = [], ...chunks }: ParallelOptions) {
    if (!Number.isInteger(workers) || workers < 1) {
      throw new RecipeError(`workers: expected an integer above 0, got ${workers}`);
    }
    this.#tokenizer = tokenizer;
    this.#allowed = allowed === "all" ? [...tokenizer.special.keys()] : [...allowed];
    const unknown = this.#allowed.find((text) => !tokenizer.special.has(text));
    if (unknown !== undefined)
      throw new RecipeError(`${tokenizer.name}: ${JSON.stringify(unknown)} is no special token`);
    this.#chunks = { ...chunks, special: this.#allowed };
    this.#batchBytes = chunks.chunkBytes ?? BATCH_BYTES;
    this.#tasks = TASKS_PER_WORKER * workers;
    this.#memory = new Memory(this.#tasks + 1, this.#batchBytes);
    this.#pool = new Piscina({
      filename: engineModule("tokenizer/encode-worker").href,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: TASKS_PER_WORKER,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: "disabled",
      workerData: { vocabulary: tokenizer.vocabulary, allowed: this.#allowed } satisfies EncodeWorkerData,
    });
    this.#pool.on("error", () => {}); // Every task reports its own end; an idle worker's death is nobody's.
  }

  /**
   * Ids of one text in UTF-8 that arrives in parts; each array is overwritten when the next one is asked for. What has
   * no place to cut for a long while, and all of it where `canCutTexts` says no, is encoded in this thread. Raises what
   * `encodeStream` of the tokenizer does.
   */
  async *encodeStream(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint32Array> {
    if (!canCutTexts(this.#tokenizer.vocabulary)) {
      yield* this.#tokenizer.encodeStream(chunks, this.#allowed);
      return;
    }
    const safe = new SafeChunks(chunks, { ...this.#chunks, allocate: this.#memory.takeBytes });
    for await (const { ids, ends } of this.#encode(textsOf(safe))) yield ids.subarray(0, ends[0]);
    if (safe.rest !== undefined) yield* this.#tokenizer.encodeStream(safe.rest, this.#allowed);
  }

  /**
   * Ids of each document, given in UTF-8; each array is overwritten when the next one is asked for. Works with every
   * tokenizer.
   */
  async *encodeDocuments(documents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint32Array> {
    for await (const { ids, ends } of this.#encode(this.#batchesOf(documents))) {
      let start = 0;
      for (const end of ends) {
        yield ids.subarray(start, end);
        start = end;
      }
    }
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool.destroy();
  }

  async *#encode(texts: AsyncIterable<Texts>): AsyncGenerator<EncodedTexts> {
    // The pool would start new threads.
    if (this.#isClosed) throw new Error("the encoder is closed");
    const memory = this.#memory;
    const encode = ({ bytes, ends }: Texts): Promise<EncodedTexts> => {
      // A byte gives an id at most.
      const task: EncodeTask = { bytes, ends, ids: memory.takeIds(ends.at(-1) ?? 0) };
      return this.#pool.run(task, { transferList: [bytes.buffer, task.ids.buffer] });
    };
    const inFlight = {
      concurrency: this.#tasks,
      budgetBytes: (this.#tasks + 1) * this.#batchBytes,
      weigh: ({ bytes }: Texts) => bytes.length,
    };
    for await (const encoded of inOrder(texts, encode, inFlight)) {
      yield encoded;
      memory.giveBack(encoded);
    }
  }

  async *#batchesOf(documents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Texts> {
    let batch: Uint8Array[] = [];
    let size = 0;
    for await (const document of documents) {
      batch.push(document);
      size += document.length;
      // Empty documents weigh something, too.
      if (size + batch.length < this.#batchBytes) continue;
      yield this.#joined(batch, size);
      batch = [];
      size = 0;
    }
    if (batch.length > 0) yield this.#joined(batch, size);
  }

  #joined(documents: readonly Uint8Array[], size: number): Texts {
    const bytes = this.#memory.takeBytes(size);
    const ends: number[] = [];
    let at = 0;
    for (const document of documents) {
      bytes.set(document, at);
      at += document.length;
      ends.push(at);
    }
    return { bytes, ends };
  }
}

type Texts = Pick<EncodeTask, "bytes" | "ends">;

async function* textsOf(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<Texts> {
  for await (const bytes of chunks) yield { bytes, ends: [bytes.length] };
}

/** Memory that was used and may be used again. */
class Memory {
  readonly #most: number;
  readonly #largestBytes: number;
  readonly #bytes: Uint8Array<ArrayBuffer>[] = [];
  readonly #ids: Uint32Array<ArrayBuffer>[] = [];

  /** Keeps this many of each kind; what is much larger than a chunk is not kept. */
  constructor(most: number, chunkBytes: number) {
    this.#most = most;
    this.#largestBytes = 4 * chunkBytes;
  }

  readonly takeBytes = (least: number): Uint8Array<ArrayBuffer> => {
    const kept = this.#bytes.pop();
    return kept !== undefined && kept.length >= least ? kept : new Uint8Array(least);
  };

  takeIds(least: number): Uint32Array<ArrayBuffer> {
    const kept = this.#ids.pop();
    return kept !== undefined && kept.length >= least ? kept : new Uint32Array(least);
  }

  giveBack({ bytes, ids }: EncodedTexts): void {
    const whole = new Uint8Array(bytes.buffer);
    if (this.#bytes.length < this.#most && whole.length <= this.#largestBytes) this.#bytes.push(whole);
    if (this.#ids.length < this.#most && ids.length <= this.#largestBytes) this.#ids.push(ids);
  }
}
