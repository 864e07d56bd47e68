import assert from "node:assert/strict";
import { test } from "node:test";
import { mergePairs, pieceEncoder } from "../../tokenizer/bpe.ts";
import { ByteLevelTokenizer } from "../../tokenizer/byte-level.ts";
import { NO_PATTERN, WINDOW_BYTES } from "../../tokenizer/pretokenize.ts";
import { loadVocabulary, makeVocabulary, ranksOf, type Vocabulary } from "../../tokenizer/vocabulary.ts";
import { seededRandom } from "./hostile.ts";

const SEED = 7;
/** Pieces longer than this are merged by a heap. */
const SHORT_PIECE_BYTES = 96;

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");

/** All single bytes, then tokens of two earlier ones joined at random; `ranked` shuffles the ids, so that parts may rank below. */
function randomVocabulary(random: () => number, alphabet: string, tokenCount: number, shuffled: boolean): Vocabulary {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const tokens = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const usable = [...alphabet];
  while (tokens.length < 256 + tokenCount) {
    const token = pick(usable) + pick(usable);
    if (token.length > 40 || tokens.includes(token)) continue;
    tokens.push(token);
    usable.push(token);
  }
  if (shuffled) tokens.sort(() => random() - 0.5);
  return makeVocabulary("random", NO_PATTERN, tokens.length, tokens.map(bytesOf), new Map());
}

/** The same tokens with a list of merges: any pairs whose joined bytes are a token, in any order. */
function withMerges(random: () => number, vocabulary: Vocabulary, wholePieces: boolean): Vocabulary {
  const { byteStrings, rankOf } = ranksOf(vocabulary);
  const pairs: [number, number][] = [];
  for (const token of byteStrings) {
    for (let cut = 1; cut < token.length; cut++) {
      const left = rankOf.get(token.slice(0, cut));
      const right = rankOf.get(token.slice(cut));
      if (left !== undefined && right !== undefined && random() < 0.7) pairs.push([left, right]);
    }
  }
  return { ...vocabulary, wholePieces, merges: Uint32Array.from(pairs.sort(() => random() - 0.5).flat()) };
}

test("the definition: lowest rank first, leftmost of equals", () => {
  const tokens = ["a", "b", "c", "bc", "ab", "aa", "aaa"];
  const rankOf = (left: string, right: string): number | undefined => {
    const rank = tokens.indexOf(left + right);
    return rank < 0 ? undefined : rank;
  };
  const parts = (text: string): string[] => mergePairs(bytesOf(text), rankOf);
  assert.deepEqual(parts("abc"), ["a", "bc"]);
  assert.deepEqual(parts("aab"), ["a", "ab"]);
  assert.deepEqual(parts("aaaaa"), ["aa", "aaa"]);
  assert.deepEqual(parts(""), []);
});

test("the two rules differ where a list leaves a pair out, and where a piece is a token that merging does not reach", () => {
  const tokens = [...Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)), "ab", "bc", "abc"];
  const ranks = makeVocabulary("t", NO_PATTERN, tokens.length, tokens.map(bytesOf), new Map());
  const [a, b, c] = [97, 98, 99];
  const listed: Vocabulary = { ...ranks, wholePieces: false, merges: Uint32Array.of(b, c, a, b) };
  assert.deepEqual(pieceEncoder(ranks)(bytesOf("abcabc")), [258, 258]);
  assert.deepEqual(pieceEncoder(listed)(bytesOf("abcab")), [a, 257, 256]);
  assert.deepEqual(pieceEncoder({ ...listed, wholePieces: true })(bytesOf("abc")), [258]);
  for (const vocabulary of [ranks, listed, { ...listed, wholePieces: true }]) {
    const kernel = new ByteLevelTokenizer(vocabulary);
    for (const text of ["abcabc", "abcab", "abc", "ab", "cba"]) {
      assert.deepEqual([...kernel.encode(text)], pieceEncoder(vocabulary)(bytesOf(text)), text);
    }
  }
});

for (const shuffled of [false, true]) {
  const what = shuffled ? "tokens whose parts may rank below them" : "tokens made as training makes them";
  test(`the kernel agrees with the definition on random vocabularies: ${what}`, () => {
    const random = seededRandom(SEED + Number(shuffled));
    for (let round = 0; round < 20; round++) {
      const alphabet = "abcdefgh".slice(0, 1 + (round % 6));
      const ranks = randomVocabulary(random, alphabet, alphabet.length === 1 ? 8 : 80, shuffled);
      for (const vocabulary of [ranks, withMerges(random, ranks, false), withMerges(random, ranks, true)]) {
        const kernel = new ByteLevelTokenizer(vocabulary);
        const define = pieceEncoder(vocabulary);
        for (let i = 0; i < 60; i++) {
          const length = 1 + Math.floor(random() * (i % 4 === 0 ? 3 * SHORT_PIECE_BYTES : 40));
          const piece = Uint8Array.from({ length }, () => alphabet.charCodeAt(Math.floor(random() * alphabet.length)));
          const message = `seed ${SEED}, round ${round}, ${Buffer.from(piece)}`;
          assert.deepEqual([...kernel.encodeBytes(piece)], define(piece), message);
        }
      }
    }
  });
}

