import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { exactDedup, minhashDedup, registry, run } from "../../index.ts";
import { SavedIndexReader } from "../../pipeline/duplicates/saved-index.ts";
import { signingOf } from "../../pipeline/duplicates/signing.ts";
import { runEngine } from "../../pipeline/engine.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import { ledgerRows, type TwinRow } from "../../pipeline/ledger-reader.ts";
import type { Manifest } from "../../pipeline/manifest.ts";
import { checkRecipe, type Recipe } from "../../pipeline/recipe.ts";
import { prose, tempDir } from "./harness.ts";

interface TestPage {
  readonly url: string;
  readonly text: string;
  readonly date?: string;
}

const page = (name: string, text: string): TestPage => ({ url: `https://example.org/${name}`, text });

/** The text with one word changed. */
function near(text: string, at = 60): string {
  return text.split(" ").with(at, "changed").join(" ");
}

const texts = Array.from({ length: 12 }, (_, n) => prose(n, 200));

/** The first crawl, and a second one that has some of its pages again: the same, nearly the same, or twice. */
const FIRST = [
  page("a0", texts[0]!),
  page("a1", texts[1]!),
  page("a2", texts[2]!),
  page("a3", near(texts[1]!)),
  page("a4", "short"),
];
const SECOND = [
  page("b0", texts[5]!),
  page("b1", texts[0]!), // a copy of a0
  page("b2", near(texts[2]!)), // nearly a2
  page("b3", texts[6]!),
  page("b4", near(near(texts[1]!), 90)), // nearly a1, whose likeness a3 was dropped
  page("b5", `${near(texts[6]!)} and on and on and on`), // nearly b3
  page("b6", "short"),
  page("b7", texts[7]!),
];

function writeCrawl(dir: string, name: string, pages: readonly TestPage[]): void {
  writeFileSync(join(dir, `${name}.jsonl`), pages.map((one) => `${JSON.stringify(one)}\n`).join(""));
}

type Options = Parameters<typeof minhashDedup>[0];

function recipeOf(files: string[], out: string, options: Options, more: Partial<Recipe> = {}): Recipe {
  return {
    source: { use: "jsonl", with: { files, spanBytes: 4096 } },
    stages: [minhashDedup({ minJaccard: 0.7, ...options })],
    sink: { use: "jsonl", with: { dir: out } },
    ...more,
  };
}

function runHere(dir: string, recipe: Recipe, force = false): Promise<Manifest> {
  return run(recipe, { baseDir: dir, cache: false, supervise: false, workers: 1, force });
}

/** Pages that a run kept, by the ends of their URLs. */
function keptBy(dir: string): string[] {
  const data = join(dir, "data");
  const lines = readdirSync(data).flatMap((file) => readFileSync(join(data, file), "utf8").trim().split("\n"));
  return lines.map((line) => (JSON.parse(line) as { url: string }).url.slice("https://example.org/".length));
}

async function twinsIn(dir: string): Promise<TwinRow[]> {
  return await Array.fromAsync(ledgerRows<TwinRow>(join(dir, "ledger", "twins.parquet"), "id", () => true));
}

const splitMarked = { use: join(import.meta.dirname, "..", "fixtures", "split-marked.ts") };

function pagesIn(out: string, index: string): number {
  return JSON.parse(readFileSync(join(dir, out, "index", index, "index.json"), "utf8")).pages;
}

/** Both crawls, and a run of the first that saved its index: `one`. */
const dir = tempDir();
let first: Manifest;
before(async () => {
  writeCrawl(dir, "first", FIRST);
  writeCrawl(dir, "second", SECOND);
  first = await runHere(dir, recipeOf(["first.jsonl"], "one", { saveIndex: true }));
});

