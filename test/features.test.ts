import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { RecipeError } from "../pipeline/errors.ts";
import { defineFeature, type FeatureNeed } from "../pipeline/features.ts";
import { seededRandom } from "../pipeline/random.ts";
import { englishExceptions } from "../pipeline/text/english-exceptions.ts";
import { repeatedGramChars, topGramChars } from "../pipeline/text/ngrams.ts";
import { repeatedGramCharsFast, topGramCharsFast } from "../pipeline/text/ngrams-fast.ts";
import { PUNCTUATION, TERMINAL_PUNCTUATION } from "../pipeline/text/punctuation.ts";
import { countCodePoints, isSpace, splitLines, strip } from "../pipeline/text/python-text.ts";
import { countRepeats, countRepeatsPlainly } from "../pipeline/text/repeats.ts";
import { SpanRecords } from "../pipeline/text/span-records.ts";
import { copyUnits } from "../pipeline/text/units.ts";
import { perKind } from "../pipeline/text/word-kinds.ts";
import { cutEnglishWords } from "../pipeline/text/words-english.ts";
import { cutSpacedWords } from "../pipeline/text/words-spaced.ts";
import { cutUnicodeWords, segmentWords } from "../pipeline/text/words-uax29.ts";
import { reuse, viewOf } from "../pipeline/view.ts";
import { AWKWARD_TEXTS, pageWith } from "./contracts/filter.ts";
import { needsShared, sharedPath } from "./shared.ts";

// Cut by executing spaCy 3.8.16's blank English tokenizer; white space tokens left out.
const ENGLISH: readonly (readonly [text: string, words: string])[] = [
  ["foo:) bar", "foo|:)|bar"],
  ["x:) ) y", "x|:|)|)|y"],
  ["a :  ) b", "a|:|)|b"],
  ["(Mr.) Mr . St.", "(|Mr.|)|Mr|.|St."],
  ["it's 'tis \u2019twas I\u2019m we\u2019d\u2019ve", "it|'s|'|tis|’|twas|I|’m|we|’d|’ve"],
  ["10km/h 5% 3.5kg US$5 5US$ C$7 $5", "10|km/h|5|%|3.5|kg|US$|5|5|US$|C$|7|$|5"],
  ["USA. U.S.A. \u0416. ab. A. AB. \u00b0F. 9\u00b0C.", "USA|.|U.S.A.|Ж.|ab|.|A.|AB|.|°|F|.|9|°|C|."],
  ["a--b a---b a\u2014\u2014b a-1 1-2 1-a", "a|--|b|a|---|b|a|——|b|a-1|1|-|2|1|-|a"],
  [
    "http://x.org/a?b=c, a.b@c.com) www.x.org. 1.2.3.4:80/x 10.0.0.1 x.Org",
    "http://x.org/a?b=c|,|a.b@c.com|)|www.x.org|.|1.2.3.4:80/x|10.0.0.1|x.|Org",
  ],
  ["e.g.foo a.B a,b 1,2 b:c 1:2", "e.g.foo|a.|B|a|,|b|1,2|b|:|c|1:2"],
  ["\ud83d\ude00\ud83d\ude00a \ud83e\udd70 \u00a92020 \u2026wow... ..", "😀|😀|a|🥰|©|2020|…|wow|...|.."],
  ['"\u201cquoted\u201d\'s" \u00abx\u00bb', '"|“|quoted|”|\'s|"|«|x|»'],
  ["Bob’s Bob's BOB’S BOB'S s's", "Bob|’s|Bob|'s|BOB|’S|BOB|'S|s|'s"],
  ["can't've cannot gonna", "ca|n't|'ve|can|not|gon|na"],
  ["8) 8-) :-)) =) <3 </3 O_o 0.0", "8)|8-)|:-))|=)|<3|</3|O_o|0.0"],
  ["\u4e2d\u6587\u3002\u6f22\u5b57 \ud55c\uae00, \u05e9\u05dc\u05d5\u05dd!", "中文。漢字|한글|,|שלום|!"],
  ["I.e. v.s. a.m. 5a.m. 11pm 13pm", "I.e.|v.s.|a.m.|5|a.m.|11|pm|13pm"],
  ["well its Ill we'll shed she'd", "well|its|Ill|we|'ll|shed|she|'d"],
  ["C++ C# F++ 5+ +5 ++", "C++|C|#|F++|5|+|+5|+|+"],
  ['\\n \\t \\")', '\\n|\\t|\\")'],
  ["a\u200db \ufeffx x\u00adx", "a\u200db|\ufeffx|x\u00adx"],
  ["mailto:x@y.co ftp://a.b.cd:21/x user:pw@h.co a@b", "mailto:x@y.co|ftp://a.b.cd:21/x|user:pw@h.co|a@b"],
  ["km 5 km 5km 5\u043a\u043c", "km|5|km|5|km|5|км"],
];

