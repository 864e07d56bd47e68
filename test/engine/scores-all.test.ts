import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Manifest, type Recipe, run } from "../../index.ts";
import { type Ask, openLedger } from "./ask-ledger.ts";
import { digests, prose, runRecipe, sluice, tempDir, writePages, writeRecipe } from "./harness.ts";

const fixture = (name: string) => join(import.meta.dirname, "..", "fixtures", name);

/** Drops pages with few lines, writes text anew, drops pages of few words, and duplicates. */
const STAGES: Recipe["stages"] = [
  { use: fixture("count-lines.ts"), with: { min: 8 } },
  { use: fixture("cut-digits.ts"), with: { maxShare: 0.012 } },
  { use: "gopher-quality", with: { minWords: 110, minAlphabeticWords: 0, minStopWords: 0 } },
  { use: "exact-dedup" },
  { use: "minhash-dedup" },
];

/** Every fifth page is too short for the first stage, and for the third. */
function writeMixedPages(dir: string): void {
  writePages(dir, { files: 2, pages: 60, edit: (text, n) => (n % 5 === 3 ? prose(n % 15, 60) : text) });
}

const recipeOf = (dir: string, out: string, fields: Partial<Recipe> = {}): Recipe => ({
  source: { use: "jsonl", with: { files: ["*.jsonl"], spanBytes: 8192 } },
  stages: STAGES,
  sink: { use: "jsonl", with: { dir: join(dir, out) } },
  scores: "all",
  ...fields,
});

const dataOf = (manifest: Manifest) => digests(manifest).filter((line) => line.startsWith("data/"));
const options = (dir: string) => ({ baseDir: dir, cache: false, supervise: false, workers: 1 }) as const;

test("with scores: all the output is the same, pages keep their verdicts, and later stages have measured them", async () => {
  const dir = tempDir();
  writeMixedPages(dir);
  const reached = await run(recipeOf(dir, "reached", { scores: "reached" }), options(dir));
  const all = await run(recipeOf(dir, "all"), options(dir));
  assert.deepEqual(dataOf(all), dataOf(reached));
  assert.deepEqual(all.counts, reached.counts);
  assert.equal(all.id, reached.id, "what is measured beside does not make another result");
  const [ask, askReached] = [await openLedger(join(dir, "all")), await openLedger(join(dir, "reached"))];
  const pages = "select * from pages";
  assert.deepEqual(await ask(pages), await askReached(pages));
  assert.deepEqual(await stagesMeasuring(ask, "count-lines"), ["count-lines", "cut-digits", "gopher-quality"]);
  assert.deepEqual(await stagesMeasuring(askReached, "count-lines"), ["count-lines"]);
  // A later filter sees what the rewriter made of the text, and its own drop does not end the way either.
  const ends = await ask(
    "select e.outcome, count(*) n from ends e join pages p using (id) where p.stage = 'count-lines' group by all",
  );
  assert.deepEqual(ends, [{ outcome: "kept", n: all.counts.droppedBy["count-lines"]!["too-few-lines"] }]);
  assert.deepEqual(
    await ask(
      "select count(*) n from ends e join pages p using (id) where e.textBytes < p.textBytes and p.stage = 'count-lines'",
    ),
    [{ n: all.counts.droppedBy["count-lines"]!["too-few-lines"] }],
  );
});

async function stagesMeasuring(ask: Ask, droppedBy: string): Promise<unknown[]> {
  const rows = await ask(
    `select distinct s.stage from scores s join pages p using (id) where p.stage = '${droppedBy}' order by all`,
  );
  return rows.map(({ stage }) => stage);
}

