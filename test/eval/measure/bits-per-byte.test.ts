/** Bits per byte: by hand, and the same bytes whatever the tokenizer, the windows or the order of documents. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bitsPerByte, countWords, perplexity, scoreDocuments } from "../../../eval/measure/bits-per-byte.ts";
import type { Scorer, Window } from "../../../eval/measure/scorer.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import type { Tokenizer } from "../../../pipeline/tokenizer.ts";
import { ByteTokenizer } from "../../../tokenizer/baselines/byte.ts";
import { buildCharacterTokenizer } from "../../../tokenizer/baselines/character.ts";
import { ByteLevelTokenizer } from "../../../tokenizer/byte-level.ts";
import { loadTokenizer } from "../../../tokenizer/load.ts";
import { trainTokenizer } from "../../../tokenizer/train/train.ts";
import { prose } from "../../engine/harness.ts";
import { fuzzText } from "../../tokenizer/fuzz-texts.ts";
import { tempFolder } from "../../tokenizer/temp.ts";
import { TableScorer } from "./tasks/table-scorer.ts";

const bytes = new ByteTokenizer();
const texts = (...all: string[]) => all.map((text) => ({ text }));
const total = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0);

function assertNear(found: number, expected: number): void {
  assert.ok(Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${found}, expected ${expected}`);
}

test("bits per byte, byte and word perplexity are a corpus' sums, as computed by hand", async () => {
  // Bits of a byte, behind the one before it where that is told; ¶ is the beginning of a document.
  const scorer = new TableScorer({ "¶t": 2, o: 3, " ": 1, b: 4, e: 0.5, "¶b": 6 });
  // t 2, o 3, space 1, b 4, e 0.5; then b 6, e 0.5; then nothing.
  const documents = texts("to be", "be", "");
  const nats = await scoreDocuments(documents, bytes, scorer);
  assertNear(nats[0]!, 10.5 * Math.LN2);
  assertNear(nats[1]!, 6.5 * Math.LN2);
  assert.equal(nats[2], 0);
  assertNear(bitsPerByte(total(nats), 7), 17 / 7);
  assertNear(perplexity(total(nats), 7), 2 ** (17 / 7));
  // Three words, and the one empty word that an empty text has.
  const words = documents.reduce((sum, { text }) => sum + countWords(text), 0);
  assert.equal(words, 4);
  assertNear(perplexity(total(nats), words), 2 ** (17 / 4));
});

test("a context that is full begins anew at the next window, and the last window looks back", async () => {
  const bits = { "¶a": 1, ab: 2, ba: 4, aa: 64, bb: 64 };
  for (const contextLength of [1, 2, 3, 4, 100]) {
    const [nats] = await scoreDocuments(texts("ababa"), bytes, new TableScorer(bits, [], contextLength));
    assertNear(nats!, (1 + 2 + 4 + 2 + 4) * Math.LN2);
  }
  const scorer = new TableScorer(bits, [], 3);
  await scoreDocuments(texts("ababa"), bytes, scorer);
  const windows = scorer.calls.flat().map(({ ids, firstScored }) => [Buffer.from(Uint8Array.from(ids)), firstScored]);
  assert.deepEqual(windows, [
    [Buffer.from([0, 97, 98, 97]), 1], // 256, the end of text, is 0 in a byte.
    [Buffer.from("baba"), 2],
  ]);
});

test("words are those between Python's white space, empty ones at the ends included", () => {
  for (const [text, words] of [
    ["", 1],
    ["one", 1],
    [" one  two\n", 4],
    ["a\x1cb\x85c\u3000d\u00a0e", 5],
    ["a\ufeffb\u200bc", 1],
  ] as const) {
    assert.equal(countWords(text), words, JSON.stringify(text));
  }
});

/** Spends a nat on each byte that an id spells, and refuses to predict an end of text. */
class ByteCounter implements Scorer {
  readonly contextLength: number;
  readonly vocabSize: number;
  readonly #tokenizer: Tokenizer;

  constructor(tokenizer: Tokenizer, contextLength: number) {
    this.contextLength = contextLength;
    this.vocabSize = tokenizer.vocabSize;
    this.#tokenizer = tokenizer;
  }

