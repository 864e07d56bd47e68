import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { CommanderError } from "commander";
import { FastTextScorer, loadFastTextModel } from "../../classifiers/index.ts";
import { classifierCommand } from "../../pipeline/cli/classifier.ts";
import { EXIT, exitCode } from "../../pipeline/errors.ts";
import { hashFile } from "../../pipeline/io/durable.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { tempDir } from "./harness.ts";

const DIR = tempDir();
const CLI = join(import.meta.dirname, "..", "..", "bin", "sluice.js");
// Test files have a process of their own each.
process.chdir(DIR);

const WORDS = {
  river: "water gravel gold sand sluice pan".split(" "),
  city: "bus tower street office shop bridge".split(" "),
};
const SHARED_WORDS = "the of and a to in with for".split(" ");

/** A text of its label's words and of words that all have; one in ten says nothing of its label. */
function textOf(label: keyof typeof WORDS, random: () => number): string {
  const words = random() < 0.1 ? SHARED_WORDS : [...WORDS[label], ...SHARED_WORDS];
  return Array.from({ length: 8 }, () => words[Math.floor(random() * words.length)]!).join(" ");
}

function rows(seed: number, count: number) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, n) => {
    const label = random() < 0.4 ? "river" : "city";
    return { id: `page-${n}`, label, text: textOf(label, random) };
  });
}

const write = (file: string, lines: readonly unknown[]) =>
  writeFileSync(file, lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));

const TRAIN = rows(1, 600);
const TEST = rows(2, 400);
write("train.jsonl", TRAIN);
write("test.jsonl", TEST);
write(
  "test.txt",
  TEST.map(({ label, text }) => `__label__${label} ${text}`),
);
const TUTORIAL = "data/classifier/fasttext-tutorial";
const QUICK = ["--dim", "8", "--epochs", "10", "--learning-rate", "0.5"];

/** `sluice classifier …` in this process, which spares its start; what it logs. */
async function run(...args: string[]): Promise<string> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (line: string) => lines.push(line);
  try {
    await classifierCommand().exitOverride().parseAsync(args, { from: "user" });
  } finally {
    console.log = log;
  }
  return lines.join("\n");
}

const json = async (...args: string[]) => JSON.parse(await run(...args, "--json"));

/** What a command says that has to fail, and its exit code. */
async function failure(...args: string[]): Promise<{ code: number; message: string }> {
  const { write } = process.stderr;
  process.stderr.write = () => true; // Commander prints what it throws.
  try {
    await run(...args);
  } catch (error) {
    const { message } = error as Error;
    return { code: error instanceof CommanderError ? EXIT.usage : exitCode(error), message };
  } finally {
    process.stderr.write = write;
  }
  return { code: EXIT.done, message: "" };
}

