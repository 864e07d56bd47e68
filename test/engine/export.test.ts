/** `sluice export`, from a recipe to files that other trainers read. The readers here are written from the formats' layouts. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { type Manifest, readManifest } from "../../pipeline/manifest.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { sluice, tempDir } from "./harness.ts";

/** Of different lengths, with letters that take several tokens, and one that is more than half of a shard. */
const TEXTS = ["Gold.", "Wash the gravel.", "Größe, 水 and 🪨".repeat(4), "water over stones ".repeat(60), "x"];
const SHARD_TOKENS = 200;

const dir = tempDir();
let manifest: Manifest;
/** What the tokenizer makes of each text, with the end of text behind it. */
let documents: number[][];

before(async () => {
  const gpt2 = await loadTokenizer("gpt2");
  documents = TEXTS.map((text) => [...gpt2.encode(text), gpt2.endOfText!]);
  writeFileSync(join(dir, "pages.jsonl"), TEXTS.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const sinks = {
    run: { use: "shards", with: { dir: "run", shardTokens: SHARD_TOKENS } },
    wide: { use: "shards", with: { dir: "wide", tokenizer: "cl100k_base" } },
    lines: { use: "jsonl", with: { dir: "lines" } },
  };
  for (const [name, sink] of Object.entries(sinks)) {
    const source = { use: "jsonl", with: { files: ["pages.jsonl"] } };
    writeFileSync(join(dir, `${name}.json`), JSON.stringify({ source, stages: [], sink }));
    const { code, stderr } = await sluice(["run", `${name}.json`, "--workers", "1", "--cache", "off"], { cwd: dir });
    assert.equal(code, 0, stderr);
  }
  manifest = readManifest(join(dir, "run"));
});

const exportTo = (format: string, out: string, inputs: string[], ...more: string[]) =>
  sluice(["export", ...inputs, "--format", format, "--out", out, ...more], { cwd: dir });

const u16s = (bytes: Buffer) => Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16LE(2 * i));
const u64s = (bytes: Buffer) =>
  Array.from({ length: bytes.length / 8 }, (_, i) => Number(bytes.readBigUInt64LE(8 * i)));

