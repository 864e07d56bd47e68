import assert from "node:assert/strict";
import { before, test } from "node:test";
import extractFeed from "../../stages/extract/feed.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { rawPage } from "./extract-crawl.ts";
import { rawPages, readFileBySpans } from "./warc-reading.ts";

const params = extractFeed.params.parse({});
let Parser: Awaited<ReturnType<NonNullable<typeof extractFeed.setup>>>;
before(async () => {
  Parser = await extractFeed.setup!(params, { resolvePath: (path) => path, seed: 0 });
});

const extract = async (xml: string | Uint8Array, changed: Partial<typeof params> = {}) =>
  extractFeed.extract(rawPage(Buffer.from(xml), "application/rss+xml"), { ...params, ...changed }, Parser);
const textOf = async (xml: string) => {
  const result = await extract(xml);
  assert.ok("text" in result, JSON.stringify(result));
  return result.text;
};
const reasonOf = async (xml: string) => {
  const result = await extract(xml);
  return "kept" in result ? result.reason : "kept";
};

const rss = (items: string, head = "<title>The Site</title>") =>
  `<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>${head}${items}</channel></rss>`;
const item = (title: string, description: string, more = "") =>
  `<item><title>${title}</title><description>${description}</description>${more}</item>`;
const atom = (entries: string) =>
  `<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Atoms</title>${entries}</feed>`;

test("each item gives its title and its content; items are apart by blank lines", async () => {
  const feed = rss(
    item("One", "Short.") + item("Two", "Of two.", "<content:encoded>Long &lt;b&gt;two&lt;/b&gt;.</content:encoded>"),
    "<title>The Site</title><language>en-GB</language><image><title>Logo</title></image>",
  );
  assert.deepEqual(await extract(feed), {
    text: "One\n\nShort.\n\nTwo\n\nLong two.",
    tags: { charset: "utf-8", title: "The Site", "feed.items": 2, "feed.lang": "en-GB" },
  });
});

const texts: readonly [name: string, xml: string, text: string][] = [
  [
    "escaped HTML becomes paragraphs",
    rss(item("T", "&lt;p&gt;a &amp;amp; b&lt;/p&gt;&lt;p&gt;c&lt;/p&gt;")),
    "T\n\na & b\n\nc",
  ],
  [
    "HTML in CDATA, too",
    rss(item("<![CDATA[T & U]]>", "<![CDATA[<ul><li>a<li>b</ul><script>x()</script>]]>")),
    "T & U\n\n- a\n- b",
  ],
  ["CDATA in parts", rss(item("T", "a<![CDATA[ <b>b]]> c<![CDATA[</b>]]>")), "T\n\na b c"],
  ["HTML that was not escaped", rss(item("T", "<p>a<br>b</p>")), "T\n\na\nb"],
  ["entities of HTML that XML does not know", rss(item("a&nbsp;&#8211; &amp;eacute;", "b")), "a – é\n\nb"],
  ["a less-than sign that begins no tag", rss(item("1 &lt; 2", "x")), "1 < 2\n\nx"],
  ["an item without a title", rss("<item><description>only</description></item>"), "only"],
  ["items without anything are left out", rss(`${item("", "")}${item("T", "")}`), "T"],
  [
    "titles of media and of sources are none",
    rss("<item><media:group><media:title>m</media:title><title>n</title></media:group><title>T</title></item>"),
    "T",
  ],
  [
    "RSS 1.0",
    '<rdf:RDF xmlns:rdf="r"><channel><title>C</title></channel><item><title>T</title><description>d</description></item></rdf:RDF>',
    "T\n\nd",
  ],
  ["RSS without a channel", "<rss><item><title>T</title></item></rss>", "T"],
  ["Atom: text is text", atom("<entry><title>1 &lt;b&gt; 2</title><summary>s</summary></entry>"), "1 <b> 2\n\ns"],
  [
    "Atom: html is escaped HTML",
    atom(
      '<entry><title type="html">&lt;i&gt;T&lt;/i&gt;</title><content type="html">&lt;p&gt;c&lt;/p&gt;</content></entry>',
    ),
    "T\n\nc",
  ],
  [
    "Atom: xhtml is elements",
    atom('<entry><title>T</title><content type="xhtml"><div><p>a &lt; b</p><p>c</p></div></content></entry>'),
    "T\n\na < b\n\nc",
  ],
  [
    "Atom with prefixes",
    '<atom:feed xmlns:atom="a"><atom:entry><atom:title>T</atom:title><atom:source><atom:title>S</atom:title></atom:source></atom:entry></atom:feed>',
    "T",
  ],
  ["a feed that is cut within an item keeps what came", rss(item("One", "Short.")).slice(0, -40), "One\n\nSho"],
  ["a feed that is cut within CDATA", `${rss(item("T", "<![CDATA[<p>abc")).split("</description>")[0]}`, "T\n\nabc"],
  ["a byte order mark and blanks at the head", `\ufeff\n${rss(item("T", "d"))}`, "T\n\nd"],
  ["NULs and lone surrogates", rss(item("T\0U&#xd800;", "d")), "TU\ufffd\n\nd"],
];
for (const [name, xml, text] of texts) test(`feed: ${name}`, async () => assert.equal(await textOf(xml), text));