test("the kernel agrees with the definition on GPT-2's vocabulary", () => {
  const vocabulary = { ...loadVocabulary("gpt2"), pattern: NO_PATTERN };
  const define = pieceEncoder(vocabulary);
  const kernel = new ByteLevelTokenizer(vocabulary);
  const random = seededRandom(SEED);
  const tokens = ranksOf(vocabulary).byteStrings.filter((token) => token !== "");
  for (let i = 0; i < 3000; i++) {
    const count = 1 + Math.floor(random() * (i % 20 === 0 ? 60 : 4));
    const text = Array.from({ length: count }, () => tokens[Math.floor(random() * tokens.length)]!).join("");
    assert.deepEqual([...kernel.encodeBytes(bytesOf(text))], define(bytesOf(text)), `seed ${SEED}, ${text}`);
  }
});

test("a merge of ids that are no tokens is refused", () => {
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const vocabulary = makeVocabulary("t", NO_PATTERN, 257, [...tokens, bytesOf("ab")], new Map());
  for (const merges of [
    [97, 99],
    [97, 257],
    [4_000_000_000, 98],
  ]) {
    const listed = { ...vocabulary, merges: Uint32Array.from(merges) };
    assert.throws(() => new ByteLevelTokenizer(listed), /merge 0 joins \d+ and \d+ to what is no token/);
  }
});

test("a token that no piece could hold is refused", () => {
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const vocabulary = makeVocabulary("t", NO_PATTERN, 257, [...tokens, new Uint8Array(WINDOW_BYTES + 1)], new Map());
  assert.throws(() => new ByteLevelTokenizer(vocabulary), /token 256 has 1048577 bytes, at most 1048576/);
});

test("bytes that are no text come back where added tokens are sought in text", () => {
  const added = [
    { text: "[X]", id: 256, special: false, leftStrip: false, rightStrip: false, singleWord: false, normalized: false },
  ];
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const vocabulary = makeVocabulary("t", NO_PATTERN, 257, [...tokens, bytesOf("[X]")], new Map());
  const tokenizer = new ByteLevelTokenizer({ ...vocabulary, added });
  const bytes = Buffer.from([0x61, 0xff, 0xfe, ...bytesOf("é[X]b[X]"), 0xe4, 0xb8]);
  const ids = tokenizer.encodeBytes(bytes);
  assert.ok(bytes.equals(tokenizer.decode(ids)));
  assert.equal(ids.filter((id) => id === 256).length, 2);
  assert.deepEqual(tokenizer.encodeWithSpecial(bytes), ids);
});

test("pieces that come again give the same ids, however many came between", () => {
  const merging = loadVocabulary("gpt2");
  // Here a piece is a token, or its bytes: the dictionary is asked for each that is new.
  for (const vocabulary of [merging, { ...merging, merges: new Uint32Array(), wholePieces: true }]) {
    const kernel = new ByteLevelTokenizer(vocabulary);
    const text = " Schwarzenegger über-größte 水曜日の朝、 x".repeat(3);
    const before = kernel.encode(text);
    // Of letters alone: digits would be pieces of their own.
    const word = (i: number): string => `q${i.toString(26).replace(/\d/g, (digit) => "qrstuvwxyz"[Number(digit)]!)}zj`;
    // More distinct words than it remembers; and long ones, which it remembers when they come again, than it has room for.
    for (let block = 0; block < 9; block++) {
      kernel.encode(Array.from({ length: 50_000 }, (_, i) => word(block * 50_000 + i)).join(" "));
    }
    for (let i = 0; i < 45_000; i++) kernel.encode(` ${word(i).repeat(27)} ${word(i).repeat(27)}`);
    assert.deepEqual(kernel.encode(text), before);
    assert.deepEqual(kernel.encode(word(0).repeat(27)), new ByteLevelTokenizer(vocabulary).encode(word(0).repeat(27)));
  }
});

/** As `longLowKey` (kernel/assembly/keys.ts) takes 8 bytes more into its hash. */
function hashStep(hash: bigint, word: bigint): bigint {
  const product = BigInt.asUintN(64, (hash ^ word) * 0x9e37_79b9_7f4a_7c15n);
  return product ^ (product >> 29n);
}

test("two long pieces with the same hash are told apart", () => {
  const vocabulary = { ...loadVocabulary("gpt2"), pattern: NO_PATTERN };
  const kernel = new ByteLevelTokenizer(vocabulary);
  const define = pieceEncoder(vocabulary);
  const word = (text: string): bigint => Buffer.from(text, "latin1").readBigUInt64LE();
  const [first, other, second, last] = [word("abcdefgh"), word("zyxwvuts"), word("ijklmnop"), word("qrstuvwx")];
  // What the second word is xored with makes up for the first.
  const makesUp = second ^ hashStep(24n, first) ^ hashStep(24n, other);
  const pieces = [
    [first, second, last],
    [other, makesUp, last],
  ].map((words) => new Uint8Array(BigUint64Array.from(words).buffer));
  for (const piece of [pieces[0]!, pieces[0]!, pieces[1]!, pieces[1]!, pieces[0]!]) {
    assert.deepEqual([...kernel.encodeBytes(piece)], define(piece));
  }
});
