import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RecipeError } from "../../pipeline/errors.ts";
import type { Document, WrittenPage } from "../../pipeline/index.ts";
import { openShard } from "../../pipeline/shard.ts";
import { sinks } from "../../tokenizer/index.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import shards, { shardTokenizer } from "../../tokenizer/shards.ts";
import { FILES_CONTEXT } from "../shared.ts";
import { tempFolder } from "./temp.ts";

const folder = tempFolder();
let runs = 0;

function page(n: number, text: string): Document {
  const id = n.toString(16).padStart(32, "0");
  const source = { file: `crawl/${n % 2}.warc.gz`, offset: 100 * n, length: 50 };
  return Object.freeze({ id, url: `https://x.example/${n}`, date: "", source, text, tags: {} });
}

async function encodePage(document: Document, tokenizer: string): Promise<WrittenPage> {
  const { params } = shards({ dir: "out", tokenizer });
  const { bytes, tokens } = shards.encode(document, params, await shardTokenizer(tokenizer));
  const { id, url, source } = document;
  return { id, url, file: source.file, offset: source.offset, bytes, tokens };
}

async function open(shardTokens: number, tokenizer = "gpt2") {
  const dir = join(folder, `run-${runs++}`);
  mkdirSync(dir);
  const { params } = shards({ dir: "out", tokenizer, shardTokens });
  return { dir, writer: await shards.open(params, { dir, seed: 1, resolvePath: (path) => path }) };
}

async function writeRun(texts: readonly string[], shardTokens: number, tokenizer = "gpt2"): Promise<string> {
  const { dir, writer } = await open(shardTokens, tokenizer);
  for (const [n, text] of texts.entries()) await writer.write(await encodePage(page(n, text), tokenizer));
  await writer.close();
  return dir;
}

const shardFiles = (dir: string): string[] => readdirSync(join(dir, "data")).sort();

/** Texts by shard, decoded. */
async function readRun(dir: string, name = "gpt2"): Promise<string[][]> {
  const tokenizer = await loadTokenizer(name);
  return shardFiles(dir).map((file) => {
    const shard = openShard(join(dir, "data", file));
    shard.verify();
    shard.expectTokenizer(tokenizer.digest);
    const texts = Array.from({ length: shard.documentCount }, (_, n) => {
      const ids = shard.tokensOf(n);
      assert.equal(ids.at(-1), tokenizer.endOfText);
      return Buffer.from(tokenizer.decode(ids.subarray(0, -1))).toString();
    });
    shard.close();
    return texts;
  });
}

test("a page becomes its ids and end-of-text, two bytes each for GPT-2 and four for larger vocabularies", async () => {
  const two = await encodePage(page(0, "hello world"), "gpt2");
  assert.deepEqual([Buffer.from(two.bytes).toString("hex"), two.tokens], ["8d7ae30350c4", 3]);
  const four = await encodePage(page(0, "hello world"), "cl100k_base");
  assert.deepEqual([Buffer.from(four.bytes).toString("hex"), four.tokens], ["eb3b00007d070000a1870100", 3]);
  assert.equal((await encodePage(page(0, ""), "gpt2")).tokens, 1);
  // The bytes travel between threads: the buffer is theirs alone.
  assert.equal(two.bytes.buffer.byteLength, two.bytes.length);
});

test("documents come back in order, with where they came from", async () => {
  const texts = ["hello world", "", "naïve <|endoftext|> 😀", "x".repeat(5000)];
  for (const tokenizer of ["gpt2", "o200k_base"]) {
    const dir = await writeRun(texts, 1_000_000, tokenizer);
    assert.deepEqual(shardFiles(dir), ["00000.tok"]);
    assert.deepEqual(await readRun(dir, tokenizer), [texts]);
    const shard = openShard(join(dir, "data", "00000.tok"));
    const { id, url, source } = page(3, "");
    assert.deepEqual(shard.provenanceOf(3), { id, url, file: source.file, offset: source.offset });
    assert.equal(shard.header.tokenizer.name, tokenizer);
    shard.close();
  }
});

test("documents stay whole: a shard ends before the one that would not fit, a large one has its own", async () => {
  const small = "a b c"; // 3 ids and end-of-text
  const large = "a b c d e f g h i j k l m n";
  const dir = await writeRun([small, small, small, large, large, small, small], 8);
  assert.deepEqual(await readRun(dir), [[small, small], [small], [large], [large], [small, small]]);
  assert.deepEqual(shardFiles(dir), ["00000.tok", "00001.tok", "00002.tok", "00003.tok", "00004.tok"]);
});

test("a limit of one token gives every document a shard, and no empty ones", async () => {
  assert.deepEqual(await readRun(await writeRun(["a", "", "b c"], 1)), [["a"], [""], ["b c"]]);
});

test("equal runs write equal bytes", async () => {
  const texts = Array.from({ length: 30 }, (_, n) => `Page ${n} says ${"well ".repeat(n)}`);
  const [a, b] = [await writeRun(texts, 100), await writeRun(texts, 100)];
  assert.deepEqual(shardFiles(a), shardFiles(b));
  for (const file of shardFiles(a)) {
    assert.deepEqual(readFileSync(join(a, "data", file)), readFileSync(join(b, "data", file)));
  }
});

test("a run that keeps nothing writes no shard", async () => {
  assert.equal(existsSync(join(await writeRun([], 10), "data")), false);
});

test("giving up closes what is open and leaves nothing that could pass for a shard", async () => {
  const openFiles = (): number => (process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0);
  const { dir, writer } = await open(1000);
  const before = openFiles();
  await writer.write(await encodePage(page(0, "hello"), "gpt2"));
  await writer.abort();
  await writer.abort();
  assert.equal(openFiles(), before);
  assert.throws(() => openShard(join(dir, "data", "00000.tok")), /an unfinished token shard/);
});

test("a page that was encoded for another tokenizer is refused", async () => {
  const { writer } = await open(1000);
  await assert.rejects(
    async () => writer.write(await encodePage(page(0, "hello"), "o200k_base")),
    /do not end with end-of-text \(50256\)/,
  );
  await writer.abort();
});

test("parameters: defaults, bounds, and an unknown tokenizer before any data is read", async () => {
  assert.deepEqual(shards({ dir: "out" }).params, { dir: "out", tokenizer: "gpt2", shardTokens: 100_000_000 });
  for (const bad of [
    {},
    { dir: "" },
    { dir: "o", shardTokens: 0 },
    { dir: "o", shardTokens: 1.5 },
    { dir: "o", tokeniser: "gpt2" },
  ]) {
    assert.throws(() => shards(bad as { dir: string }), RecipeError, JSON.stringify(bad));
  }
  await assert.rejects(open(10, "gpt5"), /unknown tokenizer "gpt5" \(built in: gpt2, cl100k_base, o200k_base/);
  assert.throws(() => shards.files?.({ dir: "o", tokenizer: "gpt5", shardTokens: 1 }, FILES_CONTEXT), RecipeError);
  assert.match(shards.files!(shards({ dir: "o" }).params, FILES_CONTEXT)[0]!, /r50k_base\.tiktoken$/);
});

test("the folder's registry names the sink", async () => {
  assert.equal((await sinks.shards()).default, shards);
});
