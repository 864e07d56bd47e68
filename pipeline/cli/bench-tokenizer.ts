/**
 * How fast tokenizers encode, beside npm `tiktoken` (OpenAI's own code, compiled to WebAssembly) where it is installed.
 * Time is the process's user CPU time, so that a busy machine measures the same as an idle one; rounds are interleaved,
 * and what counts is the ratio.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { Command } from "commander";
import { ByteLevelTokenizer } from "../../tokenizer/byte-level.ts";
import { readVocabulary } from "../../tokenizer/load.ts";
import { vocabularyNames } from "../../tokenizer/vocabulary.ts";
import { EXIT, RecipeError } from "../errors.ts";
import { cutLongRuns } from "./long-runs.ts";
import { median } from "./median.ts";
import { positiveInt } from "./run.ts";
import { bytes, table } from "./show.ts";

const MEGABYTE = 1e6;
/** Files are cut into documents of about this size, as crawls are made of documents. */
const DOCUMENT_BYTES = 1 << 18;

export interface TokenizerBenchOptions {
  /** The first so many bytes of each file are encoded. */
  readonly maxBytes: number;
  /** tiktoken keeps nothing between calls, so it is given less: documents spread over the whole. */
  readonly referenceBytes: number;
  readonly rounds: number;
}

/** Medians over the rounds, in megabytes (1e6 bytes of UTF-8) per second of user CPU time. */
export interface Speeds {
  /** A new tokenizer's first pass over the file's bytes; the second half of that pass; a second pass. */
  readonly coldBytes: number;
  readonly steadyBytes: number;
  readonly warmBytes: number;
  /** The same over strings. */
  readonly coldStrings: number;
  readonly warmStrings: number;
  /** npm tiktoken, over strings: it takes nothing else. */
  readonly reference?: number;
}

/** Ours over tiktoken's. */
export type Ratios = Readonly<Record<"cold" | "steady" | "warm", number>>;

export interface TokenizerBench {
  readonly file: string;
  readonly tokenizer: string;
  readonly bytes: number;
  readonly tokens: number;
  /** User CPU seconds from a vocabulary's name to a tokenizer that can encode: median. */
  readonly loadSeconds: number;
  readonly megabytesPerSecond: Speeds;
  /** Ours over tiktoken's: bytes in, median of the rounds' own ratios. */
  readonly ratio?: Ratios;
  /** Whether tiktoken gave the same ids for every document it was given. */
  readonly sameIds?: boolean;
}

/** `sluice bench tokenizer`. */
export function benchTokenizer(): Command {
  const collect = (name: string, names: string[] | undefined): string[] => [...(names ?? []), name];
  return new Command("tokenizer")
    .description("Encoding speed on text files, cold and warm, from bytes and from strings, beside npm tiktoken.")
    .argument("<files...>", "text files, UTF-8")
    .option("--tokenizer <name>", "name or path; give it again for more (default: gpt2)", collect)
    .option("--megabytes <n>", "how much of each file", positiveInt, 20)
    .option("--reference-megabytes <n>", "how much of that tiktoken is given", positiveInt, 5)
    .option("--rounds <n>", "rounds; each runs all", positiveInt, 3)
    .option("--json", "as JSON")
    .exitOverride()
    .addHelpText("after", "\nExample:\n  sluice bench tokenizer novels.txt --tokenizer gpt2 --tokenizer o200k_base\n")
    .action(
      async (
        files: string[],
        flags: {
          tokenizer?: string[];
          megabytes: number;
          referenceMegabytes: number;
          rounds: number;
          json?: boolean;
        },
      ) => {
        const names = flags.tokenizer ?? ["gpt2"];
        const results = runTokenizerBench(files, names, {
          maxBytes: flags.megabytes * MEGABYTE,
          referenceBytes: flags.referenceMegabytes * MEGABYTE,
          rounds: flags.rounds,
        });
        const means = geometricMeans(results);
        if (flags.json === true)
          console.log(JSON.stringify({ type: "bench-tokenizer", node: process.version, results, means }));
        else {
          if (loadTiktoken() === undefined)
            console.error("npm tiktoken is not installed: measured alone (npm i tiktoken)");
          console.log(benchTable(results, means));
        }
        process.exitCode = results.some(({ sameIds }) => sameIds === false) ? EXIT.failed : EXIT.done;
      },
    );
}

