/** Models say anything. Whatever it is, each built-in verifier answers, and in a time that grows as the response does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseParams } from "../../../pipeline/stage.ts";
import { verifyOne } from "../../../trainer/align/judging/verify-one.ts";
import { verifiers } from "../../../trainer/align/verifiers/index.ts";
import { asked } from "./asked.ts";

const row = asked({ answer: "4", digits: [3, 1, 2], letter: "B" });
const counts = ["words", "sentences", "paragraphs", "bullets"].map((kind) => ({ kind, atLeast: 1 }));
const texts = ["keywords", "no-keywords"].map((kind) => ({ kind, texts: ["aaaaaaab", "<<"] }));
const affixes = ["starts-with", "ends-with"].map((kind) => ({ kind, text: "aaab" }));
const plain = ["lower-case", "upper-case", "no-commas", "json", "title"].map((kind) => ({ kind }));
const others = [
  { kind: "frequency", text: "ab", atLeast: 3 },
  { kind: "script", name: "Latin" },
];
const uses: [string, Record<string, unknown>][] = [
  ["exact", { ignoreCase: true }],
  ["f1", {}],
  ["numeric", {}],
  ["choice", { field: "letter" }],
  ["contains", { texts: ["aaaaaaab"], ignoreCase: true }],
  ["format", { field: "answer" }],
  ["json-schema", { schema: { type: "array", items: { type: "array" } }, fenced: true }],
  ["length", { unit: "words", atLeast: 1 }],
  ["sorted", {}],
  ["sorted", { reward: "inclusion-ordering" }],
  ["refusal-phrases", {}],
  ["constraints", { all: [...counts, ...texts, ...affixes, ...plain, ...others] }],
];

/** A pattern → the pattern again and again. Some are what one of the rules looks for, almost. */
const UNITS = [
  "a", " ", "\n", "\t\n", "1", ",111", "1,", "0", ".", "-", "*", "* ", "<<", ">>", "<<>>", '"', "!", "Dr. ", "[", '{"a":',
  "`", "```", "```json\n", "answer ", "answer is (", "Answer:   ", "option ", "</think> <answer>", "####", "#### ", "\ud800",
  "\udfff", "😀", "日本。", "שלום ", "\u0301", "\0", "***\n", "A\n", "a a\n\n",
]; // biome-ignore format: one list

function judgeAll(unit: string, characters: number): void {
  // Something at the end: blanks alone are empty, and a rule that fails there has to try everything before.
  const response = `${unit.repeat(Math.ceil(characters / unit.length))}x`;
  for (const [name, params] of uses) {
    const definition = verifiers[name]!;
    const begun = performance.now();
    const { failure } = verifyOne(
      definition,
      parseParams(definition, params, () => name),
      response,
      row,
    );
    const seconds = (performance.now() - begun) / 1000;
    assert.equal(failure, undefined, `${name} on ${JSON.stringify(unit)}`);
    // A tenth of a second on an idle machine; rules that are quadratic would need minutes.
    assert.ok(seconds < 20, `${name} on ${JSON.stringify(unit)} took ${seconds} s`);
  }
}

test("a hundred thousand characters of anything are judged", () => {
  for (const unit of UNITS) judgeAll(unit, 1e5);
});

test("a million characters are judged", () => {
  for (const unit of ["a", "\n", " ", "1", "[", "<<"]) judgeAll(unit, 1e6);
});
