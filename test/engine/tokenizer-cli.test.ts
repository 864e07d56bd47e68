import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { CommanderError } from "commander";
import { packIds, readBinaryIds, readTextIds } from "../../pipeline/cli/tokenizer/ids.ts";
import { tokenizerCommand } from "../../pipeline/cli/tokenizer.ts";
import { EXIT, exitCode, FormatError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { loadAnyTokenizer, loadTokenizer } from "../../tokenizer/load.ts";
import { prose, sluice, tempDir } from "./harness.ts";

const DIR = tempDir();
const CLI = join(import.meta.dirname, "..", "..", "bin", "sluice.js");
const FILES = ["merges.txt", "tokenizer.json", "tokenizer.tiktoken", "vocab.json"];
/** Files beside the spellings. */
const TRAINED_ON = "trained-on.json";

const TEXT = Array.from({ length: 40 }, (_, seed) => prose(seed)).join("\n\n");
/** A byte order mark, every byte there is, a special token. */
const BYTES = Buffer.concat([
  Buffer.from("\ufeffcafé <|endoftext|> 日本語\r\n  "),
  Buffer.from(Array.from({ length: 256 }, (_, n) => n)),
  Buffer.of(0xe2, 0x82),
]);
const PAGES = [
  { text: "Gold in the river.", language: "en", tags: { domain: "a.org" } },
  { text: "" },
  { text: "Gold im Fluss, größer.", language: "de", domain: "b.org" },
];
writeFileSync(join(DIR, "text.txt"), TEXT);
writeFileSync(join(DIR, "bytes"), BYTES);
writeFileSync(join(DIR, "pages.jsonl"), `${PAGES.map((page) => JSON.stringify(page)).join("\n\n")}\n`);

// Test files have a process of their own each.
process.chdir(DIR);

/** `sluice tokenizer …` in this process, which spares its start; what it logs. */
async function run(...args: string[]): Promise<string> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (line: string) => lines.push(line);
  try {
    await tokenizerCommand().exitOverride().parseAsync(args, { from: "user" });
  } finally {
    console.log = log;
  }
  return lines.join("\n");
}

/** What a command says that has to fail, and its exit code. */
async function failure(args: readonly string[]): Promise<{ code: number; message: string }> {
  const write = process.stderr.write;
  process.stderr.write = () => true; // Commander prints what it throws.
  try {
    await run(...args);
  } catch (error) {
    const { message } = error as Error;
    return { code: error instanceof CommanderError ? EXIT.usage : exitCode(error), message };
  } finally {
    process.stderr.write = write;
  }
  return { code: EXIT.done, message: "" };
}

/** The command line itself, with bytes on standard input: bytes out. */
async function piped(input: Buffer, ...args: string[]): Promise<Buffer> {
  const child = spawn(process.execPath, [CLI, "tokenizer", ...args], { cwd: DIR, stdio: ["pipe", "pipe", "inherit"] });
  const out: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stdin.end(input);
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  return Buffer.concat(out);
}

/** Ids that a file of them holds. */
function idsIn(file: string): number[] {
  const bytes = readFileSync(file);
  return Array.from({ length: bytes.length / 2 }, (_, n) => bytes.readUInt16LE(2 * n));
}

const numbers = (line: string): number[] => (line.trim() === "" ? [] : line.trim().split(/\s+/).map(Number));