test("a run saves the pages that stay, and a later run drops what is like them and tells of whom", async () => {
  const saved = first.artifacts.filter(({ kind }) => kind === "index").map(({ path }) => path);
  assert.deepEqual(
    saved,
    ["evidence.bin", "index.json", "keys.bin", "names.bin", "pages.bin"].map((file) => `index/1-minhash-dedup/${file}`),
  );
  await runHere(dir, recipeOf(["second.jsonl"], "two", { against: ["one"] }));
  assert.deepEqual(keptBy(join(dir, "one")), ["a0", "a1", "a2", "a4"]);
  // Too short a page is signed by nobody.
  assert.deepEqual(keptBy(join(dir, "two")), ["b0", "b3", "b6", "b7"]);
  const twins = await twinsIn(join(dir, "two"));
  assert.deepEqual(
    twins.map(({ run, url, similarity }) => [run, url, similarity === 1]),
    [
      ["one", "https://example.org/a0", true],
      ["one", "https://example.org/a2", false],
      ["one", "https://example.org/a1", false],
      [null, null, false],
    ],
  );
  // An index holds what stays of its own run alone.
  const again = await runHere(dir, recipeOf(["second.jsonl"], "three", { against: ["one"], saveIndex: true }));
  assert.equal(again.counts.kept, 4);
  const stage = (await checkRecipe(recipeOf(["x"], "x", {}), { registry, baseDir: dir })).stages[0]!;
  const reader = await SavedIndexReader.open(join(dir, "three", "index", "1-minhash-dedup"), signingOf(stage));
  const urls = Array.from({ length: reader.pages }, (_, n) => reader.page(n).url.slice(-2));
  reader.close();
  assert.deepEqual(urls, ["b0", "b3", "b7"]);
});

test("what two runs keep, one after the other, is what one run keeps of both inputs", async () => {
  const dir = tempDir();
  writeCrawl(dir, "1-first", FIRST);
  writeCrawl(dir, "2-second", SECOND);
  writeCrawl(dir, "3-third", [
    ...SECOND.slice(3),
    page("c0", near(texts[7]!)),
    page("c1", texts[8]!),
    ...FIRST.slice(0, 3),
  ]);
  const stages = (options: object) => ({
    stages: [exactDedup(options), minhashDedup({ minJaccard: 0.7, ...options })],
  });
  await runHere(dir, recipeOf(["1-first.jsonl"], "one", {}, stages({ saveIndex: true })));
  await runHere(dir, recipeOf(["2-second.jsonl"], "two", {}, stages({ saveIndex: true, against: ["one"] })));
  await runHere(dir, recipeOf(["3-third.jsonl"], "three", {}, stages({ against: ["one", "two"] })));
  await runHere(dir, recipeOf(["*.jsonl"], "all", {}, stages({})));
  const apart = ["one", "two", "three"].flatMap((out) => keptBy(join(dir, out)));
  assert.deepEqual(apart, keptBy(join(dir, "all")));
  assert.deepEqual(apart.slice(-1), ["c1"]);
});

test("pages of earlier runs outrank all others, whatever else decides, and in little memory the result is the same", async () => {
  const dir = tempDir();
  // The later crawl's copies are longer and newer.
  writeCrawl(
    dir,
    "first",
    FIRST.map((one) => ({ ...one, date: "2020-01-01" })),
  );
  writeCrawl(
    dir,
    "second",
    SECOND.map((one) => ({ ...one, text: `${one.text} and on`, date: "2024-01-01" })),
  );
  await runHere(dir, recipeOf(["first.jsonl"], "one", { saveIndex: true }));
  const against = ["one"];
  await runHere(dir, recipeOf(["second.jsonl"], "streaming", { against }));
  const expected = ["b0", "b3", "b6", "b7"];
  assert.deepEqual(keptBy(join(dir, "streaming")), expected);
  for (const [keep, stays] of [["longest", "b5"]] as const) {
    await runHere(dir, recipeOf(["second.jsonl"], keep, { against, keep }));
    // Of b3 and b5, which are like no earlier page, the policy decides.
    const [kept, twins] = [keptBy(join(dir, keep)), await twinsIn(join(dir, keep))];
    assert.deepEqual(
      kept.filter((name) => name === "b3" || name === "b5"),
      [stays],
    );
    assert.deepEqual(
      kept.filter((name) => name !== "b3" && name !== "b5"),
      ["b0", "b6", "b7"],
    );
    assert.deepEqual(
      twins.filter(({ run }) => run === "one").map(({ url }) => url!.slice(-2)),
      ["a0", "a2", "a1"],
    );
  }
  const recipe = await checkRecipe(recipeOf(["second.jsonl"], "little", { against }), { registry, baseDir: dir });
  await runEngine(recipe, { workers: 1, cache: undefined, dedupMemoryMb: 0.001 });
  assert.deepEqual(keptBy(join(dir, "little")), expected);
  assert.deepEqual(await twinsIn(join(dir, "little")), await twinsIn(join(dir, "streaming")));
});

