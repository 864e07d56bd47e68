import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { viewOf } from "../../pipeline/view.ts";
import { attributesPlainly } from "../../stages/filters/dolma/attributes-plainly.ts";
import dolmaGopher from "../../stages/filters/dolma-gopher.ts";
import { AWKWARD_TEXTS, filterContract, pageWith, runFilter } from "../contracts/filter.ts";
import { HOSTILE_TEXTS, randomText } from "./filter-texts.ts";

const scoresOf = (text: string) => dolmaGopher.score(viewOf(pageWith(text), dolmaGopher.needs), params, undefined);
const params = dolmaGopher({}).params;

/** Words that are all different, of a median length of 5, two of them required. */
const words = ["the", "of", ...Array.from({ length: 58 }, (_, i) => `w${i}${"abcdefgh".slice(0, 2 + (i % 5))}`)];
const varied = words.join(" ");
const run = "one fine day she left and nobody knew where they went or why so late";

filterContract(
  dolmaGopher,
  {},
  new Map([
    ["", "too-few-words"],
    ["I am too small…", "too-few-words"],
    ["the of ".repeat(50_001), "too-many-words"],
    ["of ab ".repeat(30), "words-too-short"],
    ["interconnections ".repeat(60), "words-too-long"],
    [`${varied} #word wo…rd ### word… # # #`, "too-many-symbol-words"],
    [`${varied} ${"2024 ".repeat(20)}`, "too-few-alphabetic-words"],
    [words.slice(1).join(" "), "too-few-required-words"],
    [
      words
        .map((word) => `-${word}`)
        .join("\n")
        .replaceAll("-the\n-of", "-the the\n-of of"),
      "too-many-bullets",
    ],
    [
      words.map((word, i) => word + (i % 12 === 5 ? "…\n" : i % 12 === 11 ? "\n" : " ")).join(""),
      "too-many-ellipsis-lines",
    ],
    [`${varied}\nx\nx\nb\nc\nd`, "duplicate-lines"],
    [`${words.join("\n")}\n${run.repeat(2)}\n${run.repeat(2)}`, "duplicate-line-chars"],
    [`${varied} ${"lorem ipsum ".repeat(10)}`, "top-2-gram"],
    [`${varied} ${run} ${run}`, "duplicate-5-grams"],
    [varied, null],
  ]),
);

// tests/python/test_gopher.py
test("dolma's own test texts get its tagger's attributes", () => {
  const short = scoresOf("This is a test.");
  assert.deepEqual(
    { ...short },
    {
      chars: 15, words: 4, medianWordChars: 3, symbolWords: 0, alphabeticWords: 1, requiredWords: 0, bulletLines: 0,
      ellipsisLines: 0, duplicateLines: 0, duplicateLineChars: 0, top2Gram: 0.5, top3Gram: 0.5833333333333334, top4Gram: 1,
      duplicate5Grams: 0, duplicate6Grams: 0, duplicate7Grams: 0, duplicate8Grams: 0, duplicate9Grams: 0, duplicate10Grams: 0,
    },
  ); // biome-ignore format: one list

  const several = scoresOf("This is a sentence. \n  \n This is another sentence.\n\n  This is a third sentence.");
  assert.deepEqual(
    { ...several },
    {
      chars: 79, words: 13, medianWordChars: 4, symbolWords: 0, alphabeticWords: 1, requiredWords: 0, bulletLines: 0,
      ellipsisLines: 0, duplicateLines: 0, duplicateLineChars: 0, top2Gram: 0.3050847457627119,
      top3Gram: 0.23728813559322035, top4Gram: 0.2711864406779661, duplicate5Grams: 0, duplicate6Grams: 0,
      duplicate7Grams: 0, duplicate8Grams: 0, duplicate9Grams: 0, duplicate10Grams: 0,
    },
  ); // biome-ignore format: one list

  assert.equal(scoresOf("T h i s \n    \n\n\n    isoneword !!!").words, 6);
  assert.equal(scoresOf("The.and.that").requiredWords, 0);
  assert.equal(scoresOf("The and that").requiredWords, 2);
});

test("all copies of a line are duplicates, blank ones too, and their white space counts", () => {
  const scores = scoresOf("a b\na b\n\nc\n");
  assert.equal(scores.duplicateLines, 4 / 5);
  assert.equal(scores.duplicateLineChars, 6 / 5);
});

test("repeated runs overlap: a period of two words makes all but nothing of a page repeated", () => {
  // 12 words: 8 runs of five, "a b a b a" and "b a b a b" four times each.
  assert.equal(scoresOf("a b ".repeat(6)).duplicate5Grams, 1);
  // "a b c d e" twice among 7 runs of five.
  assert.equal(scoresOf("a b c d e x a b c d e").duplicate5Grams, 2 / 7);
});

test("the median of an even number of words is the mean of the middle two, in code points", () => {
  assert.equal(scoresOf("a 𝒶𝒷 ccc 𝒶𝒷𝒸𝒹").medianWordChars, 2.5);
  assert.equal(scoresOf(`${"x".repeat(1000)} ${"y".repeat(301)} z`).medianWordChars, 301);
  assert.equal(scoresOf(`${"x".repeat(1000)} ${"y".repeat(300)}`).medianWordChars, 650);
});

test("scores are compared with five digits, ties going to the even one", () => {
  const good = scoresOf(varied);
  const verdict = (scores: object, thresholds: object) =>
    dolmaGopher.keep({ ...good, ...scores }, { ...params, ...thresholds }).kept;
  assert.equal(verdict({ symbolWords: 0.100004 }, {}), true);
  assert.equal(verdict({ symbolWords: 0.100006 }, {}), false);
  assert.equal(verdict({ alphabeticWords: 0.799996 }, {}), true);
  // 1/64 = 0.015625 is written 0.01562, 3/64 = 0.046875 is written 0.04688.
  assert.equal(verdict({ symbolWords: 1 / 64 }, { maxSymbolWords: 0.01562 }), true);
  assert.equal(verdict({ symbolWords: 3 / 64 }, { maxSymbolWords: 0.04687 }), false);
});

test("top runs drop as the configuration means, and pass as it was run", async () => {
  const page = pageWith(varied.replaceAll(/w\d0\w+ w\d1\w+/g, "lorem ipsum lorem ipsum"));
  const { verdict, scores } = await runFilter(dolmaGopher, {}, page);
  assert.deepEqual(verdict, { kept: false, reason: "top-2-gram", value: scores.top2Gram });
  assert.equal((await runFilter(dolmaGopher, { topGrams: "as-run" }, page)).verdict.kept, true);
});

test("every score equals its plain definition, on random and on awkward texts", () => {
  const seed = 20_240_131;
  const random = seededRandom(seed);
  const texts = [...AWKWARD_TEXTS, ...Array.from({ length: 250 }, () => randomText(random))];
  for (const text of texts)
    assert.deepEqual({ ...scoresOf(text) }, attributesPlainly(text), `seed ${seed}: ${JSON.stringify(text)}`);
});

test("megabytes of hostile text are measured in linear time", () => {
  const started = performance.now();
  for (const text of HOSTILE_TEXTS)
    for (const value of Object.values(scoresOf(text))) assert.ok(Number.isFinite(value));
  // A second or two; a quadratic rule would need hours.
  assert.ok(performance.now() - started < 60_000);
});
