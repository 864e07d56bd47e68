/** What holds for every objective, whatever it computes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { onnxBackend } from "../../../trainer/backends/onnx/onnx.ts";
import { dpo } from "../../../trainer/objectives/dpo.ts";
import { grpo } from "../../../trainer/objectives/grpo.ts";
import type { Objective } from "../../../trainer/objectives/objective.ts";
import { ppo } from "../../../trainer/objectives/ppo.ts";
import { reinforceObjective } from "../../../trainer/objectives/reinforce.ts";
import { sft } from "../../../trainer/objectives/sft.ts";
import { type Computed, compute, forPpo, type Rows, randomRows, withTokens } from "./run-objective.ts";

const OBJECTIVES: Readonly<Record<string, Objective>> = {
  sft: sft(),
  dpo: dpo({ beta: 0.3 }),
  "dpo with label smoothing": dpo({ beta: 0.3, labelSmoothing: 0.2 }),
  "dpo hinge": dpo({ beta: 0.3, loss: "hinge" }),
  "dpo ipo": dpo({ beta: 0.3, loss: "ipo" }),
  "dpo with the chosen one's own loss": dpo({ beta: 0.3, nll: 0.5 }),
  "reinforce with kl": reinforceObjective({ klCoefficient: 0.1 }),
  grpo: grpo({ range: 0.2, klCoefficient: 0 }),
  "grpo clip-higher with kl": grpo({ range: 0.2, rangeHigh: 0.28, klCoefficient: 0.04 }),
  "grpo by sequence": grpo({ ratio: "sequence", range: 0.1, klCoefficient: 0.04 }),
  ppo: ppo({ range: 0.2, valueRange: 0.2, valueCoefficient: 0.5 }),
};
const ONNX = await onnxBackend({ threads: 1 });
const LENGTHS = [3, 5, 1, 4, 2, 6, 5, 5];

for (const [name, objective] of Object.entries(OBJECTIVES)) {
  const rowsOf = (seed: number): Rows => {
    const rows = randomRows(seed, LENGTHS);
    return objective.needsValues === true ? forPpo(rows) : rows;
  };

  test(`${name}: gradients are what finite differences say`, async () => {
    const rows = rowsOf(1);
    const found = await compute(objective, rows);
    for (const [input, gradient] of [
      ["logProbs", found.toLogProbs],
      ...(objective.needsValues === true ? [["values", found.toValues] as const] : []),
    ] as const) {
      const numbers = rows.byToken[input]!;
      const T = numbers[0]!.length;
      // Every third: rows are of seven, so that all positions are met.
      for (let i = 0; i < gradient.length; i += 3) {
        const [b, t] = [Math.floor(i / T), i % T];
        const at = async (by: number): Promise<number> => {
          const moved = numbers.with(b, numbers[b]!.with(t, numbers[b]![t]! + by));
          return (await compute(objective, withTokens(rows, { [input]: moved }))).loss;
        };
        const slope = ((await at(1e-5)) - (await at(-1e-5))) / 2e-5;
        assert.ok(
          Math.abs(slope - gradient[i]!) < 1e-7,
          `${input}[${b}][${t}]: ${gradient[i]}, differences say ${slope}`,
        );
      }
    }
  });

  test(`${name}: onnx computes what the reference does`, async () => {
    for (const seed of [2, 3])
      near(await compute(objective, rowsOf(seed), ONNX), await compute(objective, rowsOf(seed)), 1e-5);
  });

  test(`${name}: how rows are parted and padded changes nothing, whatever lies in the padding`, async () => {
    const rows = rowsOf(4);
    const whole = await compute(objective, rows);
    for (const part of [2, 4]) {
      const sums = {
        loss: 0,
        stats: {} as Record<string, number>,
        toLogProbs: [] as number[],
        toValues: [] as number[],
      };
      for (let from = 0; from < LENGTHS.length; from += part) {
        // Two rows of nothing, and three more positions, of which a model might say anything.
        const { loss, stats, toLogProbs, toValues } = await compute(objective, padded(rows, from, from + part), ONNX);
        sums.loss += loss;
        for (const [stat, x] of Object.entries(stats)) sums.stats[stat] = (sums.stats[stat] ?? 0) + x;
        const kept = (gradient: readonly number[]): number[] => {
          const T = rows.byToken.logProbs![0]!.length;
          const behind = gradient.filter((_, i) => i % (T + 3) >= T || i >= part * (T + 3));
          assert.ok(behind.every((x) => x === 0));
          return gradient.filter((_, i) => i % (T + 3) < T && i < part * (T + 3));
        };
        sums.toLogProbs.push(...kept(toLogProbs));
        sums.toValues.push(...kept(toValues));
      }
      near(sums, whole, 1e-5);
    }
  });
}

/** Some of the rows, with three more positions and two more rows, in which the host has written nothing. */
function padded(rows: Rows, from: number, to: number): Rows {
  const T = rows.byToken.logProbs![0]!.length;
  const garbage: Readonly<Record<string, number>> = { logProbs: -300, values: 1e6, isLikeliest: 1 };
  const byToken = Object.entries(rows.byToken).map(([name, numbers]) => {
    const behind = garbage[name] ?? 0;
    const taken = numbers.slice(from, to).map((row) => [...row, ...new Array<number>(3).fill(behind)]);
    return [name, [...taken, ...Array.from({ length: 2 }, () => new Array<number>(T + 3).fill(behind))]] as const;
  });
  const bySequence = Object.entries(rows.bySequence!).map(
    ([name, numbers]) => [name, [...numbers.slice(from, to), 0, 0]] as const,
  );
  return { byToken: Object.fromEntries(byToken), bySequence: Object.fromEntries(bySequence) };
}

function near(found: Computed, expected: Computed, tolerance: number): void {
  assert.ok(Math.abs(found.loss - expected.loss) <= tolerance, `loss: ${found.loss}, expected ${expected.loss}`);
  assert.deepEqual(Object.keys(found.stats), Object.keys(expected.stats));
  for (const [name, x] of Object.entries(expected.stats)) {
    assert.ok(
      Math.abs(found.stats[name]! - x) <= tolerance * Math.max(1, Math.abs(x)),
      `${name}: ${found.stats[name]}, not ${x}`,
    );
  }
  for (const gradient of ["toLogProbs", "toValues"] as const) {
    for (const [i, x] of expected[gradient].entries()) {
      assert.ok(Math.abs(found[gradient][i]! - x) <= tolerance, `${gradient}[${i}]: ${found[gradient][i]}, not ${x}`);
    }
  }
}
