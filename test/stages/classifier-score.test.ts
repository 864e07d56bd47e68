import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Document } from "../../pipeline/document.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import classifierScore from "../../stages/annotate/classifier-score.ts";
import { modelBytes } from "../classifiers/fasttext-files.ts";
import { filterContract } from "../contracts/filter.ts";
import { FILES_CONTEXT } from "../shared.ts";

const dir = mkdtempSync(join(tmpdir(), "classifier-score-"));
after(() => rmSync(dir, { recursive: true }));
// "good" speaks for the label hq, "bad" for cc; "goodbad" is unknown.
writeFileSync(
  join(dir, "quality.bin"),
  modelBytes({
    loss: "softmax",
    words: ["good", "bad"],
    labels: [
      ["cc", 9],
      ["hq", 5],
    ],
    columns: 2,
    input: [
      [2, 0],
      [0, 2],
    ],
    output: [
      [0, 1],
      [1, 0],
    ],
  }),
);

const context = { resolvePath: (path: string) => join(dir, path), seed: 0 };
const base = { model: "quality.bin", label: "hq" };
type Params = Parameters<typeof classifierScore>[0];

async function judge(text: string, input: Params) {
  const { params } = classifierScore(input);
  const state = await classifierScore.setup!(params, context);
  const page: Document = { id: "", url: "", date: "", source: { file: "a", offset: 0, length: 0 }, text, tags: {} };
  const scores = classifierScore.score({ page, text, url: "", tags: {} }, params, state);
  return { scores, verdict: classifierScore.keep(scores, params), tags: classifierScore.tags!(scores, params) };
}

test("the score is the label's own probability, likeliest or not", async () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  for (const [text, expected] of [
    ["good", sigmoid(2)],
    ["bad", sigmoid(-2)],
    ["good bad", 0.5],
    ["what", 0],
  ] as const) {
    const { scores, tags, verdict } = await judge(text, { ...base, name: "quality" });
    assert.ok(Math.abs(scores.quality! - expected) < 2e-5, `${text}: ${scores.quality}`);
    assert.deepEqual(tags, scores);
    assert.deepEqual(verdict, { kept: true }, "without thresholds pages are only tagged");
  }
});

test("pages below min and above max are dropped; the ends are kept", () => {
  const { params } = classifierScore({ ...base, name: "p", min: 0.2, max: 0.9 });
  assert.deepEqual(classifierScore.keep({ p: 0.19 }, params), { kept: false, reason: "score-below", value: 0.19 });
  assert.deepEqual(classifierScore.keep({ p: 0.2 }, params), { kept: true });
  assert.deepEqual(classifierScore.keep({ p: 0.9 }, params), { kept: true });
  assert.deepEqual(classifierScore.keep({ p: 0.91 }, params), { kept: false, reason: "score-above", value: 0.91 });
});

test("line ends become spaces, or are taken out if asked", async () => {
  const { scores } = await judge("good\nbad", base);
  assert.ok(Math.abs(scores["classifier.score"]! - 0.5) < 2e-5);
  assert.deepEqual((await judge("good\nbad", { ...base, newlines: "glue" })).scores, { "classifier.score": 0 });
});

test("only the first maxChars count, and no character is cut in two", async () => {
  const full = await judge("good", base);
  assert.deepEqual((await judge("good bad bad", { ...base, maxChars: 5 })).scores, full.scores);
  assert.deepEqual((await judge("good 😀", { ...base, maxChars: 6 })).scores, full.scores);
});

test("several labels have scores and thresholds of their own", async () => {
  const labels = { ...base, label: ["hq", "cc"], name: "q" };
  const { scores, tags } = await judge("good", labels);
  assert.deepEqual(Object.keys(scores), ["q.hq", "q.cc"]);
  assert.deepEqual(tags, scores);
  assert.ok(Math.abs(scores["q.hq"]! + scores["q.cc"]! - 1) < 1e-4);
  const verdict = (thresholds: object) =>
    classifierScore.keep({ "q.hq": 0.9, "q.cc": 0.1 }, classifierScore({ ...labels, ...thresholds }).params);
  assert.deepEqual(verdict({ min: { hq: 0.9 }, max: { cc: 0.1 } }), { kept: true });
  assert.deepEqual(verdict({ max: { cc: 0.09 } }), { kept: false, reason: "score-above", value: 0.1 });
  assert.deepEqual(verdict({ min: { hq: 0.91 } }), { kept: false, reason: "score-below", value: 0.9 });
  assert.deepEqual(verdict({ min: 0.2 }), { kept: false, reason: "score-below", value: 0.1 }, "one for all");
});

test("paragraphs are scored one by one if asked", async () => {
  const page = "good\ngood\n\nbad\n \n\n\n";
  const [good, bad] = [await judge("good good", base), await judge("bad", base)].map(
    ({ scores }) => scores["classifier.score"]!,
  ) as [number, number];
  const scoreOf = async (combine: "max" | "mean" | "min") =>
    (await judge(page, { ...base, per: "paragraph", combine })).scores["classifier.score"];
  assert.equal(await scoreOf("max"), good);
  assert.equal(await scoreOf("min"), bad);
  assert.equal(await scoreOf("mean"), (good + bad) / 2);
  for (const combine of ["max", "mean", "min"] as const) {
    assert.deepEqual((await judge(" \n\n ", { ...base, per: "paragraph", combine })).scores, { "classifier.score": 0 });
  }
});

test("a page of a million paragraphs, or of a million line ends, is scored in linear time", async () => {
  for (const text of ["good\n\n".repeat(1e6), "\n".repeat(1e6), " \n".repeat(1e6), `good${" ".repeat(1e6)}`]) {
    const { scores } = await judge(text, { ...base, per: "paragraph", maxChars: 1e7 });
    assert.ok(Number.isFinite(scores["classifier.score"]));
  }
});

test("the model's path is resolved against the recipe and its file is part of what the stage is", () => {
  assert.deepEqual(classifierScore.files!(classifierScore(base).params, FILES_CONTEXT), ["quality.bin"]);
});

test("an unknown label or a missing model is an error that says what there is", async () => {
  await assert.rejects(judge("", { ...base, label: "high" }), (error) => {
    assert.ok(error instanceof RecipeError);
    assert.equal(error.message, 'classifier-score.label: quality.bin has no label "high" (it has: cc, hq)');
    return true;
  });
  await assert.rejects(judge("", { ...base, label: ["hq", "high"] }), /has no label "high"/);
  assert.throws(() => classifierScore({ ...base, min: { cc: 0.5 } }), {
    message: 'classifier-score.min: expected thresholds of labels that are asked for, found object ({"cc":0.5})',
  });
  await assert.rejects(judge("", { ...base, model: "none.bin" }), RecipeError);
});

filterContract(
  classifierScore,
  { ...base, model: join(dir, "quality.bin"), min: 0.3 },
  new Map([
    ["good", null],
    ["good bad", null],
    ["bad", "score-below"],
    ["what", "score-below"],
  ]),
);
