import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { splitLines, strip } from "../../pipeline/text/python-text.ts";
import { viewOf } from "../../pipeline/view.ts";
import gopherQuality from "../../stages/filters/gopher-quality.ts";
import { filterContract, pageWith, runFilter } from "../contracts/filter.ts";
import { needsShared, sharedPath } from "../shared.ts";

const prose = "The river is wide, and the boats that cross it have to wait for the tide to be with them. ";

// datatrove's own test texts (tests/pipeline/filters/test_filters.py), by their reasons, at min_doc_words 10 and max 1,000.
filterContract(
  gopherQuality,
  { minWords: 10, maxWords: 1000 },
  new Map([
    ["", "too-few-words"],
    ["I am too small...", "too-few-words"],
    ["I am ".repeat(501), "too-many-words"],
    ["I am ".repeat(20), "words-too-short"],
    ["interconnection ".repeat(20), "words-too-long"],
    ["# comment ".repeat(20), "too-many-hashes"],
    ["... comment ".repeat(20), "too-many-ellipses"],
    [`• ${prose}\n`.repeat(3), "too-many-bullets"],
    [`- ${prose}\u2028`.repeat(3), "too-many-bullets"],
    [`${prose.trim()}..\r\n`.repeat(2), "too-many-ellipsis-lines"],
    [`${prose.trim()} and so on…  \x85`.repeat(2), "too-many-ellipsis-lines"],
    ["the ./!*?<><> apple <?////> orange  ++ interconnection !<>??? have".repeat(20), "too-few-alphabetic-words"],
    ["Have Have".repeat(20), "too-few-stop-words"],
    ["have ".repeat(20), "too-few-stop-words"],
    [prose.repeat(3), null],
  ]),
);

test("a word is long by its code points", async () => {
  const { scores } = await runFilter(gopherQuality, {}, pageWith("𝒶𝒷𝒸𝒹 ab"));
  assert.equal(scores.words, 2);
  assert.equal(scores.meanWordChars, 3);
});

test("stop words count once each, and only as written", async () => {
  const { scores } = await runFilter(gopherQuality, {}, pageWith("the the THE to"));
  assert.equal(scores.stopWords, 2);
});

test("a threshold of 0 switches its test off", async () => {
  const off = {
    minWords: 0, maxWords: 0, minMeanWordChars: 0, maxMeanWordChars: 0, maxSymbolsPerWord: 0, maxBulletLines: 0,
    maxEllipsisLines: 0, minAlphabeticWords: 0, minStopWords: 0,
  }; // biome-ignore format: one list
  for (const text of ["#", "- …", "a".repeat(50)]) {
    assert.equal((await runFilter(gopherQuality, off, pageWith(text))).verdict.kept, true, text);
  }
  const empty = (await runFilter(gopherQuality, off, pageWith(" "))).verdict;
  assert.deepEqual(empty, { kept: false, reason: "empty", value: 0 });
});

interface GoldenCase {
  readonly text: string;
  readonly gopher_quality_default: { readonly keep: boolean; readonly reason: string };
}
test("lines between words are those of the whole text", () => {
  const random = seededRandom(5);
  const { params } = gopherQuality();
  const pieces = [
    "\n",
    "\r\n",
    "\r",
    "\u2028",
    "\x1c",
    " ",
    "  ",
    "\t",
    "a",
    "- b",
    "•",
    "-",
    "...",
    "…",
    "c...",
    "d ",
  ];
  for (let n = 0; n < 3000; n++) {
    const text = Array.from({ length: n % 12 }, () => pieces[Math.floor(random() * pieces.length)]!).join("");
    const lines = splitLines(text).map(strip);
    const share = (is: (line: string) => boolean): number =>
      lines.length === 0 ? 0 : lines.filter(is).length / lines.length;
    const scores = gopherQuality.score(viewOf(pageWith(text), gopherQuality.needs), params, undefined);
    assert.equal(
      scores.bulletLines,
      share((line) => /^[•-]/.test(line)),
      JSON.stringify(text),
    );
    assert.equal(
      scores.ellipsisLines,
      share((line) => /(\.\.\.|…)$/.test(line)),
      JSON.stringify(text),
    );
  }
});

test("the golden pages get datatrove's decisions", needsShared("fixtures/filters/datatrove_golden.json"), async () => {
  const golden = JSON.parse(readFileSync(sharedPath("fixtures/filters/datatrove_golden.json"), "utf8"));
  for (const [name, { text, gopher_quality_default: expected }] of Object.entries<GoldenCase>(golden.cases)) {
    const { verdict } = await runFilter(gopherQuality, {}, pageWith(text));
    assert.equal(verdict.kept, expected.keep, name);
    if (!verdict.kept) assert.equal(gopherQuality.referenceReasons?.[verdict.reason], expected.reason, name);
  }
});
