import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { viewOf } from "../../pipeline/view.ts";
import { countRemovals } from "../../stages/filters/nemo/removal.ts";
import { nemoScoresPlainly } from "../../stages/filters/nemo/scores-plainly.ts";
import nemoHeuristic from "../../stages/filters/nemo-heuristic.ts";
import { AWKWARD_TEXTS, filterContract, pageWith } from "../contracts/filter.ts";
import { HOSTILE_TEXTS, randomText } from "./filter-texts.ts";

const params = nemoHeuristic({}).params;
const scoresOf = (text: string) => nemoHeuristic.score(viewOf(pageWith(text), nemoHeuristic.needs), params, undefined);

/** Words that are all different, two of them common, in lines that end in a full stop. */
const words = [
  "the",
  "of",
  ...Array.from(
    { length: 58 },
    (_, i) => `${"abcdefgh".slice(i % 4, 4 + (i % 4))}${"uvwxyz"[i % 6]}${"klmnopqrst"[i % 10]}`,
  ),
];
const lines = Array.from({ length: 10 }, (_, i) => `${words.slice(i * 6, i * 6 + 6).join(" ")}.`);
const good = lines.join("\n");
const run = "one fine day she left and nobody knew where they went or why so late";

filterContract(
  nemoHeuristic,
  {},
  new Map([
    ["", "too-many-non-alphanumeric-chars"],
    ["今天天气很好".repeat(20), "too-many-non-alphanumeric-chars"],
    ["\n\n\n", "too-many-symbol-words"],
    [good.replaceAll(/w\w+9\b/g, "# [...]"), "too-many-symbol-words"],
    [`${good} ${"2024".repeat(30)}`, "too-many-digits"],
    [`${good}\nhttps://example.org/${"abcdefghi/".repeat(12)}.`, "too-many-url-chars"],
    [good + "\n".repeat(200), "too-much-white-space"],
    [`${good} ${"(".repeat(58)}`, "too-many-brackets"],
    [`${good}\n\nWe have a Privacy Policy.`, "too-much-boilerplate"],
    [`${good} Lorem Ipsum`, "too-much-boilerplate"],
    [`${good}\n${"x.\n".repeat(6)}`, "repeated-lines"],
    [`${good}\n\na.\n\na.\n\nb\n\nb`, "repeated-paragraphs"],
    [`${good}\n${`${run}.\n`.repeat(5)}`, "repeated-line-chars"],
    [words.slice(0, 49).join(" "), "too-few-words"],
    ["wordy ".repeat(100_001), "too-many-words"],
    [lines.join("\n").replaceAll(".", ""), "too-many-unterminated-lines"],
    [`${good.replaceAll(".\n", ".\n1 2 3 ")}`, "too-few-alphabetic-words"],
    [good.replace("the of", "The Of"), "too-few-common-words"],
    [`${good} ${"x".repeat(300)}.`, "words-too-long"],
    [lines.map((line, i) => (i < 4 ? `${line}..` : line)).join("\n"), "too-many-ellipsis-lines"],
    [`${good} ${"lorem ipse ".repeat(12)}.`, "top-2-gram"],
    [`${good} ${run} ${run} ${run}.`, "repeated-5-grams"],
    [lines.map((line) => `• ${line}`).join("\n"), "too-many-bullets"],
    [good, null],
  ]),
);

test("rules that others come before on ordinary pages have thresholds of their own", () => {
  const verdict = (scores: object) => nemoHeuristic.keep({ ...scoresOf(good), ...scores }, params);
  const dropped = (reason: string, value: number) => ({ kept: false, reason, value });
  assert.deepEqual(verdict({ distinctParagraphChars: 0.79 }), dropped("repeated-paragraph-chars", 0.79));
  assert.deepEqual(verdict({ meanWordChars: 2.9 }), dropped("words-too-short", 2.9));
  assert.deepEqual(verdict({ longestWordChars: 1001 }), dropped("overlong-word", 1001));
  assert.deepEqual(verdict({ top3Gram: 0.19 }), dropped("top-3-gram", 0.19));
  assert.deepEqual(verdict({ repeated10Grams: 0.11, bulletLines: 1 }), dropped("repeated-10-grams", 0.11));
});

