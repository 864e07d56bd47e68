import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tokenizer } from "../../../pipeline/tokenizer.ts";
import type { Example, Message } from "../../../trainer/align/examples/example.ts";
import {
  promptIds,
  tokenizeExample,
  tokenizeExamples,
  tokenizePreference,
  tokenizePreferences,
  tokenizePrompts,
} from "../../../trainer/align/examples/tokenize.ts";
import { responseTokens } from "../../../trainer/align/learning/row.ts";
import { fillRows } from "../../../trainer/align/learning/row-batch.ts";
import { TEMPLATES } from "../../../trainer/align/templates/built-ins.ts";
import { readNpy } from "../../../trainer/conformance/npy.ts";
import { needsShared, sharedPath } from "../../shared.ts";
import { BYTES, textOf } from "./byte-tokenizer.ts";

const { plain, chat, alpaca } = TEMPLATES as Record<string, (typeof TEMPLATES)[string]>;

const USER = (content: string): Message => ({ role: "user", content });
const ASSISTANT = (content: string): Message => ({ role: "assistant", content });
const example = (prompt: string, response: string, place = "f:1"): Example => {
  return { place, messages: [USER(prompt)], fields: {}, response };
};

/** Pieces between ids whose `isResponse` changes. */
function pieces({ ids, isResponse }: { ids: ArrayLike<number>; isResponse: ArrayLike<number> }): [number, string][] {
  const found: [number, number[]][] = [];
  for (let i = 0; i < ids.length; i++) {
    if (isResponse[i] !== found.at(-1)?.[0]) found.push([isResponse[i]!, []]);
    found.at(-1)![1].push(ids[i]!);
  }
  return found.map(([flag, part]) => [flag, textOf(part) + (part.includes(256) ? "$" : "")]);
}

test("the response and its end are what is learned", () => {
  const row = tokenizeExample(BYTES, chat!, example("2+2=", "4"));
  assert.deepEqual(pieces(row), [
    [0, "<user>\n2+2=\n</user>\n<assistant>\n"],
    [1, "4\n</assistant>\n$"],
  ]);
  assert.equal(row.place, "f:1");
  const { endOfText: _, ...endless } = BYTES;
  assert.deepEqual(pieces(tokenizeExample(endless, plain!, example("a", "b"))), [
    [0, "a"],
    [1, "b"],
  ]);
});

test("of a dialogue the last answer is learned, or every one, of the same ids", () => {
  const dialogue = { place: "f:1", messages: [USER("a"), ASSISTANT("b"), USER("c")], fields: {}, response: "d" };
  const [last, all] = [{}, { learn: "all" } as const].map((options) =>
    tokenizeExample(BYTES, chat!, dialogue, options),
  );
  assert.deepEqual(last!.ids, all!.ids);
  assert.deepEqual(
    pieces(last!).map(([flag]) => flag),
    [0, 1],
  );
  assert.deepEqual(
    pieces(all!).filter(([flag]) => flag === 1),
    [
      [1, "b\n</assistant>\n"],
      [1, "d\n</assistant>\n$"],
    ],
  );
});

/** Takes the longest piece that it knows, so that texts encode otherwise together than apart. */
const GREEDY: Tokenizer = {
  ...BYTES,
  encode: (text) =>
    Uint32Array.from(text.match(/ab|bc|a|b|c|./gsu) ?? [], (piece) => ["a", "b", "c", "ab", "bc"].indexOf(piece)),
};

test("a prompt's ids are the same whatever the response, and an answer's the same when it is looked back at", () => {
  const prompt = { place: "f:1", messages: [USER("a")], fields: {} };
  assert.deepEqual([...GREEDY.encode("abc")], [3, 2]);
  const { chosen, rejected } = tokenizePreference(GREEDY, plain!, { ...prompt, chosen: "bc", rejected: "c" });
  assert.deepEqual([...chosen.ids], [0, 4, 256]);
  assert.deepEqual([...rejected.ids], [0, 2, 256]);
  assert.deepEqual([...promptIds(GREEDY, plain!, prompt.messages)], [0]);
  assert.deepEqual([...promptIds(GREEDY, plain!, [USER("a"), ASSISTANT("bc"), USER("a")])], [0, 4, 0]);
});

test("rows that the context does not hold are counted, or cut at the end of the response", () => {
  const examples = [
    example("ab", "cd", "f:1"),
    example("ab", "cdefg", "f:2"),
    example("abcdefg", "h", "f:3"),
    example("ab", "c", "f:4"),
  ];
  const contextLength = 4; // Ids that are read; one more is predicted.
  const { rows, faults, cut } = tokenizeExamples(BYTES, plain!, examples, { contextLength });
  assert.deepEqual(
    rows.map(({ ids }) => textOf(ids)),
    ["abcd", "abc"],
  );
  assert.equal(cut, 0);
  assert.deepEqual(faults, {
    rows: 4,
    faulty: 2,
    reasons: { "prompt-too-long": { count: 1, places: ["f:3"] }, "too-long": { count: 1, places: ["f:2"] } },
  });
  const short = tokenizeExamples(BYTES, plain!, examples, { contextLength, tooLong: "cut" });
  assert.deepEqual(short.rows.map(pieces), [
    [
      [0, "ab"],
      [1, "cd$"],
    ],
    [
      [0, "ab"],
      [1, "cde"],
    ],
    [
      [0, "ab"],
      [1, "c$"],
    ],
  ]);
  assert.equal(short.cut, 1);
  assert.throws(() => tokenizeExamples(BYTES, plain!, examples, { contextLength, onFault: "refuse" }), {
    name: "FormatError",
    message: /^f:2: too-long: found 8 tokens, expected 5 at most/,
  });
  assert.throws(() => tokenizeExamples(BYTES, plain!, examples.slice(1, 3), { contextLength }), {
    name: "FormatError",
  });
});

