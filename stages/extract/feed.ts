/** RSS and Atom feeds → the text of their items. */
import type { Parser as ParserClass } from "htmlparser2";
import type { RawPage, Tags } from "../../pipeline/document.ts";
import { defineExtractor, z } from "../../pipeline/stage.ts";
import { drop } from "../../pipeline/verdict.ts";
import { cleanCharacters, decodeText } from "./charset.ts";
import { FeedReader } from "./feed/feed-reader.ts";
import { titleTag } from "./title.ts";

const params = z.strictObject({
  maxBytes: z
    .int()
    .min(1)
    .default(16 * 1024 * 1024)
    .describe("A larger feed is dropped unread."),
  maxDepth: z.int().min(1).max(2000).default(200).describe("A feed with more elements open at once is dropped."),
});

/** A language tag of BCP 47, which recommends room for 35 characters (§4.4.1). */
const LANGUAGE_TAG = /^(?=.{2,35}$)[a-z]{2,8}(?:[-_][a-z0-9]{1,8})*$/i;

/**
 * Takes the items out of RSS (0.9x, 1.0, 2.0) and Atom: of each its title and its content, or its summary where it has no
 * content, as text; items are apart by blank lines. Drops `feed-too-large`, `feed-too-deep`, `not-a-feed` (XML of another
 * kind) and `no-items` (none with text). Tags: `charset`, `title`, `feed.items`, `feed.lang`.
 *
 * Entities that a document declares itself are not expanded: they stand in the text as they are written.
 */
export default defineExtractor({
  name: "extract-feed",
  module: import.meta.url,
  version: 1,
  params,
  accepts: ["application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml"],
  setup: async (): Promise<typeof ParserClass> => (await import("htmlparser2")).Parser,
  extract(page: RawPage, { maxBytes, maxDepth }, Parser) {
    if (page.body.length > maxBytes) return drop("feed-too-large", page.body.length);
    const { text: xml, charset } = decodeText(page.body, page.charset);
    const feed = new FeedReader(Parser, maxDepth).read(xml);
    if (feed.isTooDeep) return drop("feed-too-deep", maxDepth);
    if (!feed.isFeed) return drop("not-a-feed", page.body.length);
    if (feed.items.length === 0) return drop("no-items", 0);
    const tags: Tags = {
      charset,
      ...titleTag(feed.title),
      "feed.items": feed.items.length,
      ...(LANGUAGE_TAG.test(feed.lang) && { "feed.lang": feed.lang }),
    };
    return { text: cleanCharacters(feed.items.join("\n\n")), tags };
  },
});
