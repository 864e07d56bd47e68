import assert from "node:assert/strict";
import { test } from "node:test";
import { renderBlocks, type TextFormat } from "../../stages/extract/blocks/render.ts";
import { readPage } from "../../stages/extract/blocks/scanner.ts";

function rendered(html: string, format: TextFormat, drop: readonly number[] = []): string {
  const page = readPage(html, { withMarks: format === "markdown" });
  const keep = new Uint8Array(page.count).fill(1);
  for (const block of drop) keep[block] = 0;
  return renderBlocks(page, keep, format);
}

const cases: readonly [name: string, html: string, text: string, markdown: string][] = [
  ["nothing", "", "", ""],
  ["paragraphs are apart by an empty line", "<p>one<p>two<br>lines", "one\n\ntwo\nlines", "one\n\ntwo\nlines"],
  ["headings", "<h1>One</h1><h3>Two<br>lines</h3>a", "One\n\nTwo\nlines\n\na", "# One\n\n### Two lines\n\na"],
  ["lists", "a<ul><li>b<li>c</ul>d", "a\n\n- b\n- c\n\nd", "a\n\n- b\n- c\n\nd"],
  [
    "lists in lists",
    "<ol><li>a<ul><li>b<br>b</ul>more<li>c</ol>",
    "- a\n- b\nb\nmore\n- c",
    "1. a\n   - b\n     b\n\n   more\n2. c",
  ],
  ["two lists", "<ul><li>a</ul><ul><li>b</ul>", "- a\n\n- b", "- a\n\n- b"],
  [
    "tables",
    "<table><tr><th>a<th>b<tr><td>1|2<td>3</table><table><tr><td>4<td>5</table>",
    "a\tb\n1|2\t3\n\n4\t5",
    "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |\n\n| 4 | 5 |\n| --- | --- |",
  ],
  ["code", "a<pre>\n  if x:\n\ty</pre>b", "a\n\n  if x:\n\ty\n\nb", "a\n\n```\n  if x:\n\ty\n```\n\nb"],
  ["code with fences in it", "<pre>````\nx</pre>", "````\nx", "`````\n````\nx\n`````"],
  ["quotes", "<blockquote>a<br>b</blockquote>c", "a\nb\n\nc", "> a\n> b\n\nc"],
  ["definitions", "<dl><dt>a<dd>b<dt>c<dd>d</dl>", "a\nb\nc\nd", "a\n: b\nc\n: d"],
];
for (const [name, html, text, markdown] of cases) {
  test(`rendered blocks: ${name}`, () => {
    assert.equal(rendered(html, "text"), text);
    assert.equal(rendered(html, "markdown"), markdown);
  });
}

test("what is not kept leaves nothing, and the first kept block of an item gets its mark", () => {
  assert.equal(rendered("<p>a<ul><li><p>b<p>c<li>d</ul>", "text", [0, 1]), "- c\n- d");
  assert.equal(rendered("<ol><li>a<li>b</ol>", "markdown", [0]), "1. b");
  assert.equal(rendered("<p>a", "text", [0]), "");
});

test("lone surrogates become U+FFFD", () => {
  assert.equal(rendered("<p>a\ud800b<p>\udc00<pre>\ud83d</pre>", "text"), "a\ufffdb\n\n\ufffd\n\n\ufffd");
});

test("long blocks are whole", () => {
  const long = "ab ".repeat(100_000).trim();
  assert.equal(rendered(`<p>${long}<p>€${long}`, "text"), `${long}\n\n€${long}`);
});

test("text is never longer than its HTML, Markdown no longer than ten times that", () => {
  const dense = [
    ..."<p>x|<li>x|<ul><li>x|<ol><li>x|<h6>x|<dt>x|<dd>x|<pre>x|<blockquote>x|x<hr>|x<br>|x<br><br>".split("|"),
    ..."<tr><td>x<td>x|<table><tr><td>x<td>x|<td>x|<td colspan=99>x|<td rowspan=99>x|<li><pre>*\n|<a href>x|<a href=()>x|<b>x|&ampx|&#9x|&nGt;|&nvlt;x|<div>x</div>".split(
      "|",
    ),
  ];
  for (const unit of dense) {
    for (const html of [
      unit.repeat(200),
      `<ul><ul><ul><ul><ul><ul>${unit.repeat(200)}`,
      `<table><tr>${unit.repeat(200)}`,
    ]) {
      assert.ok(rendered(html, "text").length <= html.length, unit);
      assert.ok(rendered(html, "markdown").length <= 10 * html.length, unit);
    }
  }
});
