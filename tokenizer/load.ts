/**
 * Tokenizers by name or by path. A path is a folder, a Hugging Face `tokenizer.json`, GPT-2's `vocab.json` beside its
 * `merges.txt`, or a `.tiktoken` file:
 *
 *     folder/   tokenizer.json, else vocab.json + merges.txt, else its one .tiktoken
 *     x.tiktoken   with a tokenizer.json of the same tokens beside it, that one's pattern, merges and special tokens;
 *                  else GPT-2's pattern and no special token
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, type Stats, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { FormatError, RecipeError } from "../pipeline/errors.ts";
import type { Tokenizer } from "../pipeline/tokenizer.ts";
import { ByteTokenizer } from "./baselines/byte.ts";
import { parseTokenList } from "./baselines/file.ts";
import { ByteLevelTokenizer } from "./byte-level.ts";
import { readGpt2 } from "./formats/gpt2.ts";
import { readHuggingFace } from "./formats/huggingface.ts";
import { readTiktoken } from "./formats/tiktoken.ts";
import { loadVocabulary, ranksOf, type Vocabulary, vocabularyFile, vocabularyNames } from "./vocabulary.ts";

const TOKENIZER_JSON = "tokenizer.json";
const VOCAB_JSON = "vocab.json";
const MERGES_TXT = "merges.txt";
const TIKTOKEN = ".tiktoken";
/** Where `sluice tokenizer train` puts a list of characters or words. */
export const TOKENS_JSON = "tokens.json";
/** Where it puts what it was trained on: `{ file, bytes, sha256 }` of each file, in a list. */
export const TRAINED_ON_JSON = "trained-on.json";
/** The name of the tokenizer that takes every byte for a token. */
export const BYTES = "bytes";
/** The largest file in use has 35 MB. */
const MAX_FILE_BYTES = 1 << 28;

const KINDS = `a folder, ${TOKENIZER_JSON}, ${VOCAB_JSON} beside ${MERGES_TXT}, or a ${TIKTOKEN} file`;

/** What a name or path comes to: files, all of them to be read. */
type Located =
  | { readonly kind: "builtIn"; readonly name: string; readonly files: readonly [string] }
  | { readonly kind: "huggingface"; readonly name: string; readonly files: readonly [string] }
  | { readonly kind: "gpt2"; readonly name: string; readonly files: readonly [vocab: string, merges: string] }
  | {
      readonly kind: "tiktoken";
      readonly name: string;
      readonly files: readonly [ranks: string] | readonly [ranks: string, sidecar: string];
    };

/** By the files' paths, times and sizes, so that one that was written anew is read anew. */
const loaded = new Map<string, ByteLevelTokenizer>();

/**
 * A tokenizer by name ("gpt2", "cl100k_base" or "o200k_base") or by the path of its file or folder. Raises RecipeError
 * where there is none, FormatError where a file is not what it should be. Read once a thread.
 * @example
 * const gpt2 = await loadTokenizer("gpt2");
 * gpt2.encode("hello world"); // Uint32Array [31373, 995]
 */
export async function loadTokenizer(nameOrPath: string): Promise<ByteLevelTokenizer> {
  const located = locate(nameOrPath);
  const key = located.kind === "builtIn" ? located.name : located.files.map(versionOf).join("\0");
  let tokenizer = loaded.get(key);
  if (tokenizer === undefined) {
    tokenizer = new ByteLevelTokenizer(read(located));
    loaded.set(key, tokenizer);
  }
  return tokenizer;
}

/**
 * The same for every kind of tokenizer: "bytes", and lists of characters or words (`tokens.json`, or a folder that has
 * one), too.
 */
export async function loadAnyTokenizer(nameOrPath: string): Promise<Tokenizer> {
  if (nameOrPath === BYTES) return new ByteTokenizer();
  const list = tokenListAt(nameOrPath);
  if (list !== undefined) return parseTokenList(Buffer.from(readFile(list)).toString("utf8"), list);
  return loadTokenizer(nameOrPath);
}

/** Path of the token list that a path stands for, if it is one. */
function tokenListAt(path: string): string | undefined {
  const stats = vocabularyNames.includes(path) ? undefined : statOf(path);
  if (stats?.isDirectory()) {
    const inFolder = join(path, TOKENS_JSON);
    return existsSync(join(path, TOKENIZER_JSON)) || !existsSync(inFolder) ? undefined : inFolder;
  }
  return stats?.isFile() && path.endsWith(".json") && beginsAsTokenList(path) ? path : undefined;
}

/** Hugging Face's files have no "format", and to read one twice takes a while. */
function beginsAsTokenList(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(256);
    return /^\s*\{\s*"format"\s*:/.test(head.toString("latin1", 0, readSync(file, head)));
  } finally {
    closeSync(file);
  }
}

/** The vocabulary by name or path, read anew. */
export function readVocabulary(nameOrPath: string): Vocabulary {
  return read(locate(nameOrPath));
}

/** Absolute paths of the files that decide what the tokenizer of this name or path does. */
export function tokenizerFiles(nameOrPath: string): string[] {
  return locate(nameOrPath).files.map((file) => resolve(file));
}

function versionOf(file: string): string {
  const { mtimeMs, size, ino } = statSync(file);
  return `${resolve(file)} ${mtimeMs} ${size} ${ino}`;
}

