import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { measureProseLines, measureProseLinesPlainly } from "../../stages/filters/fineweb/prose-lines.ts";
import finewebQuality from "../../stages/filters/fineweb-quality.ts";
import { filterContract, pageWith, runFilter } from "../contracts/filter.ts";
import { needsShared, sharedPath } from "../shared.ts";

/** Lines that differ, are long enough and end as they should. */
const prose = Array.from({ length: 24 }, (_, i) => `This is the ${i}th line of a page that reads like prose.`);
const open = (count: number) => prose.slice(0, count).map((line) => line.slice(0, -1));

// Reasons as in datatrove's own tests (tests/pipeline/filters/test_filters.py), here at the defaults.
filterContract(
  finewebQuality,
  {},
  new Map([
    ["", "empty"],
    [" \n\u00a0\n\t", "empty"],
    ["No punctuation here\nAnother line without any\nStill nothing", "too-few-terminated-lines"],
    ["hi.\nbye.\nok.\nno.\nyes.", "too-many-short-lines"],
    [Array(50).fill("a").join("\n"), "too-few-terminated-lines"],
    [prose.join("\n"), null],
    // 3 of 25 lines are 0.12: a value at a threshold passes; 3 of 26 do not.
    [[...open(22), ...prose.slice(0, 3)].join("\n"), null],
    [[...open(23), ...prose.slice(0, 3)].join("\n"), "too-few-terminated-lines"],
    [[...prose, prose[0]].join("\n"), "repeated-line-chars"],
    // Blank lines do not count, and their newlines do: 3 per word here.
    [`${prose[0]}${"\n".repeat(40)}`, "too-many-newlines"],
    // Not trimmed: a space hides the full stop. Quotation marks, colons and ellipses end nothing.
    [prose.map((line) => `${line} `).join("\n"), "too-few-terminated-lines"],
    [prose.map((line) => `${line}"`).join("\n"), "too-few-terminated-lines"],
    [prose.map((line) => `${line}…`).join("\n"), "too-few-terminated-lines"],
    [prose.map((line) => `${line}。`).join("\n"), null],
    [prose.map((line) => `${line}𑅁`).join("\n"), null],
  ]),
);

test("the paper's preset allows a tenth of the characters to repeat", async () => {
  const reasonOf = async (text: string, params: object) => {
    const { verdict } = await runFilter(finewebQuality, params, pageWith(text));
    return verdict.kept ? null : verdict.reason;
  };
  const paper = { preset: "paper" };
  assert.equal(await reasonOf([...prose, prose[0]].join("\n"), paper), null);
  assert.equal(await reasonOf([...prose, ...prose.slice(0, 4)].join("\n"), paper), "repeated-line-chars");
  const spread = `${prose[0]}${"\n".repeat(40)}`;
  assert.equal(await reasonOf(spread, paper), "too-many-newlines");
  assert.equal(await reasonOf(spread, { ...paper, maxNewlinesPerWord: 0 }), null);
});

test("a threshold of one's own goes before the preset's, and 0 switches its rule off", async () => {
  const menu = Array(50).fill("a").join("\n");
  const all = { minTerminatedLines: 0, maxShortLines: 0, maxRepeatedLineChars: 0, maxNewlinesPerWord: 0 };
  for (const [params, reason] of [
    [{ minTerminatedLines: 0 }, "too-many-short-lines"],
    [{ minTerminatedLines: 0, shortLineChars: 0 }, "repeated-line-chars"],
    [{ preset: "paper", minTerminatedLines: 0, maxShortLines: 1 }, "repeated-line-chars"],
    [{ ...all, maxNewlinesPerWord: 0.1 }, "too-many-newlines"],
    [all, null],
  ] as const) {
    const { verdict } = await runFilter(finewebQuality, params, pageWith(menu));
    assert.equal(verdict.kept ? null : verdict.reason, reason);
  }
});

test("characters are code points: of the lines, of the repeated ones, and of all but the newlines", () => {
  const lines = measureProseLines("😀😀😀\n\n😀😀😀\nab.\n", 3);
  assert.deepEqual(lines, { lines: 3, terminated: 1, short: 3, repeatedChars: 3 / 9, newlines: 4 });
  assert.equal(measureProseLines("😀😀😀\nab.", 2).short, 0);
});

test("the fast measurement is the definition's, on random text", () => {
  const seed = 20_250_607;
  const random = seededRandom(seed);
  // biome-ignore format: one list
  const pieces = ["\n", "\n", "\n\n", " ", "a", "b", "ab", ".", "!", "…", "\u00a0", "\u2028", "😀", "𑅁", "\ud800", "\udc00", "a long line of text", "a long line of test"];
  for (let round = 0; round < 3000; round++) {
    const count = 1 + Math.floor(random() * 60);
    const text = Array.from({ length: count }, () => pieces[Math.floor(random() * pieces.length)]).join("");
    const shortChars = Math.floor(random() * 8);
    const where = `seed ${seed}, round ${round}: ${JSON.stringify({ text, shortChars })}`;
    assert.deepEqual(measureProseLines(text, shortChars), measureProseLinesPlainly(text, shortChars), where);
  }
});

interface GoldenDecision {
  readonly keep: boolean;
  readonly reason: string;
}
interface GoldenCase {
  readonly text: string;
  readonly "fineweb_quality_code_default_0.01": GoldenDecision;
  readonly "fineweb_quality_paper_0.1": GoldenDecision;
}
test("the golden pages get datatrove's decisions", needsShared("fixtures/filters/datatrove_golden.json"), async () => {
  const golden = JSON.parse(readFileSync(sharedPath("fixtures/filters/datatrove_golden.json"), "utf8"));
  for (const [name, page] of Object.entries<GoldenCase>(golden.cases)) {
    for (const [params, expected] of [
      [{}, page["fineweb_quality_code_default_0.01"]],
      [{ preset: "paper" }, page["fineweb_quality_paper_0.1"]],
      [{ maxRepeatedLineChars: 0.1 }, page["fineweb_quality_paper_0.1"]],
    ] as const) {
      const { verdict } = await runFilter(finewebQuality, params, pageWith(page.text));
      assert.equal(verdict.kept, expected.keep, name);
      if (!verdict.kept) assert.equal(finewebQuality.referenceReasons?.[verdict.reason], expected.reason, name);
    }
  }
});

test("megabytes of hostile text are measured in linear time", () => {
  const hostile = [
    "\n".repeat(1_000_000),
    "a\n".repeat(500_000),
    " \n".repeat(500_000),
    `${" ".repeat(2_000_000)}x`,
    "x".repeat(5_000_000),
    // Lines that look alike wherever they are sampled.
    Array.from({ length: 100_000 }, (_, i) => `x${"-".repeat(20)}${i}`.padEnd(40, "-")).join("\n"),
    "今天天气很好。\n".repeat(100_000),
    "مرحبا\n".repeat(100_000),
    "\ud800\n".repeat(300_000),
  ];
  const started = performance.now();
  for (const text of hostile) measureProseLines(text, 30);
  assert.ok(performance.now() - started < 60_000);
});
