import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import {
  createShard,
  openShard,
  type Provenance,
  packTokens,
  type ShardTokenizer,
  tokenBytesFor,
  unpackTokens,
} from "../../pipeline/shard.ts";
import { seededRandom } from "./hostile.ts";
import { tempFolder } from "./temp.ts";

const folder = tempFolder();
let filesMade = 0;
const freshPath = (): string => join(folder, `${filesMade++}.tok`);

const TINY: ShardTokenizer = { name: "tiny", vocabSize: 1000, endOfText: 999, digest: "0123456789abcdef".repeat(4) };
const WIDE: ShardTokenizer = { ...TINY, name: "wide", vocabSize: 70_000, endOfText: 69_999 };

interface TestDocument {
  readonly provenance: Provenance;
  readonly ids: readonly number[];
}

const DOCUMENTS: readonly TestDocument[] = [
  {
    provenance: { id: "00112233445566778899aabbccddeeff", url: "https://a.example/", file: "a.warc.gz", offset: 258 },
    ids: [1, 2, 770, 999],
  },
  { provenance: { id: "own-id", url: "", file: "ü.warc.gz", offset: 2 ** 40 + 5 }, ids: [999] },
  {
    provenance: { id: "ffffffffffffffffffffffffffffffff", url: "https://b.example/é", file: "a.warc.gz", offset: 0 },
    ids: [7, 999],
  },
];

async function writeShard(documents: readonly TestDocument[], tokenizer = TINY): Promise<string> {
  const path = freshPath();
  const shard = await createShard(path, tokenizer);
  for (const { provenance, ids } of documents) await shard.add(provenance, packTokens(ids, shard.tokenBytes));
  await shard.finish();
  return path;
}

/** Opens a shard, reads everything there is, and closes it. */
function readAll(path: string): TestDocument[] {
  const shard = openShard(path);
  try {
    shard.verify();
    return Array.from({ length: shard.documentCount }, (_, n) => ({
      provenance: shard.provenanceOf(n),
      ids: [...shard.tokensOf(n)],
    }));
  } finally {
    shard.close();
  }
}

/** Shard of DOCUMENTS, byte by byte: the format itself. It changes only together with its version. */
const GOLDEN = `
  534c554943544f4b 01000000 02000000 e8030000 e7030000
  0700000000000000 0300000000000000 7600000000000000 1b00000000000000
  02000000 f1810a7c ae195b9a c3a8de42 34e85d42 04000000
  0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  74696e79 ${"00".repeat(136)} 2698b711
  0100 0200 0203 e703 e703 0700 e703
  0400000000000000 3000000000000000
  0500000000000000 4400000000000000
  0700000000000000 7600000000000000
  00000000 0201000000000000 0000 00112233445566778899aabbccddeeff 68747470733a2f2f612e6578616d706c652f
  01000000 0500000000010000 0600 6f776e2d6964
  00000000 0000000000000000 0000 ffffffffffffffffffffffffffffffff 68747470733a2f2f622e6578616d706c652fc3a9
  09000000 612e776172632e677a
  0a000000 c3bc2e776172632e677a`;

test("a shard's bytes are those laid out here", async () => {
  assert.equal(readFileSync(await writeShard(DOCUMENTS)).toString("hex"), GOLDEN.replace(/\s/g, ""));
  const path = freshPath();
  writeFileSync(path, Buffer.from(GOLDEN.replace(/\s/g, ""), "hex"));
  assert.deepEqual(readAll(path), DOCUMENTS);
});

test("what is written is read back, document by document", async () => {
  const path = await writeShard(DOCUMENTS);
  assert.deepEqual(readAll(path), DOCUMENTS);
  const shard = openShard(path);
  assert.deepEqual(shard.header.tokenizer, TINY);
  assert.equal(shard.header.tokenCount, 7);
  assert.deepEqual(shard.rangeOf(2), { start: 5, end: 7 });
  for (let document = 0; document < 3; document++) {
    const { start, end } = shard.rangeOf(document);
    for (let token = start; token < end; token++) assert.equal(shard.documentAt(token), document);
  }
  for (const token of [-1, 7, 0.5]) assert.throws(() => shard.documentAt(token), RangeError);
  assert.deepEqual([...shard.readTokens(2, 6)], [770, 999, 999, 7]);
  assert.deepEqual([...shard.readTokens(7, 7)], []);
  for (const n of [-1, 3, 0.5, Number.NaN]) assert.throws(() => shard.tokensOf(n), RangeError);
  for (const [start, end] of [
    [-1, 2],
    [3, 2],
    [0, 8],
  ] as const)
    assert.throws(() => shard.readTokens(start, end), RangeError);
  shard.close();
});

