import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { blockText } from "../../stages/extract/blocks/block-page.ts";
import { renderBlocks } from "../../stages/extract/blocks/render.ts";
import { readPage } from "../../stages/extract/blocks/scanner.ts";
import { needsShared } from "../shared.ts";
import { sampleOfCrawl } from "./crawl-sample.ts";
import { HOSTILE_PAGES } from "./hostile-pages.ts";
import { mutatedPage, scrapPage } from "./mutated-pages.ts";
import { cpuMs, readWhole } from "./read-whole.ts";
import { differingWords, standardWords, wordsOf } from "./standard-words.ts";

/** The sizes of `test/full/extract-blocks.full.ts` are larger. */
const SMALL = 1 / 16;
const LARGE = 1 / 2;

for (const [name, page] of Object.entries(HOSTILE_PAGES)) {
  test(`hostile pages: ${name}`, () => {
    const [small, large] = [page(SMALL), page(LARGE)];
    const smallMs = cpuMs(() => readWhole(small));
    const largeMs = cpuMs(() => readWhole(large));
    assert.ok(largeMs < 1000, `${largeMs} ms`);
    // Eight times as much takes eight times as long. What grows with the square would take sixty-four times.
    assert.ok(largeMs < 200 + 20 * smallMs, `${smallMs} ms, then ${largeMs} ms`);
  });
}

test("text around what is hostile is read", () => {
  const read = (name: string) => {
    const page = readPage(`<p>Before it</p>${HOSTILE_PAGES[name]!(SMALL)}</td></table><p>Behind it</p>`);
    return renderBlocks(page, new Uint8Array(page.count).fill(1), "text");
  };
  for (const name of ["nested divs", "unclosed paragraphs", "links in a block", "nested tables", "stray <"]) {
    const text = read(name);
    assert.ok(text.startsWith("Before it\n\n") && text.endsWith("\n\nBehind it"), name);
  }
});

const SEED = 8;

test("mutated pages are read", needsShared("data/crawl"), () => {
  const next = seededRandom(SEED);
  let pages = 0;
  for (const { url, html } of sampleOfCrawl(40)) {
    if (html.length > 150_000) continue;
    for (let copy = 0; copy < 6; copy++, pages++) {
      const page = mutatedPage(html, next);
      assert.doesNotThrow(() => readWhole(page), `seed ${SEED}, ${url}, copy ${copy}`);
    }
  }
  assert.ok(pages > 100);
});

test("scraps of markup are read", () => {
  const next = seededRandom(SEED);
  for (let count = 0; count < 2000; count++) {
    const page = scrapPage(next);
    assert.doesNotThrow(() => readWhole(page), `seed ${SEED}: ${JSON.stringify(page)}`);
  }
});

test("a page's words are those of the tree that the HTML Standard builds", needsShared("data/crawl"), () => {
  let words = 0;
  for (const { url, html } of sampleOfCrawl(40)) {
    const expected = standardWords(html);
    assert.deepEqual(differingWords(wordsOf(allText(html)), expected), [], url);
    words += expected.length;
  }
  assert.ok(words > 10_000);
});

function allText(html: string): string {
  const page = readPage(html);
  return Array.from({ length: page.count }, (_, block) => blockText(page, block)).join("\n");
}
