/** How much better each token of a response was than expected, as PPO takes it. In double precision, by response. */

export interface GaeOptions {
  /** What a reward one token later counts. */
  readonly gamma: number;
  /** 0 trusts the next value alone, 1 the rewards alone. */
  readonly lambda: number;
}

/**
 * Generalized advantage estimation (Schulman et al. 2016, arXiv 1506.02438), from the end: δ(t) = r(t) + γ · V(t + 1) - V(t),
 * where V after the last token is 0, A(t) = δ(t) + γ · λ · A(t + 1). Returns, which values are to become, are A + V.
 */
export function generalizedAdvantages(
  rewards: ArrayLike<number>,
  values: ArrayLike<number>,
  { gamma, lambda }: GaeOptions,
): { advantages: Float64Array; returns: Float64Array } {
  if (rewards.length !== values.length) throw new RangeError(`${rewards.length} rewards with ${values.length} values`);
  const advantages = new Float64Array(rewards.length);
  let [advantage, next] = [0, 0];
  for (let t = rewards.length - 1; t >= 0; t--) {
    advantage = rewards[t]! + gamma * next - values[t]! + gamma * lambda * advantage;
    advantages[t] = advantage;
    next = values[t]!;
  }
  return { advantages, returns: advantages.map((a, t) => a + values[t]!) };
}

/**
 * Numbers of all responses of a step, together brought to variance 1 (n - 1 below, and 1e-8 beside it) and, unless it is
 * kept, to mean 0. A single number has no variance: only its mean is taken away.
 */
export function whiten(
  byResponse: readonly Float64Array[],
  { keepsMean = false }: { readonly keepsMean?: boolean } = {},
): Float64Array[] {
  const { count, mean, variance } = momentsOf(byResponse);
  const deviation = count < 2 ? 1 : Math.sqrt(variance + 1e-8);
  return byResponse.map((numbers) => numbers.map((x) => (x - mean) / deviation + (keepsMean ? mean : 0)));
}

/**
 * Share of the returns' variance that values foresaw: 1 where they are right, 0 where they might as well be a constant, and
 * where returns are one.
 */
export function explainedVariance(values: readonly Float64Array[], returns: readonly Float64Array[]): number {
  const missed = returns.map((of, n) => of.map((r, t) => r - values[n]![t]!));
  const { variance } = momentsOf(returns);
  return variance > 0 ? 1 - momentsOf(missed).variance / variance : 0;
}

function momentsOf(byResponse: readonly Float64Array[]): { count: number; mean: number; variance: number } {
  const count = byResponse.reduce((n, { length }) => n + length, 0);
  const sumOf = (of: (x: number) => number): number =>
    byResponse.reduce((all, numbers) => numbers.reduce((sum, x) => sum + of(x), all), 0);
  const mean = sumOf((x) => x) / count;
  return { count, mean, variance: sumOf((x) => (x - mean) ** 2) / (count - 1) };
}
