/** The loss curve as a picture, and in a line of text. */
import { type LogEntry, type LossPoint, lossesOf } from "./log.ts";

const WIDTH = 720;
const HEIGHT = 360;
const MARGIN = { top: 24, right: 24, bottom: 40, left: 56 };
const INK = "#333";
const TRAINED = "#4878a8";
const HELD_OUT = "#d07030";
/** A curve of more points than pixels shows none of them better. */
const MOST_POINTS = 600;

/** SVG: the loss of each step (pale), its running mean, and what was measured on held-out text. */
export function lossCurveSvg(entries: readonly LogEntry[], title: string): string {
  const trained = lossesOf(entries, "step");
  const heldOut = lossesOf(entries, "evaluation");
  const smooth = runningMean(trained);
  const all = [...smooth, ...heldOut];
  if (all.length === 0) return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}"/>\n`;
  const lastStep = Math.max(...all.map(({ step }) => step));
  const low = Math.min(...all.map(({ loss }) => loss));
  const high = Math.max(...all.map(({ loss }) => loss));
  const room = Math.max(high - low, 1e-3) * 0.05;
  const x = (step: number) => MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * step) / lastStep;
  const y = (loss: number) =>
    MARGIN.top + ((HEIGHT - MARGIN.top - MARGIN.bottom) * (high + room - loss)) / (high - low + 2 * room);
  const line = (points: readonly LossPoint[]) =>
    thinned(points)
      .map(({ step, loss }) => `${x(step).toFixed(1)},${Math.max(MARGIN.top, y(loss)).toFixed(1)}`)
      .join(" ");
  const stroke = (color: string, width: number, opacity = 1) =>
    `fill="none" stroke="${color}" stroke-width="${width}" stroke-opacity="${opacity}"`;
  const parts = [
    ...ticksOf(low, high).map((loss) => gridLine(y(loss), label(loss))),
    ...ticksOf(0, lastStep).map(
      (step) => `<text x="${x(step)}" y="${HEIGHT - 16}" text-anchor="middle">${step}</text>`,
    ),
    `<polyline points="${line(trained)}" ${stroke(TRAINED, 1, 0.25)}/>`,
    `<polyline points="${line(smooth)}" ${stroke(TRAINED, 2)}/>`,
    heldOut.length > 0 ? `<polyline points="${line(heldOut)}" ${stroke(HELD_OUT, 2)}/>` : "",
    ...heldOut.map(
      ({ step, loss }) => `<circle cx="${x(step).toFixed(1)}" cy="${y(loss).toFixed(1)}" r="2.5" fill="${HELD_OUT}"/>`,
    ),
    `<text x="${MARGIN.left}" y="16">${escaped(title)}: nats a token by step</text>`,
    `<text x="${WIDTH - MARGIN.right}" y="16" text-anchor="end"><tspan fill="${TRAINED}">training</tspan>${heldOut.length > 0 ? ` <tspan fill="${HELD_OUT}">held out</tspan>` : ""}</text>`,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="${INK}">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${parts.filter((part) => part !== "").join("\n")}
</svg>
`;
}

function gridLine(y: number, text: string): string {
  return `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="#ddd"/><text x="${MARGIN.left - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end">${text}</text>`;
}

/** Some five round numbers between two. */
function ticksOf(from: number, to: number): number[] {
  const rough = Math.max(to - from, 1e-6) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, n) => (first + n) * step);
}

function label(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** Mean over the last steps, a fiftieth of all. */
function runningMean(points: readonly LossPoint[]): LossPoint[] {
  const window = Math.max(1, Math.round(points.length / 50));
  let sum = 0;
  return points.map(({ step, loss }, n) => {
    sum += loss - (n >= window ? points[n - window]!.loss : 0);
    return { step, loss: sum / Math.min(n + 1, window) };
  });
}

function thinned(points: readonly LossPoint[]): readonly LossPoint[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return every <= 1 ? points : points.filter((_, n) => n % every === 0 || n === points.length - 1);
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]!);
}

const BARS = "▁▂▃▄▅▆▇█";

/** The curve in a line: means of as many parts of it as there are characters. */
export function sparkline(losses: readonly number[], characters: number): string {
  const count = Math.min(characters, losses.length);
  const means = Array.from({ length: count }, (_, n) => {
    const part = losses.slice(Math.floor((n * losses.length) / count), Math.floor(((n + 1) * losses.length) / count));
    return part.reduce((sum, loss) => sum + loss, 0) / part.length;
  });
  const low = Math.min(...means);
  const span = Math.max(...means) - low;
  return means.map((mean) => BARS[span === 0 ? 0 : Math.min(7, Math.floor((8 * (mean - low)) / span))]).join("");
}
