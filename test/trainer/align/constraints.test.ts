import assert from "node:assert/strict";
import { test } from "node:test";
import { checkConstraints } from "../../../trainer/align/verifiers/constraints/check.ts";
import { type Constraint, holds } from "../../../trainer/align/verifiers/constraints/kinds.ts";
import {
  countBullets,
  countSentences,
  countWords,
  paragraphsOf,
} from "../../../trainer/align/verifiers/constraints/text-units.ts";
import constraints from "../../../trainer/align/verifiers/constraints.ts";
import { asked } from "./asked.ts";

test("words, sentences, paragraphs and bullets are counted by plain rules", () => {
  const words: [string, number][] = [
    ["", 0],
    ["don't stop", 3],
    ["naïve, 日本 x_1", 3],
    ["\ud800 a", 1],
  ];
  for (const [text, count] of words) assert.equal(countWords(text), count, text);
  const sentences: [string, number][] = [
    ["", 0],
    ["One. Two! Three?", 3],
    ["No stop", 1],
    ["It is 3.5 m. Really?!", 2],
    ['He said "no." Then he left.', 2],
    ["Dr. Who met Mr. X.", 1],
    ["First line\n\nSecond line", 2],
    ["そうです。いいえ。", 2],
    ["...", 0],
    ["Well... yes.", 2],
  ];
  for (const [text, count] of sentences) assert.equal(countSentences(text), count, text);
  const paragraphs: [string, number][] = [
    ["", 0],
    ["a\nb", 1],
    ["a\n \nb\n\n\nc", 3],
    ["a\n***\nb", 2],
  ];
  for (const [text, count] of paragraphs) assert.equal(paragraphsOf(text).length, count, text);
  assert.equal(countBullets("* a\n  - b\n** bold **\n*\nplain - dash\n-"), 3);
});

test("each kind of constraint holds and fails", () => {
  const cases: [Constraint, string[], string[]][] = [
    [{ kind: "words", atLeast: 2, atMost: 3 }, ["a b", "a b c"], ["a", "a b c d"]],
    [{ kind: "sentences", atMost: 1 }, ["One."], ["One. Two."]],
    [{ kind: "paragraphs", atLeast: 2 }, ["a\n\nb"], ["a\nb"]],
    [{ kind: "bullets", atLeast: 2, atMost: 2 }, ["- a\n- b"], ["- a", "- a\n- b\n- c"]],
    [{ kind: "keywords", texts: ["Sun", "moon"] }, ["moon and sunlight"], ["the sun"]],
    [{ kind: "no-keywords", texts: ["sun"] }, ["sunlight"], ["the Sun.", "sunlight, sun"]],
    [{ kind: "frequency", text: "ha", atLeast: 2 }, ["Haha"], ["ha"]],
    [{ kind: "starts-with", text: "Dear" }, [" dear sir"], ["My dear"]],
    [{ kind: "ends-with", text: "Bye." }, ["So: bye.\n", '"Good bye."'], ["Bye. Bye"]],
    [{ kind: "lower-case" }, ["abc 1", "ß"], ["aBc", "12"]],
    [{ kind: "upper-case" }, ["ABC 1"], ["AbC", "12", "ß"]],
    [{ kind: "no-commas" }, ["a; b"], ["a, b"]],
    [{ kind: "json" }, ['{"a": [1]}', "```json\n3\n```"], ["{a: 1}", "Sure: {}"]],
    [{ kind: "title" }, ["x\n<<A poem>>\n"], ["<A poem>", "<<>>", "<< >>", ">> a <<", "<<a\nb>>"]],
    [{ kind: "script", name: "Cyrillic" }, ["Привет, мир! 123"], ["Hello", "Привет hello", "123"]],
    [{ kind: "script", name: "Latin" }, ["Ça va, Łódź"], ["日本"]],
  ];
  for (const [constraint, kept, broken] of cases) {
    for (const text of kept) assert.ok(holds(text, constraint), `${constraint.kind}: ${text}`);
    for (const text of broken) assert.ok(!holds(text, constraint), `${constraint.kind}: ${text}`);
  }
});

test("loosely, first and last line and asterisks are overlooked, for each constraint apart", () => {
  const check = (response: string, ...all: Constraint[]) => checkConstraints(response, all);
  const noCommas: Constraint = { kind: "no-commas" };
  const json: Constraint = { kind: "json" };
  assert.deepEqual(check("Sure, here:\n{}", noCommas, json), { strict: [false, false], loose: [true, true] });
  assert.deepEqual(check("{}\nYours, A", json), { strict: [false], loose: [true] });
  assert.deepEqual(check("Sure, here:\n{}\nYours, A", json), { strict: [false], loose: [true] });
  assert.deepEqual(check("**Dear** you", { kind: "starts-with", text: "dear you" }), {
    strict: [false],
    loose: [true],
  });
  // One holds without the first line, the other without the last: IFEval counts both as kept.
  assert.deepEqual(check("a, b\nC", noCommas, { kind: "lower-case" }), { strict: [false, false], loose: [true, true] });
  assert.deepEqual(check("a\nb, c\nd", noCommas), { strict: [false], loose: [false] }, "a line in the middle counts");
  assert.deepEqual(check(" \n", noCommas), { strict: [false], loose: [false] }, "an empty response keeps to nothing");
  assert.deepEqual(check("a,", noCommas), { strict: [false], loose: [false] }, "nor does what is left of one line");
});

test("the verifier scores all or a share, strictly or loosely, for a config's or a row's constraints", () => {
  const all = [{ kind: "no-commas" }, { kind: "words", atMost: 1 }] as Constraint[];
  const row = asked({ constraints: all });
  const verify = (params: Parameters<typeof constraints.params.parse>[0]) =>
    constraints.verify("one, two", row, constraints.params.parse(params));
  const parts = { strict: 0, "strict-share": 0, loose: 0, "loose-share": 0 };
  assert.deepEqual(verify({ all }), { score: 0, parts });
  assert.deepEqual(verify({ field: "constraints", score: "share" }), { score: 0, parts });
  const half = constraints.verify("one two", row, constraints.params.parse({ field: "constraints", score: "share" }));
  assert.deepEqual(half, { score: 0.5, parts: { ...parts, "strict-share": 0.5, "loose-share": 0.5 } });
  const loose = constraints.verify("Sure, yes\nword", row, constraints.params.parse({ all, mode: "loose" }));
  assert.deepEqual(loose, { score: 1, parts: { ...parts, loose: 1, "loose-share": 1 } });
  const faulty = asked({ constraints: [{ kind: "no-commas" }, { kind: "words" }] });
  assert.throws(
    () => constraints.verify("", faulty, constraints.params.parse({ field: "constraints" })),
    /the field "constraints"\[1\]: expected atLeast, atMost or both/,
  );
});