async function predictions(...args: string[]) {
  await run("predict", ...args, "--out", "predicted.jsonl");
  return readFileSync("predicted.jsonl", "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string; labels: { label: string; probability: number }[] });
}

await run("train", "--out", "model.bin", ...QUICK, "train.jsonl");

test("training writes a model and a report of what it was made of and what it is worth", async () => {
  const report = JSON.parse(readFileSync("model.json", "utf8"));
  assert.deepEqual(report.model, await hashFile("model.bin"));
  assert.deepEqual(report.data, [{ file: "train.jsonl", ...(await hashFile("train.jsonl")) }]);
  assert.equal(report.texts.trained + report.texts.heldOut, 600);
  assert.ok(Math.abs(report.texts.heldOut - 60) < 25);
  const of = (label: string) => report.labels[label];
  assert.equal(of("river") + of("city"), report.texts.trained);
  const { precision, documents } = report.heldOut;
  assert.equal(documents, report.texts.heldOut);
  assert.ok(precision.value > 0.85 && precision.low < precision.value && precision.value < precision.high);
  assert.equal(report.options.epochs, 10);
  assert.deepEqual(
    readdirSync(DIR).filter((file) => file.endsWith(".tmp")),
    [],
  );
});

test("the same texts, options and seed give the same bytes; another seed does not", async () => {
  await run("train", "--out", "again.bin", ...QUICK, "train.jsonl");
  assert.deepEqual(readFileSync("again.bin"), readFileSync("model.bin"));
  assert.equal(readFileSync("again.json", "utf8"), readFileSync("model.json", "utf8"));
  await run("train", "--out", "again.bin", "--force", "--seed", "1", ...QUICK, "train.jsonl");
  assert.notDeepEqual(readFileSync("again.bin"), readFileSync("model.bin"));
});

test("lines of fastText, JSON Lines, gzip and --as say the same", async () => {
  const lines = TRAIN.map(({ label, text }) => `__label__${label} ${text}`);
  write("train.txt", lines);
  writeFileSync("train.jsonl.gz", gzipSync(readFileSync("train.jsonl")));
  write(
    "renamed.jsonl",
    TRAIN.map(({ label, text }) => ({ page: { body: text }, kind: [`__label__${label}`] })),
  );
  for (const args of [
    ["train.txt"],
    ["train.jsonl.gz"],
    ["--text-field", "page.body", "--label-field", "kind", "renamed.jsonl"],
    ["-", "--jsonl"],
  ]) {
    if (args[0] === "-")
      await piped(readFileSync("train.jsonl"), "train", "--out", "same.bin", "--force", ...QUICK, ...args);
    else await run("train", "--out", "same.bin", "--force", ...QUICK, ...args);
    assert.deepEqual(readFileSync("same.bin"), readFileSync("model.bin"), args.join(" "));
  }
  const sorted = TRAIN.toSorted((a, b) => (a.label < b.label ? -1 : 1));
  for (const kind of ["river", "city"])
    write(
      `${kind}.jsonl`,
      sorted.filter(({ label }) => label === kind),
    );
  await run("train", "--out", "as.bin", ...QUICK, "--as", "river=river.jsonl", "--as", "city=city.jsonl");
  const { heldOut, texts } = JSON.parse(readFileSync("as.json", "utf8"));
  assert.equal(texts.heldOut, JSON.parse(readFileSync("model.json", "utf8")).texts.heldOut, "by text, not by place");
  assert.ok(heldOut.precision.value > 0.85, "files that are sorted by label are shuffled");
});

test("labels may be numbers, truths and lists; texts with line ends are one text", async () => {
  const kinds = [1, true, ["a", "b"], "1"];
  write(
    "kinds.jsonl",
    Array.from({ length: 40 }, (_, n) => ({ label: kinds[n % 4], text: `word${n % 4}\nline ${n}` })),
  );
  const { labels, texts } = await json("train", "--out", "kinds.bin", "--dim", "4", "--held-out", "0", "kinds.jsonl");
  assert.deepEqual(labels, { 1: 20, a: 10, b: 10, true: 10 });
  assert.equal(texts.trained, 40);
});

test("copies of a text are told and lie on one side, and so are contradictions", async () => {
  const copies = Array.from({ length: 5 }, (_, copy) =>
    TRAIN.slice(0, 100).map(({ text, label }) => ({
      label: copy === 4 ? "other" : label,
      text: copy === 3 ? ` ${text}\n` : text,
    })),
  ).flat();
  write("copies.jsonl", copies);
  const distinct = new Set(TRAIN.slice(0, 100).map(({ text }) => text)).size;
  const { texts } = await json("train", "--out", "copies.bin", "--dim", "4", "--held-out", "0.3", "copies.jsonl");
  assert.equal(texts.duplicates, 500 - distinct);
  assert.ok(texts.contradictions >= 100);
  assert.ok(texts.heldOut % 5 === 0, "five copies each");
});

test("a model whose name ends in .ftz is quantised, and measured as it is", async () => {
  const random = seededRandom(3);
  const many = TRAIN.map(({ label, text }) => ({ label, text: `${text} w${Math.floor(random() * 1000)}` }));
  write("many.jsonl", many);
  await run("train", "--out", "many.bin", ...QUICK, "many.jsonl");
  await run("train", "--out", "many.ftz", "--force", "--kept-rows", "300", ...QUICK, "many.jsonl");
  const small = loadFastTextModel("many.ftz");
  assert.deepEqual([small.input.kind, small.input.rows], ["quantised", 300]);
  assert.ok(statSync("many.ftz").size < statSync("many.bin").size);
  const { options, heldOut } = JSON.parse(readFileSync("many.json", "utf8"));
  assert.equal(options.keptRows, 300);
  assert.ok(heldOut.precision.value > 0.85);
  assert.match(
    (await failure("train", "--out", "no.bin", "--kept-rows", "9", "many.jsonl")).message,
    /end the name .* in \.ftz/,
  );
});

test("predict tells the likeliest labels with the scorer's probabilities", async () => {
  const scorer = new FastTextScorer(loadFastTextModel("model.bin"));
  const found = await predictions("model.bin", "test.jsonl", "--k", "2");
  assert.equal(found.length, TEST.length);
  for (const [n, { id, labels }] of found.entries()) {
    assert.equal(id, `page-${n}`);
    assert.deepEqual(labels, scorer.predict(TEST[n]!.text, 2));
  }
  const ofLines = await predictions("model.bin", "test.txt", "--k", "2");
  assert.deepEqual(
    ofLines.map(({ labels }) => labels),
    found.map(({ labels }) => labels),
  );
  assert.equal(ofLines[4]!.id, "test.txt:5");
});

test("thresholds leave labels out: for all, or for a label of its own", async () => {
  const all = await predictions("model.bin", "test.jsonl", "--k", "2");
  const expected = (passes: (label: string, p: number) => boolean) =>
    all.map(({ labels }) => labels.filter(({ label, probability }) => passes(label, probability)));
  for (const [args, passes] of [
    [["--threshold", "0.7"], (_: string, p: number) => p >= 0.7],
    [["--threshold", "river=0.2"], (label: string, p: number) => label === "river" && p >= 0.2],
    [
      ["--threshold", "0.9", "--threshold", "__label__river=0.2"],
      (label: string, p: number) => p >= (label === "river" ? 0.2 : 0.9),
    ],
  ] as const) {
    const found = await predictions("model.bin", "test.jsonl", ...args);
    assert.deepEqual(
      found.map(({ labels }) => labels),
      expected(passes),
      args.join(" "),
    );
  }
  const one = await predictions("model.bin", "test.jsonl", "--threshold", "0.2", "--k", "1");
  assert.ok(one.every(({ labels }) => labels.length <= 1));
});

test("predict reads standard input and writes lines to standard output", async () => {
  const out = await piped(readFileSync("test.jsonl"), "predict", "model.bin", "-", "--jsonl");
  const labels = out
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).labels[0].label);
  const expected = (await predictions("model.bin", "test.jsonl")).map(({ labels }) => labels[0]!.label);
  assert.deepEqual(labels, expected);
});

