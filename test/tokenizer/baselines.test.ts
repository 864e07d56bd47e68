import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";
import type { Tokenizer } from "../../pipeline/tokenizer.ts";
import { ByteTokenizer } from "../../tokenizer/baselines/byte.ts";
import { buildCharacterTokenizer, CharacterTokenizer } from "../../tokenizer/baselines/character.ts";
import { isTokenList, loadTokenList, parseTokenList, saveTokenList } from "../../tokenizer/baselines/file.ts";
import { assertKnown, assertSpellsEverything, unknownRate } from "../../tokenizer/baselines/unknown.ts";
import { buildWordTokenizer, WordTokenizer } from "../../tokenizer/baselines/word.ts";
import { loadTokenizer } from "../../tokenizer/load.ts";
import { utf8Stretches } from "../../tokenizer/utf8.ts";
import { fuzzBytes, fuzzText } from "./fuzz-texts.ts";
import { TRAPS } from "./hostile.ts";
import { tempFolder } from "./temp.ts";

const SEED = 98;
const folder = tempFolder();

const TEXTS = [
  "The cat sat on the mat. The cat's mat!",
  "das Mädchen – 東京へ行く 😀",
  "one\r\ntwo\n\n three\t<|endoftext|>",
];
const decoded = (tokenizer: Tokenizer, text: string): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(tokenizer.decode(tokenizer.encode(text)));

test("bytes: ids are the bytes of UTF-8, and any bytes come back", () => {
  const bytes = new ByteTokenizer();
  assert.deepEqual([...bytes.encode("aé")], [97, 0xc3, 0xa9]);
  const random = seededRandom(SEED);
  for (let n = 0; n < 500; n++) {
    const some = fuzzBytes(random);
    assert.deepEqual(bytes.decode(bytes.encodeBytes(some)), some, `seed ${SEED}`);
    const text = fuzzText(random);
    assert.equal(decoded(bytes, text), text.toWellFormed(), `seed ${SEED}`);
  }
  assert.deepEqual([...bytes.encode("\ud800")], [0xef, 0xbf, 0xbd]);
});

test("bytes: the end of a text is the id after the bytes, and decodes to its name", () => {
  const bytes = new ByteTokenizer();
  assert.deepEqual([bytes.vocabSize, bytes.endOfText], [257, 256]);
  const text = (ids: number[]): string => Buffer.from(bytes.decode(ids)).toString();
  assert.equal(text([256]), "<|endoftext|>");
  assert.equal(text([104, 105, 256, 256, 33]), "hi<|endoftext|><|endoftext|>!");
  assert.equal(text([]), "");
  assert.throws(
    () => bytes.decode([1, 257]),
    new FormatError("bytes: id 257 at position 1 is no token (ids go from 0 to 256)"),
  );
  for (const id of [-1, 0.5, Number.NaN]) assert.throws(() => bytes.decode([id]), FormatError);
});

test("characters: a list in code point order, then unknown, then the end", () => {
  const letters = buildCharacterTokenizer(["cab😀", "b\ue000"]);
  assert.deepEqual(letters.tokens, ["a", "b", "c", "\ue000", "😀"]); // by code unit the smiley would come before
  assert.deepEqual([letters.unknown, letters.endOfText, letters.vocabSize], [5, 6, 7]);
  assert.deepEqual([...letters.encode("a😀dc")], [0, 4, 5, 2]);
  assert.equal(decoded(letters, "a😀dc"), "a😀\ufffdc");
  assert.equal(Buffer.from(letters.decode([0, 6])).toString(), "a<|endoftext|>");
  assert.throws(() => letters.decode([7]), /^FormatError: characters: id 7 at position 0 is no token \(.*0 to 6\)/);
});

test("characters and words: the most frequent are kept, ties by code unit, however the texts are ordered", () => {
  const texts = ["b b a", "c c d e", "e a"];
  for (const order of [texts, texts.toReversed()]) {
    assert.deepEqual(buildCharacterTokenizer(order, { maxTokens: 3 }).tokens, [" ", "a", "b"]);
    assert.deepEqual(buildCharacterTokenizer(order, { minCount: 3 }).tokens, [" "]);
    assert.deepEqual(buildWordTokenizer(order, { maxTokens: 4 }).tokens, [" ", "a", "b", "c"]);
    assert.deepEqual(buildWordTokenizer(order, { minCount: 2 }).tokens, [" ", "a", "b", "c", "e"]);
  }
});

