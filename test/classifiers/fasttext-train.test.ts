import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { inputRows } from "../../classifiers/fasttext.ts";
import { EncodedExamples } from "../../classifiers/fasttext-examples.ts";
import { type Learnable, learnPlainly, NegativeLabels, pathToRoot } from "../../classifiers/fasttext-learn.ts";
import { ExampleLearner } from "../../classifiers/fasttext-learn-fast.ts";
import type { DenseMatrix } from "../../classifiers/fasttext-matrix.ts";
import { settingsOf, trainFrom } from "../../classifiers/fasttext-train.ts";
import {
  type FastTextModel,
  FastTextScorer,
  type LabelledText,
  type Loss,
  loadFastTextModel,
  parseFastTextLine,
  type QuantisingOptions,
  quantiseFastText,
  readFastTextModel,
  saveFastTextModel,
  type TrainingOptions,
  trainFastText,
  writeFastTextModel,
} from "../../classifiers/index.ts";
import { labelTree } from "../../classifiers/label-tree.ts";
import { Minstd } from "../../classifiers/minstd.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { oracleCorpus, oracleShapes } from "./fasttext-corpus.ts";
import { hostileText, losses, modelBytes, randomPlan } from "./fasttext-files.ts";

const lossNames = Object.keys(losses) as Loss[];

// SHA-256 (its first 16 digits) of what fastText 0.9.2 (Debian 0.9.2+ds-1+b1) wrote for
// `fasttext supervised -thread 1 -dim 13 -epoch 6 -lr 0.5 -loss …`, for each of `oracleShapes`.
const oracleDigests: Readonly<Record<Loss, readonly string[]>> = {
  "hierarchical-softmax": ["193e9e86bda3f445", "e50d63d32a380cb6", "f2094000697c8338", "d18f0d45fe83815c"],
  "negative-sampling": ["7c5f426929556b5b", "08ff1218dcfb291f", "d84cc8be04be5637", "82273c43db6a728e"],
  softmax: ["3eb2cf1dc024747d", "06ee792aadc209a8", "f24f21791b86aa6d", "5e3dce5728990e59"],
  "one-vs-all": ["0d1b3146110da7ee", "69cd372e1e4aa1f1", "d7992f163ac3feed", "989dfe641392dbc8"],
};

for (const loss of lossNames) {
  test(`${loss}: started from the original's weights, training ends with the original's bytes`, () => {
    for (const [i, shape] of oracleShapes.entries()) {
      const found = digestOf(writeFastTextModel(trainedLikeOriginal(loss, shape)));
      assert.equal(found, oracleDigests[loss][i], JSON.stringify(shape));
    }
  });
}

test("quantised models have the original's bytes", () => {
  const model = trainedLikeOriginal("softmax", oracleShapes[1]!);
  // What fastText 0.9.2 wrote for `fasttext quantize` with nothing, -qnorm, -dsub 3, and -cutoff 300 -qnorm -dsub 4. It
  // writes the kept n-grams in the order of a hash table; they were sorted by their rows.
  const cases: [QuantisingOptions, string][] = [
    [{}, "cb7c74cc5002eb34"],
    [{ norms: true }, "e61ef87dba0c473c"],
    [{ partColumns: 3 }, "670e29808b4eb69c"],
    [{ keptRows: 300, norms: true, partColumns: 4 }, "997dc672992ef700"],
  ];
  for (const [options, digest] of cases) {
    const quantised = quantiseFastText(model, options);
    const bytes = writeFastTextModel(quantised);
    assert.equal(digestOf(bytes), digest, JSON.stringify(options));
    assert.deepEqual(readFastTextModel(bytes, model.file), quantised);
    assert.throws(() => quantiseFastText(quantised), /is quantised already/);
  }
});

test("a quantised model predicts as its model does, and what cannot be quantised is refused", () => {
  const model = trainFastText(fruit(120), { dim: 8, epochs: 40, learningRate: 0.5, wordNgrams: 2, buckets: 400 });
  const [exact, small] = [model, quantiseFastText(model, { norms: true })].map((each) => new FastTextScorer(each));
  for (const { text } of fruit(40, 5)) {
    const [before, after] = [exact!.predict(text, 3), small!.predict(text, 3)];
    assert.equal(after[0]!.label, before[0]!.label);
    assert.ok(Math.abs(after[0]!.probability - before[0]!.probability) < 0.05);
  }
  assert.throws(
    () => quantiseFastText(model, { output: true }),
    /^RecipeError: a matrix of 3 rows cannot be quantised/,
  );
  assert.throws(() => quantiseFastText(model, { partColumns: 0 }), /^RecipeError: partColumns is 0, expected a whole/);
});

