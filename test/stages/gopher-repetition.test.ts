import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { viewOf } from "../../pipeline/view.ts";
import gopherRepetition from "../../stages/filters/gopher-repetition.ts";
import { filterContract, pageWith, runFilter } from "../contracts/filter.ts";
import { needsShared, sharedPath } from "../shared.ts";

const varied = Array.from({ length: 60 }, (_, i) => `word${i} some${i * 7} thing${i * 13}`).join(" ");

/** Each run is short enough to be no top run, all three together are a good part of the page. */
const threeRuns = "one fine day she left, nobody knew where they went; every road was closed then";

filterContract(
  gopherRepetition,
  {},
  new Map([
    ["", "empty"],
    [" ", null],
    ["I am your father.\n\n".repeat(4), "repeated-paragraphs"],
    [`a\n\nb\n\nc\n\nd\n\n${"x".repeat(90)}\n\n${"x".repeat(90)}`, "repeated-paragraph-chars"],
    ["a\na\nb", "repeated-lines"],
    ["\n".repeat(1000), "repeated-lines"],
    [`I am groot.\nYou are a wizard.\nI am your father.\n${`${"x".repeat(40)}.\n`.repeat(2)}`, "repeated-line-chars"],
    ["lorem ipsum ".repeat(9), "top-2-gram"],
    ["I am Frank, you are Jhon. I am Frank. I am Frank you are Jhon", "top-3-gram"],
    [`${threeRuns} ${varied.slice(0, 150)} ${threeRuns}`, "repeated-5-grams"],
    [varied, null],
  ]),
);

test("the first of equal lines is no repetition, and chars are code points", async () => {
  const { scores } = await runFilter(gopherRepetition, {}, pageWith("😀\n😀\n\n\n😀"));
  assert.equal(scores.chars, 7);
  assert.equal(scores.repeatedLines, 2 / 3);
  assert.equal(scores.repeatedLineChars, 2 / 7);
  assert.equal(scores.repeatedParagraphs, 0);
});

test("a top run that occurs once counts: two words fill a page of two words", async () => {
  const { scores } = await runFilter(gopherRepetition, {}, pageWith("hello world"));
  assert.equal(scores.top2Gram, 1);
  assert.equal(scores.top3Gram, 0);
});

test("a threshold of 0 switches its test off", async () => {
  const params = { maxRepeatedLines: 0, maxRepeatedLineChars: 0 };
  const { verdict } = await runFilter(gopherRepetition, params, pageWith("a\na\na\na\na"));
  assert.deepEqual({ ...verdict, value: 0 }, { kept: false, reason: "top-2-gram", value: 0 });
});

interface GoldenCase {
  readonly text: string;
  readonly gopher_repetition: { readonly keep: boolean; readonly reason: string };
}
test("the golden pages get datatrove's decisions", needsShared("fixtures/filters/datatrove_golden.json"), async () => {
  const golden = JSON.parse(readFileSync(sharedPath("fixtures/filters/datatrove_golden.json"), "utf8"));
  for (const [name, { text, gopher_repetition: expected }] of Object.entries<GoldenCase>(golden.cases)) {
    const { verdict } = await runFilter(gopherRepetition, {}, pageWith(text));
    assert.equal(verdict.kept, expected.keep, name);
    if (!verdict.kept) assert.equal(gopherRepetition.referenceReasons?.[verdict.reason], expected.reason, name);
  }
});

test("megabytes of hostile text are measured in linear time", () => {
  const hostile = [
    "x".repeat(5_000_000),
    "\n".repeat(1_000_000),
    " ".repeat(1_000_000),
    ")".repeat(1_000_000),
    ".".repeat(1_000_000),
    `a${".".repeat(1_000_000)}b`,
    "a.".repeat(300_000),
    "a@".repeat(300_000),
    "a-".repeat(200_000),
    ": ) ".repeat(100_000),
    "👩‍👩‍👧‍👦".repeat(50_000),
    "今天天气很好".repeat(100_000),
    "مرحبا ".repeat(100_000),
    "\ud800".repeat(300_000),
    "\0".repeat(1_000_000),
    "\0 ".repeat(200_000),
  ];
  const started = performance.now();
  const params = gopherRepetition({}).params;
  for (const text of hostile) {
    const scores = gopherRepetition.score(viewOf(pageWith(text), gopherRepetition.needs), params, undefined);
    for (const value of Object.values(scores)) assert.ok(value >= 0 && Number.isFinite(value));
  }
  // Some seconds on a busy machine; a quadratic rule would need hours.
  assert.ok(performance.now() - started < 60_000);
});
