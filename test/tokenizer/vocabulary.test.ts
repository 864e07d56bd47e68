import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FormatError } from "../../pipeline/errors.ts";
import { PATTERNS } from "../../tokenizer/pretokenize.ts";
import {
  END_OF_TEXT,
  loadVocabulary,
  makeVocabulary,
  parseTiktoken,
  ranksOf,
  vocabularyDigest,
  vocabularyFile,
} from "../../tokenizer/vocabulary.ts";

/** File digests: tiktoken 0.14, `tiktoken_ext/openai_public.py`. Vocabulary digests: ours; shards in the world carry them. */
const EXPECTED = [
  {
    name: "gpt2",
    size: 50_257,
    endOfText: 50_256,
    file: "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    digest: "7cb0d2eaf3bfb27cfb3b548ff42960277159eeb4d144c8bd9e4a7b92081ec5fc",
  },
  {
    name: "cl100k_base",
    size: 100_277,
    endOfText: 100_257,
    file: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    digest: "ffff1051e0771259e7078f74dfd9cb851a95d32bff030f365e7f5a3ebf95b2a6",
  },
  {
    name: "o200k_base",
    size: 200_019,
    endOfText: 199_999,
    file: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    digest: "fc6430f9b33d125f42f728954d7a82349037c7add2a68a7695c9acab38c876ae",
  },
];

for (const { name, size, endOfText, file, digest } of EXPECTED) {
  test(`${name} has the published tokens, size and end-of-text, and the digest that shards carry`, () => {
    assert.equal(
      createHash("sha256")
        .update(readFileSync(vocabularyFile(name)))
        .digest("hex"),
      file,
    );
    const vocabulary = loadVocabulary(name);
    assert.equal(vocabulary.size, size);
    assert.equal(vocabulary.special.get(END_OF_TEXT), endOfText);
    assert.equal(vocabularyDigest(vocabulary), digest);
  });
}

test("no token spans the place where cl100k cuts a trailing run of whitespace and tiktoken's newer pattern does not", () => {
  const { byteStrings } = ranksOf(loadVocabulary("cl100k_base"));
  // A token of whitespace that goes on, after its last line break, with something else (in bytes: any part of it).
  const spanning = byteStrings.filter((token) => /^[\t-\r \x85\xa0\xc2\xe1-\xe3\x80-\xbf]*[\r\n][^\r\n]+$/.test(token));
  assert.deepEqual(spanning, []);
});

const SPECIAL = new Map([[END_OF_TEXT, 257]]);
const tokens = (): (Uint8Array | undefined)[] => Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const vocabulary = (changed = tokens(), special = SPECIAL, pattern = PATTERNS.gpt2, size = 258) =>
  makeVocabulary("tiny", pattern, size, changed, special);

test("the digest changes with a token, the pattern, a special token and the size, and not with the name", () => {
  const longer = [...tokens(), Uint8Array.of(1, 2)];
  const digests = [
    vocabulary(),
    vocabulary(longer),
    vocabulary(tokens(), SPECIAL, PATTERNS.cl100k),
    vocabulary(tokens(), new Map([[END_OF_TEXT, 256]])),
    vocabulary(tokens(), new Map([...SPECIAL, ["<|pad|>", 256]])),
    vocabulary(tokens(), SPECIAL, PATTERNS.gpt2, 259),
  ].map(vocabularyDigest);
  assert.equal(new Set(digests).size, digests.length);
  assert.equal(vocabularyDigest({ ...vocabulary(), name: "other" }), digests[0]);
});

test("a file that is no list of tokens is refused by line", () => {
  const parse = (text: string) => parseTiktoken(Buffer.from(text), "x.tiktoken", 10);
  const { bytes, from, to } = parse("YQ== 1\n\nYmM= 0\n");
  const texts = Array.from(from, (start, id) => Buffer.from(bytes.subarray(start, to[id])).toString());
  assert.deepEqual(texts, ["bc", "a", ...new Array(8).fill("")]);
  for (const bad of ["YQ==", "YQ== 10", "YQ== -1", "YQ== x", "YQ== 1.5", " 3", "YQ== 0"]) {
    assert.throws(
      () => parse(`YQ== 0\n${bad}\n`),
      (error) => error instanceof FormatError && /^x\.tiktoken:2: found "/.test(error.message),
    );
  }
});

test("a vocabulary lacks no single byte, its special ids are free, and it needs no end-of-text", () => {
  const incomplete = tokens();
  incomplete[65] = undefined;
  assert.throws(() => vocabulary(incomplete), /no token for the single byte 65/);
  assert.equal(vocabulary(tokens(), new Map()).special.size, 0);
  assert.throws(() => vocabulary(tokens(), new Map([[END_OF_TEXT, 7]])), FormatError);
  assert.throws(() => vocabulary(tokens(), new Map([[END_OF_TEXT, 258]])), FormatError);
});
