import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { viewOf } from "../../pipeline/view.ts";
import exactDedup from "../../stages/dedup/exact-dedup.ts";
import { dedupContract, type Judgement, judgePages, judgeSignatures, openSigner } from "../contracts/dedup.ts";
import { pageWith } from "../contracts/filter.ts";
import { needsShared, sharedPath } from "../shared.ts";

dedupContract("exact-dedup", exactDedup, exactDedup(), [
  ["Opening hours: nine to five.", null],
  ["Opening hours: nine to five!", null],
  ["Opening hours: nine to five.", [0, "exact-duplicate"]],
  ["opening hours: nine to five.", null],
  ["", null],
  ["", [4, "exact-duplicate"]],
  ["Opening hours: nine to five.", [0, "exact-duplicate"]],
]);

dedupContract("exact-dedup, whitespace-case", exactDedup, exactDedup({ normalize: "whitespace-case" }), [
  ["Opening hours:\n  nine to five.", null],
  [" opening HOURS: nine to five.\u00a0\r\n", [0, "exact-duplicate"]],
  ["openinghours: nine to five.", null],
  [" ", null],
  ["\n\n", [3, "exact-duplicate"]],
]);

test("by URL, addresses are compared as C4 compares them", () => {
  // tensorflow/datasets, text/c4_utils.py, normalize_url: two substitutions, anywhere in the URL, and an rstrip.
  const pairs: readonly (readonly [one: string, other: string, isSame: boolean])[] = [
    ["http://example.org/a", "https://www.example.org/a//", true],
    ["http://example.org/a?utm_source=x&id=1", "http://example.org/a", true],
    ["http://example.org/a/?ref=b", "http://example.org/a", true],
    ["http://example.org/?feed=rss2#top", "example.org", true],
    ["http://example.org/a?reference=5", "http://example.org/a", true],
    ["http://example.org/go?u=https://www.b.example/", "http://example.org/go?u=b.example", true],
    ["http://example.org/a?id=5&utm_source=x", "http://example.org/a?id=5", false],
    ["http://example.org/a", "http://Example.org/a", false],
    ["http://example.org/a", "http://example.org/a#b", false],
    ["http://www2.example.org/", "http://example.org/", false],
    ["www.example.org", "example.org", false],
    ["ftp://example.org/", "http://example.org/", false],
  ];
  for (const [one, other, isSame] of pairs) {
    const [, second] = judgeUrls([one, other]);
    assert.deepEqual(
      second,
      isSame ? { twin: 0, reason: "url-duplicate", similarity: 1 } : undefined,
      `${one} ${other}`,
    );
  }
});

test("by URL, pages without one stay, whatever their texts", () => {
  assert.deepEqual(judgeUrls(["", "", "http://", "https://www.", "///"]), new Array(5).fill(undefined));
  assert.doesNotThrow(() => judgeUrls(["/".repeat(1_000_000), `${"/".repeat(1_000_000)}x`, "?ref\n".repeat(100_000)]));
});

test("by URL, there is no text to normalise", () => {
  assert.throws(
    () => exactDedup({ by: "url", normalize: "whitespace-case" }),
    /exact-dedup\.normalize: expected none with "by: url", .*, found object/,
  );
});

/** Judges pages of one text at these addresses. */
function judgeUrls(urls: readonly string[]): Judgement[] {
  const spec = exactDedup({ by: "url" });
  const signed = urls.map((url) => {
    const page = { ...pageWith("the same text"), url };
    return exactDedup.sign(viewOf(page, []), spec.params, undefined);
  });
  return judgeSignatures(exactDedup, spec, signed);
}

test("keys are the first 128 bits of the text's SHA-256", async () => {
  const sign = await openSigner(exactDedup, exactDedup());
  const digest = createHash("sha256").update("naïve 日本").digest();
  assert.deepEqual(Buffer.from(sign("naïve 日本")!.keys.buffer), digest.subarray(0, 16));
});

test("the set of texts that stay does not depend on the order of the pages", async () => {
  const texts = Array.from({ length: 60 }, (_, i) => `text ${(i * i) % 23}`);
  const keptOf = async (order: readonly string[]) => {
    const verdicts = await judgePages(exactDedup, exactDedup(), order);
    return order.filter((_, i) => verdicts[i] === undefined).sort();
  };
  assert.deepEqual(await keptOf(texts.toReversed()), await keptOf(texts));
  assert.equal((await keptOf(texts)).length, new Set(texts).size);
});

test("a kept page costs 24 to 36 bytes", () => {
  const index = exactDedup.openIndex(exactDedup({ normalize: "none" }).params);
  const pages = 100_000;
  for (let page = 0; page < pages; page++) {
    index.add(Uint32Array.from({ length: 4 }, (_, i) => Math.imul(page * 4 + i + 1, 0x9e3779b1)));
  }
  assert.ok(index.bytes / pages > 23 && index.bytes / pages < 37, `${index.bytes / pages}`);
});

const FIXTURE = "data/dedup/cs336-a4/documents_with_line_duplicates";

test("of five documents with two equal ones, four stay (CS336 assignment 4)", needsShared(FIXTURE), async () => {
  const folder = sharedPath(FIXTURE);
  const texts = readdirSync(folder)
    .sort()
    .map((name) => readFileSync(`${folder}/${name}`, "utf8"));
  const verdicts = await judgePages(exactDedup, exactDedup(), texts);
  assert.deepEqual(
    verdicts.map((j) => j?.twin),
    [undefined, 0, undefined, undefined, undefined],
  );
});
