import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { PATTERNS, type Pattern, PieceCutter, splitPieces } from "../../tokenizer/pretokenize.ts";
import { safeCuts } from "../../tokenizer/safe-cut.ts";
import { readCorpus } from "../../tokenizer/train/corpus.ts";
import count, { type ChunkCounts } from "../../tokenizer/train/count-worker.ts";
import { PieceCounter, type PieceCounts } from "../../tokenizer/train/piece-counter.ts";
import { hostileText, randomCodePoints, seededRandom, TRAPS } from "./hostile.ts";
import { tempFolder } from "./temp.ts";

const folder = tempFolder();

for (const pattern of Object.values(PATTERNS)) {
  test(`${pattern.name}: the scanner's ends are those of the pieces in UTF-8`, () => {
    const cutter = new PieceCutter(pattern);
    const random = seededRandom(2);
    const texts = [
      ...TRAPS,
      ...Array.from({ length: 300 }, () => hostileText(random, 60) + randomCodePoints(random, 9)),
    ];
    for (const text of texts) {
      const utf8 = Buffer.from(text.toWellFormed());
      assert.deepEqual(cutAt(utf8, cutter.cut(utf8)), splitPieces(pattern, text), JSON.stringify(text));
    }
  });
}

test("bytes that are not UTF-8 end no scan, and safe cuts among them are safe", () => {
  const random = seededRandom(3);
  // Leads, continuations, and bytes that are never valid, among ordinary ones.
  const bytes = [
    ...Buffer.from("a A.'s/ \n \n"),
    0x80,
    0xa0,
    0xbf,
    0xc0,
    0xc2,
    0xe0,
    0xe3,
    0xe4,
    0xed,
    0xf0,
    0xf4,
    0xf5,
    0xff,
  ];
  let cuts = 0;
  for (let n = 0; n < 3000; n++) {
    const pattern = Object.values(PATTERNS)[n % 3]!;
    const cutter = new PieceCutter(pattern);
    const text = Buffer.from(Array.from({ length: 16 }, () => bytes[Math.floor(random() * bytes.length)]!));
    const ends = [...cutter.cut(text)];
    assert.equal(ends.at(-1), text.length, text.toString("hex"));
    assert.ok(ends.every((end, i) => end > (ends[i - 1] ?? 0)));
    for (const at of safeCuts(text, 1)) {
      const parts = [...cutter.cut(text.subarray(0, at)), ...cutter.cut(text.subarray(at)).map((end) => at + end)];
      assert.deepEqual(parts, ends, `${text.toString("hex")} cut at ${at}`);
      cuts++;
    }
  }
  assert.ok(cuts > 1000, `only ${cuts} cuts`);
});

test("a counter counts what a Map counts, in order of first occurrence, across growth and clearing", () => {
  const counter = new PieceCounter();
  const random = seededRandom(5);
  for (let round = 0; round < 3; round++) {
    counter.clear();
    const expected = new Map<string, number>();
    let pieces = 0;
    for (let n = 0; n < 60_000; n++) {
      const piece = Math.floor(random() ** 3 * 40_000)
        .toString(36)
        .repeat(1 + Math.floor(random() * 3));
      expected.set(piece, (expected.get(piece) ?? 0) + 1);
      const text = Buffer.from(piece);
      pieces += counter.addPieces(text, Uint32Array.of(text.length));
    }
    assert.equal(pieces, 60_000);
    assert.ok(counter.size > 20_000, "the table has grown");
    assert.deepEqual(asEntries(counter.counts()), [...expected]);
  }
});

test("sums of parts are the counts of the whole, far beyond 2^32", () => {
  const total = new PieceCounter();
  const part: PieceCounts = {
    bytes: Buffer.from("abcab"),
    starts: Uint32Array.of(0, 2, 3, 5, 5),
    counts: Float64Array.of(2 ** 31, 1, 2 ** 40, 7),
  };
  total.addCounts(part);
  total.addCounts(part);
  assert.deepEqual(asEntries(total.counts()), [
    ["ab", 2 ** 32 + 2 ** 41],
    ["c", 2],
    ["", 14],
  ]);
});

