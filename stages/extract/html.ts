/** HTML page → main text: by our own engine, or by Mozilla's Readability over a DOM that is built within limits. */
import type { RawPage, Tags } from "../../pipeline/document.ts";
import { defineExtractor, z } from "../../pipeline/stage.ts";
import { type Dropped, drop } from "../../pipeline/verdict.ts";
import { blockText, type TextNode } from "./block-text.ts";
import { MainTextEngine, type MainTextOptions } from "./blocks/main-text.ts";
import { cleanCharacters, decodeText } from "./charset.ts";
import { buildTree, type HtmlDocument, loadTreeLibraries, type TreeLibraries, type TreeLimits } from "./html-tree.ts";
import { titleTag } from "./title.ts";

/**
 * Limits of Readability's tree: of 5,681 crawled pages the largest had 1.7 MB, 27,700 nodes, 51 open elements and 13 M nested characters: the
 * defaults are 1.4 to 4 times that. Readability overflows a 1 MB stack from about 1,500 nested elements on; at these
 * limits the slowest pages that could be built take about 2 s.
 */
const params = z.strictObject({
  engine: z
    .enum(["blocks", "readability"])
    .default("blocks")
    .describe(
      "What finds the main text: blocks, a scanner that builds no tree and a small model; or Mozilla's Readability.",
    ),
  favor: z
    .enum(["precision", "balanced", "recall"])
    .default("balanced")
    .describe(
      "With `engine: blocks`, what counts when in doubt: to take little that is no main text, or to miss little.",
    ),
  format: z.enum(["text", "markdown"]).default("text").describe("With `engine: blocks`, how the text is written."),
  links: z.boolean().default(false).describe("With `format: markdown`, whether links keep their address."),
  comments: z
    .boolean()
    .default(false)
    .describe(
      "With `engine: blocks`, adds readers' comments: paragraphs in containers named for them. Posts of a forum are main text without it.",
    ),
  boilerplate: z
    .boolean()
    .default(false)
    .describe("With `engine: blocks`, takes all text that the page shows; nothing is chosen."),
  captions: z
    .boolean()
    .default(true)
    .describe("With `engine: blocks`, whether captions of figures may be main text; false leaves them out."),
  maxBytes: z
    .int()
    .min(1)
    .default(4 * 1024 * 1024)
    .describe("A larger page is dropped unread."),
  maxNodes: z
    .int()
    .min(1)
    .default(40_000)
    .describe("With `engine: readability`, a page with more elements and texts is dropped."),
  maxDepth: z
    .int()
    .min(1)
    .max(500)
    .default(200)
    .describe("With `engine: readability`, a page with more elements open at once is dropped."),
  maxNestedChars: z
    .int()
    .min(1)
    .default(40_000_000)
    .describe(
      "With `engine: readability`, a page is dropped if its characters (a node counts as 40 more), times the elements around them, sum up to more.",
    ),
});

type ReadabilityClass = typeof import("@mozilla/readability").Readability;

interface Engine extends TreeLibraries {
  readonly Readability: ReadabilityClass;
}
type Engines = { readonly blocks: MainTextEngine } | { readonly readability: Engine };

/** What a page is dropped under when its tree would be beyond a limit. */
const REASONS: Readonly<Record<keyof TreeLimits, string>> = {
  maxDepth: "html-too-deep",
  maxNodes: "html-too-many-nodes",
  maxNestedChars: "html-too-nested",
};

/** Parts of a page that are seldom its content; left out when the whole body is taken. */
const BOILERPLATE = new Set(["ASIDE", "FOOTER", "FORM", "HEADER", "NAV"]);

/** A language tag of BCP 47, which recommends room for 35 characters (§4.4.1). */
const LANGUAGE_TAG = /^[a-z]{2,8}(?:[-_][a-z0-9]{1,8})*$/i;
const MAX_LANGUAGE_CHARS = 35;

