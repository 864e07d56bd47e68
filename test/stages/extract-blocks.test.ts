import assert from "node:assert/strict";
import { test } from "node:test";
import { type BlockPage, blockText, KIND_NAMES } from "../../stages/extract/blocks/block-page.ts";
import { CLASS_NAMES, classMask } from "../../stages/extract/blocks/class-names.ts";
import { FEATURE_COUNT, FEATURE_NAMES, featuresOf } from "../../stages/extract/blocks/features.ts";
import { readPage } from "../../stages/extract/blocks/scanner.ts";
import { TAG_NAMES } from "../../stages/extract/blocks/tags.ts";

const numbers = (page: BlockPage) => Array.from({ length: page.count }, (_, block) => block);
const textsOf = (page: BlockPage) => numbers(page).map((block) => blockText(page, block));
const texts = (html: string) => textsOf(readPage(html));
/** Kind, level and text of each block. */
const blocks = (html: string) => {
  const page = readPage(html);
  return numbers(page).map((block) => {
    const level = page.levels[block]!;
    return `${KIND_NAMES[page.kinds[block]!]}${level === 0 ? "" : ` ${level}`}: ${blockText(page, block)}`;
  });
};

const textCases: readonly [name: string, html: string, texts: readonly string[]][] = [
  ["an empty page has none", "", []],
  ["white space alone is none", "<div> \n <p>\t</p>&nbsp;&#8195;</div>", []],
  ["runs of white space become one space", "<p> one \n\t two&nbsp; three </p>", ["one two three"]],
  ["inline elements do not cut words", "<p>in<b>div</b>isible <i>and</i> apart</p>", ["indivisible and apart"]],
  [
    "blocks part words",
    "one<div>two</div>three<p>four<section>five</section>",
    ["one", "two", "three", "four", "five"],
  ],
  ["neighbouring links are words apart", "<a href=a>Home</a><a href=b>News</a>s", ["Home Newss"]],
  ["times and labels are words apart", "on<time>May 1</time>by<label>x</label>", ["on May 1 by x"]],
  ["a break is a line end", "<p>one<br>two<br/>\n three</p>", ["one\ntwo\nthree"]],
  ["two breaks end a block, and more of them do no more", "one<br><br>two<br> <br><br>three", ["one", "two", "three"]],
  ["a rule ends a block", "one<hr>two", ["one", "two"]],
  ["preformatted text is kept", "<pre>\n  x = 1\r\n\n\ty  = &lt;2&gt;\n\n</pre>", ["  x = 1\n\n\ty  = <2>"]],
  ["lines of code may be elements", "<pre><div>a</div><div>b</div>c<br>d</pre>e", ["a\nb\nc\nd", "e"]],
  ["scripts and their like are not text", "a<script>if (x</b) '</scrip>'</script>b<style>c</style>", ["ab"]],
  [
    "scripts in a script's comment are not its end",
    `a<script><!-- w("<script src='x'></script>") </script>b<script><!-- "</script>c<script><!--><script></script>d`,
    ["abcd"],
  ],
  ["what is not read leaves a space", "a<svg><text>b</text><path/></svg>c<select><option>d</select>", ["a c"]],
  ["an element that is not read ends with its parent", "<div>a<svg><g>b</div>c", ["a", "c"]],
  ["text before one is not lost when an item ends both", "<ul><li>a<button>b<li>c</ul>", ["a", "c"]],
  ["options of a paragraph's select are in the paragraph", "<p>a<select><option>b</select>c", ["a c"]],
  ["a button ends the one before", "<p>a<button class=x b</button><p>c<button>d</button>e", ["a e"]],
  ["what stands in drawings may close itself", "a<svg><title/><style/><path/></svg>b", ["a b"]],
  ["elsewhere nothing does", "<p>a<select/><option>b</select><a href=x/>c</a>", ["a c"]],
  ["buttons are read in headings", "<h2><button>Open</button></h2><button>Send</button>", ["Open"]],
  [
    "a noscript is read if it is long",
    `a<noscript>b</noscript>c<noscript><p>${"d".repeat(1000)}</noscript>e`,
    ["ac", "d".repeat(1000), "e"],
  ],
  ["raw text ends at its own end tag only", "<textarea><p></textareas></TEXTAREA >x", ["x"]],
  ["comments are not text", "a<!-- <p>b</p> -->c<!-->d<!--->e<!--f--!>g<!---->h", ["acdegh"]],
  ["nor are declarations", '<!doctype html><?xml version="1"?><![CDATA[x]]>a</ b>c</>d', ["acd"]],
  ["a stray < is text", "<p>1 < 2 <3 and a<b</p>", ["1 < 2 <3 and a"]],
  ["an unfinished tag at the end is none", "a<b class='x", ["a"]],
  ["> in a value ends no tag", `<p title="a>b" data-x='c>d' e=f"g>h</p>`, ["h"]],
  ["stray quotes in a tag open no value", '<p class="a"">b</p><p "x">c</p>', ["b", "c"]],
  ["references, as the standard has them", "<p>&lt;&eacute;&eacute&#8364;&#x20AC;&#150;&#x80;</p>", ["<éé€€–€"]],
  [
    "names may be cut short, or unknown",
    "<p>&notit; &notin; &nosuch; & &; &#; &#x; &amp;amp;</p>",
    ["¬it; ∉ &nosuch; & &; &#; &#x; &amp;"],
  ],
  ["no surrogates and no NUL from references", "&#0;&#xD800;&#x110000;&#99999999999999;", ["\ufffd\ufffd\ufffd\ufffd"]],
  ["long names", "&CounterClockwiseContourIntegral;&nGt;", ["∳≫⃒"]],
  ["invisible characters go", "so&shy;ft\ufeff\u0001 a\0b&#7;", ["soft ab"]],
  ["the next-line control is white space", "<p>a\u0085b&#x2003;c</p>", ["a b c"]],
  ["characters beyond the basic plane stay whole", "<p>&#128512;😀</p>", ["😀😀"]],
];
for (const [name, html, expected] of textCases) {
  test(`blocks of text: ${name}`, () => {
    assert.deepEqual(texts(html), expected);
  });
}

