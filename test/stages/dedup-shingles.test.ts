import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { jaccard, jaccardAtLeast, packEvidence, readEvidence } from "../../stages/dedup/jaccard.ts";
import { shingleHashes, shinglesOf, wordsOf } from "../../stages/dedup/shingles.ts";
import { setJaccard } from "../contracts/dedup.ts";

const SEED = 20260;

test("words are Python's \\w+ of the lower-cased text", () => {
  assert.deepEqual(wordsOf("L'été: 3½ snake_case—NAÏVE №5 ΟΔΟΣ 日本語、かな e\u0301a"), [
    "l",
    "été",
    "3½",
    "snake_case",
    "naïve",
    "5",
    "οδος",
    "日本語",
    "かな",
    "e",
    "a",
  ]);
});

test("a text of n words has n − 4 shingles of five", () => {
  assert.deepEqual(shinglesOf("One two, three. FOUR five six", 5), [
    "one two three four five",
    "two three four five six",
  ]);
  assert.deepEqual(shinglesOf("one two three four", 5), []);
  assert.deepEqual(shinglesOf("", 1), []);
});

test("space, case and punctuation around words make no difference", () => {
  const plain = shingleHashes("the cat sat on", 2);
  assert.deepEqual(shingleHashes("  \n THE -- cat, sat: (on)!", 2), plain);
  assert.equal(new Set(plain).size, 3);
});

test(`Jaccard of sorted hashes is that of the sets, at any threshold (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  for (let i = 0; i < 3000; i++) {
    const range = 1 + Math.floor(random() * 40);
    const draw = () =>
      Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * range) * 0x06000000);
    const [a, b] = [new Set(draw()), new Set(draw())];
    const expected = setJaccard(a, b);
    const [x, y] = [a, b].map((set) => Uint32Array.from(set).sort());
    assert.equal(jaccard(x!, y!), expected);
    for (const atLeast of [expected, random(), 0.8, 1]) {
      assert.equal(jaccardAtLeast(x!, y!, atLeast), expected >= atLeast ? expected : undefined);
    }
  }
});

test("evidence reads back at any offset", () => {
  const hashes = Uint32Array.of(1, 2 ** 31, 2 ** 32 - 1);
  const packed = packEvidence(hashes);
  assert.equal(packed.length, 12);
  const file = new Uint8Array(20);
  for (let offset = 0; offset <= 8; offset++) {
    file.set(packed, offset);
    assert.deepEqual(readEvidence(file.subarray(offset, offset + 12)), hashes);
  }
});
