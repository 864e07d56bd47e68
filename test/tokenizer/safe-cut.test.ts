import assert from "node:assert/strict";
import { test } from "node:test";
import { PATTERNS, type Pattern, splitPieces } from "../../tokenizer/pretokenize.ts";
import { hasSafeCuts, isSafeCut, lastSafeCut, safeCuts } from "../../tokenizer/safe-cut.ts";
import { hostileText, randomCodePoints, seededRandom, TRAPS } from "./hostile.ts";

const ALL_SPACES = [...Array.from({ length: 0x110000 }, (_, code) => code)]
  .filter((code) => (code < 0xd800 || code > 0xdfff) && /\p{White_Space}/u.test(String.fromCodePoint(code)))
  .map((code) => String.fromCodePoint(code));

for (const pattern of Object.values(PATTERNS)) {
  test(`${pattern.name}: wherever a text is cut, its pieces stay the same`, () => {
    let cuts = 0;
    for (const text of hostileTexts()) cuts += assertSafe(pattern, text);
    assert.ok(cuts > 10_000, `only ${cuts} places were tried`);
  });
}

test("whitespace of every kind, on either side, is no reason to cut wrongly", () => {
  for (const space of ALL_SPACES) {
    for (const text of [
      `a${space} b`,
      `a${space}\nb`,
      `a\n${space}b`,
      `.${space} b`,
      `中${space}\n中`,
      `a${space}b c\nd`,
    ]) {
      for (const pattern of Object.values(PATTERNS)) assertSafe(pattern, text);
    }
  }
});

test("cuts are before a space that follows something visible, and after a lone line feed", () => {
  assert.deepEqual(safePlaces("one two, 3 x"), [3, 8, 10]);
  assert.deepEqual(safePlaces("a  b \n c"), [1, 4]);
  assert.deepEqual(safePlaces("a\nb\n\nc\n d\n/e"), [2]);
  assert.deepEqual(safePlaces("a\r\nb"), []);
  assert.deepEqual(safePlaces("中文。\n日本"), [10]);
  assert.deepEqual(safePlaces("中\u3000 x\u00a0 y\u2003 z\u3000\nw"), []);
});

test("bytes that are not UTF-8 are not cut beside", () => {
  for (const bytes of [
    [0xff],
    [0x80],
    [0xc2],
    [0xe4, 0xb8],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x80, 0x80, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xe0, 0x80, 0x80],
  ]) {
    const before = Uint8Array.from([...bytes, 0x20, 0x61]);
    const after = Uint8Array.from([0x61, 0x0a, ...bytes]);
    for (let at = 0; at <= before.length; at++) assert.equal(isSafeCut(before, at), false, `${bytes} before, ${at}`);
    for (let at = 0; at <= after.length; at++) assert.equal(isSafeCut(after, at), false, `${bytes} after, ${at}`);
  }
});

test("parts are as long as asked for, or as long as they have to be", () => {
  const text = Buffer.from(`${"word ".repeat(40)}${"x".repeat(100)} end`);
  const cuts = safeCuts(text, 50);
  assert.deepEqual(cuts, [54, 104, 154, 300]);
  assert.equal(lastSafeCut(text, 0, 299), 199);
  assert.equal(lastSafeCut(text, 200, 299), -1);
  assert.deepEqual(safeCuts(Buffer.from("x".repeat(1000)), 10), []);
  assert.deepEqual(safeCuts(Buffer.alloc(0), 10), []);
});

test("only the named patterns have safe cuts", () => {
  for (const pattern of Object.values(PATTERNS)) assert.ok(hasSafeCuts(pattern));
  assert.equal(hasSafeCuts({ name: "custom", source: String.raw`\S+|\s+` }), false);
  assert.equal(hasSafeCuts({ name: "gpt2", source: ".+" }), false);
});

function* hostileTexts(): Generator<string> {
  yield* TRAPS;
  const random = seededRandom(4);
  for (let n = 0; n < 1500; n++) {
    yield hostileText(random, 40);
    yield randomCodePoints(random, 20).replaceAll(/(.{3})/gu, (_, three) => three + (random() < 0.5 ? " " : "\n"));
    yield spacedText(random);
  }
}

/** Words, punctuation and blanks by turns: nearly every place is on the brink of being safe. */
function spacedText(random: () => number): string {
  const parts = [
    "a",
    "Z",
    "9",
    ".",
    "'",
    "'s",
    "/",
    "中",
    "。",
    "é",
    "\u0301",
    "ʰ",
    "😀",
    " ",
    " ",
    "\n",
    "\n",
    "\r\n",
    "\t",
  ];
  parts.push(ALL_SPACES[Math.floor(random() * ALL_SPACES.length)]!);
  return Array.from({ length: 30 }, () => parts[Math.floor(random() * parts.length)]).join("");
}

/** Cuts the text at each safe place alone, then at all of them. Returns their number. */
function assertSafe(pattern: Pattern, text: string): number {
  const bytes = Buffer.from(text.toWellFormed());
  const whole = splitPieces(pattern, bytes.toString());
  const places = safePlaces(text);
  for (const at of [...places.map((place) => [place]), places]) {
    const parts = [0, ...at].map((start, i) => bytes.subarray(start, at[i] ?? bytes.length).toString());
    const pieces = parts.flatMap((part) => splitPieces(pattern, part));
    assert.deepEqual(pieces, whole, `${JSON.stringify(text)} cut at ${at}`);
  }
  return places.length;
}

function safePlaces(text: string): number[] {
  const bytes = Buffer.from(text.toWellFormed());
  return Array.from({ length: bytes.length + 1 }, (_, at) => at).filter((at) => isSafeCut(bytes, at));
}