const kindCases: readonly [name: string, html: string, blocks: readonly string[]][] = [
  ["headings have levels", "<h1>a</h1><h6>b</h6><h2><span>c", ["heading 1: a", "heading 6: b", "heading 2: c"]],
  ["any heading's end tag ends a heading", "<h2>a</h3>b", ["heading 2: a", "paragraph: b"]],
  ["items end where the next begins", "<ul><li>a<li>b</ul>c", ["item 1: a", "item 1: b", "paragraph: c"]],
  [
    "items know how deep they are",
    "<ul><li>a<ol><li>b<li>c</ol>d<li>e</ul>",
    ["item 1: a", "item 2: b", "item 2: c", "item 1: d", "item 1: e"],
  ],
  ["paragraphs in an item are of it", "<ul><li><p>a<p>b</ul>", ["item 1: a", "item 1: b"]],
  ["a heading in an item is a heading", "<ul><li><h3>a</h3>b</ul>", ["heading 3: a", "item 1: b"]],
  [
    "short cells are a row",
    "<table><caption>t</caption><tr><th>a<th>b<tr><td>1<br>2<td><p>3</p></table>",
    ["caption: t", "row 1: a\tb", "row: 1 2\t3"],
  ],
  [
    "cells of a layout are not",
    "<table><tr><td><p>a</p><p>b</p><td>c</table><table><tr><td>d</table>",
    ["cell: a", "cell: b", "cell: c", "cell: d"],
  ],
  ["nor are long ones", `<table><tr><td>a<td>${"b".repeat(301)}</table>`, ["cell: a", `cell: ${"b".repeat(301)}`]],
  [
    "a table in a cell ends nothing outside",
    "<table><tr><td>a<table><tr><td>b<td>c</table>d</div><td>e</table>",
    ["cell: a", "row: b\tc", "cell: d", "cell: e"],
  ],
  ["code", "<p>a</p><pre><code>b\n c</code></pre>", ["paragraph: a", "code: b\n c"]],
  [
    "quotes",
    "<blockquote><p>a<blockquote>b</blockquote>c</blockquote>d",
    ["quote 1: a", "quote 2: b", "quote 1: c", "paragraph: d"],
  ],
  ["captions", "<figure><img><figcaption>a</figcaption></figure>", ["caption: a"]],
  [
    "definitions",
    "<dl><dt>a<dd>b<dt>c<dd>d</dl>",
    ["definition: a", "definition 1: b", "definition: c", "definition 1: d"],
  ],
  [
    "paragraphs end at blocks, but not in a table's cell",
    "<p>a<table><tr><td>b</p>c</table>d",
    ["paragraph: a", "cell: b", "cell: c", "paragraph: d"],
  ],
];
for (const [name, html, expected] of kindCases) {
  test(`kinds of blocks: ${name}`, () => {
    assert.deepEqual(blocks(html), expected);
  });
}