test("with scores: all, one worker and three, fresh and from what others left, leave the same bytes", async () => {
  const dir = tempDir();
  writeMixedPages(dir);
  const one = await run(recipeOf(dir, "one"), options(dir));
  const three = await run(recipeOf(dir, "three"), { ...options(dir), workers: 3 });
  assert.deepEqual(digests(three), digests(one));
  // What the first two stages leave, the way of dropped pages included, is gone on from.
  const sharing = { ...options(dir), cache: join(dir, "cache"), sharedAfter: [1, 2] };
  const first = STAGES!.slice(0, 2);
  const begun = await run(recipeOf(dir, "begun", { stages: first }), sharing);
  assert.ok(begun.measured.work.read > 1);
  const gone = await run(recipeOf(dir, "gone"), sharing);
  assert.equal(gone.measured.work.read, 0);
  assert.equal(gone.measured.work.extracted, begun.measured.work.read);
  assert.deepEqual(digests(gone), digests(one));
  // … by a run that measures all; another one starts anew.
  const reached = await run(recipeOf(dir, "reached", { scores: "reached" }), sharing);
  assert.equal(reached.measured.work.extracted, 0);
  assert.deepEqual(dataOf(reached), dataOf(one));
  const again = await run(recipeOf(dir, "again"), sharing);
  assert.deepEqual(again.measured.work, { read: 0, extracted: 0, reused: begun.measured.work.read });
  assert.deepEqual(digests(again), digests(one));
});

test("a finished run that measured what was reached is not taken for one that measured all", async () => {
  const dir = tempDir();
  writePages(dir, { files: 1, pages: 6 });
  await run(recipeOf(dir, "out", { scores: "reached" }), options(dir));
  await assert.rejects(run(recipeOf(dir, "out"), options(dir)), /another recipe or other inputs/);
});

test("what harms a page behind its drop ends its way there, and costs it nothing else", async () => {
  const dir = tempDir();
  writePages(dir, {
    files: 1,
    pages: 12,
    edit: (text, n) =>
      n === 4 ? `${prose(4, 24)} POISON` : n === 8 ? `${prose(8, 24)} SPLIT` : n === 9 ? prose(9, 24) : text,
  });
  const recipe = (how: string, scores: "all" | "reached", dir_: string) => ({
    ...recipeOf(dir, dir_, { scores }),
    stages: [
      { use: fixture("count-lines.ts"), with: { min: 8 } },
      { use: fixture("split-marked.ts") },
      { use: fixture("poison.ts"), with: { how } },
      { use: "exact-dedup" },
    ],
    limits: { pageSeconds: 1 },
  });
  const reached = await run(recipe("throw", "reached", "reached"), options(dir));
  for (const how of ["throw", "hang"]) {
    const all = await run(recipe(how, "all", how), options(dir));
    assert.deepEqual(dataOf(all), dataOf(reached));
    assert.deepEqual(all.counts, reached.counts);
    const ask = await openLedger(join(dir, how));
    const ends = await ask(
      "select p.url, e.outcome, e.stage, e.reason from ends e join pages p using (id) where p.stage = 'count-lines'",
    );
    assert.deepEqual(ends, [
      {
        url: "https://example.org/4",
        outcome: "quarantined",
        stage: "poison",
        reason: how === "throw" ? "threw" : "deadline",
      },
      { url: "https://example.org/8", outcome: "unknown", stage: "split-marked", reason: "split" },
      { url: "https://example.org/9", outcome: "kept", stage: "", reason: "" },
    ]);
  }
});

test("a run with scores: all that is killed goes on and leaves the same bytes", async () => {
  const dir = tempDir();
  writeMixedPages(dir);
  const recipe = writeRecipe(dir, { stages: [...STAGES!] });
  const flags = ["--scores", "all", "--cache", "off"];
  const undisturbed = await runRecipe(recipe, dir, [...flags, "--workers", "2"]);
  for (const failpoint of ["write@4"]) {
    rmSync(join(dir, "out"), { recursive: true });
    const killed = await sluice(["run", recipe, ...flags, "--workers", "1"], {
      cwd: dir,
      env: { SLUICE_FAILPOINT: failpoint },
    });
    assert.equal(killed.signal, "SIGKILL", killed.stderr);
    const resumed = await runRecipe(recipe, dir, [...flags, "--workers", "2"]);
    assert.deepEqual(digests(resumed), digests(undisturbed));
  }
});
