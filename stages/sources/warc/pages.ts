/** A record → the page it holds, a page that is refused, or nothing (then it is counted by kind). */
import type { SourceRef, Tags, TagValue } from "../../../pipeline/document.ts";
import type { RejectedPage, SourceItem, SourceLog } from "../../../pipeline/source.ts";
import { pageId } from "../../../pipeline/source.ts";
import { drop } from "../../../pipeline/verdict.ts";
import { decodeBody } from "./body-encoding.ts";
import { firstValue } from "./header-fields.ts";
import { type HttpMessage, isHttp, parseHttpMessage } from "./http-message.ts";
import { charsetOf, mediaTypeOf } from "./media-type.ts";
import type { ArchiveRecord } from "./records.ts";

/** Kinds that are counted under their own name; hostile files must not invent counters. */
const KNOWN_KINDS = new Set(["warcinfo", "request", "metadata", "revisit", "continuation", "filedesc"]);
/** wget keeps its own log and manifest as resources of this scheme. */
const WRITERS_NOTES = "metadata:";

/**
 * The page in a record. Its id is `pageId(file, offset, body)`; where a record does not begin its member, `#` and its
 * position in the member's text (plain bytes) follow the file's name, so that records of one member differ. A refused
 * page's id is made from its record's block, or of one that is too large from the first 64 KiB of it.
 */
export async function toItem(
  record: ArchiveRecord,
  file: string,
  maxBodyBytes: number,
  log: SourceLog,
): Promise<SourceItem | undefined> {
  const kind = pageKind(record);
  if (!kind.isPage) {
    log.skipped(kind.name);
    return undefined;
  }
  const page = new PageMaker(record, file);
  return kind.name === "response" ? fromHttp(page, record, maxBodyBytes) : fromBlock(page, record, kind.name);
}

function pageKind(record: ArchiveRecord): { readonly isPage: boolean; readonly name: string } {
  const { type, url } = record;
  if (type === "response") {
    if (/^dns:/i.test(url) || /^text\/dns/i.test(record.contentType)) return { isPage: false, name: "dns" };
    if (isHttp(record.block)) return { isPage: true, name: "response" };
    // Declared as HTTP, it is a page that cannot be read; else it was fetched by another protocol.
    const isDeclaredHttp = record.format === "warc" && /^application\/http/i.test(record.contentType);
    return isDeclaredHttp ? { isPage: true, name: "response" } : { isPage: false, name: "not-http" };
  }
  if (type === "resource" || type === "conversion") {
    const isNote = url.toLowerCase().startsWith(WRITERS_NOTES);
    return isNote ? { isPage: false, name: "writers-note" } : { isPage: true, name: type };
  }
  return { isPage: false, name: KNOWN_KINDS.has(type) ? type : "unknown" };
}

async function fromHttp(page: PageMaker, record: ArchiveRecord, maxBodyBytes: number): Promise<SourceItem> {
  if (record.block.length === 0) return page.rejected("empty-body");
  const message = parseHttpMessage(record.block);
  if (message === undefined) return page.rejected("no-http-status");
  if (message.status < 200 || message.status > 299) return page.rejected("http-status", message.status);
  if (record.isTooLarge) return page.rejected("too-large", record.blockBytes);
  return decoded(page, message, maxBodyBytes);
}

async function decoded(page: PageMaker, message: HttpMessage, maxBodyBytes: number): Promise<SourceItem> {
  const { body, isTruncated, leftOn, isTooLarge } = await decodeBody(message.body, message.fields, maxBodyBytes);
  if (isTooLarge) return page.rejected("too-large", maxBodyBytes);
  if (isTruncated) page.tag("body.truncated", true);
  if (leftOn.length > 0) page.tag("body.encoding", leftOn.join(","));
  if (body.length === 0) return page.rejected("empty-body");
  const contentTypes = message.fields.get("content-type") ?? [];
  const contentType = contentTypes.findLast((value) => value.includes("/")) ?? "";
  // Bytes that stayed compressed would reach the extractors as noise.
  if (leftOn.some(isCompression) && mediaTypeOf("", body) === "application/octet-stream") {
    return page.rejected("undecodable-body", body.length);
  }
  return page.raw(contentType, body);
}

function isCompression(encoding: string): boolean {
  return encoding !== "chunked" && /^(?:(?:x-)?gzip|deflate|br|zstd|(?:x-)?compress)$/.test(encoding);
}

/** The block is the page itself: a `resource`, or the text that a WET file's `conversion` holds. */
function fromBlock(page: PageMaker, record: ArchiveRecord, kind: string): SourceItem {
  page.tag("warc.type", kind);
  if (record.isTooLarge) return page.rejected("too-large", record.blockBytes);
  if (record.block.length === 0) return page.rejected("empty-body");
  const mediaType = mediaTypeOf(record.contentType, record.block);
  if (kind === "conversion" && mediaType === "text/plain") return page.document(record.block);
  return page.raw(record.contentType, record.block);
}

/** Puts together what all of a record's outcomes share. */
class PageMaker {
  readonly #record: ArchiveRecord;
  readonly #source: SourceRef;
  readonly #idFile: string;
  readonly #tags: Record<string, TagValue> = {};

  constructor(record: ArchiveRecord, file: string) {
    this.#record = record;
    this.#source = { file, offset: record.offset, length: record.length };
    this.#idFile = record.position === 0 ? file : `${file}#${record.position}`;
    const truncated = firstValue(record.fields, "warc-truncated");
    if (truncated !== "") this.tag("warc.truncated", truncated);
    else if (record.isShort) this.tag("warc.truncated", "short-record");
    // A segmented record: the rest lies in `continuation` records elsewhere.
    else if (record.fields.has("warc-segment-number")) this.tag("warc.truncated", "segmented");
  }

  tag(name: string, value: TagValue): void {
    this.#tags[name] = value;
  }

  raw(contentType: string, body: Buffer): SourceItem {
    const mediaType = mediaTypeOf(contentType, body);
    return { ...this.#common(body), mediaType, charset: charsetOf(contentType), body: this.#kept(body) };
  }

  /** A page may be kept, a record's block is lent: copied, unless undoing an encoding has. */
  #kept(body: Buffer): Buffer {
    const { block, isLent } = this.#record;
    return isLent && body.buffer === block.buffer ? Buffer.from(body) : body;
  }

  document(text: Buffer): SourceItem {
    return { ...this.#common(text), text: text.toString("utf8") };
  }

  rejected(reason: string, value?: number): RejectedPage {
    return { ...this.#common(this.#record.block), rejected: drop(reason, value) };
  }

  #common(content: Buffer) {
    const { url, date, offset } = this.#record;
    const tags: Tags = this.#tags;
    return { id: pageId(this.#idFile, offset, content), url, date, source: this.#source, tags };
  }
}
