import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../../../trainer/align/learning/row.ts";
import { type Aggregation, tokenWeights } from "../../../trainer/align/learning/token-weights.ts";
import { referenceBackend } from "../../../trainer/backends/reference.ts";
import { gradients } from "../../../trainer/ir/autodiff.ts";
import { type GrpoOptions, grpo } from "../../../trainer/objectives/grpo.ts";
import { clippedPolicyLoss } from "../../../trainer/objectives/policy-gradient.ts";
import { reinforceObjective } from "../../../trainer/objectives/reinforce.ts";
import { constant, input, ops } from "../ir.ts";
import { compute, type Rows, randomRows, withTokens } from "./run-objective.ts";

const LENGTHS = [3, 5, 1, 4, 2, 6, 5, 5];
const MOST_TOKENS = 9;

/** Losses of tokens, as a plain loop has them. */
function lossesOf(rows: Rows, options: GrpoOptions): { losses: number[][]; ratios: number[][]; kls: number[][] } {
  const { logProbs, oldLogProbs, referenceLogProbs, mask } = rows.byToken;
  const { range, rangeHigh = range, klCoefficient } = options;
  const ratios = logProbs!.map((row, b) => {
    const differences = row.map((x, t) => (x - oldLogProbs![b]![t]!) * mask![b]![t]!);
    if (options.ratio !== "sequence") return differences.map(Math.exp);
    return row.map(() => Math.exp(sumOf(differences) / sumOf(mask![b]!)));
  });
  const kls = logProbs!.map((row, b) =>
    row.map((x, t) => Math.exp(referenceLogProbs![b]![t]! - x) - (referenceLogProbs![b]![t]! - x) - 1),
  );
  const losses = ratios.map((row, b) =>
    row.map((ratio, t) => {
      const advantage = rows.bySequence!.advantages![b]!;
      const clipped = Math.min(Math.max(ratio, 1 - range), 1 + rangeHigh);
      return -Math.min(ratio * advantage, clipped * advantage) + klCoefficient * kls[b]![t]!;
    }),
  );
  return { losses, ratios, kls };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0);
}

/** trl's `loss_type`s, by micro-batches of so many rows. */
const LOSS_TYPES: Readonly<
  Record<string, (losses: number[][], mask: readonly (readonly number[])[], rows: number) => number>
> = {
  grpo: (losses, mask, rows) =>
    meanOverParts(
      losses,
      mask,
      rows,
      (l, m) => sumOf(l.map((row, b) => masked(row, m[b]!) / Math.max(1, sumOf(m[b]!)))) / l.length,
    ),
  bnpo: (losses, mask, rows) =>
    meanOverParts(
      losses,
      mask,
      rows,
      (l, m) => sumOf(l.map((row, b) => masked(row, m[b]!))) / Math.max(1, sumOf(m.flat())),
    ),
  dr_grpo: (losses, mask, rows) =>
    meanOverParts(
      losses,
      mask,
      rows,
      (l, m) => sumOf(l.map((row, b) => masked(row, m[b]!))) / (l.length * MOST_TOKENS),
    ),
  dapo: (losses, mask) => sumOf(losses.map((row, b) => masked(row, mask[b]!))) / sumOf(mask.flat()),
};

function masked(row: readonly number[], mask: readonly number[]): number {
  return sumOf(row.map((x, t) => x * mask[t]!));
}

function meanOverParts(
  losses: number[][],
  mask: readonly (readonly number[])[],
  rows: number,
  of: (losses: number[][], mask: readonly (readonly number[])[]) => number,
): number {
  const parts = losses.length / rows;
  const each = Array.from({ length: parts }, (_, n) => {
    const part = [n * rows, (n + 1) * rows] as const;
    return of(losses.slice(...part), mask.slice(...part));
  });
  return sumOf(each) / parts;
}

/** Weights of rows that have such masks. */
function weightsOf(mask: readonly (readonly number[])[], aggregation: Aggregation, constant?: number): number[][] {
  const rows = mask.map((of): Row => ({ ids: [0, ...of], isResponse: [0, ...of] }));
  return tokenWeights(rows, aggregation, constant).map((weights) => [...weights]);
}

