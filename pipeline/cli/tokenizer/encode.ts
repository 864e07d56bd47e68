/** `sluice tokenizer encode`: text in, ids out, as a stream. */
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { ByteLevelTokenizer } from "../../../tokenizer/byte-level.ts";
import { loadAnyTokenizer } from "../../../tokenizer/load.ts";
import { canCutTexts, ParallelEncoder } from "../../../tokenizer/parallel.ts";
import { SafeChunks } from "../../../tokenizer/safe-chunks.ts";
import { RecipeError } from "../../errors.ts";
import type { Tokenizer } from "../../tokenizer.ts";
import { openProgress } from "../progress.ts";
import { positiveInt } from "../run.ts";
import { bytes, count, duration } from "../show.ts";
import { DTYPES, type Dtype, dtypeFor, IdPrinter, packIds } from "./ids.ts";
import { counted, type Input, openInput, readJsonLines, readWhole, STDIN } from "./input.ts";
import { openOutput, STDOUT } from "./output.ts";

/** From here on it pays to start threads, unless told otherwise: each loads the vocabulary. */
const PARALLEL_FROM_BYTES = 32e6;
/** A text that a list of words has no place to cut must fit a JavaScript string. */
const MAX_TEXT_BYTES = 1 << 28;

interface Flags {
  tokenizer: string;
  allowSpecial?: boolean;
  jsonl?: boolean;
  dtype?: Dtype;
  out?: string;
  workers?: number;
  json?: boolean;
}

export function encodeCommand(): Command {
  return new Command("encode")
    .description("Token ids of a text, as numbers or as a file of u16 or u32.")
    .argument("[input]", "file, or - for standard input", STDIN)
    .requiredOption("--tokenizer <name>", "gpt2, cl100k_base, o200k_base, bytes, or the path of a folder or file")
    .option("--allow-special", "special tokens in the text stand for themselves; otherwise they are text")
    .option("--jsonl", 'the input has a document a line: {"text": "…"}')
    .option("--out <file>", "write binary ids there, little-endian; - for standard output")
    .addOption(new Option("--dtype <type>", "binary ids (default: u16 where all ids fit, else u32)").choices(DTYPES))
    .option(
      "--workers <n>",
      `threads; the ids do not depend on it (default: 1; one for each core for files from ${bytes(PARALLEL_FROM_BYTES)})`,
      threadCount,
    )
    .option("--json", "with --out: what was written, as JSON")
    .exitOverride()
    .addHelpText(
      "after",
      `
The input's bytes are one document, taken as they are: a byte order mark is text, what is not UTF-8 keeps its bytes, and
.gz or .zst is not decompressed (zstdcat x.zst | sluice tokenizer encode …). Without --out and --dtype, ids are printed:
a line a document. In binary, documents of --jsonl follow one another, each ended by the end-of-text token, as in shards;
a single document is not ended.

Examples:
  echo "hello world" | sluice tokenizer encode --tokenizer gpt2
  sluice tokenizer encode --tokenizer o200k_base --workers 2 --out books.u32 books.txt
  sluice tokenizer encode --tokenizer ./my-tokenizer --jsonl --out pages.bin pages.jsonl
`,
    )
    .action(encode);
}

async function encode(path: string, flags: Flags): Promise<void> {
  const tokenizer = await loadAnyTokenizer(flags.tokenizer);
  const isText = flags.out === undefined && flags.dtype === undefined;
  const dtype = isText ? undefined : dtypeFor(flags.dtype, tokenizer);
  const endOfDocument = flags.jsonl === true ? tokenizer.endOfText : undefined;
  if (dtype !== undefined && flags.jsonl === true && endOfDocument === undefined) {
    throw new RecipeError(
      `${tokenizer.name}: has no end-of-text token to end documents with; print ids as text, or train it with --special "<|endoftext|>"`,
    );
  }
  if (flags.allowSpecial === true && !(tokenizer instanceof ByteLevelTokenizer)) {
    throw new RecipeError(
      `--allow-special: ${tokenizer.name} has no special tokens that a text can name; leave it out`,
    );
  }
  const isToFile = flags.out !== undefined && flags.out !== STDOUT;
  if (flags.json === true && !isToFile)
    throw new RecipeError("--json: goes with --out <file>; ids are on standard output");

  const input = await openInput(path);
  const output = await openOutput(flags.out, path);
  const progress = isToFile ? openProgress() : undefined;
  const printer = dtype === undefined ? new IdPrinter(tokenizer.vocabSize) : undefined;
  const startedMs = performance.now();
  const totals = { documents: 0, bytes: 0, tokens: 0 };
  const chunks = counted(input.chunks, (length) => {
    totals.bytes += length;
    const share = input.totalBytes === undefined ? undefined : totals.bytes / input.totalBytes;
    progress?.show(share, () => `${bytes(totals.bytes)}  ${count(totals.tokens)} tokens`);
  });
  const plan = planOf(tokenizer, { ...input, chunks }, flags);
  if (plan.note !== undefined) console.error(`note: ${plan.note}`);
  try {
    for await (const { ids, isEnd } of plan.parts) {
      totals.tokens += ids.length;
      if (ids.length > 0) await output.write(printer?.print(ids) ?? packIds(ids, dtype!));
      if (!isEnd) continue;
      totals.documents++;
      if (printer !== undefined) await output.write(printer.endLine());
      else if (endOfDocument !== undefined) {
        totals.tokens++;
        await output.write(packIds(Uint32Array.of(endOfDocument), dtype!));
      }
    }
    await output.finish();
  } finally {
    progress?.close();
    await output.discard();
  }
  if (!isToFile) return;
  const seconds = (performance.now() - startedMs) / 1000;
  const { name, digest } = tokenizer;
  if (flags.json === true) {
    console.log(
      JSON.stringify({ type: "done", out: flags.out, dtype, tokenizer: { name, digest }, ...totals, seconds }),
    );
  } else {
    const documents = `${count(totals.documents)} ${totals.documents === 1 ? "document" : "documents"}`;
    console.log(
      `${documents}, ${bytes(totals.bytes)}, ${count(totals.tokens)} tokens of ${name} as ${dtype} → ${flags.out} (${duration(seconds)})`,
    );
  }
}

