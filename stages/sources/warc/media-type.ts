/** What a body is: the declared type where it says something, the first bytes where it does not. */
import { isLikelyText } from "./likely-text.ts";

/** Types that servers send when they do not know. */
const GENERIC = new Set([
  "",
  "application/octet-stream",
  "binary/octet-stream",
  "application/x-octet-stream",
  "application/binary",
  "application/unknown",
  "application/force-download",
  "application/download",
  "unknown/unknown",
  "content/unknown",
  "*/*",
]);

/** First bytes that prove a type (WHATWG MIME Sniffing, 6). */
const SIGNATURES: readonly (readonly [string, Buffer, number?])[] = [
  ["application/pdf", Buffer.from("%PDF-")],
  ["image/png", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ["image/jpeg", Buffer.from([0xff, 0xd8, 0xff])],
  ["image/gif", Buffer.from("GIF87a")],
  ["image/gif", Buffer.from("GIF89a")],
  ["image/webp", Buffer.from("WEBP"), 8],
  ["image/x-icon", Buffer.from([0, 0, 1, 0])],
  ["image/tiff", Buffer.from([0x49, 0x49, 0x2a, 0])],
  ["image/tiff", Buffer.from([0x4d, 0x4d, 0, 0x2a])],
];

const HEAD_BYTES = 1024;
const ESSENCE = /^\s*([^\s/;,]+\/[^\s;,]+)/;
const CHARSET = /;\s*charset\s*=\s*["']?\s*([^\s"';,]+)/i;
const HTML_START = /^<(?:!doctype\s+html|(?:html|head|body|title|script|meta|table|div)[\s>])/i;
/** What else browsers take for HTML, but only where nothing is declared: text may begin so, too. */
const UNDECLARED_HTML_START = /^<(?:h1|iframe|style|font|a|b|br|p)[\s/>]/i;
const XML_START = /^\s*<\?xml/i;

/** The lower-case media type without parameters; "application/octet-stream" when nothing tells. */
export function mediaTypeOf(contentType: string, body: Buffer): string {
  const declared = ESSENCE.exec(contentType)?.[1]?.toLowerCase() ?? "";
  if (!GENERIC.has(declared) && !declared.startsWith("text/")) return declared;
  const signed = signatureOf(body);
  if (signed !== undefined) return signed;
  if (!GENERIC.has(declared) && declared !== "text/plain") return declared;
  const markup = markupOf(body, declared !== "text/plain");
  if (markup !== undefined) return markup;
  if (declared !== "") return declared;
  return isLikelyText(body) ? "text/plain" : "application/octet-stream";
}

/** The charset parameter, if there is one. */
export function charsetOf(contentType: string): string | undefined {
  return CHARSET.exec(contentType)?.[1];
}

function signatureOf(body: Buffer): string | undefined {
  for (const [type, bytes, at = 0] of SIGNATURES) {
    if (body.length >= at + bytes.length && body.compare(bytes, 0, bytes.length, at, at + bytes.length) === 0)
      return type;
  }
  return undefined;
}

function markupOf(body: Buffer, isUndeclared: boolean): string | undefined {
  const head = markupHead(body);
  const start = behindProlog(head);
  if (HTML_START.test(start)) return "text/html"; // XHTML without a declared type too, as browsers take it
  if (isUndeclared && UNDECLARED_HTML_START.test(start)) return "text/html";
  if (!XML_START.test(head) && !/^\s*<(?:rss|feed)[\s>]/i.test(head)) return undefined;
  if (/<rss[\s>]|<rdf:rdf[\s>]/i.test(head)) return "application/rss+xml";
  if (/<feed[\s>]/i.test(head)) return "application/atom+xml";
  return "application/xml";
}

/** What follows white space, comments and XML declarations. A pattern would try each comment's end again at every other's. */
function behindProlog(head: string): string {
  let rest = head.trimStart();
  for (;;) {
    const mark = rest.startsWith("<!--") ? "-->" : /^<\?xml/i.test(rest) ? ">" : "";
    const end = mark === "" ? -1 : rest.indexOf(mark);
    if (end < 0) return rest;
    rest = rest.slice(end + mark.length).trimStart();
  }
}

/** The first characters, with a byte order mark undone: UTF-16 pages are markup too. */
function markupHead(body: Buffer): string {
  const head = body.subarray(0, HEAD_BYTES);
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return head.toString("latin1", 3);
  if (head[0] === 0xff && head[1] === 0xfe) return head.toString("utf16le", 2);
  if (head[0] === 0xfe && head[1] === 0xff) return head.toString("latin1", 2).replaceAll("\0", "");
  return head.toString("latin1");
}