test("a step goes down the gradient of the loss, as finite differences give it", () => {
  for (const loss of lossNames) {
    for (let seed = 1; seed <= 5; seed++) {
      const model = randomLearnable(seed, loss);
      const rows = [0, 2, 2, 5];
      const labels = loss === "one-vs-all" ? [1, 3] : [seed % 4];
      const before = copyOf(model);
      learnPlainly(model, rows, labels, 1, new Minstd(seed));
      // A drawn negative may come twice, and its second step starts from the first; the others move all at once.
      const drawn = new Minstd(seed);
      if (loss !== "one-vs-all") drawn.below(1);
      const wrong = loss === "negative-sampling" ? [model.negatives!.draw(labels[0]!, drawn)] : [];
      const tolerance = loss === "softmax" ? 2e-3 : 2e-2;
      for (const part of ["input", "output"] as const) {
        for (let at = 0; at < before[part].weights.length; at++) {
          const slope = slopeAt(before, part, at, () => exactLoss(before, rows, labels, wrong));
          const moved = model[part].weights[at]! - before[part].weights[at]!;
          assert.ok(Math.abs(moved + slope) < tolerance, `${loss}, seed ${seed}, ${part} ${at}: ${moved} for ${slope}`);
        }
      }
    }
  }
});

test("the fast step gives the bits of the plain one", () => {
  for (const loss of lossNames) {
    for (let seed = 1; seed <= 12; seed++) {
      const plain = randomLearnable(seed, loss, { columns: 1 + seed, labels: 2 + seed, negativeCount: 7 });
      const fast = copyOf(plain);
      const random = seededRandom(seed);
      const [plainDraws, fastDraws] = [new Minstd(seed), new Minstd(seed)];
      const learner = new ExampleLearner(fast, fastDraws);
      const pick = (count: number, below: number): number[] =>
        Array.from({ length: count }, () => Math.floor(random() * below));
      for (let step = 0; step < 40; step++) {
        const rows = pick(1 + step, plain.input.rows);
        const labels = pick(1 + (step % 3), 2 + seed);
        const expected = learnPlainly(plain, rows, labels, 0.9, plainDraws);
        const found = learner.learn(Int32Array.from([...rows, 0, 0]), rows.length, Int32Array.from(labels), 0.9);
        assert.ok(Math.abs(found - expected) < 1e-6, `${loss}, seed ${seed}: ${found}, expected ${expected}`);
      }
      assert.deepEqual(fast.input.weights, plain.input.weights, `${loss}, seed ${seed}`);
      assert.deepEqual(fast.output.weights, plain.output.weights, `${loss}, seed ${seed}`);
    }
  }
});

test("an example's rows are those that prediction sums, on hostile texts of every shape", () => {
  const random = seededRandom(31);
  const examples = Array.from({ length: 150 }, (_, i) => ({ labels: [`l${i % 3}`], text: hostileText(random) }));
  for (const shape of [...oracleShapes, { wordNgrams: 5, minChars: 0, maxChars: 6, minCount: 4, buckets: 77 }]) {
    const settings = settingsOf({ dim: 2, ...shape });
    const encoded = new EncodedExamples(examples, settings);
    const { dictionary } = encoded;
    const model = trainFrom(matrix(dictionary.wordCount + settings.buckets, 2), encoded, settings);
    const rows = new Int32Array(encoded.mostRows);
    for (const [i, { text }] of examples.entries()) {
      const count = encoded.fillRows(i, rows);
      assert.deepEqual([...rows.subarray(0, count)], inputRows(model, text), `${JSON.stringify(shape)}, ${text}`);
    }
  }
});

test("words are counted with line ends and sorted by how common they are, then by who came first", () => {
  const encoded = new EncodedExamples(
    [
      { labels: ["b"], text: "y x y" },
      { labels: ["a", "b"], text: "x z </s> unseen" },
      { labels: [], text: "\n w __label__a \0" },
    ],
    settingsOf({}),
  );
  const { dictionary } = encoded;
  const entries = Array.from(dictionary.counts, (count, i) => [
    Buffer.from(dictionary.bytes.subarray(dictionary.starts[i], dictionary.starts[i + 1])).toString(),
    count,
  ]);
  assert.deepEqual(entries, [
    ["</s>", 3],
    ["y", 2],
    ["x", 2],
    ["z", 1],
    ["w", 1],
    ["__label__b", 2],
    ["__label__a", 1],
  ]);
  assert.equal(dictionary.tokenCount, 12);
  assert.deepEqual([encoded.tokenCountOf(0), encoded.tokenCountOf(1), encoded.tokenCountOf(2)], [5, 5, 2]);
  assert.deepEqual([...encoded.viewLabels(1)], [1, 0]);
});

