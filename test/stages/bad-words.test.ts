import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { gzipSync } from "node:zlib";
import { RecipeError } from "../../pipeline/errors.ts";
import { drawUniform, seededRandom } from "../../pipeline/random.ts";
import { PhraseMatcher } from "../../stages/filters/bad-words/phrase-matcher.ts";
import badWords from "../../stages/filters/bad-words.ts";
import { filterContract, pageWith, runFilter } from "../contracts/filter.ts";
import { FILES_CONTEXT, needsShared, sharedPath } from "../shared.ts";

const dir = mkdtempSync(join(tmpdir(), "bad-words-"));
after(() => rmSync(dir, { recursive: true }));
writeFileSync(join(dir, "en"), "\ufeffdarn\r\nDRAT\r\n  heck no \r\n\r\nf.w.\n🖕\nsm\n");
writeFileSync(join(dir, "de"), "verflixt\n");
writeFileSync(join(dir, "ja"), "だめ\nsm\nグロ\n");
writeFileSync(join(dir, "none"), " \n");
writeFileSync(join(dir, "en.gz"), gzipSync("darn\rdrat\n"));

const all = { lists: dir, languages: ["en", "de", "ja"] };
const reasonOf = async (text: string, lang: string | undefined, params: object = {}) => {
  const tags = lang === undefined ? {} : { lang };
  const { verdict } = await runFilter(badWords, { ...all, ...params }, pageWith(text, { tags }));
  return verdict.kept ? null : verdict.reason;
};

filterContract(
  badWords,
  { lists: dir },
  new Map([
    ["Nothing here.", null],
    ["Darn!", "bad-words"],
    ["well,darn", "bad-words"],
    ["darned", null],
    ["goddarn it", null],
    ["darn_it", null],
    ["darn2", null],
    ["darnéd", null],
    // A mark is no part of a word: this e has its accent behind it.
    ["darn\u0301", "bad-words"],
    ["Heck\nno", null],
    ["what the HECK NO more", "bad-words"],
    ["fxw.", null],
    ["F.W. is here", "bad-words"],
    ["well🖕well", null],
    ["well 🖕", "bad-words"],
    ["𝒶darn", null],
    ["👍darn👍", "bad-words"],
    // The list has it in capitals, and pages are compared in lower case.
    ["drat DRAT Drat", null],
    // Allowed in every language, as in the original.
    ["sm", null],
  ]),
);

test("the tag says which list counts, and without it the parameter", async () => {
  assert.equal(await reasonOf("verflixt", undefined), null);
  assert.equal(await reasonOf("verflixt", undefined, { language: "de" }), "bad-words");
  assert.equal(await reasonOf("verflixt", "de"), "bad-words");
  assert.equal(await reasonOf("darn", "de"), null);
});

test("in Japanese words are found inside others", async () => {
  assert.equal(await reasonOf("これはだめです", "ja"), "bad-words");
  assert.equal(await reasonOf("グロ sm", "ja"), null);
});

test("a page in a language without a list is dropped for that, or kept where that is asked for", async () => {
  assert.equal(await reasonOf("bonjour", "fr"), "language-without-list");
  assert.equal(await reasonOf("bonjour", "fr", { otherLanguages: "keep" }), null);
});

test("a share of the pages with bad words stays: seed and page decide which", async () => {
  const ids = Array.from({ length: 200 }, (_, i) => i.toString(16).padStart(32, "0"));
  const kept: string[] = [];
  for (const id of ids) {
    const { verdict, scores } = await runFilter(
      badWords,
      { ...all, keepFraction: 0.25 },
      pageWith("darn, darn", { id }),
    );
    if (verdict.kept) kept.push(id);
    assert.deepEqual(scores, { hasList: 1, badWords: 2, draw: drawUniform(1, "bad-words", id) });
  }
  assert.deepEqual(
    kept,
    ids.filter((id) => drawUniform(1, "bad-words", id) < 0.25),
  );
  assert.ok(kept.length > 30 && kept.length < 70);
});

