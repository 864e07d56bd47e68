/**
 * What holds of every deduplication below the page. `cutPages` is the engine's protocol in its plainest form: an index that
 * knows nothing, a first look at every page in input order, then a second one that says what goes.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import {
  type Cut,
  type PassageIndex,
  type PassagePage,
  type PassagesDefinition,
  parseParams,
  type StageSpec,
} from "../../pipeline/stage.ts";
import { HOSTILE_TEXTS } from "./dedup.ts";

/** A page, or the text of one at an address that all such pages share. */
export type PageLike = string | PassagePage;

const MEMORY_BYTES = 64 << 20;

export function pageOf(page: PageLike): PassagePage {
  return Object.freeze(typeof page === "string" ? { text: page, url: "http://example.org/" } : { ...page });
}

/** Opens an index over a folder of its own, and closes it and removes the folder when `use` is done. */
export function withIndex<T>(
  definition: PassagesDefinition,
  spec: StageSpec,
  use: (index: PassageIndex) => T,
  memoryBytes = MEMORY_BYTES,
): T {
  const scratch = mkdtempSync(join(tmpdir(), "sluice-passages-"));
  const params = parseParams(definition, spec.params, () => spec.name);
  try {
    const index = definition.openIndex(params, { scratch, memoryBytes });
    try {
      return use(index);
    } finally {
      index.close?.();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What is to go of each page. */
export function cutPages(
  definition: PassagesDefinition,
  spec: StageSpec,
  pages: readonly PageLike[],
  memoryBytes = MEMORY_BYTES,
): readonly (readonly Cut[])[] {
  return withIndex(definition, spec, (index) => lookTwice(index, pages.map(pageOf)), memoryBytes);
}

/** Both looks. Cuts are copied: an index may lend the same array again. */
export function lookTwice(index: PassageIndex, pages: readonly PassagePage[]): readonly (readonly Cut[])[] {
  if (index.observe !== undefined) for (const page of pages) index.observe(page);
  for (const _ of index.settle?.() ?? []);
  return pages.map((page) => index.cuts(page).map((cut) => ({ ...cut })));
}

/** The text without what is cut. */
export function applyCuts(text: string, cuts: readonly Cut[]): string {
  let left = "";
  let from = 0;
  for (const { start, end } of cuts) {
    left += text.slice(from, start);
    from = end;
  }
  return left + text.slice(from);
}

/** What is left of each page. */
export function leftOf(
  definition: PassagesDefinition,
  spec: StageSpec,
  pages: readonly PageLike[],
  memoryBytes = MEMORY_BYTES,
): readonly string[] {
  const cuts = cutPages(definition, spec, pages, memoryBytes);
  return pages.map((page, i) => applyCuts(pageOf(page).text, cuts[i]!));
}

export interface PassagesContractOptions {
  /** Whether a second run over what is left finds nothing. */
  readonly idempotent?: boolean;
  /** Whether the index holds more when it has seen more. */
  readonly grows?: boolean;
}

/**
 * Declares the tests that every such stage passes. `pages`: pages with what is left of them and, if it is given, the twin of
 * each cut.
 */
export function passagesContract(
  title: string,
  definition: PassagesDefinition,
  spec: StageSpec,
  pages: readonly (readonly [page: PageLike, left: string, twins?: readonly (number | undefined)[]])[],
  { idempotent = true, grows = true }: PassagesContractOptions = {},
): void {
  const listed = pages.map(([page]) => page);
  const corpora: readonly (readonly PageLike[])[] = [listed, HOSTILE_TEXTS, randomPages(1, 60), randomPages(2, 200)];

  test(`${title}: what is left of each page is as listed`, () => {
    const cuts = cutPages(definition, spec, listed);
    assert.deepEqual(
      listed.map((page, i) => applyCuts(pageOf(page).text, cuts[i]!)),
      pages.map(([, left]) => left),
    );
    for (const [i, [, , twins]] of pages.entries()) {
      if (twins !== undefined) assert.deepEqual(cuts[i]!.map(twinOf), twins, `twins of page ${i}`);
    }
  });

  test(`${title}: no pages, and pages without text, are no trouble`, () => {
    assert.deepEqual(cutPages(definition, spec, []), []);
    assert.deepEqual(cutPages(definition, spec, ["", "", ""]), [[], [], []]);
  });

  test(`${title}: a spec that went through JSON cuts the same a second time`, () => {
    const again = JSON.parse(JSON.stringify(spec));
    for (const corpus of corpora) {
      assert.deepEqual(cutPages(definition, again, corpus), cutPages(definition, spec, corpus));
    }
  });

  test(`${title}: cuts ascend, lie in the text, part no character, and name pages that are there`, () => {
    for (const corpus of corpora) checkCuts(corpus, cutPages(definition, spec, corpus));
  });

  test(`${title}: hostile texts come through, also twice`, () => {
    const twice = [...HOSTILE_TEXTS, ...hugeTexts()];
    const texts = [...twice, ...twice, "x".repeat(5_000_000)];
    checkCuts(texts, cutPages(definition, spec, texts));
  });

  test(`${title}: a hundred thousand equal pages are seen through`, () => {
    const text =
      "the same page came again and again until nobody could tell which of them all was the first that came\n";
    const count = 100_000;
    const cuts = cutPages(definition, spec, new Array<string>(count).fill(text));
    assert.deepEqual(cuts[count - 1], cuts[count - 2]);
  });

  if (idempotent) {
    test(`${title}: of what is left nothing goes`, () => {
      for (const corpus of corpora) {
        const left = leftOf(definition, spec, corpus);
        const again = corpus.map((page, i) => ({ text: left[i]!, url: pageOf(page).url }));
        assert.deepEqual(cutPages(definition, spec, again).flat(), []);
      }
    });
  }

  test(`${title}: the index says what it holds, and can be closed at any time`, () => {
    withIndex(definition, spec, () => {});
    withIndex(definition, spec, (index) => {
      const distinct = randomPages(3, 1000).map((page, i) => pageOf(`${i} ${page}`.replaceAll("\n", ` ${i}\n`)));
      const before = index.bytes;
      lookTwice(index, distinct);
      assert.ok(Number.isSafeInteger(index.bytes) && index.bytes > 0);
      if (grows) assert.ok(index.bytes > before, `${index.bytes} bytes, ${before} when it was empty`);
      index.close?.(); // and once more by `withIndex`
    });
    withIndex(definition, spec, (index) => index.observe?.(pageOf("seen once, and no more")));
  });
}

const twinOf = ({ twin }: Cut) => twin;

/** Holds what `Cut` promises against the pages that were cut. */
export function checkCuts(pages: readonly PageLike[], cuts: readonly (readonly Cut[])[]): void {
  assert.equal(cuts.length, pages.length);
  for (const [i, pageCuts] of cuts.entries()) {
    const { text } = pageOf(pages[i]!);
    let from = 0;
    for (const { start, end, twin } of pageCuts) {
      const place = `page ${i}: cut ${start} to ${end}`;
      assert.ok(Number.isInteger(start) && Number.isInteger(end), place);
      assert.ok(from <= start && start < end && end <= text.length, `${place}, after ${from}, of ${text.length}`);
      assert.ok(!partsPair(text, start) && !partsPair(text, end), `${place} parts a character`);
      assert.ok(
        twin === undefined || (Number.isInteger(twin) && twin >= 0 && twin < pages.length),
        `${place}: ${twin}`,
      );
      from = end;
    }
  }
}

function partsPair(text: string, at: number): boolean {
  return at > 0 && at < text.length && /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1));
}

/** Pages of lines and paragraphs, some of which many pages share and some of which come twice in a page. */
export function randomPages(seed: number, count: number): readonly string[] {
  const random = seededRandom(seed);
  const draw = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const words = [
    "a",
    "the",
    "Menu",
    "home",
    "12",
    "Café",
    "naïve",
    "日本語",
    "𝒳",
    "ไทย",
    "שלום",
    "x\u0301",
    "(c)",
    "2024.",
    "İ",
  ];
  const line = () =>
    Array.from({ length: Math.floor(random() ** 3 * 60) }, () => draw(words)).join(draw([" ", " ", "  "]));
  const shared = Array.from({ length: 12 }, line);
  return Array.from({ length: count }, () => {
    let text = "";
    for (let lines = Math.floor(random() * 12); lines > 0; lines--) {
      text += (random() < 0.6 ? draw(shared) : line()) + draw(["\n", "\n", "\n\n", "\r\n", " \n ", ""]);
    }
    return text;
  });
}

function hugeTexts(): readonly string[] {
  return [
    "\n".repeat(1_000_000),
    "a\n".repeat(100_000),
    "\u{1d7d8}".repeat(100_000),
    "\u05e9\u05dc\u05d5\u05dd \u202e".repeat(50_000),
    "日本語".repeat(100_000),
    "\r\n".repeat(100_000),
    "\ud800".repeat(100_000),
  ];
}