for (const [title, options] of Object.entries<GrpoOptions>({
  clipped: { range: 0.2, klCoefficient: 0 },
  "clip-higher with the KL": { range: 0.2, rangeHigh: 0.45, klCoefficient: 0.3 },
  "by sequence": { ratio: "sequence", range: 0.05, klCoefficient: 0.3 },
})) {
  test(`${title}: the loss is that of a plain loop, however losses of tokens become one`, async () => {
    for (const seed of [1, 2, 3]) {
      const rows = randomRows(seed, LENGTHS);
      const mask = rows.byToken.mask!;
      const { losses } = lossesOf(rows, options);
      // What hangs on micro-batches in trl is the same for any here, where trl's are of one size; "bnpo" has one alone.
      for (const [lossType, aggregation, constant, sizes] of [
        ["grpo", "sequence-mean", undefined, [8, 4, 2]],
        ["bnpo", "token-mean", undefined, [8]],
        ["dapo", "token-mean", undefined, [8]],
        ["dr_grpo", "constant", MOST_TOKENS, [8, 4, 2]],
      ] as const) {
        const weighted = withTokens(rows, { weights: weightsOf(mask, aggregation, constant) });
        const { loss } = await compute(grpo(options), weighted);
        for (const size of sizes) {
          const expected = LOSS_TYPES[lossType]!(losses, mask, size);
          assert.ok(Math.abs(loss - expected) < 1e-6, `${lossType}, ${size} rows: ${loss}, expected ${expected}`);
        }
      }
    }
  });

  test(`${title}: statistics are means over response tokens`, async () => {
    const rows = randomRows(4, LENGTHS);
    const { mask, logProbs, oldLogProbs } = rows.byToken;
    const { ratios, kls } = lossesOf(rows, options);
    const { range, rangeHigh = range, klCoefficient } = options;
    const mean = (of: (b: number, t: number) => number): number =>
      sumOf(mask!.flatMap((row, b) => row.map((m, t) => (m === 1 ? of(b, t) : 0)))) / sumOf(mask!.flat());
    const advantage = rows.bySequence!.advantages!;
    const low = mean((b, t) => Number(ratios[b]![t]! < 1 - range && advantage[b]! < 0));
    const high = mean((b, t) => Number(ratios[b]![t]! > 1 + rangeHigh && advantage[b]! > 0));
    assert.ok(low > 0 && high > 0 && low !== high, "random rows have none of these");
    const { stats } = await compute(grpo(options), rows);
    const expected: Record<string, number> = {
      "clip_ratio/low": low,
      "clip_ratio/high": high,
      "clip_ratio/region": low + high,
      approxkl: mean((b, t) => (logProbs![b]![t]! - oldLogProbs![b]![t]!) ** 2 / 2),
      ratio: mean((b, t) => ratios[b]![t]!),
      ...(klCoefficient !== 0 && { kl: mean((b, t) => kls[b]![t]!) }),
    };
    assert.deepEqual(Object.keys(stats), Object.keys(expected));
    for (const [name, x] of Object.entries(expected)) {
      assert.ok(Math.abs(stats[name]! - x) < 1e-12, `${name}: ${stats[name]}, expected ${x}`);
    }
  });
}

test("by the policy that sampled, ratios are 1 and the gradient is REINFORCE's", async () => {
  const random = randomRows(5, LENGTHS);
  const rows = withTokens(random, { oldLogProbs: random.byToken.logProbs! });
  const plain = await compute(reinforceObjective({ klCoefficient: 0 }), rows);
  for (const ratio of ["token", "sequence"] as const) {
    // By sequence a token's gradient is the mean weight of its row's: the same where all of a row weigh the same.
    const weighted = withTokens(rows, { weights: weightsOf(rows.byToken.mask!, "sequence-mean") });
    const expected = ratio === "token" ? plain : await compute(reinforceObjective({ klCoefficient: 0 }), weighted);
    const found = await compute(grpo({ ratio, range: 0.2, klCoefficient: 0 }), ratio === "token" ? rows : weighted);
    assert.ok(Math.abs(found.stats.ratio! - 1) < 1e-12);
    assert.equal(found.stats["clip_ratio/region"], 0);
    for (const [i, x] of expected.toLogProbs.entries()) {
      assert.ok(Math.abs(found.toLogProbs[i]! - x) < 1e-12, `${ratio} [${i}]: ${found.toLogProbs[i]}, expected ${x}`);
    }
  }
});

test("the policy that sampled is frozen: were it differentiated, nothing would be learned", async () => {
  // p = σ(w) with w = 2: the ratio's slope is 1 - p.
  const w = input("w", [1, 1]);
  const logProb = ops.log(ops.sigmoid(w));
  const frozen = constant([Math.log(1 / (1 + Math.exp(-2)))], [1, 1]);
  const slope = (oldLogProbs: typeof w) => {
    const loss = clippedPolicyLoss(logProb, { oldLogProbs, advantages: constant([1], [1, 1]), range: 0.2 });
    return gradients(ops.total(ops.neg(loss)), [w])[0]!;
  };
  const program = { outputs: { frozen: slope(frozen), differentiated: slope(logProb) } };
  const executable = await referenceBackend("f64").compile(program);
  executable.inputs.w![0] = 2;
  await executable.run();
  assert.ok(Math.abs(executable.outputs.frozen![0]! - 0.1192029) < 1e-7);
  assert.ok(Math.abs(executable.outputs.differentiated![0]!) < 1e-12);
});

test("with a reference and no weight for it, its KL is logged and changes nothing", async () => {
  const rows = randomRows(6, LENGTHS);
  const without = await compute(grpo({ range: 0.2, klCoefficient: 0 }), rows);
  const logged = await compute(grpo({ range: 0.2, klCoefficient: 0, hasReference: true }), rows);
  assert.equal(logged.loss, without.loss);
  assert.deepEqual(logged.toLogProbs, without.toLogProbs);
  assert.ok(logged.stats.kl! > 0 && !("kl" in without.stats));
  await assert.rejects(compute(grpo({ range: 0.2, klCoefficient: 0.1, hasReference: false }), rows), RangeError);
});
