import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { type BlockPage, blockText } from "../../stages/extract/blocks/block-page.ts";
import { featuresOf } from "../../stages/extract/blocks/features.ts";
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

/** The least of some times: others may be those of the compiler, or of memory being freed. None is taken once one is enough. */
function bestOf(tries: number, work: () => void, enoughMs = 0): number {
  let bestMs = Number.POSITIVE_INFINITY;
  for (let count = 0; count < tries && bestMs > enoughMs; count++) bestMs = Math.min(bestMs, cpuMs(work));
  return bestMs;
}

/** Eight times as much takes eight times as long. What grows with the square would take sixty-four times. */
function assertInProportion<T>(what: string, work: (input: T) => void, small: T, large: T): void {
  const smallMs = bestOf(2, () => work(small));
  const enoughMs = Math.min(1000, 50 + 16 * smallMs);
  const largeMs = bestOf(3, () => work(large), enoughMs);
  assert.ok(largeMs <= enoughMs, `${what}: ${smallMs} ms, then ${largeMs} ms`);
}

const keepAll = (page: BlockPage) => new Uint8Array(page.count).fill(1);

for (const [name, page] of Object.entries(HOSTILE_PAGES)) {
  test(`hostile pages: ${name}`, () => {
    const [small, large] = [page(SMALL), page(LARGE)];
    const [few, many] = [readWhole(small), readWhole(large)];
    assertInProportion("reading", (html) => readPage(html), small, large);
    assertInProportion("features", featuresOf, few, many);
    assertInProportion("rendering", (read) => renderBlocks(read, keepAll(read), "markdown"), few, many);
  });
}

test("text around what is hostile is read", () => {
  const read = (name: string) => {
    const page = readPage(`<p>Before it</p>${HOSTILE_PAGES[name]!(SMALL)}</td></table><p>Behind it</p>`);
    return renderBlocks(page, keepAll(page), "text");
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
