import assert from "node:assert/strict";
import { test } from "node:test";
import type { Document } from "../../pipeline/document.ts";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import language from "../../stages/annotate/language.ts";
import { lidPath } from "../classifiers/fasttext-files.ts";
import { FILES_CONTEXT } from "../shared.ts";

const context = { resolvePath: (path: string) => path, seed: 0 };
const english = "This morning I walked to the market to buy some bread and milk.";
const german = "Heute Morgen bin ich auf den Markt gegangen, um Brot und Milch zu kaufen.";

type Params = Parameters<typeof language>[0];

/** Everything the stage says of a text. */
async function judge(text: string, input: Params) {
  const { params } = language(input);
  const state = await language.setup!(params, context);
  const page: Document = Object.freeze({
    id: "0".repeat(32),
    url: "https://example.org/",
    date: "",
    source: { file: "a", offset: 0, length: 0 },
    text,
    tags: {},
  });
  const scores = language.score({ page, text, url: page.url, tags: page.tags }, params, state);
  return { scores, verdict: language.keep(scores, params), tags: language.tags!(scores, params) };
}

test("without languages to keep, every page is kept and tagged", async () => {
  for (const [text, lang] of [
    [english, "en"],
    [german, "de"],
  ] as const) {
    const { scores, verdict, tags } = await judge(text, {});
    assert.deepEqual(verdict, { kept: true });
    assert.equal(tags.lang, lang);
    assert.deepEqual(scores, { [lang]: tags["lang.score"] });
  }
});

test("pages in other languages are dropped, with the best probability of a language to keep as the value", async () => {
  assert.deepEqual((await judge(english, { keep: ["en", "fr"] })).verdict, { kept: true });
  const { scores, verdict } = await judge(german, { keep: ["en", "fr"] });
  assert.deepEqual(Object.keys(scores).sort(), ["de", "en", "fr"]);
  assert.ok(scores.de! > 0.9);
  assert.deepEqual(verdict, { kept: false, reason: "language", value: Math.max(scores.en!, scores.fr!) });
});

test("a page must be above the threshold, not at it", () => {
  const keepAt = (probability: number) => language.keep({ en: probability }, language({ keep: ["en"] }).params);
  assert.deepEqual(keepAt(0.650001), { kept: true });
  assert.deepEqual(keepAt(0.65), { kept: false, reason: "language-uncertain", value: 0.65 });
});

test("any requested language above the threshold lets a page pass, even if another is likelier", () => {
  const scores = { de: 0.5, en: 0.4 };
  assert.deepEqual(language.keep(scores, language({ keep: ["en"], min: 0.3 }).params), { kept: true });
  assert.deepEqual(language.keep(scores, language({ keep: ["en"], min: 0.45 }).params), {
    kept: false,
    reason: "language",
    value: 0.4,
  });
});

test("line ends are spaces: a page gets the same scores on one line or many", async () => {
  const words = english.replaceAll(" ", "\n");
  assert.deepEqual((await judge(words, { keep: ["en"] })).scores, (await judge(english, { keep: ["en"] })).scores);
});

test("empty and wordless pages have a verdict too", async () => {
  for (const text of ["", "\n\n", "\0", "\ud800", "12345 !!", "</s>"]) {
    const { verdict, scores } = await judge(text, { keep: ["en"] });
    assert.equal(verdict.kept, false, JSON.stringify(text));
    assert.ok(Object.values(scores).every(Number.isFinite));
  }
  assert.deepEqual(language.keep({}, language({ keep: ["en"] }).params), {
    kept: false,
    reason: "language-uncertain",
    value: 0,
  });
  assert.deepEqual(language.tags!({}, language().params), {});
});

test("only the first maxChars of a page count", async () => {
  const page = `${english} ${german.repeat(50)}`;
  assert.equal((await judge(page, {})).tags.lang, "de");
  assert.equal((await judge(page, { maxChars: english.length })).tags.lang, "en");
});

test("the model's file is part of what the stage is", () => {
  assert.deepEqual(language.files!(language().params, FILES_CONTEXT), [lidPath]);
  assert.deepEqual(language.files!(language({ model: "glot.bin" }).params, FILES_CONTEXT), ["glot.bin"]);
});

test("a language that the model does not know, or a file that is no model, is an error before any page is read", async () => {
  const open = async (input: Params) => language.setup!(language(input).params, context);
  await assert.rejects(open({ keep: ["en", "english"] }), (error) => {
    assert.ok(error instanceof RecipeError);
    assert.match(error.message, /^language\.keep: the model has no language "english" \(it has: /);
    return true;
  });
  await assert.rejects(open({ model: "/nowhere/model.bin" }), RecipeError);
  await assert.rejects(open({ model: import.meta.filename }), FormatError);
  assert.throws(() => language({ keep: [] }), RecipeError);
});
