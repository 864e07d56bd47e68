import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldOutGrams, type Overlap } from "../../../eval/guards/overlap.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { normalizedWords, WordHasher } from "../../../pipeline/text/word-hashes.ts";

const random = seededRandom(5);
const draw = <T>(from: ArrayLike<T>): T => from[Math.floor(random() * from.length)]!;

/** Prose of made-up words, of which runs of 8 hardly repeat. */
const VOCABULARY = Array.from({ length: 2000 }, (_, n) => `w${n.toString(36)}x`);
const prose = (words: number): string => Array.from({ length: words }, () => draw(VOCABULARY)).join(" ");

async function overlapOf(items: readonly string[], training: readonly string[]): Promise<Overlap> {
  const domain = { domain: "d", items: items.map((text, n) => ({ id: `item ${n}`, text })) };
  return (await new HeldOutGrams([domain]).overlapsOf("arm", training))[0]!;
}

test("words know neither case, punctuation nor white space", () => {
  for (const [text, words] of [
    ["Don’t  PANIC:\n it's – “fine”!", ["dont", "panic", "its", "fine"]],
    ["state-of-the-art __init__ 3.14", ["stateoftheart", "init", "314"]],
    ["caf\u00e9 cafe\u0301 ﬁne ＡＢＣ", ["café", "café", "fine", "abc"]],
    ["soft\u00adhyphen zero\u200bwidth", ["softhyphen", "zerowidth"]],
    ["猫が好き ok", ["猫", "が", "好", "き", "ok"]],
    ["𠮷野 👍 half \ud800 pair", ["𠮷", "野", "half", "pair"]],
    [" \n… ", []],
    ["", []],
  ] as const) {
    assert.deepEqual(normalizedWords(text), words, JSON.stringify(text));
  }
});

test("hashed words are the words of the definition, on 3,000 random texts", () => {
  const characters = [...`aB1é\u0301İßﬁ ’'-_.\n\u00a0\u00ad\u200b\ufeff猫が한ขà𠮷𝒜👍\ud800\udc00`, "e\u0301", "\u2028"];
  const whole = new WordHasher();
  const alone = new WordHasher();
  for (let n = 0; n < 3000; n++) {
    const text = Array.from({ length: Math.floor(random() * 30) }, () => draw(characters)).join("");
    const words = normalizedWords(text);
    whole.read(text);
    assert.equal(whole.count, words.length, JSON.stringify(text));
    for (const [at, word] of words.entries()) {
      // A mark that lost what stood before it joins another letter when it is normalized again.
      if (word.normalize("NFKC") !== word) continue;
      alone.read(word);
      assert.equal(alone.count, 1, JSON.stringify(word));
      assert.deepEqual([whole.low[at], whole.high[at]], [alone.low[0], alone.high[0]], JSON.stringify(text));
    }
  }
});

test("of 20 planted leaks 20 are found, and none of 1,000 clean items", async () => {
  const items = Array.from({ length: 1020 }, () => prose(20 + Math.floor(random() * 80)));
  const changes: ((text: string) => string)[] = [
    (text) => text,
    (text) => text.toUpperCase(),
    (text) => text.replaceAll(" ", " \n\t"),
    (text) => text.replaceAll(/(\S+ \S+) /g, "“$1”, "),
    // 13 words of it are enough.
    (text) => text.split(" ").slice(4, 17).join(" "),
  ];
  const leaked = Array.from({ length: 20 }, (_, n) => 7 + 50 * n);
  const leaks = leaked.map((n, k) => `${prose(40)} ${changes[k % changes.length]!(items[n]!)} ${prose(40)}`);
  const training = [...Array.from({ length: 300 }, () => prose(200)), ...leaks];
  const { contaminatedIds, contaminatedItems, items: all, unjudgedItems } = await overlapOf(items, training);
  assert.deepEqual(
    contaminatedIds,
    leaked.map((n) => `item ${n}`),
  );
  assert.deepEqual([contaminatedItems, all, unjudgedItems], [20, 1020, 0]);
});

test("shares are of runs of 13 words and of runs of 5", async () => {
  const item = "a b c d e f g h i j k l m n";
  // Of two runs of 13 words the first; of ten runs of 5 words all but the last.
  const { share, resemblance, contaminatedItems } = await overlapOf([item], ["x A b, c d e f g h i j k l m y"]);
  assert.deepEqual({ share, resemblance, contaminatedItems }, { share: 0.5, resemblance: 0.9, contaminatedItems: 1 });
  const twelve = await overlapOf([item], ["x a b c d e f g h i j k l y m n"]);
  assert.deepEqual([twelve.share, twelve.contaminatedItems], [0, 0]);
});

test("a run that is cut in two by the end of a document was not seen", async () => {
  const item = "a b c d e f g h i j k l m";
  const { share, resemblance } = await overlapOf([item], ["a b c d e f", "g h i j k l m"]);
  // 2 + 3 of 9 runs of 5 words.
  assert.deepEqual([share, resemblance], [0, 5 / 9]);
});

test("a short item is contaminated as a whole or not at all, and below 8 words not judged", async () => {
  const items = ["one two three four five six seven eight nine ten", "1 2 3 4 5 6 7 8 9 10", "p q r s t u v", ""];
  const training = [`so ${items[0]}, she said`, "1 2 3 4 5 6 7 8 9 11", "p q r s t u v"];
  const { contaminatedIds, unjudgedItems, share } = await overlapOf(items, training);
  assert.deepEqual(
    { contaminatedIds, unjudgedItems, share },
    { contaminatedIds: ["item 0"], unjudgedItems: 2, share: 0.5 },
  );
});

test("shares are those of sets of strings, on random text of few words", async () => {
  const few = (words: number): string => Array.from({ length: words }, () => draw(["a", "b"])).join(" ");
  const items = Array.from({ length: 40 }, () => few(Math.floor(random() * 30)));
  const training = Array.from({ length: 60 }, () => few(Math.floor(random() * 60)));
  const gramsOf = (text: string, n: number): string[] => {
    const words = text.split(" ").filter(Boolean);
    return words.slice(0, Math.max(0, words.length - n + 1)).map((_, i) => words.slice(i, i + n).join(" "));
  };
  const seen = Array.from({ length: 14 }, (_, n) => new Set(training.flatMap((text) => gramsOf(text, n))));
  const judged = items.map((text) => {
    const words = text.split(" ").filter(Boolean).length;
    return words < 8 ? [] : gramsOf(text, Math.min(13, words)).map((gram) => seen[Math.min(13, words)]!.has(gram));
  });
  const of5 = items.flatMap((text) => gramsOf(text, 5)).map((gram) => seen[5]!.has(gram));
  const shareOf = (met: readonly boolean[]): number => met.filter(Boolean).length / met.length;
  const found = await overlapOf(items, training);
  assert.equal(found.share, shareOf(judged.flat()));
  assert.equal(found.resemblance, shareOf(of5));
  assert.equal(found.contaminatedItems, judged.filter((met) => met.includes(true)).length);
  assert.ok(found.share > 0.05 && found.share < 0.95, `${found.share}: a share that tells something`);
});

test("arms are told apart, and nothing is everybody's overlap", async () => {
  const grams = new HeldOutGrams([
    { domain: "a", items: [{ id: "1", text: prose(30) }] },
    { domain: "none", items: [] },
  ]);
  const [a, none] = await grams.overlapsOf("empty", []);
  assert.deepEqual([a!.share, a!.resemblance, none!.share, none!.items], [0, 0, 0, 0]);
});
