/** What a finished run can be asked, what it refuses, and what it says. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gopherQuality, type Recipe, registry, run } from "../../index.ts";
import type { Manifest } from "../../pipeline/manifest.ts";
import { whatIf } from "../../pipeline/what-if.ts";
import { prose, sluice, tempDir, writePages } from "./harness.ts";

/** A user's filter that cannot stand a threshold of 99. */
const FILTER = `import { defineFilter, drop, keep, z } from "sluice";

/** Drops pages that speak of too many nuggets. */
export default defineFilter({
  name: "few-nuggets",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({ max: z.int().default(3), word: z.string().default("nugget") }),
  thresholds: ["max"],
  needs: ["words"],
  score: ({ words }, { word }) => ({ nuggets: words.filter((one: string) => one === word).length }),
  keep: ({ nuggets }, { max }) => {
    if (max === 99 && nuggets % 2 === 1) throw new Error("odd");
    return nuggets > max ? drop("too-many-nuggets", nuggets) : keep;
  },
});
`;

const quality = gopherQuality({ minWords: 100, minAlphabeticWords: 0, minStopWords: 0 });

function writeInput(dir: string): void {
  writeFileSync(join(dir, "few-nuggets.ts"), FILTER);
  writePages(dir, { files: 1, pages: 40, edit: (text, n) => (n % 4 === 1 ? prose(n, 60) : text) });
}

async function runIn(dir: string, out: string, fields: Partial<Recipe> = {}): Promise<string> {
  const recipe: Recipe = {
    source: { use: "jsonl", with: { files: ["*.jsonl"] } },
    stages: [{ use: "./few-nuggets.ts", with: { max: 5 } }, quality],
    sink: { use: "jsonl", with: { dir: join(dir, out) } },
    scores: "all",
    dropped: "all",
    ...fields,
  };
  await run(recipe, { baseDir: dir, cache: false, supervise: false, workers: 1 });
  return join(dir, out);
}

const ask = (out: string, question: Record<string, unknown>) =>
  whatIf(out, new Map(Object.entries(question)), { registry });

test("questions that a finished run cannot answer are refused, and told what can be asked", async () => {
  const dir = tempDir();
  writeInput(dir);
  const out = await runIn(dir, "out");
  for (const [question, says] of [
    [{ "few-nugget.max": 3 }, /few-nugget\.max: found no such stage, .*\(stages: few-nuggets, gopher-quality\)/],
    [{ "few-nuggets.maximum": 3 }, /few-nuggets: no parameter "maximum" \(it has: max, word\)/],
    [{ "few-nuggets.max": "many" }, /few-nuggets\.max: expected .*found string \("many"\)/],
    [
      { "few-nuggets.word": "ore" },
      /needs a re-run: few-nuggets\.word is read while pages are measured \(can be asked: max\)/,
    ],
    [
      { "gopher-quality.stopWords": ["x"] },
      /needs a re-run: gopher-quality\.stopWords .*can be asked: minWords, maxWords/,
    ],
  ] as const) {
    await assert.rejects(ask(out, question), (error: Error) => {
      assert.equal(error.name, "RecipeError");
      assert.match(error.message, says);
      return true;
    });
  }
  writeFileSync(join(dir, "few-nuggets.ts"), FILTER.replace("nuggets > max", "nuggets >= max"));
  await assert.rejects(
    ask(out, { "gopher-quality.minWords": 50 }),
    /few-nuggets\.ts, or what it imports, is not what the run used/,
  );
  renameSync(join(dir, "few-nuggets.ts"), join(dir, "moved.ts"));
  await assert.rejects(ask(out, { "gopher-quality.minWords": 50 }), /few-nuggets\.ts, which the run used, is gone/);
});

test("stages that the ledger cannot tell apart are refused", async () => {
  const dir = tempDir();
  writeInput(dir);
  const twice = await runIn(dir, "twice", { stages: [quality, quality] });
  await assert.rejects(
    ask(twice, { "gopher-quality.minWords": 50 }),
    /two steps of the run are called "gopher-quality".*"as"/,
  );
  const named = await runIn(dir, "named", { stages: [quality, { ...quality, as: "again" }] });
  const { changes } = await ask(named, { "again.minWords": 120, "gopher-quality.minWords": 0 });
  assert.deepEqual(
    changes.map(({ stage, from, to }) => [stage, from, to]),
    [
      ["gopher-quality", 100, 0],
      ["again", 100, 120],
    ],
  );
});

test("a ledger that is not the run's is refused", async () => {
  const dir = tempDir();
  writeInput(dir);
  const out = await runIn(dir, "out");
  const other = await runIn(dir, "other", { stages: [{ use: "./few-nuggets.ts", with: { word: "ore" } }, quality] });
  const scores = (run: string) => join(run, "ledger", "scores.parquet");
  const manifestOf = (run: string) => JSON.parse(readFileSync(join(run, "manifest.json"), "utf8")) as Manifest;
  copyFileSync(scores(other), scores(out));
  await assert.rejects(ask(out, {}), {
    name: "FormatError",
    message: /scores\.parquet: damaged.*running again makes it/,
  });

  // With the other file's digest, too, it is still not the run's.
  const manifest = manifestOf(out);
  const isScores = ({ path }: { path: string }) => path === "ledger/scores.parquet";
  const artifacts = manifest.artifacts.map((one) =>
    isScores(one) ? manifestOf(other).artifacts.find(isScores)! : one,
  );
  writeFileSync(join(out, "manifest.json"), JSON.stringify({ ...manifest, artifacts }));
  await assert.rejects(ask(out, {}), (error: Error) => {
    assert.equal(error.name, "FormatError");
    assert.match(error.message, /page [0-9a-f]{32} \(row \d+\) is recorded as .*, but its scores give .*run again/);
    return true;
  });
});

