/** A stage that looks below the page, in a run: pages come to it all together, and go on without what it cut. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { run } from "../../index.ts";
import { EXIT, exitCode } from "../../pipeline/errors.ts";
import type { RunEvent } from "../../pipeline/events.ts";
import { withoutCuts } from "../../pipeline/passages.ts";
import type { RunOptions } from "../../pipeline/run.ts";
import { openLedger } from "./ask-ledger.ts";
import { digests, prose, runRecipe, sluice, tempDir, writeRecipe } from "./harness.ts";

const FIRST_LINES = { use: join(import.meta.dirname, "..", "fixtures", "first-lines.ts") };
const BANNER = "Welcome to our site";

/** Pages 0, 4, 8 … have nothing of the banner; 5 is 1 once more; 6 is the banner alone. */
function writeBannerPages(dir: string, pages = 24): void {
  const text = (n: number): string => {
    if (n === 5) return text(1);
    if (n === 6) return `${BANNER}\n`;
    return n % 4 === 0 ? prose(n) : `${BANNER}\n${prose(n)}`;
  };
  const row = (n: number) => JSON.stringify({ id: String(n), url: `https://example.org/${n}`, text: text(n) });
  for (const file of [0, 1]) {
    const rows = Array.from({ length: pages / 2 }, (_, n) => row((file * pages) / 2 + n));
    writeFileSync(join(dir, `pages-${file}.jsonl`), `${rows.join("\n")}\n`);
  }
}

const stages = [{ use: "exact-dedup" }, FIRST_LINES, { use: "gopher-repetition", with: {} }, { use: "minhash-dedup" }];

function runIn(dir: string, options: RunOptions & { stages?: unknown[]; source?: unknown } = {}) {
  const { source } = options;
  const recipe = writeRecipe(dir, { stages: options.stages ?? stages, dropped: "all", ...(source ? { source } : {}) });
  rmSync(join(dir, "out"), { recursive: true, force: true });
  return run(recipe, { workers: 2, cache: false, supervise: false, ...options });
}

