import { createHash } from "node:crypto";
import {
  type Block,
  type Figure,
  type Inline,
  type Lead,
  type Line,
  piecesOf,
  type Section,
  type Table,
} from "./blocks.ts";
import { type Draw, openDrawing } from "./charts/draw.ts";
import { legend } from "./charts/legend.ts";
import { html, Markup } from "./markup.ts";
import { outlineOf } from "./outline.ts";
import type { ReportData } from "./report-data.ts";
import { STYLESHEET } from "./stylesheet.ts";

/** A table with more columns than this may be wider than the page: it scrolls, and takes the keyboard's focus for that. */
const COLUMNS_THAT_FIT = 4;

/** Nothing is fetched, run or sent, whatever a crawled page's text may contain. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLESHEET).digest("base64")}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The report as one HTML file: no script, nothing that is loaded. Equal data, equal bytes. */
export async function reportHtml(data: ReportData): Promise<string> {
  const { title, lead, sections, measured } = outlineOf(data);
  const page = new Page(await openDrawing());
  const body = [...sections, measured].map((section) => page.section(section));
  const links = [...sections, measured].map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}: ${lead.conclusion}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLESHEET)}</style>
</head>
<body>
<a class="skip" href="#verdicts">Skip to the verdicts</a>
<main>
${header(title, lead)}
<nav aria-label="Contents"><ul>${links}</ul></nav>
${body}</main>
</body>
</html>
`.source;
}

function header(title: string, lead: Lead): Markup {
  const warning =
    lead.warning === undefined
      ? undefined
      : html`<p class="warning" role="note"><b>${lead.warning}.</b> <a href="#warnings">Read in full</a> before believing the conclusion.</p>
`;
  return html`<header>
<p class="kind">A comparison of curation variants, by sluice</p>
<h1>${title}</h1>
<p><b>Hypothesis.</b> ${prose(lead.hypothesis)}</p>
<p class="conclusion"><strong>${prose(lead.conclusion)}</strong></p>
${warning}<dl>
<dt>Expected</dt><dd>${lead.expectation}</dd>
<dt>Came out</dt><dd>${lead.outcome}</dd>
<dt>Scale</dt><dd>${lead.setting}</dd>
</dl>
</header>`;
}

/** Writes blocks, and numbers what is numbered. */
class Page {
  readonly #draw: Draw;
  #figures = 0;
  #tables = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  section({ id, title, blocks }: Section): Markup {
    return html`<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${title}</h2>
${blocks.map((block) => this.#block(block))}</section>
`;
  }

  #block(block: Block): Markup {
    switch (block.kind) {
      case "paragraph":
        return html`<p>${inline(block.line)}</p>
`;
      case "list":
        return html`<ul>${block.lines.map((line) => html`<li>${inline(line)}</li>`)}</ul>
`;
      case "terms":
        return html`<dl>${block.terms.map(([name, value]) => html`<dt>${name}</dt><dd>${inline(value)}</dd>`)}</dl>
`;
      case "table":
        return block.isFolded === true ? this.#folded(block.table) : this.#shown(block.table);
      case "figure":
        return this.#figure(block.figure);
      case "quote":
        return html`<details><summary>${inline(block.label)}</summary>
<pre dir="auto">${block.text}</pre></details>
`;
    }
  }

  #figure({ id, title, caption, arms, panels, table, isTableShown }: Figure): Markup {
    this.#figures++;
    const name = `figure-${id}`;
    const shown = isTableShown === true ? this.#shown(table) : undefined;
    const folded = isTableShown === true ? undefined : this.#folded(table);
    const key = arms === undefined ? undefined : this.#draw(legend(arms), `${name}-legend`, "Legend", arms.join(", "));
    const charts = panels.map((panel, i) =>
      this.#draw(
        panel.chart,
        `${name}-${i + 1}`,
        panel.title,
        `${caption} The table with this figure holds its numbers.`,
      ),
    );
    const drawn =
      charts.length === 1
        ? html`<div class="chart scroll" tabindex="0" role="group" aria-label="Chart: ${title}">${key}${charts}</div>
`
        : html`<div class="panels">${charts.map((chart, i) => html`<div><p><b>${panels[i]!.title}</b> <span>${panels[i]!.note}</span></p>${chart}</div>`)}</div>
`;
    return html`<figure id="${name}" aria-labelledby="${name}-caption">
<figcaption id="${name}-caption"><b>Figure ${this.#figures}. ${title}.</b> <span>${prose(caption)}</span></figcaption>
${shown}${drawn}${folded}</figure>
`;
  }

  #folded(table: Table): Markup {
    const id = this.#nextTable();
    return html`<details><summary id="${id}">Table: ${prose(table.caption)}</summary>
${tableOf(table, id)}</details>
`;
  }

  #shown(table: Table): Markup {
    const id = this.#nextTable();
    return html`<div class="table"><p class="caption" id="${id}">${prose(table.caption)}</p>
${tableOf(table, id)}</div>
`;
  }

  #nextTable(): string {
    this.#tables++;
    return `table-${this.#tables}`;
  }
}

/** `id` is of what tells its caption: a table that scrolls would take a caption of its own out of sight. */
function tableOf({ columns, rows, marked, anchor }: Table, id: string): Markup {
  const classOf = (column: number) => {
    const { numeric, isWide } = columns[column]!;
    return numeric === true ? html` class="n"` : isWide === true ? html` class="w"` : undefined;
  };
  const head = columns.map(({ head }, i) => html`<th scope="col"${classOf(i)}>${head}</th>`);
  const body = rows.map((row, r) => {
    const cells = row.map((cell, i) =>
      i === 0 ? html`<th scope="row"${classOf(i)}>${inline(cell)}</th>` : html`<td${classOf(i)}>${inline(cell)}</td>`,
    );
    const name = anchor === undefined ? undefined : html` id="${anchor(r)}"`;
    return html`<tr${name}${marked?.has(r) === true ? html` class="marked"` : undefined}>${cells}</tr>
`;
  });
  const focus =
    columns.length > COLUMNS_THAT_FIT ? html` tabindex="0" role="region" aria-labelledby="${id}"` : undefined;
  return html`<div class="scroll"${focus}><table aria-labelledby="${id}">
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table></div>
`;
}

/** A number and its percent sign stay on one line. */
function prose(text: string): string {
  return text.replace(/(?<=\d) %/g, "\u00a0%");
}

function inline(line: Line): Markup[] {
  return piecesOf(line).map((piece: Inline) => {
    if (typeof piece === "string") return html`${prose(piece)}`;
    if ("strong" in piece) return html`<strong>${piece.strong}</strong>`;
    if ("code" in piece) return html`<code>${piece.code}</code>`;
    if ("link" in piece) return html`<a href="#${piece.to}">${piece.link}</a>`;
    return html`<br>`;
  });
}
