/** The file of packed rows: its bytes, and what its reader refuses. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FormatError } from "../../pipeline/errors.ts";
import { createRows, encodePieces, openRows, type Piece } from "../../pipeline/packed/rows-file.ts";
import { packTokens, type ShardTokenizer, tokenBytesFor } from "../../pipeline/shard.ts";
import { tempFolder } from "./temp.ts";

const folder = tempFolder();
const tokenizerOf = (vocabSize: number): ShardTokenizer => ({
  name: "größe",
  vocabSize,
  endOfText: vocabSize - 1,
  digest: vocabSize.toString(16).padStart(64, "0"),
});

/** Three rows of five tokens; the second is padded. */
const ROWS: readonly { readonly tokens: readonly number[]; readonly pieces: readonly Piece[] }[] = [
  {
    tokens: [1, 2, 99, 3, 99],
    pieces: [
      { document: 2 ** 33, start: 0, length: 3 },
      { document: 7, start: 70_000, length: 2 },
    ],
  },
  { tokens: [4, 5, 99, 99, 99], pieces: [{ document: 1, start: 0, length: 3 }] },
  { tokens: [6, 6, 6, 6, 6], pieces: [{ document: 0, start: 5, length: 5 }] },
];

async function writeRows(name: string, vocabSize = 100): Promise<string> {
  const path = join(folder, name);
  const writer = await createRows(path, tokenizerOf(vocabSize), 5);
  for (const { tokens, pieces } of ROWS) {
    await writer.add(packTokens(tokens, tokenBytesFor(vocabSize)), encodePieces(pieces));
  }
  await writer.finish();
  return path;
}

test("rows come back as they were written, at random", async () => {
  for (const vocabSize of [100, 70_000]) {
    const rows = openRows(await writeRows(`round-${vocabSize}.rows`, vocabSize));
    assert.deepEqual(rows.header.tokenizer, tokenizerOf(vocabSize));
    assert.equal(rows.header.usedTokens, 13);
    for (const n of [2, 0, 1, 1]) {
      const { tokens, documentStarts, usedTokens, pieces } = rows.row(n);
      assert.deepEqual([...tokens], ROWS[n]!.tokens);
      assert.deepEqual(pieces, ROWS[n]!.pieces);
      assert.deepEqual([...documentStarts], n === 0 ? [0, 3] : [0]);
      assert.equal(usedTokens, n === 1 ? 3 : 5);
    }
    rows.verify();
    assert.throws(() => rows.row(3), RangeError);
    assert.throws(() => rows.row(0.5), RangeError);
    rows.close();
  }
});

test("row i is at byte 256 + i · rowTokens · tokenBytes, for loaders that map the file", async () => {
  const bytes = readFileSync(await writeRows("layout.rows"));
  for (const [i, { tokens }] of ROWS.entries()) {
    assert.deepEqual(
      Array.from(tokens, (_, t) => bytes.readUInt16LE(256 + i * 10 + 2 * t)),
      tokens,
    );
  }
  // 30 bytes of rows, 2 of zeros, an index of 3 × 8, pieces of 4 × 16.
  assert.equal(bytes.length, 256 + 32 + 24 + 64);
  assert.equal(bytes.toString("latin1", 0, 8), "SLUICROW");
  assert.deepEqual([bytes.readUInt32LE(8), bytes.readUInt32LE(12), bytes.readUInt32LE(24)], [1, 2, 5]);
  assert.equal(
    createHash("sha256").update(bytes).digest("hex"),
    "9750a755081d7df55db55501c1085c69951b974e4f186aa6386f9c415c0ed19f",
    "version 1 is what it was",
  );
});

test("a changed byte anywhere is refused", async () => {
  const path = await writeRows("flipped.rows");
  const sound = readFileSync(path);
  for (let at = 0; at < sound.length; at++) {
    const bytes = Buffer.from(sound);
    bytes[at]! ^= 0x10;
    writeFileSync(path, bytes);
    assert.throws(
      () => {
        const rows = openRows(path);
        try {
          rows.verify();
        } finally {
          rows.close();
        }
      },
      (error) => error instanceof FormatError && error.message.startsWith(path),
      `byte ${at}`,
    );
  }
});

test("a damaged row is named when it is read, and the others can still be read", async () => {
  const path = await writeRows("one-row.rows");
  const bytes = readFileSync(path);
  bytes[256 + 12]! ^= 1;
  writeFileSync(path, bytes);
  const rows = openRows(path);
  assert.deepEqual([...rows.row(0).tokens], ROWS[0]!.tokens);
  assert.throws(
    () => rows.row(1),
    /one-row\.rows: row 1 is damaged: CRC-32 [0-9a-f]{8}, expected [0-9a-f]{8}; pack again/,
  );
  rows.close();
});

test("files that are cut short, too long, unfinished or something else are refused", async () => {
  const path = await writeRows("short.rows");
  const sound = readFileSync(path);
  for (const length of [0, 100, 255, 256, 300, sound.length - 1]) {
    writeFileSync(path, sound);
    truncateSync(path, length);
    assert.throws(() => openRows(path), /short\.rows: (cut short|not a file of rows)/, String(length));
  }
  writeFileSync(path, Buffer.concat([sound, Buffer.alloc(1)]));
  assert.throws(() => openRows(path), /followed by other bytes/);
  writeFileSync(path, Buffer.alloc(sound.length));
  assert.throws(() => openRows(path), /an unfinished file of rows: its header was never written/);
  writeFileSync(path, "SLUICTOK".padEnd(400));
  assert.throws(() => openRows(path), /begin with "SLUICTOK", expected a header of 256 that begins with "SLUICROW"/);
  const newer = Buffer.from(sound);
  newer.writeUInt32LE(2, 8);
  writeFileSync(path, newer);
  assert.throws(() => openRows(path), /rows of version 2, this release reads version 1/);
});

test("a pack that was given up leaves no file that opens", async () => {
  const path = join(folder, "aborted.rows");
  const writer = await createRows(path, tokenizerOf(100), 5);
  await writer.add(packTokens(ROWS[0]!.tokens, 2), encodePieces(ROWS[0]!.pieces));
  await writer.abort();
  assert.throws(() => openRows(path), FormatError);
  await assert.rejects(createRows(path, tokenizerOf(100), 5), { code: "EEXIST" });
});
