import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { pieceEncoder } from "../../tokenizer/bpe.ts";
import { BYTE_OF_ID } from "../../tokenizer/train/byte-symbols.ts";
import { type TrainOptions, trainTokenizer } from "../../tokenizer/train/train.ts";
import { END_OF_TEXT, ranksOf, type Vocabulary, vocabularyDigest } from "../../tokenizer/vocabulary.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { corpus } from "./corpora.ts";
import { seededRandom } from "./hostile.ts";
import { HUGGING_FACE_SIZE, huggingFaceMerges, mergesAsText } from "./hugging-face-merges.ts";
import { tempFolder } from "./temp.ts";

const folder = tempFolder();
const CS336 = { corpus: "data/text/cs336-a1/corpus.en", merges: "data/tokenizer/train-bpe-reference-merges.txt.gz" };

test(
  "the reference of Stanford's CS336: 243 merges, equal in order",
  needsShared(CS336.corpus, CS336.merges),
  async () => {
    const files = [sharedPath(CS336.corpus)];
    const { vocabulary, report } = await train({ files, vocabSize: 500, ties: "greatest-bytes" });
    const expected = gunzipSync(readFileSync(sharedPath(CS336.merges)))
      .toString("utf8")
      .trimEnd()
      .split("\n");
    assert.equal(expected.length, 243);
    assert.deepEqual(mergesAsText(vocabulary), expected);
    assert.equal(report.stopped, "vocabulary-full");
  },
);

test("Hugging Face learns the same merges, in the same order, from 2 MB of novels and many languages", async () => {
  const file = written("mixed.txt", [...corpus("en", 1.5e6), ...corpus("multi", 5e5)].join("\n"));
  const { vocabulary, report } = await train({
    files: [file],
    vocabSize: HUGGING_FACE_SIZE,
    special: [],
    initialAlphabet: "seen",
    lines: true,
  });
  assert.equal(report.merges, HUGGING_FACE_SIZE - report.distinctBytes);
  assert.deepEqual(mergesAsText(vocabulary), huggingFaceMerges(file, folder));
});

test("the vocabulary is the same whether 1, 2 or 4 workers count", async () => {
  // Five chunks, and thousands of pairs that occur equally often.
  const files = [
    written("a.txt", corpus("en", 6.5e6).join(END_OF_TEXT)),
    written("b.txt", corpus("multi", 1.5e6).join("\n")),
  ];
  const digests = new Set<string>();
  for (const workers of [1, 2, 4]) {
    const { vocabulary } = await train({ files, vocabSize: 8000, ties: "first-seen", workers });
    digests.add(vocabularyDigest(vocabulary));
  }
  assert.equal(digests.size, 1);
});

test("ids are the bytes in GPT-2's order, then the merges, then the special tokens", async () => {
  const { vocabulary, report } = await train({
    files: [written("order.txt", "abab abab<|pad|>abab")],
    vocabSize: 300,
    special: ["<|pad|>", END_OF_TEXT],
  });
  assert.deepEqual(
    [...tokens(vocabulary).slice(0, 256)],
    Array.from(BYTE_OF_ID, (byte) => String.fromCharCode(byte)),
  );
  assert.deepEqual(tokens(vocabulary).slice(256), ["ab", "abab", " abab", "<|pad|>", END_OF_TEXT]);
  assert.deepEqual(
    [...vocabulary.special],
    [
      ["<|pad|>", 259],
      [END_OF_TEXT, 260],
    ],
  );
  assert.equal(vocabulary.size, 261);
  const { countSeconds, learnSeconds, ...counts } = report;
  assert.ok(countSeconds > 0 && learnSeconds > 0);
  assert.deepEqual(counts, {
    textBytes: 20,
    pieces: 3,
    distinctPieces: 2,
    distinctBytes: 3,
    merges: 3,
    stopped: "no-pairs-left",
  });
});

