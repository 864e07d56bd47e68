/** Learning from rows that were collected: several passes, in mini-batches, each pass in an order of its own. */
import { drawUniform, seededRandom, shuffle } from "../../../pipeline/random.ts";
import type { Metrics } from "../method.ts";
import type { Learner, UpdateReport } from "./learner.ts";
import type { Row } from "./row.ts";
import { type Aggregation, withWeights } from "./token-weights.ts";

export interface PassOptions {
  readonly passes: number;
  /** Rows of an update. */
  readonly batch: number;
  readonly rate: number;
  readonly seed: number;
  /** What the order hangs on beside the seed. */
  readonly purpose: string;
  readonly aggregate: Aggregation;
  /** What a response's sum is divided by where the aggregation is `constant`. */
  readonly constant?: number;
}

/** Updates from rows, each weighted for itself. Means of the updates' metrics, and what was spent. */
export async function learnInPasses(
  learner: Learner,
  rows: readonly Row[],
  { passes, batch, rate, seed, purpose, aggregate, constant }: PassOptions,
): Promise<Metrics> {
  const reports: UpdateReport[] = [];
  for (let pass = 0; pass < passes; pass++) {
    const order = [...rows];
    shuffle(order, seededRandom(drawUniform(seed, "pass", `${purpose} ${pass}`) * 2 ** 32));
    for (let from = 0; from < order.length; from += batch) {
      reports.push(await learner.step(withWeights(order.slice(from, from + batch), aggregate, constant), rate));
    }
  }
  return { ...meansOf(reports), rate, updates: reports.length, "spent/tokens": sumOf(reports, ({ tokens }) => tokens) };
}

/** Of several updates: loss, the objective's statistics, and the gradient's length. */
function meansOf(reports: readonly UpdateReport[]): Metrics {
  const all = reports.map(({ loss, norm, stats }) => ({ loss, ...stats, norm }) as Metrics);
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, all.reduce((sum, one) => sum + one[name]!, 0) / all.length]));
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
