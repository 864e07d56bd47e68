/**
 * datatrove's MinHash signatures: values that it gave itself (huggingface/datatrove a649de7 with spaCy 3.8.16 and numpy
 * 2.4.6), and the fast way to them against the definition.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { DatatroveKernel } from "../../stages/dedup/datatrove/kernel/kernel.ts";
import { datatroveParameters } from "../../stages/dedup/datatrove/parameters.ts";
import {
  type DatatroveConfig,
  datatroveShingles,
  datatroveSignature,
  HASHES,
  hashShingle,
  PRECISIONS,
} from "../../stages/dedup/datatrove/signature.ts";
import { DatatroveSigner } from "../../stages/dedup/datatrove/signer.ts";
import { simplifyText } from "../../stages/dedup/datatrove/simplify-text.ts";
import { TextSimplifier } from "../../stages/dedup/datatrove/simplify-text-fast.ts";
import { xxhash32, xxhash64 } from "../../stages/dedup/datatrove/xxhash.ts";
import minhashDedup from "../../stages/dedup/minhash-dedup.ts";
import { dedupContract, HOSTILE_TEXTS, openSigner } from "../contracts/dedup.ts";
import { needsShared, sharedPath } from "../shared.ts";

const SEED = 4711;
const FINEWEB: DatatroveConfig = { bands: 14, rows: 8, ngram: 5, seed: 1, hash: "sha1", precision: 64 };

test("numpy's random numbers: RandomState(seed).randint below 2⁶¹ − 1", () => {
  const first = datatroveParameters(1, 112);
  assert.deepEqual(
    [...first.multipliers.subarray(0, 4)],
    [775169054918279404n, 1758426461858698313n, 2109959069025162n, 965365488286768774n],
  );
  assert.equal(first.multipliers[111], 223865076026037746n);
  assert.deepEqual(
    [...first.offsets.subarray(0, 4)],
    [1062448801025099917n, 1324811268927594100n, 1217488311597731462n, 100775521383383736n],
  );
  assert.equal(first.offsets[111], 1097409548522419201n);
  // More draws than the generator makes at once, and the largest seed.
  const many = datatroveParameters(0, 400);
  assert.deepEqual(
    [many.multipliers[0], many.multipliers[399], many.offsets[399]],
    [900450186894289456n, 1111090279121247353n, 1999507898611677120n],
  );
  const last = datatroveParameters(0xffff_ffff, 2);
  assert.deepEqual(
    [...last.multipliers, ...last.offsets],
    [1800993050274709795n, 689591756664908872n, 720074238920031808n, 553468687576138234n],
  );
});

test("xxHash of lengths at which it takes another way", () => {
  // Byte i of a message of n bytes is 37·i + 11·n; values by another implementation.
  const known: readonly (readonly [length: number, of64: bigint, of32: bigint])[] = [
    [0, 0xef46db3751d8e999n, 0x02cc5d05n],
    [1, 0xf592c0c7639c4cb6n, 0x3fe5a29dn],
    [4, 0x9d17d434c433d36fn, 0x1091bc47n],
    [5, 0x41a399f57eeca57dn, 0x7257d964n],
    [13, 0x96b5d28a1e68635dn, 0xe86bd28dn],
    [16, 0x059ba636a16a32a7n, 0x34a45827n],
    [31, 0x92dce7f30470f96an, 0x33ac65a1n],
    [32, 0xfd4188a006066755n, 0xbdb50955n],
    [45, 0x8a29913fa614ba82n, 0x756f38f7n],
    [63, 0xbc9033135ff7fc80n, 0x7e26edbbn],
    [100, 0xe503a7123e4aa9a6n, 0x3009ec53n],
  ];
  for (const [length, of64, of32] of known) {
    const bytes = Uint8Array.from({ length }, (_, i) => 37 * i + 11 * length);
    assert.deepEqual([xxhash64(bytes), xxhash32(bytes)], [of64, of32], `${length} bytes`);
  }
});

test("text is simplified in datatrove's order", () => {
  // Values by its own code.
  const known: readonly (readonly [text: string, simplified: string])[] = [
    ["|$17.56||1|\n|$15.37||2599|", "0 0 0 0"],
    ["1.2.3 and 1,000.50, 3.", "0 0 and 0 0 0"],
    ["Ünïcödé CAFÉ’s — İ", "unicode cafe s i"],
    ["\u00a0a\u0085b\x1cc\u200bd\ufeffe ", "a b c\u200bd\ufeffe"],
    ["x１2y", "x0y"],
    ["\u0301 a \u0301 b", "a  b"],
    ["\u0661\u066b\u0662 \u0967\u0968 \u{1d7d8}\u{1d7d9}", "0 0 0"],
    ["What؟ यह है। 。", "what؟ यह ह।"],
    ["ΑΣ ΟΔΟΣ.", "ας οδος"],
    ["\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af"],
    ["", ""],
  ];
  for (const [text, simplified] of known) assert.equal(simplifyText(text), simplified, JSON.stringify(text));
});

/** Texts of words and what breaks careless scanners. */
function randomTexts(count: number, seed: number): string[] {
  const random = seededRandom(seed);
  const pool = [
    ..."abc ABC 012 ٠१１.,،٫⎖ \n\t\u0085\u00a0éÉñİΑΣ漢字かが한글 \u0301\u093f—’“_-/?؟。",
    "\u{1d7d8}",
    "\u{10400}",
    "\u{1f600}",
    "\ud835",
    "\udfd8",
    "1.5",
    " the ",
    " can't ",
    "U.S.",
  ];
  return Array.from({ length: count }, () =>
    Array.from({ length: random() * 80 }, () => pool[Math.floor(random() * pool.length)]).join(""),
  );
}

