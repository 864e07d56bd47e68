/** The scanner of blocks on hostile pages of full size, and on all pages of the shared crawl. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { blockText } from "../../stages/extract/blocks/block-page.ts";
import { readPage } from "../../stages/extract/blocks/scanner.ts";
import { needsShared } from "../shared.ts";
import { sampleOfCrawl } from "../stages/crawl-sample.ts";
import { HOSTILE_PAGES, PARAGRAPH } from "../stages/hostile-pages.ts";
import { mutatedPage, scrapPage } from "../stages/mutated-pages.ts";
import { cpuMs, readWhole } from "../stages/read-whole.ts";
import { differingWords, standardWords, wordsOf } from "../stages/standard-words.ts";

const SEED = Number(process.env.FUZZ_SEED ?? 336);

test("hostile pages take a time in proportion to their size", () => {
  for (const [name, page] of Object.entries(HOSTILE_PAGES)) {
    const [one, two, four] = [1, 2, 4].map((scale) => {
      const html = page(scale);
      return cpuMs(() => readPage(html));
    });
    console.log(`${name}: ${one!.toFixed(0)}, ${two!.toFixed(0)}, ${four!.toFixed(0)} ms`);
    assert.ok(one! < 1000, name);
    assert.ok(four! < 200 + 10 * one!, name);
  }
});

test("a page of 50 MB is read in a second", () => {
  const html = `<article>${PARAGRAPH.repeat(Math.ceil(50e6 / PARAGRAPH.length))}</article>`;
  let blocks = 0;
  const ms = cpuMs(() => {
    blocks = readPage(html).count;
  });
  console.log(`${(html.length / 1e6).toFixed(0)} MB, ${blocks} blocks: ${ms.toFixed(0)} ms`);
  assert.ok(ms < 1000, `${ms} ms`);
});

test("all pages of the crawl have the words of the standard's trees", needsShared("data/crawl"), () => {
  let words = 0;
  for (const { url, html } of sampleOfCrawl(1e6)) {
    const page = readPage(html);
    const text = Array.from({ length: page.count }, (_, block) => blockText(page, block)).join("\n");
    const expected = standardWords(html);
    assert.deepEqual(differingWords(wordsOf(text), expected), [], url);
    words += expected.length;
  }
  console.log(`${words} words`);
});

test("mutated pages and scraps of markup are read", needsShared("data/crawl"), () => {
  const next = seededRandom(SEED);
  for (const { url, html } of sampleOfCrawl(400)) {
    for (let copy = 0; copy < 10; copy++) {
      const page = mutatedPage(html, next);
      assert.doesNotThrow(() => readWhole(page), `seed ${SEED}, ${url}, copy ${copy}`);
    }
  }
  for (let count = 0; count < 50_000; count++) {
    const page = scrapPage(next);
    assert.doesNotThrow(() => readWhole(page), `seed ${SEED}: ${JSON.stringify(page)}`);
  }
});