test("eval counts what predict says", async () => {
  const predicted = (await predictions("model.bin", "test.jsonl")).map(({ labels }) => labels[0]!.label);
  const right = predicted.filter((label, n) => label === TEST[n]!.label).length;
  for (const file of ["test.jsonl", "test.txt"]) {
    const found = await json("eval", "model.bin", file);
    assert.equal(found.documents, TEST.length);
    assert.equal(found.precision.value, right / TEST.length);
    const river = found.labels.find(({ label }: { label: string }) => label === "river");
    const given = predicted.filter((label) => label === "river").length;
    assert.deepEqual([river.actual, river.predicted], [TEST.filter(({ label }) => label === "river").length, given]);
    assert.ok(river.rocAuc > 0.9);
    assert.equal(
      found.calibration.bins.reduce((sum: number, bin: { documents: number }) => sum + bin.documents, 0),
      400,
    );
  }
  assert.match(await run("eval", "model.bin", "test.jsonl"), /precision at 1 {2}0\.\d{3} {2}0\.\d{3} … 0\.\d{3}/);
});

test("a threshold is chosen on one half and told of the other; the curve is every cut", async () => {
  const aims = ["precision=0.95", "recall=0.9", "f1", "share=0.2"].flatMap((aim) => ["--choose", aim]);
  const found = await json(
    "eval",
    "model.bin",
    "test.jsonl",
    "--label",
    "river",
    ...aims,
    "--threshold",
    "0.5",
    "--curve",
    "curve.csv",
  );
  const scores = (await predictions("model.bin", "test.jsonl", "--k", "2")).map(
    ({ labels }) => labels.find(({ label }) => label === "river")!.probability,
  );
  const kept = (threshold: number) => scores.filter((score) => score >= threshold).length;
  const [precision, recall, f1, share] = found.choices;
  assert.ok(precision.chosenOn.precision >= 0.95);
  assert.ok(recall.chosenOn.recall >= 0.9);
  assert.ok(f1.chosenOn.f1 >= precision.chosenOn.f1);
  assert.ok(Math.abs(share.chosenOn.share - 0.2) < 0.02);
  for (const { threshold, chosenOn, otherHalf } of found.choices) {
    assert.equal(chosenOn.documents + otherHalf.documents, TEST.length);
    const together = chosenOn.share * chosenOn.documents + otherHalf.share.value * otherHalf.documents;
    assert.equal(Math.round(together), kept(threshold));
    assert.ok(
      otherHalf.precision.low <= otherHalf.precision.value && otherHalf.precision.value <= otherHalf.precision.high,
    );
  }
  assert.equal(Math.round(found.thresholds[0].share.value * TEST.length), kept(0.5));

  const [heading, ...curve] = readFileSync("curve.csv", "utf8").trimEnd().split("\n");
  assert.equal(heading, "threshold,true_positives,false_positives,precision,recall,f1,share");
  assert.equal(curve.length, new Set(scores).size);
  for (const row of curve) {
    const [threshold, truePositives, falsePositives] = row.split(",").map(Number);
    assert.equal(truePositives! + falsePositives!, kept(threshold!));
  }
  assert.match(
    await run("eval", "model.bin", "test.jsonl", "--label", "river", ...aims),
    /precision=0\.95 .* the other half/,
  );
});