test("words: Unicode's boundaries, with the marks and spaces between; or whitespace", () => {
  const uax29 = buildWordTokenizer(TEXTS);
  const parts = (tokenizer: WordTokenizer, text: string): string[] =>
    [...tokenizer.encode(text)].map((id) => tokenizer.tokens[id] ?? "?");
  assert.deepEqual(parts(uax29, "the cat's mat."), ["the", " ", "cat's", " ", "mat", "."]);
  assert.deepEqual(parts(uax29, "The dog"), ["The", " ", "?"]);
  assert.deepEqual(parts(uax29, "\r\n\r"), ["\r\n", "?"]);
  const spaced = buildWordTokenizer(TEXTS, { rule: "whitespace" });
  assert.deepEqual(parts(spaced, "The cat sat on the mat. mat"), [
    "The",
    " ",
    "cat",
    " ",
    "sat",
    " ",
    "on",
    " ",
    "the",
    " ",
    "mat.",
    " ",
    "?",
  ]);
  assert.deepEqual(parts(spaced, "\ttwo\n\n three"), ["\t", "two", "\n\n ", "three"]);
});

test("a text of which everything is known comes back to the byte", () => {
  for (const make of [
    (texts: string[]) => buildCharacterTokenizer(texts),
    (texts: string[]) => buildWordTokenizer(texts),
    (texts: string[]) => buildWordTokenizer(texts, { rule: "whitespace" }),
  ]) {
    const random = seededRandom(SEED);
    const texts = [...TEXTS, ...TRAPS, ...Array.from({ length: 400 }, () => fuzzText(random))];
    const tokenizer = make(texts);
    for (const text of texts) {
      const ids = tokenizer.encode(text);
      assert.ok(!ids.includes(tokenizer.unknown) && !ids.includes(tokenizer.endOfText), `seed ${SEED}`);
      assert.equal(decoded(tokenizer, text), text.toWellFormed());
      assert.deepEqual(tokenizer.encodeBytes(Buffer.from(text)), ids);
    }
    assert.equal(unknownRate(tokenizer, texts), 0);
    assertSpellsEverything(tokenizer, texts);
  }
});

test("bytes that are no UTF-8 are unknown, one by one, though U+FFFD is on the list", () => {
  const letters = new CharacterTokenizer(["a", "\ufffd"]);
  assert.deepEqual([...letters.encode("a\ufffd\ud800")], [0, 1, 1]);
  assert.deepEqual([...letters.encodeBytes(Uint8Array.of(0x61, 0xe2, 0x82, 0x61, 0xef, 0xbf, 0xbd))], [0, 2, 2, 0, 1]);
});

test("stretches of UTF-8 are what a strict decoder accepts, and none is missing", () => {
  const random = seededRandom(SEED);
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let n = 0; n < 1000; n++) {
    const bytes = fuzzBytes(random);
    const stretches = [...utf8Stretches(bytes)];
    const joined = stretches.map((part) => (typeof part === "string" ? Buffer.from(part) : Uint8Array.of(part)));
    assert.deepEqual(new Uint8Array(Buffer.concat(joined)), bytes, `seed ${SEED}`);
    // A byte stands alone only where no character begins.
    let at = 0;
    for (const [i, part] of joined.entries()) {
      if (typeof stretches[i] === "number") {
        for (let length = 1; length <= 4; length++) {
          assert.throws(() => {
            const text = strict.decode(bytes.subarray(at, at + length));
            if (at + length > bytes.length || [...text].length !== 1) throw new TypeError("not one character");
          }, TypeError);
        }
      }
      at += part.length;
    }
    const isValid = stretches.every((part) => typeof part === "string");
    assert.equal(
      isValid,
      Buffer.from(bytes).equals(Buffer.from(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes))),
    );
  }
});

