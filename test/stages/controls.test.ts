import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Document } from "../../pipeline/document.ts";
import type { MapDefinition } from "../../pipeline/stage.ts";
import { isDropped } from "../../pipeline/verdict.ts";
import { BOILERPLATE } from "../../stages/controls/boilerplate.ts";
import injectDuplicates from "../../stages/controls/inject-duplicates.ts";
import mixBoilerplate from "../../stages/controls/mix-boilerplate.ts";
import shuffleWords from "../../stages/controls/shuffle-words.ts";
import { pageWith } from "../contracts/filter.ts";
import { mapContract, runMap } from "../contracts/map.ts";
import { digests, prose, runRecipe, tempDir, writePages, writeRecipe } from "../engine/harness.ts";

const TEXT = "Once upon  a time\n\n\tthere was a mill.\nIt stood still.";

mapContract(shuffleWords, {}, [TEXT]);
mapContract(injectDuplicates, { share: 1 }, [TEXT]);
mapContract(mixBoilerplate, { dose: 0.5 }, [TEXT]);

/** Pages that differ in id and text. */
function pages(count: number, words = 120): Document[] {
  return Array.from({ length: count }, (_, n) =>
    pageWith(prose(n, words), { id: (n + 1).toString(16).padStart(32, "0"), tags: { lang: "en" } }),
  );
}

async function made(definition: MapDefinition, params: unknown, page: Document, seed?: number) {
  const result = await runMap(definition, params, page, seed);
  assert.ok(!isDropped(result));
  return result;
}

/** How many of the pages a map changes or multiplies. */
async function touched(definition: MapDefinition, params: unknown, among: readonly Document[]): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const page of among) {
    const result = await made(definition, params, page);
    if (result.length > 1 || result[0]!.text !== page.text) ids.add(page.id);
  }
  return ids;
}

const kinds: [MapDefinition, object][] = [
  [shuffleWords, {}],
  [injectDuplicates, {}],
  [mixBoilerplate, { dose: 0.5 }],
];

for (const [definition, params] of kinds) {
  describe(definition.name, () => {
    test("touches about the share of the pages that is asked for, and with a greater share the same ones and more", async () => {
      const among = pages(400, 24);
      const few = await touched(definition, { ...params, share: 0.2 }, among);
      const more = await touched(definition, { ...params, share: 0.6 }, among);
      // Four standard deviations of a binomial count: √(400 · 0.2 · 0.8) = 8, √(400 · 0.6 · 0.4) = 9.8.
      assert.ok(Math.abs(few.size - 80) <= 32, `${few.size} of 400`);
      assert.ok(Math.abs(more.size - 240) <= 40, `${more.size} of 400`);
      for (const id of few) assert.ok(more.has(id));
      assert.equal((await touched(definition, { ...params, share: 0 }, among)).size, 0);
      assert.equal((await touched(definition, { ...params, share: 1 }, among)).size, 400);
    });

    test("another seed of the run touches other pages", async () => {
      const among = pages(100, 24);
      const changed = async (seed: number) => {
        const all = await Promise.all(among.map((page) => made(definition, { ...params, share: 0.5 }, page, seed)));
        return all.map((result, n) => result.length > 1 || result[0]!.text !== among[n]!.text);
      };
      assert.notDeepEqual(await changed(1), await changed(2));
      assert.deepEqual(await changed(1), await changed(1));
    });
  });
}

describe("shuffle-words", () => {
  test("keeps every word and the white space between them, and nothing of the order", async () => {
    const [{ text, tags }] = (await made(shuffleWords, {}, pageWith(TEXT, { tags: { lang: "en" } }))) as [Document];
    assert.deepEqual(text.match(/\s+/g), TEXT.match(/\s+/g));
    assert.deepEqual(text.match(/\S+/g)!.toSorted(), TEXT.match(/\S+/g)!.toSorted());
    assert.notEqual(text, TEXT);
    assert.deepEqual(tags, { lang: "en" });
    // Of 1,000 different words, one is expected to stay where it was: e⁻¹ · 1 / 7! to see seven or more.
    const words = Array.from({ length: 1000 }, (_, n) => `w${n}`);
    const [long] = (await made(shuffleWords, {}, pageWith(words.join(" ")))) as [Document];
    const still = long.text.split(" ").filter((word, n) => word === words[n]).length;
    assert.ok(still < 7, `${still} words stayed`);
  });

  test("pages of the same words are shuffled each in its own way", async () => {
    const [a, b] = await Promise.all(
      ["a", "b"].map((digit) => made(shuffleWords, {}, pageWith(prose(1), { id: digit.repeat(32) }))),
    );
    assert.notEqual(a![0]!.text, b![0]!.text);
  });
});