test("pairs fit with both answers, and are none where nothing of the difference is left", () => {
  const pair = (place: string, chosen: string, rejected: string) => ({
    place,
    messages: [USER("ab")],
    fields: {},
    chosen,
    rejected,
  });
  const pairs = [
    pair("f:1", "c", "d"),
    pair("f:2", "c", "d"),
    pair("f:3", "x", "defgh"),
    pair("f:4", "cdefg", "cdexx"),
  ];
  const skipped = tokenizePreferences(BYTES, plain!, pairs, { contextLength: 4 });
  assert.deepEqual(skipped.faults.reasons, { "too-long": { count: 2, places: ["f:3", "f:4"] } });
  const { rows, faults, cut } = tokenizePreferences(BYTES, plain!, pairs, { contextLength: 4, tooLong: "cut" });
  assert.deepEqual(faults.reasons, { "equal-answers": { count: 1, places: ["f:4"] } });
  assert.deepEqual(pieces(rows[2]!.rejected), [
    [0, "ab"],
    [1, "def"],
  ]);
  assert.equal(cut, 1);
});

test("prompts leave room for a response; those of no place in the template are counted", () => {
  const prompts = ["abc", "abcd", "ab"].map((text, n) => ({ place: `f:${n + 1}`, messages: [USER(text)], fields: {} }));
  const { rows, faults } = tokenizePrompts(BYTES, plain!, prompts, { contextLength: 5, responseTokens: 3 });
  assert.deepEqual(
    rows.map(({ prompt, ids }) => [prompt.place, textOf(ids)]),
    [
      ["f:1", "abc"],
      ["f:3", "ab"],
    ],
  );
  assert.deepEqual(faults.reasons, { "prompt-too-long": { count: 1, places: ["f:2"] } });
  const dialogue = { ...prompts[2]!, messages: [USER("a"), ASSISTANT("b"), USER("c")] };
  const { faults: turns } = tokenizePrompts(BYTES, alpaca!, [...prompts, dialogue], { contextLength: 500 });
  assert.deepEqual(Object.keys(turns.reasons), ["several-turns"]);
});

test("a response of which the tokenizer makes nothing is counted", () => {
  const deaf: Tokenizer = { ...BYTES, encode: (text) => BYTES.encode(text.replaceAll("x", "")) };
  const { faults } = tokenizeExamples(deaf, plain!, [example("a", "b"), example("a", "xx", "f:2")], {
    contextLength: 9,
  });
  assert.deepEqual(faults.reasons, { "empty-response": { count: 1, places: ["f:2"] } });
});

const SNAPSHOT = "fixtures/course/npy/a5_2025/tests/_snapshots/test_tokenize_prompt_and_output";

// stanford-cs336/assignment5-alignment, tests/test_sft.py, test_tokenize_prompt_and_output: input_ids are all ids but the
// last, labels all but the first, the mask is true where the label is of the response; padding is 151643.
test("inputs, targets and mask are the course's", needsShared(SNAPSHOT), () => {
  const WORDS = ["Hello", ",", " world", "!", "This", " is", " a", " another", " test", "."];
  const IDS = [9707, 11, 1879, 0, 1986, 374, 264, 2441, 1273, 13];
  const { endOfText: _, ...endless } = BYTES;
  const words: Tokenizer = {
    ...endless,
    vocabSize: 151_936,
    encode: (text) => Uint32Array.from(text.match(/ ?\w+|[,!.]/g) ?? [], (word) => IDS[WORDS.indexOf(word)]!),
  };
  const texts = ["Hello, world!", "This is a test.", "This is another test."];
  const rows = texts.map((text) => tokenizeExample(words, plain!, example(text, text)));
  const positions = 9;
  const size = rows.length * positions;
  const inputs = { tokens: new Int32Array(size), targets: new Int32Array(size), mask: new Float32Array(size) };
  fillRows(inputs, rows, positions);
  const [tokens, targets, mask] = ["input_ids", "labels", "response_mask"].map((name) => {
    return [...readNpy(sharedPath(SNAPSHOT, `${name}.npy`)).values];
  });
  assert.deepEqual([...inputs.mask], mask);
  // Behind a row's end our inputs are 0, the course's are padding; there is no loss there in either.
  const padded = (values: Int32Array, lengthOf: (row: (typeof rows)[number]) => number) =>
    rows.flatMap((row, b) => {
      const own = [...values.slice(b * positions, b * positions + Math.min(positions, lengthOf(row)))];
      return [...own, ...Array(positions - own.length).fill(151_643)];
    });
  assert.deepEqual(
    padded(inputs.targets, ({ ids }) => ids.length - 1),
    targets,
  );
  // Where a row is shorter than the longest, the course has its last id among the inputs, too.
  assert.deepEqual(
    padded(inputs.tokens, ({ ids }) => ids.length - 1).map((id, i) => (i === 7 ? rows[0]!.ids[7] : id)),
    tokens,
  );
  assert.deepEqual(rows.map(responseTokens), [4, 5, 5]);
});