test("links, bold type and code are counted in units", () => {
  const page = readPage("<p>ab <a href=x>cd <b>ef</b></a> <code>g</code><p><a name=y>not a link</a>");
  assert.deepEqual([page.linkUnits[0], page.links[0], page.boldUnits[0], page.codeUnits[0]], [6, 1, 3, 2]);
  assert.deepEqual([page.linkUnits[1], page.links[1]], [0, 0]);
});

test("a link around blocks counts in each, and ends where it is ended or another begins", () => {
  const page = readPage("<a href=x><div>ab</div><div>cd</a></div><div>ef</div><p><a href=y>g<a href=z>h</a>i</p>");
  assert.deepEqual([...page.linkUnits], [2, 2, 0, 3]);
  assert.deepEqual([...page.links], [1, 1, 0, 2]);
});

test("containers know their parents, tags and names", () => {
  const { containers } = readPage('<div class="Post-Body"><p hidden><span id=sidebar>x</span><span>y</span></p></div>');
  assert.deepEqual(
    [...containers.tags].map((tag) => TAG_NAMES[tag]),
    ["other", "div", "p", "span"],
  );
  assert.deepEqual([...containers.parents], [0, 0, 1, 2]);
  assert.deepEqual([...containers.depths], [0, 1, 2, 3]);
});

test("class names are told by their words, wherever those stand", () => {
  const namesOf = (value: string) => {
    const units = Uint16Array.from(value, (character) => character.charCodeAt(0));
    const mask = classMask(units, 0, units.length);
    return CLASS_NAMES.filter((_, bit) => (mask >> bit) & 1);
  };
  assert.deepEqual(namesOf(""), []);
  assert.deepEqual(namesOf("header download leads domain"), ["navigation"]);
  assert.deepEqual(namesOf("ad"), ["advert"]);
  assert.deepEqual(namesOf("x_ad--top"), ["advert"]);
  assert.deepEqual(namesOf("articleBody"), ["content", "body"]);
  assert.deepEqual(namesOf("ENTRY-content é"), ["content", "body"]);
  assert.deepEqual(namesOf("post--body"), ["content", "body"]);
});

test("a page's facts", () => {
  const { facts } = readPage(`<html lang="de-AT"><head><title> A &amp;
    B </title><title>C</title><link rel="canonical" href="https://x.test/?a=1&amp;b=2&copy=3">
    <meta property="og:title" content="T"><meta property="og:type" content="article"><meta name="author" content="M">
    <meta property="article:published_time" content="2020-01-02"><meta name="og:site_name" content="S">
    <script type="application/ld+json">{"@graph": [{"@type": ["NewsArticle"], "headline": "H",
      "author": [{"name": "N"}, "O"], "datePublished": "2021-01-02"}]}</script>
    <script type="application/ld+json">{broken</script><svg><title>D</title></svg><body class="single-product">`);
  const { rootMask, ...rest } = facts;
  assert.deepEqual(rest, {
    title: "A & B",
    headline: "H",
    lang: "de-AT",
    canonicalUrl: "https://x.test/?a=1&b=2&copy=3",
    author: "N, O",
    date: "2021-01-02",
    siteName: "S",
    ogType: "article",
    schemaTypes: ["NewsArticle"],
  });
  assert.equal(rootMask, 1 << CLASS_NAMES.indexOf("product"));
  assert.equal(readPage('<p><time datetime="2022-03-04">').facts.date, "2022-03-04");
});