describe("inject-duplicates", () => {
  test("a page comes first, then its copies, which say what they are", async () => {
    const [page] = pages(1) as [Document];
    const result = await made(injectDuplicates, { share: 1, copies: 3 }, page);
    assert.deepEqual(result[0], page);
    assert.equal(result.length, 4);
    for (const copy of result.slice(1)) assert.deepEqual(copy, { ...page, tags: { lang: "en", injected: true } });
  });

  test("in a run each copy is counted as a page with an id of its own, and deduplication finds them all", async () => {
    const dir = tempDir();
    writePages(dir, { files: 2, pages: 20, edit: (_text, n) => prose(n) });
    const inject = { use: "inject-duplicates", with: { share: 0.5, copies: 2 } };
    const run = async (stages: unknown[]) => {
      const manifest = await runRecipe(writeRecipe(dir, { stages }), dir, ["--cache", "off", "--workers", "1"]);
      const rows = readRows(dir);
      rmSync(join(dir, "out"), { recursive: true });
      return { manifest, rows };
    };

    const { manifest, rows } = await run([inject]);
    const repeated = rows.filter(({ tags }) => tags?.injected === true).length / 2;
    assert.ok(repeated >= 10 && repeated <= 30, `${repeated} of 40 pages are repeated`);
    assert.equal(manifest.counts.pages, 40 + 2 * repeated);
    assert.equal(manifest.counts.kept, 40 + 2 * repeated);
    assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length, "every copy has its own id");

    const deduplicated = await run([inject, { use: "exact-dedup" }]);
    assert.equal(deduplicated.manifest.counts.dropped, 2 * repeated);
    assert.equal(deduplicated.rows.length, 40);
    assert.ok(
      deduplicated.rows.every(({ tags }) => tags?.injected === undefined),
      "the copies go, not the pages",
    );
  });
});

describe("mix-boilerplate", () => {
  const lines = new Set(BOILERPLATE);

  test("the list holds at least sixty different lines", () => {
    assert.ok(lines.size >= 60);
    assert.equal(lines.size, BOILERPLATE.length);
    for (const line of lines) assert.ok(line === line.trim() && !line.includes("\n") && line.length > 10, line);
  });

  test("a page's own lines all stay, in their order", async () => {
    for (const page of pages(20)) {
      const [{ text }] = (await made(mixBoilerplate, { dose: 0.5 }, page)) as [Document];
      const own = text.split("\n").filter((line) => !lines.has(line));
      assert.equal(own.join("\n"), page.text);
      assert.notEqual(text, page.text);
    }
  });

  test("boilerplate makes up the dose of the bytes, within a line on a page and closely over many", async () => {
    const longest = Math.max(...[...lines].map((line) => Buffer.byteLength(line))) + 1;
    for (const dose of [0.05, 0.2, 0.8]) {
      let [mixed, added] = [0, 0];
      for (const page of pages(300)) {
        const [{ text }] = (await made(mixBoilerplate, { dose }, page)) as [Document];
        const bytes = Buffer.byteLength(page.text);
        const more = Buffer.byteLength(text) - bytes;
        assert.ok(Math.abs(more - (bytes * dose) / (1 - dose)) < longest, `${more} bytes on ${bytes}`);
        mixed += bytes + more;
        added += more;
      }
      // A line has some 70 bytes, a page 700: over 300 pages the dose is off by less than 0.01.
      assert.ok(Math.abs(added / mixed - dose) < 0.01, `${added / mixed} where ${dose} was asked for`);
    }
  });

  test("a line comes again only after all others did", async () => {
    const [page] = pages(1, 1200) as [Document];
    const [{ text }] = (await made(mixBoilerplate, { dose: 0.5 }, page)) as [Document];
    const times = new Map<string, number>();
    for (const line of text.split("\n")) if (lines.has(line)) times.set(line, (times.get(line) ?? 0) + 1);
    assert.equal(times.size, lines.size);
    assert.ok(Math.max(...times.values()) - Math.min(...times.values()) <= 1);
  });

  test("nothing is added to an empty page, or at a dose of nothing", async () => {
    assert.equal((await made(mixBoilerplate, {}, pageWith("")))[0]!.text, "");
    assert.equal((await made(mixBoilerplate, { dose: 0 }, pageWith(TEXT)))[0]!.text, TEXT);
  });
});

test("one worker and three leave the same bytes", async () => {
  const dir = tempDir();
  writePages(dir, { files: 3, pages: 30 });
  const recipe = writeRecipe(dir, {
    stages: [
      { use: "shuffle-words", with: { share: 0.5 } },
      { use: "mix-boilerplate", with: { share: 0.5, dose: 0.4 } },
      { use: "inject-duplicates", with: { share: 0.3, copies: 2 } },
    ],
  });
  const found = [];
  for (const workers of ["1", "3"]) {
    found.push(digests(await runRecipe(recipe, dir, ["--cache", "off", "--workers", workers])));
    rmSync(join(dir, "out"), { recursive: true });
  }
  assert.deepEqual(found[1], found[0]);
});

function readRows(dir: string): { id: string; tags?: Record<string, unknown> }[] {
  return readFileSync(join(dir, "out", "data", "00000.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