// tests/stages/text/modules/test_filters.py
test("NeMo's own test texts are over and under its thresholds as there", () => {
  const cases: readonly (readonly [keyof ReturnType<typeof scoresOf>, readonly (readonly [text: string, kept: boolean])[]])[] = [
    ["nonAlphanumericChars", [["", false], ["This is a test case.", true], ["%$^%$^%$&^$()))))", false], ["$aaa", true]]],
    ["symbolWords", [["mixed bag ... #", false], ["full of words", true], ["... # ... # #", false], ["barely ok 3 4 5 6 7 8 9 #", true]]],
    ["digitChars", [["purely letters", true], ["34134543", false], ["$!@$@!$!@", true], ["abcdefghi1", true]]],
    ["urlChars", [["https://www.nvidia.com/en-us/", false], ["no urls here!", true], ["words with url https://www.nvidia.com/en-us/", false]]],
    ["bulletLines", [["• not good", false], ["good", true], ["50 \n ⦾ 50", true], ["⁌ this \n⁌ should \n⁌barely \n⁌pass \n⁌5 \n⁌6 \n⁌7 \n⁌8 \n⁌9 \n done!", true]]],
    ["spaceChars", [["\t\n\r", false], ["good", true], ["50%\n\n\n", false], ["123\b", true]]],
    ["bracketChars", [["()", false], ["(not good)", false], ["this is completely absolutely fine", true], ["123456789(", true]]],
    ["boilerplateParagraphs", [["nothing\t here", true], ["1\n\n2\n\n3\n\n4\n\n5\n\n6\n\nterms of use\n\n privacy policy\n\n cookie policy\n\nuses cookies", true], ["too much \n\n privacy & cookies policy", false]]],
    ["meanWordChars", [["a", false], ["aa", false], ["superlongword short", true], ["evenly balanced", true], ["waytoolongforasingleword", false]]],
    ["distinctLines", [["totally unique", true], ["half.\nhalf.", false]]],
    ["distinctParagraphs", [["totally unique", true], ["half.\n\nhalf.", false]]],
    ["distinctLineChars", [["totally unique", true], ["a.\na.\nvery very very short duplicate.", true], ["half.\nhalf.", false], ["super very incredibly huge long duplicate.\nsuper very incredibly huge long duplicate.\na.\nb.\nc.", false]]],
    ["distinctParagraphChars", [["a.\n\n  a.\n\n  very very very short duplicate.", true], ["half.\n\nhalf.", false], ["super very incredibly huge long duplicate.\n\nsuper very incredibly huge long duplicate.\n\n  a.\n\n  b.\n\n  c.", false]]],
    ["top2Gram", [["this is a totally fine sentence with no repeat ngrams so we are ok", true], ["a b . a b", false], ["a a a a a a", false], ["totally fine small dupe a b a b", true]]],
    ["commonWords", [["uncommon", false], ["the and", true], ["the and and of to", true]]],
    ["alphabeticWords", [["totally fine", true], ["good good good good !", true], ["@", false]]],
  ]; // biome-ignore format: a table
  // The other rules have to stay out of the way, or a page is dropped by one before.
  const open = Object.fromEntries(
    Object.keys(params).map((key) => [key, key.startsWith("max") ? Number.MAX_VALUE : 0]),
  );
  const thresholdsOf = { meanWordChars: ["minMeanWordChars", "maxMeanWordChars"] } as Record<string, string[]>;
  for (const [score, pages] of cases) {
    const [capital, rest] = [score[0]!.toUpperCase(), score.slice(1)];
    const own = (thresholdsOf[score] ?? [`max${capital}${rest}`, `min${capital}${rest}`]).filter(
      (key) => key in params,
    );
    const thresholds = { ...open, ...Object.fromEntries(own.map((key) => [key, params[key as keyof typeof params]])) };
    if (score === "digitChars") Object.assign(thresholds, { maxDigitChars: 0.1 });
    for (const [text, kept] of pages) {
      const verdict = nemoHeuristic.keep(scoresOf(text), thresholds as typeof params);
      assert.equal(verdict.kept, kept, `${score}: ${JSON.stringify(text)}`);
    }
  }
});

// tests/stages/text/filters/heuristic/test_string_empty_input.py, tests/stages/text/utils/test_regex_url.py
test("a page without a word gets the worst scores, as later versions of NeMo give them", () => {
  for (const text of ["", " ", "\n\n", "\xa0", "  \t  \n  "]) {
    const scores = scoresOf(text);
    assert.equal(scores.symbolWords, 1);
    assert.equal(scores.bulletLines, 1);
    assert.equal(scores.longestWordChars, 0);
    assert.equal(scores.meanWordChars, 0);
    assert.equal(scores.unterminatedLines, 1);
    assert.equal(scores.ellipsisLines, 1);
    assert.equal(scores.alphabeticWords, 0);
    assert.equal(scores.distinctParagraphs, 0);
    assert.equal(scores.top2Gram, 1);
    assert.equal(scores.repeated10Grams, 1);
  }
  assert.equal(scoresOf("Hello world this is a test").meanWordChars, 3.5);
  assert.equal(scoresOf("Hello world 123 test").alphabeticWords, 0.75);
});

