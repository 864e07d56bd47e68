import assert from "node:assert/strict";
import { test } from "node:test";
import { reportHtml, reportMarkdown } from "../../../eval/report/index.ts";
import { alignedData, hostileData, reportData, singleSeedData } from "./fixture.ts";
import { named, parsePage, rowsOf } from "./page.ts";

for (const [name, data] of [
  ["five arms", reportData()],
  ["one seed", singleSeedData()],
  ["aligned", alignedData()],
] as const) {
  test(`${name}: Markdown has every table of the page, cell by cell`, async () => {
    const { root } = parsePage(await reportHtml(data));
    const inPage = named(root, "table").map((table) =>
      rowsOf(table).map((row) => row.map((cell) => cell.replaceAll("\u00a0", " "))),
    );
    assert.deepEqual(tablesOf(reportMarkdown(data)), inPage);
  });
}

test("foreign strings cannot break out of a cell, open a tag or make a link", () => {
  const markdown = reportMarkdown(hostileData());
  const outside = markdown
    .replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "")
    .replace(/(?<![\\`])(`+)(?!`).*?[^`]\1(?!`)/g, "");
  assert.equal(outside.match(/.{0,60}(?<!\\)<(?!br>|!-- |!-- \/).*/)?.[0], undefined);
  assert.equal(outside.match(/.{0,60}(?<!\\)\]\(.*/)?.[0], undefined);
  assert.doesNotMatch(markdown, /[\0-\x08\x0b-\x1f\x7f]/);
  for (const table of tablesOf(markdown)) assert.deepEqual(new Set(table.map(({ length }) => length)).size, 1);
  assert.deepEqual(
    tablesOf(markdown).map(({ length }) => length),
    tablesOf(reportMarkdown(reportData())).map(({ length }) => length),
  );
});

test("what was measured stands between two comments, and nothing else changes with it", () => {
  const cut = (markdown: string) => markdown.replace(/<!-- measured -->[\s\S]*<!-- \/measured -->/, "");
  const data = reportData();
  const markdown = reportMarkdown(data);
  assert.equal(reportMarkdown(reportData()), markdown);
  const other = reportMarkdown({ ...data, measured: { machine: "another", seconds: 1, units: [] } });
  assert.notEqual(other, markdown);
  assert.equal(cut(other), cut(markdown));
  assert.doesNotMatch(cut(markdown), /Xeon|EUR/);
});

/** Tables' cells as text, the head first. */
function tablesOf(markdown: string): string[][][] {
  const tables: string[][][] = [];
  let open: string[][] | undefined;
  for (const line of markdown.split("\n")) {
    if (!line.startsWith("| ")) {
      open = undefined;
      continue;
    }
    if (/^\| -/.test(line)) continue;
    if (open === undefined) {
      open = [];
      tables.push(open);
    }
    const cells = line.slice(1, -1).split(/(?<!\\)\|/);
    open.push(cells.map((cell) => textOf(cell.trim())));
  }
  return tables;
}

function textOf(cell: string): string {
  return cell
    .replace(/^\*\*(.*)\*\*$/, "$1")
    .replaceAll("<br>", "\n")
    .replace(/(`+)(.*?)\1(?!`)/g, "$2")
    .replace(/\\([^\w\s])/g, "$1")
    .replaceAll("\n", "");
}