test("a share that no threshold keeps is told", async () => {
  write(
    "equal.jsonl",
    Array.from({ length: 100 }, (_, n) => ({
      label: n < 50 ? "river" : "city",
      text: `${TEST[n % 3]!.text} unknown${n}`,
    })),
  );
  const told = await run("eval", "model.bin", "equal.jsonl", "--label", "river", "--choose", "share=0.01");
  assert.match(told, /note: no threshold up to 1 comes nearer to share=0\.01 than 0\.\d+/);
});

test("texts may have another name for a label", async () => {
  write(
    "judged.jsonl",
    TEST.map(({ label, text }) => ({ label: label === "river" ? 1 : 0, text })),
  );
  const renamed = await json("eval", "model.bin", "judged.jsonl", "--label", "river", "--gold", "1");
  const own = await json("eval", "model.bin", "test.jsonl", "--label", "river");
  assert.equal(renamed.rocAuc.value, own.rocAuc.value);
  const { message, code } = await failure("eval", "model.bin", "judged.jsonl", "--label", "river");
  assert.equal(code, EXIT.failed);
  assert.match(
    message,
    /judged\.jsonl: found 0 texts with the label "river" and 400 without \(labels: [01], [01]\); expected both/,
  );
});

test("what is there is not replaced, unless asked", async () => {
  const before = readFileSync("model.bin");
  const { code, message } = await failure("train", "--out", "model.bin", ...QUICK, "--seed", "9", "train.jsonl");
  assert.equal(code, EXIT.usage);
  assert.match(message, /model\.bin is there; choose another name, or give --force/);
  assert.deepEqual(readFileSync("model.bin"), before);
  write("data.json", TRAIN);
  const own = await failure("train", "--out", "data.bin", "--force", ...QUICK, "--jsonl", "data.json");
  assert.match(own.message, /data\.json is an input/);
  assert.ok(!existsSync("data.bin"));
});