test("English words are cut as spaCy cuts them", () => {
  for (const [text, words] of ENGLISH) assert.equal([...cutEnglishWords(text)].join("|"), words, text);
});

test("the golden pages are cut as spaCy cut them", needsShared("fixtures/filters/datatrove_golden.json"), () => {
  const golden = JSON.parse(readFileSync(sharedPath("fixtures/filters/datatrove_golden.json"), "utf8"));
  for (const { text, words } of Object.values<{ text: string; words: string[] }>(golden.cases))
    assert.deepEqual([...cutEnglishWords(text)], words);
});

test("there are as many English exceptions as spaCy has, and each is the sum of its parts", () => {
  assert.equal(englishExceptions().size, 1343);
  for (const [chunk, parts] of englishExceptions()) assert.equal(parts.join(""), chunk);
});

test("words cover everything but white space, in order, and equal kinds are equal words", () => {
  const random = seededRandom(11);
  for (const text of [...AWKWARD_TEXTS, ...Array.from({ length: 300 }, () => hostileText(random))]) {
    const words = cutEnglishWords(text);
    let at = 0;
    for (let i = 0; i < words.length; i++) {
      for (; at < words.starts[i]!; at++) assert.ok(isSpace(text.charCodeAt(at)), JSON.stringify(text));
      at = words.ends[i]!;
      assert.ok(at > words.starts[i]!);
      assert.equal(words.vocabulary.find(words.at(i)), words.kinds[i]);
    }
    for (; at < text.length; at++) assert.ok(isSpace(text.charCodeAt(at)));
  }
});

test("words cut chunk by chunk are those of the whole text", () => {
  const random = seededRandom(12);
  const texts = [...AWKWARD_TEXTS, "1\u202f000 km", " \u0301a \u200db", "can't a.b 3.5, Ελ. ไทยภาษา 東京 a_b"];
  for (const text of [...texts, ...Array.from({ length: 500 }, () => hostileText(random))]) {
    assert.deepEqual([...cutUnicodeWords(text)], segmentWords(text), JSON.stringify(text));
    const spaced = splitLines(text.replaceAll(/[\s\x1c-\x1f\x85]/gu, (c) => (c === "\ufeff" ? c : "\n")));
    assert.deepEqual(
      [...cutSpacedWords(text)],
      spaced.filter((word) => word !== ""),
    );
  }
});

test("spans of up to sixteen small units, and longer ones, are told apart", () => {
  const records = new SpanRecords();
  const random = seededRandom(13);
  const known = new Map<string, number>();
  const alphabet = [0, 1, 0x61, 0xff, 0x100, 0x161];
  for (let n = 1; n <= 50_000; n++) {
    const length = 1 + Math.floor(random() * (n % 2 === 0 ? 5 : 19));
    const small = random() < 0.7 ? 4 : 6;
    const span = String.fromCharCode(...Array.from({ length }, () => alphabet[Math.floor(random() * small)]!));
    const start = Math.floor(random() * 3);
    const units = copyUnits("b".repeat(start) + span + "c".repeat(9));
    let at = records.find(units, start, start + length);
    assert.equal(at === -1 ? undefined : records.word(at), known.get(span), JSON.stringify(span));
    if (at !== -1) {
      assert.equal(records.chunk(at), -known.get(span)!);
      continue;
    }
    at = records.add(units, start, start + length);
    records.setWord(at, n);
    records.setChunk(at, -n);
    known.set(span, n);
  }
});

