/** MinHash configurations by name, what they find, and the shingles and measures that they bring beside word Jaccard. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { CharShingler, charShingleHashes, charShinglesOf, cleanChars } from "../../stages/dedup/char-shingles.ts";
import { CONFIGURATION_NAMES, settingsOf } from "../../stages/dedup/configurations.ts";
import { containment, containmentAtLeast } from "../../stages/dedup/containment.ts";
import { curveOf, describeCurve } from "../../stages/dedup/curve.ts";
import { readEvidence } from "../../stages/dedup/jaccard.ts";
import minhashDedup from "../../stages/dedup/minhash-dedup.ts";
import { dedupContract, HOSTILE_TEXTS, judgePages, openSigner } from "../contracts/dedup.ts";

const SEED = 91;

test("what a recipe leaves open, its configuration tells; the default is FineWeb's", () => {
  assert.deepEqual(settingsOf(minhashDedup().params), { bands: 14, rows: 8, ngram: 5, unit: "words" });
  assert.deepEqual(settingsOf(minhashDedup({ config: "nemo" }).params), {
    bands: 20,
    rows: 13,
    ngram: 24,
    unit: "chars",
  });
  assert.deepEqual(settingsOf(minhashDedup({ config: "marin", rows: 9, unit: "words" }).params), {
    bands: 26,
    rows: 9,
    ngram: 5,
    unit: "words",
  });
});

// P(compared) at 0.5, 0.6, 0.7, 0.75, 0.8, 0.85 and 0.9, computed apart from this code.
const CURVES = {
  fineweb: [0.05, 0.21, 0.56, 0.77, 0.92, 0.99, 1],
  refinedweb: [0, 0.02, 0.3, 0.76, 0.99, 1, 1],
  nemo: [0, 0.03, 0.18, 0.38, 0.68, 0.92, 1],
  dclm: [0, 0.04, 0.36, 0.71, 0.96, 1, 1],
  duplodocus: [0.47, 0.8, 0.97, 1, 1, 1, 1],
  marin: [0.01, 0.09, 0.41, 0.67, 0.9, 0.99, 1],
};

for (const config of CONFIGURATION_NAMES) {
  test(`the curve of ${config} is the one that is known`, () => {
    const at = new Map(
      curveOf(settingsOf({ config })).map(({ similarity, probability }) => [similarity, Math.round(100 * probability)]),
    );
    const similarities = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9];
    assert.deepEqual(
      similarities.map((similarity) => at.get(similarity)! / 100),
      CURVES[config],
    );
  });
}

test("a curve is printed with what it is of", () => {
  const text = describeCurve(settingsOf({ config: "fineweb" }));
  assert.match(text, /^14 bands of 8 hashes, shingles of 5 words; steepest near 0\.72\n/);
  assert.match(text, /^ {6}0\.80 {4}92\.4 %$/m);
  assert.equal(text.split("\n").length, 14);
  const steep = describeCurve(settingsOf({ config: "refinedweb" }));
  assert.match(steep, /^ {6}0\.50 +< 0\.1 %$/m, "not never");
  assert.match(steep, /^ {6}0\.95 +> 99\.9 %$/m, "not always");
  assert.match(describeCurve(settingsOf({ config: "marin" })), /shingles of 5 characters in lower case/);
});

test("datatrove shingles words: its signatures of characters are refused", () => {
  assert.throws(() => minhashDedup({ config: "nemo", parity: "datatrove" }), /minhash-dedup\.parity: .*words.*"chars"/);
  assert.throws(() => minhashDedup({ config: "fineweb2" as "fineweb" }), /minhash-dedup\.config/);
  assert.doesNotThrow(() => minhashDedup({ config: "duplodocus", parity: "datatrove" }));
});

test("character shingles are runs of characters as they stand; a shorter text is one shingle", () => {
  assert.deepEqual(charShinglesOf("Ab, c", 3), ["Ab,", "b, ", ", c"]);
  assert.deepEqual(charShinglesOf("a\u{1f600}b\ud83d", 2), ["a\u{1f600}", "\u{1f600}b", "b\ud83d"]);
  assert.deepEqual(charShinglesOf("ab", 24), ["ab"]);
  assert.deepEqual(charShinglesOf("", 24), []);
});

test("cleaning lower-cases, takes ASCII punctuation out and leaves single spaces", () => {
  assert.equal(cleanChars("  It's  a\n\tTEST—«x» @ 1,000.5_%\u3000ΑΣ. "), "its a test—«x» 10005 ας");
  assert.equal(cleanChars("\ufeffa\u0085b\x1cc"), "\ufeffa b\x1cc", "white space is Unicode's");
  assert.equal(cleanChars(" .,;: "), "");
});

test(`character shingles by rolling are those of the definition (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const pool = [..."abc ABC\n.é漢字\u{1f600}\u{10400}", "\ud800", "\udc00"];
  const texts = Array.from({ length: 300 }, () =>
    Array.from({ length: random() * 60 }, () => pool[Math.floor(random() * pool.length)]).join(""),
  );
  for (const ngram of [1, 2, 5, 24, 64]) {
    const shingler = new CharShingler(ngram);
    for (const text of [...texts, ...HOSTILE_TEXTS]) {
      assert.deepEqual([...shingler.viewShingles(text)], charShingleHashes(text, ngram), JSON.stringify(text));
    }
  }
});

/** A page of words that occur nowhere else. */
const words = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`).join(" ");

dedupContract("minhash-dedup as NeMo", minhashDedup, minhashDedup({ config: "nemo" }), [
  [words("aba", 300), null],
  [words("bcb", 300), null],
  [`${words("aba", 300)} shared!`, [0, "near-duplicate"]],
  [words("aba", 300).toUpperCase(), null], // characters are taken as they are
  ["too short", null],
  ["too short", [4, "near-duplicate"]],
  ["", null],
]);

dedupContract("minhash-dedup as marin", minhashDedup, minhashDedup({ config: "marin" }), [
  [words("aba", 300), null],
  [words("ABA", 300).replaceAll(" ", ",\n  "), [0, "near-duplicate"]],
  ["漢字かな交じり文の重複", null],
  ["漢字かな交じり文の重複", [2, "near-duplicate"]],
  ["...", null],
]);

for (const config of CONFIGURATION_NAMES) {
  test(`${config}: copies are found, with small changes, too, and other pages are not`, async () => {
    const long = words("w", 500);
    const texts = [long, `${long} and a few words more`, words("z", 500), long];
    const verdicts = await judgePages(minhashDedup, minhashDedup({ config }), texts);
    assert.deepEqual(
      verdicts.map((j) => j?.twin),
      [undefined, 0, undefined, 0],
    );
    assert.ok(verdicts[1]!.similarity > 0.95 && verdicts[1]!.similarity < 1);
  });
}

test("characters are verified by the characters that they were signed with", async () => {
  const texts = ["a".repeat(100), "abcde".repeat(20)];
  const sign = await openSigner(minhashDedup, minhashDedup({ unit: "chars", ngram: 3 }));
  assert.equal(readEvidence(sign(texts[0]!)!.evidence!).length, 1);
  assert.equal(readEvidence(sign(texts[1]!)!.evidence!).length, 5);
});

test("a megabyte of line breaks, one of a single character and one of Chinese are signed in linear time", async () => {
  for (const config of ["nemo", "marin"] as const) {
    const sign = await openSigner(minhashDedup, minhashDedup({ config }));
    for (const text of ["\n", "a", "漢字"]) sign(text.repeat(500_000));
  }
});

const setOf = (...hashes: number[]) => Uint32Array.from(hashes);

test("containment is the share of the smaller set", () => {
  assert.equal(containment(setOf(1, 2, 3, 4), setOf(2, 3, 9)), 2 / 3);
  assert.equal(containment(setOf(2, 3, 9), setOf(1, 2, 3, 4)), 2 / 3);
  assert.equal(containment(setOf(5), setOf(1, 2, 3, 4, 5, 6, 7)), 1);
  assert.equal(containment(setOf(), setOf(1)), 0);
  assert.equal(containment(setOf(), setOf()), 0);
});

test(`containment at least so much is containment, or nothing where it is less (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const draw = () => {
    const share = random();
    return Uint32Array.from([...Array(40).keys()].filter(() => random() < share));
  };
  for (let i = 0; i < 3000; i++) {
    const a = draw();
    const b = draw();
    const shared = a.filter((x) => b.includes(x)).length;
    const exact = Math.min(a.length, b.length) === 0 ? 0 : shared / Math.min(a.length, b.length);
    assert.equal(containment(a, b), exact);
    for (const atLeast of [random(), exact, 0.5, 1]) {
      assert.equal(containmentAtLeast(a, b, atLeast), exact >= atLeast ? exact : undefined);
    }
  }
});