test("before a stage that looks below the page, too, indexes are saved and compared with", async () => {
  writeCrawl(dir, "marked", [page("m0", `${texts[9]} SPLIT ${texts[10]}`)]);
  const stages = (options: object) => ({
    stages: [exactDedup(), minhashDedup({ minJaccard: 0.7, ...options }), { use: "line-dedup" }, splitMarked],
  });
  await runHere(dir, recipeOf(["first.jsonl", "marked.jsonl"], "one-cut", {}, stages({ saveIndex: true })));
  assert.deepEqual(readdirSync(join(dir, "one-cut", "index")), ["2-minhash-dedup"]);
  assert.equal(pagesIn("one-cut", "2-minhash-dedup"), 4);
  await runHere(dir, recipeOf(["second.jsonl"], "two-cut", {}, stages({ against: ["one-cut"] })));
  const twins = await twinsIn(join(dir, "two-cut"));
  assert.deepEqual(
    twins.map(({ run, url }) => [run, url?.slice(-2)]),
    [
      ["one-cut", "a0"],
      ["one-cut", "a2"],
      ["one-cut", "a1"],
      [null, undefined],
    ],
  );
});

test("of a page that was split behind the stage, the index holds its signature once", async () => {
  writeCrawl(dir, "split", [page("a0", `${texts[0]} SPLIT ${texts[1]}`), page("a1", texts[2]!)]);
  const stages = [minhashDedup({ saveIndex: true }), splitMarked];
  const { counts } = await runHere(dir, recipeOf(["split.jsonl"], "split", {}, { stages }));
  assert.equal(counts.kept, 3);
  assert.equal(pagesIn("split", "1-minhash-dedup"), 2);
});

test("an index that is damaged, or was signed otherwise, ends the run before anything is read", async () => {
  cpSync(join(dir, "one"), join(dir, "damaged"), { recursive: true });
  const against = ["damaged"];
  await assert.rejects(
    runHere(dir, recipeOf(["first.jsonl"], "refused", { against, ngram: 4 })),
    (error) =>
      error instanceof RecipeError &&
      /damaged\/index\/1-minhash-dedup: .* ngram is 5 in the index, 4 here/.test(error.message),
  );
  await assert.rejects(
    runHere(dir, recipeOf(["first.jsonl"], "damaged", { against }), true),
    /minhash-dedup\.against\[0\]: damaged is where this run writes; expected an earlier run/,
  );
  assert.ok(!existsSync(join(dir, "refused")));
  const path = join(dir, "damaged", "index", "1-minhash-dedup", "evidence.bin");
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.with(500, bytes[500]! ^ 4));
  await assert.rejects(
    // Written otherwise, it is the same.
    runHere(dir, recipeOf(["first.jsonl"], "refused", { against, ngram: 5, config: "fineweb", bands: 14 })),
    /evidence\.bin: block 1 of 1 .* is damaged/,
  );
  assert.ok(!existsSync(join(dir, "refused", "manifest.json")));
});

test("the same recipe finds its finished run again, until an earlier run's index is another", async () => {
  cpSync(join(dir, "one"), join(dir, "latest"), { recursive: true });
  const recipe = recipeOf(["second.jsonl"], "later", { against: ["latest"] });
  const { id, measured } = await runHere(dir, recipe);
  assert.equal((await runHere(dir, recipe)).measured.startedAt, measured.startedAt);
  writeCrawl(dir, "fewer", FIRST.slice(1));
  await runHere(dir, recipeOf(["fewer.jsonl"], "latest", { saveIndex: true }), true);
  await assert.rejects(runHere(dir, recipe), /of another recipe or other inputs/);
  const anew = await runHere(dir, recipe, true);
  assert.notEqual(anew.id, id);
  assert.deepEqual(keptBy(join(dir, "later")), ["b0", "b1", "b3", "b6", "b7"]);
});