/** Measures every tokenizer on every file. Raises RecipeError for an unknown tokenizer or a file that holds nothing. */
export function runTokenizerBench(
  files: readonly string[],
  tokenizers: readonly string[],
  options: TokenizerBenchOptions,
): TokenizerBench[] {
  const corpora = files.map((path) => ({ file: basename(path), documents: readDocuments(path, options.maxBytes) }));
  const results: TokenizerBench[] = [];
  for (const tokenizer of tokenizers) {
    for (const { file, documents } of corpora) {
      results.push({ file, tokenizer, ...measure(tokenizer, documents, options) });
    }
  }
  return results;
}

/** Geometric mean of the ratios by tokenizer; none where tiktoken was not measured. */
export function geometricMeans(results: readonly TokenizerBench[]): Record<string, Ratios> {
  const means: Record<string, Ratios> = {};
  for (const [tokenizer, ofOne] of Map.groupBy(results, (result) => result.tokenizer)) {
    const ratios = ofOne.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio]));
    if (ratios.length === 0) continue;
    const mean = (logs: number[]): number => Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
    means[tokenizer] = {
      cold: mean(ratios.map(({ cold }) => Math.log(cold))),
      steady: mean(ratios.map(({ steady }) => Math.log(steady))),
      warm: mean(ratios.map(({ warm }) => Math.log(warm))),
    };
  }
  return means;
}

interface Documents {
  readonly texts: readonly string[];
  readonly utf8: readonly Uint8Array[];
  readonly bytes: number;
}

function measure(
  name: string,
  documents: Documents,
  { referenceBytes, rounds }: TokenizerBenchOptions,
): Omit<TokenizerBench, "file" | "tokenizer"> {
  const encoding = vocabularyNames.includes(name) ? loadTiktoken()?.get_encoding(name) : undefined;
  const sample = spread(documents, referenceBytes);
  const seen = {
    load: [] as number[],
    coldBytes: [] as number[],
    steadyBytes: [] as number[],
    warmBytes: [] as number[],
  };
  const seenStrings = { cold: [] as number[], warm: [] as number[] };
  const reference: number[] = [];
  let tokens = 0;

  // Every other document, so that both halves hold the same kinds of text.
  const firstHalf = documents.utf8.filter((_, n) => n % 2 === 0);
  const secondHalf = documents.utf8.filter((_, n) => n % 2 === 1);
  const secondHalfBytes = secondHalf.reduce((sum, { length }) => sum + length, 0);

  const ours = (): void => {
    const [loadSeconds, tokenizer] = timed(() => new ByteLevelTokenizer(readVocabulary(name)));
    const encodeAll = (utf8: readonly Uint8Array[]): number =>
      utf8.reduce((sum, bytes) => sum + tokenizer.encodeBytes(bytes).length, 0);
    seen.load.push(loadSeconds);
    const [first] = timed(() => encodeAll(firstHalf));
    const [second] = timed(() => encodeAll(secondHalf));
    const cold = documents.bytes / (first + second);
    seen.coldBytes.push(cold);
    seen.steadyBytes.push(secondHalfBytes > 0 ? secondHalfBytes / second : cold);
    const [seconds, count] = timed(() => encodeAll(documents.utf8));
    seen.warmBytes.push(documents.bytes / seconds);
    tokens = count;
    const other = new ByteLevelTokenizer(readVocabulary(name));
    const encode = (): number => documents.texts.reduce((sum, text) => sum + other.encode(text).length, 0);
    seenStrings.cold.push(documents.bytes / timed(encode)[0]);
    seenStrings.warm.push(documents.bytes / timed(encode)[0]);
  };
  const theirs = (): void => {
    if (encoding === undefined) return;
    const encode = (): number => sample.texts.reduce((sum, text) => sum + encoding.encode_ordinary(text).length, 0);
    reference.push(sample.bytes / timed(encode)[0]);
  };

  // Every other round begins with the other one: a machine that slows down favours neither.
  for (let round = 0; round < rounds; round++)
    for (const run of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) run();

  const inMegabytes = (values: readonly number[]): number => median(values) / MEGABYTE;
  const result = { bytes: documents.bytes, tokens, loadSeconds: median(seen.load) };
  const speeds = {
    coldBytes: inMegabytes(seen.coldBytes),
    steadyBytes: inMegabytes(seen.steadyBytes),
    warmBytes: inMegabytes(seen.warmBytes),
    coldStrings: inMegabytes(seenStrings.cold),
    warmStrings: inMegabytes(seenStrings.warm),
  };
  if (encoding === undefined) return { ...result, megabytesPerSecond: speeds };
  const ratio = (mine: readonly number[]): number => median(mine.map((speed, round) => speed / reference[round]!));
  const tokenizer = new ByteLevelTokenizer(readVocabulary(name));
  const sameIds = sample.texts.every((text, n) => {
    const expected = encoding.encode_ordinary(text);
    return equal(tokenizer.encode(text), expected) && equal(tokenizer.encodeBytes(sample.utf8[n]!), expected);
  });
  encoding.free();
  return {
    ...result,
    megabytesPerSecond: { ...speeds, reference: inMegabytes(reference) },
    ratio: { cold: ratio(seen.coldBytes), steady: ratio(seen.steadyBytes), warm: ratio(seen.warmBytes) },
    sameIds,
  };
}