test("where a threshold makes a filter throw, pages are quarantined, as in a run", async () => {
  const dir = tempDir();
  writeInput(dir);
  const out = await runIn(dir, "out");
  const { after } = await ask(out, { "few-nuggets.max": 99 });
  const truth = await runIn(dir, "truth", { stages: [{ use: "./few-nuggets.ts", with: { max: 99 } }, quality] });
  const { counts } = JSON.parse(readFileSync(join(truth, "manifest.json"), "utf8"));
  assert.ok(counts.quarantined > 0);
  assert.deepEqual(JSON.parse(JSON.stringify(after.quarantinedBy)), counts.quarantinedBy);
  assert.deepEqual(JSON.parse(JSON.stringify(after.droppedBy)), counts.droppedBy);
  assert.deepEqual(after.funnel, counts.funnel);
  assert.deepEqual([after.kept, after.textBytes, after.tokens], [counts.kept, counts.textBytes, counts.tokens]);
  // Asked of the run in which it threw, only what was judged there is known.
  const back = await ask(truth, { "few-nuggets.max": 5 });
  assert.equal(back.after.unknown, counts.quarantined);
});

test("the command tells counts, pages that change sides with scores and text, and writes every page", async () => {
  const dir = tempDir();
  writeInput(dir);
  await runIn(dir, "out");
  const args = [
    "what-if",
    "out",
    "--set",
    "gopher-quality.minWords=50",
    "--set",
    "few-nuggets.max=4",
    "--examples",
    "2",
  ];
  const { code, stdout, stderr } = await sluice([...args, "--pages", "pages.jsonl"], { cwd: dir });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^gopher-quality\.minWords: 100 → 50$/m);
  assert.match(stdout, /^few-nuggets\.max: 5 → 4$/m);
  assert.match(stdout, /after few-nuggets +\d+ +\d+ +−\d+/);
  assert.match(stdout, /^newly kept: \d+ \(.*\), before dropped by gopher-quality too-few-words \d+$/m);
  assert.match(stdout, /^newly dropped: \d+ \(.*\), by few-nuggets too-many-nuggets \d+$/m);
  assert.match(stdout, /https:\/\/example\.org\/\d+ .*\n +gopher-quality: too-few-words \d+ of tokens .*\n +“[A-Z]/);
  const lines = readFileSync(join(dir, "pages.jsonl"), "utf8").trim().split("\n");
  const pages = lines.map((line) => JSON.parse(line));
  assert.equal(pages.length, 40);
  const entered = pages.find(({ outcome, was }) => outcome === "kept" && was !== undefined);
  assert.deepEqual(entered.was, { outcome: "dropped", stage: "gopher-quality", reason: "too-few-words" });
  const bad = await sluice(["what-if", "out", "--set", "gopher-quality.minWords"], { cwd: dir });
  assert.equal(bad.code, 2);

  const asking = (set: string, file: string) => sluice(["what-if", "out", "--set", set, "--pages", file], { cwd: dir });
  const manifest = readFileSync(join(dir, "out", "manifest.json"));
  const own = await asking("gopher-quality.minWords=50", "out/manifest.json");
  assert.match(own.stderr, /--pages out\/manifest\.json: lies in the folder of the run/);
  assert.deepEqual(readFileSync(join(dir, "out", "manifest.json")), manifest);
  assert.equal((await asking("gopher-quality.minWords=few", "pages.jsonl")).code, 2);
  assert.equal(
    readFileSync(join(dir, "pages.jsonl"), "utf8").trim().split("\n").length,
    40,
    "a mistake replaces nothing",
  );
  assert.match((await asking("gopher-quality.minWords=50", "no/pages.jsonl")).stderr, /found no folder no; make it/);
});

test("what would have happened behind a drop is told: harm as in a run, a split as unknown", async () => {
  const dir = tempDir();
  const edit = (text: string, n: number) => (n % 4 === 0 ? `${prose(n, 24)} ${["POISON", "SPLIT", ""][n % 3]}` : text);
  writePages(dir, { files: 1, pages: 24, edit });
  const fixture = (name: string) => join(import.meta.dirname, "..", "fixtures", name);
  const stages = (min: number): Recipe["stages"] => [
    { use: fixture("count-lines.ts"), with: { min } },
    { use: fixture("split-marked.ts") },
    { use: fixture("poison.ts"), with: { how: "throw" } },
  ];
  const out = await runIn(dir, "out", { stages: stages(8) });
  const { before, after, unknown } = await ask(out, { "count-lines.min": 0 });
  assert.deepEqual([before.dropped, after.kept, after.unknown], [6, 20, 2]);
  assert.deepEqual(JSON.parse(JSON.stringify(after.quarantinedBy)), { poison: { threw: 2 } });
  assert.deepEqual(JSON.parse(JSON.stringify(unknown)), { split: { dropped: 2 } });
  const truth = await runIn(dir, "truth", { stages: stages(0) });
  const { counts } = JSON.parse(readFileSync(join(truth, "manifest.json"), "utf8"));
  assert.deepEqual(counts.quarantinedBy, { poison: { threw: 2 } });
  assert.equal(counts.kept, 20 + 2 * 2, "two pages became four");
  // The other way round the four parts are told, where a run has the two pages.
  const tightened = await ask(truth, { "count-lines.min": 8 });
  assert.deepEqual(JSON.parse(JSON.stringify(tightened.after.droppedBy)), { "count-lines": { "too-few-lines": 8 } });
  assert.equal(tightened.after.kept, before.kept);
});