test("merging by rank, by the list and by taking whole pieces give the same ids", async () => {
  const files = [written("rules.txt", corpus("multi", 3e5).join("\n"))];
  for (const [ties, maxTokenLength] of [
    ["smallest-id", 5],
    ["first-seen", 99],
  ] as const) {
    const { vocabulary } = await train({ files, vocabSize: 3000, ties, maxTokenLength });
    assert.equal(ranksOf(vocabulary).rankOf.size, vocabulary.size - 1, "no two tokens have the same bytes");
    const { merges: _, ...unlisted } = vocabulary;
    const byList = pieceEncoder(vocabulary);
    const byRank = pieceEncoder(unlisted);
    const wholeFirst = pieceEncoder({ ...vocabulary, wholePieces: true });
    const random = seededRandom(6);
    const all = tokens(vocabulary).slice(0, -1);
    assert.ok(all.every(({ length }) => length <= maxTokenLength));
    for (let n = 0; n < 3000; n++) {
      // Each token, and mixtures of tokens' parts.
      const piece = Buffer.from(all[n] ?? mixture(all, random), "latin1");
      const ids = byList(piece);
      assert.deepEqual(byRank(piece), ids, piece.toString("latin1"));
      assert.deepEqual(wholeFirst(piece), ids, piece.toString("latin1"));
      if (n < all.length) assert.deepEqual(ids, [n]);
    }
  }
});

test("special tokens are never merged across, the longest first", async () => {
  const text = "xy<|a|><|a|b|>xy<|a|>";
  const { vocabulary, report } = await train({
    files: [written("special.txt", text.repeat(50))],
    vocabSize: 1000,
    special: ["<|a|>", "<|a|b|>", "a|b"],
  });
  assert.deepEqual(tokens(vocabulary).slice(256, -3), ["xy"]);
  assert.equal(report.pieces, 100);
});

test("compressed files, and a byte order mark or broken UTF-8 in them, are read as they are", async () => {
  const text = Buffer.concat([
    Buffer.from("\ufeffone two\n".repeat(9)),
    Buffer.from([0xff, 0xe4, 0xb8, 0x20, 0xed, 0xa0, 0x80]),
  ]);
  const plain = await train({ files: [written("plain.txt", text)], vocabSize: 280 });
  for (const [name, stored] of [
    ["a.gz", gzipSync(text)],
    ["a.zst", zstdCompressSync(text)],
  ] as const) {
    const { vocabulary } = await train({ files: [written(name, stored)], vocabSize: 280 });
    assert.equal(vocabularyDigest(vocabulary), vocabularyDigest(plain.vocabulary));
  }
  assert.equal(plain.report.textBytes, text.length);
  assert.equal(plain.report.distinctBytes, new Set(text).size);
});

test("every line, or every file, is a text of its own", async () => {
  const file = written("lines.txt", "a\n\n\nb\n\n\nc");
  const whole = await train({ files: [file, file], vocabSize: 300, pattern: "cl100k" });
  assert.deepEqual(tokens(whole.vocabulary).slice(256, -1), ["\n\n", "\n\n\n"]);
  const byLine = await train({ files: [file], vocabSize: 300, pattern: "cl100k", lines: true });
  assert.equal(byLine.report.merges, 0);
});

test("an empty corpus, or one too small for its vocabulary, is no error", async () => {
  for (const text of ["", END_OF_TEXT, "abc"]) {
    const { vocabulary, report } = await train({ files: [written("small.txt", text)], vocabSize: 500 });
    assert.equal(report.stopped, "no-pairs-left");
    assert.equal(vocabulary.size, 257 + report.merges);
    assert.equal(vocabulary.special.get(END_OF_TEXT), vocabulary.size - 1);
  }
  const { report } = await train({ files: [written("small.txt", "abc")], vocabSize: 257 });
  assert.deepEqual([report.merges, report.stopped], [0, "vocabulary-full"]);
});

test("a pattern of one's own, and what is wrong with some", async () => {
  const file = written("own.txt", "aab aab");
  const vocabularyWith = async (source: string) =>
    (await train({ files: [file], vocabSize: 300, pattern: { name: "custom", source } })).vocabulary;
  assert.deepEqual(tokens(await vocabularyWith(String.raw`[\s\S]+`)).slice(256, -1), ["aa", "aab", " aab", "aab aab"]);
  assert.deepEqual(tokens(await vocabularyWith("a*")).slice(256, -1), ["aa"]); // What it leaves out is a piece, too.
  await assert.rejects(vocabularyWith("["), {
    name: "RecipeError",
    message: /^pattern "\[": SyntaxError: Invalid regular/,
  });
});