/** Ids of a document or of a part of one. */
interface Part {
  readonly ids: Uint32Array;
  readonly isEnd: boolean;
}

interface Plan {
  readonly parts: AsyncGenerator<Part>;
  /** Worth saying: why it is not done as was asked. */
  readonly note?: string;
}

/** Each thread holds tables of its own: more than this would fill memory before they did any good. */
const MAX_THREADS = 256;

function threadCount(text: string): number {
  const threads = positiveInt(text);
  if (threads > MAX_THREADS) throw new InvalidArgumentError(`expected at most ${MAX_THREADS}`);
  return threads;
}

function planOf(tokenizer: Tokenizer, input: Input, { jsonl, allowSpecial, workers: asked }: Flags): Plan {
  const isLarge = (input.totalBytes ?? 0) >= PARALLEL_FROM_BYTES;
  const workers = asked ?? (isLarge ? availableParallelism() : 1);
  const allowed = allowSpecial === true ? "all" : [];
  const texts = readJsonLines(input.chunks, input.label);
  if (!(tokenizer instanceof ByteLevelTokenizer)) {
    const note = (asked ?? 1) > 1 ? `${tokenizer.name} is encoded by one thread` : undefined;
    const parts = jsonl === true ? eachText(texts, (text) => tokenizer.encode(text)) : inChunks(tokenizer, input);
    return { parts, ...(note === undefined ? {} : { note }) };
  }
  if (jsonl === true) {
    if (workers > 1) return { parts: documentsOnThreads(tokenizer, texts, workers, allowed) };
    const special = (text: string): Uint32Array => tokenizer.encodeWithSpecial(text, allowed);
    return { parts: eachText(texts, allowSpecial === true ? special : (text) => tokenizer.encode(text)) };
  }
  if (tokenizer.vocabulary.added !== undefined) return { parts: asWhole(tokenizer, input, allowed) };
  if (workers > 1 && canCutTexts(tokenizer.vocabulary)) {
    return { parts: streamOnThreads(tokenizer, input, workers, allowed) };
  }
  const parts = ended(tokenizer.encodeStream(input.chunks, allowed));
  if ((asked ?? 1) === 1) return { parts };
  return {
    parts,
    note: `${tokenizer.name} has a pattern of its own, whose pieces may reach anywhere: one thread encodes a single text (documents, with --jsonl, are shared among ${workers})`,
  };
}

/** The parts of one document. */
async function* ended(parts: AsyncIterable<Uint32Array>): AsyncGenerator<Part> {
  for await (const ids of parts) yield { ids, isEnd: false };
  yield { ids: new Uint32Array(), isEnd: true };
}

async function* eachText(
  documents: AsyncIterable<{ readonly text: string }>,
  encodeText: (text: string) => Uint32Array,
): AsyncGenerator<Part> {
  for await (const { text } of documents) yield { ids: encodeText(text), isEnd: true };
}

async function* streamOnThreads(
  tokenizer: ByteLevelTokenizer,
  input: Input,
  workers: number,
  allowed: "all" | readonly string[],
): AsyncGenerator<Part> {
  const encoder = new ParallelEncoder(tokenizer, { workers, allowed });
  try {
    yield* ended(encoder.encodeStream(input.chunks));
  } finally {
    await encoder.close();
  }
}

async function* documentsOnThreads(
  tokenizer: ByteLevelTokenizer,
  documents: AsyncIterable<{ readonly text: string }>,
  workers: number,
  allowed: "all" | readonly string[],
): AsyncGenerator<Part> {
  const encoder = new ParallelEncoder(tokenizer, { workers, allowed });
  async function* utf8(): AsyncGenerator<Uint8Array> {
    for await (const { text } of documents) yield Buffer.from(text);
  }
  try {
    for await (const ids of encoder.encodeDocuments(utf8())) yield { ids, isEnd: true };
  } finally {
    await encoder.close();
  }
}

/** For added tokens with rules of their own, which are sought in whole texts. */
async function* asWhole(
  tokenizer: ByteLevelTokenizer,
  { chunks, label }: Input,
  allowed: "all" | readonly string[],
): AsyncGenerator<Part> {
  const text = await readWhole(chunks, label);
  const ids = allowed === "all" ? tokenizer.encodeWithSpecial(text) : tokenizer.encodeBytes(text);
  yield { ids, isEnd: true };
}

/**
 * For bytes, characters and words. A place that is safe for the byte-level patterns is one for them: between what is
 * visible and a space, or behind a line feed before something visible, characters, words and runs of whitespace end.
 */
async function* inChunks(tokenizer: Tokenizer, { chunks, label }: Input): AsyncGenerator<Part> {
  const safe = new SafeChunks(chunks, { maxChunkBytes: MAX_TEXT_BYTES });
  for await (const chunk of safe) yield { ids: tokenizer.encodeBytes(chunk), isEnd: false };
  if (safe.rest !== undefined) {
    await safe.rest.return(undefined);
    throw new RecipeError(
      `${label}: found no place to cut in ${MAX_TEXT_BYTES} bytes; give a document a line (--jsonl)`,
    );
  }
  yield { ids: new Uint32Array(), isEnd: true };
}
