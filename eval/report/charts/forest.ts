import type { Estimate } from "../../statistics/comparison.ts";
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
const LABEL_CHARACTERS = 36;

/** Differences with their intervals about zero; behind each, in grey, what is too small to be found. */
export function forest(rows: readonly ForestRow[], unit: string): Chart {
  const labels = rows.map(({ label }) => shorten(label, LABEL_CHARACTERS));
  const marginLeft = widest(labels) + 16;
  const marginRight = widest(rows.map(({ note }) => note)) + 24;
  const reach = 1.05 * Math.max(...rows.flatMap((row) => [-row.low, row.high, row.detectable ?? 0, 1e-9]));
  const data = rows.map((row, y) => ({ ...row, y }));
  return (plot) => ({
    width: CHART_WIDTH,
    height: ROW_HEIGHT * rows.length + 62,
    marginLeft,
    marginRight,
    marginTop: 22,
    marginBottom: 40,
    x: { domain: [-reach, reach], ticks: 6, tickSize: 4, label: null, tickFormat: signedTick },
    y: {
      type: "band",
      domain: data.map(({ y }) => y),
      tickSize: 0,
      label: null,
      tickFormat: (y: number) => labels[y]!,
    },
    marks: [
      plot.gridX({ ticks: 6, stroke: "var(--rule)", strokeOpacity: 1 }),
      plot.barX(
        data.filter(({ detectable }) => detectable !== undefined && detectable > 0),
        {
          y: "y",
          x1: (row) => -row.detectable!,
          x2: (row) => row.detectable!,
          fill: "var(--band)",
          insetTop: 4,
          insetBottom: 4,
        },
      ),
      plot.ruleX([0], { stroke: "currentColor" }),
      plot.ruleY(data, { y: "y", x1: "low", x2: "high", stroke: (row) => row.sign, strokeWidth: 1.75 }),
      ...(["better", "worse", "open", "none"] as const).map((sign) =>
        plot.dot(
          data.filter((row) => row.sign === sign),
          {
            y: "y",
            x: "estimate",
            r: 4.5,
            symbol: SHAPES[sign],
            stroke: COLOURS[sign],
            strokeWidth: 1.75,
            ...(sign !== "none" && { fill: sign === "open" ? "var(--paper)" : COLOURS[sign] }),
          },
        ),
      ),
      plot.text(data, { y: "y", text: "note", frameAnchor: "right", textAnchor: "start", dx: 14 }),
      plot.text(["← first is better"], { frameAnchor: "top-left", dy: -16, textAnchor: "start", fill: "var(--quiet)" }),
      plot.text(["first is worse →"], { frameAnchor: "top-right", dy: -16, textAnchor: "end", fill: "var(--quiet)" }),
      plot.text([`difference, ${unit}`], {
        frameAnchor: "bottom",
        dy: 34,
        fill: "var(--quiet)",
      }),
    ],
    color: { domain: ["better", "worse", "open", "none"], range: Object.values(COLOURS) },
  });
}

function signedTick(value: number): string {
  const text = String(Math.round(Math.abs(value) * 1e6) / 1e6);
  return value === 0 ? "0" : `${value < 0 ? "−" : "+"}${text}`;
}