test("words and labels that are too rare are left out", () => {
  const examples = [text("a a a b", "x"), text("a c", "x"), text("c", "rare", "x")];
  const settings = settingsOf({ minCount: 2, minLabelCount: 2, dim: 3 });
  const encoded = new EncodedExamples(examples, settings);
  assert.deepEqual([encoded.dictionary.wordCount, encoded.dictionary.labelCount], [3, 1]);
  assert.deepEqual([...encoded.viewLabels(2)], [0]);
  const rows = new Int32Array(encoded.mostRows);
  assert.equal(encoded.fillRows(0, rows), 4, "a, a, a and the end mark");
});

for (const loss of lossNames) {
  test(`${loss}: learns what tells texts apart, and the written model is the model`, () => {
    const examples = fruit(120);
    for (const shape of [{}, { wordNgrams: 2, minChars: 2, maxChars: 4, buckets: 500 }]) {
      const options = { dim: 10, epochs: 40, learningRate: 0.5, loss, seed: 3, ...shape };
      const model = trainFastText(examples, options);
      const scorer = new FastTextScorer(model);
      const right = fruit(30, 99).filter((example) => scorer.predict(example.text)[0]!.label === example.labels[0]);
      assert.ok(right.length >= 29, `${right.length} of 30 right`);

      const bytes = writeFastTextModel(model);
      const read = readFastTextModel(bytes, model.file);
      assert.deepEqual(read, model);
      assert.deepEqual(writeFastTextModel(trainFastText(examples, { ...options, onProgress: () => {} })), bytes);
      assert.notDeepEqual(writeFastTextModel(trainFastText(examples, { ...options, seed: 4 })), bytes);
    }
  });
}

test("small seeds begin differently, and seed 0 as the original's", () => {
  const first = Array.from({ length: 200 }, (_, seed) => new Minstd(seed).between(0, 1));
  assert.equal(new Set(first).size, 200);
  const mean = first.reduce((a, b) => a + b) / first.length;
  assert.ok(mean > 0.4 && mean < 0.6, String(mean));
  // The 10,000th number of minstd_rand from state 1 is 399268537 (C++ standard, [rand.predef]).
  const random = new Minstd(0);
  for (let i = 1; i < 10_000; i++) random.below(2 ** 31 - 3);
  assert.equal(random.below(2 ** 31 - 3), 399268537 - 1);
});

test("negatives are drawn by the square root of how common they are, and never the label itself", () => {
  const negatives = new NegativeLabels(Float64Array.of(400, 100, 25));
  const random = new Minstd(5);
  const drawn = [0, 0, 0];
  for (let i = 0; i < 20_000; i++) drawn[negatives.draw(1, random)]!++;
  assert.equal(drawn[1], 0);
  assert.ok(Math.abs(drawn[0]! / drawn[2]! - 4) < 0.2, drawn.join(", ")); // 20 : 5
});

test("progress is told from the first rate down to none, ends at 1, and the loss falls", () => {
  const told: { done: number; lossNats: number; learningRate: number }[] = [];
  trainFastText(fruit(60), { dim: 8, epochs: 30, learningRate: 0.5, onProgress: (progress) => told.push(progress) });
  assert.ok(told.length > 20 && told.length <= 201, String(told.length));
  assert.equal(told.at(-1)!.done, 1);
  assert.ok(told.at(-1)!.learningRate < 0.05 && told[0]!.learningRate > 0.45);
  assert.ok(told[0]!.lossNats > 0.8 && told.at(-1)!.lossNats < 0.2);
  for (const [i, { done, lossNats }] of told.entries()) {
    assert.ok(Number.isFinite(lossNats) && done > (told[i - 1]?.done ?? 0));
  }
});

test("examples sorted by label are learnt from as well, since they are shuffled", () => {
  const sorted = fruit(300).sort((a, b) => (a.labels[0]! < b.labels[0]! ? -1 : 1));
  const rightOf = (options: TrainingOptions): number => {
    const scorer = new FastTextScorer(trainFastText(sorted, { dim: 10, epochs: 3, learningRate: 0.5, ...options }));
    return fruit(60, 9).filter(({ text, labels }) => scorer.predict(text)[0]!.label === labels[0]).length;
  };
  const [shuffled, asGiven] = [rightOf({}), rightOf({ shuffle: false })];
  assert.ok(shuffled >= 50 && asGiven <= 40, `${shuffled} and ${asGiven} of 60 right`);
});

