import { number, type Section } from "../blocks.ts";
import { type Curve, curves } from "../charts/curves.ts";
import { count, fixed } from "../numbers.ts";
import type { ArmReport, ReportData } from "../report-data.ts";

/** Points of a curve that are drawn: each the mean of the steps that lie nearer to it than to the next. */
const DRAWN_POINTS = 80;
/** Before this share of the tokens losses fall so fast that the rest would look flat. */
const SKIPPED_SHARE = 0.1;
const TABLE_ROWS = 10;

/** Training losses over tokens. */
export function losses(data: ReportData): Section | undefined {
  const all = data.arms.map(curveOf);
  const longest = all.reduce((most, { points }) => (points.length > most.length ? points : most), all[0]?.points ?? []);
  if (longest.length === 0) return undefined;
  const stride = Math.max(1, Math.ceil(longest.length / TABLE_ROWS));
  const rows = longest.map((_, i) => i).filter((i) => (longest.length - 1 - i) % stride === 0);
  return {
    id: "losses",
    title: "Training",
    blocks: [
      {
        kind: "figure",
        figure: {
          id: "curves",
          title: "Training loss over tokens, by arm",
          caption: `Line: mean over seeds; band: from the lowest to the highest seed; grey: the other arms. The first ${SKIPPED_SHARE * 100} % of the tokens is left out. Each arm’s loss is on its own training text, so a lower curve is an easier text and not a better model; look for divergence, for seeds that part, and for curves that have not flattened.`,
          panels: [{ title: "Training loss in nats a token over tokens trained on", chart: curves(all) }],
          table: {
            caption: "Training loss, nats a token: mean over seeds (lowest to highest seed)",
            columns: [number("Tokens"), ...all.map(({ label }) => number(label))],
            rows: rows.map((i) => [
              count(longest[i]!.tokens),
              ...all.map(({ points }) => {
                const point = points[i];
                return point === undefined
                  ? "–"
                  : `${fixed(point.mean, 3)} (${fixed(point.low, 3)} to ${fixed(point.high, 3)})`;
              }),
            ]),
          },
        },
      },
    ],
  };
}

/** Seeds are trained with the same steps, so that bins hold the same steps of each. */
function curveOf({ name, curves }: ArmReport): Curve {
  const last = Math.max(0, ...curves.flatMap(({ points }) => points.map(({ tokens }) => tokens)));
  const first = last * SKIPPED_SHARE;
  const bins = Array.from(
    { length: DRAWN_POINTS },
    () => new Map<number, { sum: number; tokens: number; n: number }>(),
  );
  for (const { seed, points } of curves) {
    for (const { tokens, loss } of points) {
      if (tokens < first || !Number.isFinite(loss)) continue;
      const bin = Math.min(DRAWN_POINTS - 1, Math.floor(((tokens - first) / (last - first || 1)) * DRAWN_POINTS));
      const { sum, tokens: before, n } = bins[bin]!.get(seed) ?? { sum: 0, tokens: 0, n: 0 };
      bins[bin]!.set(seed, { sum: sum + loss, tokens: before + tokens, n: n + 1 });
    }
  }
  const points = bins
    .filter(({ size }) => size > 0)
    .map((bin) => {
      const seeds = [...bin.values()];
      const means = seeds.map(({ sum, n }) => sum / n);
      return {
        tokens: Math.round(seeds[0]!.tokens / seeds[0]!.n),
        mean: means.reduce((a, b) => a + b, 0) / means.length,
        low: Math.min(...means),
        high: Math.max(...means),
      };
    });
  return { label: name, points };
}