/** What is used of the package. */
interface Tiktoken {
  get_encoding(name: string): { encode_ordinary(text: string): Uint32Array; free(): void };
}

/** npm `tiktoken`, which users need not have installed. */
function loadTiktoken(): Tiktoken | undefined {
  try {
    return createRequire(import.meta.url)("tiktoken") as Tiktoken;
  } catch {
    return undefined;
  }
}

/** The beginning of a file as documents, cut at line breaks where there are some, and within runs without end. */
function readDocuments(path: string, maxBytes: number): Documents {
  const head = Buffer.alloc(Math.min(maxBytes, fileSize(path)));
  const file = openSync(path, "r");
  const length = readSync(file, head, 0, head.length, 0);
  closeSync(file);
  const texts: string[] = [];
  for (let start = 0; start < length; ) {
    let end = Math.min(start + DOCUMENT_BYTES, length);
    const lineEnd = head.indexOf(0x0a, end - 1) + 1;
    if (lineEnd > 0 && lineEnd < end + DOCUMENT_BYTES) end = Math.min(lineEnd, length);
    else while (end < length && (head[end]! & 0xc0) === 0x80) end++;
    texts.push(...cutLongRuns(head.toString("utf8", start, end)));
    start = end;
  }
  if (texts.length === 0) throw new RecipeError(`${path}: the file is empty: there is nothing to encode`);
  return withBytes(texts);
}

function fileSize(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() === true) return stats.size;
  throw new RecipeError(`${path}: ${stats === undefined ? "no such file" : "not a file"} (give text files)`);
}

function withBytes(texts: readonly string[]): Documents {
  const utf8 = texts.map((text) => Buffer.from(text));
  return { texts, utf8, bytes: utf8.reduce((sum, { length }) => sum + length, 0) };
}

/** Every so manieth document, about `maxBytes` in all. */
function spread({ texts, bytes }: Documents, maxBytes: number): Documents {
  const step = Math.max(1, Math.round(bytes / maxBytes));
  return withBytes(texts.filter((_, n) => n % step === 0));
}

/** User CPU seconds that the call took, never 0, and what it gave. */
function timed<T>(call: () => T): [seconds: number, result: T] {
  const before = process.cpuUsage();
  const result = call();
  const microseconds = process.cpuUsage(before).user;
  return [Math.max(microseconds, 1) / 1e6, result];
}

function equal(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function benchTable(results: readonly TokenizerBench[], means: Record<string, Ratios>): string {
  const speed = (value: number | undefined): string => (value === undefined ? "–" : value.toFixed(1));
  const times = (value: number | undefined): string => (value === undefined ? "–" : `${value.toFixed(1)}×`);
  const rows = [
    [
      ...["MB/s of user CPU time", "size", "cold", "steady", "warm", "strings", "warm", "tiktoken"],
      ...["cold", "steady", "warm", "ids"],
    ],
  ];
  for (const { file, tokenizer, bytes: size, megabytesPerSecond: of, ratio, sameIds } of results) {
    rows.push([
      `${tokenizer} ${file}`,
      bytes(size),
      ...[of.coldBytes, of.steadyBytes, of.warmBytes, of.coldStrings, of.warmStrings, of.reference].map(speed),
      times(ratio?.cold),
      times(ratio?.steady),
      times(ratio?.warm),
      sameIds === undefined ? "–" : sameIds ? "equal" : "DIFFER",
    ]);
  }
  for (const [tokenizer, { cold, steady, warm }] of Object.entries(means)) {
    rows.push([
      ...[`${tokenizer} geometric mean`, "", "", "", "", "", "", ""],
      ...[times(cold), times(steady), times(warm), ""],
    ]);
  }
  return table(rows);
}
