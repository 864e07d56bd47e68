import assert from "node:assert/strict";
import { test } from "node:test";
import { RecipeError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { ByteTokenizer } from "../../tokenizer/baselines/byte.ts";
import { CharacterTokenizer } from "../../tokenizer/baselines/character.ts";
import { WordTokenizer } from "../../tokenizer/baselines/word.ts";
import { compareTokenizers, GPT2_SMALL, trainingFlopsPerByte } from "../../tokenizer/compare.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { percentiles, StatsGatherer, tokenizerStats } from "../../tokenizer/stats.ts";
import { corpus } from "./corpora.ts";
import { fuzzText } from "./fuzz-texts.ts";

const DOCUMENTS = [
  { text: "The cat sat.", language: "en", domain: "a.example" },
  { text: "Zwölf Boxkämpfer 😀", language: "de", domain: "b.example" },
  { text: "The mat", language: "en", domain: "b.example" },
  { text: "" },
];

test("counts of a byte tokenizer are those of the text", () => {
  const stats = tokenizerStats(new ByteTokenizer(), DOCUMENTS);
  const { documents, bytes, characters, words, tokens } = stats;
  assert.deepEqual(
    { documents, bytes, characters, words, tokens },
    { documents: 4, bytes: 42, characters: 37, words: 7, tokens: 42 },
  );
  assert.deepEqual([stats.bytesPerToken, stats.singleByteShare, stats.unknownShare], [1, 1, 0]);
  assert.equal(stats.charactersPerToken, 37 / 42);
  assert.equal(stats.tokensPerWord, 42 / 7);
  const used = new Set(Buffer.from(DOCUMENTS.map(({ text }) => text).join(""))).size;
  assert.deepEqual([stats.idsSeen, stats.vocabularyUse], [used, used / 257]);
});

test("groups are by language and by domain, the larger first, and add up", () => {
  const { byLanguage, byDomain, tokens } = tokenizerStats(new ByteTokenizer(), DOCUMENTS);
  assert.deepEqual([...byLanguage.keys()], ["de", "en", "unknown"]);
  assert.deepEqual([...byDomain.keys()], ["b.example", "a.example", "unknown"]);
  const { documents, bytes, words, tokensPerDocument } = byLanguage.get("en")!;
  assert.deepEqual([documents, bytes, words, tokensPerDocument.min, tokensPerDocument.max], [2, 19, 5, 7, 12]);
  for (const groups of [byLanguage, byDomain]) {
    assert.equal(
      [...groups.values()].reduce((sum, group) => sum + group.tokens, 0),
      tokens,
    );
  }
});

test("an unknown token is counted as that, not as a byte", () => {
  const letters = tokenizerStats(new CharacterTokenizer(["a", "é"]), [{ text: "aéx" }]);
  assert.deepEqual([letters.singleByteShare, letters.unknownShare, letters.idsSeen], [1 / 3, 1 / 3, 3]);
  const words = tokenizerStats(new WordTokenizer(["the", " "]), [{ text: "the cat the" }]);
  assert.deepEqual([words.unknownShare, words.tokensPerWord, words.singleByteShare], [1 / 5, 5 / 3, 2 / 5]);
});

test("nor is one that decodes to a byte", () => {
  const onlyUnknown = {
    ...new ByteTokenizer(),
    unknown: 63,
    encode: () => Uint32Array.of(63),
    decode: () => Buffer.from("?"),
  };
  const stats = tokenizerStats({ ...onlyUnknown, encodeBytes: onlyUnknown.encode }, [{ text: "x" }]);
  assert.deepEqual([stats.singleByteShare, stats.unknownShare], [0, 1]);
});

test("GPT-2 on its own kind of text, counted by hand", async () => {
  const stats = tokenizerStats(await loadTokenizer("gpt2"), [{ text: "hello world" }, { text: "hello\u0301" }]);
  // "hello", " world"; "hello", and U+0301 as its two bytes, which GPT-2 has no token for.
  assert.deepEqual([stats.tokens, stats.words, stats.bytes, stats.characters], [5, 3, 18, 17]);
  assert.deepEqual([stats.idsSeen, stats.vocabularyUse], [4, 4 / 50_257]);
  assert.deepEqual([stats.bytesPerToken, stats.singleByteShare], [18 / 5, 2 / 5]);
});

test("percentiles are by nearest rank, exact, and need no order", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => (i * 37) % 100).map((value) => value + 1);
  assert.deepEqual(percentiles(hundred), {
    min: 1,
    p5: 5,
    p25: 25,
    p50: 50,
    p75: 75,
    p95: 95,
    p99: 99,
    max: 100,
    mean: 50.5,
  });
  const one = percentiles([7]);
  assert.ok(Object.values(one).every((value) => value === 7));
  assert.ok(Object.values(percentiles([])).every((value) => value === 0));
  assert.equal(percentiles([10, 9, 100]).p50, 10); // as strings, 100 would come before 9
});

