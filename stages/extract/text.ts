/** Plain text → text: decoded, its lines tidied. */
import type { RawPage } from "../../pipeline/document.ts";
import { defineExtractor, z } from "../../pipeline/stage.ts";
import { drop } from "../../pipeline/verdict.ts";
import { decodeText } from "./charset.ts";

const params = z.strictObject({
  maxBytes: z
    .int()
    .min(1)
    .default(16 * 1024 * 1024)
    .describe("A larger page is dropped unread."),
});

/** Looked at for bytes that no text has (WHATWG MIME Sniffing, 7.2: "resource header"). */
const HEADER_BYTES = 1445;

/**
 * Reads `text/plain`: line ends become LF, blanks at line ends and control characters go, more than one blank line in a
 * row becomes one. Drops `text-too-large`, `not-text` (bytes that no text has, with the place of the first) and `no-text`.
 * Tag: `charset`.
 */
export default defineExtractor({
  name: "extract-text",
  module: import.meta.url,
  version: 1,
  params,
  accepts: ["text/plain"],
  extract(page: RawPage, { maxBytes }) {
    if (page.body.length > maxBytes) return drop("text-too-large", page.body.length);
    const { text, charset } = decodeText(page.body, page.charset);
    const binary = charset.startsWith("utf-16") ? -1 : page.body.subarray(0, HEADER_BYTES).findIndex(isBinary);
    if (binary >= 0) return drop("not-text", binary);
    const tidy = tidyLines(text);
    return tidy === "" ? drop("no-text", 0) : { text: tidy, tags: { charset } };
  },
});

/** A "binary data byte" (WHATWG MIME Sniffing, 3): controls other than tab, line ends, form feed and escape. */
function isBinary(byte: number): boolean {
  return byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d && byte !== 0x1b;
}

/** Line ends of every system, the page breaks of old documents, and Unicode's own. */
const LINE_ENDS = /\r\n?|[\f\v\u0085\u2028\u2029]/g;
/** Soft hyphen, byte order mark, controls other than tab and line feed. */
const INVISIBLE = /[\u00ad\ufeff\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]+/g;

/** Lines without what nobody sees, and never more than one blank line in a row. */
export function tidyLines(text: string): string {
  const lines = text.replace(LINE_ENDS, "\n").replace(INVISIBLE, "").split("\n");
  const tidy: string[] = [];
  let isAfterBlank = true; // no blank line at the head
  for (const line of lines) {
    const trimmed = line.trimEnd();
    if (trimmed === "" && isAfterBlank) continue;
    isAfterBlank = trimmed === "";
    tidy.push(trimmed);
  }
  if (isAfterBlank) tidy.pop();
  return tidy.join("\n");
}
