import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { RecipeError } from "../../pipeline/errors.ts";
import { ByteLevelTokenizer } from "../../tokenizer/byte-level.ts";
import { canCutTexts, ParallelEncoder, type ParallelOptions } from "../../tokenizer/parallel.ts";
import { NO_PATTERN, PATTERNS } from "../../tokenizer/pretokenize.ts";
import { SafeChunks } from "../../tokenizer/safe-chunks.ts";
import { plainSpecial } from "../../tokenizer/special.ts";
import type { Vocabulary } from "../../tokenizer/vocabulary.ts";
import { smallVocabulary } from "./formats-helper.ts";
import { hostileText, seededRandom, TRAPS } from "./hostile.ts";

/** Two with places in them where a text may be cut, one that overlaps itself and others. */
const SPECIAL = ["<|endoftext|>", "<| a b|>", "<\nx>", "<|endoftext|><|endoftext|>"];
const GPT2 = new ByteLevelTokenizer(smallVocabulary(1000, SPECIAL));

const encoders: ParallelEncoder[] = [];
after(() => Promise.all(encoders.map((encoder) => encoder.close())));

function parallel(tokenizer: ByteLevelTokenizer, options: Partial<ParallelOptions> = {}): ParallelEncoder {
  const encoder = new ParallelEncoder(tokenizer, { workers: 2, chunkBytes: 50, maxChunkBytes: 5000, ...options });
  encoders.push(encoder);
  return encoder;
}

/** Parts of 1 to `most` bytes. */
function* inParts(text: Uint8Array, random: () => number, most: number): Generator<Uint8Array> {
  for (let at = 0; at < text.length; ) {
    const end = at + 1 + Math.floor(random() * most);
    yield text.subarray(at, end);
    at = end;
  }
}

async function idsOf(parts: AsyncIterable<Uint32Array>): Promise<number[]> {
  const ids: number[] = [];
  for await (const part of parts) ids.push(...part);
  return ids;
}

function hostileBytes(seed: number, bytes: number): Buffer {
  const random = seededRandom(seed);
  const texts: Buffer[] = [];
  for (let size = 0; size < bytes; size += texts.at(-1)!.length + 1) {
    const special = random() < 0.3 ? SPECIAL[Math.floor(random() * SPECIAL.length)]! : "";
    texts.push(Buffer.from(`${hostileText(random, 20)}${special}${random() < 0.5 ? " word" : "\n"}`));
    // Bytes that are not UTF-8.
    if (random() < 0.1) texts.push(Buffer.of(Math.floor(random() * 256), 0xe2, 0x80));
  }
  return Buffer.concat(texts);
}

for (const pattern of Object.values(PATTERNS)) {
  test(`${pattern.name}: two threads give the ids of one, wherever the parts of the text begin`, async () => {
    const tokenizer = new ByteLevelTokenizer(smallVocabulary(1000, SPECIAL, pattern));
    const plain = parallel(tokenizer);
    const special = parallel(tokenizer, { allowed: "all" });
    for (let seed = 1; seed <= 3; seed++) {
      const text = hostileBytes(seed, 20_000);
      const parts = () => inParts(text, seededRandom(seed), seed ** 2 * 20);
      assert.deepEqual(await idsOf(plain.encodeStream(parts())), [...tokenizer.encodeBytes(text)], `seed ${seed}`);
      const expected = await idsOf(tokenizer.encodeStream([text], "all"));
      assert.ok(expected.some((id) => id >= 1000));
      assert.deepEqual(await idsOf(special.encodeStream(parts())), expected, `seed ${seed}, special tokens`);
    }
  });
}

test("some special tokens are allowed, the others are text", async () => {
  const text = Buffer.from("a<|endoftext|> b <| a b|> c<\nx> d ".repeat(20));
  const encoder = parallel(GPT2, { allowed: ["<| a b|>"] });
  const expected = await idsOf(GPT2.encodeStream([text], ["<| a b|>"]));
  assert.deepEqual(await idsOf(encoder.encodeStream([text])), expected);
  assert.deepEqual([...new Set(expected.filter((id) => id >= 1000))], [1001]);
  assert.throws(() => new ParallelEncoder(GPT2, { workers: 2, allowed: ["<|no|>"] }), RecipeError);
  assert.throws(() => new ParallelEncoder(GPT2, { workers: 0 }), /workers: expected an integer above 0, got 0/);
});