test("a path may say where the language stands, and a list without words or of no use is refused", async () => {
  assert.equal(await reasonOf("darn", "en", { lists: join(dir, "{language}") }), "bad-words");
  const packed = { lists: join(dir, "{language}.gz"), languages: ["en"] };
  assert.equal(await reasonOf("darn", "en", packed), "bad-words");
  assert.equal(await reasonOf("drat", "en", packed), "bad-words");
  for (const [params, message] of [
    [{ languages: ["none"], language: "none" }, /bad-words\.lists: .*none has no words; expected one a line/],
    [{ languages: ["de"] }, /bad-words\.language: expected one of the languages with a list \(de\), found "en"/],
  ] as const) {
    await assert.rejects(
      reasonOf("", "de", params),
      (error) => error instanceof RecipeError && message.test(error.message),
    );
  }
});

test("its identity is the lists' content", () => {
  const { params } = badWords(all);
  assert.deepEqual(
    badWords.files?.(params, FILES_CONTEXT),
    ["en", "de", "ja"].map((language) => join(dir, language)),
  );
  assert.deepEqual(badWords.places, ["lists"]);
});

/** The rule as the original writes it. */
function asRegExp(phrases: readonly string[], wholeWords: boolean): RegExp {
  const words = phrases.map((phrase) => phrase.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)).join("|");
  return wholeWords
    ? new RegExp(String.raw`(?:[^\p{L}\p{N}_]|^)(?:${words})(?:[^\p{L}\p{N}_]|$)`, "u")
    : new RegExp(words, "u");
}

test("the matcher finds what the regular expression finds, on random text", () => {
  const seed = 20_250_608;
  const random = seededRandom(seed);
  const pieces = ["a", "b", "ab", " ", ".", "_", "1", "é", "\u0301", "😀", "𝒶", "今", "\ud83d", "\ude00"];
  const draw = (most: number): string =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => pieces[Math.floor(random() * pieces.length)]).join(
      "",
    );
  for (let round = 0; round < 60; round++) {
    const phrases = Array.from({ length: 1 + Math.floor(random() * 12) }, () => draw(4).toWellFormed());
    for (const wholeWords of [true, false]) {
      const matcher = new PhraseMatcher(phrases, { wholeWords });
      const expected = asRegExp(phrases, wholeWords);
      for (let n = 0; n < 40; n++) {
        const text = draw(12);
        const where = `seed ${seed}, round ${round}: ${JSON.stringify({ phrases, text, wholeWords })}`;
        assert.equal(matcher.count(text) > 0, expected.test(text), where);
      }
    }
  }
});

test("the list that C4 used reads as it stands", needsShared("data/classifier/toxicity/ldnoobw/en"), async () => {
  const params = { lists: sharedPath("data/classifier/toxicity/ldnoobw"), languages: ["en", "ja", "zh"] };
  const run = async (text: string, lang: string) =>
    (await runFilter(badWords, params, pageWith(text, { tags: { lang } }))).scores.badWords;
  assert.equal(await run("A page about sussex and the class of 1999.", "en"), 0);
  assert.equal(await run("2 Girls 1 Cup", "en"), 1);
  assert.equal(await run("性 女の子", "zh"), 0);
});

test("megabytes of hostile text are searched in linear time", () => {
  const phrases = ["aaaaaaaaaaaaaaaaaaaab", "a b", "....x", "\ud83d\ude00\ud83d\ude00"];
  const started = performance.now();
  for (const wholeWords of [true, false]) {
    const matcher = new PhraseMatcher(phrases, { wholeWords });
    for (const text of ["a".repeat(500_000), "a ".repeat(300_000), ".".repeat(500_000), "😀".repeat(200_000)]) {
      matcher.count(text);
    }
  }
  assert.ok(performance.now() - started < 60_000);
});