test(`simplifying in one pass gives the definition's text (seed ${SEED})`, () => {
  const simplifier = new TextSimplifier();
  for (const text of [...randomTexts(3000, SEED), ...HOSTILE_TEXTS]) {
    assert.equal(simplifier.simplify(text), simplifyText(text), JSON.stringify(text));
  }
  // Every character alone, between letters and between digits.
  for (let unit = 0; unit < 0x10000; unit++) {
    const char = String.fromCharCode(unit);
    const text = `a${char}b1${char}2`;
    if (simplifier.simplify(text) !== simplifyText(text)) assert.fail(`U+${unit.toString(16)}`);
  }
});

const GOLDEN = "fixtures/filters/datatrove_golden.json";

interface GoldenCase {
  readonly text: string;
  readonly simplified: string;
  /** By hash and precision, "sha1_64"; empty for a text without a shingle. */
  readonly minhash: Readonly<
    Record<
      string,
      {
        readonly n_shingles: number;
        readonly first_shingles: readonly string[];
        readonly bucket0: readonly string[];
        readonly bucket13: readonly string[];
      }
    >
  >;
}

test("signatures are datatrove's, with either hash and precision", needsShared(GOLDEN), (t) => {
  const { cases } = JSON.parse(readFileSync(sharedPath(GOLDEN), "utf8")) as { cases: Record<string, GoldenCase> };
  let compared = 0;
  for (const [name, { text, simplified, minhash }] of Object.entries(cases)) {
    assert.equal(simplifyText(text), simplified, name);
    if (Object.keys(minhash).length === 0) {
      assert.equal(datatroveSignature(text, FINEWEB), null, name);
      assert.equal(new DatatroveSigner({ ...FINEWEB, verify: false }).viewHashes(text), null, name);
    }
    for (const [variant, golden] of Object.entries(minhash)) {
      const [hash, precision] = variant.split("_") as [DatatroveConfig["hash"], string];
      const config = { ...FINEWEB, hash, precision: Number(precision) as DatatroveConfig["precision"] };
      const shingles = datatroveShingles(text, 5);
      assert.equal(shingles.length, golden.n_shingles, `${name}, ${variant}`);
      const firstHashes = shingles.slice(0, 3).map((shingle) => `${hashShingle(shingle, config)}`);
      assert.deepEqual(firstHashes, golden.first_shingles, `${name}, ${variant}`);
      const signatures = [
        datatroveSignature(text, config),
        new DatatroveSigner({ ...config, verify: false }).viewHashes(text),
      ];
      for (const signature of signatures) {
        const bucket = (n: number) => [...signature!.subarray(8 * n, 8 * n + 8)].map(String);
        assert.deepEqual(bucket(0), golden.bucket0, `${name}, ${variant}`);
        assert.deepEqual(bucket(13), golden.bucket13, `${name}, ${variant}`);
      }
      compared++;
    }
  }
  t.diagnostic(`${compared} signatures of ${Object.keys(cases).length} texts`);
  assert.ok(compared >= 18);
});

