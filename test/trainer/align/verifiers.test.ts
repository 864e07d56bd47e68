import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { parseParams } from "../../../pipeline/stage.ts";
import { verifyOne } from "../../../trainer/align/judging/verify-one.ts";
import { choiceOf } from "../../../trainer/align/verifiers/choice.ts";
import { verifiers } from "../../../trainer/align/verifiers/index.ts";
import { numberOf } from "../../../trainer/align/verifiers/numbers.ts";
import { distancePoints, inclusionOrderingPoints } from "../../../trainer/align/verifiers/sorted.ts";
import type { Asked, Verified } from "../../../trainer/align/verifiers/verifier.ts";
import { ROOT } from "../../imports.ts";
import { needsShared, sharedPath } from "../../shared.ts";
import { asked } from "./asked.ts";

function verify(name: string, params: Record<string, unknown>, response: string, row: Asked = asked()): Verified {
  const definition = verifiers[name]!;
  return verifyOne(
    definition,
    parseParams(definition, params, () => name),
    response,
    row,
  );
}

function scores(
  name: string,
  params: Record<string, unknown>,
  fields: Record<string, unknown>,
  cases: [string, number][],
) {
  for (const [response, expected] of cases) {
    const { score, message } = verify(name, params, response, asked(fields));
    assert.equal(message, undefined);
    assert.equal(score, expected, `${name}: ${JSON.stringify(response)}`);
  }
}

test("each verifier is listed under the name that its file has and its definition carries", () => {
  const helpers = new Set(["index", "verifier", "answers", "numbers", "schema"]);
  const files = readdirSync(join(ROOT, "trainer/align/verifiers"), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name.replace(".ts", ""))
    .filter((name) => !helpers.has(name));
  assert.deepEqual(Object.keys(verifiers).sort(), files.sort());
  for (const [name, definition] of Object.entries(verifiers)) {
    assert.equal(definition.name, name);
    assert.ok(definition.module.endsWith(`/${name}.ts`));
  }
});

test("exact: the answer, as it is or with case and white space set aside", () => {
  scores("exact", {}, { answer: "Paris" }, [
    ["Paris", 1],
    [" Paris\n", 1],
    ["paris", 0],
    ["Paris.", 0],
    ["", 0],
  ]);
  scores("exact", { trim: false }, { answer: "Paris" }, [
    ["Paris", 1],
    ["Paris ", 0],
  ]);
  scores("exact", { ignoreCase: true }, { answer: "Paris" }, [["PARIS", 1]]);
  scores("exact", { field: "key" }, { key: ["a", 7] }, [
    ["7", 1],
    ["a", 1],
    ["b", 0],
  ]);
});

test("a row without an answer fails, and says what the row has", () => {
  const without = verify("exact", {}, "x", asked({ question: "?" }));
  assert.deepEqual([without.score, without.failure], [0, "threw"]);
  assert.match(without.message!, /no field "answer" \(the row has: question\)/);
  assert.match(verify("exact", {}, "x", asked({ answer: { a: 1 } })).message!, /holds object; expected a text/);
  assert.match(verify("exact", {}, "x", asked({ answer: [] })).message!, /is an empty list/);
  assert.match(verify("numeric", {}, "1", asked({ answer: "none" })).message!, /has no number in "none"/);
  assert.match(verify("numeric", {}, "21", asked({ answer: 1e21 })).message!, /has no number in "1e\+21"/);
  assert.match(verify("choice", {}, "A", asked({ answer: "E" })).message!, /is "E"; expected one of ABCD/);
  assert.match(verify("choice", {}, "A", asked({ answer: 4 })).message!, /is 4; expected one of ABCD/);
  assert.match(verify("sorted", {}, "1", asked({ digits: [10] })).message!, /is \[10\]; expected digits/);
});

test("f1: shared words, without articles, case and punctuation", () => {
  // Two of three words shared with an answer of two: 2 · 2 / (3 + 2).
  scores("f1", {}, { answer: "The Eiffel Tower." }, [
    ["eiffel tower", 1],
    ["a big Eiffel, tower", 0.8],
    ["", 0],
    ["the", 0],
  ]);
  scores("f1", {}, { answer: ["one two", "three"] }, [["three", 1]]);
  // A word counts as often as both have it: 2 · 1 / (3 + 1).
  scores("f1", {}, { answer: "yes" }, [["yes yes yes", 0.5]]);
});

