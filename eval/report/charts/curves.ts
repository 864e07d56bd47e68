import { armColour } from "./arms.ts";
import { CHART_WIDTH, type Chart } from "./draw.ts";
import { shorten } from "./labels.ts";

/** One arm's loss over the tokens it was trained on. */
export interface Curve {
  readonly label: string;
  readonly points: readonly {
    readonly tokens: number;
    readonly mean: number;
    readonly low: number;
    readonly high: number;
  }[];
}

const COLUMNS = 3;
const PANEL_HEIGHT = 185;

/** A panel an arm: its mean and its seeds' band in colour, the other arms' means in grey behind. */
export function curves(all: readonly Curve[]): Chart {
  const columns = Math.min(COLUMNS, all.length);
  const rows = Math.ceil(all.length / columns);
  const place = (panel: number) => ({ fx: panel % columns, fy: Math.floor(panel / columns) });
  const own = all.flatMap(({ points }, arm) => points.map((point) => ({ ...point, arm, ...place(arm) })));
  const others = all.flatMap((_, panel) =>
    all.flatMap(({ points }, arm) =>
      arm === panel ? [] : points.map(({ tokens, mean }) => ({ tokens, mean, arm, ...place(panel) })),
    ),
  );
  const labels = all.map(({ label }, panel) => ({ label: shorten(label, columns === 3 ? 30 : 60), ...place(panel) }));
  return (plot) => ({
    width: CHART_WIDTH,
    height: rows * PANEL_HEIGHT + 44,
    marginLeft: 44,
    marginRight: 12,
    marginTop: 40,
    marginBottom: 36,
    fx: { axis: null, padding: 0.08 },
    fy: { axis: null, padding: 0.28 },
    x: { label: "tokens trained on →", ticks: 4, tickSize: 4, tickFormat: "~s" },
    y: { label: "↑ nats a token", ticks: 5, tickSize: 0, zero: false },
    color: { type: "identity" },
    marks: [
      plot.gridY({ ticks: 5, stroke: "var(--rule)", strokeOpacity: 1 }),
      plot.line(others, {
        x: "tokens",
        y: "mean",
        z: "arm",
        fx: "fx",
        fy: "fy",
        stroke: "var(--faint)",
        strokeWidth: 1,
      }),
      plot.areaY(own, {
        x: "tokens",
        y1: "low",
        y2: "high",
        z: "arm",
        fx: "fx",
        fy: "fy",
        fill: ({ arm }) => armColour(arm),
        fillOpacity: 0.25,
      }),
      plot.line(own, {
        x: "tokens",
        y: "mean",
        z: "arm",
        fx: "fx",
        fy: "fy",
        stroke: ({ arm }) => armColour(arm),
        strokeWidth: 1.75,
      }),
      plot.text(labels, {
        text: "label",
        fx: "fx",
        fy: "fy",
        frameAnchor: "top-left",
        dy: -14,
        fontWeight: 600,
      }),
    ],
  });
}
