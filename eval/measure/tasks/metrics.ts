/**
 * From items to a task's figures, as lm-evaluation-harness (4e7e0d4) aggregates them. It has no standard errors for
 * perplexities and bits per byte; ours are those of a ratio of sums over clusters.
 */
import type { ItemScore, MetricName, MetricValue } from "./scores.ts";

/** Metrics that are means over items. */
const MEANS: { readonly [Name in MetricName]?: (item: ItemScore) => number | undefined } = {
  acc: ({ options }) => rightness(options?.predicted.acc, options?.gold),
  acc_norm: ({ options }) => rightness(options?.predicted.acc_norm, options?.gold),
  acc_bytes: ({ options }) => rightness(options?.predicted.acc_bytes, options?.gold),
  acc_mutual_info: ({ options }) => rightness(options?.predicted.acc_mutual_info, options?.gold),
  exact_match: ({ greedy }) => (greedy === undefined ? undefined : Number(greedy)),
  margin: ({ options }) => options?.margin,
  log_likelihood: ({ options, words, nats }) => (options === undefined && words === undefined ? -nats : undefined),
};

function rightness(predicted: number | undefined, gold: number | undefined): number | undefined {
  return predicted === undefined ? undefined : Number(predicted === gold);
}

/** All metrics that the items have, at least one item given. */
export function metricsOf(items: readonly ItemScore[]): MetricValue[] {
  const metrics: MetricValue[] = [];
  for (const [name, of] of Object.entries(MEANS)) {
    const values = items.map(of).filter((value) => value !== undefined);
    if (values.length > 0) metrics.push({ name: name as MetricName, ...mean(values) });
  }
  const first = items[0]!;
  if (first.words !== undefined) {
    metrics.push({ name: "word_perplexity", ...exponential(ratio(items, (item) => item.words!)) });
    metrics.push({ name: "byte_perplexity", ...exponential(ratio(items, (item) => item.bytes)) });
  }
  const natsPerByte = ratio(items, (item) => item.bytes);
  metrics.push({ name: "bits_per_byte", ...scaled(natsPerByte, 1 / Math.LN2) });
  return metrics;
}

/**
 * Of a task that has groups: values over all items, standard errors of means pooled over the groups, as
 * `pooled_sample_stderr` does: √( Σ (nᵢ−1)·nᵢ·seᵢ² / (Σnᵢ − k) / Σnᵢ ).
 */
export function pooledMetricsOf(items: readonly ItemScore[], groups: readonly (readonly ItemScore[])[]): MetricValue[] {
  const byGroup = groups.map((group) => ({ n: group.length, metrics: metricsOf(group) }));
  return metricsOf(items).map((metric) => {
    if (!(metric.name in MEANS)) return metric;
    const sizes = byGroup.map(({ n, metrics }) => ({
      n,
      se: metrics.find(({ name }) => name === metric.name)?.stderr,
    }));
    return { ...metric, stderr: pooledStandardError(sizes) };
  });
}

export function pooledStandardError(
  groups: readonly { readonly n: number; readonly se: number | undefined }[],
): number | undefined {
  const n = groups.reduce((sum, group) => sum + group.n, 0);
  if (n <= groups.length) return undefined;
  // A group of one has no standard error, and n − 1 = 0 takes it out.
  const squares = groups.reduce((sum, group) => sum + (group.n - 1) * group.n * (group.se ?? 0) ** 2, 0);
  return Math.sqrt(squares / (n - groups.length) / n);
}

interface Figure {
  readonly value: number;
  readonly stderr: number | undefined;
}

/** Standard error: the sample's standard deviation over √n. */
function mean(values: readonly number[]): Figure {
  const n = values.length;
  const value = values.reduce((sum, x) => sum + x, 0) / n;
  if (n === 1) return { value, stderr: undefined };
  const squares = values.reduce((sum, x) => sum + (x - value) ** 2, 0);
  return { value, stderr: Math.sqrt(squares / (n - 1) / n) };
}

/**
 * Σ nats / Σ sizes. The standard error is the linearised one of a ratio of totals of C clusters (Cochran, Sampling
 * Techniques, 3rd ed., §6.4 and §9A.2): √( C/(C−1) · Σ_c d_c² ) / Σ sizes, where d_c = Σ_{i in c} (nats_i − ratio · size_i).
 */
function ratio(items: readonly ItemScore[], sizeOf: (item: ItemScore) => number): Figure {
  let nats = 0;
  let size = 0;
  for (const item of items) {
    nats += item.nats;
    size += sizeOf(item);
  }
  const value = nats / size;
  const deviations = new Map<string, number>();
  for (const item of items) {
    const deviation = item.nats - value * sizeOf(item);
    deviations.set(item.cluster, (deviations.get(item.cluster) ?? 0) + deviation);
  }
  const clusters = deviations.size;
  if (clusters === 1) return { value, stderr: undefined };
  const squares = deviations.values().reduce((sum, deviation) => sum + deviation ** 2, 0);
  return { value, stderr: Math.sqrt((clusters / (clusters - 1)) * squares) / size };
}

function scaled({ value, stderr }: Figure, factor: number): Figure {
  return { value: value * factor, stderr: stderr === undefined ? undefined : stderr * factor };
}

/** By the delta method: the standard error of exp x is exp x times that of x. */
function exponential({ value, stderr }: Figure): Figure {
  const exp = Math.exp(value);
  return { value: exp, stderr: stderr === undefined ? undefined : exp * stderr };
}
