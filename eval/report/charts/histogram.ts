import type { Chart } from "./draw.ts";

export interface Histogram {
  /** One more than bins. */
  readonly edges: readonly number[];
  readonly kept: readonly number[];
  readonly dropped: readonly number[];
}

const WIDTH = 384;
const HEIGHT = 150;

/** Pages by score: those that were kept stand up, those that were dropped hang down. */
export function histogram({ edges, kept, dropped }: Histogram): Chart {
  const bins = kept.map((up, i) => ({ from: edges[i]!, to: edges[i + 1]!, up, down: -(dropped[i] ?? 0) }));
  return (plot) => ({
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 44,
    marginRight: 10,
    marginTop: 10,
    marginBottom: 22,
    x: { label: null, ticks: 5, tickSize: 4 },
    y: { label: null, ticks: 4, tickSize: 0, tickFormat: magnitude },
    marks: [
      plot.gridY({ ticks: 4, stroke: "var(--rule)", strokeOpacity: 1 }),
      plot.rect(bins, { x1: "from", x2: "to", y1: 0, y2: "up", fill: "var(--kept)", insetLeft: 0.5 }),
      plot.rect(bins, { x1: "from", x2: "to", y1: 0, y2: "down", fill: "var(--dropped)", insetLeft: 0.5 }),
      plot.ruleY([0]),
      plot.text(["kept"], { frameAnchor: "top-right", dy: 4, fill: "var(--quiet)" }),
      plot.text(["dropped"], { frameAnchor: "bottom-right", dy: -6, fill: "var(--quiet)" }),
    ],
  });
}

const COMPACT = new Intl.NumberFormat("en", { notation: "compact" });

function magnitude(value: number): string {
  return COMPACT.format(Math.abs(value));
}
