import { count, percent } from "../numbers.ts";
import { armColour } from "./arms.ts";
import { CHART_WIDTH, type Chart } from "./draw.ts";
import { shorten, widest } from "./labels.ts";

export interface Funnel {
  readonly label: string;
  /** By step, pages that passed; a step that the arm does not have is absent. */
  readonly pages: ReadonlyMap<string, number>;
}

const ROW_HEIGHT = 20;

/** A column an arm, a row a step: pages that are left after it. */
export function funnel(all: readonly Funnel[], steps: readonly string[]): Chart {
  const columns = all.length <= 4 ? all.length : 3;
  const lines = Math.ceil(all.length / columns);
  const place = (panel: number) => ({ fx: panel % columns, fy: Math.floor(panel / columns) });
  const shortened = new Map(steps.map((step) => [step, shorten(step, 24)]));
  const bars = all.flatMap(({ pages }, arm) => {
    const first = Math.max(...pages.values(), 1);
    return [...pages].map(([step, left]) => ({
      step,
      left,
      arm,
      note: `${count(left)} (${percent(left / first, 0)})`,
      ...place(arm),
    }));
  });
  const labels = all.map(({ label }, panel) => ({ label: shorten(label, Math.floor(90 / columns)), ...place(panel) }));
  return (plot) => ({
    width: CHART_WIDTH,
    height: lines * (ROW_HEIGHT * steps.length + 40) + 10,
    marginLeft: widest([...shortened.values()]) + 14,
    marginRight: 100,
    marginTop: 26,
    marginBottom: 6,
    fx: { axis: null, padding: 0.5, paddingOuter: 0 },
    fy: { axis: null, padding: 0.2 },
    x: { axis: null, zero: true },
    y: {
      type: "band",
      domain: steps,
      label: null,
      tickSize: 0,
      padding: 0.25,
      tickFormat: (step: string) => shortened.get(step)!,
    },
    color: { type: "identity" },
    marks: [
      plot.barX(bars, { x: "left", y: "step", fx: "fx", fy: "fy", fill: ({ arm }) => armColour(arm) }),
      plot.text(bars, { x: "left", y: "step", fx: "fx", fy: "fy", text: "note", textAnchor: "start", dx: 4 }),
      plot.text(labels, { text: "label", fx: "fx", fy: "fy", frameAnchor: "top-left", dy: -16, fontWeight: 600 }),
    ],
  });
}
