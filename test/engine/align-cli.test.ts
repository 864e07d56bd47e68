/** `sluice align evaluate` and `lint` on a model that a few steps were made of, and every method's data on real files. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { alignCommand } from "../../pipeline/cli/align.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { tempDir } from "./harness.ts";

const DIR = tempDir();
process.chdir(DIR);

interface Told {
  readonly out: string;
  readonly err: string;
}

/** The command in this process: what it prints, or the error that it ends with. */
async function align(t: { readonly mock: TestContext["mock"] }, ...args: readonly string[]): Promise<Told> {
  const out: string[] = [];
  const err: string[] = [];
  const log = t.mock.method(console, "log", (text: string) => void out.push(text));
  const error = t.mock.method(console, "error", (text: string) => void err.push(text));
  try {
    const command = alignCommand()
      .exitOverride()
      .configureOutput({ writeErr: (text) => void err.push(text) });
    for (const inner of command.commands)
      inner.exitOverride().configureOutput({ writeErr: (text) => void err.push(text) });
    await command.parseAsync(args, { from: "user" });
  } finally {
    log.mock.restore();
    error.mock.restore();
  }
  return { out: out.join("\n"), err: err.join("\n") };
}

function write(name: string, value: unknown): string {
  writeFileSync(join(DIR, name), typeof value === "string" ? value : JSON.stringify(value));
  return name;
}

function lastLine<T>({ out }: Told): T {
  return JSON.parse(out.split("\n").at(-1)!) as T;
}

const TINY = { contextLength: 64, layers: 1, width: 16, heads: 2, hiddenWidth: 16 };
const BASE = { model: TINY, tokenizer: "bytes", threads: 1, template: { user: { after: "\n" } } };

const OWN = `export default {
  kind: "verifier", name: "own", module: import.meta.url, version: 1,
  params: { safeParse: (data) => ({ success: true, data }), parse: (data) => data },
  verify: (response) => (response.length % 2),
};`;

before(async () => {
  const rows = Array.from({ length: 8 }, (_, i) => `{"prompt": "${i}", "response": "${i}", "answer": "${i}"}\n`);
  write("rows.jsonl", rows.join(""));
  write("own.ts", OWN);
  for (const seed of [1, 2]) {
    const config = write(`sft-${seed}.json`, {
      ...BASE,
      seed,
      data: "rows.jsonl",
      epochs: 2,
      batch: 4,
      out: `m${seed}`,
    });
    const { log, error } = console;
    Object.assign(console, { log: () => {}, error: () => {} });
    await alignCommand().parseAsync(["sft", config], { from: "user" });
    Object.assign(console, { log, error });
  }
});

interface Result {
  readonly models: readonly {
    readonly prompts: number;
    readonly scores: readonly {
      readonly name: string;
      readonly mean: { readonly estimate: number };
      readonly passAt: object;
    }[];
  }[];
  readonly compared?: readonly { readonly wins: number; readonly ties: number; readonly losses: number }[];
}

const ASK = ["--prompts", "rows.jsonl", "--max-tokens", "4", "--threads", "1"];

