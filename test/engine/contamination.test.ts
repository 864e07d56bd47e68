import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { registry } from "../../index.ts";
import { contaminationOf } from "../../pipeline/cli/contamination/report.ts";
import { manifestId } from "../../pipeline/manifest.ts";
import { checkRecipe } from "../../pipeline/recipe.ts";
import { whatIf } from "../../pipeline/what-if.ts";
import { tellWhy } from "../../pipeline/why.ts";
import { prose, runRecipe, sluice, tempDir, writePages, writeRecipe } from "./harness.ts";

/** Pages of which every tenth holds item n / 10, and a recipe that takes items out of them. */
function leakyCrawl(decontaminate: object): { dir: string; recipe: string } {
  const dir = tempDir();
  const items = Array.from({ length: 8 }, (_, n) => prose(1000 + n, 24).replaceAll("\n", " "));
  const rows = items.map((question, n) => ({ question, answer: `It is ${n}.` }));
  // Of six words.
  rows.push({ question: "Too short?", answer: "So it seems." });
  writeFileSync(join(dir, "math.json"), JSON.stringify(rows));
  writePages(dir, { pages: 40, edit: (text, n) => (n % 10 === 5 ? `${text} ${items[(n - 5) / 10]} ${text}` : text) });
  const stages = [{ use: "decontaminate", with: { evals: ["math.json"], ...decontaminate } }];
  return { dir, recipe: writeRecipe(dir, { stages }) };
}

test("a run drops what holds items, and the report tells of every set and item", async () => {
  const { dir, recipe } = leakyCrawl({});
  const { counts, ...manifest } = await runRecipe(recipe, dir);
  assert.deepEqual(counts.droppedBy, { decontaminate: { contaminated: 8 } });
  const out = join(dir, "out");
  const [report] = await contaminationOf(out, 3);
  assert.deepEqual(report!.pages, { searched: 80, contaminated: 8, dropped: 8, masked: 0 });
  assert.deepEqual(report!.suites, [{ suite: "math", items: 9, unsearched: 1, contaminated: 8, pages: 8 }]);
  assert.deepEqual(
    report!.items.map(({ id, pages, urls }) => [id, pages, urls]),
    Array.from({ length: 8 }, (_, n) => [`math#${n + 1}`, 1, [`https://example.org/${10 * n + 5}`]]),
  );
  const { stories } = await tellWhy(out, "https://example.org/15");
  assert.deepEqual(
    stories[0]!.scores.map(({ name }) => name),
    ["items", "passages", "chars", "math#2"],
  );
  const { stdout } = await sluice(["contamination", "out", "--items", "2"], { cwd: dir });
  assert.match(stdout, /8 of 80 pages hold items of evaluation sets, 8 dropped/);
  assert.match(stdout, /math +9 +1 +8 +100\.0 % +8/);
  assert.match(stdout, /… and 6 more/);
  // What the run found is known, how much there was of it is not.
  writeFileSync(join(dir, "math.json"), `${readFileSync(join(dir, "math.json"), "utf8")} `);
  const [later] = await contaminationOf(out, 3);
  assert.match(later!.unknown ?? "", /math\.json is not what the run used/);
  assert.deepEqual(later!.suites, [{ suite: "math", contaminated: 8, pages: 8 }]);
  // Another run.
  const identity = { ...manifest.identity, stages: [] };
  writeFileSync(
    join(out, "manifest.json"),
    JSON.stringify({ ...manifest, counts, identity, id: manifestId(identity) }),
  );
  await assert.rejects(contaminationOf(out, 3), /no stage of this run is "decontaminate" \(stages: none\)/);
});

test("what-if asks a masking run for other numbers of cuts; a set that changed makes another run", async () => {
  const { dir, recipe } = leakyCrawl({ action: "mask", maskChars: 20 });
  const { counts, id } = await runRecipe(recipe, dir);
  assert.deepEqual([counts.kept, counts.dropped], [80, 0]);
  const out = join(dir, "out");
  assert.deepEqual((await contaminationOf(out, 3))[0]!.pages, { searched: 80, contaminated: 8, dropped: 0, masked: 8 });
  const ask = (name: string, value: number) => whatIf(out, new Map([[`decontaminate.${name}`, value]]), { registry });
  const { after, leaving, unknown } = await ask("maxCuts", 0);
  assert.deepEqual([after.dropped, leaving.pages, Object.keys(unknown)], [8, 8, []]);
  await assert.rejects(ask("ngram", 10), /needs a re-run: decontaminate\.ngram is read while pages are measured/);
  const rows = JSON.parse(readFileSync(join(dir, "math.json"), "utf8")) as object[];
  writeFileSync(join(dir, "math.json"), JSON.stringify(rows.slice(1)));
  rmSync(out, { recursive: true });
  assert.notEqual((await runRecipe(recipe, dir)).id, id);
  assert.equal((await contaminationOf(out, 3))[0]!.pages.masked, 7);
});

test("a set that is missing or cannot be read ends the run at once", async () => {
  const dir = tempDir();
  writePages(dir, { files: 1, pages: 3 });
  const recipe = (evals: string) => writeRecipe(dir, { stages: [{ use: "decontaminate", with: { evals: [evals] } }] });
  await assert.rejects(
    checkRecipe(JSON.parse(readFileSync(recipe("sets/*.jsonl"), "utf8")), { registry, baseDir: dir }),
    /decontaminate\.evals\[0\]: no file matches "sets\/\*\.jsonl"/,
  );
  writeFileSync(join(dir, "bad.json"), '{"text": ');
  const { code, stderr } = await sluice(["run", recipe("bad.json")], { cwd: dir });
  assert.notEqual(code, 0);
  assert.match(stderr, /bad\.json:1: found .* expected JSON/);
});