test("XHTML's elements close themselves, and its CDATA is text", () => {
  const html = '<p><a id="here"/>one</p><script src="x"/><div/><p><![CDATA[1 < 2 &amp;]]></p>';
  assert.deepEqual(textsOf(readPage(html, { isXml: true })), ["one", "1 < 2 &amp;"]);
  assert.deepEqual(textsOf(readPage(html)), ["one"]);
});

test("pages do not share anything", () => {
  const first = readPage("<div class=post><p>one</p></div>");
  const kept = [...first.units];
  readPage("<p>something else</p>".repeat(100));
  assert.deepEqual([...first.units], kept);
});

test("features have names, and are finite numbers", () => {
  assert.equal(new Set(FEATURE_NAMES).size, FEATURE_COUNT);
  assert.equal(featuresOf(readPage("")).length, 0);
  for (const html of [
    "x",
    "<p>a",
    "<nav><a href=x>b</a></nav>",
    "<table><tr><td>1<td>2</table>",
    "<ul><li>c<li>d</ul>",
  ]) {
    const page = readPage(html);
    const rows = featuresOf(page);
    assert.equal(rows.length, page.count * FEATURE_COUNT);
    assert.deepEqual(
      FEATURE_NAMES.filter((_, column) => !Number.isFinite(rows[column])),
      [],
    );
  }
});

test("features tell what they say", () => {
  const page = readPage(`<title>A headline of news</title><body><nav><a href=x>Home</a></nav>
    <article class=post-body><h1>A headline</h1><p>One sentence, it is. Two “here.”</p><aside>Share</aside></article>`);
  const rows = featuresOf(page);
  const column = (name: string) => {
    const place = FEATURE_NAMES.indexOf(name);
    assert.ok(place >= 0, name);
    return numbers(page).map((block) => Number(rows[block * FEATURE_COUNT + place]!.toFixed(3)));
  };
  assert.deepEqual(
    column("logUnits"),
    [4, 10, 32, 5].map((units) => Number(Math.log1p(units).toFixed(3))),
  );
  assert.deepEqual(column("linkShare"), [1, 0, 0, 0]);
  assert.deepEqual(column("commas"), [0, 0, 1, 0]);
  assert.deepEqual(column("sentences"), [0, 0, 2, 0]);
  assert.deepEqual(column("isEnded"), [0, 0, 1, 0]);
  assert.deepEqual(column("titleWordShare"), [0, 1, 0, 0]);
  assert.deepEqual(column("serviceWords"), [1, 0, 0, 1]);
  assert.deepEqual(column("sinceH1"), [-1, 0, 1, 2]);
  assert.deepEqual(column("in.nav"), [1, 0, 0, 0]);
  assert.deepEqual(column("in.aside"), [0, 0, 0, 1]);
  assert.deepEqual(column("articles"), [0, 1, 1, 1]);
  assert.deepEqual(column("near.body"), [20, 1, 1, 1]);
  assert.deepEqual(column("next-1.linkShare"), [-1, 1, 0, 0]);
  assert.deepEqual(column("page.articles"), [1, 1, 1, 1]);
});

test("things that come again are seen as such", () => {
  const posts = Array.from({ length: 5 }, (_, index) => `<div class="post-${index}"><p>Post ${index}</p></div>`);
  const page = readPage(`<div id=thread>${posts.join("")}</div><div class=other><p>Other</p></div>`);
  const rows = featuresOf(page);
  const alike = numbers(page).map((block) => rows[block * FEATURE_COUNT + FEATURE_NAMES.indexOf("repeat.logOuter")]!);
  assert.deepEqual(
    alike.map((log) => Math.round(Math.expm1(log))),
    [5, 5, 5, 5, 5, 0],
  );
});
