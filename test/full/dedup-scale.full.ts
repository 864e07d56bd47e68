/** The index of banded signatures over millions of pages, in memory and on disk: minutes, and 3 GB of memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameResult, measureApart } from "../../pipeline/cli/bench-dedup/index-command.ts";

test("a million pages are indexed in 300 MB", async (t) => {
  const result = await measureApart({ way: "memory", pages: 1_000_000, seed: 1, memoryBytes: 0 });
  t.diagnostic(JSON.stringify(result));
  assert.ok(result.indexBytes <= 300e6, `${result.indexBytes} bytes`);
});

test("ten million pages, over the disk in 1 GB, have the pairs and clusters that they have in memory", async (t) => {
  const options = { pages: 10_000_000, seed: 1, memoryBytes: 500e6 };
  const inMemory = await measureApart({ way: "memory", ...options });
  t.diagnostic(JSON.stringify(inMemory));
  const onDisk = await measureApart({ way: "disk", ...options });
  t.diagnostic(JSON.stringify(onDisk));
  assert.ok(isSameResult([inMemory, onDisk]));
  assert.ok(onDisk.peakRssBytes <= 1e9, `${onDisk.peakRssBytes} bytes`);
});
