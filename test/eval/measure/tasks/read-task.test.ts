import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { formats, type ReadTaskOptions, readTask, type Task } from "../../../../eval/measure/tasks/index.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-tasks-"));
});
after(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

function lines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

async function readLines(rows: readonly unknown[], options: ReadTaskOptions = {}): Promise<Task> {
  return readTask("t", await write("t.jsonl", lines(rows)), options);
}

const QUERY = { choices: ["ice", "steam"], gold: 1 };

/** A row of each format, and what it asks. */
const ROWS: readonly (readonly [format: string, row: object, context: string, scored: readonly string[]])[] = [
  ["arc", { query: "Question: What is it?", ...QUERY }, "Question: What is it?\nAnswer:", [" ice", " steam"]],
  ["piqa", { query: "Question: To cook,\n", ...QUERY }, "Question: To cook,\nAnswer:", [" ice", " steam"]],
  [
    "boolq",
    { query: "Passage: Ice melts.\nQuestion: does it?", choices: ["no", "yes"], gold: 1 },
    "Passage: Ice melts.\nQuestion: does it?\nAnswer:",
    [" no", " yes"],
  ],
  [
    "commonsense-qa",
    { query: "Question: What?\nChoices:\nA. ice\nB. steam\nAnswer:", choices: ["A", "B"], gold: 0 },
    "Question: What?\nChoices:\nA. ice\nB. steam\nAnswer:",
    [" A", " B"],
  ],
  ["copa", { query: "It melted, because", ...QUERY }, "It melted, because", [" ice", " steam"]],
  ["openbook-qa", { query: "Water below zero is", ...QUERY }, "Water below zero is", [" ice", " steam"]],
  [
    "hellaswag",
    { ctx: "Cooking: A man. he", endings: ["stirs.", "sings."], label: 0 },
    "Cooking: A man. he",
    [" stirs.", " sings."],
  ],
  ["lambada", { context: '"Who?" asked', continuation: "Teri" }, '"Who?" asked', [" Teri"]],
  ["arithmetic", { context: "517+(2 * 3)=", continuation: "523" }, "517+(2 * 3)=", [" 523"]],
  [
    "jeopardy",
    { context: "WORDS: A freelancer", continuation: "Knight", category: "words" },
    "WORDS: A freelancer\nAnswer:",
    [" Knight"],
  ],
  [
    "svamp",
    { context: "Two and two?", chain_of_thought: "( 2.0 + 2.0 )", answer: "4" },
    "Question: Two and two?\nAnswer:",
    [" 4"],
  ],
  [
    "gsm8k",
    { question: "Two and two?", answer: "2+2=<<2+2=4>>4\n#### 4" },
    "Question: Two and two?\nAnswer:",
    [" 2+2=<<2+2=4>>4\n#### 4"],
  ],
  ["gsm8k", { question: "Two?", ground_truth: "A: 2", "6b": {} }, "Question: Two?\nAnswer:", [" A: 2"]],
];

test("each format is known by its fields and wording, and asks what lm-evaluation-harness asks", async () => {
  for (const [format, row, context, scored] of ROWS) {
    const task = await readLines([row]);
    const item = task.items[0]!;
    assert.equal(task.format, format);
    assert.ok(item.kind === "choice" || item.kind === "continuation");
    assert.equal(item.context, context);
    const answers = item.kind === "choice" ? item.choices : [item.answer];
    assert.deepEqual(
      answers.map((answer) => item.delimiter + answer),
      scored,
    );
  }
  const pronoun = { context_options: ["Bob paid Al. Bob", "Bob paid Al. Al"], continuation: "is poor.", gold: 0 };
  assert.deepEqual((await readLines([pronoun])).items, [
    {
      kind: "partial-context",
      contexts: pronoun.context_options,
      delimiter: " ",
      continuation: "is poor.",
      gold: 0,
      id: "0",
      cluster: "0",
    },
  ]);
});

test("a row is what the first format that it fits makes of it, so order in the list decides", () => {
  for (const [expected, row] of ROWS) assert.equal(formats.find((format) => format.fits(row))?.name, expected);
});

const MMLU = [
  { subject: "college_physics", question: " Which is cold?\n", choices: ["ice", "fire", "steam", "tea"], answer: "A" },
  { subject: "college_physics", question: "Which is hot?", choices: ["ice", "fire", "snow", "air"], answer: 1 },
];

test("MMLU without shots: description, question, lettered choices", async () => {
  const [item] = (await readLines(MMLU)).items;
  assert.ok(item?.kind === "choice");
  assert.equal(
    item.context,
    `The following are multiple choice questions (with answers) about college physics.

Which is cold?
A. ice
B. fire
C. steam
D. tea
Answer:`,
  );
  assert.deepEqual(
    [item.delimiter, item.choices, item.gold, item.id],
    [" ", ["A", "B", "C", "D"], 0, "college_physics/0"],
  );
});

test("MMLU with shots: the first of the question's own subject, description once", async () => {
  const dev = await write("dev.jsonl", lines([{ ...MMLU[1], subject: "law" }, MMLU[1], { ...MMLU[1], answer: "D" }]));
  const [item] = (await readLines(MMLU, { shots: { files: dev, count: 2 } })).items;
  assert.ok(item?.kind === "choice");
  assert.equal(
    item.context,
    `The following are multiple choice questions (with answers) about college physics.

Which is hot?
A. ice
B. fire
C. snow
D. air
Answer: B

Which is hot?
A. ice
B. fire
C. snow
D. air
Answer: D

Which is cold?
A. ice
B. fire
C. steam
D. tea
Answer:`,
  );
});

test("MMLU by continuation, where it is asked for", async () => {
  const [item] = (await readLines(MMLU, { format: "mmlu-continuation" })).items;
  assert.ok(item?.kind === "choice");
  assert.equal(
    item.context,
    "The following are questions (with answers) about college physics.\n\nQuestion: Which is cold?\nAnswer:",
  );
  assert.deepEqual(item.choices, ["ice", "fire", "steam", "tea"]);
});

test("MMLU's original CSV: line ends and quotes within quotes, the subject from the file's name", async () => {
  const csv = '"Which of\n""these"" is cold?",ice,"fire, open",steam,tea,A\nTwo,1,2,3,4,B\n';
  const path = await write("high_school_physics_test.csv", csv);
  const [first, second] = (await readTask("mmlu", path)).items;
  assert.ok(first?.kind === "choice" && second?.kind === "choice");
  assert.match(first.context, /about high school physics\.\n\nWhich of\n"these" is cold\?\nA\. ice\nB\. fire, open\nC/);
  assert.deepEqual([second.gold, second.group], [1, "high_school_physics"]);
  const wrong = await write("law_test.csv", '"a\nb",1,2,3,4,A\nTwo,1,2,3,4,E\n');
  await assert.rejects(readTask("mmlu", wrong), {
    name: "FormatError",
    message: `${wrong}:3: answer: expected A, B, C or D, or an index from 0 to 3, found string ("E"), as mmlu has it`,
  });
  const short = await write("art_test.csv", "a,1,2,3,A\n");
  await assert.rejects(readTask("mmlu", short), { name: "FormatError", message: /:1: found 5 fields, expected 6/ });
});

test("shots of other tasks are solved examples with an empty line between", async () => {
  const pronoun = (name: string) => ({
    context_options: ["Al", "Bo"].map((who) => `${name}: ${who}`),
    continuation: "ran.",
    gold: 1,
  });
  const shots = await write("shots.jsonl", lines([pronoun("one")]));
  const [item] = (await readLines([pronoun("two")], { shots: { files: shots, count: 1 } })).items;
  assert.ok(item?.kind === "partial-context");
  assert.deepEqual(item.contexts, ["one: Bo ran.\n\ntwo: Al", "one: Bo ran.\n\ntwo: Bo"]);
});

test("shots that are too few, of the file that is scored, or before whole texts are refused", async () => {
  const [shots, scored] = [await write("shots.jsonl", lines([MMLU[0]])), await write("t.jsonl", lines(MMLU))];
  const refused = (options: ReadTaskOptions, message: RegExp) =>
    assert.rejects(readTask("t", scored, options), { name: "RecipeError", message });
  await refused(
    { shots: { files: shots, count: 2 } },
    /^task t: shots of .*shots\.jsonl: found 1 examples of college_physics, expected 2$/,
  );
  await refused({ shots: { files: scored, count: 1 } }, /^task t: shots: found .*t\.jsonl, which is scored/);
  const texts = await write("texts.jsonl", lines([{ text: "a" }]));
  await assert.rejects(
    readLines([{ text: "b" }], { shots: { files: texts, count: 1 } }),
    /found whole texts, which are scored without shots/,
  );
});

test("HellaSwag is cleaned as lm-evaluation-harness cleans it", async () => {
  // Expected: made with the `preprocess` of lm_eval/tasks/hellaswag/utils.py, and Python's str.capitalize.
  const row = {
    activity_label: "Home and Garden",
    ctx_a: "[header] How to Fix a Tap [title] Turn it off. [step] Find  the valve.",
    ctx_b: "the man TURNS",
    ctx: "unused",
    endings: [" [step] Turn it. ", "Leave  it."],
    label: "1",
  };
  const [item] = (await readLines([row])).items;
  assert.ok(item?.kind === "choice");
  assert.equal(item.context, "Home and Garden: How to Fix a Tap. Turn it off. Find the valve. The man turns");
  assert.deepEqual(item.choices, [" Turn it.", "Leave it."]);
  assert.equal(item.gold, 1);
});

test("WikiText is scored detokenized, and counted as it was", async () => {
  // Expected: made with `wikitext_detokenizer` of lm_eval/tasks/wikitext/preprocess_wikitext.py, its slips included.
  const page =
    " = Robert <unk> = \n \n Robert <unk> is an English actor , born 20 @-@ 12 @-@ 1962 . He earned $ 1 @,@ 500 ( about \" 1 @.@ 2 \" times ) the boys ' pay at 30 ° C ; it 's N of 2 . \n = = Career = = \n";
  const text =
    " = Robert <unk> =\n\nRobert <unk> is an English actor, born 20-12-1962. He earned $ 1,500 (about \"1.2\" times) the boys'pay at 30°C; it's 1 of 2.\n== Career ==\n";
  const [item] = (await readLines([{ page }])).items;
  assert.deepEqual(item, { kind: "rolling", text, original: page, id: "0", cluster: "0" });
});

test("items with the same context are a cluster, BoolQ's with the same passage", async () => {
  const boolq = (passage: string, question: string) => ({
    query: `Passage: ${passage}\nQuestion: ${question}?`,
    choices: ["no", "yes"],
    gold: 0,
  });
  const clusters = async (rows: readonly unknown[]) => (await readLines(rows)).items.map(({ cluster }) => cluster);
  assert.deepEqual(await clusters([boolq("p", "a"), boolq("q", "a"), boolq("p", "b")]), ["0", "1", "0"]);
  const sum = { context: "1+1=", continuation: "2" };
  assert.deepEqual(await clusters([sum, { ...sum, context: "2+1=" }, sum]), ["0", "1", "0"]);
});

test("a limit takes the first items, of each group", async () => {
  const rows = ["a", "a", "b", "a", "b"].map((category, i) => ({ context: `${i}`, continuation: "x", category }));
  const { items } = await readLines(rows, { limit: 2 });
  assert.deepEqual(
    items.map(({ id }) => id),
    ["a/0", "a/1", "b/0", "b/1"],
  );
  await assert.rejects(readLines(rows, { limit: 0 }), { name: "RecipeError", message: /found the limit 0/ });
});

test("files may be compressed, and several", async () => {
  const rows = ["a", "b", "c"].map((context) => lines([{ context, continuation: "x" }]));
  await write("x1.jsonl.gz", gzipSync(rows[0]!));
  await write("x2.jsonl.zst", zstdCompressSync(rows[1]!));
  await write("x3.jsonl", `\n${rows[2]!.trim()}`);
  const { items } = await readTask("t", join(folder, "x?.jsonl*"));
  assert.deepEqual(
    items.map((item) => item.kind === "continuation" && item.context),
    ["a", "b", "c"],
  );
});

test("rows that cannot be read are told with file and line, what was found and what was expected", async () => {
  const good = { query: "Water is", choices: ["ice", "steam"], gold: 1 };
  for (const [bad, message] of [
    ["{", /^\S+t\.jsonl:2: found "\{", expected a JSON object/],
    ["[]", /t\.jsonl:2: expected object, found array \(\[\]\), as openbook-qa has it$/],
    [
      JSON.stringify({ ...good, gold: 2 }),
      /t\.jsonl:2: gold: expected an index from 0 to 1, found number \(2\), as openbook-qa/,
    ],
    [JSON.stringify({ ...good, gold: "1" }), /t\.jsonl:2: gold: expected number, found string \("1"\)/],
    [
      JSON.stringify({ ...good, choices: ["ice"], gold: 0 }),
      /t\.jsonl:2: gold: expected the index of one of several options/,
    ],
    [JSON.stringify({ ...good, choices: ["ice", ""] }), /t\.jsonl:2: choices\[1\]: expected text, found string \(""\)/],
    [JSON.stringify({ choices: ["ice", "steam"], gold: 0 }), /t\.jsonl:2: query: expected string, found nothing/],
  ] as const) {
    const path = await write("t.jsonl", `${JSON.stringify(good)}\n${bad}\n`);
    await assert.rejects(readTask("t", path), { name: "FormatError", message });
  }
});

test("files without a known row, damaged, empty or absent are told", async () => {
  await assert.rejects(readLines([{ prompt: "a", reply: "b" }]), {
    name: "FormatError",
    message: /t\.jsonl:1: found the fields prompt, reply, expected a row of one of mmlu, .*; name the format to see/,
  });
  await assert.rejects(
    readLines([{ prompt: "a" }], { format: "arc" }),
    /t\.jsonl:1: query: expected string, found nothing, as arc/,
  );
  await assert.rejects(
    readLines([{ question: "a", answer: 3 }], { format: "gsm8k" }),
    /:1: expected the texts question and answer \(or ground_truth\), found object/,
  );
  await assert.rejects(readLines([MMLU[0]], { format: "arcade" }), {
    name: "RecipeError",
    message: /^task t: unknown format "arcade" \(known: mmlu, /,
  });
  await assert.rejects(readLines([]), { name: "FormatError", message: /t\.jsonl: found no rows/ });
  await assert.rejects(readTask("t", join(folder, "absent.jsonl")), { name: "RecipeError", message: /no such file/ });
  const cut = await write("cut.jsonl.gz", gzipSync(lines(MMLU)).subarray(0, -12));
  await assert.rejects(readTask("t", cut), {
    name: "FormatError",
    message: /cut\.jsonl\.gz @ \d+: .*copy the file again/,
  });
  const latin1 = await write("latin1.jsonl", Buffer.from('{"text":"caf\xe9"}\n', "latin1"));
  await assert.rejects(readTask("t", latin1), { name: "FormatError", message: /1 sequences of bytes are not UTF-8/ });
});
