/** Computes an objective on log-probabilities as they are given, without a model. */
// B = sequences, T = positions
import { seededRandom } from "../../../pipeline/random.ts";
import type { Backend } from "../../../trainer/backends/backend.ts";
import { referenceBackend } from "../../../trainer/backends/reference.ts";
import { gradients } from "../../../trainer/ir/autodiff.ts";
import { input, type Tensor } from "../../../trainer/ir/tensor.ts";
import type { Objective } from "../../../trainer/objectives/objective.ts";

/** Rows of a step: [B][T] by token, [B] by sequence, under the names of the program's inputs. */
export interface Rows {
  readonly byToken: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly bySequence?: Readonly<Record<string, readonly number[]>>;
}

export interface Computed {
  readonly loss: number;
  readonly stats: Readonly<Record<string, number>>;
  /** Gradients, [B · T]. */
  readonly toLogProbs: readonly number[];
  readonly toValues: readonly number[];
}

export async function compute(objective: Objective, rows: Rows, backend = referenceBackend("f64")): Promise<Computed> {
  const { byToken, bySequence = {} } = rows;
  const [B, T] = [byToken.logProbs!.length, byToken.logProbs![0]!.length];
  const inputs = new Map<string, Tensor>();
  const of = (name: string, extent: "token" | "sequence"): Tensor => {
    const tensor = inputs.get(name) ?? input(name, [B, extent === "token" ? T : 1]);
    inputs.set(name, tensor);
    return tensor;
  };
  const { loss, stats } = objective.loss({
    sequences: B,
    positions: T,
    logProbs: of("logProbs", "token"),
    isLikeliest: of("isLikeliest", "token"),
    mask: of("mask", "token"),
    weights: of("weights", "token"),
    shares: of("shares", "token"),
    ...(objective.needsValues === true && { values: of("values", "token") }),
    input: of,
  });
  const [toLogProbs, toValues] = gradients(loss, [of("logProbs", "token"), of("values", "token")]);
  const named = Object.fromEntries(Object.entries(stats).map(([name, tensor]) => [`stat ${name}`, tensor]));
  const program = { outputs: { loss, toLogProbs: toLogProbs!, toValues: toValues!, ...named } };
  const executable = await (backend satisfies Backend).compile(program);
  for (const [name, values] of Object.entries(executable.inputs)) {
    const given = byToken[name]?.flat() ?? bySequence[name];
    if (given?.length !== values.length) throw new Error(`${name}: ${given?.length} numbers for ${values.length}`);
    values.set(given);
  }
  await executable.run();
  await executable.close();
  const { outputs } = executable;
  return {
    loss: outputs.loss![0]!,
    stats: Object.fromEntries(Object.keys(stats).map((name) => [name, outputs[`stat ${name}`]![0]!])),
    toLogProbs: [...outputs.toLogProbs!],
    toValues: [...outputs.toValues!],
  };
}

/** Random rows with all that any objective asks for: responses of several lengths, the prompts before them of one. */
export function randomRows(seed: number, lengths: readonly number[], T = Math.max(...lengths) + 1): Rows {
  const random = seededRandom(seed);
  const around = (middle: number, by: number): number => middle + by * (2 * random() - 1);
  const by = (of: () => number): number[][] => lengths.map(() => Array.from({ length: T }, of));
  const mask = lengths.map((length) => Array.from({ length: T }, (_, t) => (t > 0 && t <= length ? 1 : 0)));
  const all = lengths.reduce((sum, length) => sum + length, 0);
  const logProbs = by(() => around(-2, 1.5));
  const near = (): number[][] => logProbs.map((row) => row.map((x) => around(x, 0.6)));
  const values = by(() => around(0, 1));
  return {
    byToken: {
      logProbs,
      mask,
      values,
      weights: mask.map((row) => row.map((m) => m * random())),
      shares: mask.map((row) => row.map((m) => m / all)),
      isLikeliest: by(() => Number(random() < 0.5)),
      oldLogProbs: near(),
      referenceLogProbs: near(),
      tokenAdvantages: by(() => around(0, 1)),
      returns: by(() => around(0.2, 1)),
      oldValues: values.map((row) => row.map((x) => around(x, 0.4))),
    },
    bySequence: {
      advantages: lengths.map(() => around(0, 1)),
      referenceLogProb: lengths.map((length) => around(-2 * length, 2)),
      pairWeight: lengths.map(() => 2 / lengths.length),
    },
  };
}

/** The rows with others in place of some of their numbers. */
export function withTokens(rows: Rows, byToken: Rows["byToken"]): Rows {
  return { ...rows, byToken: { ...rows.byToken, ...byToken } };
}

/** PPO's advantages are by token, under the same name. */
export function forPpo(rows: Rows): Rows {
  return withTokens(rows, { advantages: rows.byToken.tokenAdvantages! });
}