test("a model is asked with the template that it was aligned with, and its responses are written down", async (t) => {
  const args = [
    "evaluate",
    "m1",
    ...ASK,
    "--verify",
    'length={"atMost": 3}',
    "--verify",
    "exact",
    "--out",
    "out.jsonl",
  ];
  const told = await align(t, ...args, "--samples", "2", "--temperature", "1", "--json");
  const { models, compared } = lastLine<Result>(told);
  assert.equal(compared, undefined);
  assert.equal(models[0]!.prompts, 8);
  assert.deepEqual(
    models[0]!.scores.map(({ name, passAt }) => [name, Object.keys(passAt)]),
    ["reward", "length", "exact"].map((name) => [name, ["1", "2"]]),
  );
  const lines = readFileSync("out.jsonl", "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(lines.length, 16);
  assert.deepEqual(lines[3].prompt, [{ role: "user", content: "1" }]);
  const mean = lines.reduce((sum, { scores }) => sum + scores.length.score, 0) / 16;
  assert.equal(models[0]!.scores[1]!.mean.estimate, mean);
  // The same seed, the same responses, and also beside another model.
  const again = await align(t, ...args, "--samples", "2", "--temperature", "1", "--json", "--against", "m2");
  assert.deepEqual(lastLine<Result>(again).models[0], models[0]);
});

test("a table for people, an own verifier, and who does better", async (t) => {
  const { out } = await align(
    t,
    "evaluate",
    "m1",
    "--against",
    "m2",
    ...ASK,
    "--verify",
    "./own.ts",
    "--verify",
    'constraints={"all": [{"kind": "no-commas"}]}',
  );
  assert.match(out, /m1: 8 prompts, a response to each, .* tokens on average/);
  assert.match(out, /\n {2}own +[01]\.\d{3} \[/);
  assert.match(out, /\n {4}by instruction, loose +1\.000 \[0\.676, 1\.000\]/);
  assert.match(out, /m1 against m2, prompt by prompt/);
  const self = await align(t, "evaluate", "m1", "--against", "m1", ...ASK, "--verify", "exact", "--json");
  assert.deepEqual(
    lastLine<Result>(self).compared!.map(({ wins, ties, losses }) => [wins, ties, losses]),
    [[0, 8, 0]],
  );
});

test("the template is the one that the model was aligned with; another one is told", async (t) => {
  const own = write("own.yaml", 'user: { after: "\\n" }\n');
  const ask = async (...template: readonly string[]): Promise<readonly [string, string]> => {
    const args = ["evaluate", "m1", ...ASK, "--verify", "exact", "--samples", "4", "--temperature", "1", ...template];
    const { err } = await align(t, ...args, "--out", "template.jsonl");
    return [readFileSync("template.jsonl", "utf8"), err];
  };
  const [asAligned, nothing] = await ask();
  assert.equal(nothing, "");
  assert.deepEqual(await ask("--template", own), [asAligned, ""]);
  const [otherwise, note] = await ask("--template", "chat");
  assert.notEqual(otherwise, asAligned);
  assert.match(note, /note: m1: was aligned with template own, is asked with chat/);
});

test("two models are asked what both have room for", async (t) => {
  const long = { prompt: "a prompt that is longer", response: "x", answer: "x" };
  write("longer.jsonl", `${readFileSync("rows.jsonl", "utf8")}${JSON.stringify(long)}\n`);
  const short = { ...BASE, model: { ...TINY, contextLength: 12 }, data: "rows.jsonl", batch: 8, out: "short" };
  await align(t, "sft", write("short.json", short));
  const args = ["evaluate", "m1", "--against", "short", ...ASK.with(1, "longer.jsonl"), "--verify", "exact", "--json"];
  const told = await align(t, ...args);
  assert.deepEqual(
    lastLine<Result>(told).models.map(({ prompts }) => prompts),
    [8, 8],
  );
  assert.match(told.out, /short: 1 of 9 rows were left out: prompt-too-long 1 \(longer\.jsonl:9\)/);
});

test("an alignment's config is asked as its run evaluates", async (t) => {
  const evaluate = { prompts: "rows.jsonl", verify: [{ use: "length", with: { atLeast: 2 } }], maxTokens: 5, every: 3 };
  const config = write("with.json", { ...BASE, seed: 1, data: "rows.jsonl", batch: 4, evaluate, out: "with" });
  const run = lastLine<{ after: Record<string, number> }>(await align(t, "sft", config, "--json"));
  const { models } = lastLine<Result>(
    await align(t, "evaluate", "with", "--config", config, "--threads", "1", "--json"),
  );
  assert.equal(models[0]!.scores[0]!.mean.estimate, run.after["evaluate/length"]);
});

const WRONG: readonly (readonly [title: string, args: readonly string[], says: RegExp])[] = [
  [
    "no prompts",
    ["m1", "--verify", "exact"],
    /expected a file of prompts: --prompts, or "prompts" in a file \(--config\)/,
  ],
  ["no verifier", ["m1", "--prompts", "rows.jsonl"], /expected a verifier: --verify/],
  [
    "an unknown verifier",
    ["m1", ...ASK, "--verify", "exat"],
    /--verify\[0\]: unknown verifier "exat" \(built in: exact/,
  ],
  ["a verifier's wrong parameter", ["m1", ...ASK, "--verify", 'exact={"feld": "a"}'], /--verify\[0\]: exact.*"feld"/],
  [
    "parameters that are no mapping",
    ["m1", ...ASK, "--verify", "exact=3"],
    /--verify\[0\]\.with: expected record, found number \(3\)/,
  ],
  ["broken JSON", ["m1", ...ASK, "--verify", 'exact={"a'], /expected JSON or YAML behind "=", found "\{\\"a"/],
  [
    "a folder that is no model",
    ["nowhere", ...ASK, "--verify", "exact"],
    /nowhere: neither a finished training run nor a checkpoint/,
  ],
  [
    "a file that is not there",
    ["m1", "--prompts", "gone.jsonl", "--verify", "exact"],
    /--prompts\[0\]: no such file: .*gone\.jsonl/,
  ],
  [
    "several responses that are all the same",
    ["m1", ...ASK, "--verify", "exact", "--samples", "4"],
    /4 responses at temperature 0.*all the same/,
  ],
  ["pass@k of fewer responses", ["m1", ...ASK, "--verify", "exact", "--k", "2"], /pass@2 of 1 responses/],
  [
    "k that is no number",
    ["m1", ...ASK, "--verify", "exact", "--k", "1,x"],
    /expected whole numbers from 1 between commas, found "1,x"/,
  ],
  [
    "a field that rows lack",
    ["m1", ...ASK, "--verify", 'exact={"field": "truth"}'],
    /--prompts: none of 8 prompts can be asked and judged/,
  ],
  [
    "responses longer than the context",
    ["m1", ...ASK.with(3, "65"), "--verify", "exact"],
    /m1: responses of 65 tokens leave no room for a prompt in a context of 64; expected fewer \(maxTokens\)/,
  ],
  ["an unknown template", ["m1", ...ASK, "--verify", "exact", "--template", "chta"], /no template "chta"/],
  [
    "responses that would take the prompts' place",
    ["m1", ...ASK, "--verify", "exact", "--out", "rows.jsonl"],
    /--out rows\.jsonl: is the input/,
  ],
  [
    "a config with a misspelt field",
    ["m1", "--config", write("bad.yaml", "prompts: rows.jsonl\nverifi: []\n")],
    /bad\.yaml:2: evaluation: unknown parameter "verifi"/,
  ],
  [
    "a config with an unknown field",
    ["m1", "--config", write("bad2.yaml", "prompts: rows.jsonl\nverify: [{ use: exact }]\nsample: 2\n")],
    /bad2\.yaml:3: evaluation: unknown parameter "sample"/,
  ],
];

for (const [title, args, says] of WRONG) {
  test(`evaluate: ${title}`, async (t) => {
    const told: string[] = [];
    await align(t, "evaluate", ...args).then(
      ({ out }) => assert.fail(`it went on: ${out}`),
      (error: Error) => told.push(error.message),
    );
    assert.match(told.join("\n"), says);
  });
}

test("lint counts faults, duplicates and lengths, as a table and as JSON", async (t) => {
  const pairs = [
    { prompt: "q", chosen: "long answer", rejected: "short" },
    { prompt: "q", chosen: "long answer", rejected: "short" },
    { prompt: "q", chosen: "short", rejected: "long answer" },
    { prompt: "r", chosen: "a", rejected: "a" },
  ];
  write("pairs.jsonl", pairs.map((row) => JSON.stringify(row)).join("\n"));
  const { out } = await align(t, "lint", "pairs.jsonl", "--pairs");
  assert.match(out, /pairs\.jsonl: preference/);
  assert.match(out, /left out +1 +25\.0 %\n +equal-answers +1 +25\.0 % +pairs\.jsonl:4/);
  assert.match(out, /judged again, opposite +1 .*pairs\.jsonl:1, pairs\.jsonl:2, pairs\.jsonl:3/);
  const found = lastLine<{ pairs: number; faults: { rows: number }; length: { longerWins: number } }>(
    await align(t, "lint", "pairs.jsonl", "--pairs", "--json"),
  );
  assert.deepEqual([found.pairs, found.faults.rows, found.length.longerWins], [3, 4, 2 / 3]);
  const own = await align(
    t,
    "lint",
    "rows.jsonl",
    "--with",
    "fields={prompt: prompt, response: answer}",
    "--tokenizer",
    "bytes",
    "--context",
    "15",
  );
  assert.match(own.out, /rows\.jsonl: fields/);
  assert.match(own.out, /longer than the context +8 +100\.0 %/);
  await assert.rejects(align(t, "lint", "rows.jsonl", "--pairs"), /expected a chosen and a rejected answer in each/);
  await assert.rejects(
    align(t, "lint", "rows.jsonl", "--context", "9"),
    /--context: counts tokens; expected --tokenizer/,
  );
  await assert.rejects(align(t, "lint", "rows.jsonl", "--with", "formt=alpaca"), /examples: unknown parameter "formt"/);
});

const DATA = "data/alignment";
const file = (name: string): string => sharedPath(DATA, name);
const REAL = {
  sft: ["gsm8k/train.jsonl.gz", "sft-dpo/rasbt-instruction-data.json.gz", "sft-dpo/self-instruct-seed_tasks.jsonl.gz"],
  dpo: ["sft-dpo/hh-rlhf-harmless-base-test.part1.jsonl.gz", "sft-dpo/rasbt-instruction-data-with-preference.json.gz"],
};

for (const [method, files] of Object.entries(REAL)) {
  for (const name of files) {
    test(`${method} learns from ${name} as it is`, needsShared(DATA), async (t) => {
      const out = `${method}-${files.indexOf(name)}`;
      const config = write(`${out}.json`, {
        ...{ model: { ...TINY, contextLength: 1024, width: 8 }, tokenizer: "bytes", threads: 1, sequences: 2 },
        data: { files: file(name), limit: 8, ...(method === "dpo" && { validation: 0.005 }) },
        ...{ batch: 4, schedule: { use: "constant", peak: 1e-2 }, out },
      });
      const told = await align(t, method, config, "--json");
      const losses = told.out
        .split("\n")
        .map((line) => JSON.parse(line) as { type: string; metrics: { loss: number } })
        .flatMap(({ type, metrics }) => (type === "step" ? [metrics.loss] : []));
      assert.ok(losses.length >= 1);
      // A model that knows nothing: log(257) nats a byte; ln 2 for pairs.
      assert.ok(Math.abs(losses[0]! - (method === "sft" ? Math.log(257) : Math.LN2)) < 0.2, `${losses}`);
      const lint = await align(t, "lint", file(name), "--json", ...(method === "dpo" ? ["--pairs"] : []));
      const { faults } = lastLine<{ faults: { rows: number; faulty: number } }>(lint);
      assert.ok(faults.rows > 100 && faults.faulty < 10);
    });
  }
}
