/** Figures of classifiers against closed forms, values found by hand, and plain definitions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  averagePrecision,
  bootstrapIntervals,
  brierScore,
  chooseThreshold,
  cutAt,
  cuts,
  expectedCalibrationError,
  fBeta,
  LabelCounts,
  macroF1,
  type Objective,
  type Observed,
  ObservedScores,
  qualityOf,
  rank,
  reliability,
  rocAuc,
  totals,
} from "../../classifiers/evaluation/index.ts";
import { shortestIn } from "../../classifiers/evaluation/threshold.ts";
import { seededRandom } from "../../pipeline/random.ts";

/** "score+" has the label, "score-" has not. */
function observed(documents: string): Observed {
  const all = new ObservedScores();
  for (const document of documents.split(" ")) all.add(Number(document.slice(0, -1)), document.endsWith("+"));
  return all.take();
}

function randomObserved(seed: number, count: number, steps = 20): Observed {
  const random = seededRandom(seed);
  const all = new ObservedScores();
  for (let i = 0; i < count; i++) all.add(Math.floor(random() * steps) / steps, random() < 0.4);
  return all.take();
}

const near = (found: number, expected: number, what = "") =>
  assert.ok(Math.abs(found - expected) < 1e-12, `${what}: ${found}, expected ${expected}`);

// scikit-learn's documentation has these four documents: average precision 0.83, ROC AUC 0.75.
const FOUR = observed("0.1- 0.4- 0.35+ 0.8+");

test("average precision and ROC AUC of scikit-learn's example", () => {
  near(averagePrecision(rank(FOUR)), 0.5 * 1 + 0.5 * (2 / 3));
  near(rocAuc(rank(FOUR)), 0.75);
});

test("a perfect order has 1, its reverse the least, equal scores what guessing has", () => {
  const perfect = rank(observed("0.9+ 0.8+ 0.3- 0.2- 0.1-"));
  near(averagePrecision(perfect), 1);
  near(rocAuc(perfect), 1);
  const reversed = rank(observed("0.9- 0.8- 0.3- 0.2+ 0.1+"));
  near(rocAuc(reversed), 0);
  near(averagePrecision(reversed), (1 / 4 + 2 / 5) / 2);
  const equal = rank(observed("0.5+ 0.5- 0.5- 0.5- 0.5+"));
  near(rocAuc(equal), 0.5);
  near(averagePrecision(equal), 2 / 5);
});

test("figures without a meaning are not numbers, and do not throw", () => {
  for (const documents of ["0.5-", "0.5+"]) assert.ok(Number.isNaN(rocAuc(rank(observed(documents)))));
  assert.ok(Number.isNaN(averagePrecision(rank(observed("0.5-")))));
  const none = rank(new ObservedScores().take());
  assert.ok(Number.isNaN(averagePrecision(none)));
  assert.equal(chooseThreshold(none, { kind: "f", beta: 1 }), undefined);
});

test("a cut keeps what is not below it; equal scores stay together", () => {
  const found = [...cuts(rank(observed("0.5- 0.9+ 0.5+ 0.2-")))];
  assert.deepEqual(found, [
    { threshold: 0.9, truePositives: 1, falsePositives: 0 },
    { threshold: 0.5, truePositives: 2, falsePositives: 1 },
    { threshold: 0.2, truePositives: 2, falsePositives: 2 },
  ]);
});

test("quality of a cut, by hand", () => {
  const ranking = rank(observed("0.9+ 0.8- 0.7+ 0.6+ 0.4- 0.3+ 0.2- 0.1-"));
  const quality = qualityOf(cutAt(ranking, 0.6), totals(ranking));
  assert.deepEqual(quality, { precision: 3 / 4, recall: 3 / 4, f1: 3 / 4, share: 1 / 2 });
  assert.equal(qualityOf(cutAt(ranking, 1), totals(ranking)).precision, 1, "nothing kept, no mistake");
  near(fBeta(3, 1, 4, 2), (5 * 3) / (5 * 3 + 4 * 1 + 1));
});