test("XML that is no feed, and feeds without text, are dropped", async () => {
  for (const xml of ["", "plain", "<urlset><url/></urlset>", "<?xml version='1.0'?>", "<html><body><p>a", "<svg>"]) {
    assert.equal(await reasonOf(xml), "not-a-feed", xml);
  }
  for (const xml of [
    rss(""),
    rss("<item/>"),
    rss(item(" ", "<![CDATA[<script>x</script>]]>")),
    atom("<entry><id>1</id></entry>"),
    "<rss>",
  ]) {
    assert.equal(await reasonOf(xml), "no-items", xml);
  }
});

test("limits drop a feed under their reason", async () => {
  const feed = rss(item("T", "d"));
  assert.deepEqual(await extract(feed, { maxBytes: 100 }), {
    kept: false,
    reason: "feed-too-large",
    value: feed.length,
  });
  assert.deepEqual(await extract(feed, { maxDepth: 3 }), { kept: false, reason: "feed-too-deep", value: 3 });
});

test("entities that a document declares are not expanded", async () => {
  const names = [..."abcdefghij"];
  const bomb = names.map((name, i) => `<!ENTITY ${name} "${`&${names[i + 1] ?? "lol"};`.repeat(10)}">`).join("\n");
  const text = await textOf(
    `<?xml version="1.0"?><!DOCTYPE rss [${bomb}<!ENTITY file SYSTEM "file:///etc/passwd">]>${rss(item("T &a;", "&file; d"))}`,
  );
  assert.equal(text, "T &a;\n\n&file; d");
});

/** Each is some megabytes, and is read in time that grows with its length. */
const hostile: readonly [name: string, make: () => string, outcome: string][] = [
  ["100,000 items", () => rss(item("Title", "<![CDATA[<p>Some text.</p>]]>").repeat(100_000)), "kept"],
  ["200,000 nested elements", () => `<rss>${"<channel>".repeat(200_000)}`, "feed-too-deep"],
  ["200,000 nested items", () => `<rss>${"<item>".repeat(200_000)}`, "feed-too-deep"],
  [
    "nested elements in an item's HTML",
    () => rss(item("T", `<![CDATA[${"<div>".repeat(200_000)}]]>`)),
    "feed-too-deep",
  ],
  ["a CDATA of 1 MB", () => rss(item("T", `<![CDATA[${"<p>word ".repeat(150_000)}]]>`)), "kept"],
  [
    "a CDATA without an end",
    () => rss(`<item><title>T</title><description><![CDATA[${"]]".repeat(2_000_000)}`),
    "kept",
  ],
  ["an attribute of 8 MB", () => rss(`<item x="${"a".repeat(8_000_000)}"><title>T</title></item>`), "kept"],
  ["a title of 2 MB", () => rss(item("word ".repeat(400_000), "")), "kept"],
  ["less-than signs", () => `<rss>${"<".repeat(4_000_000)}`, "no-items"],
  ["ampersands", () => rss(item("&".repeat(500_000), "&#x".repeat(200_000))), "kept"],
  ["100,000 fields of one item", () => rss(`<item>${"<title>a</title>".repeat(100_000)}</item>`), "kept"],
  ["a million line breaks", () => rss(item("T", "\n".repeat(1_000_000))), "kept"],
  ["closing tags that close nothing", () => `<rss>${"</item>".repeat(500_000)}`, "no-items"],
];
for (const [name, make, outcome] of hostile) {
  test(`feed: ${name}`, async () => {
    const xml = make();
    const started = process.cpuUsage();
    assert.equal(await reasonOf(xml), outcome);
    assert.ok(process.cpuUsage(started).user < 8e6);
  });
}

test("feed: pieces of a real feed never throw, and give valid Unicode", async () => {
  const feed = rss(item("Grüße 𝄞", "<![CDATA[<p>a &amp; b</p>]]>") + item("x", "&lt;p&gt;y"));
  for (let end = 0; end <= feed.length; end++) {
    for (const xml of [feed.slice(0, end), feed.slice(end), `${feed.slice(0, end)}<${feed.slice(end + 3)}`]) {
      const result = await extract(Buffer.from(xml, "utf8"));
      if ("text" in result) assert.ok(result.text.isWellFormed() && result.text !== "");
    }
  }
});

const CRAWL = "crawl-shared-00003.warc.gz";
test("the crawl's feeds: those with an item are kept", needsShared(`data/crawl/${CRAWL}`), async () => {
  const outcomes: Record<string, number> = {};
  for (const page of rawPages(await readFileBySpans(sharedPath("data/crawl", CRAWL)))) {
    if (!/^application\/(?:rss|atom)\+xml$/.test(page.mediaType)) continue;
    const result = await extractFeed.extract(page, params, Parser);
    const hasItem = /<(?:item|entry)[\s>]/.test(Buffer.from(page.body).toString());
    const outcome = `${hasItem ? "items" : "none"}: ${"kept" in result ? result.reason : "kept"}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if ("text" in result) assert.ok(!/<\/(?:p|a|div)>|<!\[CDATA/.test(result.text), page.url);
  }
  assert.deepEqual(outcomes, { "items: kept": 130, "none: no-items": 32 });
});
