import assert from "node:assert/strict";
import { test } from "node:test";
import { PlainSigner } from "../../pipeline/cli/bench-dedup/plain-signer.ts";
import { seededRandom } from "../../pipeline/random.ts";
import type { Signature } from "../../pipeline/stage.ts";
import { SigningKernel } from "../../stages/dedup/kernel/kernel.ts";
import { bandKeys, makePermutations, minima } from "../../stages/dedup/minhash.ts";
import { shingleHashes } from "../../stages/dedup/shingles.ts";
import { Signer, type SignerParams } from "../../stages/dedup/signer.ts";
import { HOSTILE_TEXTS } from "../contracts/dedup.ts";

const SEED = 20260;

/** Characters that stress lower-casing, word edges and surrogate pairs, from every corner of Unicode. */
function randomText(random: () => number, length: number): string {
  const pick = (from: number, to: number) => String.fromCodePoint(from + Math.floor(random() * (to - from)));
  const alphabets = [
    () => "abcXYZ09_ .,"[Math.floor(random() * 12)]!,
    () => " ",
    () => pick(0, 0x80),
    () => pick(0x80, 0x600),
    () => pick(0, 0xd800),
    () => pick(0xd800, 0xe000), // half a pair, unless two happen to meet
    () => pick(0x10000, 0x20000),
    () => pick(0x10000, 0x110000),
    () => "ΣσςİıIK\u0307\u0345\u0301ßẞ\u{1e900}😀"[Math.floor(random() * 15)]!,
  ];
  const kinds = 1 + Math.floor(random() * alphabets.length); // some texts keep to the simple ones
  let text = "";
  while (text.length < length) text += alphabets[Math.floor(random() * kinds)]!();
  return text;
}

/** Words of 1 to `longest` characters; an alphabet beyond ASCII takes the way around vectors. */
function randomWords(random: () => number, count: number, longest: number, alphabet: string): string {
  const word = () =>
    Array.from({ length: 1 + Math.floor(random() * longest) }, () => alphabet[Math.floor(random() * alphabet.length)]);
  return Array.from({ length: count }, () => word().join("")).join(" ");
}

const sortedSet = (hashes: Iterable<number>) => Uint32Array.from(new Set(hashes)).sort();

/** What `Signer` has to say, from the definitions. */
function signByDefinition(text: string, { bands, rows, ngram, seed, verify }: SignerParams): Signature | null {
  const shingles = shingleHashes(text, ngram);
  if (shingles.length === 0) return null;
  const keys = bandKeys(minima(shingles, makePermutations(seed, bands * rows)), bands, rows);
  return verify ? { keys, evidence: new Uint8Array(sortedSet(shingles).buffer) } : { keys };
}

const newKernel = (permutations = 1) => new SigningKernel(makePermutations(1, permutations));

test(`the kernel's shingles are those of the definition on random and hostile text (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const kernel = newKernel();
  const texts = [...HOSTILE_TEXTS, ...Array.from({ length: 600 }, () => randomText(random, random() * 300))];
  for (const ngram of [1, 2, 5, 9]) {
    for (const text of texts) {
      assert.deepEqual([...kernel.viewShingles(text, ngram)], shingleHashes(text, ngram), JSON.stringify(text));
    }
  }
});

test("the kernel agrees with the definition on every code point", () => {
  const kernel = newKernel();
  for (let block = 0; block < 0x110000; block += 0x1000) {
    let text = "";
    for (let codePoint = block; codePoint < block + 0x1000; codePoint++) text += `${String.fromCodePoint(codePoint)}x `;
    assert.deepEqual([...kernel.viewShingles(text, 1)], shingleHashes(text, 1), `U+${block.toString(16)}`);
  }
});

test(`words of any length, at any place of a block, and texts of any length, are hashed alike (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const kernel = newKernel();
  for (const alphabet of ["abcXYZ09_", "aé", "日本\u{20000}"]) {
    for (const length of [...Array(200).keys(), 1023, 1024, 1025, 2048]) {
      const text = randomWords(random, 1 + length, 1 + (length % 40), alphabet).slice(-length);
      assert.deepEqual([...kernel.viewShingles(text, 1)], shingleHashes(text, 1), text);
    }
    for (let i = 0; i < 20; i++) {
      // Thousands of units: words lie across the ends of chunks.
      const text = randomWords(random, 1000, 3 + i, alphabet);
      assert.deepEqual([...kernel.viewShingles(text, 2)], shingleHashes(text, 2), text);
    }
  }
});