test("what makes no sense is said before anything is read", async () => {
  const file = written("fine.txt", "fine");
  const cases: [Partial<TrainOptions>, RegExp][] = [
    [{ files: [] }, /^files: expected at least one/],
    [{ files: [file, join(folder, "missing.txt")] }, /missing\.txt: no such file$/],
    [{ files: [folder] }, /expected a file, found a folder$/],
    [{ vocabSize: 256 }, /^vocabSize: expected an integer from 257 \(256 bytes and 1 special tokens\)/],
    [{ vocabSize: 300.5 }, /^vocabSize: .* got 300\.5$/],
    [{ vocabSize: 1e9 }, /^vocabSize: .* got 1000000000$/],
    [{ special: ["<a>", "<a>"] }, /^special\[1\]: "<a>" is given twice$/],
    [{ special: [""] }, /^special\[0\]: "" is empty$/],
    [{ special: ["\ud800"] }, /^special\[0\]: "\\ud800" is not well-formed$/],
    [{ ties: "random" as never }, /^ties: unknown rule "random" \(known: smallest-id, /],
    [{ pattern: "gpt5" as never }, /^pattern: unknown name "gpt5" \(built in: gpt2, cl100k, o200k\)$/],
    [{ minFrequency: -1 }, /^minFrequency: /],
    [{ maxTokenLength: 0 }, /^maxTokenLength: /],
    [{ workers: 0 }, /^workers: /],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(trainTokenizer({ files: [file], vocabSize: 300, ...options }), (error: Error) => {
      assert.ok(error instanceof RecipeError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

test("a damaged file ends the training", async () => {
  const whole = gzipSync(corpus("en", 1e5).join(""));
  const cut = written("cut.txt.gz", whole.subarray(0, whole.length - 1000));
  await assert.rejects(train({ files: [cut], vocabSize: 300 }), (error: Error) => {
    assert.ok(error instanceof FormatError);
    assert.match(error.message, /cut\.txt\.gz @ \d+: the gzip data is damaged \(truncated\)/);
    return true;
  });
});

test("a signal ends it, while it counts and while it learns", { timeout: 20_000 }, async () => {
  const files = [written("long.txt", corpus("en", 5e6).join(END_OF_TEXT))];
  for (const phase of ["count", "learn"] as const) {
    const controller = new AbortController();
    const phases = new Set<string>();
    const training = train({
      files,
      vocabSize: 30_000,
      signal: controller.signal,
      onProgress: (progress) => {
        phases.add(progress.phase);
        if (progress.phase === phase) controller.abort(new Error(`enough of ${phase}`));
      },
    });
    await assert.rejects(training, { message: `enough of ${phase}` });
    assert.deepEqual([...phases].at(-1), phase);
  }
  await assert.rejects(train({ files, vocabSize: 300, signal: AbortSignal.abort(new Error("never mind")) }), {
    message: "never mind",
  });
});

test("progress goes from nothing to everything", async () => {
  const text = corpus("en", 5e6).join(END_OF_TEXT);
  const read: number[] = [];
  const merged: number[] = [];
  await train({
    files: [written("progress.txt", text)],
    vocabSize: 1257,
    onProgress: (progress) => {
      if (progress.phase === "learn") merged.push(progress.merges / progress.maxMerges);
      else read.push(progress.bytesRead / progress.totalBytes);
    },
  });
  for (const parts of [read, merged]) {
    assert.ok(parts.length > 2);
    assert.deepEqual(
      parts,
      parts.toSorted((a, b) => a - b),
    );
    assert.equal(parts.at(-1), 1);
  }
});

function train(options: TrainOptions) {
  return trainTokenizer({ workers: 1, ...options });
}

function written(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** All tokens, as strings of code units 0 to 255. */
function tokens({ bytes, starts, size }: Vocabulary): string[] {
  return Array.from({ length: size }, (_, id) =>
    Buffer.from(bytes.subarray(starts[id], starts[id + 1])).toString("latin1"),
  );
}

/** Two or three parts of tokens. */
function mixture(all: readonly string[], random: () => number): string {
  const part = () => {
    const token = all[Math.floor(random() * all.length)]!;
    return token.slice(Math.floor(random() * token.length));
  };
  return part() + part() + (random() < 0.5 ? part() : "");
}
