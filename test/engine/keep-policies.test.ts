/** Which of like pages stays, and that neither the order of the input nor the way of deciding changes it. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../index.ts";
import { seededRandom } from "../../pipeline/random.ts";
import type { RunOptions } from "../../pipeline/run.ts";
import { digests, prose, tempDir, writeRecipe } from "./harness.ts";

const SEED = 20260;

interface Page {
  readonly id: string;
  readonly url: string;
  readonly date: string;
  readonly text: string;
  readonly group: number;
}

/** Groups of one to five pages that differ in a few words, and in length; some are equal. */
function groups(count: number): Page[] {
  return Array.from({ length: count }, (_, group) =>
    Array.from({ length: 1 + (group % 5) }, (_, copy) => ({
      id: `${group}-${copy}`,
      url: `https://example.org/${group}/${copy}`,
      date: `2024-0${1 + ((group + 3 * copy) % 9)}-01T00:00:00Z`,
      text: `${prose(group, 200)}${copy === 4 ? "" : ` and ${"more ".repeat((7 * (group + copy)) % 4)}at the end`}`,
      group,
    })),
  ).flat();
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

const KEEP_STAGES = (keep: string) => [
  { use: "exact-dedup", with: { keep } },
  { use: "minhash-dedup", with: { keep } },
];

async function runOn(pages: readonly Page[], dir: string, stages: unknown[], options: RunOptions = {}) {
  rmSync(join(dir, "out"), { recursive: true, force: true });
  writeFileSync(join(dir, "pages.jsonl"), pages.map((page) => `${JSON.stringify(page)}\n`).join(""));
  const recipe = writeRecipe(dir, { stages });
  const manifest = await run(recipe, { workers: 2, cache: false, supervise: false, ...options });
  const rows = readFileSync(join(dir, "out", "data", "00000.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  return { manifest, kept: rows.map((row) => (JSON.parse(row) as { url: string }).url) };
}

const MEASURES: Readonly<Record<string, (page: Page) => number>> = {
  longest: ({ text }) => Buffer.byteLength(text),
  newest: ({ date }) => Date.parse(date),
};

for (const [keep, measure] of Object.entries(MEASURES)) {
  test(`keep: ${keep} keeps it, one of each group, for any order of the input (seed ${SEED})`, async () => {
    const dir = tempDir();
    const random = seededRandom(SEED);
    const pages = groups(30);
    const inOrder = await runOn(pages, dir, KEEP_STAGES(keep));
    const kept = new Set(inOrder.kept);
    for (const [group, members] of Map.groupBy(pages, ({ group }) => group)) {
      const stay = members.filter(({ url }) => kept.has(url));
      assert.equal(stay.length, 1, `group ${group}`);
      assert.equal(measure(stay[0]!), Math.max(...members.map(measure)));
    }
    for (let n = 0; n < 3; n++) {
      const other = await runOn(shuffled(pages, random), dir, KEEP_STAGES(keep), { workers: 1 + n });
      assert.deepEqual(new Set(other.kept), kept);
    }
  });
}

test("keep: best keeps the page of the highest score, which a stage before it left", async () => {
  const dir = tempDir();
  const with_ = { keep: "best", bestBy: "length.words" };
  const stages = [{ use: "length" }, { use: "minhash-dedup", with: with_ }];
  const pages = groups(12);
  const { kept } = await runOn(pages, dir, stages);
  const words = ({ text }: Page) => text.split(/\s+/).length;
  for (const members of Map.groupBy(pages, ({ group }) => group).values()) {
    const stay = members.filter(({ url }) => kept.includes(url));
    assert.equal(stay.length, 1);
    assert.equal(words(stay[0]!), Math.max(...members.map(words)));
  }
});

test("keep: best takes scores with a dot in their names, and refuses those that no page has", async () => {
  const dir = tempDir();
  const module = join(dir, "in-words.ts");
  writeFileSync(
    module,
    `import { defineFilter, keep, z } from "sluice";
export default defineFilter({
  name: "in-words", module: import.meta.url, version: 1, params: z.object({}),
  score: ({ text }) => ({ "length.words": text.split(/\\s+/).length, unlike: 1 }),
  keep: () => keep,
});`,
  );
  const stages = (bestBy: string) => [
    { use: module, as: "size" },
    { use: "exact-dedup", with: { keep: "best", bestBy } },
    { use: "minhash-dedup", with: { keep: "best", bestBy } },
  ];
  const pages = groups(12);
  const { kept } = await runOn(pages, dir, stages("size.length.words"));
  const words = ({ text }: Page) => text.split(/\s+/).length;
  for (const members of Map.groupBy(pages, ({ group }) => group).values()) {
    const stay = members.filter(({ url }) => kept.includes(url));
    assert.equal(stay.length, 1);
    assert.equal(words(stay[0]!), Math.max(...members.map(words)));
  }
  await assert.rejects(
    runOn(pages, dir, stages("size.words")),
    /bestBy: no page has the score "size.words"; found size.length.words, size.unlike/,
  );
});

test("an index that outgrows its memory goes to disk, in the midst of a run: the bytes are the same", async () => {
  const dir = tempDir();
  const random = seededRandom(SEED);
  const pages = shuffled(groups(60), random);
  const stages = KEEP_STAGES("first");
  const inMemory = await runOn(pages, dir, stages);
  assert.ok(inMemory.manifest.counts.dropped > 60);
  for (const dedupMemoryMb of [0, 0.2]) {
    const { manifest } = await runOn(pages, dir, stages, { dedupMemoryMb });
    assert.deepEqual(digests(manifest), digests(inMemory.manifest), `${dedupMemoryMb} MB`);
    assert.equal(manifest.id, inMemory.manifest.id);
  }
});

test("parts of a split page share its signature and its fate, in either way of deciding", async () => {
  const dir = tempDir();
  const split = { use: join(import.meta.dirname, "..", "fixtures", "split-marked.ts") };
  const pages = groups(20).map((page, n) =>
    n % 3 === 0 ? { ...page, text: `${page.text} SPLIT ${prose(n + 500)}` } : page,
  );
  const stages = [{ use: "minhash-dedup" }, split];
  const inMemory = await runOn(pages, dir, stages);
  const onDisk = await runOn(pages, dir, stages, { dedupMemoryMb: 0 });
  assert.deepEqual(digests(onDisk.manifest), digests(inMemory.manifest));
});

test("policies that cannot be followed are refused before the run", async () => {
  const dir = tempDir();
  const refuse = (stages: unknown[], message: RegExp) => assert.rejects(runOn(groups(2), dir, stages), message);
  await refuse(
    [{ use: "exact-dedup" }, { use: "minhash-dedup", with: { keep: "longest" } }],
    /minhash-dedup: keeps the longest of like pages, and exact-dedup the first; expected the same "keep" of both/,
  );
  await refuse([{ use: "minhash-dedup", with: { keep: "best" } }], /"keep: best" needs bestBy: expected STAGE.SCORE/);
  await refuse(
    [{ use: "minhash-dedup", with: { keep: "best", bestBy: "quality.score" } }],
    /bestBy is "quality.score"; expected a score of a stage before it that leaves some \(there is none\)/,
  );
  await refuse(
    [{ use: "minhash-dedup", with: { bestBy: "length.words" } }],
    /bestBy is read with "keep: best" alone, found "keep: first"/,
  );
});
