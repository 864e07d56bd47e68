import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { run } from "../../index.ts";
import { http, record } from "../stages/warc-reading.ts";
import { digests, prose, runRecipe, tempDir, writePages, writeRecipe } from "./harness.ts";

const jitter = { use: join(import.meta.dirname, "..", "fixtures", "jitter.ts") };

test("one, two and four workers, held up at random, leave the same bytes", async () => {
  const dir = tempDir();
  writePages(dir, { files: 3, pages: 70 });
  const recipe = writeRecipe(dir, { stages: [jitter, { use: "exact-dedup" }, { use: "minhash-dedup" }] });
  const runs = [];
  for (const workers of [1, 2, 4]) {
    runs.push(await runRecipe(recipe, dir, ["--cache", "off", "--workers", String(workers)]));
    rmSync(join(dir, "out"), { recursive: true });
  }
  const [one, two, four] = runs;
  assert.ok(one!.counts.dropped >= 20, "the copies are dropped");
  assert.equal(one!.counts.pages, 210);
  assert.deepEqual(digests(two!), digests(one!));
  assert.deepEqual(digests(four!), digests(one!));
  assert.equal(two!.id, one!.id);
  assert.equal(four!.id, one!.id);
});

test("a finished run is not done again", async () => {
  const dir = tempDir();
  writePages(dir, { files: 1, pages: 20 });
  const recipe = writeRecipe(dir);
  const first = await runRecipe(recipe, dir, ["--cache", "off"]);
  const again = await runRecipe(recipe, dir, ["--cache", "off"]);
  assert.equal(again.measured.startedAt, first.measured.startedAt);
});

test("a run from the cache reads nothing and leaves the same bytes", async () => {
  const dir = tempDir();
  writePages(dir, { files: 2, pages: 40 });
  const recipe = writeRecipe(dir);
  const first = await runRecipe(recipe, dir);
  rmSync(join(dir, "out"), { recursive: true });
  const again = await runRecipe(recipe, dir);
  assert.ok(first.measured.work.read > 1);
  assert.deepEqual(again.measured.work, { read: 0, extracted: 0, reused: first.measured.work.read });
  assert.deepEqual(digests(again), digests(first));
});

test("another choice of filters starts from the extracted pages, and gives what a fresh run gives", async () => {
  const dir = tempDir();
  const page = (n: number, type: string, body: string) =>
    record("response", http(body, [`Content-Type: ${type}`]), { url: `http://a.test/${n}` });
  const paragraph = (n: number) => `<html><body><article><p>${prose(n)}</p></article></body></html>`;
  const records = [
    page(1, "text/html", paragraph(1)),
    page(2, "image/png", "\x89PNG\r\n\x1a\n picture"),
    page(3, "text/html", paragraph(1)),
    page(4, "text/html", paragraph(4)),
  ];
  writeFileSync(join(dir, "a.warc.gz"), Buffer.concat(records.map((one) => gzipSync(one))));
  const source = { use: "warc", with: { files: ["*.warc.gz"] } };
  const withFilter = (use: string) => writeRecipe(dir, { source, stages: [{ use: "extract-html" }, { use }] });
  await runRecipe(withFilter("exact-dedup"), dir);
  const other = withFilter("minhash-dedup");
  const fromCache = await runRecipe(other, dir, ["--force"]);
  assert.deepEqual(fromCache.measured.work, { read: 0, extracted: 1, reused: 0 });
  const fresh = await runRecipe(other, dir, ["--force", "--cache", "off"]);
  assert.equal(fresh.measured.work.read, 1);
  assert.deepEqual(digests(fromCache), digests(fresh));
  assert.deepEqual(fresh.counts.droppedBy, {
    extract: { "no-extractor": 1 },
    "minhash-dedup": { "near-duplicate": 1 },
  });
});

test("stages that recipes begin with run once, and the second gives what a fresh run gives", async () => {
  const dir = tempDir();
  writePages(dir, { files: 1, pages: 30 });
  const source = { use: "jsonl", with: { files: ["*.jsonl"] } };
  const gopher = { use: "gopher-quality", with: { minWords: 5 } };
  const first = [{ use: "language" }, gopher];
  const recipe = (stages: { use: string; with?: Record<string, unknown> }[], name: string) => ({
    source,
    stages,
    sink: { use: "jsonl", with: { dir: join(dir, name) } },
  });
  const options = { baseDir: dir, cache: join(dir, "cache"), supervise: false, workers: 1 };
  const sharing = { ...options, sharedAfter: [1, 2] };
  const alone = await run(recipe(first, "first"), sharing);
  assert.equal(alone.measured.work.read, 1);
  const whole = [...first, { use: "exact-dedup" }, { use: "minhash-dedup" }];
  const second = await run(recipe(whole, "second"), sharing);
  assert.deepEqual(second.measured.work, { read: 0, extracted: 1, reused: 0 });
  assert.equal(second.measured.stepSeconds.language, 0);
  assert.equal(second.measured.stepSeconds["gopher-quality"], 0);
  const fresh = await run(recipe(whole, "fresh"), { ...options, cache: false });
  assert.ok(fresh.measured.stepSeconds.language! > 0);
  assert.ok(fresh.counts.dropped > 0);
  assert.deepEqual(digests(second), digests(fresh));
  // What is kept behind a filter alone is gone on from where the rest differs.
  const third = await run(recipe([{ use: "language" }, { ...gopher, with: { minWords: 6 } }], "third"), sharing);
  assert.deepEqual(third.measured.work, { read: 0, extracted: 1, reused: 0 });
  assert.equal(third.measured.stepSeconds.language, 0);
  assert.ok(third.measured.stepSeconds["gopher-quality"]! > 0);
});
