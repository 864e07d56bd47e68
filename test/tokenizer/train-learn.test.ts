import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { BYTE_OF_ID, ID_OF_BYTE } from "../../tokenizer/train/byte-symbols.ts";
import { type LearnOptions, learnMerges, type Merge, TIE_RULES } from "../../tokenizer/train/learn.ts";
import { MergeLearner } from "../../tokenizer/train/learn-fast.ts";
import type { PieceCounts } from "../../tokenizer/train/piece-counter.ts";

type CountedPiece = readonly [piece: Uint8Array, count: number];

const UNLIMITED = { minFrequency: 1, maxTokenBytes: Number.POSITIVE_INFINITY };

test("byte ids follow GPT-2's printable order", () => {
  const printed = Buffer.from(BYTE_OF_ID).toString("latin1");
  assert.ok(printed.startsWith("!\"#$%&'()*+,-./0123456789:;"));
  assert.equal(BYTE_OF_ID[93], 0x7e);
  assert.equal(BYTE_OF_ID[94], 0xa1);
  assert.deepEqual([...BYTE_OF_ID.subarray(105, 108)], [0xac, 0xae, 0xaf]);
  assert.deepEqual([...BYTE_OF_ID.subarray(188, 190)], [0x00, 0x01]);
  assert.deepEqual([...BYTE_OF_ID.subarray(220, 223)], [0x20, 0x7f, 0x80]); // "Ġ" is 220, as in GPT-2
  assert.equal(BYTE_OF_ID[255], 0xad);
  for (let id = 0; id < 256; id++) assert.equal(ID_OF_BYTE[BYTE_OF_ID[id]!], id);
});

for (const ties of TIE_RULES) {
  test(`fast learning gives the merges of the definition, ties by ${ties}, whatever the pieces`, () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = seededRandom(seed);
      const pieces = randomPieces(random);
      const options: LearnOptions = {
        ties,
        maxMerges: random() < 0.2 ? Math.floor(random() * 10) : 400,
        minFrequency: random() < 0.6 ? Math.floor(random() * 3) : Math.floor(random() * 40),
        maxTokenBytes: random() < 0.6 ? Number.POSITIVE_INFINITY : Math.floor(random() * 12),
      };
      const learned = learnFast(pieces, options, 1 + Math.floor(random() * 50));
      assert.deepEqual(learned, learnMerges(pieces, options), `seed ${seed}, ${JSON.stringify(options)}`);
    }
  });

  test(`a trained list makes every token by one merge only, ties by ${ties}`, () => {
    for (let seed = 1; seed <= 40; seed++) {
      const tokens = tokensOf(learnFast(randomPieces(seededRandom(seed)), { ...UNLIMITED, ties, maxMerges: 1000 }));
      assert.equal(new Set(tokens).size, tokens.length, `seed ${seed}`);
    }
  });
}

test("each tie rule picks its own of equally frequent pairs", () => {
  // (z, a) is seen first, (a, b) has the smallest ids, (é…) the greatest bytes: "\u00e9" is c3 a9.
  const pieces = piecesOf(["za", 3], ["ab", 3], ["é", 3]);
  const first = (ties: LearnOptions["ties"]) =>
    tokensOf(learnFast(pieces, { ...UNLIMITED, ties, maxMerges: 1 })).at(-1);
  assert.equal(first("first-seen"), "za");
  assert.equal(first("smallest-id"), "ab");
  assert.equal(first("greatest-bytes"), "\u00c3\u00a9");
});

test("first-seen follows a pair whose earlier occurrences were merged away", () => {
  // Once (b, c) is merged, (a, b) is only in the last piece, after (d, e).
  const pieces = piecesOf(["abc", 2], ["xbc", 5], ["de", 2], ["ab", 2]);
  const tokens = tokensOf(learnFast(pieces, { ...UNLIMITED, ties: "first-seen", maxMerges: 5 }));
  assert.deepEqual(tokens.slice(256), ["bc", "xbc", "abc", "de", "ab"]);
});

test("minbpe's worked example: aaabdaaabac", () => {
  // github.com/karpathy/minbpe, tests/test_tokenizer.py: three merges leave [258, 100, 258, 97, 99].
  const [text] = piecesOf(["aaabdaaabac", 1]);
  const merges = learnFast([text!], { ...UNLIMITED, ties: "first-seen", maxMerges: 3 });
  assert.deepEqual(tokensOf(merges).slice(256), ["aa", "aaa", "aaab"]);
  assert.deepEqual(divide(text![0], merges), [258, ID_OF_BYTE[100], 258, ID_OF_BYTE[97], ID_OF_BYTE[99]]);
});

test("runs of one letter are merged from the left, and their overlapping pairs all count", () => {
  const learned = (piece: string, maxMerges: number) =>
    tokensOf(learnFast(piecesOf([piece, 1], ["xy", 2]), { ...UNLIMITED, ties: "smallest-id", maxMerges })).slice(256);
  assert.deepEqual(learned("aaaa", 3), ["aa", "xy", "aaaa"]);
  assert.deepEqual(learned("aaa", 3), ["aa", "xy", "aaa"]);
  assert.deepEqual(learned("aa", 3), ["xy", "aa"]);
});

