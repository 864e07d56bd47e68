/** The whole engine on the real crawl: minutes, not seconds. Results are kept in docs/results. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { get_encoding } from "tiktoken";
import { demoRecipe } from "../../pipeline/cli/demo/recipe.ts";
import { openShard } from "../../pipeline/shard.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { assertLedgerAgrees, openLedger } from "../engine/ask-ledger.ts";
import { digests, runRecipe, tempDir } from "../engine/harness.ts";
import { needsShared, sharedPath } from "../shared.ts";

/** The demo's own stages: the recipe that a newcomer meets. */
const STAGES = demoRecipe("", "").stages!;
const JITTER = { use: join(import.meta.dirname, "..", "fixtures", "jitter.ts") };

const LONG = { timeoutMs: 1_800_000 };
const needs = { ...needsShared("data/crawl"), timeout: 3_600_000 };

function writeCrawlRecipe(dir: string, files: string[], options: { sink?: object; jitter?: boolean } = {}): string {
  const path = join(dir, "recipe.json");
  const recipe = {
    source: { use: "warc", with: { files: files.map((file) => sharedPath("data/crawl", file)) } },
    stages: options.jitter === true ? [...STAGES.slice(0, 2), JITTER, ...STAGES.slice(2)] : STAGES,
    sink: options.sink ?? { use: "shards", with: { dir: "out", tokenizer: "gpt2" } },
  };
  writeFileSync(path, JSON.stringify(recipe));
  return path;
}

test("four crawl files become shards, and every page is accounted for", needs, async () => {
  const dir = tempDir();
  const { counts } = await runRecipe(writeCrawlRecipe(dir, ["*.warc.gz"]), dir, ["--workers", "2"], LONG);
  assert.equal(counts.pages, 6773);
  assert.equal(counts.pages, counts.kept + counts.dropped + counts.quarantined);
  for (const tally of Object.values(counts.files))
    assert.equal(tally.pages, tally.kept + tally.dropped + tally.quarantined);

  await assertLedgerAgrees(await openLedger(join(dir, "out")), counts);

  // The same from the cache, as text: what the shards decode to is what was kept.
  const shard = openShard(join(dir, "out", "data", "00000.tok"));
  const gpt2 = await loadTokenizer("gpt2");
  const oracle = get_encoding("gpt2");
  const ids = Array.from({ length: shard.documentCount }, (_, n) => shard.tokensOf(n));
  const places = ids.map((_, n) => shard.provenanceOf(n).id);
  shard.close();
  rmSync(join(dir, "out"), { recursive: true });
  const asText = await runRecipe(
    writeCrawlRecipe(dir, ["*.warc.gz"], { sink: { use: "jsonl", with: { dir: "out" } } }),
    dir,
  );
  assert.equal(asText.measured.work.read, 0, "nothing is read again for another sink");
  const pages = readFileSync(join(dir, "out", "data", "00000.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string; text: string });
  assert.deepEqual(
    pages.map(({ id }) => id),
    places,
  );
  for (const [n, { text }] of pages.entries()) {
    assert.equal(ids[n]!.at(-1), gpt2.endOfText);
    assert.equal(Buffer.from(gpt2.decode(ids[n]!.subarray(0, -1))).toString("utf8"), text);
  }
  assert.ok(pages.length >= 1000);
  for (const [n, { text }] of pages.slice(0, 1000).entries()) {
    assert.deepEqual(Array.from(ids[n]!.subarray(0, -1)), Array.from(oracle.encode_ordinary(text)), pages[n]!.id);
  }
});

test("one, two and four workers, held up at random: the same bytes", needs, async () => {
  const dir = tempDir();
  const recipe = writeCrawlRecipe(dir, ["crawl-shared-00003.warc.gz"], { jitter: true });
  const found: string[][] = [];
  for (const workers of ["1", "2", "4"]) {
    found.push(digests(await runRecipe(recipe, dir, ["--cache", "off", "--workers", workers], LONG)));
    rmSync(join(dir, "out"), { recursive: true });
  }
  assert.deepEqual(found[1], found[0]);
  assert.deepEqual(found[2], found[0]);
});
