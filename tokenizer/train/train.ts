/**
 * Trains a byte-level BPE vocabulary:
 *
 *     files ─ chunks ─▶ [ pieces, counted ] in workers ─ in order ─▶ one table of distinct pieces ─▶ merges
 *
 * Memory is bounded by the distinct pieces and the chunks in flight, not by the size of the corpus. Chunks are summed up
 * in the order of the corpus, so the table lists pieces in the order of their first occurrence however many workers
 * counted, and the vocabulary is the same.
 */
import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { Piscina } from "piscina";
import { RecipeError } from "../../pipeline/errors.ts";
import { openByteSource } from "../../pipeline/io/open.ts";
import { engineModule } from "../../pipeline/modules.ts";
import { inOrder } from "../../pipeline/ordered.ts";
import { PATTERNS, type Pattern, type PatternName, PieceCutter } from "../pretokenize.ts";
import { END_OF_TEXT, makeVocabulary, type Vocabulary } from "../vocabulary.ts";
import { BYTE_COUNT, BYTE_OF_ID } from "./byte-symbols.ts";
import { CHUNK_BYTES, type CorpusChunk, readCorpus } from "./corpus.ts";
import countChunk, { type ChunkCounts, type CountFailure, type CountTask } from "./count-worker.ts";
import { type Merge, TIE_RULES, type TieRule } from "./learn.ts";
import { MergeLearner } from "./learn-fast.ts";
import { PieceCounter, type PieceCounts } from "./piece-counter.ts";

export interface TrainOptions {
  /** Paths or URLs. Those ending in .gz or .zst are decompressed. Each is one document, or as `lines` says. */
  readonly files: readonly string[];
  /** Number of ids: 256 bytes, merges, special tokens. It is smaller where the corpus has no more pairs to merge. */
  readonly vocabSize: number;
  /** Special tokens. The corpus is cut at them, and they get the last ids, in this order. By default `<|endoftext|>`. */
  readonly special?: readonly string[];
  /** What cuts text into pieces: a name, or a pattern of one's own. By default "gpt2". */
  readonly pattern?: PatternName | Pattern;
  /** Which of equally frequent pairs is merged first; see `learn.ts`. By default "smallest-id", as Hugging Face's. */
  readonly ties?: TieRule;
  /** Pairs that occur less often are not merged. By default 1, which lets every pair be merged, as Hugging Face's 0. */
  readonly minFrequency?: number;
  /** No token gets longer, in bytes. By default there is no limit. */
  readonly maxTokenLength?: number;
  /**
   * "bytes" (the default): all 256 bytes count towards `vocabSize`. "seen": those alone that occur, as where Hugging Face
   * is given no initial alphabet. There are that many more merges then, and as the other bytes get their ids all the
   * same, that many more ids than `vocabSize`.
   */
  readonly initialAlphabet?: "bytes" | "seen";
  /** Every line, with its line feed, is a text of its own, as where Hugging Face trains from files. By default false. */
  readonly lines?: boolean;
  /** The vocabulary's name. By default "trained". */
  readonly name?: string;
  /** Threads that count. By default one a core, fewer for a small corpus. The vocabulary does not depend on it. */
  readonly workers?: number;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly signal?: AbortSignal;
}

export type TrainProgress =
  /** Stored bytes: of a compressed file, those on disk. */
  | { readonly phase: "count"; readonly bytesRead: number; readonly totalBytes: number }
  | { readonly phase: "learn"; readonly merges: number; readonly maxMerges: number };

export interface TrainReport {
  /** Bytes of text, decompressed, special tokens included. */
  readonly textBytes: number;
  readonly pieces: number;
  readonly distinctPieces: number;
  /** Number of the 256 bytes that occur. */
  readonly distinctBytes: number;
  readonly merges: number;
  /** Why no more were learned: as many as were asked for, or no pair left that occurs often enough and is short enough. */
  readonly stopped: "vocabulary-full" | "no-pairs-left";
  readonly countSeconds: number;
  readonly learnSeconds: number;
}

export interface Trained {
  readonly vocabulary: Vocabulary;
  readonly report: TrainReport;
}

/** What the kernel can encode with; the largest vocabularies in use have some 260,000 ids. */
const MAX_VOCAB_SIZE = 1 << 21;
/** Between two looks at the signal. */
const MERGES_PER_STEP = 256;