test("a number for each kind of word is found out once", () => {
  let asked = 0;
  const lengths = perKind((word) => {
    asked++;
    return word.length;
  });
  const words = cutSpacedWords("one three one three five");
  const table = lengths(words.vocabulary);
  assert.deepEqual(
    Array.from(words.kinds, (kind) => table[kind]),
    [3, 5, 3, 5, 4],
  );
  const before = asked;
  assert.ok(lengths(cutSpacedWords("one six").vocabulary).length >= words.vocabulary.size);
  assert.equal(asked, before + 1);
});

test("fast n-gram counts are those of the definition, on random words of few letters", () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = seededRandom(seed);
    const alphabet = ["a", "b", "aa", "ab", "ba", "aba", "😀", "é", ")"];
    const length = Math.floor(random() * 120);
    const gap = () => (random() < 0.9 ? " " : "\n");
    const pick = () => alphabet[Math.floor(random() * (2 + (seed % 8)))]!;
    const words = cutEnglishWords(Array.from({ length }, () => pick() + gap()).join(""));
    const strings = [...words];
    const top = [2, 3, 4].map((n) => topGramChars(strings, n));
    assert.deepEqual(topGramCharsFast(words, 4), top, `seed ${seed}`);
    const repeated = [5, 6, 7, 8, 9, 10].map((n) => repeatedGramChars(strings, n));
    assert.deepEqual(repeatedGramCharsFast(words, 5, 10), repeated, `seed ${seed}`);
  }
});

test("words made to collide are told apart", () => {
  // Thue–Morse words: any polynomial hash modulo a power of two gives both the same value from some length on.
  let [word, twin] = ["a", "b"];
  while (word.length < 4096) [word, twin] = [word + twin, twin + word];
  const words = cutEnglishWords(`${word} c d e f ${twin} c d e f`);
  assert.deepEqual(repeatedGramCharsFast(words, 5, 5), [0]);
});

test("runs that spell the same with other word boundaries repeat each other", () => {
  const words = cutEnglishWords("ab c de f gh x a bc d ef gh");
  assert.equal(repeatedGramChars([...words], 5), 8);
  assert.deepEqual(repeatedGramCharsFast(words, 5, 5), [8]);
});

test("repeated pieces are counted as the definition counts them", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const text = Array.from({ length: 80 }, () => ["\n", "\n\n", "a", "bb", "😀", " "][Math.floor(random() * 6)]!).join(
      "",
    );
    assert.deepEqual(countRepeats(text, 1), countRepeatsPlainly(text.split(/\n+/)), `seed ${seed}`);
    const start = text.length - text.trimStart().length;
    const end = text.trimEnd().length;
    if (end < start) continue;
    assert.deepEqual(
      countRepeats(text, 2, start, end),
      countRepeatsPlainly(text.trim().split(/\n{2,}/)),
      `seed ${seed}`,
    );
  }
});

test("Python's idea of lines, white space and length", () => {
  assert.deepEqual(splitLines("a\nb\r\nc\rd\v\fe\x1cf\x1dg\x1eh\x85i\u2028j\u2029"), [..."abcd", "", ..."efghij"]);
  assert.deepEqual(splitLines(""), []);
  assert.deepEqual(splitLines("\n\n"), ["", ""]);
  assert.equal(strip("\x1c\u3000 a\ufeff \x85"), "a\ufeff");
  assert.equal(countCodePoints("a😀\ud800"), 3);
  // Python 3.11: 29 white space characters.
  assert.equal(Array.from({ length: 0x10000 }, (_, unit) => isSpace(unit)).filter(Boolean).length, 29);
});