function outputOf(dir: string): Map<string, string> {
  const lines = readFileSync(join(dir, "out", "data", "00000.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  const rows = lines.map((line) => JSON.parse(line) as { url: string; text: string });
  return new Map(rows.map(({ url, text }) => [url.slice("https://example.org/".length), text]));
}

test("what several pages have in common is cut from all but the first; duplicates before are not shown", async () => {
  const dir = tempDir();
  writeBannerPages(dir);
  const { counts } = await runIn(dir);
  assert.deepEqual({ ...counts.droppedBy["exact-dedup"] }, { "exact-duplicate": 1 });
  assert.deepEqual({ ...counts.droppedBy["first-lines"] }, { "nothing-left": 1 });
  const losing = 24 - 6 - 1 - 1; // not those without the banner, nor the duplicate, nor the first page
  assert.deepEqual({ ...counts.cutBy }, { "first-lines": { pages: losing, units: 20 * losing } });
  const texts = outputOf(dir);
  assert.equal(counts.pages, 24);
  assert.ok(texts.get("1")!.startsWith(BANNER), "the first page keeps it");
  for (const [n, text] of texts) if (n !== "1") assert.ok(!text.includes(BANNER), n);
  assert.equal(texts.get("2"), prose(2));
  assert.ok(!texts.has("5") && !texts.has("6"));
});

test("the ledger tells what was cut, where it stays, and how much of the page it was", async () => {
  const dir = tempDir();
  writeBannerPages(dir);
  await runIn(dir);
  const ask = await openLedger(join(dir, "out"));
  const [url, twin] = ["https://example.org/2", "https://example.org/1"];
  assert.deepEqual(
    await ask(
      `select p.url, c.stage, c.start, c."end", t.url as twin from cuts c join pages p on p.id = c.id
       join pages t on t.id = c.twin where p.url = '${url}'`,
    ),
    [{ url, stage: "first-lines", start: 0, end: 20, twin }],
  );
  const length = 20 + prose(2).length;
  assert.deepEqual(
    await ask(
      `select s.name, s.value from scores s join pages p on p.id = s.id
       where p.url = '${url}' and s.stage = 'first-lines' order by s.name`,
    ),
    [
      { name: "charsLeft", value: prose(2).length },
      { name: "cutShare", value: 20 / length },
      { name: "cuts", value: 1 },
    ],
  );
});

test("the bytes are the same for any number of workers, from the cache, and for other spans in flight", async () => {
  const dir = tempDir();
  writeBannerPages(dir);
  const one = await runIn(dir, { workers: 1 });
  const cache = join(dir, "cache");
  assert.deepEqual(digests(await runIn(dir, { workers: 3, cache })), digests(one));
  const cached = await runIn(dir, { cache });
  assert.deepEqual(digests(cached), digests(one));
  assert.equal(cached.id, one.id);
});

test("with more pages, a page that was left alone may change: what went before is not taken from the cache", async () => {
  const dir = tempDir();
  writeBannerPages(dir);
  const cache = join(dir, "cache");
  await runIn(dir, { cache });
  const line = (id: string, n: number) =>
    JSON.stringify({ id, url: `https://example.org/${id}`, text: `Another banner\n${prose(n)}` });
  writeFileSync(join(dir, "pages-0.jsonl"), `${line("x", 90)}\n${readFileSync(join(dir, "pages-0.jsonl"), "utf8")}`);
  writeFileSync(join(dir, "pages-2.jsonl"), `${line("y", 91)}\n`);
  const grown = await runIn(dir, { cache });
  const fresh = await runIn(dir);
  assert.deepEqual(digests(grown), digests(fresh));
  assert.ok(!outputOf(dir).get("y")!.includes("Another banner"));
});

test("two of them follow each other", async () => {
  const dir = tempDir();
  writeBannerPages(dir);
  const twice = [FIRST_LINES, { ...FIRST_LINES, as: "second-lines", with: { minPages: 3 } }];
  const { counts } = await runIn(dir, { stages: twice });
  assert.equal(counts.pages, 24);
  assert.deepEqual(Object.keys(counts.droppedBy), ["first-lines"]);
});

test("progress tells which part the run is in, and counts spans in each; what was lost is told once", async () => {
  const dir = tempDir();
  writeBannerPages(dir);
  const path = join(dir, "pages-0.jsonl");
  const damaged = gzipSync(readFileSync(path));
  damaged.fill(0xff, damaged.length >> 1);
  writeFileSync(join(dir, "damaged.jsonl.gz"), damaged);
  const source = { use: "jsonl", with: { files: ["*.jsonl", "*.gz"] } };
  const tellingOf = async (stages: unknown[]) => {
    const events: RunEvent[] = [];
    await runIn(dir, { stages, source, onEvent: (event) => events.push(event) });
    const progress = events.filter((event) => event.type === "progress");
    const parts = Map.groupBy(progress, ({ phase, part }) => [phase, part].join(" ").trim());
    const counts = Array.from(parts, ([part, told]) => [part, told[0]!.spansDone, told.at(-1)!.spansDone]);
    return { progress, counts, spans: events.filter((event) => event.type === "span") };
  };
  const { progress, counts, spans } = await tellingOf(stages);
  const all = progress[0]!.spans;
  assert.deepEqual(counts, [
    ["reading first-lines", 0, counts[0]![2]], // The last ones may be read between two tellings.
    ["deciding first-lines", all, all],
    ["writing", 0, all],
    ["done", all, all],
  ]);
  assert.ok(progress.every(({ part, etaSeconds }) => part === undefined || etaSeconds === undefined));
  assert.deepEqual([spans.length, spans.filter(({ lostBytes }) => lostBytes > 0).length], [2 * all, 1]);

  const newest = [{ use: "exact-dedup", with: { keep: "newest" } }];
  const notes: string[] = [];
  await runIn(dir, { stages: newest, source, onEvent: (event) => event.type === "log" && notes.push(event.text) });
  assert.equal(notes.length, 1);
  assert.match(
    notes[0]!,
    /^keep: newest: (\d+) of \1 pages that have others like them have no date that can be read: /,
  );

  const longest = await tellingOf([{ use: "exact-dedup", with: { keep: "longest" } }]);
  assert.deepEqual(longest.counts.slice(1), [
    ["deciding", all, all],
    ["writing", 0, all],
    ["done", all, all],
  ]);
});

test("killed while it cuts, the run goes on and leaves the same bytes", async () => {
  const dir = tempDir();
  writeBannerPages(dir, 40);
  const recipe = writeRecipe(dir, { stages, source: { use: "jsonl", with: { files: ["*.jsonl"], spanBytes: 4096 } } });
  const undisturbed = await runRecipe(recipe, dir, ["--cache", "off"]);
  rmSync(join(dir, "out"), { recursive: true });
  const killed = await sluice(["run", recipe, "--cache", "off"], { cwd: dir, env: { SLUICE_FAILPOINT: "passages@2" } });
  assert.equal(killed.signal, "SIGKILL");
  const resumed = await runRecipe(recipe, dir, ["--cache", "off"]);
  assert.deepEqual(digests(resumed), digests(undisturbed));
});

test("what an index says is worth another try, is: a scratch disk that is full", async () => {
  const dir = tempDir();
  writeBannerPages(dir);
  const module = join(dir, "full-disk.ts");
  writeFileSync(
    module,
    `import { definePassages, z } from "sluice";
import { RetryError } from "${pathToFileURL(join(import.meta.dirname, "..", "..", "pipeline", "errors.ts"))}";
export default definePassages({
  name: "full-disk", module: import.meta.url, version: 1, params: z.object({}),
  openIndex: () => ({ observe: () => { throw new RetryError("no room"); }, cuts: () => [], bytes: 0 }),
});`,
  );
  await assert.rejects(runIn(dir, { stages: [{ use: module }] }), (error) => {
    assert.equal((error as Error).message, "no room");
    assert.equal(exitCode(error), EXIT.retry);
    return true;
  });
});

test("measuring beyond drops is refused with it: other thresholds cannot be asked", async () => {
  const dir = tempDir();
  writeBannerPages(dir);
  const recipe = writeRecipe(dir, { stages });
  const { code, stderr } = await sluice(["run", recipe, "--scores", "all"], { cwd: dir });
  assert.equal(code, 2);
  assert.match(stderr, /first-lines: decides by what other pages hold.*expected "scores: reached"/);
});

test("a plan can be made of such a recipe", async () => {
  const dir = tempDir();
  writeBannerPages(dir);
  const { code, stderr } = await sluice(["plan", writeRecipe(dir, { stages })], { cwd: dir });
  assert.equal(code, 0, stderr);
});

test("cuts out of order, or beyond the text, are refused", () => {
  const cuts = [
    { start: 2, end: 4 },
    { start: 5, end: 6 },
  ];
  assert.equal(withoutCuts("abcdefg", cuts), "abeg");
  for (const bad of [cuts.toReversed(), [{ start: 3, end: 3 }], [{ start: 6, end: 8 }]]) {
    assert.throws(() => withoutCuts("abcdefg", bad), /expected ascending ranges within the text/);
  }
});