/**
 * Trains a vocabulary. Raises RecipeError for options that make no sense and files that are missing before it reads any;
 * FormatError for a damaged file; the signal's reason when that ends it.
 * @example
 * const { vocabulary, report } = await trainTokenizer({ files: ["books.txt.zst"], vocabSize: 32_000 });
 */
export async function trainTokenizer(options: TrainOptions): Promise<Trained> {
  const plan = checked(options);
  const totalBytes = await storedBytes(plan.files);
  const startMs = performance.now();
  const counted = await countPieces(plan, totalBytes);
  const countedMs = performance.now();
  const distinctBytes = countDistinct(counted.table.bytes);
  const unseen = plan.initialAlphabet === "seen" ? BYTE_COUNT - distinctBytes : 0;
  const maxMerges = plan.vocabSize - BYTE_COUNT - plan.special.length + unseen;
  const merges = await learn(counted.table, maxMerges, plan);
  const report: TrainReport = {
    textBytes: counted.textBytes,
    pieces: counted.pieces,
    distinctPieces: counted.table.counts.length,
    distinctBytes,
    merges: merges.length,
    stopped: merges.length === maxMerges ? "vocabulary-full" : "no-pairs-left",
    countSeconds: (countedMs - startMs) / 1000,
    learnSeconds: (performance.now() - countedMs) / 1000,
  };
  return { vocabulary: vocabularyOf(plan.name, plan.pattern, merges, plan.special), report };
}

function countDistinct(bytes: Uint8Array): number {
  const met = new Uint8Array(BYTE_COUNT);
  for (let at = 0; at < bytes.length; at++) met[bytes[at]!] = 1;
  return met.reduce((sum, one) => sum + one, 0);
}

/** Options with nothing left open. */
type Plan = ReturnType<typeof checked>;

function checked(options: TrainOptions) {
  const {
    files,
    vocabSize,
    special = [END_OF_TEXT],
    pattern: asked = "gpt2",
    ties = "smallest-id",
    minFrequency = 1,
    maxTokenLength: maxTokenBytes = Number.POSITIVE_INFINITY,
    initialAlphabet = "bytes",
    lines = false,
    name = "trained",
    workers = availableParallelism(),
    onProgress,
    signal,
  } = options;
  if (files.length === 0) throw new RecipeError("files: expected at least one path or URL, found none");
  for (const [n, text] of special.entries()) {
    const fault =
      text === "" ? "empty" : !text.isWellFormed() ? "not well-formed" : special.indexOf(text) < n ? "given twice" : "";
    if (fault !== "") throw new RecipeError(`special[${n}]: ${JSON.stringify(text)} is ${fault}`);
  }
  const least = BYTE_COUNT + special.length;
  if (!Number.isInteger(vocabSize) || vocabSize < least || vocabSize > MAX_VOCAB_SIZE) {
    throw new RecipeError(
      `vocabSize: expected an integer from ${least} (256 bytes and ${special.length} special tokens) to ${MAX_VOCAB_SIZE}, got ${vocabSize}`,
    );
  }
  if (!TIE_RULES.includes(ties)) throw new RecipeError(`ties: unknown rule "${ties}" (known: ${TIE_RULES.join(", ")})`);
  if (!(minFrequency >= 0)) throw new RecipeError(`minFrequency: expected a number not below 0, got ${minFrequency}`);
  if (!(maxTokenBytes >= 1)) throw new RecipeError(`maxTokenLength: expected bytes, 1 or more, got ${maxTokenBytes}`);
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RecipeError(`workers: expected an integer above 0, got ${workers}`);
  }
  const pattern = patternOf(asked);
  new PieceCutter(pattern); // Its errors belong here, not in a worker.
  return {
    ...{ files, vocabSize, special, pattern, ties, minFrequency, maxTokenBytes, initialAlphabet, lines, name, workers },
    ...{ onProgress, signal },
  };
}

function patternOf(asked: PatternName | Pattern): Pattern {
  if (typeof asked !== "string") return asked;
  if (Object.hasOwn(PATTERNS, asked)) return PATTERNS[asked];
  throw new RecipeError(`pattern: unknown name "${asked}" (built in: ${Object.keys(PATTERNS).join(", ")})`);
}

/** Looks at every file, so that one that is missing is said before hours are spent on the others. */
async function storedBytes(files: readonly string[]): Promise<number> {
  let total = 0;
  for (const file of files) {
    const source = await openByteSource(file);
    total += source.bytes;
    await source.close();
  }
  return total;
}

interface Counted {
  readonly table: PieceCounts;
  readonly pieces: number;
  readonly textBytes: number;
}

