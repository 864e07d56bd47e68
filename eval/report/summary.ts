import { piecesOf } from "./blocks.ts";
import { printable } from "./markup.ts";
import { leadOf } from "./outline.ts";
import type { ReportData } from "./report-data.ts";
import { pairDecimals, verdictTable } from "./sections/verdicts.ts";
import { metricUnit } from "./sections/words.ts";

/** What a comparison came to, in a few lines for the terminal. */
export function reportSummary(data: ReportData): string {
  const { columns, rows } = verdictTable(data, pairDecimals(data));
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => row.map((cell) => oneLine(textOf(cell))))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  const table = cells.map((row) =>
    row
      .map((cell, i) => (columns[i]!.numeric === true ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
  const { setting, outcome } = leadOf(data);
  return [
    `${oneLine(data.experiment.name)}: ${setting}`,
    `Differences in ${metricUnit(data.experiment.metric)}; below zero the first arm is better.`,
    "",
    ...table,
    "",
    `${oneLine(data.conclusion.sentence)} (${outcome})`,
    ...(data.alignment === undefined ? [] : [oneLine(data.alignment.conclusion.sentence)]),
    ...data.warnings.map(({ kind, message }) => oneLine(`warning: ${kind}: ${message}`)),
  ].join("\n");
}

function textOf(cell: Parameters<typeof piecesOf>[0]): string {
  return piecesOf(cell)
    .map((piece) => (typeof piece === "string" ? piece : Object.values(piece)[0]))
    .join("");
}

function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, " ");
}