test("counts beyond 2^31 and 2^32 are exact", () => {
  const pieces = piecesOf(["ab", 2 ** 33 + 1], ["cd", 2 ** 33 + 2], ["ef", 2 ** 31], ["gh", 2 ** 52]);
  for (const learn of [learnFast, learnMerges]) {
    const tokens = tokensOf(learn(pieces, { ...UNLIMITED, ties: "smallest-id", maxMerges: 9 }));
    assert.deepEqual(tokens.slice(256), ["gh", "cd", "ab", "ef"]);
  }
});

test("a pair below the least frequency, and a token above the greatest length, is not learned", () => {
  const pieces = piecesOf(["abcd", 5], ["xy", 2]);
  const learned = (options: Partial<LearnOptions>) =>
    tokensOf(learnFast(pieces, { ...UNLIMITED, ties: "smallest-id", maxMerges: 9, ...options })).slice(256);
  assert.deepEqual(learned({}), ["ab", "cd", "abcd", "xy"]); // (c, d) ties with (ab, c): its left id is smaller
  assert.deepEqual(learned({ minFrequency: 3 }), ["ab", "cd", "abcd"]);
  assert.deepEqual(learned({ maxTokenBytes: 2 }), ["ab", "cd", "xy"]);
  assert.deepEqual(learned({ maxTokenBytes: 1 }), []);
});

test("nothing to learn from is no error", () => {
  for (const pieces of [[], piecesOf(["", 3]), piecesOf(["a", 3])]) {
    assert.deepEqual(learnFast(pieces, { ...UNLIMITED, ties: "first-seen", maxMerges: 9 }), []);
  }
});

test("with more than 65,536 ids, every piece still comes to be a token", () => {
  const random = seededRandom(9);
  const letter = () => Math.floor(random() * 256);
  const pieces = Array.from({ length: 20_000 }, () => [Uint8Array.from({ length: 8 }, letter), 1] as const);
  const merges = learnFast(pieces, { ...UNLIMITED, ties: "smallest-id", maxMerges: 200_000 }, 200_000);
  assert.ok(merges.length > 1 << 16);
  const tokens = new Set(tokensOf(merges));
  for (const [piece] of pieces) assert.ok(tokens.has(Buffer.from(piece).toString("latin1")));
});

/** Distinct pieces of few letters, with few different counts: many ties, many overlaps. */
function randomPieces(random: () => number): CountedPiece[] {
  const letters = 1 + Math.floor(random() * (random() < 0.3 ? 256 : 5));
  const longest = 1 + Math.floor(random() * 24);
  const counts = 1 + Math.floor(random() * 6);
  const pieces = new Map<string, CountedPiece>();
  const count = Math.floor(random() * 60);
  for (let i = 0; i < count; i++) {
    const piece = Uint8Array.from({ length: 1 + Math.floor(random() * longest) }, () => Math.floor(random() * letters));
    pieces.set(piece.join(), [piece, 1 + Math.floor(random() * counts)]);
  }
  return [...pieces.values()];
}

function piecesOf(...pieces: [text: string, count: number][]): CountedPiece[] {
  return pieces.map(([text, count]) => [Buffer.from(text), count]);
}

/** Learns in steps of `step` merges. */
function learnFast(pieces: readonly CountedPiece[], options: LearnOptions, step = 7): Merge[] {
  const starts = new Uint32Array(pieces.length + 1);
  for (const [i, [piece]] of pieces.entries()) starts[i + 1] = starts[i]! + piece.length;
  const counts = Float64Array.from(pieces, ([, count]) => count);
  const table: PieceCounts = { bytes: Buffer.concat(pieces.map(([piece]) => piece)), starts, counts };
  const learner = new MergeLearner(table, options);
  while (learner.learn(step));
  assert.equal(learner.learn(1), false);
  return learner.merges;
}

/** Bytes of all tokens, as strings of code units 0 to 255. */
function tokensOf(merges: readonly Merge[]): string[] {
  const tokens = Array.from(BYTE_OF_ID, (byte) => String.fromCharCode(byte));
  for (const [left, right] of merges) tokens.push(tokens[left]! + tokens[right]!);
  return tokens;
}

/** Ids of a piece after all merges, one after the other. */
function divide(piece: Uint8Array, merges: readonly Merge[]): number[] {
  let ids = Array.from(piece, (byte) => ID_OF_BYTE[byte]!);
  for (const [n, [left, right]] of merges.entries()) {
    const next: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      const isPair = ids[i] === left && ids[i + 1] === right;
      next.push(isPair ? 256 + n : ids[i]!);
      if (isPair) i++;
    }
    ids = next;
  }
  return ids;
}