for (const [lines, pattern] of [
  [false, PATTERNS.gpt2],
  [true, PATTERNS.cl100k],
  [false, PATTERNS.o200k],
] as const) {
  test(`chunks of any length have the pieces of the whole (${pattern.name}${lines ? ", by lines" : ""})`, async () => {
    const random = seededRandom(8);
    const special = ["<|e|>", "<|e|>e", "a b", "\n\n"];
    for (let n = 0; n < 12; n++) {
      const texts = Array.from({ length: 20 }, () => hostileText(random, 30) + special[Math.floor(random() * 5)]);
      const text = texts.join("").toWellFormed();
      const file = join(folder, n % 2 === 0 ? "hostile.txt" : "hostile.txt.gz");
      writeFileSync(file, n % 2 === 0 ? text : gzipSync(text));
      const expected = countWhole(text, pattern, special, lines);
      for (const chunkBytes of [1, 7, 64, 300, 1e6]) {
        const counted = new PieceCounter();
        let total = 0;
        for await (const { bytes, texts } of readCorpus([file], { pattern, special, lines, chunkBytes })) {
          total += bytes.length;
          counted.addCounts(count({ bytes, texts, pattern, lines }) as ChunkCounts);
        }
        assert.equal(total, Buffer.byteLength(text));
        assert.deepEqual(asEntries(counted.counts()), expected, `text ${n}, chunks of ${chunkBytes}`);
      }
    }
  });
}

test("a text without a safe place is read on until one comes", async () => {
  const file = join(folder, "unbroken.txt");
  writeFileSync(file, `${"x".repeat(50_000)}${"  ".repeat(5_000)}${" yz".repeat(10_000)}`);
  const lengths: number[] = [];
  const options = { pattern: PATTERNS.gpt2, special: [], lines: false, chunkBytes: 1000 };
  for await (const { bytes } of readCorpus([file], options)) lengths.push(bytes.length);
  assert.equal(
    lengths.reduce((sum, length) => sum + length),
    90_000,
  );
  assert.ok(lengths[0]! >= 50_000 && lengths.length > 9, String(lengths));
});

test("a text that is too long for memory and has no safe place is said to be so", async () => {
  const file = join(folder, "endless.txt");
  writeFileSync(file, "x".repeat(5_000));
  const options = { pattern: PATTERNS.gpt2, special: [], lines: false, chunkBytes: 100 };
  const chunks = await Array.fromAsync(readCorpus([file], { ...options, maxChunkBytes: 5_001 }));
  assert.deepEqual(
    chunks.map(({ texts }) => texts),
    [[0, 5_000]],
  );
  await assert.rejects(Array.fromAsync(readCorpus([file], { ...options, maxChunkBytes: 4_000 })), {
    name: "FormatError",
    message: /endless\.txt: found no place to cut in 4000 bytes of one text; separate the documents/,
  });
});

/** Counts by strings alone. */
function countWhole(text: string, pattern: Pattern, special: readonly string[], lines: boolean): [string, number][] {
  const counts = new Map<string, number>();
  const longestFirst = special.toSorted((a, b) => b.length - a.length).map((name) => name.replaceAll("|", "\\|"));
  for (const part of text.split(new RegExp(longestFirst.join("|")))) {
    for (const one of lines ? part.split(/(?<=\n)/) : [part]) {
      for (const piece of splitPieces(pattern, one)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
  }
  return [...counts];
}

function asEntries({ bytes, starts, counts }: PieceCounts): [string, number][] {
  return Array.from(counts, (times, i) => [Buffer.from(bytes.subarray(starts[i], starts[i + 1])).toString(), times]);
}

function cutAt(bytes: Buffer, ends: Uint32Array): string[] {
  return Array.from(ends, (end, i) => bytes.toString("utf8", i > 0 ? ends[i - 1] : 0, end));
}
