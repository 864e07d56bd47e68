import type { PlotOptions } from "@observablehq/plot";
import { html, Markup } from "../markup.ts";
import { type SvgNode, svgSource } from "./svg.ts";

export type PlotLibrary = typeof import("@observablehq/plot");

/** A chart is what Observable Plot is asked for; the library is handed in, since it is loaded only where a report is made. */
export type Chart = (plot: PlotLibrary) => PlotOptions;

/** A chart as static SVG. `id` is unlike any other in its page. */
export type Draw = (chart: Chart, id: string, title: string, description: string) => Markup;

/** Pixels. The widest that a chart is, and the size of its letters. */
export const CHART_WIDTH = 800;
export const FONT_SIZE = 12;

/** Loads Plot, and linkedom for it to draw into. */
export async function openDrawing(): Promise<Draw> {
  const [plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return (chart, id, title, description) => {
    const options = chart(plot);
    const svg = plot.plot({ ...options, document } as PlotOptions) as unknown as SvgNode;
    const attributes = new Map([...svg.attributes].map(({ name, value }) => [name, value]));
    const [width, height] = [attributes.get("width"), attributes.get("height")];
    const names = html`<title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>`;
    return html`<svg role="img" aria-labelledby="${id}-title ${id}-desc" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-size="${FONT_SIZE}" text-anchor="middle" fill="currentColor">${names}${new Markup(svgSource(svg.childNodes))}</svg>`;
  };
}
