/**
 * Encodes on several threads. Ids are those of one thread, in the same order:
 *
 *     text ─ cut at safe places (safe-chunks.ts) ─▶ [ encode ] in workers ─ in order ─▶ ids
 *     documents ─ gathered into batches ─────────▶ [ encode ] in workers ─ in order ─▶ ids of each
 *
 * A few chunks are under way at a time, whatever the length of the text: a slow reader of the ids stops the reading.
 * Memory of texts and ids goes from thread to thread, it is not copied.
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
  readonly #pool: Piscina;

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
   * Ids of one text in UTF-8 that arrives in parts; the arrays are the caller's. What has no place to cut for a long
   * while, and all of it where `canCutTexts` says no, is encoded in this thread. Raises what `encodeStream` of the
   * tokenizer does.
   */
  async *encodeStream(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint32Array> {
    if (!canCutTexts(this.#tokenizer.vocabulary)) {
      yield* this.#tokenizer.encodeStream(chunks, this.#allowed);
      return;
    }
    const safe = new SafeChunks(chunks, this.#chunks);
    for await (const { ids } of this.#encode(tasksOf(safe))) yield ids;
    if (safe.rest !== undefined) yield* this.#tokenizer.encodeStream(safe.rest, this.#allowed);
  }

  /** Ids of each document, given in UTF-8; the arrays are the caller's. Works with every tokenizer. */
  async *encodeDocuments(documents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint32Array> {
    for await (const { ids, ends } of this.#encode(batchesOf(documents, this.#batchBytes))) {
      let start = 0;
      for (const end of ends) {
        yield ids.subarray(start, end);
        start = end;
      }
    }
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #encode(tasks: AsyncIterable<EncodeTask>): AsyncGenerator<EncodedTexts> {
    const encode = (task: EncodeTask): Promise<EncodedTexts> =>
      this.#pool.run(task, { transferList: [task.bytes.buffer] });
    return inOrder(tasks, encode, {
      concurrency: this.#tasks,
      budgetBytes: (this.#tasks + 1) * this.#batchBytes,
      weigh: ({ bytes }) => bytes.length,
    });
  }
}

async function* tasksOf(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<EncodeTask> {
  for await (const bytes of chunks) yield { bytes, ends: [bytes.length] };
}

async function* batchesOf(
  documents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  batchBytes: number,
): AsyncGenerator<EncodeTask> {
  let batch: Uint8Array[] = [];
  let size = 0;
  for await (const document of documents) {
    batch.push(document);
    size += document.length;
    // Empty documents weigh something, too.
    if (size + batch.length < batchBytes) continue;
    yield taskOf(batch, size);
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield taskOf(batch, size);
}

function taskOf(documents: readonly Uint8Array[], size: number): EncodeTask {
  const bytes = new Uint8Array(size);
  const ends: number[] = [];
  let at = 0;
  for (const document of documents) {
    bytes.set(document, at);
    at += document.length;
    ends.push(at);
  }
  return { bytes, ends };
}
