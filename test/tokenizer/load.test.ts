import assert from "node:assert/strict";
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { writeGpt2 } from "../../tokenizer/formats/gpt2.ts";
import { readHuggingFace, writeHuggingFace } from "../../tokenizer/formats/huggingface.ts";
import { writeTiktoken } from "../../tokenizer/formats/tiktoken.ts";
import { loadTokenizer, readVocabulary, tokenizerFiles } from "../../tokenizer/load.ts";
import { PATTERNS } from "../../tokenizer/pretokenize.ts";
import { vocabularyDigest, vocabularyFile } from "../../tokenizer/vocabulary.ts";
import { smallVocabulary } from "./formats-helper.ts";
import { tempFolder } from "./temp.ts";

const SMALL = smallVocabulary(600, ["<|endoftext|>"], PATTERNS.cl100k);
const GPT2_LIKE = smallVocabulary(600);
const HF = writeHuggingFace(SMALL);

/** A new folder with these files. */
function folder(files: Record<string, Uint8Array | string>): string {
  const path = join(tempFolder(), "my-tokenizer");
  mkdirSync(path);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}

function rejects(
  nameOrPath: string,
  kind: typeof RecipeError | typeof FormatError,
  part: string | RegExp,
): Promise<void> {
  return assert.rejects(loadTokenizer(nameOrPath), (error) => {
    assert.ok(error instanceof kind, String(error));
    assert.ok(typeof part === "string" ? error.message.includes(part) : part.test(error.message), error.message);
    return true;
  });
}

test("built-in names", async () => {
  const gpt2 = await loadTokenizer("gpt2");
  assert.deepEqual([...gpt2.encode("hello world")], [31_373, 995]);
  assert.equal(await loadTokenizer("gpt2"), gpt2);
  assert.deepEqual(tokenizerFiles("cl100k_base"), [vocabularyFile("cl100k_base")]);
});

test("a folder or file of tokenizer.json, by an absolute or relative path", async () => {
  const dir = folder({ "tokenizer.json": HF, "vocab.json": "{", "x.tiktoken": "?", "config.json": "{}" });
  const digest = vocabularyDigest(readHuggingFace(HF, "x"));
  for (const path of [dir, `${dir}/`, join(dir, "tokenizer.json"), relative(process.cwd(), dir)]) {
    const tokenizer = await loadTokenizer(path);
    assert.deepEqual([tokenizer.name, tokenizer.digest, tokenizer.vocabSize], ["my-tokenizer", digest, 601]);
    assert.deepEqual(tokenizerFiles(path), [join(dir, "tokenizer.json")]);
  }
});

test("vocab.json and merges.txt, as a folder and by either file, with or without a prefix", () => {
  const { vocab, merges } = writeGpt2(GPT2_LIKE);
  for (const prefix of ["", "small-"]) {
    const dir = folder({ [`${prefix}vocab.json`]: vocab, [`${prefix}merges.txt`]: merges });
    const files = [join(dir, `${prefix}vocab.json`), join(dir, `${prefix}merges.txt`)];
    for (const path of prefix === "" ? [dir, ...files] : files) {
      const vocabulary = readVocabulary(path);
      assert.deepEqual([vocabulary.pattern, vocabulary.special], [PATTERNS.gpt2, GPT2_LIKE.special]);
      assert.deepEqual(tokenizerFiles(path), files);
    }
  }
});

test("a .tiktoken file alone has GPT-2's pattern and no special token", () => {
  const dir = folder({ "small.tiktoken": writeTiktoken(SMALL) });
  for (const path of [dir, join(dir, "small.tiktoken")]) {
    const vocabulary = readVocabulary(path);
    assert.deepEqual([vocabulary.pattern, vocabulary.special.size, vocabulary.size], [PATTERNS.gpt2, 0, 600]);
    assert.deepEqual(tokenizerFiles(path), [join(dir, "small.tiktoken")]);
  }
  assert.equal(readVocabulary(join(dir, "small.tiktoken")).name, "small");
});

test("a .tiktoken file with its tokenizer.json beside it is the tokenizer of both", async () => {
  const dir = folder({ "small.tiktoken": writeTiktoken(SMALL), "tokenizer.json": HF });
  const path = join(dir, "small.tiktoken");
  assert.equal(vocabularyDigest(readVocabulary(path)), vocabularyDigest(readVocabulary(dir)));
  assert.deepEqual(tokenizerFiles(path), [path, join(dir, "tokenizer.json")]);

  const other = folder({ "small.tiktoken": writeTiktoken(smallVocabulary(599)), "tokenizer.json": HF });
  await rejects(join(other, "small.tiktoken"), FormatError, "its token 599 is not the one in ");
});

test("what is not there is a recipe error that says what would do", async () => {
  for (const name of ["gpt5", "", "__proto__", "nul\0"]) {
    const start = `unknown tokenizer ${JSON.stringify(name)} (built in: gpt2, cl100k_base, o200k_base; a path works, too: a folder`;
    await rejects(name, RecipeError, start);
    assert.throws(() => tokenizerFiles(name), RecipeError);
  }
  await rejects(
    "./nothing",
    RecipeError,
    /^tokenizer \.\/nothing: no such file or folder, expected a folder, tokenizer\.json/,
  );
  await rejects("nothing.json", RecipeError, "no such file or folder");
  await rejects("C:\\nothing", RecipeError, "no such file or folder");
  await rejects("/dev/zero", RecipeError, "neither a file nor a folder");
  const empty = folder({ "README.md": "x" });
  await rejects(
    empty,
    RecipeError,
    "found none of these, expected tokenizer.json, vocab.json and merges.txt, or one .tiktoken file",
  );
  await rejects(join(empty, "README.md"), RecipeError, "unknown kind of file");
  await rejects(folder({ "a.tiktoken": "", "b.tiktoken": "" }), RecipeError, "found a.tiktoken, b.tiktoken, expected");
  const half = folder({ "vocab.json": "{}" });
  await rejects(join(half, "vocab.json"), RecipeError, "found no merges.txt beside it");
  await rejects(half, RecipeError, "found vocab.json alone, expected tokenizer.json");
});

test("a corrupted file is a format error that begins with its path", async () => {
  const path = join(folder({ "tokenizer.json": HF.subarray(0, 5000) }), "tokenizer.json");
  await rejects(path, FormatError, `${path}: not JSON (`);
  await rejects(path, FormatError, "was the file cut short? Fetch it again");
});

test("a file that was written anew is read anew", async () => {
  const dir = folder({ "tokenizer.json": HF });
  const before = await loadTokenizer(dir);
  assert.equal(await loadTokenizer(dir), before);
  writeFileSync(join(dir, "tokenizer.json"), writeHuggingFace(GPT2_LIKE));
  utimesSync(join(dir, "tokenizer.json"), 1, 1);
  const after = await loadTokenizer(dir);
  assert.notEqual(after.digest, before.digest);
  assert.deepEqual(readFileSync(tokenizerFiles(dir)[0]!), Buffer.from(writeHuggingFace(GPT2_LIKE)));
});
