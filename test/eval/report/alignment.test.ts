import assert from "node:assert/strict";
import { test } from "node:test";
import { reportHtml, reportMarkdown, reportSummary } from "../../../eval/report/index.ts";
import { leadOf } from "../../../eval/report/outline.ts";
import { alignedData, hostileData, reportData } from "./fixture.ts";
import { named, parsePage, rowsOf } from "./page.ts";

const SENTENCE = "The verdict is no longer resolved after taught and grpo: gopher was better, and neither is now.";

test("the lead and the terminal say what is left of the verdict", () => {
  assert.ok(leadOf(alignedData()).conclusion.endsWith(` as expected. ${SENTENCE}`));
  assert.ok(reportSummary(alignedData()).split("\n").includes(SENTENCE));
  assert.equal(leadOf(reportData()).conclusion, reportData().conclusion.sentence);
});

test("a report without alignment has no word of it", () => {
  assert.doesNotMatch(reportMarkdown(reportData()), /alignment/i);
});

test("Markdown tells arms, fates and pairs, and what stages took", () => {
  const markdown = sectionOf(reportMarkdown(alignedData()));
  for (const part of [
    `**${SENTENCE}**`,
    "Every model went through taught (sft), then grpo, with the same settings and data",
    "Verdicts here rest on the seeds at hand, before as after",
    "| Arm | Before | After taught | After grpo | Change after taught | Change after grpo |",
    "| language only | 2.1312 [2.1012, 2.1612] | 2.1312 [2.1012, 2.1612] | 2.1412 [2.1112, 2.1712] | +0.0213 [+0.0102, +0.0324] | +0.0213 [+0.0102, +0.0324] |",
    "| gopher | 0.020 [−0.030, 0.070] | 0.410 [0.360, 0.460] | 0.610 [0.560, 0.660] | +0.410 [+0.360, +0.460] | +0.410 [+0.360, +0.460] |",
    "| Pair | Metric | Before | After taught | After grpo | Change of the difference | Verdict |",
    "After taught, Kendall’s τ of the arms’ order before and after is +0.80 in bits per byte, of scores –, of bits per byte before and scores after +0.40;",
    "| Stage | Method | labelTokens | rolloutTokens |",
    "| taught | sft | 33,658 | – |",
  ]) {
    assert.ok(plain(markdown).includes(part), `${part}\n${markdown}`);
  }
  // The pair of the hypothesis is marked, each metric has its row.
  const row =
    "| gopher vs language only | bits per byte | better | better | not resolved | +0.0075 [0.0000, +0.0150] |";
  assert.ok(plain(markdown).replaceAll("**", "").includes(row), markdown);
  assert.match(markdown, /\| gopher vs language only \| score \| not resolved \|.*\| no longer resolved \|/);
});

test("the page has a slope chart for each metric, and the tables that Markdown has", async () => {
  const { root } = parsePage(await reportHtml(alignedData()));
  const section = named(root, "section").find(({ attributes }) => attributes.id === "alignment")!;
  const captions = named(section, "table").map((table) => rowsOf(table).length);
  // Arms in two metrics; pairs in three rows; pairs at three times in two metrics; stages. A head each.
  assert.deepEqual(captions, [1 + 5, 1 + 5, 1 + 30, 1 + 60, 1 + 2]);
  const charts = named(section, "svg").filter(({ attributes }) => attributes.role === "img");
  assert.equal(charts.length, 4, "a legend and a chart, twice");
});

test("names that somebody else chose cannot break out", async () => {
  const html = await reportHtml(hostileData(alignedData()));
  assert.doesNotMatch(html, /<script>alert|<img/);
  const markdown = sectionOf(reportMarkdown(hostileData(alignedData())));
  assert.doesNotMatch(markdown.replace(/\\</g, ""), /<script/);
});

function sectionOf(markdown: string): string {
  const from = markdown.indexOf("## After alignment");
  return markdown.slice(from, markdown.indexOf("\n## ", from + 1));
}

function plain(markdown: string): string {
  return markdown.replace(/\\([^\w\s])/g, "$1").replaceAll("\u00a0", " ");
}
