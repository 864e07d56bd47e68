import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePair, pairWindows } from "../../../../eval/measure/tasks/encode-pair.ts";
import type { Tokenizer } from "../../../../pipeline/tokenizer.ts";
import { ByteTokenizer } from "../../../../tokenizer/baselines/byte.ts";

const bytes = new ByteTokenizer();
const END_OF_TEXT = bytes.endOfText;

function textOf(ids: ArrayLike<number>): string {
  return Buffer.from(bytes.decode(ids)).toString();
}

test("white space at the context's end is scored with the continuation", () => {
  const pair = encodePair(bytes, "one \n", "two");
  assert.equal(textOf(pair.contextIds), "one");
  assert.equal(textOf(pair.continuationIds), " \ntwo");
  assert.equal(pair.scoredBytes, 5);
});

test("white space is Python's: U+001C and U+0085 are moved, U+FEFF is not", () => {
  assert.equal(textOf(encodePair(bytes, "one\u001c\u0085\u3000", "two").contextIds), "one");
  assert.equal(textOf(encodePair(bytes, "one\ufeff", "two").contextIds), "one\ufeff");
});

test("without context, the end-of-text token stands there; a context of white space alone is none", () => {
  for (const [context, scored] of [
    ["", " yes"],
    [" \n", " \n yes"],
  ] as const) {
    const pair = encodePair(bytes, context, " yes");
    assert.deepEqual([...pair.contextIds], [END_OF_TEXT]);
    assert.equal(textOf(pair.continuationIds), scored);
    assert.equal(pair.scoredBytes, Buffer.byteLength(scored));
  }
});

test("a continuation that begins with the end-of-text token is not scored twice", () => {
  const encode = (text: string): Uint32Array => Uint32Array.of(END_OF_TEXT, ...bytes.encode(text));
  const pair = encodePair(withEncode(encode), "", "ab");
  assert.deepEqual([...pair.contextIds], [END_OF_TEXT]);
  assert.equal(textOf(pair.continuationIds), "ab");
});

test("the continuation's ids are those of the whole behind as many as the context alone has", () => {
  // "a", "b", "c" and "ab" are tokens: behind the context "a", the whole "abc" is ab·c, and of it one id is skipped.
  const encode = (text: string): Uint32Array =>
    Uint32Array.from(text.match(/ab|./gs) ?? [], (piece) => (piece === "ab" ? 200 : piece.charCodeAt(0)));
  const pair = encodePair(withEncode(encode), "a", "bc");
  assert.deepEqual([...pair.contextIds], [97]);
  assert.deepEqual([...pair.continuationIds], [99]);
  assert.throws(() => encodePair(withEncode(encode), "a", "b"), {
    name: "RecipeError",
    message: /^tokenizer merging: found no tokens of "b" behind "a", expected one at least/,
  });
});

test("a tokenizer without end of text cannot score what has no context", () => {
  const { endOfText: _, ...rest } = withEncode((text) => bytes.encode(text));
  assert.throws(() => encodePair(rest, "", "a"), { name: "RecipeError", message: /found no end-of-text token/ });
});

test("a window holds the context's last ids and all of the continuation", () => {
  const pair = encodePair(bytes, "abcdef", "xyz");
  const [whole, ...more] = pairWindows(pair, 8);
  assert.deepEqual([textOf(whole!.ids), whole!.firstScored, more.length], ["abcdefxyz", 6, 0]);
  const [cut] = pairWindows(pair, 5);
  assert.deepEqual([textOf(cut!.ids), cut!.firstScored], ["defxyz", 3]);
  const [least] = pairWindows(pair, 3);
  assert.deepEqual([textOf(least!.ids), least!.firstScored], ["fxyz", 1]);
});

test("a continuation that is longer than the model reads goes into several windows, each id once", () => {
  const windows = pairWindows(encodePair(bytes, "ab", "vwxyz"), 2);
  const shown = windows.map(
    ({ ids, firstScored }) => `${textOf(ids).slice(0, firstScored)}|${textOf(ids).slice(firstScored)}`,
  );
  assert.deepEqual(shown, ["b|vw", "w|xy", "xy|z"]);
});

function withEncode(encode: (text: string) => Uint32Array): Tokenizer {
  const { vocabSize, digest } = bytes;
  return {
    name: "merging",
    vocabSize,
    endOfText: END_OF_TEXT,
    digest,
    encode,
    encodeBytes: (utf8) => encode(Buffer.from(utf8).toString()),
    decode: (ids) => bytes.decode(ids),
  };
}
