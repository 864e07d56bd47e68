/** `sluice tokenizer train`: a vocabulary from text, in the formats that others read. */
import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Command, Option } from "commander";
import { ByteLevelTokenizer } from "../../../tokenizer/byte-level.ts";
import { writeGpt2 } from "../../../tokenizer/formats/gpt2.ts";
import { writeHuggingFace } from "../../../tokenizer/formats/huggingface.ts";
import { patternOfRegex, writePreTokenizer } from "../../../tokenizer/formats/pre-tokenizer.ts";
import { writeTiktoken } from "../../../tokenizer/formats/tiktoken.ts";
import { loadTokenizer, TRAINED_ON_JSON } from "../../../tokenizer/load.ts";
import { NO_PATTERN, PATTERNS, type Pattern } from "../../../tokenizer/pretokenize.ts";
import { TIE_RULES, type TieRule } from "../../../tokenizer/train/learn.ts";
import { type TrainProgress, type TrainReport, trainTokenizer } from "../../../tokenizer/train/train.ts";
import { END_OF_TEXT, makeVocabulary, type Vocabulary } from "../../../tokenizer/vocabulary.ts";
import { FormatError, RecipeError } from "../../errors.ts";
import { hashFile } from "../../io/durable.ts";
import { interruptible } from "../interruptible.ts";
import { openProgress, type ProgressLine } from "../progress.ts";
import { positiveInt } from "../run.ts";
import { bytes, count, duration, table } from "../show.ts";
import { packIds } from "./ids.ts";
import { decompressed, openInput } from "./input.ts";
import { FILES, TokenizerFolder } from "./tokenizer-folder.ts";
import { type ListModel, trainList } from "./train-list.ts";

/** Read of the corpus to see that what was written encodes as what was trained. */
const SAMPLE_BYTES = 1 << 18;
const BYTE_COUNT = 256;

interface Flags {
  vocabSize: number;
  /** False: none, by --no-special. */
  special?: string[] | false;
  pretokenizer?: string;
  ties?: TieRule;
  minFrequency?: number;
  maxTokenLength?: number;
  lines?: boolean;
  model: "bpe" | ListModel;
  workers?: number;
  out: string;
  force?: boolean;
  json?: boolean;
}

export function trainCommand(): Command {
  const collect = (text: string, before: string[] | false | undefined): string[] => [...(before || []), text];
  return new Command("train")
    .description("Train a byte-level BPE vocabulary on text files.")
    .argument("<files...>", "text files, each one document; paths or URLs; .gz and .zst are decompressed")
    .requiredOption("--vocab-size <n>", "ids in all: 256 bytes, the merges and the special tokens", positiveInt)
    .option(
      "--special <text>",
      `a special token; give it again for more. The text is cut at them, and they get the last ids (default: ${END_OF_TEXT} alone)`,
      collect,
    )
    .option("--no-special", "no special token; what it encodes cannot become shards")
    .option(
      "--pretokenizer <pattern>",
      "gpt2, cl100k, o200k, none, or a regular expression as tokenizer.json has it (default: gpt2)",
    )
    .addOption(
      new Option("--ties <rule>", "which of equally frequent pairs is merged first (default: smallest-id)").choices(
        TIE_RULES,
      ),
    )
    .option("--min-frequency <n>", "pairs that occur less often are not merged (default: 1)", positiveInt)
    .option("--max-token-length <bytes>", "no token gets longer (default: no limit)", positiveInt)
    .option("--lines", "each line, with its end, is a text of its own")
    .addOption(
      new Option("--model <kind>", "bpe; or the most frequent characters or words, to compare with")
        .choices(["bpe", "character", "word"])
        .default("bpe"),
    )
    .option("--workers <n>", "threads; the vocabulary does not depend on it (default: one for each core)", positiveInt)
    .requiredOption("--out <folder>", "where to: a new or empty folder, which gives the tokenizer its name")
    .option("--force", "replace a tokenizer that the folder holds")
    .option("--json", "what was trained, as JSON")
    .exitOverride()
    .addHelpText(
      "after",
      `
Writes ${FILES.slice(0, -1).join(", ")} and ${FILES.at(-1)}: one tokenizer in four spellings, of which tokenizer.json
says most. vocab.json with merges.txt, and .tiktoken, do not say the pre-tokenizer. With --model character or word it is
tokens.json, and N counts the tokens, one for "unknown" and one that ends a text.

Examples:
  sluice tokenizer train --vocab-size 32000 --out my-tokenizer books.txt.zst
  sluice tokenizer train --vocab-size 50257 --pretokenizer cl100k --special "<|endoftext|>" --special "<|user|>" --out chat *.txt
`,
    )
    .action(train);
}

