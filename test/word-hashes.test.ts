import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../pipeline/random.ts";
import { GramRoller, gramKey } from "../pipeline/text/gram-hashes.ts";
import { normalizedWords, WordHasher, wordBreak } from "../pipeline/text/word-hashes.ts";

const random = seededRandom(11);
const draw = <T>(from: ArrayLike<T>): T => from[Math.floor(random() * from.length)]!;
const CHARACTERS = [
  ...`aB1éİßﬁΣσ ’'-_.,"\n\t\u00a0\u00ad\u200b\ufeff¨猫が한ขำà𠮷𝒜👍ｶﾞ〇々\ud800\udc00`,
  "e\u0301",
  "\u0301",
  "か\u3099",
  "\u2028",
];
const randomText = (length: number): string =>
  Array.from({ length: Math.floor(random() * length) }, () => draw(CHARACTERS)).join("");
const hashesOf = ({ low, high, count }: WordHasher): number[] => [...low.slice(0, count), ...high.slice(0, count)];

test("where punctuation parts, it ends words, but for apostrophes and what has no width", () => {
  for (const [text, words] of [
    ["Don’t  PANIC:\n it's – “fine”!", ["dont", "panic", "its", "fine"]],
    ["state-of-the-art __init__ 3.14", ["state", "of", "the", "art", "init", "3", "14"]],
    ['{"question":"Find x","choices":["0","1"]}', ["question", "find", "x", "choices", "0", "1"]],
    ["soft\u00adhyphen zero\u200bwidth no\ufeffbreak", ["softhyphen", "zerowidth", "no", "break"]],
    ["猫が、好き ok", ["猫", "が", "好", "き", "ok"]],
    ["half \ud800 pair👍end", ["half", "pair", "end"]],
    ["…", []],
  ] as const) {
    assert.deepEqual(normalizedWords(text, "parts"), words, JSON.stringify(text));
  }
});

test("hashed words are the words of the definition, on 3,000 random texts", () => {
  const whole = new WordHasher("parts");
  const alone = new WordHasher("parts");
  for (let n = 0; n < 3000; n++) {
    const text = randomText(30);
    const words = normalizedWords(text, "parts");
    whole.read(text);
    assert.equal(whole.count, words.length, JSON.stringify(text));
    for (const [at, word] of words.entries()) {
      // A mark that lost what stood before it joins another letter when it is normalized again.
      if (word.normalize("NFKC").toLowerCase() !== word) continue;
      alone.read(word);
      assert.deepEqual([whole.low[at], whole.high[at]], [alone.low[0], alone.high[0]], JSON.stringify(text));
    }
  }
});

for (const punctuation of ["parts", "joins"] as const) {
  test(`words of a text that is cut where it may be are those of the whole, where punctuation ${punctuation}`, () => {
    const whole = new WordHasher(punctuation);
    const part = new WordHasher(punctuation);
    for (let n = 0; n < 3000; n++) {
      const text = randomText(40);
      whole.read(text);
      const hashes: [number, number][] = [];
      for (let at = 0; at < text.length; ) {
        const next = wordBreak(text, at + 1);
        assert.ok(next > at, JSON.stringify(text));
        part.read(text.slice(at, next));
        for (let i = 0; i < part.count; i++) hashes.push([part.low[i]!, part.high[i]!]);
        at = next;
      }
      const found = hashes.map(([low]) => low).concat(hashes.map(([, high]) => high));
      assert.deepEqual(found, hashesOf(whole), JSON.stringify(text));
    }
  });
}

test("words that are carried stand before those of the next text", () => {
  const words = new WordHasher();
  const whole = new WordHasher();
  // More words than there is room for at first.
  const [first, second] = ["a b c ".repeat(1000), "d e f ".repeat(3000)];
  words.read(first);
  words.read(second, 2);
  whole.read(`b c ${second}`);
  assert.deepEqual(hashesOf(words), hashesOf(whole));
});

test("the key of one run is that of rolling", () => {
  const words = new WordHasher();
  words.read(Array.from({ length: 60 }, () => draw("abcd")).join(" "));
  const key = { low: 0, high: 0 };
  for (const length of [1, 5, 13, 60]) {
    const { low, high, count } = new GramRoller().roll(words, length);
    for (let i = 0; i < count; i++) {
      gramKey(words, i, length, key);
      assert.deepEqual(key, { low: low[i], high: high[i] });
    }
  }
});