test("mistakes are told with their place and what to do", async () => {
  write("bad.jsonl", [TRAIN[0], "{"]);
  write("no-text.jsonl", [{ label: "a" }]);
  write("no-label.jsonl", [TRAIN[0], { text: "x" }]);
  write("spaced.jsonl", [{ label: "a b", text: "x" }]);
  write(
    "one.jsonl",
    TRAIN.filter(({ label }) => label === "city"),
  );
  write("empty.jsonl", []);
  write("plain.txt", ["no label here", "nor here"]);
  mkdirSync("folder.bin");
  const out = ["--out", "never.bin"];
  for (const [args, says, code] of [
    [["train", ...out, "bad.jsonl"], /bad\.jsonl:2: found \{, expected a JSON object/, EXIT.failed],
    [["train", ...out, "no-text.jsonl"], /no-text\.jsonl:1: .*the string "text" \(--text-field/, EXIT.failed],
    [["train", ...out, "no-label.jsonl"], /no-label\.jsonl:2: found nothing as "label", expected a label/, EXIT.failed],
    [["train", ...out, "spaced.jsonl"], /spaced\.jsonl:1: found "a b" as "label", .*without spaces/, EXIT.failed],
    [["train", ...out, "one.jsonl"], /one\.jsonl: found \d+ texts with one label, "city", expected/, EXIT.failed],
    [["train", ...out, "empty.jsonl"], /empty\.jsonl: found no documents/, EXIT.usage],
    [["train", ...out, "plain.txt"], /plain\.txt: found no text with a label/, EXIT.failed],
    [["train", ...out, "absent.jsonl"], /absent\.jsonl: no such file/, EXIT.usage],
    [["train", ...out], /found no files; give labelled texts, or --as LABEL=FILE/, EXIT.usage],
    [
      ["train", "--out", "model", "train.jsonl"],
      /--out model: expected the name of a model, ending in \.bin/,
      EXIT.usage,
    ],
    [["train", "--out", "no/model.bin", "train.jsonl"], /found no folder no/, EXIT.usage],
    [["train", "--out", "folder.bin", "--force", "train.jsonl"], /--out: folder\.bin is a folder/, EXIT.usage],
    [
      ["train", ...out, "--held-out", "0.999999", "train.jsonl"],
      /--held-out 0\.999999: of \d+ texts none is left to train on; give a smaller share/,
      EXIT.usage,
    ],
    [
      ["train", ...out, "--dim", "1000000000", "train.jsonl"],
      /a matrix of \d+ vectors of 1000000000 numbers takes .* GB/,
      EXIT.usage,
    ],
    [["predict", "folder.bin", "test.jsonl"], /folder\.bin: found a folder, expected a fastText model/, EXIT.usage],
    [["train", ...out, "--held-out", "1", "train.jsonl"], /expected a share from 0 to below 1, found "1"/, EXIT.usage],
    [["train", ...out, "--as", "=x", "train.jsonl"], /expected label=file/, EXIT.usage],
    [["predict", "absent.bin", "test.jsonl"], /absent\.bin/, EXIT.usage],
    [["predict", "model.bin", "test.jsonl", "--threshold", "sea=0.5"], /has no label "sea" \(it has: /, EXIT.usage],
    [["predict", "model.bin", "test.jsonl", "--threshold", "2"], /expected a probability from 0 to 1/, EXIT.usage],
    [["eval", "model.bin", "test.jsonl", "--choose", "f1"], /--choose: is about one label; give it, too/, EXIT.usage],
    [["eval", "model.bin", "test.jsonl", "--label", "sea"], /has no label "sea" \(it has: /, EXIT.usage],
    [
      ["eval", "model.bin", "test.jsonl", "--label", "river", "--choose", "recall=2"],
      /expected precision=P/,
      EXIT.usage,
    ],
    [
      ["eval", "model.bin", "kinds.jsonl"],
      /no text with a label that model\.bin knows \(the texts have: 1, /,
      EXIT.failed,
    ],
  ] as const) {
    const found = await failure(...args);
    assert.match(found.message, says, args.join(" "));
    assert.equal(found.code, code, args.join(" "));
  }
  assert.ok(!existsSync("never.bin") && !existsSync("never.json"));
});

test("an aim that no threshold meets is told, and is no failure", async () => {
  // Labels that have nothing to do with the texts.
  write(
    "hopeless.jsonl",
    TEST.map(({ text }, n) => ({ label: n % 10 === 0 ? "river" : "city", text })),
  );
  const args = ["eval", "model.bin", "hopeless.jsonl", "--label", "river", "--choose", "precision=1"];
  assert.equal((await json(...args)).choices[0].threshold, null);
  assert.match(await run(...args), /note: no threshold gives precision=1/);
});

test("hostile texts get a line each", async () => {
  const texts = [
    "",
    " ",
    "\n\n",
    "\ud800",
    "</s>",
    "__label__city",
    "😀".repeat(1000),
    "مرحبا",
    "x".repeat(300_000),
    "\n".repeat(100_000),
  ];
  write(
    "hostile.jsonl",
    texts.map((text) => ({ text })),
  );
  const found = await predictions("model.bin", "hostile.jsonl", "--k", "2");
  assert.equal(found.length, texts.length);
  for (const { labels } of found) assert.ok(labels.every(({ probability }) => Number.isFinite(probability)));
});

test("precision and recall are what fastText's own predictions give", needsShared(TUTORIAL), async () => {
  const unzipped = (name: string) => gunzipSync(readFileSync(sharedPath(TUTORIAL, name)));
  const linesOf = (name: string) => unzipped(name).toString().trimEnd().split("\n");
  writeFileSync("cook_hs.bin", unzipped("cook_hs.bin.gz"));
  const known = new Set(loadFastTextModel("cook_hs.bin").labels);
  const expected = linesOf("cook_hs.bin.expected.jsonl.gz").map(
    (line) => JSON.parse(line) as { text: string; top5: [string, number][] },
  );
  const asked = new Map(
    linesOf("cooking.test.txt.gz").map((line) => [line.replace(/__label__\S+ /g, "").trim(), line]),
  );
  const pairs = expected.flatMap(({ text, top5 }) => {
    const question = asked.get(text.trim());
    return question === undefined ? [] : [{ question, predicted: top5.map(([label]) => label) }];
  });
  assert.ok(pairs.length > 400);
  const questions = pairs.map(({ question }) => question);
  const predicted = pairs.map((pair) => pair.predicted);
  write("cooking.txt", questions);
  const actual = questions.map((question) =>
    (question.match(/__label__\S+/g) ?? []).filter((label) => known.has(label.slice("__label__".length))),
  );
  const counted = actual.filter((labels) => labels.length > 0).length;
  for (const k of [1, 5]) {
    const hits = actual.map((labels, n) => predicted[n]!.slice(0, k).filter((label) => labels.includes(label)).length);
    const allHits = hits.reduce((sum, one) => sum + one, 0);
    const found = await json("eval", "cook_hs.bin", "cooking.txt", "--k", String(k));
    assert.equal(found.documents, counted);
    assert.equal(found.precision.value, allHits / (k * counted));
    assert.equal(found.recall.value, allHits / actual.flat().length);
    assert.equal(found.labels[0].rocAuc, undefined, "no curves for hundreds of labels");
  }
});

/** The command line itself, with bytes on standard input: bytes out. */
async function piped(input: Buffer, ...args: string[]): Promise<Buffer> {
  const child = spawn(process.execPath, [CLI, "classifier", ...args], { cwd: DIR, stdio: ["pipe", "pipe", "inherit"] });
  const out: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stdin.end(input);
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  return Buffer.concat(out);
}