async function train(files: string[], flags: Flags): Promise<void> {
  const plan = flags.model === "bpe" ? planOf(flags) : undefined;
  if (plan === undefined) expectNoBpeFlags(flags);
  const stopped = "training was stopped; nothing is left of it: train again";
  await interruptible(stopped, (signal) => trainInto(files, flags, plan, signal));
}

async function trainInto(files: string[], flags: Flags, plan: BpePlan | undefined, signal: AbortSignal): Promise<void> {
  let folder: TokenizerFolder | undefined;
  const progress = openProgress();
  try {
    folder = TokenizerFolder.open(flags.out, flags.force === true);
    const summary =
      plan === undefined
        ? await trainList(files, { ...flags, model: flags.model as ListModel }, folder, signal)
        : await trainBpe(files, flags, plan, folder, progress, signal);
    await folder.write(TRAINED_ON_JSON, Buffer.from(`${JSON.stringify(await describeFiles(files), null, 2)}\n`));
    await folder.publish();
    progress.close();
    if (flags.json === true) console.log(JSON.stringify({ type: "done", out: flags.out, ...summary.json }));
    else console.log([...summary.lines, ...filesIn(flags.out, summary.files)].join("\n"));
  } finally {
    progress.close();
    folder?.discard();
  }
}

/** Experiments look here: a tokenizer that was trained on one of their variants favours it. Remote files are not told. */
async function describeFiles(files: readonly string[]): Promise<object[]> {
  const local = files.filter((file) => existsSync(file));
  return await Promise.all(local.map(async (file) => ({ file: basename(file), ...(await hashFile(file)) })));
}

/** What is to be told of a training. */
export interface Summary {
  readonly json: object;
  readonly lines: readonly string[];
  readonly files: readonly string[];
}

interface BpePlan {
  readonly special: readonly string[];
  readonly pattern: Pattern;
}

/** Looks at everything that would only fail when the training is over. */
function planOf({ special: asked = [END_OF_TEXT], pretokenizer = "gpt2", out }: Flags): BpePlan {
  const special = asked === false ? [] : asked;
  const pattern = patternOf(pretokenizer);
  const tokens = Array.from({ length: BYTE_COUNT }, (_, byte) => Uint8Array.of(byte));
  try {
    writePreTokenizer(pattern);
    const ids = new Map(special.map((text, n) => [text, BYTE_COUNT + n]));
    if (ids.size === special.length) {
      const vocabulary = makeVocabulary(basename(resolve(out)), pattern, BYTE_COUNT + special.length, tokens, ids);
      filesOf({ ...vocabulary, merges: new Uint32Array(), wholePieces: false });
    }
  } catch (error) {
    if (error instanceof FormatError) throw new RecipeError(error.message, { cause: error });
    throw error;
  }
  return { special, pattern };
}

function patternOf(name: string): Pattern {
  if (Object.hasOwn(PATTERNS, name)) return PATTERNS[name as keyof typeof PATTERNS];
  if (name === "none") return NO_PATTERN;
  if (/^[\w-]*$/.test(name)) {
    throw new RecipeError(
      `--pretokenizer: unknown name ${JSON.stringify(name)} (known: ${Object.keys(PATTERNS).join(", ")}, none; or a regular expression)`,
    );
  }
  try {
    return patternOfRegex(name, "--pretokenizer");
  } catch (error) {
    if (error instanceof FormatError) throw new RecipeError(error.message, { cause: error });
    throw error;
  }
}

function expectNoBpeFlags(flags: Flags): void {
  for (const [flag, value] of [
    ["--special", flags.special],
    ["--pretokenizer", flags.pretokenizer],
    ["--ties", flags.ties],
    ["--max-token-length", flags.maxTokenLength],
    ["--lines", flags.lines],
    ["--workers", flags.workers],
  ] as const) {
    if (value !== undefined)
      throw new RecipeError(`${flag}: a list of ${flags.model}s has no such thing; leave it out`);
  }
}

