import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { FormatError, RecipeError } from "../../../pipeline/errors.ts";
import type { ReadOptions } from "../../../trainer/align/examples/read.ts";
import { readExamples, readPreferences, readPrompts } from "../../../trainer/align/examples/read.ts";

const folder = mkdtempSync(join(tmpdir(), "examples-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let written = 0;
function write(content: string | Uint8Array, name = `rows-${written++}.jsonl`): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const lines = (...rows: unknown[]): string => write(rows.map((row) => JSON.stringify(row)).join("\n"));

const USER = (content: string) => ({ role: "user", content });
const ASSISTANT = (content: string) => ({ role: "assistant", content });

/** The only example of a row. */
async function exampleOf(row: unknown, options: ReadOptions = {}) {
  const { rows, formats } = await readExamples(lines(row), options);
  const [{ messages, response, fields }] = rows as [(typeof rows)[number]];
  return { format: Object.values(formats)[0], messages, response, fields };
}

async function pairOf(row: unknown, options: ReadOptions = {}) {
  const { rows, formats } = await readPreferences(lines(row), options);
  const [{ messages, chosen, rejected }] = rows as [(typeof rows)[number]];
  return { format: Object.values(formats)[0], messages, chosen, rejected };
}

const EXAMPLES: readonly [string, unknown, object[], string][] = [
  ["alpaca", { instruction: "Add.", input: "1 2", output: "3" }, [USER("Add.\n\n1 2")], "3"],
  ["alpaca", { instruction: "Sing.", input: "", output: "la" }, [USER("Sing.")], "la"],
  ["self-instruct", { instruction: "Up?", instances: [{ input: "a", output: "A" }] }, [USER("Up?\n\na")], "A"],
  ["chat", { messages: [USER("hi"), ASSISTANT("ho")] }, [USER("hi")], "ho"],
  [
    "chat",
    {
      conversations: [
        { from: "system", value: "s" },
        { from: "human", value: "q" },
        { from: "gpt", value: "a" },
      ],
    },
    [{ role: "system", content: "s" }, USER("q")],
    "a",
  ],
  ["prompt-response", { prompt: "p", completion: "c" }, [USER("p")], "c"],
  ["prompt-response", { prompt: "p", response: "r" }, [USER("p")], "r"],
  ["prompt-response", { prompt: [USER("p")], completion: [ASSISTANT("c")] }, [USER("p")], "c"],
  ["question-answer", { question: "q", answer: "6*12\n#### 72" }, [USER("q")], "6*12\n#### 72"],
  ["multiple-choice", { question: "q", choices: ["x", "y"], answer: "B" }, [USER("q\nA. x\nB. y")], "B"],
  ["context-continuation", { context: "1+1=", continuation: 2 }, [USER("1+1=")], "2"],
  [
    "hh-rlhf",
    {
      chosen: "\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: b\n\nc",
      rejected: "\n\nHuman: q\n\nAssistant: x",
    },
    [USER("q"), ASSISTANT("a"), USER("r")],
    "b\n\nc",
  ],
  ["preference", { instruction: "i", input: "j", output: "o", chosen: "c", rejected: "r" }, [USER("i\n\nj")], "o"],
  ["preference", { prompt: "p", chosen: "c", rejected: "r" }, [USER("p")], "c"],
];

test("rows of every format become what is asked and what is answered", async () => {
  for (const [format, row, messages, response] of EXAMPLES) {
    const found = await exampleOf(row);
    assert.deepEqual({ ...found, fields: undefined }, { format, messages, response, fields: undefined });
  }
});

test("pairs of every form become a prompt and two answers", async () => {
  const human = (last: string) => `\n\nHuman: q\n\nAssistant: ${last}`;
  const rows: readonly [string, unknown, object[]][] = [
    ["hh-rlhf", { chosen: human("good"), rejected: human("bad") }, [USER("q")]],
    ["preference", { instruction: "i", input: "", chosen: "good", rejected: "bad" }, [USER("i")]],
    ["preference", { question: "p", chosen: "good", rejected: "bad" }, [USER("p")]],
    ["preference", { prompt: "p", chosen: [ASSISTANT("good")], rejected: [ASSISTANT("bad")] }, [USER("p")]],
    [
      "preference",
      { prompt: "p", chosen: [USER("p"), ASSISTANT("good")], rejected: [USER("p"), ASSISTANT("bad")] },
      [USER("p")],
    ],
    ["preference", { chosen: [USER("z"), ASSISTANT("good")], rejected: [USER("z"), ASSISTANT("bad")] }, [USER("z")]],
  ];
  for (const [format, row, messages] of rows) {
    assert.deepEqual(await pairOf(row), { format, messages, chosen: "good", rejected: "bad" });
  }
});

test("fields stay as they are, for verifiers", async () => {
  const row = { question: "q", answer: "#### 72", level: 3 };
  assert.deepEqual((await exampleOf(row)).fields, row);
  const { rows } = await readExamples(lines({ instruction: "i", instances: [{ output: "a" }, { output: "b" }] }));
  assert.deepEqual(
    rows.map(({ response, fields }) => [response, fields.output]),
    [
      ["a", "a"],
      ["b", "b"],
    ],
  );
  assert.deepEqual(
    rows.map(({ place }) => place.replace(/^[^:]*/, "")),
    [":1#1", ":1#2"],
  );
});

test("fields that are named are read, whatever the row is", async () => {
  const row = { text: "p", good: "g", poor: "b", note: "n" };
  assert.equal((await exampleOf(row, { fields: { prompt: "text", response: "note" } })).response, "n");
  const fields = { prompt: "text", chosen: "good", rejected: "poor" };
  assert.deepEqual(await pairOf(row, { fields }), {
    format: "fields",
    messages: [USER("p")],
    chosen: "g",
    rejected: "b",
  });
  await assert.rejects(readExamples(lines(row), { fields: { prompt: "text" } }), FormatError);
});

test("JSON Lines, arrays and CSV, compressed or not, say the same, and where", async () => {
  const rows = [{ prompt: "a, b" }, { prompt: "two\nlines" }, { prompt: "c" }];
  const json = rows.map((row) => JSON.stringify(row)).join("\n");
  const files: readonly [string, string | Uint8Array, readonly number[]][] = [
    ["a.jsonl", `\uFEFF${json}\n\n`, [1, 2, 3]],
    ["b.jsonl", json.replace("\n", "\r\n\r\n"), [1, 3, 4]],
    ["c.jsonl.gz", gzipSync(json), [1, 2, 3]],
    ["d.jsonl.zst", zstdCompressSync(json), [1, 2, 3]],
    ["e.json", `\n${JSON.stringify(rows, null, 2)}`, [1, 2, 3]],
    ["f.csv", 'prompt\n"a, b"\n"two\nlines"\nc\n', [2, 3, 5]],
  ];
  for (const [name, content, numbers] of files) {
    const read = await readPrompts(write(content, name));
    assert.deepEqual(
      read.rows.map(({ messages }) => messages),
      rows.map(({ prompt }) => [USER(prompt)]),
      name,
    );
    assert.deepEqual(
      read.rows.map(({ place }) => place),
      numbers.map((n) => `${name}:${n}`),
    );
  }
});

test("files of several formats are read together, each by its own", async () => {
  const [a, b] = [lines({ instruction: "i", output: "o" }), lines({ question: "q", answer: "a" })];
  const { rows, formats } = await readExamples([a, b]);
  assert.deepEqual(Object.values(formats), ["alpaca", "question-answer"]);
  assert.deepEqual(
    rows.map(({ response }) => response),
    ["o", "a"],
  );
});

test("faulty rows are counted by reason, with their lines", async () => {
  const good = { messages: [USER("q"), ASSISTANT("a")] };
  const chat = write(
    [
      ...Array(8).fill(JSON.stringify(good)),
      '{"messages": [',
      "7",
      JSON.stringify({ text: "x" }),
      JSON.stringify({ messages: [USER("q")] }),
      JSON.stringify({ messages: [USER(" "), ASSISTANT("a")] }),
      JSON.stringify({ messages: [USER("q"), ASSISTANT(" \n")] }),
      JSON.stringify({ messages: [{ role: "tool", content: "q" }, ASSISTANT("a")] }),
      JSON.stringify({ messages: [{ role: "constructor", content: "q" }, ASSISTANT("a")] }),
    ].join("\n"),
    "chat.jsonl",
  );
  const { rows, faults } = await readExamples(chat);
  assert.equal(rows.length, 8);
  const one = (n: number) => ({ count: 1, places: [`chat.jsonl:${n}`] });
  assert.deepEqual(faults, {
    rows: 16,
    faulty: 8,
    reasons: {
      "empty-prompt": one(13),
      "empty-response": one(14),
      "missing-field": { count: 3, places: ["chat.jsonl:11", "chat.jsonl:15", "chat.jsonl:16"] },
      "no-last-answer": one(12),
      "no-object": one(10),
      "not-json": one(9),
    },
  });
});

test("faulty pairs are counted by reason, with their lines", async () => {
  const pair = (chosen: string, rejected: string) => ({ chosen, rejected });
  const good = pair("\n\nHuman: q\n\nAssistant: a", "\n\nHuman: q\n\nAssistant: b");
  const path = write(
    [
      ...Array(5).fill(good),
      pair("\n\nHuman: q\n\nAssistant: a", "\n\nHuman: q\n\nAssistant: a "),
      pair("\n\nHuman: q\n\nAssistant: a", "\n\nHuman: p\n\nAssistant: b"),
      pair("\n\nHuman: q\n\nAssistant: a\n\nHuman: thanks", "\n\nHuman: q\n\nAssistant: b"),
      pair("\n\nHuman: q\n\nAssistant: a", "\n\nHuman: q\n\nAssistant:"),
      pair("Human: q", "\n\nHuman: q\n\nAssistant: b"),
    ]
      .map((row) => JSON.stringify(row))
      .join("\n"),
    "pairs.jsonl",
  );
  const { rows, faults } = await readPreferences(path);
  assert.equal(rows.length, 5);
  const one = (n: number) => ({ count: 1, places: [`pairs.jsonl:${n}`] });
  assert.deepEqual(faults.reasons, {
    "empty-response": one(9),
    "equal-answers": one(6),
    "missing-field": one(10),
    "no-last-answer": one(8),
    "prompts-differ": one(7),
  });
});

test("most rows faulty, and with refuse any, end the reading with its place", async () => {
  const half = lines({ question: "q", answer: "a" }, { question: "q", answer: "" });
  assert.equal((await readExamples(half)).faults.faulty, 1);
  await assert.rejects(readExamples(half, { onFault: "refuse" }), {
    name: "FormatError",
    message: /:2: empty-response: found no text in the response; mend the row/,
  });
  const most = lines({ question: "q", answer: "a" }, { question: "q", answer: "" }, { question: "q", answer: [] });
  await assert.rejects(readExamples(most), {
    name: "FormatError",
    message: /2 of 3 rows are faulty \(empty-response 1, missing-field 1\), expected half at most; the first is .*:2: /,
  });
});

test("what is no data set is told apart from one with faults", async () => {
  const refused: readonly [string, RegExp][] = [
    [write(""), /found no rows/],
    [write("\n".repeat(1e6)), /found no rows/],
    [write("[]", "empty.json"), /found no rows/],
    [write('[{"prompt": "p"}, {', "broken.json"), /broken\.json: not a JSON array/],
    [write("[1]\n[2]"), /no JSON object in any row/],
    [lines({ a: 1, b: 2 }), /found the fields a, b, expected a row of one of hh-rlhf, .*`fields`/],
    [write("a,a\n1,2\n", "twice.csv"), /two columns "a"/],
    [lines({ instruction: "i" }), /found rows of the format prompt, expected an answer in each/],
  ];
  for (const [path, message] of refused) await assert.rejects(readExamples(path), { name: "FormatError", message });
  await assert.rejects(readExamples(join(folder, "nowhere.jsonl")), {
    name: "RecipeError",
    message: /^examples\[0\]: no such file/,
  });
  const row = lines({ prompt: "p", response: "r" });
  await assert.rejects(readExamples(row, { format: "alpacca" }), {
    name: "RecipeError",
    message: /^examples\.format: /,
  });
  await assert.rejects(readExamples(row, { limt: 3 } as ReadOptions), RecipeError);
  await assert.rejects(readExamples(row, { format: "alpaca", fields: { prompt: "p" } }), /both format and fields/);
});

test("the format that is named says what a row lacks", async () => {
  const path = lines(
    { instruction: "i", output: "o" },
    { question: "q", answer: "a" },
    { instruction: "i", output: "o" },
  );
  const { faults } = await readExamples(path, { format: "alpaca" });
  assert.deepEqual(Object.keys(faults.reasons), ["missing-field"]);
});

test("prompts are read from rows whose answers are faulty, and end where the model has its turn", async () => {
  const path = lines({ messages: [USER("a"), ASSISTANT("")] }, { messages: [USER("b")] });
  const { rows } = await readPrompts(path);
  assert.deepEqual(
    rows.map(({ messages }) => messages),
    [[USER("a")], [USER("b")]],
  );
});

test("what is held out follows from the prompt and the seed alone", async () => {
  const rows = Array.from({ length: 400 }, (_, n) => ({ prompt: `prompt ${n % 200}`, response: `response ${n}` }));
  const heldOut = async (given: object[], options: ReadOptions) => {
    const { rows: train, validation } = await readExamples(lines(...given), { validation: 0.2, ...options });
    const asked = (set: typeof train) => new Set(set.map(({ messages }) => messages[0]!.content));
    assert.equal(train.length + validation.length, given.length);
    assert.equal(asked(train).intersection(asked(validation)).size, 0);
    return asked(validation);
  };
  const first = await heldOut(rows, {});
  assert.ok(first.size > 20 && first.size < 60, `${first.size} of 200 prompts`);
  assert.deepEqual(await heldOut(rows.toReversed(), {}), new Set([...first].reverse()));
  const fewer = await heldOut(rows.slice(0, 100), {});
  assert.ok(fewer.isSubsetOf(first));
  assert.notDeepEqual(await heldOut(rows, { seed: 2 }), first);
});

test("a limit takes the first rows to train on, and none of those held out", async () => {
  const rows = Array.from({ length: 50 }, (_, n) => ({ prompt: `p${n}`, response: "r" }));
  const path = lines(...rows);
  const all = await readExamples(path, { validation: 0.3 });
  const few = await readExamples(path, { validation: 0.3, limit: 5 });
  assert.deepEqual(few.rows, all.rows.slice(0, 5));
  assert.deepEqual(few.validation, all.validation);
  assert.equal(few.digest, all.digest);
});

test("the digest follows from what rows say, not from where they lie", async () => {
  const row = { prompt: "p", response: "r" };
  const digest = async (...given: object[]) => (await readExamples(lines(...given))).digest;
  assert.equal(await digest(row), await digest(row));
  assert.notEqual(await digest(row), await digest({ ...row, response: "s" }));
  assert.notEqual(await digest(row), await digest(row, row));
});

test("hostile texts are read in linear time and stay as they are", async () => {
  const texts = [
    "\n".repeat(1e6),
    "\n\nHuman:".repeat(2e5),
    "\ud800 lone",
    "x".repeat(5e6),
    "漢字".repeat(1e5),
    "עברית",
  ];
  for (const text of texts) {
    const startMs = performance.now();
    const { rows } = await readExamples(lines({ prompt: "p", response: `${text}.` }));
    assert.equal(rows[0]!.response, `${text}.`);
    const dialogue = (answer: string) => `\n\nHuman: ${text}.\n\nAssistant: ${answer}`;
    const pairs = await readPreferences(lines({ chosen: dialogue("a"), rejected: dialogue("b") }));
    assert.equal(pairs.rows.length, 1);
    assert.ok(performance.now() - startMs < 5000);
  }
  const own = await exampleOf(JSON.parse('{"prompt": "p", "response": "r", "__proto__": {"output": "x"}}'));
  assert.deepEqual(Object.keys(own.fields), ["prompt", "response", "__proto__"]);
});