/**
 * Takes the main text out of HTML. Drops `html-too-large` and `no-text`. Tags: `charset`, `title`, `html.lang`.
 *
 * `engine: blocks` reads the page in one pass to a flat list of blocks, and a model of boosted trees says which of them are
 * main text; a page of any kind takes time in proportion to its length. Cross-validated by site, with one setting, its F1 is
 * .965 on the Article Extraction Benchmark, .927 on trafilatura's evaluation and .865 on WCXB, where Readability has .946,
 * .884 and .772 (docs/results/2026-11-30-extraction.md). A page of which nothing looks like main text (a menu, a page that
 * scripts would fill) is dropped as `no-text`, unless recall is favored; long text that a page has twice is taken once.
 * Further tags: `html.author`, `html.date`, `html.canonical`.
 *
 * `engine: readability` builds a tree, and drops `html-too-deep`, `html-too-many-nodes` and `html-too-nested` (with what was
 * reached). Where Readability finds no article (2 in 1,000 pages), the body's text is taken without its navigation, and the
 * page is tagged `html.fallback`: some of these are long articles in unusual markup, and it is for the filters to judge the
 * rest.
 */
export default defineExtractor({
  name: "extract-html",
  module: import.meta.url,
  version: 4,
  params,
  accepts: ["text/html", "application/xhtml+xml"],
  setup: async ({ engine }): Promise<Engines> => {
    if (engine === "blocks") return { blocks: await MainTextEngine.load() };
    const [libraries, { Readability }] = await Promise.all([loadTreeLibraries(), import("@mozilla/readability")]);
    return { readability: { ...libraries, Readability } };
  },
  extract(page: RawPage, params, engines) {
    if (page.body.length > params.maxBytes) return drop("html-too-large", page.body.length);
    const { text: html, charset } = decodeText(page.body, page.charset);
    const isXml = page.mediaType === "application/xhtml+xml";
    const found =
      "blocks" in engines
        ? readBlocks(html, page.url, { ...params, isXml }, engines.blocks)
        : readArticle(html, params, engines.readability, isXml);
    if ("kept" in found) return found;
    if (found.text === "") return drop("no-text", 0);
    return { text: cleanCharacters(found.text), tags: { charset, ...found.tags } };
  },
});

type Found = { readonly text: string; readonly tags: Tags } | Dropped;

function readBlocks(html: string, url: string, options: MainTextOptions, engine: MainTextEngine): Found {
  const { text, facts } = engine.read(html, options);
  const { title, headline, lang, author, date, canonicalUrl } = facts;
  // Some pages name themselves as "index.html".
  const canonical = canonicalUrl === "" ? undefined : URL.parse(canonicalUrl, URL.canParse(url) ? url : undefined);
  return {
    text,
    tags: {
      ...titleTag(headline || title),
      ...languageTag(lang),
      ...(author !== "" && { "html.author": author }),
      ...(date !== "" && { "html.date": date }),
      ...(canonical && /^https?:$/.test(canonical.protocol) && { "html.canonical": canonical.href }),
    },
  };
}

function readArticle(html: string, limits: TreeLimits, engine: Engine, isXml: boolean): Found {
  const tree = buildTree(html, limits, engine, isXml);
  if ("limit" in tree) return drop(REASONS[tree.limit], tree.reached);
  const pageTitle = tree.head.querySelector("title")?.textContent ?? "";
  const lang = languageOf(tree);
  const article = findArticle(tree, engine.Readability); // takes the tree apart
  const text = article.text !== "" ? article.text : wholeBody(html, limits, engine, isXml);
  const tags = {
    ...titleTag(article.title || pageTitle),
    ...languageTag(lang),
    ...(article.text === "" && { "html.fallback": true }),
  };
  return { text, tags };
}

/** Readability's choice as text, empty if it made none. */
function findArticle(
  tree: HtmlDocument,
  Readability: ReadabilityClass,
): { readonly text: string; readonly title: string } {
  // The serializer hands the chosen element over as it is, which saves writing and reading it as HTML.
  const reader = new Readability(tree as never, { serializer: (node) => node as unknown as TextNode });
  const article = reader.parse();
  return { text: article?.content ? blockText(article.content) : "", title: article?.title ?? "" };
}

/** The body's text without its navigation, from a fresh tree: Readability has emptied the first. */
function wholeBody(html: string, limits: TreeLimits, engine: Engine, isXml: boolean): string {
  const tree = buildTree(html, limits, engine, isXml);
  return "limit" in tree ? "" : blockText(tree.body, BOILERPLATE);
}

function languageOf(tree: HtmlDocument): string {
  const root = tree.documentElement;
  return root.getAttribute("lang") ?? root.getAttribute("xml:lang") ?? "";
}

/** What a page says its language is, where that is a language tag. */
function languageTag(lang: string): Tags {
  const tag = lang.trim();
  return LANGUAGE_TAG.test(tag) && tag.length <= MAX_LANGUAGE_CHARS ? { "html.lang": tag } : {};
}
