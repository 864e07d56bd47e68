/** What Markdown needs beside blocks: type, links, languages, columns. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_COLUMNS, NO_LINK, Style } from "../../stages/extract/blocks/marks.ts";
import { readPage } from "../../stages/extract/blocks/scanner.ts";
import { needsShared } from "../shared.ts";
import { sampleOfCrawl } from "./crawl-sample.ts";

function marksOf(html: string) {
  const page = readPage(html, { withMarks: true });
  assert.ok(page.marks);
  return { page, marks: page.marks };
}

/** Runs as "text:bec→href". */
function runsOf(html: string): string[] {
  const { page, marks } = marksOf(html);
  return Array.from({ length: marks.count }, (_, run) => {
    const text = String.fromCharCode(...page.units.subarray(marks.starts[run]!, marks.ends[run]!)).trim();
    const styles = marks.styles[run]!;
    const letters = `${styles & Style.bold ? "b" : ""}${styles & Style.emphasis ? "e" : ""}${styles & Style.code ? "c" : ""}`;
    const link = marks.links[run]!;
    return `${text}:${letters}${link === NO_LINK ? "" : `→${marks.hrefs[link]}`}`;
  });
}

test("runs of text tell how they are set, and where they lead", () => {
  assert.deepEqual(runsOf("<p>a <b>b <i>c</i></b> <em>d</em> <code>e</code> <kbd>f</kbd> g"), [
    ..."b:b|c:be|d:e|e:c|f:c".split("|"),
  ]);
  assert.deepEqual(runsOf('<p><a href="/x?a=1&amp;b=2">one <b>two</b></a> <a name=x>no link</a> <a href=y>z</a>'), [
    ..."one:→/x?a=1&b=2|two:b→/x?a=1&b=2|z:→y".split("|"),
  ]);
  assert.deepEqual(runsOf("<p><a href=1>a<a href=2>b</a>c"), ["a:→1", "b:→2"]);
});

test("emphasis ends with its block, and ends that have no beginning are nothing", () => {
  assert.deepEqual(runsOf("<p>a<em>b<p>c</em></em><i>d</i>"), ["b:e", "d:e"]);
  assert.deepEqual(runsOf("</i></em><p>a</i><em>b</em>c"), ["b:e"]);
});

test("spaces at the end of code are no part of a run", () => {
  assert.deepEqual(runsOf("<pre><b>a\n </b><i>\n</i></pre>b"), ["a:b"]);
  const { page, marks } = marksOf("<pre><b>a   </b></pre>bcd");
  assert.equal(marks.ends[0], page.ends[0]);
});

test("code tells its language where a class does", () => {
  const languageOf = (html: string): string | undefined => {
    const { page, marks } = marksOf(html);
    let container = page.holders[0]!;
    for (; container > 0; container = page.containers.parents[container]!) {
      const language = marks.languages.get(container);
      if (language !== undefined) return language;
    }
    return undefined;
  };
  assert.equal(languageOf('<pre><code class="hljs language-js">a'), "js");
  assert.equal(languageOf('<pre class="lang-c++">a'), "c++");
  assert.equal(languageOf('<div class="highlight highlight-source-shell"><pre>a'), "shell");
  assert.equal(languageOf('<div class="highlight-python notranslate"><div class="highlight"><pre>a'), "python");
  assert.equal(languageOf('<pre class="brush: csharp; gutter: false">a'), "csharp");
  for (const none of ["highlight-default notranslate", "highlight-box", "language-none", "slang-x", "lang-", "x"]) {
    assert.equal(languageOf(`<div class="${none}"><pre>a`), undefined, none);
  }
  assert.equal(languageOf(`<div class="language-${"x".repeat(21)}"><pre>a`), undefined);
});

test("a row's cells have columns: empty cells, wide ones, and ones that reach down take theirs", () => {
  const columnsOf = (html: string) => [...marksOf(html).marks.columns.values()];
  assert.deepEqual(columnsOf("<table><tr><td>a<td><td>c<tr><td colspan=2>a<td>c</table>"), [
    [0, 2],
    [0, 2],
  ]);
  assert.deepEqual(columnsOf("<table><tr><td rowspan=2>a<td>b<td>c<tr><td>d<td>e<tr><td>f<td>g</table>"), [
    [0, 1, 2],
    [1, 2],
    [0, 1],
  ]);
  assert.deepEqual(columnsOf("<table><tr><td colspan=x>a<td colspan=-3>b<td colspan=1e9>c</table>"), [[0, 1, 2]]);
  assert.deepEqual(columnsOf("<table><tr><td colspan=99999>a<td>b</table>"), []);
  assert.deepEqual(columnsOf(`<table><tr>${"<td>x".repeat(MAX_COLUMNS + 1)}</table>`), []);
  assert.deepEqual(columnsOf("<tr><td>a<td>b"), [[0, 1]]);
});

test("tables in tables and columns taken for ever cost no more than others", () => {
  const nested = "<table><tr><td>x".repeat(20_000);
  const tall = `<table><tr>${'<td rowspan="65534">x'.repeat(20_000)}${"<tr><td>x<td>y".repeat(20_000)}</table>`;
  for (const html of [nested, tall]) {
    const started = process.cpuUsage();
    marksOf(html);
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < 2_000_000, `${(user + system) / 1e6} s`);
  }
});

test("blocks are the same with marks and without", needsShared("data/crawl"), () => {
  for (const { html, url } of sampleOfCrawl(150)) {
    const { marks, ...withMarks } = readPage(html, { withMarks: true });
    assert.deepEqual(withMarks, readPage(html), url);
    assert.ok(marks);
    for (let run = 0; run < marks.count; run++) {
      assert.ok(marks.starts[run]! < marks.ends[run]! && marks.starts[run]! >= (marks.ends[run - 1] ?? 0), url);
    }
  }
});
