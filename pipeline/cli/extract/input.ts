/** One page from a file, a URL or standard input, with its type as far as name, server and bytes tell. */
import { basename, extname } from "node:path";
import { charsetOf, mediaTypeOf } from "../../../stages/sources/warc/media-type.ts";
import type { RawPage } from "../../document.ts";
import { FormatError, RecipeError } from "../../errors.ts";
import { fetchPage, HTTP_TIMING, type HttpTiming } from "../../io/http.ts";
import { isUrl, openByteSource } from "../../io/open.ts";
import { pageId } from "../../source.ts";

export interface InputOptions {
  /** Stands in the page's stead of where it was read from. */
  readonly url?: string | undefined;
  /** Overrules what name, server and bytes tell; may name a charset. */
  readonly mediaType?: string | undefined;
}

/** As the warc source's largest record. */
const MAX_BYTES = 64 << 20;

/** Somebody waits for the answer: fewer and shorter waits than a crawl's files are worth, and five minutes for the page. */
export const PAGE_TIMING: HttpTiming = {
  ...HTTP_TIMING,
  attempts: 3,
  maxRetryAfterMs: 5000,
  minBytesPerSecond: MAX_BYTES / 256,
};

const TYPES_BY_EXTENSION: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".htm": "text/html",
  ".xhtml": "application/xhtml+xml",
  ".pdf": "application/pdf",
  ".txt": "text/plain",
  ".rss": "application/rss+xml",
  ".atom": "application/atom+xml",
  ".xml": "application/xml",
};

export async function readPage(place: string, { url, mediaType }: InputOptions): Promise<RawPage> {
  if (url !== undefined && !URL.canParse(url)) throw new RecipeError(`--url: not a valid URL: ${JSON.stringify(url)}`);
  if (mediaType !== undefined && !/^[^\s/;]+\/[^\s/;]+\s*(?:;|$)/.test(mediaType))
    throw new RecipeError(`--media-type: expected a type like text/html, found ${JSON.stringify(mediaType)}`);
  const { body, contentType, from } = await readBytes(place);
  const type = mediaType === undefined ? mediaTypeOf(contentType, body) : essenceOf(mediaType);
  const file = isUrl(place) || place === "-" ? place : basename(place);
  return {
    id: pageId(file, 0, body),
    url: url ?? from,
    date: "",
    source: { file, offset: 0, length: body.length },
    tags: {},
    mediaType: type,
    charset: charsetOf(mediaType ?? contentType) ?? charsetOf(contentType),
    body,
  };
}

async function readBytes(place: string): Promise<{ body: Buffer; contentType: string; from: string }> {
  if (isUrl(place)) {
    if (!URL.canParse(place)) throw new RecipeError(`${place}: not a valid URL`);
    const { body, contentType, url } = await fetchPage(place, MAX_BYTES, PAGE_TIMING);
    return { body, contentType, from: url };
  }
  if (place === "-") return { body: await readStandardInput(), contentType: "", from: "" };
  const source = await openByteSource(place);
  try {
    if (source.bytes > MAX_BYTES) throw tooLarge(place);
    const body = await source.read(0, source.bytes);
    return { body, contentType: TYPES_BY_EXTENSION[extname(place).toLowerCase()] ?? "", from: "" };
  } finally {
    await source.close();
  }
}

async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BYTES) throw tooLarge("standard input");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function tooLarge(place: string): FormatError {
  return new FormatError(`${place}: more than ${MAX_BYTES} bytes; expected one page`);
}

function essenceOf(mediaType: string): string {
  return mediaType.split(";", 1)[0]!.trim().toLowerCase();
}