async function countPieces(plan: Plan, totalBytes: number): Promise<Counted> {
  const { files, pattern, special, lines, signal, onProgress } = plan;
  signal?.throwIfAborted();
  const workers = Math.max(1, Math.min(plan.workers, Math.ceil(totalBytes / CHUNK_BYTES)));
  const threads = startThreads(workers, signal);
  const table = new PieceCounter();
  let pieces = 0;
  let textBytes = 0;
  const count = async (chunk: CorpusChunk): Promise<ChunkCounts> => {
    signal?.throwIfAborted();
    const { bytes, texts, bytesRead } = chunk;
    textBytes += bytes.length;
    const result = await threads.run({ bytes, texts, pattern, lines });
    if ("failed" in result) throw new RecipeError(result.failed);
    onProgress?.({ phase: "count", bytesRead, totalBytes });
    return result;
  };
  try {
    const counted = inOrder(readCorpus(files, { pattern, special, lines }), count, {
      concurrency: workers,
      budgetBytes: 2 * workers * CHUNK_BYTES,
      weigh: ({ bytes }) => bytes.length,
    });
    for await (const chunk of counted) {
      table.addCounts(chunk);
      pieces += chunk.pieces;
    }
  } catch (error) {
    signal?.throwIfAborted(); // The reason that was given, not the pool's account of it.
    throw error;
  } finally {
    await threads.end();
  }
  return { table: table.counts(), pieces, textBytes };
}

interface Threads {
  /** Takes the bytes of the task. */
  run(task: CountTask): Promise<ChunkCounts | CountFailure>;
  end(): Promise<void>;
}

/** A single worker is this thread: on a small corpus, starting another takes as long as counting. */
function startThreads(workers: number, signal: AbortSignal | undefined): Threads {
  if (workers === 1) {
    return {
      async run(task) {
        await setImmediate();
        return countChunk(task);
      },
      async end() {},
    };
  }
  const pool = new Piscina({
    filename: engineModule("tokenizer/train/count-worker").href,
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY,
    atomics: "disabled",
  });
  pool.on("error", () => {}); // Every task reports its own end; an idle worker's death is nobody's.
  return {
    run: (task) => pool.run(task, { transferList: [task.bytes.buffer], ...(signal === undefined ? {} : { signal }) }),
    end: () => pool.destroy(),
  };
}

async function learn(table: PieceCounts, maxMerges: number, plan: Plan): Promise<readonly Merge[]> {
  const { ties, minFrequency, maxTokenBytes, signal, onProgress } = plan;
  const learner = new MergeLearner(table, { maxMerges, ties, minFrequency, maxTokenBytes });
  for (let more = true; more; ) {
    signal?.throwIfAborted();
    more = learner.learn(MERGES_PER_STEP);
    onProgress?.({ phase: "learn", merges: learner.merges.length, maxMerges });
    await setImmediate();
  }
  return learner.merges;
}

/**
 * The vocabulary that merges make. It lists its merges, and it need not say more: with a list that was learned, three
 * rules of encoding give the same ids, those of merging from the first merge to the last.
 *
 * Take bytes w that begin and end where tokens do, at some moment of learning or of encoding. No merge has reached over
 * w's ends (tokens are never taken apart), so what was merged inside w was merged as it would have been in w alone: how
 * w is divided depends on the moment, not on where w stands. Hence
 * - a token is made by one merge only: where w = (x, y) is merged, w is divided so everywhere, and never otherwise later;
 * - tiktoken's rule, to merge any two tokens whose joined bytes are a token, meets only pairs that are listed: a pair
 *   that spells an earlier token would have been that token by then;
 * - a piece that is a token comes out as that token, so taking it whole (`wholePieces`) would change nothing.
 */
function vocabularyOf(
  name: string,
  pattern: Pattern,
  merges: readonly Merge[],
  special: readonly string[],
): Vocabulary {
  const tokens: Uint8Array[] = Array.from(BYTE_OF_ID, (byte) => Uint8Array.of(byte));
  for (const [left, right] of merges) tokens.push(Buffer.concat([tokens[left]!, tokens[right]!]));
  const specialIds = new Map(special.map((text, n) => [text, tokens.length + n]));
  const size = tokens.length + special.length;
  return {
    ...makeVocabulary(name, pattern, size, tokens, specialIds),
    merges: Uint32Array.from(merges.flat()),
    wholePieces: false,
  };
}