function locate(nameOrPath: string): Located {
  if (vocabularyNames.includes(nameOrPath)) {
    return { kind: "builtIn", name: nameOrPath, files: [vocabularyFile(nameOrPath)] };
  }
  const stats = statOf(nameOrPath);
  if (stats === undefined) throw notFound(nameOrPath);
  if (stats.isDirectory()) return locateInFolder(nameOrPath);
  if (!stats.isFile()) throw new RecipeError(`tokenizer ${nameOrPath}: neither a file nor a folder, expected ${KINDS}`);
  return locateFile(nameOrPath);
}

function notFound(nameOrPath: string): RecipeError {
  const looksLikePath = /[\\/]/.test(nameOrPath) || extname(nameOrPath) !== "";
  if (looksLikePath) return new RecipeError(`tokenizer ${nameOrPath}: no such file or folder, expected ${KINDS}`);
  const builtIn = vocabularyNames.join(", ");
  return new RecipeError(
    `unknown tokenizer ${JSON.stringify(nameOrPath)} (built in: ${builtIn}; a path works, too: ${KINDS})`,
  );
}

function locateInFolder(folder: string): Located {
  const name = basename(resolve(folder));
  const json = join(folder, TOKENIZER_JSON);
  if (existsSync(json)) return { kind: "huggingface", name, files: [json] };
  const pair = [join(folder, VOCAB_JSON), join(folder, MERGES_TXT)] as const;
  if (pair.every((file) => existsSync(file))) return { kind: "gpt2", name, files: pair };
  const ranks = readdirSync(folder).filter((file) => file.endsWith(TIKTOKEN));
  if (ranks.length === 1) return { kind: "tiktoken", name, files: [join(folder, ranks[0]!)] };
  const half = pair.find((file) => existsSync(file));
  const found =
    ranks.length > 0 ? ranks.sort().join(", ") : half === undefined ? "none of these" : `${basename(half)} alone`;
  throw new RecipeError(
    `tokenizer ${folder}: found ${found}, expected ${TOKENIZER_JSON}, ${VOCAB_JSON} and ${MERGES_TXT}, or one ${TIKTOKEN} file${ranks.length > 1 ? "; name the file itself" : ""}`,
  );
}

function locateFile(path: string): Located {
  const file = basename(path);
  // tokenizer.json says nothing of what it is a tokenizer of; its folder does.
  const stem = basename(file, extname(file));
  const name = [TOKENIZER_JSON, VOCAB_JSON, MERGES_TXT].includes(file) ? basename(dirname(resolve(path))) : stem;
  if (file.endsWith(TIKTOKEN)) {
    const sidecar = join(dirname(path), TOKENIZER_JSON);
    return { kind: "tiktoken", name, files: existsSync(sidecar) ? [path, sidecar] : [path] };
  }
  if (file.endsWith(VOCAB_JSON)) {
    return { kind: "gpt2", name, files: [path, besides(path, VOCAB_JSON, MERGES_TXT)] };
  }
  if (file.endsWith(MERGES_TXT)) {
    return { kind: "gpt2", name, files: [besides(path, MERGES_TXT, VOCAB_JSON), path] };
  }
  if (file.endsWith(".json")) return { kind: "huggingface", name, files: [path] };
  throw new RecipeError(`tokenizer ${path}: unknown kind of file, expected ${KINDS}`);
}

/** The other file of GPT-2's pair, which may have a prefix: `gpt2-vocab.json`, `gpt2-merges.txt`. */
function besides(path: string, suffix: string, otherSuffix: string): string {
  const other = path.slice(0, -suffix.length) + otherSuffix;
  if (existsSync(other)) return other;
  throw new RecipeError(`tokenizer ${path}: found no ${basename(other)} beside it, expected both files`);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // A name with a zero byte, a folder that is closed to us.
  }
}

function read(located: Located): Vocabulary {
  const { name, files } = located;
  switch (located.kind) {
    case "builtIn":
      return loadVocabulary(name);
    case "huggingface":
      return readHuggingFace(readFile(files[0]), files[0], name);
    case "gpt2": {
      const [vocab, merges] = located.files;
      return readGpt2({ vocab: readFile(vocab), merges: readFile(merges) }, { vocab, merges }, { name });
    }
    case "tiktoken": {
      const [path, sidecar] = located.files;
      const ranks = readTiktoken(readFile(path), path, { name });
      if (sidecar === undefined) return ranks;
      const whole = readHuggingFace(readFile(sidecar), sidecar, name);
      expectSameTokens(ranks, path, whole, sidecar);
      return whole;
    }
  }
}

function expectSameTokens(ranks: Vocabulary, path: string, whole: Vocabulary, sidecar: string): void {
  const a = ranksOf(ranks).byteStrings;
  const b = ranksOf(whole).byteStrings;
  for (let id = 0; id < Math.max(a.length, b.length); id++) {
    if ((a[id] ?? "") === (b[id] ?? "")) continue;
    throw new FormatError(
      `${path}: its token ${id} is not the one in ${sidecar}, expected two spellings of one tokenizer; name ${sidecar} itself, or move one of them`,
    );
  }
}

function readFile(path: string): Uint8Array {
  const { size } = statSync(path);
  if (size > MAX_FILE_BYTES) throw new FormatError(`${path}: ${size} bytes, expected ${MAX_FILE_BYTES} at most`);
  return readFileSync(path);
}
