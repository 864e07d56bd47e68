import { decodeText } from "../../stages/extract/charset.ts";
import { type CrawlRow, crawlPage, jsonLines } from "./extract-crawl.ts";

/**
 * Some `count` HTML pages from all over the shared crawl, decoded. Without `<noscript>`: readers differ in what they
 * make of it.
 */
export function* sampleOfCrawl(count: number): Generator<{ url: string; html: string }> {
  const rows = jsonLines<CrawlRow>("data", "crawl", "crawl-shared.pages.jsonl.gz").filter(
    ({ mime }) => mime === "text/html",
  );
  const step = Math.max(1, Math.floor(rows.length / count));
  for (let index = 0; index < rows.length; index += step) {
    const { body, charset } = crawlPage(rows[index]!);
    const html = decodeText(body, charset).text.replace(/<noscript.*?<\/noscript\s*>/gis, "");
    yield { url: rows[index]!.url, html };
  }
}
