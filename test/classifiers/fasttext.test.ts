import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { fnv1a, predictPlainly, wordNgramHashes } from "../../classifiers/fasttext.ts";
import { FastTextScorer, loadFastTextModel, type Prediction, readFastTextModel } from "../../classifiers/index.ts";
import { modulo64 } from "../../classifiers/word-ngrams.ts";
import { FormatError, RecipeError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { hostileText, lidPath, losses, type ModelPlan, modelBytes, openOracle, randomPlan } from "./fasttext-files.ts";

const lossNames = Object.keys(losses) as (keyof typeof losses)[];
const shapes = ["plain", "subwords", "quantised", "pruned"] as const;

/** Equal labels in equal order, probabilities within `tolerance`. Equal probabilities may stand in either order. */
function assertSame(
  found: readonly Prediction[],
  expected: readonly Prediction[],
  tolerance: number,
  place: string,
): void {
  const message = `${place}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`;
  assert.equal(found.length, expected.length, message);
  for (const [i, { label, probability }] of found.entries()) {
    assert.ok(Math.abs(probability - expected[i]!.probability) <= tolerance, message);
    const isTied = expected.some((other, j) => j !== i && Math.abs(other.probability - probability) <= 2 * tolerance);
    if (!isTied && i < expected.length - 1) assert.equal(label, expected[i]!.label, message);
  }
}

// Two words, three labels, no n-grams; "</s>" is unknown. Row of "up" is (1, 0), of "down" (0, 2).
const tiny = {
  words: ["up", "down"],
  labels: [
    ["north", 50],
    ["south", 30],
    ["east", 5],
  ] as const,
  columns: 2,
  input: [
    [1, 0],
    [0, 2],
  ],
  output: [
    [1, -1],
    [-2, 1],
    [0.5, 0.25],
  ],
} satisfies Omit<ModelPlan, "loss">;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

test("softmax: the mean of the rows, one product per label, e to the product over the sum", () => {
  // "up down" → (0.5, 1); products -0.5, 0, 0.5.
  const sum = Math.exp(-0.5) + 1 + Math.exp(0.5);
  const expected = [
    { label: "east", probability: Math.exp(0.5) / sum + 1e-5 },
    { label: "south", probability: 1 / sum + 1e-5 },
    { label: "north", probability: Math.exp(-0.5) / sum + 1e-5 },
  ];
  assertSame(scorerOf({ ...tiny, loss: "softmax" }).predict("up down", 3), expected, 1e-6, "softmax");
});

test("one-vs-all and negative sampling: a sigmoid of its own for each label, on a grid of 1/32", () => {
  // The products fall on the grid, where the table has the exact sigmoid.
  const expected = [
    { label: "east", probability: sigmoid(0.5) + 1e-5 },
    { label: "south", probability: 0.5 + 1e-5 },
    { label: "north", probability: sigmoid(-0.5) + 1e-5 },
  ];
  for (const loss of ["one-vs-all", "negative-sampling"] as const) {
    assertSame(scorerOf({ ...tiny, loss }).predict("up down", 9), expected, 1e-6, loss);
  }
});

test("hierarchical softmax: sigmoids down a tree whose rare labels lie deepest", () => {
  // Node 3 joins east (5) and south (30), its row is output 0; the root joins node 3 (35) and north (50), output 1.
  // "up" → (1, 0): node 3 goes right with sigmoid(1), the root with sigmoid(-2).
  const [low, root] = [sigmoid(1), sigmoid(-2)];
  const expected = [
    { label: "south", probability: (1 - root + 1e-5) * (low + 1e-5) },
    { label: "east", probability: (1 - root + 1e-5) * (1 - low + 1e-5) },
    { label: "north", probability: root + 1e-5 },
  ];
  assertSame(scorerOf({ ...tiny, loss: "hierarchical-softmax" }).predict("up", 3), expected, 1e-6, "tree");
});

test("a text of unknown words gives no prediction, unless the end mark is a word of the model", () => {
  const plan: ModelPlan = { ...tiny, loss: "softmax" };
  assert.deepEqual(scorerOf(plan).predict("sideways"), []);
  assert.deepEqual(scorerOf(plan).predict(""), []);
  assert.equal(scorerOf({ ...plan, words: ["</s>", "down"] }).predict("").length, 1);
});

test("every kind of space separates words, and labels in the text do not count", () => {
  const scorer = scorerOf({ ...tiny, loss: "softmax" });
  const expected = scorer.predict("up down", 3);
  for (const text of [
    "up\ndown",
    " up\tdown\r\n",
    "up\0\0down",
    "\vup\fdown",
    "up __label__north down",
    "up __label__?? down",
  ]) {
    assert.deepEqual(scorer.predict(text, 3), expected, JSON.stringify(text));
  }
  assert.notDeepEqual(scorer.predict("up\u00a0down up", 3), expected, "a no-break space is part of a word");
});

test("the text ends at a literal end mark, as in the original", () => {
  const scorer = scorerOf({ ...tiny, loss: "softmax" });
  assert.deepEqual(scorer.predict("up </s> down down", 3), scorer.predict("up", 3));
});

test("k and the threshold limit the list", () => {
  for (const loss of lossNames) {
    const scorer = scorerOf({ ...tiny, loss });
    const all = scorer.predict("up", Infinity);
    assert.equal(all.length, 3);
    assert.deepEqual(scorer.predict("up", 2), all.slice(0, 2));
    const [, second] = all;
    assert.deepEqual(scorer.predict("up", 3, second!.probability - 2e-5), all.slice(0, 2), loss);
  }
});

test("the original, its plain definition and the fast scorer agree on random models and hostile texts", async () => {
  const oracle = await openOracle();
  for (const [seed, [loss, shape]] of lossNames
    .flatMap((loss) => shapes.map((shape) => [loss, shape] as const))
    .entries()) {
    const random = seededRandom(seed);
    const plan = randomPlan(seed, loss, shape);
    const bytes = modelBytes(plan);
    const model = readFastTextModel(bytes, "random.bin");
    const scorer = new FastTextScorer(model);
    // Both losses predict alike, but for this one the original takes seconds to lay out its table of negative samples.
    const original = oracle(loss === "negative-sampling" ? modelBytes({ ...plan, loss: "one-vs-all" }) : bytes);
    for (let round = 0; round < 60; round++) {
      const text = hostileText(random);
      const place = `seed ${seed}, ${loss}, ${shape}, ${JSON.stringify(text)}`;
      const k = 1 + (round % 7);
      const threshold = round % 3 === 0 ? 0.1 : 0;
      const plain = predictPlainly(model, text, k, threshold);
      assertSame(plain, original(text.toWellFormed(), k, threshold), 2e-7, `plain, ${place}`);
      assertSame(scorer.predict(text, k, threshold), plain, 3e-6, `fast, ${place}`);
      for (const { label, probability } of scorer.predict(text, 7)) {
        scorer.read(text);
        assert.ok(Math.abs(scorer.probabilityOf(model.labels.indexOf(label)) - probability) < 1e-12, place);
      }
    }
  }
});

test("version 11 classifiers have no character n-grams, whatever their header says", async () => {
  const bytes = modelBytes({ ...randomPlan(3, "softmax", "subwords"), version: 11 });
  const original = (await openOracle())(bytes);
  const model = readFastTextModel(bytes, "old.bin");
  for (const text of ["the cat", "unknown words", "thé 猫 a"]) {
    assertSame(predictPlainly(model, text, 3), original(text, 3, 0), 2e-7, text);
    assertSame(new FastTextScorer(model).predict(text, 3), original(text, 3, 0), 3e-6, text);
  }
});

test("a prediction does not depend on the texts before it", () => {
  const model = loadFastTextModel(lidPath);
  const random = seededRandom(5);
  // More words than the scorer remembers, so that some take the place of others.
  const texts = Array.from({ length: 60 }, () =>
    Array.from({ length: 500 }, () => Math.floor(random() * 60_000).toString(30)).join(" "),
  );
  const used = new FastTextScorer(model);
  for (const text of texts) used.predict(text);
  for (const text of texts) assert.deepEqual(used.predict(text, 5), new FastTextScorer(model).predict(text, 5));
});

test("two words of one length and one hash are not taken for each other", () => {
  const [first, second] = ["mikatillatil", "mimidenmiche"];
  assert.equal(fnv1a(first), fnv1a(second));
  const model = loadFastTextModel(lidPath);
  const scorer = new FastTextScorer(model);
  const alone = scorer.predict(first, 3);
  assert.notDeepEqual(scorer.predict(second, 3), alone);
  assert.deepEqual(scorer.predict(`${first} ${second}`, 3), new FastTextScorer(model).predict(`${first} ${second}`, 3));
});

test("64-bit arithmetic in halves equals BigInt", () => {
  const random = seededRandom(11);
  const word = (): number =>
    random() < 0.2 ? [0, 0xffffffff, 0x80000000, 0xffff][Math.floor(random() * 4)]! : Math.floor(random() * 2 ** 32);
  for (let round = 0; round < 5000; round++) {
    const [high, low] = [word(), word()];
    const divisor = round % 3 === 0 ? 2 ** 31 - 1 - (round % 50) : 1 + Math.floor(random() * 2 ** (1 + (round % 30)));
    const expected = Number((BigInt(high) * 2n ** 32n + BigInt(low)) % BigInt(divisor));
    assert.equal(modulo64(high, low, divisor), expected, `${high}, ${low} mod ${divisor}`);
  }
});

test("hashes are fastText's: FNV-1a over signed bytes, words as signed numbers", () => {
  assert.equal(fnv1a("a"), 0xe40c292c); // the published FNV-1a of "a"
  assert.notEqual(fnv1a("\xe9"), Number(BigInt.asUintN(32, (0x811c9dc5n ^ 0xe9n) * 0x01000193n)));
  assert.deepEqual([...wordNgramHashes([1, 2, 3], 2)], [116049373n, 232098745n]);
  assert.deepEqual([...wordNgramHashes([0xffffffff, 1], 5)], [2n ** 64n - 116049371n + 1n]);
});

test("lid.176.ftz tells twenty languages", () => {
  const scorer = new FastTextScorer(loadFastTextModel(lidPath));
  assert.equal(scorer.model.labels.length, 176);
  for (const [language, sentence] of Object.entries(sentences)) {
    assert.equal(scorer.predict(sentence)[0]?.label, language, sentence);
  }
});

test("lid.176.ftz: the fast scorer agrees with the original on sentences, pages and hostile texts", async () => {
  const bytes = readFileSync(lidPath);
  const original = (await openOracle())(bytes);
  const scorer = new FastTextScorer(loadFastTextModel(lidPath));
  const random = seededRandom(23);
  const all = Object.values(sentences);
  const texts = [...all, all.join(" "), ...Array.from({ length: 200 }, () => hostileText(random))];
  for (const text of texts) {
    assertSame(scorer.predict(text, 3), original(text.toWellFormed(), 3, 0), 1e-5, JSON.stringify(text));
  }
});

const referenceModels = ["cook_hs.bin", "cook_ova.bin", "cook_softmax.bin", "cook_softmax.ftz"];
const tutorial = "data/classifier/fasttext-tutorial";

for (const name of referenceModels) {
  test(`${name}: 500 × 5 predictions equal to fastText 0.9.2's`, needsShared(`${tutorial}/${name}.gz`), () => {
    const model = readFastTextModel(gunzipSync(readFileSync(sharedPath(tutorial, `${name}.gz`))), name);
    const scorer = new FastTextScorer(model);
    const cases = readLines<{ text: string; top5: [string, number][] }>(`${tutorial}/${name}.expected.jsonl.gz`);
    for (const [i, { text, top5 }] of cases.entries()) {
      const expected = top5.map(([label]) => label.replace("__label__", ""));
      const results =
        i % 10 === 0 ? [scorer.predict(text, 5), predictPlainly(model, text, 5)] : [scorer.predict(text, 5)];
      for (const found of results) {
        // Equal probabilities too stand in the original's order.
        assert.deepEqual(
          found.map(({ label }) => label),
          expected,
          text,
        );
        for (const [j, { probability }] of found.entries())
          assert.ok(Math.abs(probability - top5[j]![1]) <= 1e-5, text);
      }
    }
  });
}

test("lid.176.ftz: 1,500 reference predictions", needsShared("data/classifier/lid"), () => {
  const scorer = new FastTextScorer(loadFastTextModel(lidPath));
  const cases = readLines<{ text: string; top3: [string, number][] }>(
    "data/classifier/lid/lid176ftz-reference-predictions.jsonl.gz",
  );
  assert.equal(cases.length, 1500);
  for (const { text, top3 } of cases) {
    const expected = top3.map(([label, probability]) => ({ label, probability }));
    const found = scorer.predict(text, 3);
    // Labels whose probabilities differ in the seventh digit, too.
    assert.deepEqual(
      found.map(({ label }) => label),
      expected.map(({ label }) => label),
      text,
    );
    assertSame(found, expected, 1e-5, text);
  }
});

test("lid.176.ftz: accuracy on 16,500 sentences", needsShared("data/classifier/lid"), () => {
  const scorer = new FastTextScorer(loadFastTextModel(lidPath));
  const right = new Map<string, number>();
  const sentencesOf = new Map<string, number>();
  for (const { text, lang } of readLines<{ text: string; lang: string }>(
    "data/classifier/lid/lingua-sentences.jsonl.gz",
  )) {
    const label = scorer.predict(text)[0]?.label;
    // The model has one label for Norwegian besides Nynorsk's.
    const isRight = label === lang || (lang === "nb" && label === "no");
    sentencesOf.set(lang, (sentencesOf.get(lang) ?? 0) + 1);
    if (isRight) right.set(lang, (right.get(lang) ?? 0) + 1);
  }
  const reference = JSON.parse(readFileSync(sharedPath("data/classifier/lid/lid176ftz-accuracy.json"), "utf8"));
  const total = [...right.values()].reduce((a, b) => a + b, 0);
  assert.equal(total / 16500, reference.micro);
  for (const [lang, accuracy] of Object.entries<number>(reference.perLanguage)) {
    assert.equal(Number(((right.get(lang) ?? 0) / sentencesOf.get(lang)!).toFixed(4)), accuracy, lang);
  }
});

test("a file cut anywhere gives a FormatError that names the file and the place", () => {
  for (const shape of shapes) {
    const bytes = modelBytes(randomPlan(1, "hierarchical-softmax", shape));
    const step = Math.max(1, Math.floor(bytes.length / 700));
    for (let length = 0; length < bytes.length; length += length < 400 ? 1 : step) {
      assert.throws(
        () => readFastTextModel(bytes.subarray(0, length), "cut.ftz"),
        (error) => {
          return error instanceof FormatError && /^cut\.ftz @ \d+: expected/.test(error.message);
        },
      );
    }
  }
});

test("a file with changed bytes gives a FormatError or a model that works", () => {
  const random = seededRandom(77);
  let working = 0;
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(modelBytes(randomPlan(round % 5, lossNames[round % 4]!, shapes[(round >> 2) % 4]!)));
    const changes = 1 + Math.floor(random() * 3);
    for (let i = 0; i < changes; i++) {
      const reach = random() < 0.7 ? Math.min(400, bytes.length) : bytes.length;
      bytes[Math.floor(random() * reach)] =
        random() < 0.5 ? [0, 1, 255, 127, 128][Math.floor(random() * 5)]! : Math.floor(random() * 256);
    }
    let scorer: FastTextScorer;
    try {
      scorer = new FastTextScorer(readFastTextModel(bytes, "changed.ftz"));
    } catch (error) {
      assert.ok(error instanceof FormatError, `round ${round}: ${error}`);
      continue;
    }
    working++;
    for (const text of ["", "the cat sat on thé 猫", hostileText(random)]) {
      for (const { label, probability } of scorer.predict(text, 9)) {
        assert.ok(
          typeof label === "string" && probability >= 0 && probability < 1.001,
          `round ${round}: ${probability}`,
        );
      }
    }
  }
  assert.ok(working > 200, `${working} of 2000 models worked`);
});

