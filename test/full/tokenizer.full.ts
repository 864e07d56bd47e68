/** The tokenizer against npm `tiktoken` and Hugging Face's on more text than `npm test` has time for: minutes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Tokenizer as HuggingFace } from "tokenizers";
import { cutLongRuns } from "../../pipeline/cli/long-runs.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { CORPUS_NAMES, type CorpusName, corpusDocuments } from "../tokenizer/corpora.ts";
import { fuzzBytes, fuzzText } from "../tokenizer/fuzz-texts.ts";
import {
  assertComesBack,
  assertOnlyNew,
  assertSameIds,
  assertTiktokenIds,
  BUILT_IN,
  type Checked,
  classifiedDifferently,
} from "../tokenizer/oracle.ts";

const SEED = Number(process.env.FUZZ_SEED ?? 336);
const FUZZ_TEXTS = 100_000;
const MIXED_BYTES = 105e6;
const HF_GPT2 = "fixtures/tokenizer/hf/gpt2_tokenizer.json";

/** The web as it is makes up whatever the others leave. */
const SHARE_BYTES: Readonly<Record<CorpusName, number>> = {
  en: 22e6,
  web: 22e6,
  multi: 24e6,
  code: 20e6,
  html: Number.POSITIVE_INFINITY,
};

function* mixedText(): Generator<string> {
  let total = 0;
  for (const name of CORPUS_NAMES) {
    let bytes = 0;
    for (const document of corpusDocuments(name)) {
      if (bytes >= SHARE_BYTES[name] || total >= MIXED_BYTES) break;
      bytes += Buffer.byteLength(document);
      total += Buffer.byteLength(document);
      yield* cutLongRuns(document);
    }
  }
}

function* fuzzTexts(count: number): Generator<string> {
  const random = seededRandom(SEED);
  for (let n = 0; n < count; n++) yield fuzzText(random);
}

function told(name: string, { texts, bytes, tokens }: Checked): string {
  return `${name}: ${texts} texts, ${(bytes / 1e6).toFixed(1)} MB, ${tokens} tokens, all equal`;
}

for (const name of BUILT_IN) {
  test(`${name}: tiktoken's ids on a hundred megabytes`, needsShared("data/crawl"), async (t) => {
    const checked = await assertTiktokenIds(name, mixedText(), "corpus");
    t.diagnostic(told(name, checked));
    assert.ok(checked.bytes >= 100e6, `only ${checked.bytes} bytes of text`);
  });

  test(`${name}: tiktoken's ids for a hundred thousand fuzzed texts, seed ${SEED}`, async (t) => {
    const checked = await assertTiktokenIds(name, fuzzTexts(FUZZ_TEXTS), `seed ${SEED}`);
    t.diagnostic(told(name, checked));
    assert.equal(checked.texts, FUZZ_TEXTS);
  });

  test(`${name}: every character is of tiktoken's class, but for those that Unicode 17 added`, async () => {
    assertOnlyNew(await classifiedDifferently(name));
  });

  test(`${name}: bytes that are no UTF-8 come back, texts have the ids of their bytes, seed ${SEED}`, async () => {
    const tokenizer = await loadTokenizer(name);
    const random = seededRandom(SEED);
    for (let n = 0; n < FUZZ_TEXTS; n++) {
      const bytes = fuzzBytes(random);
      assertComesBack(tokenizer, tokenizer.encodeBytes(bytes), bytes, `seed ${SEED}, bytes ${n}`);
      const text = fuzzText(random);
      assertSameIds(tokenizer.encodeBytes(Buffer.from(text)), tokenizer.encode(text), text, `seed ${SEED}, text ${n}`);
    }
  });

  test(`${name}: documents as they are, long runs among them, come back from strings and from bytes`, async () => {
    const tokenizer = await loadTokenizer(name);
    for (const kind of CORPUS_NAMES) {
      let bytes = 0;
      for (const document of corpusDocuments(kind)) {
        if (bytes >= 20e6) break;
        const utf8 = Buffer.from(document);
        const ids = tokenizer.encode(document);
        assertComesBack(tokenizer, ids, utf8, kind);
        assertSameIds(tokenizer.encodeBytes(utf8), ids, document, `${kind}, bytes against string`);
        bytes += utf8.length;
      }
    }
  });
}

test(`gpt2: Hugging Face's ids for a hundred thousand fuzzed texts, seed ${SEED}`, needsShared(HF_GPT2), async () => {
  const gpt2 = await loadTokenizer("gpt2");
  const oracle = HuggingFace.fromFile(sharedPath(HF_GPT2));
  let n = 0;
  for (const text of fuzzTexts(FUZZ_TEXTS)) {
    // The word list holds <|endoftext|>, which that library takes for a special token wherever it stands.
    if (text.includes("<|endoftext|>")) continue;
    const ids = (await oracle.encode(text.toWellFormed(), null, { addSpecialTokens: false })).getIds();
    assertSameIds(gpt2.encode(text), ids, text, `seed ${SEED}, text ${n++}`);
  }
  assert.ok(n > 0.9 * FUZZ_TEXTS);
});
