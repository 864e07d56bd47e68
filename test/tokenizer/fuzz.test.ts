/** A small share of test/full/tokenizer.full.ts. A failure names the seed and the number of the text. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Tokenizer as HuggingFace } from "tokenizers";
import { cutLongRuns, MAX_RUN_UNITS } from "../../pipeline/cli/long-runs.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { corpus, corpusBytes } from "./corpora.ts";
import { fuzzBytes, fuzzText, MAX_FUZZ_CHARACTERS } from "./fuzz-texts.ts";
import {
  assertComesBack,
  assertOnlyNew,
  assertSameIds,
  assertTiktokenIds,
  BUILT_IN,
  classifiedDifferently,
} from "./oracle.ts";

const SEED = 20_261_122;
const HF_GPT2 = "fixtures/tokenizer/hf/gpt2_tokenizer.json";

function fuzzTexts(count: number, seed = SEED): string[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => fuzzText(random));
}

for (const name of BUILT_IN) {
  describe(name, () => {
    test("gives tiktoken's ids for fuzzed texts, and they come back", async () => {
      await assertTiktokenIds(name, fuzzTexts(3000), `seed ${SEED}`);
    });

    test("gives tiktoken's ids for real text of four kinds", async () => {
      for (const kind of ["en", "web", "multi", "code"] as const) {
        const documents = corpus(kind, 250_000).flatMap(cutLongRuns);
        await assertTiktokenIds(name, documents, kind);
      }
    });

    test("gives the same ids for a text and for its bytes, a leading byte order mark among them", async () => {
      const tokenizer = await loadTokenizer(name);
      for (const [n, text] of [...fuzzTexts(2000), "\ufeffa", "\ufeff", ""].entries()) {
        const label = `seed ${SEED}, text ${n}, ${name}`;
        assertSameIds(tokenizer.encodeBytes(Buffer.from(text)), tokenizer.encode(text), text, label);
      }
    });

    test("gives back bytes that are no UTF-8", async () => {
      const tokenizer = await loadTokenizer(name);
      const random = seededRandom(SEED);
      for (let n = 0; n < 3000; n++) {
        const bytes = fuzzBytes(random);
        assertComesBack(tokenizer, tokenizer.encodeBytes(bytes), bytes, `seed ${SEED}, bytes ${n}`);
      }
    });
  });
}

test("Hugging Face's tokenizers give the same GPT-2 ids for fuzzed texts", needsShared(HF_GPT2), async () => {
  const gpt2 = await loadTokenizer("gpt2");
  const oracle = HuggingFace.fromFile(sharedPath(HF_GPT2));
  for (const [n, text] of fuzzTexts(1500).entries()) {
    // That library takes <|endoftext|> for a special token wherever it stands.
    if (text.includes("<|endoftext|>")) continue;
    const ids = (await oracle.encode(text.toWellFormed(), null, { addSpecialTokens: false })).getIds();
    assertSameIds(gpt2.encode(text), ids, text, `seed ${SEED}, text ${n}`);
  }
});

test("o200k_base: every character is of tiktoken's class, but for those that Unicode 17 added", async () => {
  assertOnlyNew(await classifiedDifferently("o200k_base"));
});

test("fuzzed texts are the same from the same seed, hold every trouble, and are of the length they say", () => {
  const texts = fuzzTexts(20_000);
  assert.deepEqual(fuzzTexts(100), texts.slice(0, 100));
  assert.ok(texts.every(({ length }) => length >= 1 && length <= MAX_FUZZ_CHARACTERS));
  assert.ok(texts.some((text) => !text.isWellFormed()));
  for (let byte = 0; byte < 256; byte++) assert.ok(texts.some((text) => text.includes(String.fromCharCode(byte))));
  const troubles = [/\ufeff/, /\u0085/, /'ſ/, /\u212a/, /\u200d/, /'[lL][lL]/, /\p{M}{3}/u, /(\P{Cs})\1{60}/u];
  for (const trouble of troubles)
    assert.ok(
      texts.some((text) => trouble.test(text)),
      String(trouble),
    );
});

test("long runs are cut between characters, and nothing else is", () => {
  assert.deepEqual(cutLongRuns(`one two ${"x".repeat(MAX_RUN_UNITS)} 3`), [`one two ${"x".repeat(MAX_RUN_UNITS)} 3`]);
  assert.deepEqual(cutLongRuns(""), [""]);
  for (const character of ["x", "7", " ", "^", "中", "😀", "-😀"]) {
    const text = `a ${character.repeat(2.5 * MAX_RUN_UNITS)} b`;
    const parts = cutLongRuns(text);
    assert.equal(parts.join(""), text);
    assert.equal(
      parts.length,
      1 + Math.floor((2.5 * MAX_RUN_UNITS * character.length) / MAX_RUN_UNITS - 1e-9),
      character,
    );
    assert.ok(parts.every((part) => part.isWellFormed()));
  }
});

test("corpora come in the same order, grow by whole documents, and hold none twice", () => {
  for (const name of ["en", "multi", "code"] as const) {
    const small = corpus(name, 300_000);
    const larger = corpus(name, 2_000_000);
    assert.deepEqual(larger.slice(0, small.length), small);
    assert.ok(corpusBytes(small) >= 300_000 && corpusBytes(larger) >= 2_000_000, name);
    assert.equal(new Set(larger).size, larger.length);
    assert.ok(larger.every((document) => document.length >= 4096 && document.isWellFormed()));
  }
});
