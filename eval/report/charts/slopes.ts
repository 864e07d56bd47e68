import { armColour, armSymbol } from "./arms.ts";
import { CHART_WIDTH, type Chart } from "./draw.ts";

export interface SlopePoint {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const HEIGHT = 240;
/** Of the way from one time to the next, what arms lie apart: intervals of several would hide each other. */
const APART = 0.06;

/** What each arm was at several times, joined by lines: where they cross, the order changed. `values` are by time and arm. */
export function slopes(values: readonly (readonly SlopePoint[])[], times: readonly string[], unit: string): Chart {
  const points = values.flatMap((arms, time) =>
    arms.map((one, arm) => ({ ...one, arm, x: time + (arm - (arms.length - 1) / 2) * APART })),
  );
  return (plot) => ({
    width: CHART_WIDTH,
    height: HEIGHT,
    marginLeft: 56,
    marginRight: 26,
    marginTop: 26,
    marginBottom: 30,
    x: {
      domain: [-0.4, times.length - 0.6],
      ticks: [...times.keys()],
      tickFormat: (n: number) => times[n]!,
      tickSize: 4,
      label: null,
    },
    y: { label: null, ticks: 5, tickSize: 0, zero: false, nice: true },
    symbol: { type: "identity" },
    color: { type: "identity" },
    marks: [
      plot.gridY({ ticks: 5, stroke: "var(--rule)", strokeOpacity: 1 }),
      plot.line(points, { x: "x", y: "value", z: "arm", stroke: ({ arm }) => armColour(arm), strokeWidth: 1.25 }),
      plot.ruleX(points, { x: "x", y1: "low", y2: "high", stroke: ({ arm }) => armColour(arm), strokeWidth: 1.25 }),
      plot.dot(points, {
        x: "x",
        y: "value",
        r: 4,
        symbol: ({ arm }: { arm: number }) => armSymbol(arm),
        fill: ({ arm }) => armColour(arm),
      }),
      plot.text([unit], { frameAnchor: "top-left", dy: -18, textAnchor: "start", fill: "var(--quiet)" }),
    ],
  });
}