  async score(windows: readonly Window[]) {
    return windows.map(({ ids, firstScored }) => {
      assert.ok(ids.length <= this.contextLength + 1 && firstScored >= 1);
      const predicted = Array.from(ids).slice(firstScored);
      const nats = Float64Array.from(predicted, (id) => {
        assert.notEqual(id, this.#tokenizer.endOfText);
        return this.#tokenizer.decode([id]).length;
      });
      return { nats, greedy: new Uint8Array(nats.length) };
    });
  }

  async close(): Promise<void> {}
}

async function tokenizers(): Promise<Tokenizer[]> {
  const file = join(tempFolder(), "text.txt");
  writeFileSync(file, Array.from({ length: 30 }, (_, n) => prose(n)).join("\n"));
  const { vocabulary } = await trainTokenizer({ files: [file], vocabSize: 400 });
  return [bytes, new ByteLevelTokenizer(vocabulary), await loadTokenizer("gpt2"), await loadTokenizer("cl100k_base")];
}

const SEED = Math.floor(Math.random() * 2 ** 32);

test(`the tokens of a text have its bytes, for every tokenizer, in every window (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  const documents = [
    ...texts("", " ", "<|endoftext|>", "a<|endoftext|>b", "\ud800", "a\udc00\ud800b", "\ufeff", "😀".repeat(50)),
    ...Array.from({ length: 150 }, () => ({ text: fuzzText(random) })),
  ];
  const expected = documents.map(({ text }) => Buffer.byteLength(text));
  const joined = documents.map(({ text }) => text.toWellFormed()).join("");
  for (const tokenizer of await tokenizers()) {
    for (const contextLength of [1, 7, 64]) {
      const scorer = new ByteCounter(tokenizer, contextLength);
      assert.deepEqual([...(await scoreDocuments(documents, tokenizer, scorer))], expected, tokenizer.name);
      const [whole] = await scoreDocuments(texts(joined), tokenizer, scorer);
      assert.equal(whole, total(expected), `${tokenizer.name}, one document of all`);
    }
  }
});

/** Nats that look like a model's, and hang on the window alone. */
const hashing: Scorer = {
  contextLength: 16,
  vocabSize: 257,
  score: async (windows) =>
    windows.map(({ ids, firstScored }) => {
      const random = seededRandom(Array.from(ids).reduce((hash, id) => Math.imul(31, hash) + id, firstScored));
      const nats = Float64Array.from({ length: ids.length - firstScored }, () => 5 * random());
      return { nats, greedy: new Uint8Array(nats.length) };
    }),
  close: async () => {},
};

test("what a document comes to hangs on no other: not on their order, not on which there are", async () => {
  const documents = Array.from({ length: 40 }, (_, n) => ({ text: prose(n, 1 + 3 * n) }));
  const nats = await scoreDocuments(documents, bytes, hashing);
  assert.deepEqual((await scoreDocuments(documents.toReversed(), bytes, hashing)).toReversed(), nats);
  for (const n of [0, 7, 39]) assert.equal((await scoreDocuments([documents[n]!], bytes, hashing))[0], nats[n]);
});

test("progress counts the tokens that are predicted, and a signal ends it between calls", async () => {
  const documents = Array.from({ length: 60 }, () => ({ text: "x".repeat(3000) }));
  const told: [number, number][] = [];
  await scoreDocuments(documents, bytes, hashing, { onProgress: (done, all) => told.push([done, all]) });
  assert.ok(told.length > 1);
  assert.deepEqual(told.at(-1), [180_000, 180_000]);
  const abort = new AbortController();
  const stopped = scoreDocuments(documents, bytes, hashing, {
    onProgress: () => abort.abort(new Error("enough")),
    signal: abort.signal,
  });
  await assert.rejects(stopped, /enough/);
});

test("a tokenizer that does not spell every text, or cannot begin one, has no bits per byte", async () => {
  const characters = buildCharacterTokenizer(["abc"]);
  await assert.rejects(scoreDocuments(texts("abc"), characters, hashing), {
    name: "RecipeError",
    message: /^tokenizer characters has texts that it cannot spell/,
  });
  const endless: Tokenizer = {
    ...{ name: "endless", vocabSize: 256, digest: "" },
    encode: (text) => bytes.encode(text),
    encodeBytes: (utf8) => bytes.encodeBytes(utf8),
    decode: (ids) => bytes.decode(ids),
  };
  await assert.rejects(scoreDocuments(texts("abc"), endless, hashing), {
    name: "RecipeError",
    message: /^tokenizer endless: found no end-of-text token/,
  });
});
