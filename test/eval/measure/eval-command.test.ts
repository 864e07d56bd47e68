/** `sluice eval` on a byte model of a few training steps: what it prints is what its parts compute. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CommanderError } from "commander";
import { bitsPerByte, scoreDocuments } from "../../../eval/measure/bits-per-byte.ts";
import { readDomain } from "../../../eval/measure/documents.ts";
import { modelScorer } from "../../../eval/measure/model-scorer.ts";
import { evalCommand } from "../../../pipeline/cli/eval.ts";
import { EXIT, exitCode } from "../../../pipeline/errors.ts";
import { ByteTokenizer } from "../../../tokenizer/baselines/byte.ts";
import { onnxBackend } from "../../../trainer/backends/onnx/onnx.ts";
import { referenceBackend } from "../../../trainer/backends/reference.ts";
import { loadTrainedModel } from "../../../trainer/checkpoint/trained-model.ts";
import { planOf } from "../../../trainer/config.ts";
import { runTraining } from "../../../trainer/run.ts";
import { prose, sluice } from "../../engine/harness.ts";
import { tempFolder } from "../../tokenizer/temp.ts";
import { writeRun } from "../../trainer/runs.ts";

const cwd = tempFolder();
// Test files have a process of their own each.
process.chdir(cwd);
const bytes = new ByteTokenizer();
const CONTEXT_LENGTH = 32;

const pages = Array.from({ length: 60 }, (_, n) => [...bytes.encode(prose(n)), bytes.endOfText]);
const tokenizer = { name: bytes.name, vocabSize: bytes.vocabSize, endOfText: bytes.endOfText, digest: bytes.digest };
const data = await writeRun(join(cwd, "data"), pages, { tokenizer });
const model = { vocabSize: bytes.vocabSize, contextLength: CONTEXT_LENGTH, layers: 1, width: 16, heads: 2 };
const training = { data, model, sequences: 16, steps: 20, schedule: { peak: 1e-2, warmup: 4 } };
const onnx = await onnxBackend({ threads: 1 });
await runTraining(planOf({ ...training, out: join(cwd, "tiny") }), { backend: onnx });

const rows = Array.from({ length: 12 }, (_, n) => ({ text: prose(100 + n, 36), url: `https://${n % 4}.org/${n}` }));
writeFileSync(join(cwd, "like.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
writeFileSync(join(cwd, "other.txt"), "ÀÉ \u{1f600} unlike all that it has seen.\n");
const questions = [
  { query: "water and", choices: ["gold", "}{^~"], gold: 0 },
  { query: "sand and", choices: ["{}^~ ", "river"], gold: 1 },
].map(({ query, ...row }) => ({ query: `Question: ${query}`, ...row }));
writeFileSync(join(cwd, "task.jsonl"), questions.map((row) => `${JSON.stringify(row)}\n`).join(""));

const DOCUMENTS = ["--documents", "like=like.jsonl", "other=other.txt"];
const TASK = ["--tasks", "choose=task.jsonl"];

/** In this process, which spares its start; what it prints. */
async function run(...args: string[]): Promise<string> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (line: string) => lines.push(line);
  try {
    const command = evalCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    await command.parseAsync(args, { from: "user" });
  } finally {
    console.log = log;
  }
  return lines.join("\n");
}

