/** Pages that broke HTML readers: facts of the field and of our own. Each grows with `scale`; 1 is the size that hurt. */

/** A plain paragraph, so that a page has something to read. */
export const PARAGRAPH = `<p>${"Lorem ipsum dolor, sit amet consectetur. ".repeat(8)}</p>`;

type Page = (scale: number) => string;

/** `markup`, `count` times at scale 1. */
const times =
  (markup: string, count: number, before = "", behind = ""): Page =>
  (scale) =>
    before + markup.repeat(Math.max(1, Math.round(count * scale))) + behind;

export const HOSTILE_PAGES: Readonly<Record<string, Page>> = {
  "nested divs": times("<div>", 10_000, "", PARAGRAPH.repeat(20)),
  "text at each depth": times("<div>x", 50_000),
  "nested spans with names": (scale) => times("<span class=article>x", 50_000)(scale) + times("</b>", 50_000)(scale),
  "end tags that a block is in the way of": (scale) =>
    `<u><a href=x><div>${times("<b>", 50_000)(scale)}${times("</a>", 50_000)(scale)}`,
  "links and blocks across each other": (scale) =>
    times("<a href=x><div>", 30_000)(scale) + times("</a></div>", 30_000)(scale),
  "unclosed paragraphs": times("<p><font><b>text here, ok ", 5000),
  "links in a block": times('<a href="/x">link text</a> ', 100_000, "<div>", "</div>"),
  "stray <": times("<<<< ", 200_000, "<p>"),
  "nothing but <": times("<", 1_000_000),
  "nothing but </": times("</", 500_000),
  "a long attribute": times("article ", 1_250_000, '<div class="', `">${PARAGRAPH}`),
  "many attributes": times("class=x ", 300_000, "<div ", `>${PARAGRAPH}`),
  "an attribute without an end": times("article ", 250_000, `${PARAGRAPH}<div class="`),
  "nested tables": times("<table><tr><td>", 3000, "", PARAGRAPH),
  "nested rows": times("<table><tr><td>x<td>y", 30_000),
  "a row of many cells": times("<td>x", 200_000, "<table><tr>"),
  "null bytes": times("<p>a\0b\0", 100_000),
  spans: times("<span>x</span>", 300_000, "<div>"),
  "comments in a comment": times("<!-- ", 200_000, PARAGRAPH),
  "comments that do not end": times("<!--- a", 200_000),
  "dashes in a comment": times("-", 1_000_000, "<!--"),
  "pairs of breaks": times("text line, yes<br><br>", 50_000, "<div>"),
  "nothing but &": times("&", 1_000_000),
  "zeros in a reference": times("0", 1_000_000, "<p>&#x", "41;"),
  "a name without an end": times("a", 1_000_000, "<p>&"),
  "end tags of other raw text": times("</ scriptx", 200_000, "<script>"),
  "scripts in a script": times("<!--<script></script>", 50_000, "<script>"),
  "scripts with comments": times("<script><!--</script>", 50_000),
  "noscript after noscript": times("<div><noscript></div>", 50_000, "", `${PARAGRAPH}</noscript>`),
  titles: times("<title>a</title>", 100_000),
  "empty facts": times('<meta name=author content=""><html lang="">', 50_000),
  "structured data": times('<script type="application/ld+json">{"author":1}</script>', 30_000),
  "brackets in structured data": times("[", 100_000, '<script type="application/ld+json">', "</script>"),
  "nested lists": times("<ul><li>x", 30_000),
  items: times("<li>x", 100_000, "<ul>"),
  "nested quotes": times("<blockquote>x", 50_000),
  "blocks in code": times("<div>x\n", 100_000, "<pre>"),
  "empty lines in code": times(" \n", 500_000, "<pre>", "<p>".repeat(100)),
  "nested drawings": times("<svg><g>", 50_000),
  "nested buttons": (scale) => times("<button><div>", 50_000)(scale) + times("</button>", 50_000)(scale),
  "unclosed headings": times("<h1>x", 50_000),
  "nested selects": times("<select><option>", 50_000),
  spaces: times(" ", 3_000_000, "<p>a", "b"),
  "empty paragraphs": times("<p>", 300_000),
  "custom elements": times("<x-a class=post>t", 50_000),
  "end tags of nothing": times("</div></p></table></li></a>", 50_000),
  "terms and meanings": times("<dt>x<dd>y", 50_000, "<dl>"),
  "backticks in code": times("```` ", 100_000, "<pre>"),
};
