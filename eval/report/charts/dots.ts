import { armColour, armSymbol } from "./arms.ts";
import { CHART_WIDTH, type Chart } from "./draw.ts";
import { shorten, widest } from "./labels.ts";

export interface DotGroup {
  readonly label: string;
  /** Drawn as a dashed line over the group: what guessing reaches, say. */
  readonly reference?: number;
  readonly dots: readonly {
    readonly arm: number;
    readonly value: number;
    readonly low?: number;
    readonly high?: number;
  }[];
}

const ARM_HEIGHT = 11;
const GROUP_GAP = 12;
const LABEL_CHARACTERS = 30;

/** For each group a band, in it a line for each arm: a dot, and its interval where it has one. */
export function dots(
  groups: readonly DotGroup[],
  arms: number,
  options: { readonly unit: string; readonly fromZero?: boolean; readonly format?: (value: number) => string },
): Chart {
  const groupHeight = arms * ARM_HEIGHT + GROUP_GAP;
  const height = groups.length * groupHeight;
  const labels = groups.map((group, g) => ({
    label: shorten(group.label, LABEL_CHARACTERS),
    y: (g + 0.5) * groupHeight,
  }));
  const points = groups.flatMap(({ dots }, g) =>
    dots.map(({ arm, value, low = value, high = value }) => ({
      arm,
      value,
      low,
      high,
      y: g * groupHeight + GROUP_GAP / 2 + (arm + 0.5) * ARM_HEIGHT,
    })),
  );
  const references = groups.flatMap(({ reference }, g) =>
    reference === undefined ? [] : [{ reference, y1: g * groupHeight + 3, y2: (g + 1) * groupHeight - 3 }],
  );
  const borders = groups.map((_, g) => g * groupHeight).slice(1);
  return (plot) => ({
    width: CHART_WIDTH,
    height: height + 44,
    marginLeft: widest(labels.map(({ label }) => label)) + 16,
    marginRight: 26,
    marginTop: 4,
    marginBottom: 40,
    x: {
      ticks: 6,
      tickSize: 4,
      label: null,
      nice: true,
      ...(options.fromZero === true && { zero: true }),
      ...(options.format !== undefined && { tickFormat: options.format }),
    },
    y: { domain: [0, height], range: [4, height + 4], axis: null },
    symbol: { type: "identity" },
    color: { type: "identity" },
    marks: [
      plot.gridX({ ticks: 6, stroke: "var(--rule)", strokeOpacity: 1 }),
      plot.ruleY(borders, { stroke: "var(--rule)" }),
      plot.ruleX(references, { x: "reference", y1: "y1", y2: "y2", stroke: "currentColor", strokeDasharray: "3,3" }),
      plot.ruleY(
        points.filter(({ low, high }) => high > low),
        { y: "y", x1: "low", x2: "high", stroke: ({ arm }) => armColour(arm), strokeWidth: 1.25 },
      ),
      plot.dot(points, {
        x: "value",
        y: "y",
        r: 3.5,
        symbol: ({ arm }: { arm: number }) => armSymbol(arm),
        fill: ({ arm }) => armColour(arm),
      }),
      plot.text(labels, { y: "y", text: "label", frameAnchor: "left", textAnchor: "end", dx: -10 }),
      plot.axisX({
        ticks: 6,
        tickSize: 4,
        label: null,
        ...(options.format !== undefined && { tickFormat: options.format }),
      }),
      plot.text([options.unit], { frameAnchor: "bottom", dy: 34, fill: "var(--quiet)" }),
    ],
  });
}
