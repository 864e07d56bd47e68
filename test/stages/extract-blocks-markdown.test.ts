/**
 * Markdown of blocks. What is expected here was read by commonmark.js 0.31 and markdown-it 14; both find in the Markdown
 * of every HTML page of the shared crawl, all blocks kept, the text that the blocks have.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../pipeline/random.ts";
import { renderBlocks } from "../../stages/extract/blocks/render.ts";
import { readPage } from "../../stages/extract/blocks/scanner.ts";
import { needsShared } from "../shared.ts";
import { sampleOfCrawl } from "./crawl-sample.ts";

function markdown(html: string, withLinks = false): string {
  const page = readPage(html, { withMarks: true });
  return renderBlocks(page, new Uint8Array(page.count).fill(1), "markdown", withLinks);
}

const cases: readonly [name: string, html: string, markdown: string][] = [
  ["paragraphs of an item", "<ul><li><p>a<p>b<br>c<li>d</ul>", "- a\n\n  b\n  c\n- d"],
  ["code in an item", "<ol><li>a<li>b<pre>c\n\nd</pre><li>e</ol>", "1. a\n2. b\n\n   ```\n   c\n\n   d\n   ```\n3. e"],
  ["a heading in an item", "<ul><li><h3>a</h3><p>b</ul>", "- ### a\n\n  b"],
  ["an item without text of its own", "<ul><li><ul><li>a</ul><li>b</ul>", "- - a\n- b"],
  [
    "numbers are as wide as they are",
    `<ol>${"<li>a".repeat(10)}<p>b</ol>`,
    `${Array.from({ length: 10 }, (_, n) => `${n + 1}. a`).join("\n")}\n\n    b`,
  ],
  ["quotes of several blocks", "<blockquote>a<br>b<ul><li>c<li>d</ul></blockquote>e", "> a\n> b\n>\n> - c\n> - d\n\ne"],
  ["a quote in an item", "<ul><li>a<blockquote>b<p>c</blockquote></ul>", "- a\n\n  > b\n  >\n  > c"],
  ["a code's language", '<pre><code class="language-js">a</code></pre>', "```js\na\n```"],
  ["gaps of a table", "<table><tr><td>a<td>b<td>c<tr><td>d<td><td>e</table>", row("a|b|c", "d||e")],
  ["cells of two columns", "<table><tr><td>a<td>b<td>c<tr><td colspan=2>d<td>e</table>", row("a|b|c", "d||e")],
  ["cells of two rows", "<table><tr><td rowspan=2>a<td>b<td>c<tr><td>d<td>e</table>", row("a|b|c", "|d|e")],
  ["a head narrower than its rows", "<table><tr><td>a<td>b<tr><td>c<td>d<td>e</table>", row("a|b|", "c|d|e")],
  ["a table of one column is none", "<table><tr><td>a<tr><td>b</table>", "a\n\nb"],
  [
    "a text between rows",
    `<table><tr><td>a<td>b<tr><td colspan=2>c<tr><td>d<td>e</table>`,
    `${row("a|b")}\n\nc\n\n${row("d|e")}`,
  ],
  ["pipes in cells, and in code there", "<table><tr><td>a|b<td><code>c|d</code></table>", row("a\\|b|`c\\|d`")],
  ["bold type and emphasis", "a <b>b</b>, <i>c <strong>d</strong> e</i>, <em>f</em>", "a **b**, *c **d** e*, *f*"],
  ["spaces stay outside", "a<b> b </b>c", "a **b** c"],
  ["no emphasis where none can begin", "a<b>(b)</b>c 漢<b>「字」</b>漢<b>字</b>", "a(b)c 漢「字」漢**字**"],
  ["nor two in a row", "<b>a</b><i>b</i>", "**a**b"],
  ["headings are bold as they are", "<h2><b>1. a</b> #</h2>", "## 1. a \\#"],
  ["code in text", "<code>a</code> <code>`b``c</code> <code>d\\</code>", "`a` ``` `b``c ``` `d\\`"],
  [
    "what would be markup",
    "a*b _c_ d_e `f` &lt;g> &amp;amp; ~~h~~ \\i \\*",
    "a\\*b \\_c\\_ d_e \\`f\\` \\<g> \\&amp; \\~\\~h\\~\\~ \\i \\\\\\*",
  ],
  ["a backslash before type", "a \\<b>b</b>", "a \\\\**b**"],
  ["brackets", "[a](b) [c] [d]: e", "[a\\](b) [c] [d\\]: e"],
  [
    "what would begin a block",
    "<p># a<br>&gt; b<br>- c<br>+ d<br>1. e<br>1<i>.</i> f<br>---<br>===<br>|-|-|<br>#g<br>1.5",
    "\\# a\n\\> b\n\\- c\n\\+ d\n1\\. e\n1\\. f\n\\---\n\\===\n\\|-|-|\n#g\n1.5",
  ],
  ["tasks", "<ul><li>[ ] a</ul>", "- \\[ ] a"],
];

/** Rows as "a|b", under a head. */
function row(head: string, ...rows: readonly string[]): string {
  const cells = (line: string) => line.split(/(?<!\\)\|/);
  const written = [cells(head), cells(head).map(() => "---"), ...rows.map(cells)];
  return written.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

for (const [name, html, expected] of cases) {
  test(`Markdown: ${name}`, () => assert.equal(markdown(html), expected));
}

test("links keep their address on request, and only if it leads elsewhere", () => {
  const html =
    'a!<a href="/b c(d)">e [f] <i>g</i></a> <a href=#h>i</a> <a href="javascript:j()">k</a> <a href=http://l>l</a>';
  assert.equal(markdown(html), "a!e [f] *g* i k l");
  assert.equal(markdown(html, true), "a\\![e \\[f\\] *g*](/b%20c%28d%29) i k [l](http://l)");
});

test("nothing in an address hides where it leads, or how it reads", () => {
  const html = ["java\nscript:j()", "\x01javascript:j()", "&#9;java&#10;script:j()", "/a\x16b\u202ec&shy;d e"]
    .map((href) => `<a href="${href}">x</a>`)
    .join(", ");
  assert.equal(markdown(html, true), "x, x, x, [x](/ab%E2%80%AEc%C2%ADd%20e)");
});

test("a link behind an exclamation mark is no picture, whatever it is set in", () => {
  const cases = [
    ["a!<b><a href=/x>b</a> c</b> d", "a!**[b](/x) c** d"],
    ["a!<b><i><a href=/x>b</a> c</i> d</b>", "a!***[b](/x) c* d**"],
    ["a!<b><a href=/x>b</a>(c)</b>d", "a\\![b](/x)(c)d"], // no emphasis where none can end
  ] as const;
  for (const [html, expected] of cases) assert.equal(markdown(html, true), expected);
});

test("lists deeper than four are beside each other, and gaps that cells do not pay for are left out", () => {
  assert.equal(markdown(`${"<ul><li>".repeat(6)}a`), "- - - - a");
  const wide = `<table><tr><td>a<td>b<tr><td>c<td colspan=60>d<td>e</table>`;
  assert.equal(markdown(wide), row("a|b|", "c|d|e"));
});

/** As it is read: without the signs that make Markdown, and without white space. */
function letters(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, "");
}

