import { type Block, type Inline, type Line, piecesOf, type Section, type Table } from "./blocks.ts";
import { printable } from "./markup.ts";
import { outlineOf } from "./outline.ts";
import type { ReportData } from "./report-data.ts";

/** The report's text and tables, as GitHub flavoured Markdown. What the machine measured stands between two comments. */
export function reportMarkdown(data: ReportData): string {
  const { title, lead, sections, measured } = outlineOf(data);
  const parts = [
    `# ${escaped(title)}`,
    `**Hypothesis.** ${escaped(lead.hypothesis)}`,
    `**${escaped(lead.conclusion)}**`,
    ...(lead.warning === undefined
      ? []
      : [`> **${escaped(lead.warning)}.** Read in full below, before believing the conclusion.`]),
    [
      `- Expected: ${escaped(lead.expectation)}`,
      `- Came out: ${lead.outcome}`,
      `- Scale: ${escaped(lead.setting)}`,
    ].join("\n"),
    ...sections.map(sectionOf),
    `<!-- measured -->\n\n${sectionOf(measured)}\n\n<!-- /measured -->`,
  ];
  return `${parts.join("\n\n")}\n`;
}

function sectionOf({ title, blocks }: Section): string {
  return [`## ${escaped(title)}`, ...blocks.map(blockOf)].join("\n\n");
}

function blockOf(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return lineOf(block.line);
    case "list":
      return block.lines.map((line) => `- ${lineOf(line)}`).join("\n");
    case "terms":
      return block.terms.map(([name, value]) => `- ${escaped(name)}: ${lineOf(value)}`).join("\n");
    case "table":
      return tableOf(block.table);
    case "figure":
      return `**${escaped(block.figure.title)}.** ${escaped(block.figure.caption)}\n\n${tableOf(block.figure.table)}`;
    case "quote":
      return `${lineOf(block.label)}\n\n${fenced(block.text)}`;
  }
}

function tableOf({ caption, columns, rows, marked }: Table): string {
  const lines = [
    columns.map(({ head }) => escaped(head)),
    columns.map(({ numeric }) => (numeric === true ? "---:" : "---")),
    ...rows.map((row, r) => row.map((cell) => (marked?.has(r) === true ? `**${lineOf(cell)}**` : lineOf(cell)))),
  ];
  return `${escaped(caption)}\n\n${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}`;
}

function lineOf(line: Line): string {
  return piecesOf(line)
    .map((piece: Inline) => {
      if (typeof piece === "string") return escaped(piece);
      if ("strong" in piece) return `**${escaped(piece.strong)}**`;
      if ("code" in piece) return codeOf(piece.code);
      if ("link" in piece) return escaped(piece.link);
      return "<br>";
    })
    .join("");
}

/** Text that is text, in tables too: no markup, no HTML, one line. */
function escaped(text: string): string {
  return printable(text)
    .replace(/\s+/g, " ")
    .replace(/[\\`*<>|~&$]|(?<!\w)_|_(?!\w)|\](?=[([:])/g, "\\$&");
}

/** A code span whose fence is longer than any run of backticks in it. A table's cells end at any bar, even there. */
function codeOf(code: string): string {
  const line = printable(code).replace(/\s+/g, " ").replaceAll("|", "\\|");
  const fence = "`".repeat(1 + longestRun(line));
  const gap = /^`|`$/.test(line) ? " " : "";
  return line === "" ? "" : `${fence}${gap}${line}${gap}${fence}`;
}

function fenced(text: string): string {
  const fence = "`".repeat(Math.max(3, 1 + longestRun(text)));
  return `${fence}text\n${printable(text)}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}
