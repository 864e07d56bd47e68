import type { Chart } from "./draw.ts";

export interface Histogram {
  /** One more than bins. */
  readonly edges: readonly number[];
  readonly kept: readonly number[];
  readonly dropped: readonly number[];
}

const WIDTH = 384;
const HEIGHT = 150;

/** Edges that are named below the axis, at most. */
const MOST_TICKS = 6;
/** Of the taller side, what the other one has at least: room for its name. */
const LEAST_SIDE = 0.22;

/**
 * Pages by score: those that were kept stand up, those that were dropped hang down. Bins are equally wide, whatever they
 * span: edges that grow by powers would leave most of them too thin to be seen.
 */
export function histogram({ edges, kept, dropped }: Histogram): Chart {
  const bins = kept.map((up, i) => ({ from: i, to: i + 1, up, down: -(dropped[i] ?? 0) }));
  const up = Math.max(1, ...kept);
  const down = Math.max(1, ...dropped);
  const every = Math.ceil(edges.length / MOST_TICKS);
  const ticks = [...edges.keys()].filter((i) => i % every === 0);
  return (plot) => ({
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 44,
    marginRight: 18,
    marginTop: 10,
    marginBottom: 22,
    x: { label: null, domain: [0, bins.length], ticks, tickSize: 4, tickFormat: (i: number) => magnitude(edges[i]!) },
    y: {
      label: null,
      domain: [-Math.max(down, LEAST_SIDE * up), Math.max(up, LEAST_SIDE * down)],
      ticks: 4,
      tickSize: 0,
      tickFormat: (pages: number) => magnitude(Math.abs(pages)),
    },
    marks: [
      plot.gridY({ ticks: 4, stroke: "var(--rule)", strokeOpacity: 1 }),
      plot.rect(bins, { x1: "from", x2: "to", y1: 0, y2: "up", fill: "var(--kept)", insetLeft: 0.5 }),
      plot.rect(bins, { x1: "from", x2: "to", y1: 0, y2: "down", fill: "var(--dropped)", insetLeft: 0.5 }),
      plot.ruleY([0]),
      plot.text(["kept"], { frameAnchor: "top-right", dy: 4, fill: "var(--quiet)" }),
      plot.text(["dropped"], { frameAnchor: "bottom-right", dy: -2, fill: "var(--quiet)" }),
    ],
  });
}

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 2 });

function magnitude(value: number): string {
  return COMPACT.format(value);
}
