import assert from "node:assert/strict";
import test from "node:test";
import mc4Paragraph from "../../stages/filters/mc4-paragraph.ts";
import { filterContract, pageWith, runFilter } from "../contracts/filter.ts";

const long = "x".repeat(200);

// Beside the texts of datatrove's own tests (tests/pipeline/filters/test_filters.py).
filterContract(
  mc4Paragraph,
  {},
  new Map([
    ["", "too-few-paragraphs"],
    ["short\nshort\nshort", "too-few-paragraphs"],
    [Array(3).fill("x".repeat(250)).join("\n"), null],
    [`${long}\nshort\n${long}\n\n${long}`, null],
    [`${long}\n${long}\n${long.slice(1)}`, "too-few-paragraphs"],
    [`${long}\n${long}`, "too-few-paragraphs"],
    // Spaces count, carriage returns and other line ends part nothing.
    [`${" ".repeat(200)}\n${long}\n${long}`, null],
    [`${long}\r${long}\u2028${long}`, "too-few-paragraphs"],
  ]),
);

test("lines are as long as their code points, and the third longest decides", async () => {
  const text = ["😀".repeat(5), "😀".repeat(3), "abcd", "a"].join("\n");
  const { scores } = await runFilter(mc4Paragraph, {}, pageWith(text));
  assert.deepEqual(scores, { lines: 4, nthLongestChars: 3 });
  assert.equal((await runFilter(mc4Paragraph, { minLineChars: 3 }, pageWith(text))).verdict.kept, true);
  assert.equal((await runFilter(mc4Paragraph, { minLines: 4, minLineChars: 1 }, pageWith(text))).verdict.kept, true);
});

test("two lines are too few, however short lines may be", async () => {
  const { verdict } = await runFilter(mc4Paragraph, { minLineChars: 0 }, pageWith(`${long}\n${long}`));
  assert.deepEqual(verdict, { kept: false, reason: "too-few-paragraphs", value: 0 });
});

test("a page of a million lines is measured at once", async () => {
  const { scores } = await runFilter(mc4Paragraph, {}, pageWith("\n".repeat(1_000_000)));
  assert.deepEqual(scores, { lines: 1_000_001, nthLongestChars: 0 });
});