test("ranking agrees with the plain definitions, with and without weights", () => {
  for (let seed = 0; seed < 30; seed++) {
    const { scores, positives } = randomObserved(seed, 60, 1 + (seed % 25));
    const random = seededRandom(seed + 1000);
    const weights = Uint32Array.from(scores, () => Math.floor(random() * 3));
    // Weights are as good as copies.
    const copies = Array.from(scores, (score, i) => ({
      score,
      positive: positives[i] === 1,
      weight: weights[i]!,
    })).flatMap(({ weight, ...one }) => Array.from({ length: weight }, () => one));
    let wins = 0;
    let pairs = 0;
    for (const a of copies.filter(({ positive }) => positive)) {
      for (const b of copies.filter(({ positive }) => !positive)) {
        pairs++;
        wins += a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0;
      }
    }
    const ranking = rank({ scores, positives });
    near(rocAuc(ranking, weights), wins / pairs, `seed ${seed}`);
    const all = copies.filter(({ positive }) => positive).length;
    let sum = 0;
    for (const { score } of copies.filter(({ positive }) => positive)) {
      const kept = copies.filter((one) => one.score >= score);
      sum += kept.filter(({ positive }) => positive).length / kept.length / all;
    }
    near(averagePrecision(ranking, weights), sum, `seed ${seed}`);
    const { truePositives, falsePositives } = cutAt(ranking, 0.5, weights);
    const kept = copies.filter(({ score }) => score >= 0.5);
    assert.deepEqual(
      [truePositives, truePositives + falsePositives],
      [kept.filter(({ positive }) => positive).length, kept.length],
    );
    assert.deepEqual(totals(ranking, weights), { positives: all, negatives: copies.length - all });
  }
});

test("thresholds are the best of all, for every objective", () => {
  const objectives: Objective[] = [
    { kind: "f", beta: 1 },
    { kind: "f", beta: 0.5 },
    { kind: "precision", atLeast: 0.45 },
    { kind: "recall", atLeast: 0.8 },
    { kind: "share", nearest: 0.25 },
  ];
  for (let seed = 0; seed < 20; seed++) {
    const ranking = rank(randomObserved(seed, 80));
    const all = totals(ranking);
    const options = [...cuts(ranking)].map((cut) => ({ cut, ...qualityOf(cut, all) }));
    for (const objective of objectives) {
      const chosen = chooseThreshold(ranking, objective);
      const found = chosen === undefined ? undefined : qualityOf(cutAt(ranking, chosen), all);
      const place = `seed ${seed}, ${JSON.stringify(objective)}`;
      if (objective.kind === "f") {
        const f = ({ cut }: (typeof options)[0]) =>
          fBeta(cut.truePositives, cut.falsePositives, all.positives, objective.beta);
        const at = cutAt(ranking, chosen!);
        near(
          fBeta(at.truePositives, at.falsePositives, all.positives, objective.beta),
          Math.max(...options.map(f)),
          place,
        );
      } else if (objective.kind === "precision") {
        const fit = options.filter(({ precision }) => precision >= objective.atLeast);
        if (fit.length === 0) {
          assert.equal(found, undefined, place);
          continue;
        }
        assert.equal(found!.recall, Math.max(...fit.map(({ recall }) => recall)), place);
        const equal = fit.filter(({ recall }) => recall === found!.recall);
        assert.equal(found!.share, Math.min(...equal.map(({ share }) => share)), place);
      } else if (objective.kind === "recall") {
        const fit = options.filter(({ recall }) => recall >= objective.atLeast);
        assert.equal(found!.share, Math.min(...fit.map(({ share }) => share)), place);
      } else {
        const off = Math.min(...options.map(({ share }) => Math.abs(share - objective.nearest)));
        near(Math.abs(found!.share - objective.nearest), off, place);
      }
    }
  }
});

test("a threshold is written as short as it can be without keeping other documents", () => {
  assert.equal(chooseThreshold(rank(observed("0.91234+ 0.71234+ 0.70001- 0.1-")), { kind: "f", beta: 1 }), 0.71);
  assert.equal(shortestIn(0.123, 0.1239), 0.1239);
  assert.equal(shortestIn(-Infinity, 0.3), 0);
  assert.equal(shortestIn(0.3 - 2 ** -54, 0.3), 0.3);
  const random = seededRandom(5);
  for (let i = 0; i < 1000; i++) {
    const high = random() ** 8;
    const low = high - random() * high * 1e-3;
    const short = shortestIn(low, high);
    assert.ok(short > low && short <= high, `${low} < ${short} <= ${high}`);
  }
});

test("scores beyond 1 are told apart in order, and not by a threshold", () => {
  const ranking = rank(observed("1.00001+ 1.000005- 1+ 0.5- 0.2+"));
  near(rocAuc(ranking), (2 + 1 + 0) / 6);
  const chosen = chooseThreshold(ranking, { kind: "precision", atLeast: 0.6 });
  assert.equal(chosen, 0, "all five; the first alone would have been of precision 1");
  assert.equal(chooseThreshold(ranking, { kind: "precision", atLeast: 0.65 }), 1);
  assert.equal(chooseThreshold(ranking, { kind: "precision", atLeast: 0.9 }), undefined);
  assert.equal(chooseThreshold(rank(observed("1.00001+ 1.000005-")), { kind: "f", beta: 1 }), 1);
  assert.equal(reliability(observed("1.00001+"))[9]!.documents, 1);
});