test("training writes one tokenizer in four spellings, and its ids decode to the text", async () => {
  const summary = JSON.parse(await run("train", "--vocab-size", "400", "--out", "made/tok", "--json", "text.txt"));
  assert.deepEqual(readdirSync(join(DIR, "made")), ["tok"], "nothing else is left");
  assert.deepEqual(readdirSync(join(DIR, "made/tok")).sort(), [...FILES, TRAINED_ON].sort());
  assert.match(readFileSync(join(DIR, "made/tok/merges.txt"), "utf8"), /^#version: 0\.2\n\S+ \S+\n/);
  const tokenizer = await loadTokenizer(join(DIR, "made/tok"));
  for (const file of FILES) {
    const { digest } = await loadTokenizer(join(DIR, "made/tok", file));
    assert.equal(digest, summary.digest, file);
  }
  assert.deepEqual([tokenizer.vocabSize, summary.vocabSize, summary.merges], [400, 400, 143]);
  assert.deepEqual([...tokenizer.special], [["<|endoftext|>", 399]]);

  await run("encode", "--tokenizer", "made/tok", "--out", "made.u16", "text.txt");
  assert.deepEqual(idsIn("made.u16"), [...tokenizer.encode(TEXT)]);

  const again = await failure(["train", "--vocab-size", "300", "--out", "made/tok", "text.txt"]);
  assert.equal(again.code, 2);
  assert.match(again.message, /made\/tok: holds a tokenizer; choose another folder, or give --force/);
  await run("train", "--vocab-size", "300", "--out", "made/tok", "--force", "text.txt");
  assert.equal((await loadTokenizer(join(DIR, "made/tok"))).vocabSize, 300);
  writeFileSync(join(DIR, "made/tok/notes.txt"), "mine");
  const foreign = await failure(["train", "--vocab-size", "300", "--out", "made/tok", "--force", "text.txt"]);
  assert.match(foreign.message, /found notes\.txt, which no training left there/);
});

test("pre-tokenizers, special tokens and the other choices come out as they were asked for", async () => {
  writeFileSync(join(DIR, "text.txt.zst"), zstdCompressSync(TEXT));
  const own = "\\p{L}+|\\s+|[^\\s\\p{L}]+";
  const cl100k = await run(
    ...["train", "--vocab-size", "300", "--pretokenizer", "cl100k", "--special", "<|a|>", "--special", "<|b|>"],
    ...["--ties", "greatest-bytes", "--max-token-length", "3", "--min-frequency", "5", "--lines", "--workers", "2"],
    ...["--out", "cl", "text.txt.zst"],
  );
  const custom = await run(
    ...["train", "--vocab-size", "290", "--pretokenizer", own, "--no-special", "--out", "own", "text.txt"],
  );
  assert.match(cl100k, /^300 ids: 256 bytes, 42 merges, 2 special\nnote: only tokenizer.json says the pre-tokenizer/);
  assert.match(custom, /^290 ids: 256 bytes, 34 merges, 0 special/);
  const a = await loadTokenizer(join(DIR, "cl"));
  assert.deepEqual(
    [...a.special],
    [
      ["<|a|>", 298],
      ["<|b|>", 299],
    ],
  );
  assert.equal(a.vocabulary.pattern.name, "cl100k");
  assert.ok(Array.from({ length: 298 }, (_, id) => a.decode([id]).length).every((length) => length <= 3));
  const b = await loadTokenizer(join(DIR, "own"));
  assert.deepEqual([b.vocabulary.pattern.name, b.special.size, b.endOfText], ["custom", 0, undefined]);

  // A pattern of one's own has no safe places: several threads are declined, not guessed at.
  const shared = await sluice(["tokenizer", "encode", "--tokenizer", "own", "--workers", "2", "text.txt"], {
    cwd: DIR,
  });
  assert.match(shared.stderr, /^note: own has a pattern of its own.*one thread/);
  assert.deepEqual(numbers(shared.stdout), [...b.encode(TEXT)]);
});

test("a training that is killed leaves no tokenizer, one that is stopped nothing, and the next clears up", async () => {
  writeFileSync("large.txt", TEXT.repeat(400));
  const leftovers = (): string[] => readdirSync(DIR).filter((name) => name.includes("ended"));
  for (const [signal, code, left] of [
    ["SIGKILL", null, 1],
    ["SIGTERM", EXIT.retry, 0],
  ] as const) {
    const args = ["tokenizer", "train", "--vocab-size", "20000", "--out", "ended", "large.txt"];
    const child = spawn(process.execPath, [CLI, ...args], { cwd: DIR, stdio: "ignore" });
    const closed = once(child, "close");
    const before = leftovers();
    while (leftovers().every((name) => before.includes(name))) await sleep(5);
    child.kill(signal);
    assert.equal((await closed)[0], code, signal);
    assert.ok(!existsSync("ended"), `${signal} came too late to tell`);
    assert.equal(leftovers().length, left, signal);
  }
  await run("train", "--vocab-size", "300", "--out", "ended", "text.txt");
  assert.deepEqual(leftovers(), ["ended"]);
});

test("any bytes come back, through text and through u16 and u32", async () => {
  const text = await piped(BYTES, "encode", "--tokenizer", "gpt2");
  const gpt2 = await loadTokenizer("gpt2");
  assert.deepEqual(numbers(text.toString()), [...gpt2.encodeBytes(BYTES)]);
  assert.deepEqual(await piped(text, "decode", "--tokenizer", "gpt2", "-"), BYTES);
  await run("encode", "--tokenizer", "gpt2", "--dtype", "u32", "--out", "ids.u32", "bytes");
  assert.deepEqual(readFileSync("ids.u32"), Buffer.from(packIds(gpt2.encodeBytes(BYTES), "u32")));
  await run("decode", "--tokenizer", "gpt2", "--dtype", "u32", "--out", "back", "ids.u32");
  assert.deepEqual(readFileSync("back"), BYTES);
  const report = JSON.parse(await run("encode", "--tokenizer", "gpt2", "--out", "ids.u16", "--json", "bytes"));
  assert.deepEqual([report.dtype, report.documents, report.bytes], ["u16", 1, BYTES.length]);
  assert.deepEqual(readFileSync(join(DIR, "ids.u16")), Buffer.from(packIds(gpt2.encodeBytes(BYTES), "u16")));
  await run("decode", "--tokenizer", "gpt2", "--dtype", "u16", "--out", "back", "ids.u16");
  assert.deepEqual(readFileSync(join(DIR, "back")), BYTES);
});

test("special tokens stand for themselves where that is asked for", async () => {
  const input = Buffer.from("a<|endoftext|>b");
  assert.equal(String(await piped(input, "encode", "--tokenizer", "gpt2", "--allow-special")), "64 50256 65\n");
  writeFileSync("special", input);
  await run("encode", "--tokenizer", "gpt2", "--workers", "2", "--out", "ids", "special");
  assert.deepEqual(idsIn("ids"), [64, 27, 91, 437, 1659, 5239, 91, 29, 65]);
  await run("encode", "--tokenizer", "gpt2", "--workers", "2", "--allow-special", "--out", "ids", "special");
  assert.deepEqual(idsIn("ids"), [64, 50_256, 65]);
});

test("JSON Lines: a line of ids a document, and in binary an end of text behind each", async () => {
  const gpt2 = await loadTokenizer("gpt2");
  const pages = readFileSync("pages.jsonl");
  const lines = String(await piped(pages, "encode", "--tokenizer", "gpt2", "--jsonl")).split("\n");
  assert.deepEqual(
    lines.slice(0, -1).map(numbers),
    PAGES.map(({ text }) => [...gpt2.encode(text)]),
  );
  const ended = PAGES.flatMap(({ text }) => [...gpt2.encode(text), 50_256]);
  const binary = ["encode", "--tokenizer", "gpt2", "--jsonl", "--dtype", "u16"];
  assert.match(await run(...binary, "--out", "one.u16", "pages.jsonl"), /^3 documents/);
  assert.match(await run(...binary, "--out", "two.u16", "--workers", "2", "pages.jsonl"), /^3 documents/);
  for (const file of ["one.u16", "two.u16"]) {
    assert.deepEqual(readFileSync(join(DIR, file)), Buffer.from(packIds(Uint32Array.from(ended), "u16")), file);
  }
});

test("bytes, characters and words are tokenizers, too", async () => {
  await run("train", "--model", "word", "--vocab-size", "20", "--out", "words", "text.txt");
  await run("train", "--model", "character", "--vocab-size", "60", "--out", "letters", "text.txt");
  for (const name of ["bytes", "words", "letters"]) {
    const tokenizer = await loadAnyTokenizer(name === "bytes" ? name : join(DIR, name));
    await run("encode", "--tokenizer", name, "--out", "ids", "text.txt");
    assert.deepEqual(idsIn("ids"), [...tokenizer.encode(TEXT)], name);
    await run("decode", "--tokenizer", name, "--dtype", "u16", "--out", "text", "ids");
    assert.deepEqual(readFileSync("text"), Buffer.from(tokenizer.decode(tokenizer.encode(TEXT))), name);
  }
  const letters = await loadAnyTokenizer(join(DIR, "letters", "tokens.json"));
  assert.equal(letters.name, "characters");
  const stats = JSON.parse(await run("stats", "--tokenizer", "words", "--json", "text.txt"));
  assert.equal(stats.tokenizer.vocabSize, 20);
  assert.ok(stats.unknownShare > 0.05 && stats.unknownShare < 0.9, `${stats.unknownShare}`);
});

test("stats and compare, for people and as JSON", async () => {
  writeFileSync(join(DIR, "text.txt.gz"), gzipSync(TEXT));
  const shown = await run("stats", "--tokenizer", "gpt2", "pages.jsonl", "text.txt");
  const json = await run("stats", "--tokenizer", "gpt2", "--json", "pages.jsonl", "text.txt.gz");
  const compared = await run("compare", "gpt2", "bytes", "--shape", "2x64", "--json", "pages.jsonl", "text.txt");
  const sideBySide = await run("compare", "gpt2", "bytes", "text.txt");
  const stats = JSON.parse(json);
  assert.equal(stats.documents, 4);
  assert.deepEqual(Object.keys(stats.byLanguage), ["unknown", "de", "en"]);
  assert.deepEqual(Object.keys(stats.byDomain), ["unknown", "b.org", "a.org"]);
  assert.match(shown, /^gpt2: 4 documents/);
  assert.match(shown, new RegExp(`bytes a token +${stats.bytesPerToken.toFixed(3)}`));
  assert.match(shown, /by language +documents/);
  const comparison = JSON.parse(compared);
  assert.deepEqual(comparison.stats.a.tokens, stats.tokens);
  assert.equal(comparison.bytesPerToken.b, 1);
  assert.deepEqual(comparison.shape, { name: "2x64", layerParameters: 12 * 2 * 64 ** 2, width: 64 });
  const flops = (6 * (12 * 2 * 64 ** 2 + 257 * 64)) / 1;
  assert.equal(comparison.trainingFlopsPerByte.b, flops);
  assert.match(sideBySide, /training FLOPs a byte \(gpt2-small\)/);
});

test("what is wrong is said in one line, with what to do", async () => {
  await run("train", "--vocab-size", "300", "--out", "sound", "text.txt");
  const copy = (name: string): string => {
    cpSync(join(DIR, "sound"), join(DIR, name), { recursive: true });
    return join(DIR, name);
  };
  truncateSync(join(copy("cut"), "tokenizer.json"), 2000);
  const merges = join(copy("unmerged"), "merges.txt");
  writeFileSync(merges, `${readFileSync(merges, "utf8")}nug get\n`);
  const vocab = join(copy("twice"), "vocab.json");
  writeFileSync(vocab, readFileSync(vocab, "utf8").replace(/: 280,/, ": 281,"));
  const ranks = join(copy("garbled"), "tokenizer.tiktoken");
  writeFileSync(ranks, readFileSync(ranks, "utf8").replace(/ 7\n/, " seven\n"));
  writeFileSync(join(DIR, "high"), "1 2\n3  50257 4");
  writeFileSync(join(DIR, "words-not-ids"), "12 twelve");
  writeFileSync(join(DIR, "high.u16"), packIds(Uint32Array.of(1, 60_000), "u16"));
  writeFileSync(join(DIR, "odd.u32"), Buffer.alloc(7));
  writeFileSync(join(DIR, "bad.jsonl"), '{"text": "a"}\n{"title": "b"}\n');
  writeFileSync(join(DIR, "half.txt.gz"), gzipSync(TEXT).subarray(0, 300));
  mkdirSync(join(DIR, "empty"));

  // The program itself says the same, after its name, and prints nothing else.
  const told = [
    "encode --tokenizer cut text.txt",
    "encode --tokenizer unmerged/merges.txt text.txt",
    "encode --tokenizer o200k_base --dtype u16 text.txt",
    "decode --tokenizer gpt2 high",
  ];
  const results = await Promise.all(told.map((args) => sluice(["tokenizer", ...args.split(" ")], { cwd: DIR })));
  for (const [n, { code, stdout, stderr }] of results.entries()) {
    const expected = await failure(told[n]!.split(" "));
    assert.deepEqual([code, stderr, stdout], [expected.code, `sluice: ${expected.message}\n`, ""], told[n]);
  }

  const cases: [args: string, code: number, message: RegExp][] = [
    ["encode --tokenizer cut text.txt", 1, /cut\/tokenizer\.json: not JSON .* was the file cut short\?/],
    [
      "encode --tokenizer unmerged/merges.txt text.txt",
      1,
      /merges\.txt:45: found "nug" \+ "get", but "nug" is no token/,
    ],
    ["encode --tokenizer twice/vocab.json text.txt", 1, /vocab\.json: .*found id 281, which .* has too/],
    [
      "stats --tokenizer garbled/tokenizer.tiktoken text.txt",
      1,
      /tokenizer\.tiktoken:8: found ".* seven", expected "base64 rank"/,
    ],
    ["encode --tokenizer empty text.txt", 2, /empty: found none of these, expected tokenizer\.json/],
    ["encode --tokenizer nugget text.txt", 2, /unknown tokenizer "nugget" \(built in: gpt2/],
    ["encode --tokenizer o200k_base --dtype u16 missing", 2, /--dtype u16: o200k_base has 200019 ids, .* --dtype u32/],
    ["encode --tokenizer gpt2 missing", 2, /missing: no such file/],
    ["encode --tokenizer own --jsonl --out x pages.jsonl", 2, /own: has no end-of-text token/],
    [
      "encode --tokenizer gpt2 --jsonl --out x bad.jsonl",
      1,
      /bad\.jsonl:2: found .*title.*, expected an object with the text/,
    ],
    ["decode --tokenizer gpt2 --out x high", 1, /high:2:4: found "50257", expected an id of gpt2, from 0 to 50256/],
    ["decode --tokenizer gpt2 --out x words-not-ids", 1, /words-not-ids:1:4: found "twelve", expected whole numbers/],
    ["decode --tokenizer gpt2 --dtype u16 --out x high.u16", 1, /high\.u16: found id 60000 at position 1 \(byte 2\)/],
    [
      "decode --tokenizer gpt2 --dtype u32 --out x odd.u32",
      1,
      /odd\.u32: found 7 bytes, expected whole ids of 4 bytes/,
    ],
    ["decode --tokenizer o200k_base --dtype u16 high.u16", 2, /--dtype u16: o200k_base has 200019 ids/],
    ["stats --tokenizer gpt2 half.txt.gz", 1, /half\.txt\.gz @ \d+: the gzip data is damaged \(truncated\)/],
    ["train --vocab-size 2097153 --out t text.txt", 2, /expected an integer from 257 .* to 2097152/],
    ["train --vocab-size 256 --out t text.txt", 2, /expected an integer from 257 .* got 256/],
    ["train --vocab-size 300 --pretokenizer gpt4 --out t text.txt", 2, /--pretokenizer: unknown name "gpt4"/],
    ["train --vocab-size 300 --pretokenizer (a --out t text.txt", 2, /--pretokenizer: found a "\(" without/],
    ["train --vocab-size 300 --special a --out t text.txt", 2, /both spelled "a".*rename the special token/],
    ["compare gpt2 bytes text.txt --shape tall", 2, /expected gpt2-small, .* found "tall"/],
  ];
  for (const [args, code, message] of cases) {
    const failed = await failure(args.split(" "));
    assert.match(failed.message, message, args);
    assert.equal(failed.code, code, args);
  }
  assert.ok(!existsSync(join(DIR, "t")) && !existsSync(join(DIR, "x")), "what failed left nothing");
  assert.deepEqual(
    readdirSync(DIR).filter((name) => name.startsWith(".")),
    [],
  );
});

test("a file that the shell reads from is not written over, and a full device is named", async () => {
  cpSync(join(DIR, "text.txt"), join(DIR, "both.txt"));
  const input = openSync(join(DIR, "both.txt"), "r");
  const child = spawn(process.execPath, [CLI, "tokenizer", "encode", "--tokenizer", "gpt2", "--out", "both.txt"], {
    cwd: DIR,
    stdio: [input, "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  const [code] = await once(child, "close");
  closeSync(input);
  assert.deepEqual([code, stderr], [EXIT.usage, "sluice: --out both.txt: is the input; choose another name\n"]);
  assert.equal(readFileSync(join(DIR, "both.txt"), "utf8"), TEXT);

  if (!existsSync("/dev/full")) return;
  const full = await failure(["encode", "--tokenizer", "gpt2", "--out", "/dev/full", "text.txt"]);
  assert.equal(full.code, EXIT.retry);
  assert.match(full.message, /^--out \/dev\/full: cannot be written \(ENOSPC.*\); .* run again$/);
});

test("a reader that leaves ends the encoding quietly, and memory does not grow with the input", {
  skip: process.platform !== "linux" && "reads /proc",
}, async () => {
  const child = spawn(process.execPath, [CLI, "tokenizer", "encode", "--tokenizer", "gpt2"], { cwd: DIR });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdin.on("error", () => {}); // It goes away in the end.
  const text = Buffer.from(TEXT.repeat(20));
  const rssMb = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) / 1000;
  child.stdout.resume();
  const feed = async (bytes: number): Promise<void> => {
    for (let fed = 0; fed < bytes; fed += text.length) {
      if (!child.stdin.write(text)) await once(child.stdin, "drain");
    }
  };
  await feed(25e6);
  const early = rssMb();
  await feed(75e6);
  const late = rssMb();
  assert.ok(late - early < 60, `${early} MB after 25 MB of text, ${late} MB after 100 MB`);
  child.stdout.destroy();
  const closed = once(child, "close");
  await feed(20e6).catch(() => {});
  child.stdin.end();
  assert.deepEqual([(await closed)[0], stderr], [141, ""]);
});

test("ids in text and in binary are read the same, wherever the parts begin", async () => {
  const tokenizer = { name: "small", vocabSize: 70_000 };
  const random = seededRandom(4);
  const ids = Array.from({ length: 2000 }, () => Math.floor(random() ** 4 * 70_000));
  const text = Buffer.from(ids.map((id, n) => `${id}${[" ", "\n", "\r\n", "\t \t", "  "][n % 5]}`).join(""));
  const gather = async (parts: AsyncIterable<Uint32Array>): Promise<number[]> => {
    const found: number[] = [];
    for await (const part of parts) found.push(...part);
    return found;
  };
  async function* split(bytes: Uint8Array, most: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + Math.floor(random() * most);
      yield Buffer.from(bytes.subarray(at, end));
      at = end;
    }
  }
  for (const most of [1, 3, 100, 1e5]) {
    assert.deepEqual(await gather(readTextIds(split(text, most), "x", tokenizer)), ids);
    const binary = packIds(Uint32Array.from(ids), "u32");
    assert.deepEqual(await gather(readBinaryIds(split(binary, most), "x", "u32", tokenizer)), ids);
    for (const [bad, at] of [
      ["12 1\n 70000", "x:2:2"],
      ["1\n1x", "x:2:1"],
      [`7 ${"0".repeat(100)}`, "x:1:3"],
    ] as const) {
      await assert.rejects(gather(readTextIds(split(Buffer.from(bad), most), "x", tokenizer)), (error) => {
        assert.ok(error instanceof FormatError);
        assert.ok(error.message.startsWith(`${at}: found `), error.message);
        return true;
      });
    }
  }
});
