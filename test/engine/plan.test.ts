import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeDemoCrawl } from "../../pipeline/cli/demo/generate.ts";
import { runRecipe, sluice, tempDir, writePages, writeRecipe } from "./harness.ts";

test("a plan's estimates agree with what the run then gives", async () => {
  const dir = tempDir();
  await writeDemoCrawl(dir, { seed: 5, pages: 300 });
  const recipe = writeRecipe(dir, {
    source: { use: "warc", with: { files: ["*.warc.gz"], spanBytes: 65_536 } },
    stages: [
      { use: "extract-html" },
      { use: "extract-pdf" },
      { use: "language", with: { keep: ["en"] } },
      { use: "gopher-quality" },
    ],
    sink: { use: "shards", with: { dir: "out" } },
  });
  const planned = await sluice(["plan", recipe, "--json"], { cwd: dir });
  assert.equal(planned.code, 0, planned.stderr);
  const { estimate, inputs, spans } = JSON.parse(planned.stdout);
  assert.equal(inputs.length, 2);
  assert.ok(spans >= 8);
  assert.ok(!existsSync(join(dir, "out")), "a plan writes nothing");
  const { counts } = await runRecipe(recipe, dir, ["--cache", "off"]);
  for (const [name, truth] of [
    ["pages", counts.pages],
    ["kept", counts.kept],
    ["tokens", counts.tokens],
  ] as const) {
    const { estimate: mid, low, high } = estimate[name];
    assert.ok(low <= mid && mid <= high, name);
    assert.ok(Math.abs(mid - truth) < 0.35 * truth, `${name}: estimated ${mid}, found ${truth}`);
  }
  assert.ok(estimate.seconds.low > 0);
  assert.ok(estimate.droppedBy.language.estimate > 0);
});

test("a plan without a sample reads nothing, and says what it would do and what it finds odd", async () => {
  const dir = tempDir();
  writePages(dir, { files: 1, pages: 5 });
  const recipe = writeRecipe(dir, { stages: [{ use: "exact-dedup" }, { use: "gopher-quality" }] });
  const { code, stdout } = await sluice(["plan", recipe, "--no-sample"], { cwd: dir });
  assert.equal(code, 0);
  assert.match(stdout, /1 input, .* in 1 span/);
  assert.match(stdout, /exact-dedup .*"normalize":"none"/);
  assert.match(stdout, /note: stages after exact-dedup run on pages that it may drop/);
});
