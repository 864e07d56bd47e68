import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tags } from "../../pipeline/document.ts";
import { type FilterDefinition, parseParams, thresholdsOf } from "../../pipeline/stage.ts";
import { viewOf } from "../../pipeline/view.ts";
import languageMix from "../../stages/filters/language-mix.ts";
import length from "../../stages/filters/length.ts";
import sample from "../../stages/filters/sample.ts";
import { filterContract, pageWith, runFilter } from "../contracts/filter.ts";

filterContract(
  length,
  { minChars: 3, maxChars: 12, minBytes: 4, maxBytes: 20, minWords: 2, maxWords: 4, minLines: 1, maxLines: 2 },
  new Map([
    ["ab", "too-few-chars"],
    ["a b", "too-few-bytes"],
    ["a é", null],
    ["abcd", "too-few-words"],
    ["a b c d", null],
    ["a b c d e", "too-many-words"],
    ["a b c d e f g", "too-many-chars"],
    ["今天 天气很好我们", "too-many-bytes"],
    ["a b\n\nc", "too-many-lines"],
    ["a b\nc\n", null],
  ]),
);
filterContract(length, {}, new Map([["", null]]));
filterContract(sample, { share: 1 }, new Map([["whatever", null]]));
filterContract(sample, { share: 0 }, new Map([["whatever", "not-sampled"]]));
filterContract(languageMix, { rates: { de: 1 } }, new Map([["whatever", "not-in-mix"]]));
filterContract(languageMix, { rates: { de: 0 }, otherwise: 1 }, new Map([["whatever", null]]));

test("length counts code points, UTF-8 bytes, words and lines", async () => {
  const scores = async (text: string) => (await runFilter(length, {}, pageWith(text))).scores;
  assert.deepEqual(await scores(""), { chars: 0, bytes: 0, words: 0, lines: 0 });
  assert.deepEqual(await scores("\n"), { chars: 1, bytes: 1, words: 0, lines: 1 });
  assert.deepEqual(await scores("Can't stop,\n\n𝒶 é!"), { chars: 17, bytes: 21, words: 4, lines: 3 });
});

/** The shares of pages that are kept, by tags: a thousand pages each. */
async function keptOf(definition: FilterDefinition, given: object, tags: Tags, seed = 1): Promise<Set<number>> {
  const params = parseParams(definition, given, () => definition.name);
  const state = await definition.setup?.(params, { resolvePath: (path) => path, seed });
  const kept = new Set<number>();
  for (let n = 0; n < 1000; n++) {
    const page = pageWith("Text.", { id: n.toString(16).padStart(32, "0"), tags });
    if (definition.keep(definition.score(viewOf(page, []), params, state), params).kept) kept.add(n);
  }
  return kept;
}

/** Within four standard deviations of a thousand draws. */
function assertShare(kept: Set<number>, share: number): void {
  const allowed = 4 * Math.sqrt(share * (1 - share) * 1000);
  assert.ok(Math.abs(kept.size - 1000 * share) <= allowed, `kept ${kept.size} of 1000, expected ${1000 * share}`);
}

test("a sample has its share, the greater holds the smaller, and another name or seed draws anew", async () => {
  const small = await keptOf(sample, { share: 0.1 }, {});
  const large = await keptOf(sample, { share: 0.3 }, {});
  assertShare(small, 0.1);
  assertShare(large, 0.3);
  assert.ok(small.isSubsetOf(large));
  for (const other of [
    await keptOf(sample, { share: 0.3, name: "b" }, {}),
    await keptOf(sample, { share: 0.3 }, {}, 2),
  ]) {
    assertShare(other, 0.3);
    assertShare(other.intersection(large), 0.09);
  }
});

test("with a weight a page's chance is that times the share", async () => {
  const weighted = (share: number, tags: Tags) => keptOf(sample, { share, weightTag: "quality" }, tags);
  assertShare(await weighted(1, { quality: 0.25 }), 0.25);
  assertShare(await weighted(0.5, { quality: 0.5 }), 0.25);
  assertShare(await weighted(2, { quality: 0.25 }), 0.5);
  assertShare(await weighted(1, { quality: 7 }), 1);
  assertShare(await weighted(0.5, { quality: true }), 0.5);
  for (const tags of [{}, { quality: "0.9" }, { quality: -1 }, { quality: false }, { quality: Number.NaN }]) {
    assertShare(await weighted(1, tags), 0);
  }
});

test("a language is kept at its rate, and others as is said", async () => {
  const rates = { en: 0.2, de: 1 };
  assertShare(await keptOf(languageMix, { rates }, { lang: "en" }), 0.2);
  assertShare(await keptOf(languageMix, { rates }, { lang: "de" }), 1);
  for (const tags of [{ lang: "fr" }, {}, { lang: "constructor" }, { lang: "__proto__" }, { lang: 1 }]) {
    assertShare(await keptOf(languageMix, { rates }, tags), 0);
    assertShare(await keptOf(languageMix, { rates, otherwise: 0.4 }, tags), 0.4);
  }
  assertShare(await keptOf(languageMix, { rates: { untagged: 0.3 } }, {}), 0.3);
  assertShare(await keptOf(languageMix, { rates, tag: "l" }, { lang: "de", l: "en" }), 0.2);
});

test("a target mix becomes rates that keep the scarcest language whole", async () => {
  // Half of what is kept shall be en: de is scarcest (100 wanted per 60), so en is kept at (2 × 60 / 25 × 25) / 900.
  const mix = { target: { en: 50, de: 25, fr: 25, ru: 0 }, found: { en: 900, de: 60, fr: 240, ru: 9 } };
  assertShare(await keptOf(languageMix, mix, { lang: "de" }), 1);
  assertShare(await keptOf(languageMix, mix, { lang: "en" }), 120 / 900);
  assertShare(await keptOf(languageMix, mix, { lang: "fr" }), 60 / 240);
  assertShare(await keptOf(languageMix, mix, { lang: "ru" }), 0);
  assertShare(await keptOf(languageMix, mix, { lang: "it" }), 0);
});

test("rates that say nothing, or two things, are refused", () => {
  for (const [params, message] of [
    [{}, /expected either rates, or target and found/],
    [{ rates: { en: 1 }, target: { en: 1 }, found: { en: 1 } }, /expected either rates, or target and found/],
    [{ target: { en: 1 } }, /expected target and found together/],
    [{ rates: { en: 1 }, found: { en: 1 } }, /expected target and found together/],
    [{ target: { en: 1, de: 1 }, found: { en: 1, de: 0 } }, /expected found.de above 0/],
    [{ rates: { en: 2 } }, /language-mix.rates.en: .*<=1/],
  ] as const) {
    assert.throws(() => languageMix(params), message);
  }
});

test("a finished run can be asked for other bounds, shares and rates", () => {
  assert.deepEqual(thresholdsOf(length).length, 8);
  assert.deepEqual(thresholdsOf(sample), ["share"]);
  assert.deepEqual(thresholdsOf(languageMix), ["rates", "target", "found", "otherwise"]);
});