test("ids of four bytes, and shards of random documents larger than the write buffer", async () => {
  const random = seededRandom(3);
  const documents = Array.from({ length: 40 }, (_, n): TestDocument => {
    const count = Math.floor(random() ** 4 * 600_000);
    const ids = Array.from({ length: count }, () => Math.floor(random() * WIDE.vocabSize));
    const provenance = { id: `page-${n}`, url: `https://x.example/${n}`, file: `${n % 3}.warc`, offset: n * 1e9 };
    return { provenance, ids: [...ids, WIDE.endOfText] };
  });
  assert.deepEqual(readAll(await writeShard(documents, WIDE)), documents);
});

test("a shard without documents is a shard", async () => {
  assert.deepEqual(readAll(await writeShard([])), []);
});

test("equal documents give equal bytes", async () => {
  assert.deepEqual(readFileSync(await writeShard(DOCUMENTS)), readFileSync(await writeShard(DOCUMENTS)));
});

test("every changed byte is refused with one line that names the file", async () => {
  const sound = readFileSync(await writeShard(DOCUMENTS));
  const sections = new Set<string>();
  const path = join(folder, "flipped.tok");
  writeFileSync(path, sound);
  const file = openSync(path, "r+");
  const put = (byte: number, at: number): void => void writeSync(file, Uint8Array.of(byte), 0, 1, at);
  for (let at = 0; at < sound.length; at++) {
    put(sound[at]! ^ (1 << (at % 8)), at);
    assert.throws(
      () => readAll(path),
      (error) => {
        assert.ok(error instanceof FormatError, `byte ${at}: ${error}`);
        assert.ok(error.message.startsWith(path) && !error.message.includes("\n"));
        sections.add(/: (\w+) section is damaged/.exec(error.message)?.[1] ?? "");
        return true;
      },
      `byte ${at}`,
    );
    put(sound[at]!, at);
  }
  closeSync(file);
  assert.deepEqual(readAll(path), DOCUMENTS);
  assert.deepEqual([...sections].sort(), ["", "documents", "files", "header", "provenance", "tokens"]);
});

test("tables are checked on first use, without a call to verify", async () => {
  const path = await writeShard(DOCUMENTS);
  const sound = readFileSync(path);
  for (const [at, section] of [
    [sound.length - 1, "files"],
    [sound.length - 40, "provenance"],
    [256 + 14, "documents"],
  ] as const) {
    const bytes = Buffer.from(sound);
    bytes[at]! ^= 1;
    writeFileSync(path, bytes);
    const shard = openShard(path);
    assert.throws(() => shard.provenanceOf(0), new RegExp(`${section} section is damaged`));
    shard.close();
  }
});

test("every shorter file, and one with bytes added, is refused", async () => {
  const sound = readFileSync(await writeShard(DOCUMENTS));
  const path = join(folder, "cut.tok");
  writeFileSync(path, sound);
  for (let length = sound.length - 1; length >= 0; length--) {
    truncateSync(path, length);
    assert.throws(() => openShard(path), FormatError, `${length} bytes`);
  }
  writeFileSync(path, Buffer.concat([sound, Buffer.alloc(1)]));
  assert.throws(() => openShard(path), /followed by other bytes: 464 bytes, the header describes 463/);
});

/** Changes the header of a sound shard and makes its checksum right again. */
async function withHeader(change: (bytes: Buffer) => void): Promise<string> {
  const path = await writeShard(DOCUMENTS);
  const bytes = readFileSync(path);
  change(bytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 252)), 252);
  writeFileSync(path, bytes);
  return path;
}

test("a newer version is refused by its number, whatever its checksum", async () => {
  const path = await withHeader((bytes) => bytes.writeUInt32LE(2, 8));
  assert.throws(() => openShard(path), new FormatError(`${path}: token shard version 2, this release reads version 1`));
});