test("an address ends where NeMo's pattern does", () => {
  const urlChars = (text: string) => scoresOf(text).urlChars * [...text].length;
  const ends = [
    ["Visit http://exa^mple.com for details", "http://exa"],
    ["see http://x.com<bad> for details", "http://x.com"],
    ["click http://example.com;next", "http://example.com"],
    ["ref https://A.B-C_D+E&f!*(g),h%2F end", "https://A.B-C_D+E&f!*(g),h%2F"],
    ["ref http://a/%2Fb%2 end", "http://a/%2Fb"],
    ["http://a.example then https://b.example.", "http://a.examplehttps://b.example."],
    ["HTTP://a httphttps://b/?c=d#e~f:1 http:// https", "https://b/?c=d#e~f:1"],
  ] as const;
  for (const [text, urls] of ends) assert.equal(Math.round(urlChars(text)), urls.length, text);
});

test("a top run is removed as text: inside of words, but not across a line end", () => {
  assert.equal(scoresOf("a b\na b\naa bb").top2Gram, 9 / 13);
  // "in the" is the top run; it also stands in "cabin theory".
  assert.equal(scoresOf("in the cabin theory in the").top2Gram, 18 / 26);
  assert.equal(scoresOf("a\nb a\nb a\nb").top2Gram, 0);
  // Of runs that stand equally often the first one counts.
  assert.equal(scoresOf("aaa bbb c d").top2Gram, 7 / 11);
});

test("repeated runs count what overlaps once, and their spaces", () => {
  // 12 words "a": the run of five stands again from the second word on: 5 + 4 characters, then 1 + 1 for each further one.
  assert.equal(scoresOf("a ".repeat(12).trim()).repeated5Grams, (9 + 6 * 2) / 23);
  // "a b c d e" stands again once: 5 characters and 4 spaces.
  assert.equal(scoresOf("a b c d e x a b c d e").repeated5Grams, 9 / 21);
  assert.equal(scoresOf("a b c d e x a b c d e").repeated6Grams, 0);
});

test("letters of words are Unicode's alphabetic characters, and marks are found in any case", () => {
  assert.equal(scoresOf("कि ि 1 .").alphabeticWords, 0.5);
  assert.equal(scoresOf("one\nREAD MORE  \ntwo [...]\n\nthree..").ellipsisLines, 0.5);
  assert.equal(scoresOf("Coo\u212aie policy").boilerplateParagraphs, 1);
});

test("each long cookie text that has none of the short phrases is found by itself", () => {
  const necessary =
    "Necessary cookies are absolutely essential for the website to function properly. This category only includes " +
    "cookies that ensures basic functionalities and security features of the website. These cookies do not store any " +
    "personal information.";
  assert.equal(scoresOf(`${necessary}\n\nx`).boilerplateParagraphs, 0.5);
  assert.equal(scoresOf(`${necessary.replace("ensures", "ensure")}\n\nx`).boilerplateParagraphs, 0);
});

test("removals are counted as by replacing, however long the part", () => {
  const seed = 20_260_726;
  const random = seededRandom(seed);
  const letters = ["a", "b", "a", " ", "\ud83d", "\ude00", "😀"];
  for (let round = 0; round < 300; round++) {
    const piece = Array.from(
      { length: 1 + Math.floor(random() * 90) },
      () => letters[Math.floor(random() * letters.length)],
    );
    const text = Array.from({ length: 6 }, () => (random() < 0.7 ? piece.join("") : "ab\ud83d")).join(
      random() < 0.5 ? "" : "\ude00",
    );
    const start = Math.floor(random() * 20);
    const part = text.slice(start, start + 1 + Math.floor(random() * 130));
    if (part === "") continue;
    // The definition: code points, so that half a pair is found in no pair.
    const pattern = new RegExp([...part].map((char) => `\\u{${char.codePointAt(0)!.toString(16)}}`).join(""), "gu");
    assert.equal(
      countRemovals(text, part),
      text.match(pattern)?.length ?? 0,
      `seed ${seed}: ${JSON.stringify([text, part])}`,
    );
  }
});

test("every score equals its plain definition, on random and on awkward texts", () => {
  const seed = 20_260_126;
  const random = seededRandom(seed);
  const texts = [...AWKWARD_TEXTS, ...Array.from({ length: 250 }, () => randomText(random))];
  for (const text of texts)
    assert.deepEqual({ ...scoresOf(text) }, nemoScoresPlainly(text), `seed ${seed}: ${JSON.stringify(text)}`);
});

test("megabytes of hostile text are measured in linear time", () => {
  const started = performance.now();
  for (const text of HOSTILE_TEXTS)
    for (const value of Object.values(scoresOf(text))) assert.ok(Number.isFinite(value));
  // A second or two; a quadratic rule would need hours.
  assert.ok(performance.now() - started < 60_000);
});