async function trainBpe(
  files: readonly string[],
  flags: Flags,
  { special, pattern }: BpePlan,
  folder: TokenizerFolder,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<Summary> {
  const { vocabSize, ties, minFrequency, maxTokenLength, lines, workers } = flags;
  const { vocabulary, report } = await trainTokenizer({
    files,
    vocabSize,
    special,
    pattern,
    lines: lines === true,
    ...(ties === undefined ? {} : { ties }),
    ...(minFrequency === undefined ? {} : { minFrequency }),
    ...(maxTokenLength === undefined ? {} : { maxTokenLength }),
    ...(workers === undefined ? {} : { workers }),
    signal,
    onProgress: (now) => showProgress(progress, now),
  });
  for (const [name, content] of filesOf(vocabulary)) await folder.write(name, content);
  const { digest } = await checkFolder(folder.staging, vocabulary, files[0]!);
  return {
    json: { vocabSize: vocabulary.size, digest, special: Object.fromEntries(vocabulary.special), ...report },
    lines: describe(vocabulary, digest, report, vocabSize),
    files: FILES,
  };
}

/** The four spellings by file name. */
function filesOf(vocabulary: Vocabulary): Map<(typeof FILES)[number], Uint8Array> {
  // These two have no place for a pattern; who loads the folder takes it from tokenizer.json.
  const { vocab, merges } = writeGpt2({ ...vocabulary, pattern: PATTERNS.gpt2 });
  return new Map([
    ["vocab.json", vocab],
    ["merges.txt", merges],
    ["tokenizer.json", writeHuggingFace(vocabulary)],
    ["tokenizer.tiktoken", writeTiktoken(vocabulary)],
  ]);
}

/** Reads the folder as anyone would, and compares with what was trained: by digest, and by the ids of some text. */
async function checkFolder(dir: string, vocabulary: Vocabulary, file: string): Promise<ByteLevelTokenizer> {
  const trained = new ByteLevelTokenizer(vocabulary);
  const sample = await readSample(file);
  const ids = packIds(trained.encodeBytes(sample), "u32");
  // By the .tiktoken file, too: it is held against tokenizer.json then.
  for (const path of [dir, join(dir, "tokenizer.tiktoken")]) {
    const loaded = await loadTokenizer(path);
    if (loaded.digest === trained.digest && Buffer.compare(packIds(loaded.encodeBytes(sample), "u32"), ids) === 0)
      continue;
    throw new Error(`${path}: what was written is not what was trained; this is a fault of the program`);
  }
  return trained;
}

async function readSample(file: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of decompressed(await openInput(file))) {
    parts.push(chunk);
    size += chunk.length;
    if (size >= SAMPLE_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, SAMPLE_BYTES);
}

function showProgress(progress: ProgressLine, now: TrainProgress): void {
  if (now.phase === "count") {
    const { bytesRead, totalBytes } = now;
    const share = totalBytes === 0 ? 1 : bytesRead / totalBytes;
    progress.show(share, () => `counting: ${bytes(bytesRead)} of ${bytes(totalBytes)}`);
  } else {
    // Merges get cheaper as they go: no guess is better than a wrong one.
    progress.show(undefined, () => `merging: ${count(now.merges)} of ${count(now.maxMerges)}`);
  }
}

function describe(vocabulary: Vocabulary, digest: string, report: TrainReport, asked: number): string[] {
  const { textBytes, pieces, distinctPieces, merges, stopped, countSeconds, learnSeconds } = report;
  const missing = asked - vocabulary.size;
  return [
    `${count(vocabulary.size)} ids: 256 bytes, ${count(merges)} merges, ${count(vocabulary.special.size)} special`,
    ...(stopped === "no-pairs-left" && missing > 0
      ? [`note: ${count(missing)} fewer than asked for: the text has no more pairs to merge`]
      : []),
    ...(vocabulary.pattern.name === "gpt2"
      ? []
      : ["note: only tokenizer.json says the pre-tokenizer; elsewhere vocab.json and .tiktoken are read as GPT-2's"]),
    table([
      ["text", bytes(textBytes), duration(countSeconds)],
      ["pieces", count(pieces), `${count(distinctPieces)} distinct`],
      ["merges", count(merges), duration(learnSeconds)],
      ["digest", digest.slice(0, 16), "as read back"],
    ]),
  ];
}

function filesIn(dir: string, names: readonly string[]): string[] {
  return names.map((name) => `  ${join(dir, name)}  ${bytes(statSync(join(dir, name)).size)}`);
}