test("unknown rate counts tokens, and perplexity is refused where it is not zero", async () => {
  const words = new WordTokenizer(["the", " "]);
  assert.equal(unknownRate(words, ["the cat", "the"]), 1 / 4);
  assert.equal(unknownRate(words, []), 0);
  assert.equal(unknownRate(new ByteTokenizer(), ["anything"]), 0);
  assert.throws(
    () => assertSpellsEverything(words, ["the the", "the cat"]),
    new RecipeError(
      "words: 1 of 3 tokens of text 1 are unknown, and perplexity over a text with unknown words says nothing about " +
        'the words (take a tokenizer that spells everything: "bytes", or byte-level BPE)',
    ),
  );
  assert.throws(() => assertKnown(words, words.encode("x"), "doc-7"), /1 of 1 tokens of doc-7 are unknown/);
  assertSpellsEverything(words, ["the the"]);
  assertSpellsEverything(new ByteTokenizer(), ["any"]);
  assertSpellsEverything(await loadTokenizer("gpt2"), ["any"]);
});

test("a saved list is the same tokenizer again, and the same bytes", async () => {
  const made = [
    buildCharacterTokenizer(TEXTS, { name: "letters" }),
    buildWordTokenizer(TEXTS),
    buildWordTokenizer(TEXTS, { rule: "whitespace", maxTokens: 5 }),
  ];
  assert.equal(new Set(made.map(({ digest }) => digest)).size, 3);
  for (const [n, tokenizer] of made.entries()) {
    const path = join(folder, `${n}.json`);
    await saveTokenList(tokenizer, path);
    const loaded = await loadTokenList(path);
    assert.deepEqual([loaded.name, loaded.digest, loaded.tokens], [tokenizer.name, tokenizer.digest, tokenizer.tokens]);
    for (const text of TEXTS) assert.deepEqual(loaded.encode(text), tokenizer.encode(text));
    assert.ok(isTokenList(JSON.parse(readFileSync(path, "utf8"))));
    const first = readFileSync(path, "utf8");
    await saveTokenList(tokenizer, path);
    assert.equal(readFileSync(path, "utf8"), first);
  }
});

test("the digest is of what decides ids: the list, its order and the cut, not the name", () => {
  const digest = (tokens: string[], name?: string): string => new CharacterTokenizer(tokens, name).digest;
  assert.equal(digest(["a", "b"]), digest(["a", "b"], "other"));
  assert.notEqual(digest(["a", "b"]), digest(["b", "a"]));
  assert.notEqual(new WordTokenizer(["a"]).digest, new WordTokenizer(["a"], "whitespace").digest);
  assert.notEqual(new WordTokenizer(["a"]).digest, digest(["a"]));
  const written = JSON.stringify(["sluice token list 1", `uax29 of ICU ${process.versions.icu}`, ["a"]]);
  assert.equal(new WordTokenizer(["a"]).digest, createHash("sha256").update(written).digest("hex"));
});

test("files that are something else are refused by name and place", () => {
  const file = (change: object): string =>
    JSON.stringify({ format: "sluice token list", version: 1, name: "w", cut: "uax29", tokens: ["a"], ...change });
  assert.equal(parseTokenList(file({}), "w.json").name, "w");
  const refused: [string, RegExp][] = [
    ["{", /^w.json: no JSON/],
    ["[]", /^w.json: expected \{"format": "sluice token list"/],
    [file({ format: "other" }), /^w.json: expected/],
    [file({ version: 2 }), /^w.json: a token list of version 2, newer than 1/],
    [file({ cut: "lines" }), /^w.json: cut: /],
    [file({ tokens: [1] }), /^w.json: tokens.0: /],
    [file({ tokens: ["a", "a"] }), /token "a" is empty, half a character, or on the list twice/],
    [file({ tokens: [""] }), /token "" is empty/],
    [file({ tokens: ["\ud800"] }), /token "\\ud800" is empty, half a character/],
    [file({ cut: "characters", tokens: ["ab"] }), /"ab" is not one code point/],
  ];
  for (const [text, message] of refused) {
    assert.throws(
      () => parseTokenList(text, "w.json"),
      (error: Error) => error instanceof FormatError && message.test(error.message),
      text,
    );
  }
  assert.ok(!isTokenList({ model: {} }) && !isTokenList(null) && !isTokenList([]));
});

test("a list file that is not there is an ordinary error", async () => {
  await assert.rejects(loadTokenList(join(folder, "absent.json")), { code: "ENOENT" });
  writeFileSync(join(folder, "empty.json"), "");
  await assert.rejects(loadTokenList(join(folder, "empty.json")), /^FormatError: empty.json: no JSON/);
});