test("no documents give no NaN", () => {
  const stats = tokenizerStats(new ByteTokenizer(), []);
  assert.deepEqual([stats.documents, stats.bytesPerToken, stats.tokensPerWord, stats.singleByteShare], [0, 0, 0, 0]);
  assert.equal(stats.byLanguage.size, 0);
  assert.ok(!JSON.stringify(compareTokenizers(stats, stats)).includes("null"));
});

test("characters are code points on fuzzed texts, and the order of documents does not matter", () => {
  const seed = 5;
  const random = seededRandom(seed);
  const documents = Array.from({ length: 300 }, (_, n) => ({ text: fuzzText(random), domain: `d${n % 5}` }));
  const stats = tokenizerStats(new ByteTokenizer(), documents);
  assert.equal(
    stats.characters,
    documents.reduce((sum, { text }) => sum + [...text].length, 0),
    `seed ${seed}`,
  );
  assert.equal(
    stats.bytes,
    documents.reduce((sum, { text }) => sum + Buffer.from(text).length, 0),
  );
  const gather = new StatsGatherer(new ByteTokenizer());
  for (const document of documents.toReversed()) gather.add(document);
  assert.deepEqual(gather.finish(), stats);
});

test("training cost of a byte: 6 N over bytes a token, with the output head in N", () => {
  // 12 layers of width 768: 84,934,656 parameters; head 50,257 x 768 = 38,597,376.
  assert.equal(GPT2_SMALL.layerParameters, 84_934_656);
  assert.equal(trainingFlopsPerByte({ vocabSize: 50_257, bytesPerToken: 4 }), (6 * 123_532_032) / 4);
  const tiny = { layerParameters: 1000, width: 10 };
  assert.equal(trainingFlopsPerByte({ vocabSize: 100, bytesPerToken: 2 }, tiny), 6000);
});

test("a comparison is b over a, with costs for a model, and only of the same documents", () => {
  const bytes = tokenizerStats(new ByteTokenizer(), DOCUMENTS);
  const letters = tokenizerStats(
    new CharacterTokenizer([..."The cat sm.ZwölfBoxkäprä😀"].filter((c, i, all) => all.indexOf(c) === i)),
    DOCUMENTS,
  );
  const compared = compareTokenizers(bytes, letters, { layerParameters: 1000, width: 10 });
  assert.deepEqual(compared.tokens, { a: 42, b: 37, ratio: 37 / 42 });
  assert.deepEqual(compared.tokensByLanguage.get("de"), { a: 23, b: 18, ratio: 18 / 23 });
  assert.deepEqual(compared.tokensByDomain.get("unknown"), { a: 0, b: 0, ratio: 0 });
  assert.equal(compared.trainingFlopsPerByte.a, 6 * (1000 + 257 * 10));
  assert.equal(compared.trainingFlopsPerByte.b, (6 * (1000 + letters.tokenizer.vocabSize * 10)) / (42 / 37));
  assert.equal(compared.unknownShare.b, 0);
  const fewer = tokenizerStats(new ByteTokenizer(), DOCUMENTS.slice(1));
  assert.throws(
    () => compareTokenizers(bytes, fewer),
    new RecipeError(
      "comparison: bytes was measured on 4 documents of 42 bytes, bytes on 3 of 30: measure both on the same",
    ),
  );
});

test("larger vocabularies make shorter texts of real English, and use less of themselves", async () => {
  const documents = corpus("en", 300_000).map((text) => ({ text }));
  const [gpt2, o200k] = [await loadTokenizer("gpt2"), await loadTokenizer("o200k_base")].map((t) =>
    tokenizerStats(t, documents),
  );
  const { bytesPerToken, vocabularyUse, trainingFlopsPerByte: flops } = compareTokenizers(gpt2!, o200k!);
  assert.ok(bytesPerToken.a > 3.5 && bytesPerToken.a < 5, String(bytesPerToken.a));
  assert.ok(bytesPerToken.ratio > 1 && vocabularyUse.ratio < 1);
  assert.ok(flops.ratio > 1.3, "a head of 200,000 rows costs a small model more than the shorter texts save");
});
