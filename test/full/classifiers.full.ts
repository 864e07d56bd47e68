/** What trained fastText classifiers are worth, against figures of fastText 0.9.2 itself; minutes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { gunzipSync } from "node:zlib";
import {
  FastTextScorer,
  type LabelledText,
  parseFastTextLine,
  type TrainingOptions,
  trainFastText,
} from "../../classifiers/index.ts";
import { needsShared, sharedPath } from "../shared.ts";

const seeds = [0, 1, 2];
const tutorial = "data/classifier/fasttext-tutorial";
const jigsaw = "data/classifier/toxicity/jigsaw.jsonl.gz";

test("cooking: questions are given one of their labels as often as by fastText", needsShared(tutorial), (context) => {
  const [train, held] = ["cooking.train.txt.gz", "cooking.test.txt.gz"].map((name) =>
    readLines(`${tutorial}/${name}`).map((line) => parseFastTextLine(line)),
  );
  // fastText 0.9.2 on the same lines, seeds 0 to 2: .136, .097, .110 with its defaults, which hardly begin to learn 733
  // labels, and .549, .554, .553 with the options below.
  const untrained = precisions(context, "defaults", train!, held!, {});
  assert.ok(mean(untrained) > 0.09 && mean(untrained) < 0.15);
  const trained = precisions(context, "25 epochs", train!, held!, { learningRate: 1, epochs: 25, wordNgrams: 2 });
  for (const precision of trained) assert.ok(Math.abs(precision - 0.552) < 0.015, String(precision));
});

test("Jigsaw: toxic comments are told from others", needsShared(jigsaw), (context) => {
  const rows = readLines(jigsaw).map((line) => JSON.parse(line) as { text: string; toxic: 0 | 1 });
  const examples = rows.map(({ text, toxic }) => ({ labels: [toxic === 1 ? "toxic" : "clean"], text }));
  // A fifth of the texts by their hash, so that equal texts are on one side.
  const isHeld = ({ text }: LabelledText): boolean => createHash("sha256").update(text).digest()[0]! % 5 === 0;
  const options = { dim: 16, epochs: 10, learningRate: 0.3, minChars: 3, maxChars: 5, buckets: 200_000 };
  const train = examples.filter((example) => !isHeld(example));
  const found = precisions(context, JSON.stringify(options), train, examples.filter(isHeld), options);
  for (const precision of found) assert.ok(precision >= 0.85, String(precision));
});

/** P@1 of a model for each seed: how often its likeliest label is one of the text's own. */
function precisions(
  context: TestContext,
  name: string,
  train: readonly LabelledText[],
  held: readonly LabelledText[],
  options: TrainingOptions,
): number[] {
  return seeds.map((seed) => {
    const before = process.cpuUsage();
    const scorer = new FastTextScorer(trainFastText(train, { ...options, seed }));
    const seconds = process.cpuUsage(before).user / 1e6;
    const right = held.filter(({ text, labels }) => labels.includes(scorer.predict(text)[0]?.label ?? ""));
    const precision = right.length / held.length;
    context.diagnostic(
      `${name}, seed ${seed}: P@1 ${precision.toFixed(4)} of ${held.length} texts, ${train.length} learnt from in ` +
        `${seconds.toFixed(0)} s of a core`,
    );
    return precision;
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function readLines(path: string): string[] {
  return gunzipSync(readFileSync(sharedPath(path)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
}
