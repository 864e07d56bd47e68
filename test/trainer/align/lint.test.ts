import assert from "node:assert/strict";
import { test } from "node:test";
import type { Example, Preference } from "../../../trainer/align/examples/example.ts";
import { lintExamples, lintPreferences } from "../../../trainer/align/examples/lint.ts";
import { looksLikeRefusal } from "../../../trainer/align/examples/refusal.ts";
import { TEMPLATES } from "../../../trainer/align/templates/built-ins.ts";
import { BYTES } from "./byte-tokenizer.ts";

const asked = (place: string, prompt: string) => ({
  place,
  fields: {},
  messages: [{ role: "user" as const, content: prompt }],
});
const pair = (place: string, prompt: string, chosen: string, rejected: string): Preference => ({
  ...asked(place, prompt),
  chosen,
  rejected,
});
const example = (place: string, prompt: string, response: string): Example => ({ ...asked(place, prompt), response });

test("pairs: what is repeated, contradicted, equal, and how far length alone tells the better one", () => {
  const rows = [
    pair("f:1", "p", "long answer", "short"),
    pair("f:2", "p", "long answer", "short"), // The same again.
    pair("f:3", "P ", "Long  answer", "short"), // The same but for case and white space.
    pair("f:4", "q", "yes", "no"),
    pair("f:5", "q", "no", "yes"), // The opposite.
    pair("f:6", "r", "Same.", "same. "),
    pair("f:7", "s", "I'm sorry, but I can't help with that.", "Sure: first, you take"),
    pair("f:8", "é", "a", "bb"),
  ];
  const validation = [asked("v:1", "Q"), asked("v:2", "new")];
  const lint = lintPreferences(rows, { validation });
  assert.deepEqual(lint, {
    pairs: 8,
    prompts: { distinct: 5, repeated: 2 },
    duplicates: { exact: 1, normalised: 2 },
    judgedAgain: { agreeing: 1, opposite: 1, oppositePlaces: ["f:4, f:5"] },
    equalAnswers: 1,
    length: {
      chosen: {
        unit: "characters",
        mean: (11 + 11 + 12 + 3 + 2 + 5 + 38 + 1) / 8,
        min: 1,
        p5: 1,
        p50: 5,
        p95: 38,
        max: 38,
      },
      rejected: {
        unit: "characters",
        mean: (5 + 5 + 5 + 2 + 3 + 6 + 21 + 2) / 8,
        min: 2,
        p5: 2,
        p50: 5,
        p95: 21,
        max: 21,
      },
      chosenLonger: 5,
      rejectedLonger: 3,
      equal: 0,
      longerWins: 5 / 8,
    },
    refusals: { chosen: 1, rejected: 0, onlyChosen: 1, onlyRejected: 0 },
    validation: { rows: 2, overlapping: 1, places: ["v:1"] },
  });
  const even = [pair("f:1", "p", "aa", "bb"), pair("f:2", "p", "a", "bb"), pair("f:3", "p", "a", "ccc")];
  const { equal, longerWins } = lintPreferences(even).length;
  assert.deepEqual([equal, longerWins], [1, 0]);
  const { chosen } = lintPreferences([pair("f:1", "p", "é", "b")], { tokenizer: BYTES }).length;
  assert.deepEqual([chosen.unit, chosen.mean], ["tokens", 2]);
});

test("examples: what is repeated, empty, and longer than the context", () => {
  const rows = [
    example("f:1", "p", "abcdefgh"),
    example("f:2", "p", "ABCDEFGH"),
    example("f:3", "q", " "),
    example("f:4", "r", "x".repeat(30)),
  ];
  const lint = lintExamples(rows, { tokenizer: BYTES, template: TEMPLATES.plain!, contextLength: 20 });
  assert.deepEqual(lint, {
    examples: 4,
    prompts: { distinct: 3, repeated: 1 },
    duplicates: { exact: 0, normalised: 1 },
    empty: 1,
    refusals: 0,
    length: {
      prompt: { unit: "tokens", mean: 1, min: 1, p5: 1, p50: 1, p95: 1, max: 1 },
      response: { unit: "tokens", mean: 47 / 4, min: 1, p5: 1, p50: 8, p95: 30, max: 30 },
    },
    context: {
      length: { unit: "tokens", mean: (10 + 10 + 3 + 32) / 4, min: 3, p5: 3, p50: 10, p95: 32, max: 32 },
      tooLong: 1,
      unrendered: 0,
    },
  });
});

test("nothing is linted without a division by it", () => {
  assert.equal(lintPreferences([]).length.longerWins, 0);
  assert.equal(lintExamples([]).length.prompt.mean, 0);
});

test("refusals are told by phrases at the beginning", () => {
  const refusing = [
    "I’m sorry, but no.",
    "I cannot help you.",
    "As an AI, I have no",
    "Well, I don't think I should say",
    "I am unable to",
  ];
  const answering = [
    "",
    "You can do it.",
    "Take the road on the left.",
    "The court was against it.",
    `${"x ".repeat(200)}I cannot`,
  ];
  for (const text of refusing) assert.ok(looksLikeRefusal(text), text);
  for (const text of answering) assert.ok(!looksLikeRefusal(text), text);
  for (const text of ["\n".repeat(1e6), "i ".repeat(1e6), "\ud800"]) assert.ok(!looksLikeRefusal(text));
});