// The first two are the course's (assignment5-alignment eb2c562, tests/test_metrics.py).
test("the number of a text is its last one, or the one behind ####", () => {
  const cases: [string, string | undefined][] = [
    ["Natalia sold 48/2 = 24 clips in May. Natalia sold 48+24 = 72 clips altogether in April and May.", "72"],
    ["Natalia sold twenty-four clips in May.", undefined],
    ["<<48+24=72>>72 clips\n#### 72", "72"],
    ["#### 1,234\nThat is 3 dozen.", "1234"],
    ["#### none of 5", "5"],
    ["5 ####", "5"],
    ["It costs $1,234,567.50.", "1234567.5"],
    ["1,2,3", "3"],
    ["1,2345", "2345"],
    ["1234,567", "567"],
    ["16-3-4=9", "9"],
    ["16-3", "3"],
    ["16 - 3", "3"],
    ["3-5=-2", "-2"],
    ["minus \u22127", "-7"],
    ["-$5.00", "-5"],
    ["(2)-1", "1"],
    ["-0", "0"],
    [".5", "0.5"],
    ["007.10", "7.1"],
    ["72.", "72"],
    ["1.2.3", "3"],
    ["12345678901234567890123.4", "12345678901234567890123.4"],
    ["٣", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of cases) assert.equal(numberOf(text), expected, text);
});

test("numeric: equal as decimals, or within a tolerance", () => {
  scores("numeric", {}, { answer: "so\n#### 1,000" }, [
    ["1000.0", 1],
    ["$1,000", 1],
    ["-1000", 0],
    ["1000 or 1001", 0],
    ["", 0],
  ]);
  scores("numeric", {}, { answer: 0.25 }, [["It is .250", 1]]);
  scores("numeric", { tolerance: 0.01 }, { answer: 2.71 }, [
    ["2.719", 1],
    ["2.73", 0],
  ]);
  // Doubles would take these for equal.
  scores("numeric", {}, { answer: "9007199254740993" }, [
    ["9007199254740992", 0],
    ["9007199254740993", 1],
  ]);
});

test(
  "every solution of GSM8K's training set has the number that is behind its mark",
  needsShared("data/alignment/gsm8k/train.jsonl.gz"),
  () => {
    const lines = gunzipSync(readFileSync(sharedPath("data/alignment/gsm8k/train.jsonl.gz")))
      .toString()
      .trimEnd()
      .split("\n");
    assert.equal(lines.length, 7473);
    for (const line of lines) {
      const { answer } = JSON.parse(line) as { answer: string };
      const marked = Number(answer.split("####")[1]!.replaceAll(",", ""));
      assert.equal(Number(numberOf(answer)), marked, answer);
    }
  },
);

// The first two are the course's (assignment5-alignment eb2c562, tests/test_metrics.py).
test("choice: what the response says to be the answer, else the letter that a line begins with", () => {
  const cases: [string, string | undefined][] = [
    ["The correct answer is B. There is only one polyomavirus.", "B"],
    ["The correct answer is 10000 polyomaviruses.", undefined],
    ["B", "B"],
    [" (C)\n", "C"],
    ["D) none of them", "D"],
    ["**Answer:** (A)", "A"],
    ["Answer: option C", "C"],
    ["Let me think.\nB. Paris", "B"],
    ["A. 5\nB. 8\nThe answer is B", "B"],
    ["I would take option D here.", "D"],
    ["Option A is wrong. The answer is B", "B"],
    ["A rabbit has four legs.", undefined],
    ["The answer is A's brother", undefined],
    ["The answer is E", undefined],
    ["The answer is E, or rather: the answer is C", "C"],
    ["the answer is b", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of cases) assert.equal(choiceOf(text), expected, text);
  scores("choice", {}, { answer: "B" }, [
    ["The answer is B.", 1],
    ["The answer is C.", 0],
    ["Hm.", 0],
  ]);
  scores("choice", { letters: "AB" }, { answer: 1 }, [
    ["B", 1],
    ["A", 0],
  ]);
});

test("contains: all or any of the texts, from the config or the row", () => {
  scores("contains", { texts: ["red", "blue"] }, {}, [
    ["red and blue", 1],
    ["red", 0],
  ]);
  scores("contains", { texts: ["red", "blue"], need: "any" }, {}, [
    ["Blue", 0],
    ["blue", 1],
  ]);
  scores("contains", { field: "words", ignoreCase: true }, { words: ["Red"] }, [
    ["RED", 1],
    ["", 0],
  ]);
});

test("regex: anywhere, or the whole response", () => {
  scores("regex", { pattern: "\\d+" }, {}, [
    ["a 1", 1],
    ["a", 0],
  ]);
  scores("regex", { pattern: "a|b", whole: true }, {}, [
    ["b", 1],
    ["ab", 0],
  ]);
  scores("regex", { pattern: "x", flags: "gi" }, {}, [
    ["X", 1],
    ["X", 1],
  ]);
  assert.equal(verifiers.regex!.mayHang, true);
});

test("length: tokens as they were drawn, or words", () => {
  const tokens = (n: number) => verify("length", { atLeast: 2, atMost: 4 }, "", asked({}, { tokens: n })).score;
  assert.deepEqual([1, 2, 4, 5].map(tokens), [0, 1, 1, 0]);
  scores("length", { atMost: 3, unit: "words" }, {}, [
    ["one two three", 1],
    ["one two three four", 0],
    ["", 1],
  ]);
});

// The rule is the course's (assignment5-alignment eb2c562, cs336_alignment/drgrpo_grader.py).
test("format: a right form with a wrong answer has format 1, answer 0, and scores 0", () => {
  const right = "I add. </think> <answer>72</answer>";
  const row = asked({ answer: "#### 72" });
  const judged = (response: string, params: object = { field: "answer" }) => {
    const { score, parts } = verify("format", params as Record<string, unknown>, response, row);
    return [parts.format, parts.answer, score];
  };
  assert.deepEqual(judged(right), [1, 1, 1]);
  assert.deepEqual(judged("I add. </think> <answer>71</answer>"), [1, 0, 0]);
  assert.deepEqual(judged("72"), [0, 0, 0]);
  assert.deepEqual(judged("I add. </think>\n<answer>72</answer>"), [0, 0, 0], "one space, as in the course");
  assert.deepEqual(judged("I add. </think> <answer>72"), [0, 0, 0]);
  assert.deepEqual(judged("</think> <answer>71</answer> <answer>72</answer>"), [1, 1, 1], "the last answer counts");
  assert.deepEqual(judged(right, {}), [1, undefined, 1], "without a field the form alone");
  assert.deepEqual(judged(right, { field: "answer", compare: "exact" }), [1, 0, 0]);
});

// Lecture 17 of the course (spring2025-lectures bbdbc9c): prompt 3 1 0 2.
test("sorted: the points of the lecture", () => {
  const row = [3, 1, 0, 2];
  const responses = [
    [0, 1, 2, 3],
    [7, 2, 2, 5],
    [0, 3, 1, 2],
  ];
  assert.deepEqual(
    responses.map((found) => distancePoints(row, found)),
    [4, 1, 1],
  );
  assert.deepEqual(
    responses.map((found) => inclusionOrderingPoints(row, found)),
    [7, 3, 6],
  );
  scores("sorted", {}, { digits: row }, [
    ["0 1 2 3", 1],
    ["0123", 1],
    ["7225", 0.25],
    ["01233", 0.8],
    ["012", 0.75],
    ["", 0],
  ]);
  scores("sorted", { reward: "inclusion-ordering" }, { digits: "3 1 0 2" }, [
    ["0123", 1],
    ["7225", 3 / 7],
    ["01233", 7 / 8],
    ["", 0],
  ]);
  scores("sorted", { reward: "inclusion-ordering" }, { digits: [4] }, [
    ["4", 1],
    ["5", 0],
  ]);
});

test("sorted: inclusion-ordering has wrong responses that score 1 where digits repeat, and none where they differ", () => {
  const params = { reward: "inclusion-ordering" };
  const best = (digits: number[]) => {
    const found: string[] = [];
    for (let n = 0; n < 5 ** digits.length; n++) {
      const response = n.toString(5).padStart(digits.length, "0");
      if (verify("sorted", params, response, asked({ digits })).score === 1) found.push(response);
    }
    return found;
  };
  assert.deepEqual(best([1, 1, 2]), ["012", "112", "122", "123", "124"]);
  // C(7, 3) sorted rows of three, less C(6, 3) without a 2.
  assert.equal(best([2, 2, 2]).length, 35 - 20);
  for (const digits of [
    [1, 0, 2],
    [3, 2, 4],
    [1, 2, 3],
    [3, 1, 0, 2],
  ]) {
    assert.deepEqual(best(digits), [digits.toSorted().join("")]);
  }
  scores("sorted", {}, { digits: [1, 1, 2] }, [
    ["012", 1 / 3 + 1 / 3],
    ["112", 1],
  ]);
});

test("json-schema: the parts that are known are held to, and the others refused", () => {
  const schema = {
    type: "object",
    required: ["name", "age"],
    properties: {
      name: { type: "string", minLength: 1, maxLength: 2 },
      age: { type: "integer", minimum: 0, maximum: 150 },
      tags: { type: "array", items: { enum: ["a", 1, null] }, minItems: 1, maxItems: 2 },
      more: { type: ["object", "null"], additionalProperties: { type: "boolean" } },
    },
    additionalProperties: false,
  };
  scores("json-schema", { schema }, {}, [
    ['{"name":"x","age":3}', 1],
    ['{"name":"😀😀","age":3.0,"tags":["a",null],"more":{"x":true}}', 1],
    ['{"name":"x","age":3.5}', 0],
    ['{"name":"","age":3}', 0],
    ['{"name":"abc","age":3}', 0],
    ['{"name":"x","age":151}', 0],
    ['{"name":"x","age":3,"tags":[]}', 0],
    ['{"name":"x","age":3,"tags":["b"]}', 0],
    ['{"name":"x","age":3,"tags":[1,1,1]}', 0],
    ['{"name":"x","age":3,"more":{"x":1}}', 0],
    ['{"name":"x","age":3,"__proto__":1}', 0],
    ['{"name":"x"}', 0],
    ["[]", 0],
    ["null", 0],
  ]);
  scores("json-schema", {}, {}, [
    ["{}", 1],
    ["3", 1],
    ["{", 0],
    ["```json\n{}\n```", 0],
    ["{}```", 0],
    ["", 0],
  ]);
  scores("json-schema", { fenced: true }, {}, [
    ["```json\n{}\n```", 1],
    ["{}", 1],
  ]);
  assert.deepEqual(verify("json-schema", { schema }, "[]").parts, { json: 1, schema: 0 });
  // A keyword is silent about other types; required asks for own fields.
  scores("json-schema", { schema: { minimum: 3 } }, {}, [
    ['"x"', 1],
    ["2", 0],
  ]);
  scores("json-schema", { schema: { required: ["toString"] } }, {}, [
    ["{}", 0],
    ["3", 1],
  ]);
});

test("parameters that make no sense are refused, with what was expected", () => {
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ["numeric", { feild: "x" }, /numeric: unknown parameter "feild" \(it has: field, tolerance\)/],
    ["regex", { pattern: "(" }, /expected a pattern of JavaScript: .*Unterminated group/],
    ["regex", { pattern: "x", flags: "q" }, /expected a pattern of JavaScript: .*flags/],
    ["length", {}, /expected atLeast, atMost or both/],
    ["length", { atLeast: 3, atMost: 2 }, /expected atLeast, atMost or both/],
    ["contains", {}, /expected either texts or field/],
    ["choice", { letters: "abc" }, /expected at least two capital letters/],
    ["json-schema", { schema: { type: "text" } }, /expected one of null, .* as schema\.type/],
    [
      "json-schema",
      { schema: { properties: { a: { pattern: "x" } } } },
      /expected schema\.properties\.a with no other keywords than type/,
    ],
    ["json-schema", { schema: { enum: [{}] } }, /expected scalars in schema\.enum/],
    ["json-schema", { schema: { items: 3 } }, /expected an object as schema\.items/],
    ["constraints", {}, /expected either all or field/],
    ["constraints", { all: [{ kind: "haiku" }] }, /all\[0\].*expected one of these as kind: words, sentences/],
    ["constraints", { all: [{ kind: "words" }] }, /all\[0\].*expected atLeast, atMost or both/],
    ["constraints", { all: [{ kind: "script", name: "Klingon" }] }, /expected a script's name in Unicode/],
  ];
  for (const [name, params, message] of cases)
    assert.throws(() => verify(name, params, ""), { message }, `${name}: ${JSON.stringify(params)}`);
});

test("refusal-phrases: how a response begins", () => {
  scores("refusal-phrases", {}, {}, [
    ["I’m sorry, but I can’t help with that.", 1],
    ["I cannot do this.", 1],
    ["Sure! Take a hammer.", 0],
    [`${"Sure. ".repeat(50)}I cannot say more.`, 0],
    ["", 0],
  ]);
});
