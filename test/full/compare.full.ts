/** `sluice compare` at more moments of a kill than `npm test` has time for, and with damage in its cache. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compare, dir, killAndResume, resultsOf, units } from "../eval/experiment/tiny.ts";

test("killed at any moment and run again, an experiment ends with the same report", async (t) => {
  await killAndResume(t, [
    "deduplicate@1",
    "manifest@1",
    "manifest@2",
    "manifest@3",
    "rename@1",
    "rename@20",
    "rename@30",
    "write@2",
    "write@9",
  ]);
});

test("what is damaged in the cache is made again, and never used", { timeout: 300_000 }, async (t) => {
  const name = "undisturbed";
  assert.equal((await compare(name)).code, 0);
  const expected = resultsOf(name);
  const cache = join(dir, `cache-${name}`);
  const first = (folder: string): string => join(cache, folder, readdirSync(join(cache, folder))[0]!);
  const flip = (path: string): void => {
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
  };
  const damages: Record<string, () => void> = {
    "score, overlap, model": () => {
      const score = first("scores");
      writeFileSync(
        score,
        readFileSync(score, "utf8").replace(/\.\d/, (tenth) => (tenth === ".5" ? ".6" : ".5")),
      );
      writeFileSync(first("overlaps"), "null");
      truncateSync(join(first("models"), "manifest.json"), 300);
    },
    "model, curated, rows": () => {
      rmSync(join(cache, "scores"), { recursive: true });
      flip(join(first("models"), "model.safetensors"));
      flip(join(first("curated"), "data", "00000.tok"));
      truncateSync(join(first("rows"), "packing.json"), 300);
    },
    curated: () => truncateSync(join(first("curated"), "manifest.json"), 300),
  };
  for (const [kinds, damage] of Object.entries(damages)) {
    await t.test(kinds, async () => {
      damage();
      const again = await compare(name);
      assert.equal(again.code, 0, again.stderr);
      const made = new Set(units(again).flatMap(({ kind, reused }) => (reused ? [] : [kind as string])));
      for (const kind of kinds.split(", ")) assert.ok(made.has(kind), kind);
      assert.deepEqual(resultsOf(name), expected);
    });
  }
});