test("datatrove's punctuation has its known size", () => {
  assert.equal(TERMINAL_PUNCTUATION.size, 159);
  for (const char of "\"'…:") assert.ok(!TERMINAL_PUNCTUATION.has(char.codePointAt(0)!));
  for (const char of "\0\x08\v\x1f\x7f\x9f") assert.ok(PUNCTUATION.has(char.codePointAt(0)!));
  for (const char of "\t\n aé") assert.ok(!PUNCTUATION.has(char.codePointAt(0)!));
});

test("UAX #29 words are the segmenter's word-like segments", () => {
  const segmenter = new Intl.Segmenter("en", { granularity: "word" });
  const random = seededRandom(5);
  for (const text of [...AWKWARD_TEXTS, ...Array.from({ length: 1500 }, () => hostileText(random))]) {
    const expected = [...segmenter.segment(text)].filter((part) => part.isWordLike).map((part) => part.segment);
    assert.deepEqual(segmentWords(text), expected, JSON.stringify(text));
  }
});

test("a feature is measured once per view, when it is first read, and again only for another text", () => {
  let measured = 0;
  const length = defineFeature({
    name: "length2",
    measure: (text) => {
      measured++;
      return text.length * 2;
    },
  });
  const needs = [length, "lines"] as const;
  const view = viewOf(pageWith("a\nb"), needs);
  assert.equal(measured, 0);
  assert.equal(view.length2, 6);
  assert.equal(view.length2, 6);
  assert.deepEqual(view.lines, ["a", "b"]);
  const tagged = reuse(view, pageWith("a\nb", { tags: { lang: "en" } }));
  assert.deepEqual([tagged.length2, tagged.tags.lang, tagged.lines === view.lines], [6, "en", true]);
  assert.equal(measured, 1);
  assert.equal(reuse(view, pageWith("abc")).length2, 6);
  assert.equal(measured, 2);
  assert.deepEqual([view.text, view.url, view.page.text], ["a\nb", "https://example.org/page", "a\nb"]);
});

test("a feature that throws is asked again, and leaves no value behind", () => {
  const fails = defineFeature({ name: "fails", measure: (): number => assert.fail("no") });
  const view = viewOf(pageWith(""), [fails]);
  assert.throws(() => view.fails, /no/);
  assert.throws(() => view.fails, /no/);
});

test("needs that cannot be met are a RecipeError with a name in it", () => {
  const twin = () => defineFeature({ name: "twin", measure: () => 1 });
  const text = defineFeature({ name: "text", measure: () => 1 });
  const expect = (needs: readonly FeatureNeed[], message: RegExp) =>
    assert.throws(
      () => viewOf(pageWith(""), needs),
      (error) => error instanceof RecipeError && message.test(error.message),
    );
  expect(["wrods" as "words"], /unknown feature "wrods" \(built in: words, /);
  expect(["constructor" as "words"], /unknown feature/);
  expect([twin(), twin()], /two different features are called "twin"/);
  expect([text], /cannot be called "text"/);
});

/** Short texts of pieces that word rules trip over. */
function hostileText(random: () => number): string {
  const pieces = [
    ..." \n\t.,:;'\"_-@#/()…’“”·٫\0",
    "a", "B", "é", "ß", "7", "42", "3.5", "x.y", "a'b", "_a", "1,2", "a:b", "a.b", "don't", "e.g.", "http://a.b/c", ":)",
    "😀", "👨‍👩‍👧", "🇫🇷", "\u0301", "\u200d", "\u00ad", "\ufeff", "\u2028", "\ud800", "\udc00", "中文", "カナ", "ひら", "한글",
    "ไทย", "שלום", "מ\"ם", "مرحبا", "क्ष", "𠀀", "\r\n", "  ", "\u00a0", "\u3000", "K.", "°C",
  ]; // biome-ignore format: a list of pieces
  return Array.from({ length: 1 + Math.floor(random() * 14) }, () => pieces[Math.floor(random() * pieces.length)]).join(
    "",
  );
}
