/** What a step's rollouts were like: for the log. */
import type { Metrics } from "../method.ts";
import type { JudgedRollout } from "./judged-sampler.ts";

/**
 * `reward/{mean,std}`; `LABEL/mean` of each verifier, and of its parts; `reward/level_groups`, the share of questions whose
 * answers all earned the same; `length/{mean,min,max,ended}` of responses in tokens; `truncated`, the share that was cut;
 * `failed`, the share of judgements that failed; and what was spent.
 */
export function rolloutMetrics(rollouts: readonly JudgedRollout[], groupSize: number): Metrics {
  const rewards = rollouts.map(({ reward }) => reward);
  const lengths = rollouts.map(({ ids }) => ids.length);
  const ended = rollouts.filter(({ isCut }) => !isCut).map(({ ids }) => ids.length);
  const groups = Array.from({ length: rollouts.length / groupSize }, (_, g) =>
    rewards.slice(g * groupSize, (g + 1) * groupSize),
  );
  const judgements = rollouts.flatMap(({ verified }) => Object.values(verified));
  return {
    "reward/mean": mean(rewards),
    "reward/std": deviation(rewards),
    ...verifierMeans(rollouts),
    "reward/level_groups": mean(groups.map((group) => Number(group.every((reward) => reward === group[0])))),
    "length/mean": mean(lengths),
    "length/min": lengths.reduce((a, b) => Math.min(a, b)),
    "length/max": lengths.reduce((a, b) => Math.max(a, b)),
    ...(ended.length > 0 && { "length/ended": mean(ended) }),
    truncated: 1 - ended.length / rollouts.length,
    failed: mean(judgements.map(({ failure }) => Number(failure !== undefined))),
    "spent/rolloutTokens": lengths.reduce((sum, length) => sum + length, 0),
    "spent/judgements": judgements.length,
  };
}

/** Means over responses of what each verifier said, and of the parts that it told. */
export function verifierMeans(rollouts: readonly JudgedRollout[]): Metrics {
  const sums = new Map<string, { sum: number; count: number }>();
  const add = (name: string, value: number): void => {
    const { sum, count } = sums.get(name) ?? { sum: 0, count: 0 };
    sums.set(name, { sum: sum + value, count: count + 1 });
  };
  for (const { verified } of rollouts) {
    for (const [label, { score, parts }] of Object.entries(verified)) {
      add(label, score);
      for (const [part, value] of Object.entries(parts)) add(`${label}/${part}`, value);
    }
  }
  return Object.fromEntries([...sums].map(([name, { sum, count }]) => [name, sum / count]));
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / Math.max(1, numbers.length);
}

/** With n - 1 below. */
function deviation(numbers: readonly number[]): number {
  const middle = mean(numbers);
  const squares = numbers.reduce((sum, x) => sum + (x - middle) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, numbers.length - 1));
}