for (const hash of HASHES) {
  for (const precision of PRECISIONS) {
    test(`the kernel gives the definition's signatures: ${hash}, ${precision} bits (seed ${SEED})`, () => {
      // Few hashes: BigInt takes its time.
      for (const [ngram, seed] of [
        [5, 1],
        [1, 7],
        [3, 0xffff_ffff],
      ] as const) {
        const config = { bands: 2, rows: 2, ngram, seed, hash, precision };
        const signer = new DatatroveSigner({ ...config, verify: false });
        for (const text of [...randomTexts(150, SEED + ngram), ...HOSTILE_TEXTS]) {
          assert.deepEqual(signer.viewHashes(text), datatroveSignature(text, config), JSON.stringify(text));
        }
      }
      // One word of every length: each way that a message's end may lie in a block.
      const config = { bands: 1, rows: 1, ngram: 1, seed: 1, hash, precision };
      const signer = new DatatroveSigner({ ...config, verify: false });
      for (let length = 1; length <= 200; length++) {
        const word = "é".repeat(length % 3) + "x".repeat(length);
        assert.deepEqual(signer.viewHashes(word), datatroveSignature(word, config), `${length} characters`);
      }
    });
  }
}

test("images that reach the prime, once in 10¹⁷, are taken modulo it", () => {
  const prime = (1n << 61n) - 1n;
  // With a multiplier of 1, the offset decides the sum: the prime, the largest number of 64 bits, and their neighbours.
  const sums = [prime - 1n, prime, prime + 1n, 2n ** 64n - 1n, 2n ** 64n - 8n, 2n ** 64n - 9n];
  for (const [precision, hash, mask] of [
    [64, 0xef46db3751d8e999n, 2n ** 64n - 1n],
    [32, 0x02cc5d05n, 2n ** 32n - 1n],
  ] as const) {
    const parameters = {
      multipliers: BigUint64Array.from(sums, () => 1n),
      offsets: BigUint64Array.from(sums, (sum) => sum - hash),
    };
    const kernel = new DatatroveKernel({ ...FINEWEB, hash: "xxhash", precision, ngram: 1 }, parameters);
    kernel.starts[0] = kernel.bytesAt; // a word without a byte
    kernel.ends[0] = kernel.bytesAt;
    assert.deepEqual(
      [...kernel.viewMinima(1)],
      sums.map((sum) => (sum % prime) & mask),
    );
  }
});

const words = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}x${i} y`).join(" ");
const ARTICLE = "One could see that the tall ship had left the harbour at noon; nobody waved, and it rained. ".repeat(
  3,
);
const OTHER = "Two of them would go home by train as soon as the last lecture was over, and it did rain. ".repeat(3);

dedupContract("minhash-dedup with datatrove's signatures", minhashDedup, minhashDedup({ parity: "datatrove" }), [
  [ARTICLE, null],
  [OTHER, null],
  [ARTICLE.toUpperCase().replaceAll(" ", ", "), [0, "near-duplicate"]],
  ["four words, no more", null],
  ["four words, no more", null],
  ["", null],
]);

dedupContract(
  "minhash-dedup with datatrove's signatures, unverified",
  minhashDedup,
  minhashDedup({ parity: "datatrove", hash: "xxhash", precision: 32, verify: false }),
  [
    [ARTICLE, null],
    [OTHER, null],
    [`${ARTICLE}!`, [0, "near-duplicate-unverified"]],
    ["1 2 3 4 5", null],
    ["6 7 8 9 10", [3, "near-duplicate-unverified"]], // numbers are all one to datatrove
  ],
);

test("what datatrove takes for equal is verified by our shingles", async () => {
  const spec = minhashDedup({ parity: "datatrove" });
  const sign = await openSigner(minhashDedup, spec);
  const [a, b] = ["1 2 3 4 5", "6 7 8 9 10"].map((text) => sign(text)!);
  assert.deepEqual(a!.keys, b!.keys);
  const index = minhashDedup.openIndex(spec.params);
  index.add(a!.keys);
  const found = index.find(b!.keys, (added) => (added === undefined ? b! : a!).evidence!);
  assert.equal(found, undefined);
});

test("five megabytes of one word, of line breaks, of Chinese and of numbers are signed in linear time", async () => {
  const sign = await openSigner(minhashDedup, minhashDedup({ parity: "datatrove", bands: 2, rows: 2 }));
  assert.equal(sign("a".repeat(5_000_000)), null);
  assert.equal(sign("\n".repeat(5_000_000)), null);
  assert.equal(sign("漢字".repeat(1_000_000)), null);
  assert.notEqual(sign("12 ".repeat(1_000_000)), null);
  assert.notEqual(sign(words("w", 100_000)), null);
});