test("headers that contradict themselves are refused although their checksum is right", async () => {
  const u32 = (at: number, value: number) => (bytes: Buffer) => void bytes.writeUInt32LE(value, at);
  for (const change of [
    u32(12, 4), // four bytes a token where two are right
    u32(12, 0),
    u32(16, 70_000), // a vocabulary that two bytes do not hold
    u32(20, 1000), // end-of-text outside the vocabulary
    u32(24, 0xffff_ffff), // counts that the file has no room for
    u32(28, 0xffff_ffff),
    u32(36, 0xffff_ffff),
    u32(44, 0x7fff_ffff),
    u32(76, 141), // a name that would reach into the checksum
  ]) {
    const path = await withHeader(change);
    assert.throws(() => openShard(path), FormatError, String(change));
  }
  // The total is right; the sections are not.
  const moved = await withHeader((bytes) => {
    bytes.writeUInt32LE(15, 24);
    bytes.writeUInt32LE(2, 32);
  });
  assert.throws(() => readAll(moved), /tokens section is damaged/);
  const relabelled = await withHeader((bytes) => bytes.writeUInt32LE(3, 56));
  assert.throws(() => readAll(relabelled), /files section holds 2 labels, the header says 3/);
});

test("tokens outside the vocabulary are found by verify", async () => {
  const path = await writeShard([{ provenance: DOCUMENTS[0]!.provenance, ids: [1000, 999] }]);
  assert.throws(() => readAll(path), /token 1000 in a vocabulary of 1000/);
});

test("a shard is read with the tokenizer it was written with, or not at all", async () => {
  const path = await writeShard(DOCUMENTS);
  const shard = openShard(path);
  shard.expectTokenizer(TINY.digest);
  assert.throws(
    () => shard.expectTokenizer("77b1".repeat(16)),
    new FormatError(
      `${path}: vocabulary 0123456789ab… (tiny) does not match the tokenizer 77b177b177b1… it is being read with`,
    ),
  );
  shard.close();
});

test("a vocabulary of 70,000 does not go into two bytes", async () => {
  const path = freshPath();
  await assert.rejects(
    createShard(path, WIDE, 2),
    new RecipeError("tokenizer wide: 70000 ids need 4 bytes a token, not 2"),
  );
  assert.equal(existsSync(path), false);
  assert.throws(() => packTokens([65_536], 2), /token id 65536 does not fit 2 bytes/);
  assert.deepEqual([tokenBytesFor(65_536), tokenBytesFor(65_537)], [2, 4]);
});

test("tokenizers that a header cannot describe are refused before there is a file", async () => {
  for (const tokenizer of [
    { ...TINY, name: "n".repeat(141) },
    { ...TINY, digest: "3f9a" },
  ]) {
    const path = freshPath();
    await assert.rejects(createShard(path, tokenizer), RecipeError);
    assert.equal(existsSync(path), false);
  }
});

test("documents that do not end with end-of-text, or not with a whole token, are refused", async () => {
  const shard = await createShard(freshPath(), TINY);
  const { provenance } = DOCUMENTS[0]!;
  for (const bytes of [[], [1, 0], [0xe7, 3, 0], [0xe7]]) {
    await assert.rejects(shard.add(provenance, Uint8Array.from(bytes)), FormatError);
  }
  await assert.rejects(shard.add({ ...provenance, offset: -1 }, packTokens([999], 2)), FormatError);
  await assert.rejects(shard.add({ ...provenance, id: "" }, packTokens([999], 2)), FormatError);
  await shard.abort();
});

test("an unfinished shard is told from a damaged one, and a file of that name is never overwritten", async () => {
  const path = freshPath();
  const shard = await createShard(path, TINY);
  await shard.add(DOCUMENTS[0]!.provenance, packTokens([999], 2));
  await assert.rejects(createShard(path, TINY), { code: "EEXIST" });
  await shard.abort();
  assert.throws(() => openShard(path), /an unfinished token shard/);
  writeFileSync(path, "PK\u0003\u0004".repeat(100));
  assert.throws(() => openShard(path), /not a token shard: 400 bytes that begin with "PK/);
});

test("files are closed after refusals", { skip: process.platform !== "linux" && "counts open files in /proc" }, () => {
  const openFiles = (): number => readdirSync("/proc/self/fd").length;
  const path = join(folder, "not-a-shard");
  writeFileSync(path, "x".repeat(300));
  const before = openFiles();
  for (let i = 0; i < 20; i++) assert.throws(() => openShard(path));
  assert.equal(openFiles(), before);
});

test("tokens unpack from any place in a buffer", () => {
  const bytes = Buffer.from([9, 1, 0, 2, 1]);
  assert.deepEqual([...unpackTokens(bytes.subarray(1), 2)], [1, 258]);
  assert.deepEqual([...unpackTokens(packTokens([1, 70_000], 4), 4)], [1, 70_000]);
});