test("another prefix is that of the file, and part of the label for who reads it", () => {
  const examples = ["#up one two", "three #down"].map((line) => parseFastTextLine(line, "#"));
  assert.deepEqual(examples, [text("one two", "up"), text("three", "down")]);
  assert.deepEqual(trainFastText(examples, { dim: 2, labelPrefix: "#" }).labels, ["#up", "#down"]);
});

test("a line gives its labels, wherever they stand, and its words", () => {
  assert.deepEqual(
    parseFastTextLine("__label__a  __label__b Buy\tnow __label__c !\r\n"),
    text("Buy now !", "a", "b", "c"),
  );
  assert.deepEqual(parseFastTextLine(""), text(""));
  assert.deepEqual(parseFastTextLine("no_label__x __label"), text("no_label__x __label"));
});

test("what cannot be trained is refused, and the message says what to do", () => {
  const good = [text("a b", "x"), text("c", "y")];
  const cases: [readonly LabelledText[], TrainingOptions, RegExp][] = [
    [[], {}, /^0 training examples with 0 labels .*expected 1 or more labels/],
    [[text("a")], {}, /^1 training examples with 0 labels/],
    [[text("a", "x")], { loss: "negative-sampling" }, /with 1 labels .*expected 2 or more/],
    [good, { minLabelCount: 2 }, /with 0 labels \(seen 2 times or more\)/],
    [[text("a", "two words")], {}, /^example 0: label "two words" holds white space/],
    [good, { dim: 0 }, /^dim is 0, expected a whole number, 1 to/],
    [good, { epochs: 1.5 }, /^epochs is 1.5, expected a whole number/],
    [good, { learningRate: 0 }, /^learningRate is 0, expected a number above 0/],
    [good, { wordNgrams: 2, buckets: 0 }, /^buckets is 0, expected a whole number, 1 to/],
    [good, { loss: "hinge" as Loss }, /^loss is "hinge", expected hierarchical-softmax, /],
    [fruit(50), { dim: 4, learningRate: 1e9, loss: "one-vs-all" }, /^learningRate 1000000000 is too high/],
  ];
  for (const [examples, options, message] of cases) {
    assert.throws(
      () => trainFastText(examples, options),
      (error) => {
        assert.ok(error instanceof RecipeError, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

test("hostile texts are learnt from in linear time", () => {
  const examples = [
    text("\n".repeat(1e6), "a"),
    text("x".repeat(3e5), "b"),
    text("\ud800 \udfff 猫".repeat(3e4), "a", "b"),
    text("a ".repeat(1e5), "b", "b"),
    text("", "a"),
  ];
  const model = trainFastText(examples, { dim: 2, epochs: 1, wordNgrams: 3, minChars: 3, maxChars: 4, buckets: 1000 });
  assert.deepEqual(readFastTextModel(writeFastTextModel(model), model.file), model);
});

test("models of every loss and shape are written as they were read", () => {
  for (const [seed, loss] of lossNames.entries()) {
    for (const shape of ["plain", "subwords", "quantised", "pruned"] as const) {
      const bytes = modelBytes(randomPlan(seed, loss, shape));
      assert.ok(bytes.equals(writeFastTextModel(readFastTextModel(bytes, "a.bin"))), `${loss}, ${shape}`);
    }
  }
});

test("a model is saved as it is written", () => {
  const folder = mkdtempSync(join(tmpdir(), "fasttext-"));
  try {
    const path = join(folder, "fruit.bin");
    const model = trainFastText(fruit(20), { dim: 3 });
    saveFastTextModel(model, path);
    assert.ok(readFileSync(path).equals(writeFastTextModel(model)));
    assert.deepEqual({ ...loadFastTextModel(path), file: model.file }, model);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const name of ["cook_hs.bin.gz", "cook_ova.bin.gz", "cook_softmax.bin.gz", "cook_softmax.ftz.gz"]) {
  const path = `data/classifier/fasttext-tutorial/${name}`;
  test(`${name}: written as fastText 0.9.2 wrote it`, needsShared(path), () => {
    const bytes = gunzipSync(readFileSync(sharedPath(path)));
    assert.ok(bytes.equals(writeFastTextModel(readFastTextModel(bytes, name))));
  });
}

test("lid.176.ftz: written as it was read", needsShared("data/classifier/lid.176.ftz"), () => {
  const bytes = readFileSync(sharedPath("data/classifier/lid.176.ftz"));
  assert.ok(bytes.equals(writeFastTextModel(readFastTextModel(bytes, "lid"))));
});

function trainedLikeOriginal(loss: Loss, shape: TrainingOptions): FastTextModel {
  const settings = settingsOf({ dim: 13, epochs: 6, learningRate: 0.5, loss, shuffle: false, ...shape });
  const encoded = new EncodedExamples(
    oracleCorpus().map((line) => parseFastTextLine(line)),
    settings,
  );
  const input = matrix(encoded.dictionary.wordCount + settings.buckets, 13);
  // On one thread, the original fills only a tenth of the matrix.
  const random = new Minstd(0);
  const most = Math.fround(1 / 13);
  for (let at = 0; at < Math.floor(input.weights.length / 10); at++) input.weights[at] = random.between(-most, most);
  return trainFrom(input, encoded, settings);
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

function text(words: string, ...labels: string[]): LabelledText {
  return { labels, text: words };
}

/** Texts whose label shows in a word or two among others that say nothing. */
function fruit(count: number, seed = 1): LabelledText[] {
  const random = seededRandom(seed);
  const kinds = { apple: ["crisp", "cider"], banana: ["yellow", "peel"], cherry: ["stone", "tart"] };
  const others = "we had one of the best on that day and it was all there".split(" ");
  return Array.from({ length: count }, (_, i) => {
    const [label, signs] = Object.entries(kinds)[i % 3]!;
    const words = Array.from({ length: 6 }, () => others[Math.floor(random() * others.length)]!);
    words.splice(Math.floor(random() * 6), 0, signs[Math.floor(random() * 2)]!);
    return text(words.join(" "), label);
  });
}

function matrix(rows: number, columns: number): DenseMatrix {
  return { kind: "dense", rows, columns, weights: new Float32Array(rows * columns) };
}

function randomLearnable(seed: number, loss: Loss, { columns = 4, labels = 5, negativeCount = 1 } = {}): Learnable {
  const random = seededRandom(seed);
  const filled = (rows: number): DenseMatrix => {
    const result = matrix(rows, columns);
    for (let i = 0; i < result.weights.length; i++) result.weights[i] = 2 * (random() - 0.5);
    return result;
  };
  const counts = Float64Array.from({ length: labels }, (_, label) => 50 - 3 * label);
  const dictionary = {
    wordCount: 0,
    labelCount: labels,
    bytes: new Uint8Array(),
    starts: new Uint32Array(),
    counts,
    tokenCount: 0,
  };
  return {
    loss,
    input: filled(9),
    output: filled(labels),
    tree: labelTree(dictionary),
    negatives: new NegativeLabels(counts),
    negativeCount,
  };
}

function copyOf(model: Learnable): Learnable {
  const copy = (from: DenseMatrix): DenseMatrix => ({ ...from, weights: from.weights.slice() });
  return { ...model, input: copy(model.input), output: copy(model.output) };
}

/** The loss by its formula, in double precision; `wrong` are the labels drawn as negatives. */
function exactLoss(
  { loss, input, output, tree }: Learnable,
  rows: number[],
  labels: number[],
  wrong: number[],
): number {
  const { columns } = input;
  const hidden = Array.from({ length: columns }, (_, column) =>
    rows.reduce((sum, row) => sum + input.weights[row * columns + column]! / rows.length, 0),
  );
  const product = (row: number): number =>
    hidden.reduce((sum, value, column) => sum + value * output.weights[row * columns + column]!, 0);
  const yesOrNo = (row: number, isRight: boolean): number =>
    Math.log1p(Math.exp(isRight ? -product(row) : product(row)));
  const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
  const all = Array.from({ length: output.rows }, (_, row) => row);
  if (loss === "softmax") return Math.log(sum(all.map((row) => Math.exp(product(row))))) - product(labels[0]!);
  if (loss === "one-vs-all") return sum(all.map((row) => yesOrNo(row, labels.includes(row))));
  if (loss === "negative-sampling") return yesOrNo(labels[0]!, true) + sum(wrong.map((row) => yesOrNo(row, false)));
  return sum(pathToRoot(tree!, labels[0]!).map(({ row, isRight }) => yesOrNo(row, isRight)));
}

function slopeAt(model: Learnable, part: "input" | "output", at: number, loss: () => number): number {
  const { weights } = model[part];
  const kept = weights[at]!;
  const step = 2 ** -10;
  weights[at] = kept + step;
  const above = loss();
  weights[at] = kept - step;
  const below = loss();
  weights[at] = kept;
  return (above - below) / (2 * step);
}
