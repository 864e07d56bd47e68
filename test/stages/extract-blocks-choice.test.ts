/** Comments, boilerplate and captions, beside what the model chose. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { blockText } from "../../stages/extract/blocks/block-page.ts";
import { addComments, dropCaptions, visibleBlocks } from "../../stages/extract/blocks/choice.ts";
import { readPage } from "../../stages/extract/blocks/scanner.ts";
import extractHtml from "../../stages/extract/html.ts";
import { rawPage } from "./extract-crawl.ts";

/** Texts of the blocks that are kept once `change` has been at those that were, of which the text begins with "main". */
function kept(html: string, change: typeof addComments): string[] {
  const page = readPage(html);
  const texts = Array.from({ length: page.count }, (_, block) => blockText(page, block));
  const keep = Uint8Array.from(texts, (text) => (text.startsWith("main") ? 1 : 0));
  change(page, keep);
  return texts.filter((_, block) => keep[block] === 1);
}

const LONG = "This is what I thought of it when I had read it for the first time, and I think so still.";

test("comments are paragraphs in containers that are named for them", () => {
  const html = `<article><p>main one<p>other</article><div id="comments"><h3>Two comments</h3>
    <ol class="comment-list"><li class="comment"><div class="comment-author">Ann says:</div><a href="#1">5 May</a>
    <div class="comment-content"><p>Well said.<p>${LONG}</div><a href="#r">Reply</a>
    <li class="comment byuser bypostauthor"><p class="comment-meta">Bob</p><p>Thanks!</ol>
    <form id="commentform"><p>Your address will not be shown.<label>Name</label></form></div><aside><p>elsewhere</aside>`;
  assert.deepEqual(kept(html, addComments), ["main one", "Well said.", LONG, "Thanks!"]);
});

test("what holds main text is no comment, whatever its name, and no form", () => {
  const named = `<article class="has-comments"><p>main<p>other<div class="comment"><p>a comment</div></article>`;
  assert.deepEqual(kept(named, addComments), ["main", "a comment"]);
  const thread = `<form><div class="comment"><p>main<p>signature</div><div class="comment"><p>answer</div></form>`;
  assert.deepEqual(kept(thread, addComments), ["main", "answer"]);
});

test("schema.org's comments are some, too; lists of links are none", () => {
  const html = `<p>main<div itemscope itemtype="https://schema.org/Comment"><p>a comment</div>
    <ul class="recent-comments"><li><a href="/1">Ann on Bees</a></ul><div><p>other</div>`;
  assert.deepEqual(kept(html, addComments), ["main", "a comment"]);
});

test("captions of figures go, those of tables stay", () => {
  const html =
    "<p>main<figure><img><figcaption>main caption</figcaption></figure><table><caption>main table</caption></table>";
  assert.deepEqual(kept(html, dropCaptions), ["main", "main table"]);
});

test("all that is shown is all but what is hidden; where all is hidden, that", () => {
  const shown = (html: string): string[] => {
    const page = readPage(html);
    const keep = visibleBlocks(page);
    return Array.from({ length: page.count }, (_, block) => blockText(page, block)).filter((_, n) => keep[n] === 1);
  };
  assert.deepEqual(shown('<nav>menu</nav><p>a<div hidden><p>b</div><div style="display:none">c</div><footer>d'), [
    ..."menu|a|d".split("|"),
  ]);
  assert.deepEqual(shown('<div style="display: none"><p>a<p>b</div>'), ["a", "b"]);
  assert.deepEqual(shown(""), []);
});

test("extract-html has them as parameters", async () => {
  const html = `<html><body><nav><a href="/">Home</a> <a href="/b">More</a></nav><article class="post"><h1>Bees</h1>
    <p>${LONG} The first hives came to the roofs of the old town in spring, and few expected them to stay.</p>
    <p>But they did, says the keeper, who counts them. <b>There are more flowers here than in the fields</b>, she adds.</p>
    <p>The <a href="/hive">hive</a>, which is old, stands beside the chimney; the city now wants one on its own roof, too.</p>
    <figure><img src="bee.jpg"><figcaption>A bee that is about to land on a flower, in June.</figcaption></figure></article>
    <div class="comments"><div class="comment"><p>I saw them, too.</p></div></div><footer><a href="/p">Privacy</a></footer></body></html>`;
  const text = async (given: object): Promise<string> => {
    const params = extractHtml.params.parse(given);
    const engines = await extractHtml.setup!(params, { seed: 1, resolvePath: String });
    const result = await extractHtml.extract(rawPage(Buffer.from(html), "text/html"), params, engines);
    assert.ok("text" in result);
    return result.text;
  };
  const plain = await text({});
  assert.ok(plain.includes(LONG) && !plain.includes("I saw them") && !plain.includes("Privacy"));
  assert.equal(await text({ comments: true }), `${plain}\n\nI saw them, too.`);
  assert.ok(!(await text({ captions: false, boilerplate: true })).includes("about to land"));
  const all = await text({ boilerplate: true });
  for (const piece of ["Home", "More", "Bees", "about to land", "I saw them", "Privacy"]) {
    assert.ok(all.includes(piece), piece);
  }
  assert.ok((await text({ format: "markdown", links: true })).includes("The [hive](/hive), which"));
  assert.ok((await text({ format: "markdown" })).includes("**There are more flowers here than in the fields**, she"));
});

test("a canonical address is told whole, wherever the page names it from", async () => {
  const params = extractHtml.params.parse({});
  const engines = await extractHtml.setup!(params, { seed: 1, resolvePath: String });
  const canonical = async (href: string): Promise<unknown> => {
    const body = Buffer.from(`<link rel=canonical href="${href}"><h1>Bees</h1><p>${LONG}`);
    const result = await extractHtml.extract(
      { ...rawPage(body, "text/html"), url: "https://x.test/a/b" },
      params,
      engines,
    );
    return "text" in result ? result.tags?.["html.canonical"] : result;
  };
  assert.equal(await canonical("https://y.test/c?d=1&amp;e"), "https://y.test/c?d=1&e");
  assert.equal(await canonical("index.html"), "https://x.test/a/index.html");
  assert.equal(await canonical("http://["), undefined);
  assert.equal(await canonical("javascript:alert(1)"), undefined);
});
