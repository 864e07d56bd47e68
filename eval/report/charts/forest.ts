import type { Estimate } from "../../statistics/comparison.ts";
import { signed } from "../numbers.ts";
import { CHART_WIDTH, type Chart } from "./draw.ts";
import { shorten, widest } from "./labels.ts";

export interface ForestRow extends Estimate {
  readonly label: string;
  /** What is written at the right. */
  readonly note: string;
  /** The difference that would be found with 80 % power; undefined where it is not known. */
  readonly detectable: number | undefined;
  readonly sign: "better" | "worse" | "open" | "none";
}

const SHAPES = { better: "circle", worse: "diamond", open: "circle", none: "times" } as const;
const COLOURS = { better: "var(--better)", worse: "var(--worse)", open: "currentColor", none: "currentColor" } as const;
const ROW_HEIGHT = 26;
const LABEL_CHARACTERS = 46;

/**
 * Differences with their intervals about zero; behind each, in grey, what is too small to be found. The scale ends at four
 * times that, so that one huge effect does not flatten the others: arrows point at what lies beyond.
 */
export function forest(
  rows: readonly ForestRow[],
  unit: string,
  { below = "first is better", above = "first is worse" } = {},
): Chart {
  const labels = rows.map(({ label }) => shorten(label, LABEL_CHARACTERS));
  const extents = rows.map(({ low, high }) => Math.max(-low, high, 1e-9));
  const detectable = Math.max(0, ...rows.map((row) => row.detectable ?? 0));
  const limit = detectable > 0 ? Math.max(4 * detectable, 1.2 * Math.min(...extents)) : Number.POSITIVE_INFINITY;
  const from = Math.max(-limit, Math.min(-detectable, ...rows.map(({ low }) => low)));
  const to = Math.min(limit, Math.max(detectable, ...rows.map(({ high }) => high)));
  // Both sides of zero are seen, a quarter of the longer at least, and a margin about it all.
  const margin = 0.03 * (to - from || 1);
  const [start, end] = [Math.min(from, -to / 4) - margin, Math.max(to, -from / 4) + margin];
  const clamped = (value: number) => Math.min(end, Math.max(start, value));
  const data = rows.map((row, y) => ({ ...row, y, low: clamped(row.low), high: clamped(row.high) }));
  const within = data.filter(({ estimate }) => estimate >= start && estimate <= end);
  return (plot) => ({
    width: CHART_WIDTH,
    height: ROW_HEIGHT * rows.length + 62,
    marginLeft: widest(labels) + 16,
    marginRight: widest(rows.map(({ note }) => note)) + 24,
    marginTop: 22,
    marginBottom: 40,
    x: { domain: [start, end], ticks: 6, tickSize: 4, label: null, tickFormat: signedTick },
    y: {
      type: "band",
      domain: data.map(({ y }) => y),
      tickSize: 0,
      label: null,
      tickFormat: (y: number) => labels[y]!,
    },
    color: { type: "identity" },
    marks: [
      plot.gridX({ ticks: 6, stroke: "var(--rule)", strokeOpacity: 1 }),
      plot.barX(
        data.filter(({ detectable = 0 }) => detectable > 0),
        {
          y: "y",
          x1: (row: ForestRow) => -row.detectable!,
          x2: (row: ForestRow) => row.detectable!,
          fill: "var(--band)",
          insetTop: 4,
          insetBottom: 4,
        },
      ),
      plot.ruleX([0], { stroke: "currentColor" }),
      plot.ruleY(data, {
        y: "y",
        x1: "low",
        x2: "high",
        stroke: ({ sign }: ForestRow) => COLOURS[sign],
        strokeWidth: 1.75,
      }),
      ...Object.keys(COLOURS).map((key) => {
        const sign = key as ForestRow["sign"];
        return plot.dot(
          within.filter((row) => row.sign === sign),
          {
            y: "y",
            x: "estimate",
            r: 4.5,
            symbol: SHAPES[sign],
            stroke: COLOURS[sign],
            strokeWidth: 1.75,
            ...(sign !== "none" && { fill: sign === "open" ? "var(--paper)" : COLOURS[sign] }),
          },
        );
      }),
      plot.text(
        data.filter(({ estimate }) => estimate > end || estimate < start),
        {
          y: "y",
          x: ({ estimate }: ForestRow) => clamped(estimate),
          text: ({ estimate }: ForestRow) => (estimate > 0 ? "▶" : "◀"),
          fill: ({ sign }: ForestRow) => COLOURS[sign],
        },
      ),
      plot.text(data, { y: "y", text: "note", frameAnchor: "right", textAnchor: "start", dx: 14 }),
      plot.text([`← ${below}`], { frameAnchor: "top-left", dy: -16, textAnchor: "start", fill: "var(--quiet)" }),
      plot.text([`${above} →`], { frameAnchor: "top-right", dy: -16, textAnchor: "end", fill: "var(--quiet)" }),
      plot.text([`difference, ${unit}`], { frameAnchor: "bottom", dy: 34, fill: "var(--quiet)" }),
    ],
  });
}

/** All ticks of an axis with the decimals of the longest. Plot hands in all ticks, though its types do not say so. */
const signedTick = ((value: number, _: number, ticks: readonly number[]): string => {
  const decimals = Math.max(...ticks.map((tick) => (String(Number(tick.toFixed(6))).split(".")[1] ?? "").length));
  return value === 0 ? "0" : signed(value, decimals);
}) as (value: number) => string;