test("an objective that no threshold meets gives none", () => {
  assert.equal(chooseThreshold(rank(observed("0.9- 0.5+ 0.1-")), { kind: "precision", atLeast: 0.9 }), undefined);
  assert.equal(chooseThreshold(rank(observed("0.9-")), { kind: "recall", atLeast: 0.9 }), undefined);
});

test("calibration by hand", () => {
  const documents = observed("0.05- 0.15- 0.15+ 0.95+ 1+");
  const bins = reliability(documents);
  assert.deepEqual(
    bins.map((bin) => bin.documents),
    [1, 2, 0, 0, 0, 0, 0, 0, 0, 2],
  );
  near(expectedCalibrationError(bins), (1 / 5) * 0.05 + (2 / 5) * Math.abs(0.15 - 0.5) + (2 / 5) * 0.025);
  near(brierScore(documents), (0.05 ** 2 + 0.15 ** 2 + 0.85 ** 2 + 0.05 ** 2 + 0) / 5);
});

test("scores drawn as they say are calibrated, those pushed to the ends are not", () => {
  const random = seededRandom(3);
  const honest = new ObservedScores();
  const boastful = new ObservedScores();
  for (let i = 0; i < 20_000; i++) {
    const p = random();
    const isPositive = random() < p;
    honest.add(p, isPositive);
    boastful.add(p < 0.5 ? 0.05 : 0.95, isPositive);
  }
  assert.ok(expectedCalibrationError(reliability(honest.take())) < 0.02);
  near(Math.round(expectedCalibrationError(reliability(boastful.take())) * 10), 2);
  // E[(p − y)²] = E[p(1 − p)] = 1/6 for uniform p.
  assert.ok(Math.abs(brierScore(honest.take()) - 1 / 6) < 0.01);
});

test("bootstrap intervals of a share cover as the normal approximation says, and are the same twice", () => {
  const n = 400;
  const values = Uint8Array.from({ length: n }, (_, i) => (i % 4 === 0 ? 1 : 0));
  const measure = (weights: Uint32Array) => [
    weights.reduce((sum, weight, i) => sum + weight * values[i]!, 0) / n,
    Number.NaN,
  ];
  const [share, nothing] = bootstrapIntervals(n, measure, 7);
  const halfWidth = 1.96 * Math.sqrt((0.25 * 0.75) / n);
  assert.ok(Math.abs(share!.low - (0.25 - halfWidth)) < 0.008, `${share!.low}`);
  assert.ok(Math.abs(share!.high - (0.25 + halfWidth)) < 0.008, `${share!.high}`);
  assert.ok(Number.isNaN(nothing!.low));
  assert.deepEqual(bootstrapIntervals(n, measure, 7), [share, nothing]);
  assert.notDeepEqual(bootstrapIntervals(n, measure, 8)[0], share);
});

test("labels are counted as fasttext test counts them", () => {
  const counts = new LabelCounts(["a", "b", "c"]);
  assert.ok(counts.add(["a"], ["a"]));
  assert.ok(counts.add(["a", "b"], ["b"]));
  assert.ok(counts.add(["b", "z"], ["a"]));
  assert.ok(counts.add(["a", "a"], []), "nothing was predicted: no mistake, but not found");
  assert.ok(!counts.add([], ["a"]));
  assert.ok(!counts.add(["z"], ["a"]));
  assert.deepEqual([counts.documents, counts.unlabelled, counts.unknown], [4, 1, 1]);
  const overall = counts.overall();
  near(overall.precision, 2 / 3);
  near(overall.recall, 2 / 5);
  const labels = counts.byLabel();
  assert.deepEqual(
    labels.map(({ label, actual, predicted, correct }) => [label, actual, predicted, correct]),
    [
      ["a", 3, 2, 1],
      ["b", 2, 1, 1],
    ],
  );
  near(labels[0]!.f1, 2 / 5);
  near(macroF1(labels), (2 / 5 + 2 / 3) / 2);
  near(counts.overall([0, 0, 1, 0]).precision, 0);
});

test("many documents fit", () => {
  const counts = new LabelCounts(["a"]);
  const all = new ObservedScores();
  for (let i = 0; i < 5000; i++) {
    counts.add(["a"], i % 2 === 0 ? ["a"] : []);
    all.add(1.00001, true);
  }
  near(counts.overall().recall, 0.5);
  assert.equal(all.take().scores.length, 5000);
});