test("nanoGPT: the run's tokens, one after the other", async () => {
  const { code, stdout, stderr } = await exportTo("nanogpt", "nano/train.bin", ["run"]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  assert.deepEqual(u16s(readFileSync(join(dir, "nano", "train.bin"))), documents.flat());
  assert.ok(manifest.artifacts.filter(({ kind }) => kind === "data").length >= 2, "the run has several shards");
  const tokens = documents.flat().length;
  assert.equal(manifest.counts.tokens, tokens);
  assert.match(
    stdout,
    new RegExp(`^5 documents, ${tokens} tokens from \\d shards\n +nano/train.bin +${2 * tokens} B\n$`),
  );
  assert.deepEqual(readdirSync(join(dir, "nano")), ["train.bin"], "no unfinished file is left");
});

test("Megatron: each page is a sequence and a document", async () => {
  const { code, stdout, stderr } = await exportTo("megatron", "corpus", ["run"], "--json");
  assert.equal(code, 0, stderr);
  const { shards, ...told } = JSON.parse(stdout) as { shards: string[] };
  assert.equal(shards[0], join("run", "data", "00000.tok"));
  const expected = { format: "megatron", files: ["corpus.bin", "corpus.idx"], tokens: documents.flat().length };
  assert.deepEqual(told, { ...expected, documents: 5 });
  const idx = readFileSync(join(dir, "corpus.idx"));
  assert.equal(idx.toString("latin1", 0, 9), "MMIDIDX\0\0");
  assert.equal(idx.readUInt8(17), 8, "u16 tokens");
  assert.equal(idx.readBigUInt64LE(18), 5n);
  assert.equal(idx.readBigUInt64LE(26), 6n);
  const lengths = Array.from({ length: 5 }, (_, i) => idx.readInt32LE(34 + 4 * i));
  const offsets = u64s(idx.subarray(34 + 20, 34 + 20 + 40));
  assert.deepEqual(u64s(idx.subarray(34 + 60)), [0, 1, 2, 3, 4, 5]);
  const bin = readFileSync(join(dir, "corpus.bin"));
  assert.deepEqual(
    offsets.map((offset, i) => u16s(bin.subarray(offset, offset + 2 * lengths[i]!))),
    documents,
  );
});

test("datatrove: tokens, ends of documents, and a word about both; given shards keep their order", async () => {
  const shards = manifest.artifacts.filter(({ kind }) => kind === "data").map(({ path }) => join("run", path));
  const { code, stderr } = await exportTo("datatrove", "trove.ds", shards);
  assert.equal(code, 0, stderr);
  assert.deepEqual(u16s(readFileSync(join(dir, "trove.ds"))), documents.flat());
  const ends = u64s(readFileSync(join(dir, "trove.ds.index")));
  assert.deepEqual(
    ends,
    documents.map((_, i) => documents.slice(0, i + 1).flat().length),
  );
  const tokens = documents.flat().length;
  assert.equal(readFileSync(join(dir, "trove.ds.metadata"), "utf8"), `gpt2|2\n${tokens}\n${tokens} T`);
});

test("what cannot be exported is refused in one line, and nothing is written", async () => {
  mkdirSync(join(dir, "empty"));
  const shard = join("run", "data", "00000.tok");
  copyFileSync(join(dir, shard), join(dir, "cut.tok"));
  truncateSync(join(dir, "cut.tok"), 500);
  const before = readFileSync(join(dir, shard));
  const cases: [string[], number, RegExp, string?, string?][] = [
    [["lines"], 2, /^sluice: lines: the run has no token shards \(its sink was jsonl\)/],
    [["empty"], 1, /^sluice: empty: no manifest\.json; found a folder without a finished run/],
    [["absent"], 2, /^sluice: absent: no such file or folder/],
    [["cut.tok"], 1, /^sluice: cut\.tok: cut short: 500 bytes, the header describes \d+/],
    [["pages.jsonl"], 1, /^sluice: pages\.jsonl: not a token shard/],
    [["wide"], 2, /^sluice: nanoGPT export: cl100k_base has 100277 ids/],
    [["run", "wide"], 1, /^sluice: wide\/data\/00000\.tok: vocabulary .* does not match the tokenizer/, "megatron"],
    [["run", shard], 2, /^sluice: a shard is given twice/],
    [[shard], 2, /^sluice: --out run\/data\/00000\.tok: is one of the shards to export/, "nanogpt", shard],
    [["run"], 2, /^sluice: --out empty: found a folder/, "nanogpt", "empty"],
    [["run"], 2, /^sluice: --out refused: expected a name that ends in \.ds/, "datatrove"],
    [["run"], 2, /error: option '--format <name>' argument 'parquet' is invalid/, "parquet"],
  ];
  await Promise.all(
    cases.map(async ([inputs, expectedCode, message, format = "nanogpt", out = "refused"]) => {
      const { code, stdout, stderr } = await exportTo(format, out, inputs);
      assert.match(stderr, message);
      assert.equal(code, expectedCode, stderr);
      assert.equal(stdout, "");
      if (format !== "parquet") assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    }),
  );
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith("refused")),
    [],
  );
  assert.deepEqual(readFileSync(join(dir, shard)), before);
});

test("a run whose shard has gone is refused; so is one that kept nothing", async () => {
  writeFileSync(join(dir, "nothing.jsonl"), "{}\n");
  const source = { use: "jsonl", with: { files: ["nothing.jsonl"] } };
  const sink = { use: "shards", with: { dir: "nothing" } };
  writeFileSync(join(dir, "nothing.json"), JSON.stringify({ source, sink }));
  const { code, stderr } = await sluice(["run", "nothing.json", "--cache", "off"], { cwd: dir });
  assert.equal(code, 0, stderr);
  const nothing = await exportTo("nanogpt", "refused", ["nothing"], "--json");
  assert.equal(nothing.code, 2);
  assert.match((JSON.parse(nothing.stdout) as { message: string }).message, /it kept no pages/);

  truncateSync(join(dir, "wide", "data", "00000.tok"), 10);
  const gone = await exportTo("megatron", "refused", ["wide"]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /^sluice: wide\/data\/00000\.tok: missing, or not of the size that the manifest says/);
  assert.ok(!existsSync(join(dir, "refused")));
});

test("--help shows an example of each format", async () => {
  const { code, stdout } = await sluice(["export", "--help"], { cwd: dir });
  assert.equal(code, 0);
  for (const format of ["nanogpt", "megatron", "datatrove"])
    assert.match(stdout, new RegExp(`sluice export .* --format ${format} --out `));
});