test("whatever the page, its words are all there, and the text is well formed", () => {
  const random = seededRandom(7);
  const parts = [
    ..."* ** _ ` `` [ ] ( ) ! # > - + 1. --- === | \\ ~~ ``` &lt; &amp;amp; word 漢字 「 😀 𝒳 \ud800 a:b".split(" "),
    ..."<b>|</b>|<i>|</i>|<code>|</code>|<a href=/x>|</a>|<p>|<li>|<ul>|<ol>|</ul>|<blockquote>|</blockquote>|<br>".split(
      "|",
    ),
    ..."<table>|<tr>|<td>|</table>|<td colspan=3>|<td rowspan=2>|<pre>|</pre>|<h2>|</h2>|<dt>|<dd>| |\n".split("|"),
  ];
  for (let round = 0; round < 1500; round++) {
    const html = Array.from({ length: 30 }, () => parts[Math.floor(random() * parts.length)]!).join("");
    const page = readPage(html, { withMarks: true });
    const all = new Uint8Array(page.count).fill(1);
    const written = renderBlocks(page, all, "markdown", false);
    assert.ok(written.isWellFormed());
    // Numbers of items are not the page's, nor is what was escaped.
    const words = letters(written.replace(/^[\s>-]*(?:\d+\. [\s>-]*)*/gm, ""));
    const expected = letters(renderBlocks(page, all, "text").replace(/^(?:- )?(?:\d+\. *)*/gm, ""));
    assert.equal(words.replace(/\d/g, ""), expected.replace(/\d/g, ""), html);
    const withLinks = renderBlocks(page, all, "markdown", true);
    assert.equal(letters(withLinks.replaceAll("](/x)", "")), letters(written), html);
  }
});

test("much of any markup is written in time", () => {
  for (const part of [
    "<li>",
    "<b>a ",
    "<i>a</i>",
    "<a href=/x>!</a>",
    "<code>`</code>",
    "*",
    "!",
    "<td>|",
    "a<br>- ",
    "\\[",
  ]) {
    const html = part.repeat(Math.ceil(200_000 / part.length));
    const started = process.cpuUsage();
    markdown(`<p>${html}`, true);
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < 1_000_000, `${part}: ${(user + system) / 1e6} s`);
  }
});

test("Markdown of real pages has their words", needsShared("data/crawl"), () => {
  for (const { html, url } of sampleOfCrawl(60)) {
    const page = readPage(html, { withMarks: true });
    const all = new Uint8Array(page.count).fill(1);
    const written = renderBlocks(page, all, "markdown").replace(/^([ >]*`{3,})\S+$/gm, "$1");
    const words = (text: string) => letters(text).replace(/\p{N}/gu, "");
    assert.equal(words(written), words(renderBlocks(page, all, "text")), url);
  }
});
