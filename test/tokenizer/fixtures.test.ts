/** The files that tokenizers of other projects are tested with; their id vectors are in encode.test.ts. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Tokenizer as HuggingFace } from "tokenizers";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { assertSameIds, assertTiktokenIds, BUILT_IN } from "./oracle.ts";

const COURSE = "fixtures/course/raw/a1_2025";
const COURSE_TEXTS = ["address.txt", "corpus.en", "german.txt", "tinystories_sample.txt"];
const TAYLOR_SWIFT = "fixtures/tokenizer/minbpe/taylorswift.txt";
const HF_GPT2 = "fixtures/tokenizer/hf/gpt2_tokenizer.json";

const textOf = (path: string): string => readFileSync(sharedPath(path), "utf8");

/**
 * GPT-2 writes bytes as characters: printable ones of Latin-1 as themselves, the other 68 as U+0100 and on, in order
 * (openai/gpt-2, encoder.py).
 */
const byteOfCharacter = ((): ReadonlyMap<string, number> => {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad && byte <= 0xff);
  const map = new Map<string, number>();
  let others = 0;
  for (let byte = 0; byte < 256; byte++) {
    map.set(String.fromCharCode(isPrintable(byte) ? byte : 0x100 + others++), byte);
  }
  return map;
})();

test("minbpe's text: tiktoken's ids in all vocabularies, and back", needsShared(TAYLOR_SWIFT), async () => {
  for (const name of BUILT_IN) await assertTiktokenIds(name, [textOf(TAYLOR_SWIFT)], "taylorswift.txt");
});

test("CS336's texts: tiktoken's and Hugging Face's ids", needsShared(COURSE, HF_GPT2), async () => {
  const texts = COURSE_TEXTS.map((name) => textOf(`${COURSE}/${name}`));
  for (const name of BUILT_IN) await assertTiktokenIds(name, texts, "CS336");
  const gpt2 = await loadTokenizer("gpt2");
  const oracle = HuggingFace.fromString(textOf(HF_GPT2));
  for (const text of texts) {
    const ids = (await oracle.encode(text, null, { addSpecialTokens: false })).getIds();
    assertSameIds(gpt2.encodeWithSpecial(text), ids, text, "Hugging Face");
  }
});

test("GPT-2's vocab.json names the bytes that ours decodes to", needsShared(COURSE, HF_GPT2), async () => {
  const gpt2 = await loadTokenizer("gpt2");
  const files: Record<string, number>[] = [
    JSON.parse(textOf(`${COURSE}/gpt2_vocab.json`)),
    JSON.parse(textOf(HF_GPT2)).model.vocab,
  ];
  for (const vocabulary of files) {
    assert.equal(Object.keys(vocabulary).length, gpt2.vocabSize);
    for (const [characters, id] of Object.entries(vocabulary)) {
      const bytes = id === gpt2.endOfText ? Buffer.from(characters) : bytesOf(characters);
      assert.deepEqual(Buffer.from(gpt2.decode([id])), bytes, characters);
    }
  }
});

test("GPT-2's merges make its tokens in order", needsShared("data/tokenizer/gpt2_merges.txt.gz"), async () => {
  const gpt2 = await loadTokenizer("gpt2");
  const file = gunzipSync(readFileSync(sharedPath("data/tokenizer/gpt2_merges.txt.gz"))).toString("utf8");
  const merges = file.split("\n").filter((line) => line !== "" && !line.startsWith("#version"));
  assert.equal(merges.length, 50_000);
  for (const [rank, merge] of merges.entries()) {
    const product = bytesOf(merge.replace(" ", ""));
    assert.deepEqual(Buffer.from(gpt2.decode([256 + rank])), product, merge);
    if (rank % 20 === 0) assert.deepEqual([...gpt2.encodeBytes(product)], [256 + rank], merge);
  }
});

test("a million of one letter, and of one letter after a space, come back in all vocabularies", async () => {
  for (const name of BUILT_IN) {
    const tokenizer = await loadTokenizer(name);
    for (const text of ["x".repeat(1_000_000), ` ${"A".repeat(1_000_000)}\n`]) {
      assert.equal(Buffer.from(tokenizer.decode(tokenizer.encode(text))).toString(), text);
    }
  }
});

function bytesOf(characters: string): Buffer {
  return Buffer.from([...characters].map((character) => byteOfCharacter.get(character)!));
}
