import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gopherQuality, jsonl, jsonlSink, run } from "../../index.ts";
import { tellWhy } from "../../pipeline/why.ts";
import { prose, tempDir, writePages } from "./harness.ts";

const lenient = { minAlphabeticWords: 0, minStopWords: 0, maxMeanWordChars: 0 };

test("two uses of one stage are told apart by what the recipe calls them", async () => {
  const dir = tempDir();
  const long = Array.from({ length: 5 }, (_, n) => prose(n)).join("\n");
  writePages(dir, { files: 1, pages: 9, edit: (text, n) => (n % 3 === 0 ? "Too short." : n % 3 === 1 ? long : text) });
  const recipe = (name: string, ...labels: [string, string]) => ({
    source: jsonl({ files: ["*.jsonl"] }),
    stages: [
      { ...gopherQuality({ ...lenient, minWords: 20 }), as: labels[0] },
      { use: "gopher-quality", as: labels[1], with: { ...lenient, maxWords: 300 } },
    ],
    sink: jsonlSink({ dir: name }),
    dropped: "all" as const,
  });
  const options = { baseDir: dir, cache: false, supervise: false, workers: 1 } as const;
  const manifest = await run(recipe("out", "not-short", "not-long"), options);
  assert.deepEqual(structuredClone(manifest.counts.droppedBy), {
    "not-short": { "too-few-words": 3 },
    "not-long": { "too-many-words": 3 },
  });
  assert.deepEqual(manifest.counts.funnel, [
    ["jsonl", 9],
    ["not-short", 6],
    ["not-long", 3],
  ]);
  assert.deepEqual(readdirSync(join(dir, "out", "dropped")).sort(), ["not-long", "not-short"]);
  assert.ok(manifest.measured.stepSeconds["not-long"]! > 0);
  const { stories } = await tellWhy(join(dir, "out"), "https://example.org/1");
  assert.equal(stories[0]!.page.stage, "not-long");
  assert.deepEqual([...new Set(stories[0]!.scores.map(({ stage }) => stage))], ["not-short", "not-long"]);
  const renamed = await run(recipe("renamed", "not-short", "brief"), options);
  assert.notEqual(renamed.id, manifest.id, "what a stage is called is part of what the run leaves");
});