test("documents and tasks, as JSON: every domain, their mean, the worst, every metric", async () => {
  const { code, stdout, stderr } = await sluice(["eval", "tiny", ...DOCUMENTS, ...TASK, "--json"], { cwd });
  assert.equal(code, 0, stderr);
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ type }) => type),
    ["domain", "domain", "task", "done"],
  );
  const done = events.at(-1);
  assert.deepEqual({ type: "domain", ...done.domains[0] }, events[0]);
  assert.deepEqual({ type: "task", ...done.tasks[0] }, events[2]);
  assert.match(done.contextPolicy, /^each document by itself .* at most 32 tokens/);
  const [like, other] = done.domains;
  assert.equal(like.documents, 12);
  assert.equal(like.clusters, 4);
  assert.equal(
    like.bytes,
    rows.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
  );
  assert.equal(like.tokens, like.bytes, "a token a byte, and none for the end of a text");
  assert.ok(like.low < like.estimate && like.estimate < like.high);
  assert.ok(Math.abs(like.bytePerplexity - 2 ** like.estimate) < 1e-9 * like.bytePerplexity);
  assert.equal(done.worst, "other");
  assert.ok(Math.abs(done.macro.estimate - (like.estimate + other.estimate) / 2) < 1e-12);
  assert.deepEqual(done.unclustered, [{ domain: "other", items: 1, sampledBy: "nothing" }]);
  const { metrics, chance, items } = done.tasks[0];
  assert.deepEqual([chance, items], [0.5, 2]);
  assert.equal(metrics.find(({ name }: { name: string }) => name === "acc").value, 1);
});

test("reference and onnx agree with what the command prints", async () => {
  const trained = await loadTrainedModel(join(cwd, "tiny"));
  const printed = await run("tiny", ...DOCUMENTS, "--threads", "1", "--json");
  const { domains } = JSON.parse(printed.split("\n").at(-1)!);
  for (const [d, file] of ["like.jsonl", "other.txt"].entries()) {
    const { documents, sha256 } = await readDomain(file, [join(cwd, file)]);
    assert.equal(domains[d].sha256, sha256);
    for (const backend of [referenceBackend(), onnx]) {
      const scorer = await modelScorer(trained, backend);
      const nats = await scoreDocuments(documents, bytes, scorer);
      await scorer.close();
      const found = bitsPerByte(
        nats.reduce((sum, one) => sum + one, 0),
        documents.reduce((sum, document) => sum + document.bytes, 0),
      );
      assert.ok(Math.abs(found - domains[d].estimate) < 1e-5, `${backend.name}: ${found}, ${domains[d].estimate}`);
    }
  }
});

test("for people: a table, the policy, and what the intervals do not hold", async () => {
  const printed = await run("tiny", ...DOCUMENTS, ...TASK, "--limit", "1");
  for (const line of [
    /^ +documents +clusters +text +bits per byte +95 %/m,
    /^ +like +12 +4 +\S+ kB +\d\.\d{4} +\d\.\d{4} … \d\.\d{4}/m,
    /^ +mean of domains +\d/m,
    /^worst: other$/m,
    /^read: each document by itself behind an end-of-text token that is not predicted; /m,
    /^ +other +1 +1 +39 B +\d\.\d{4} +– /m,
    /^note: other is one document, which tells no spread; /m,
    /^ +choose +1 +acc +1\.0000 +– +0\.5000$/m,
  ]) {
    assert.match(printed, line);
  }
});

test("what cannot be measured is told before anything is computed", async () => {
  const cases: [string[], RegExp][] = [
    [["tiny"], /^nothing to measure: give --documents NAME=FILE or --tasks NAME=FILE$/],
    [["tiny", "--documents", "like.jsonl"], /expected NAME=FILE, found "like\.jsonl"/],
    [["tiny", "--documents", "__proto__=like.jsonl"], /a name cannot be "__proto__"/],
    [["tiny", "--documents", "constructor=absent.txt"], /^documents constructor\[0\]: no such file/],
    [["tiny", "--documents", "a=absent.txt"], /^documents a\[0\]: no such file/],
    [["absent", ...DOCUMENTS], /^absent: neither a finished training run nor a checkpoint/],
    [["tiny", ...DOCUMENTS, "--tokenizer", "gpt2"], /gpt2 has the digest .* expected bytes/],
    [["tiny", ...DOCUMENTS, "--backend", "abacus"], /Allowed choices are onnx/],
  ];
  for (const [args, message] of cases) {
    await assert.rejects(run(...args), (error: Error) => {
      assert.match(error.message, message);
      return error instanceof CommanderError || exitCode(error) === EXIT.usage;
    });
  }
});