test(`signatures are those of the definitions in any configuration (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const configurations = [
    ...[1, 2, 5, 64].map((ngram) => ({ bands: 14, rows: 8, ngram })),
    { bands: 1, rows: 1, ngram: 1 },
    { bands: 3, rows: 5, ngram: 3 },
    { bands: 17, rows: 1, ngram: 2 },
    { bands: 450, rows: 20, ngram: 5 },
    { bands: 1024, rows: 64, ngram: 5 },
  ];
  for (const [seed, configuration] of configurations.entries()) {
    const big = configuration.bands > 100;
    for (const verify of [true, false]) {
      const params = { ...configuration, seed, verify };
      const signer = new Signer(params);
      const plain = new PlainSigner(params);
      for (let i = 0; i < (big ? 2 : 25); i++) {
        const words = randomWords(random, big ? 10 : random() * 200, 9, "aabcdE\u0130Σé");
        for (const text of [words, randomText(random, big ? 50 : 300)]) {
          const expected = signByDefinition(text, params);
          assert.deepEqual(signer.sign(text), expected, JSON.stringify([params, text]));
          assert.deepEqual(plain.sign(text), expected, "what the kernel is measured against");
        }
      }
    }
  }
});

test("minima of no hash at all are 2³² − 1", () => {
  const kernel = newKernel(20);
  assert.deepEqual(kernel.viewMinima(kernel.viewHashes(new Uint32Array(0))), new Uint32Array(20).fill(0xffff_ffff));
});

test(`hashes are sorted and repeats dropped, however many and however alike (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const kernel = newKernel();
  const draw = () => random() * 2 ** 32;
  for (const length of [0, 1, 2, 3, 100, 4095, 4096, 4097, 100_000]) {
    const kinds: Record<string, (i: number) => number> = {
      spread: draw,
      repeated: () => draw() % 100,
      equal: () => 0xffff_ffff,
      ascending: (i) => i * 40_000,
      descending: (i) => 0xffff_ffff - i * 40_000,
      "alike in the highest bits": () => 0xabc0_0000 + (draw() % 4096),
      "descending and alike": (i) => 0xffff_ffff - i,
    };
    for (const [kind, hash] of Object.entries(kinds)) {
      const hashes = Uint32Array.from({ length }, (_, i) => hash(i));
      assert.deepEqual(kernel.viewDistinct(kernel.viewHashes(hashes)), sortedSet(hashes), `${length} ${kind}`);
    }
  }
});

test("a million different shingles meet about as often as 32-bit random numbers", () => {
  // Numbers in a row are the hardest words for a weak hash. n²/2³³ = 116 pairs are expected.
  const text = Array.from({ length: 1_000_004 }, (_, i) => i).join(" ");
  const kernel = newKernel();
  const collisions = 1_000_000 - kernel.viewDistinct(kernel.viewShingles(text, 5)).length;
  assert.ok(collisions > 60 && collisions < 190, `${collisions} collisions`);
});

test("huge pages of any kind are signed, and leave nothing behind", () => {
  const kernel = newKernel();
  const small = "a b c d e f, and Δεν also";
  const expected = shingleHashes(small, 5);
  const least = kernel.viewShingles(small, 5).buffer.byteLength;
  const pages: [text: string, shingles: number, distinct: number][] = [
    ["\n".repeat(1_000_000), 0, 0],
    ["x".repeat(5_000_000), 0, 0],
    ["日".repeat(5_000_000), 0, 0],
    [`Σ${"\ud800".repeat(1_000_000)}`, 0, 0],
    ["a ".repeat(3_000_000), 3_000_000 - 4, 1],
    ["😀a ".repeat(1_000_000), 1_000_000 - 4, 1],
  ];
  for (const [text, shingles, distinct] of pages) {
    const found = kernel.viewShingles(text, 5);
    assert.equal(found.length, shingles);
    assert.equal(kernel.viewDistinct(found).length, distinct);
    assert.deepEqual([...kernel.viewShingles(small, 5)], expected);
  }
  assert.equal(kernel.viewShingles("x".repeat(1 << 22), 1).buffer.byteLength > 1 << 24, true, "kept");
  kernel.viewShingles("x".repeat((1 << 22) + 1), 1);
  assert.equal(kernel.viewShingles(small, 5).buffer.byteLength, least, "given back");
});
