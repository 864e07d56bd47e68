import { armColour, armSymbol } from "./arms.ts";
import { CHART_WIDTH, type Chart } from "./draw.ts";
import { shorten, textWidth } from "./labels.ts";

const LINE_HEIGHT = 20;

/** Which colour and shape is which arm. */
export function legend(arms: readonly string[]): Chart {
  let x = 8;
  let line = 0;
  const entries = arms.map((arm, index) => {
    const label = shorten(arm, 40);
    const width = textWidth(label) + 36;
    if (x + width > CHART_WIDTH && x > 8) [x, line] = [8, line + 1];
    const entry = { label, index, x, y: line * LINE_HEIGHT + LINE_HEIGHT / 2 };
    x += width;
    return entry;
  });
  return (plot) => ({
    width: CHART_WIDTH,
    height: LINE_HEIGHT * (line + 1),
    margin: 0,
    axis: null,
    x: { type: "identity" },
    y: { type: "identity" },
    symbol: { type: "identity" },
    color: { type: "identity" },
    marks: [
      plot.dot(entries, {
        x: "x",
        y: "y",
        r: 4.5,
        symbol: ({ index }: { index: number }) => armSymbol(index),
        fill: ({ index }) => armColour(index),
      }),
      plot.text(entries, { x: "x", y: "y", dx: 10, text: "label", textAnchor: "start" }),
    ],
  });
}
