import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../pipeline/random.ts";
import { type ProbePoint, probePoints, probeVerdict, varianceOfMean } from "../../../trainer/align/probe.ts";

/** What a series is at a share of its steps. */
type Course = (share: number) => number;

/** A reward and a probe, each with noise of which a step keeps `kept` for the next. */
function simulated(reward: Course, probe: Course, { steps = 60, noise = 0.04, kept = 0.3, seed = 1 } = {}) {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let [a, b] = [normal(), normal()];
  return Array.from({ length: steps }, (_, t): ProbePoint => {
    const next = (before: number) => kept * before + Math.sqrt(1 - kept * kept) * normal();
    [a, b] = [next(a), next(b)];
    const share = t / (steps - 1);
    return { step: t + 1, reward: reward(share) + noise * a, probe: probe(share) + noise * b };
  });
}

/** In how many of a hundred simulations it is flagged. */
function flagged(reward: Course, probe: Course, options: { steps?: number; kept?: number } = {}): number {
  const seeds = Array.from({ length: 100 }, (_, seed) => seed);
  return seeds.filter((seed) => probeVerdict(simulated(reward, probe, { ...options, seed })).flagged).length;
}

test("a reward that rises while the probe falls is flagged, and told with both changes", () => {
  const points = simulated(
    (share) => 0.4 + 0.3 * share,
    (share) => 0.5 - 0.3 * share,
  );
  const { flagged, rewardChange, probeChange, sentence } = probeVerdict(points);
  assert.ok(flagged);
  // Means of quarters lie three quarters of the way apart.
  assert.ok(Math.abs(rewardChange - 0.225) < 0.05, String(rewardChange));
  assert.ok(Math.abs(probeChange + 0.225) < 0.05, String(probeChange));
  assert.match(
    sentence,
    /^The reward is being exploited: between steps 1–15 and 46–60 the reward went from 0\.\d+ to 0\.\d+ \(\+0\.\d+, 95 % \+0\.\d+ to \+0\.\d+\), and the held-out verifier fell from 0\.\d+ to 0\.\d+ \(−0\.\d+/,
  );
});

test("exploits are found nearly always: at once, late, and where the probe stays", () => {
  const rising: Course = (share) => 0.4 + 0.3 * share;
  assert.ok(flagged(rising, (share) => 0.5 - 0.2 * share) >= 98);
  // Learned honestly for two fifths of the steps, and ends above where it began.
  assert.ok(flagged(rising, (share) => 0.3 + 0.4 * share - 0.8 * Math.max(0, share - 0.4)) >= 98);
  assert.ok(flagged(rising, () => 0.3, { steps: 100 }) >= 80);
  assert.ok(flagged(rising, (share) => 0.5 - 0.2 * share, { steps: 20 }) >= 90);
});

test("what is no exploit is hardly ever flagged, even where neighbouring steps are alike", () => {
  const level: Course = () => 0.4;
  const rising: Course = (share) => 0.4 + 0.3 * share;
  const soon: Course = (share) => 1 - Math.exp(-5 * share);
  for (const steps of [20, 60, 200]) {
    for (const kept of [0, 0.5]) {
      const options = { steps, kept };
      const said = `${steps} steps, ${kept} kept`;
      assert.ok(flagged(level, level, options) <= 5, `level, ${said}`);
      assert.ok(flagged(rising, (share) => 0.2 + 0.15 * share, options) <= 3, `half as fast, ${said}`);
      const [reward, probe]: Course[] = [(share) => 0.3 + 0.4 * soon(share), (share) => 0.2 + 0.3 * soon(share)];
      assert.ok(flagged(reward!, probe!, options) <= 3, `soon, ${said}`);
    }
  }
});

test("a probe that has nothing left to gain need not follow", () => {
  const points = (probe: number) =>
    simulated(
      (share) => 0.4 + 0.3 * share,
      () => probe,
      { noise: 0.002 },
    );
  assert.equal(probeVerdict(points(0.97)).flagged, false);
  assert.match(probeVerdict(points(0.8)).sentence, /^The reward may be being exploited: .* did not follow/);
});

test("changes too small to matter are not told, however certain", () => {
  const points = simulated(
    (share) => 0.4 + 0.008 * share,
    (share) => 0.4 - 0.008 * share,
    { noise: 0, steps: 400 },
  );
  assert.equal(probeVerdict(points).flagged, false);
});

test("a reward that is nearly at its end has risen where it gained half of what was left", () => {
  const points = simulated(
    (share) => 0.99 + 0.01 * share,
    (share) => 0.9 - 0.1 * share,
    { noise: 0.001 },
  );
  assert.match(probeVerdict(points).sentence, /^The reward is being exploited/);
});

test("few steps tell nothing", () => {
  const { flagged, sentence } = probeVerdict(
    simulated(
      (share) => share,
      (share) => 1 - share,
      { steps: 19 },
    ),
  );
  assert.equal(flagged, false);
  assert.match(sentence, /^19 steps are too few/);
});

test("a mean of steps that are alike is worth less than one of steps that are not", () => {
  const numbers = Array.from({ length: 400 }, (_, t) => Math.sin(t / 20));
  const shuffled = numbers.toSorted((a, b) => Math.sin(1e4 * a) - Math.sin(1e4 * b));
  // Independent numbers: s² / n; with five lags and weights that fall to 0, up to six times as much.
  const alone = varianceOfMean(shuffled);
  assert.ok(Math.abs(alone * 400 - 0.5) < 0.15, String(alone * 400));
  assert.ok(varianceOfMean(numbers) > 4 * alone);
  assert.equal(varianceOfMean([1, 1, 1, 1, 1]), 0);
});

test("of a log, the steps that tell of both count", () => {
  const entries = [
    { type: "evaluation", step: 0, metrics: { "reward/mean": 1, "probe/mean": 1 } },
    { type: "step", step: 1, metrics: { "reward/mean": 0.5 } },
    { type: "step", step: 2, metrics: { "reward/mean": 0.25, "probe/mean": 0.75, loss: 3 } },
  ];
  assert.deepEqual(probePoints(entries), [{ step: 2, reward: 0.25, probe: 0.75 }]);
});