test("documents keep to themselves, in order, empty ones too", async () => {
  const documents = [
    ...TRAPS,
    "",
    "",
    ...Array.from({ length: 200 }, (_, n) => `${n} end\n`),
    "long ".repeat(3000),
    "",
  ];
  const utf8 = documents.map((text) => Buffer.from(text));
  const expected = utf8.map((bytes) => [...GPT2.encodeBytes(bytes)]);
  for (const chunkBytes of [1, 50, 1 << 20]) {
    const found: number[][] = [];
    for await (const ids of parallel(GPT2, { chunkBytes }).encodeDocuments(utf8)) found.push([...ids]);
    assert.deepEqual(found, expected);
  }
  const special: number[][] = [];
  for await (const ids of parallel(GPT2, { allowed: "all" }).encodeDocuments(utf8)) special.push([...ids]);
  assert.deepEqual(
    special,
    utf8.map((bytes) => [...GPT2.encodeWithSpecial(bytes.toString())]),
  );
});

test("a long text without a place to cut goes on in one thread", async () => {
  for (const blob of ["QUJD".repeat(4000), "中文".repeat(4000), "\n".repeat(9000), " ".repeat(9000)]) {
    const text = Buffer.from(
      `before it, words and words ${blob} and after it <|endoftext|> words, words\nwords `.repeat(3),
    );
    const encoder = parallel(GPT2, { allowed: "all" });
    const expected = await idsOf(GPT2.encodeStream([text], "all"));
    assert.deepEqual(await idsOf(encoder.encodeStream(inParts(text, seededRandom(1), 999))), expected);
  }
});

test("patterns of one's own, and none, are encoded in one thread; their documents in all", async () => {
  const text = hostileBytes(9, 5000);
  for (const pattern of [NO_PATTERN, { name: "custom", source: "[^]{1,7}" } as const]) {
    const tokenizer = new ByteLevelTokenizer(smallVocabulary(1000, SPECIAL, pattern));
    assert.equal(canCutTexts(tokenizer.vocabulary), false);
    const encoder = parallel(tokenizer);
    const expected = [...tokenizer.encodeBytes(text)];
    assert.deepEqual(await idsOf(encoder.encodeStream([text])), expected);
    assert.deepEqual(await idsOf(encoder.encodeDocuments([text, text])), [...expected, ...expected]);
  }
});

test("added tokens with rules of their own are found in documents, and refused in streams", async () => {
  const small = smallVocabulary(1000, ["<x>"]);
  const added = [{ ...plainSpecial("<x>", 1000), leftStrip: true }];
  const tokenizer = new ByteLevelTokenizer({ ...small, added } satisfies Vocabulary);
  const encoder = parallel(tokenizer, { allowed: "all" });
  const expected = [...tokenizer.encodeWithSpecial("a  <x> b")];
  assert.deepEqual(await idsOf(encoder.encodeDocuments([Buffer.from("a  <x> b")])), expected);
  await assert.rejects(idsOf(encoder.encodeStream([Buffer.from("a")])), /encode documents one by one \(--jsonl\)/);
});

test("a slow reader stops the reading, and one that leaves ends it", async () => {
  let given = 0;
  let ended = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        given++;
        yield Buffer.from("some words to encode, and a few more ".repeat(2));
        await setImmediate();
      }
    } finally {
      ended = true;
    }
  }
  const ids = parallel(GPT2).encodeStream(endless());
  await ids.next();
  for (let turn = 0; turn < 200; turn++) await setImmediate();
  assert.ok(given < 30, `${given} parts were read ahead`);
  await ids.return(undefined);
  assert.ok(ended);
});

test("a source that fails is heard, and a closed encoder says so", async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("words and words ".repeat(20));
    throw new Error("the disk is gone");
  }
  const encoder = parallel(GPT2);
  await assert.rejects(idsOf(encoder.encodeStream(failing())), /the disk is gone/);
  await assert.rejects(idsOf(encoder.encodeDocuments(failing())), /the disk is gone/);
  assert.deepEqual(await idsOf(encoder.encodeStream([Buffer.from("It goes on.")])), [...GPT2.encode("It goes on.")]);
  await encoder.close();
  await assert.rejects(idsOf(encoder.encodeStream([Buffer.from("no more")])), /the encoder is closed/);
});

test("chunks are about as long as asked, and joined they are the text", async () => {
  const text = Buffer.from("It is a truth universally acknowledged, ".repeat(100));
  const chunks: Buffer[] = [];
  const safe = new SafeChunks([text.subarray(0, 1), text.subarray(1)], { chunkBytes: 100 });
  for await (const chunk of safe) {
    assert.equal(chunk.byteOffset, 0);
    chunks.push(Buffer.from(chunk));
  }
  assert.equal(safe.rest, undefined);
  assert.deepEqual(Buffer.concat(chunks), text);
  assert.ok(
    chunks.slice(0, -1).every(({ length }) => length > 80 && length <= 100),
    `${chunks.map((c) => c.length)}`,
  );
});