test("errors say what is wrong and where", () => {
  const good = modelBytes({ ...tiny, loss: "softmax" });
  const patched = (offset: number, value: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes.writeInt32LE(value, offset);
    return bytes;
  };
  const cases: [Buffer, RegExp][] = [
    [Buffer.from("PK\x03\x04 not a model"), /^m\.bin @ 0: magic number is 67324752, expected 793712314/],
    [patched(4, 13), /^m\.bin @ 4: format version is 13, expected 11 or 12$/],
    [patched(8, 3), /^m\.bin @ \d+: input columns is 2, expected 3$/],
    [patched(8, 0x7fffffff), /^m\.bin @ \d+: input columns is 2, expected 2147483647$/],
    [patched(28, 1_000_000), /^m\.bin @ 28: longest word n-gram is 1000000, expected at most 64$/],
    [patched(28, 2), /^m\.bin @ 40: n-gram buckets is 0, expected at least 1$/],
    [patched(32, 9), /^m\.bin @ 32: loss is 9, expected 1 to 4$/],
    [patched(36, 1), /^m\.bin @ 36: kind of model is 1, expected 3 \(a classifier, not word vectors\)$/],
    [patched(64, 0x7fffffff), /^m\.bin @ 64: dictionary is 2 words \+ 3 labels, 2147483647 entries/],
    [patched(good.length - 4, 0x7fc00000), /a weight of output matrix is NaN, expected between/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(
      () => readFastTextModel(bytes, "m.bin"),
      (error) => {
        assert.ok(error instanceof FormatError, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

test("a model is read from a file as from memory, and a missing file is said to be missing", () => {
  const dir = mkdtempSync(join(tmpdir(), "fasttext-"));
  try {
    // Longer than the reader's window, so that fields lie across its edge.
    const words = Array.from({ length: 9000 }, (_, i) => `word${i}`);
    const input = words.map((_, i) => [i % 7, -i % 5]);
    const bytes = modelBytes({ ...tiny, words, input, loss: "one-vs-all" });
    const path = join(dir, "model.bin");
    writeFileSync(path, bytes);
    assert.deepEqual({ ...loadFastTextModel(path), file: "" }, { ...readFastTextModel(bytes, ""), file: "" });
    assert.throws(() => loadFastTextModel(join(dir, "none.bin")), RecipeError);
    assert.throws(() => loadFastTextModel(dir), RecipeError);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

function scorerOf(plan: ModelPlan): FastTextScorer {
  return new FastTextScorer(readFastTextModel(modelBytes(plan), "tiny.bin"));
}

function readLines<T>(path: string): T[] {
  const lines = gunzipSync(readFileSync(sharedPath(path)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as T);
}

const sentences: Readonly<Record<string, string>> = {
  ar: "ذهبت إلى السوق صباح اليوم لأشتري الخبز والحليب.",
  cs: "Dnes ráno jsem šel na trh koupit chléb a mléko.",
  de: "Heute Morgen bin ich auf den Markt gegangen, um Brot und Milch zu kaufen.",
  el: "Σήμερα το πρωί πήγα στην αγορά για να αγοράσω ψωμί και γάλα.",
  en: "This morning I walked to the market to buy some bread and milk.",
  es: "Esta mañana fui al mercado para comprar pan y leche.",
  fi: "Tänä aamuna kävelin torille ostamaan leipää ja maitoa.",
  fr: "Ce matin je suis allé au marché pour acheter du pain et du lait.",
  he: "הבוקר הלכתי לשוק כדי לקנות לחם וחלב.",
  hi: "आज सुबह मैं रोटी और दूध खरीदने के लिए बाज़ार गया।",
  hu: "Ma reggel elmentem a piacra kenyeret és tejet venni.",
  it: "Questa mattina sono andato al mercato a comprare pane e latte.",
  ja: "今朝、パンと牛乳を買うために市場へ行きました。",
  ko: "오늘 아침 나는 빵과 우유를 사러 시장에 갔다.",
  nl: "Vanochtend ben ik naar de markt gelopen om brood en melk te kopen.",
  pl: "Dziś rano poszedłem na targ, żeby kupić chleb i mleko.",
  pt: "Hoje de manhã fui ao mercado para comprar pão e leite.",
  ru: "Сегодня утром я пошёл на рынок, чтобы купить хлеб и молоко.",
  th: "เช้านี้ฉันเดินไปตลาดเพื่อซื้อขนมปังและนม",
  tr: "Bu sabah ekmek ve süt almak için pazara gittim.",
};
