/**
 * Segments → records, WARC (0.17 to 1.1) and ARC (version 1) alike.
 *
 * A record is `header, blank line, block, line ends`. Its Content-Length is believed as long as what follows the block
 * is another record or nothing; otherwise these rules hold, and none of them throws:
 *
 *  - the segment ends too early, and the next one begins no record: the record goes on there (one record, many members);
 *  - the segment ends too early, and the next one begins a record, or none comes: the record ends here, `isShort`;
 *  - something else follows the block: it ends where the first record line within it begins, if there is one;
 *  - the length is missing, no number, or beyond what the file can hold: the block ends at the next record line;
 *  - a block above `maxRecordBytes` is read over, not held: `isTooLarge`.
 */
import type { SourceLog } from "../../../pipeline/source.ts";
import type { Segment } from "./container.ts";
import { firstValue, type HeaderFields, headerEnd, parseHeaderFields } from "./header-fields.ts";
import {
  arcLineText,
  findRecord,
  isRecordAt,
  isWarcAt,
  MAX_ARC_LINE_BYTES,
  parseArcLine,
  skipLineEnds,
  startsRecord,
} from "./record-start.ts";
import { SegmentText } from "./segment-text.ts";

/** A header is a few hundred bytes; beyond this it is no header. */
const MAX_HEADER_BYTES = 256 << 10;
const HEADER_STEP_BYTES = 16 << 10;
/** Looked at behind a block, for its line ends and the next version line. */
const WARC_AHEAD_BYTES = 64;
/** Kept of a block that is too large, for its HTTP status. */
const KEPT_HEAD_BYTES = 64 << 10;
const SEARCH_BYTES = 1 << 20;
const CR = 0x0d;
const LF = 0x0a;

export interface ArchiveRecord {
  readonly format: "warc" | "arc";
  /** WARC-Type in lower case, "" if it has none; ARC: "filedesc" or "response". */
  readonly type: string;
  readonly url: string;
  readonly date: string;
  /** Of the block. */
  readonly contentType: string;
  readonly fields: HeaderFields;
  /** The block, or only its head when `isTooLarge`. Lent: valid until the next record is asked for, or the reading ends. */
  readonly block: Buffer;
  /** False where `block` may be kept all the same. */
  readonly isLent: boolean;
  /** Bytes of the whole block. */
  readonly blockBytes: number;
  readonly isTooLarge: boolean;
  /** The block ends before its Content-Length does. */
  readonly isShort: boolean;
  /** Stored place: of the member it begins in to the end of the one it ends in; plain files: of the record itself. */
  readonly offset: number;
  /** 0 while the member's end is unknown. */
  readonly length: number;
  /** Where the record begins in its member's text, in plain bytes; 0 in plain files. */
  readonly position: number;
}

/** What a record says of itself before its block. */
type Head = Pick<ArchiveRecord, "format" | "type" | "url" | "date" | "contentType" | "fields"> & {
  readonly headBytes: number;
  /** undefined: missing, negative, or no number. */
  readonly declaredBytes: number | undefined;
};
type Block = Pick<ArchiveRecord, "block" | "blockBytes" | "isTooLarge" | "isShort">;

/**
 * All records of `segments`, in order; text that is no record goes to `log`. A record's block is valid until the next record
 * is asked for: whoever keeps it copies it.
 */
export async function* readRecords(
  segments: AsyncIterable<Segment>,
  maxRecordBytes: number,
  log: SourceLog,
): AsyncGenerator<ArchiveRecord> {
  const iterator = segments[Symbol.asyncIterator]();
  const reader = new RecordReader(iterator, maxRecordBytes, log);
  try {
    for (;;) {
      const record = await reader.next();
      if (record === undefined) return;
      yield record;
    }
  } finally {
    await iterator.return?.();
  }
}

class RecordReader {
  readonly #segments: AsyncIterator<Segment>;
  readonly #maxRecordBytes: number;
  readonly #log: SourceLog;
  /** The text being read, and the one after it where somebody had to look ahead. */
  #text: SegmentText | undefined;
  #ahead: SegmentText | undefined;
  /** Set by the first record: only lines of this kind end a damaged block. */
  #format: "warc" | "arc" | undefined;

  constructor(segments: AsyncIterator<Segment>, maxRecordBytes: number, log: SourceLog) {
    this.#segments = segments;
    this.#maxRecordBytes = maxRecordBytes;
    this.#log = log;
  }

  async next(): Promise<ArchiveRecord | undefined> {
    for (;;) {
      this.#text ??= await this.#nextText();
      const text = this.#text;
      if (text === undefined) return undefined;
      // Nothing is awaited where all of the text is held: that is nearly every record.
      if (!(text.isComplete ? skipBlankHeld(text) : await skipBlank(text))) {
        this.#text = undefined;
        continue;
      }
      const head = (text.isComplete ? warcHead(text.bytes) : undefined) ?? (await readHead(text));
      if (head === undefined) {
        await this.#skipJunk(text);
        continue;
      }
      text.records++;
      this.#format = head.format;
      const { position } = text;
      text.take(head.headBytes);
      const block = (text.isComplete ? this.#wholeBlock(text, head) : undefined) ?? (await this.#readBlock(text, head));
      if (block !== undefined) return this.#record(text, head, block, position);
    }
  }

  async #nextText(): Promise<SegmentText | undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead !== undefined) return ahead;
    const { done, value } = await this.#segments.next();
    return done === true ? undefined : new SegmentText(value);
  }

  #record(text: SegmentText, head: Head, block: Block, position: number): ArchiveRecord {
    const { segment } = text;
    const last = this.#text ?? text;
    const place = segment.isPlain
      ? { offset: position, length: text.position - position, position: 0 }
      : { offset: segment.offset, length: storedEnd(last.segment) - segment.offset, position };
    return {
      format: head.format,
      type: head.type,
      url: head.url,
      date: head.date,
      contentType: head.contentType,
      fields: head.fields,
      block: block.block,
      isLent: segment.isLent,
      blockBytes: block.blockBytes,
      isTooLarge: block.isTooLarge,
      isShort: block.isShort,
      offset: place.offset,
      length: Math.max(0, place.length),
      position: place.position,
    };
  }

  /** The ordinary case: all of the block is held, and what follows it is in order. */
  #wholeBlock(text: SegmentText, { declaredBytes }: Head): Block | undefined {
    if (declaredBytes === undefined || declaredBytes > text.bytes.length) return undefined;
    return endsWell(text.bytes, declaredBytes) ? this.#held(text.take(declaredBytes), false) : undefined;
  }

  async #readBlock(text: SegmentText, head: Head): Promise<Block | undefined> {
    const declared = head.declaredBytes;
    if (declared === undefined || declared > text.segment.maxPlainBytes - text.position) {
      return this.#readToNextRecord(text, head);
    }
    // A held segment is in memory anyway, so that its end can overrule what a record claims.
    const isOverrun = text.segment.text !== undefined && text.bytes.length < declared;
    if (declared > this.#maxRecordBytes && !isOverrun) return this.#readOver(text, declared);
    const isArc = head.format === "arc";
    await text.need(declared + (isArc ? MAX_ARC_LINE_BYTES : WARC_AHEAD_BYTES));
    if (text.bytes.length < declared) return this.#readAcross(text, head, declared);
    if (!endsWell(text.bytes, declared)) {
      const next = findRecord(text.bytes, 0, declared, isArc);
      if (next >= 0) return this.#held(withoutLineEnds(text.take(next)), true);
    }
    return this.#held(text.take(declared), false);
  }

  /** The record goes on in the next segment, or it is short. */
  async #readAcross(text: SegmentText, head: Head, declared: number): Promise<Block | undefined> {
    const first = keptOf(text, text.take(text.bytes.length));
    const parts = [first];
    let [seenBytes, heldBytes] = [first.length, first.length];
    for (let last = text; seenBytes < declared; ) {
      const next = await this.#nextText();
      if (next === undefined || (await beginsRecord(next))) {
        this.#ahead = next;
        if (last.segment.ending === "damaged") return undefined;
        // It may have swallowed records of its own segment.
        const swallowed = parts.length === 1 ? findRecord(first, 0, first.length, head.format === "arc") : -1;
        if (swallowed >= 0) {
          text.bytes = first.subarray(swallowed);
          text.position -= text.bytes.length;
          this.#text = text;
          return this.#held(withoutLineEnds(first.subarray(0, swallowed)), true);
        }
        const block = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
        if (seenBytes > heldBytes) return { block, blockBytes: declared, isTooLarge: true, isShort: true };
        return this.#held(withoutLineEnds(block), true);
      }
      next.records++; // it holds a part of one
      last = next;
      this.#text = next;
      while (seenBytes < declared && (await next.need(1))) {
        const part = next.take(declared - seenBytes);
        seenBytes += part.length;
        if (seenBytes > this.#maxRecordBytes) continue;
        parts.push(keptOf(next, part));
        heldBytes = seenBytes;
      }
    }
    if (seenBytes > heldBytes) return tooLarge(Buffer.concat(parts), declared);
    return this.#held(Buffer.concat(parts), false);
  }

  /** A block that is too large: its head is kept, the rest is read and forgotten. */
  async #readOver(text: SegmentText, declared: number): Promise<Block> {
    await text.need(KEPT_HEAD_BYTES);
    const head = Buffer.from(text.bytes.subarray(0, KEPT_HEAD_BYTES));
    let seenBytes = await text.drop(declared);
    while (seenBytes < declared) {
      const next = await this.#nextText();
      if (next === undefined || (await beginsRecord(next))) {
        this.#ahead = next;
        const reason = `record says ${declared} bytes, ${seenBytes} follow`;
        this.#log.lost({ offset: text.segment.offset, bytes: 0, reason });
        break;
      }
      next.records++;
      this.#text = next;
      seenBytes += await next.drop(declared - seenBytes);
    }
    return { ...tooLarge(head, declared), isShort: seenBytes < declared };
  }

  /** No usable length: the block ends where the next record line begins, or with its segment. */
  async #readToNextRecord(text: SegmentText, head: Head): Promise<Block | undefined> {
    const isShort = head.declaredBytes !== undefined;
    const isArc = head.format === "arc";
    let from = 0;
    for (let wantedBytes = SEARCH_BYTES; ; wantedBytes *= 2) {
      await text.need(Math.min(wantedBytes, this.#maxRecordBytes + MAX_ARC_LINE_BYTES));
      const next = findRecord(text.bytes, from, text.bytes.length, isArc);
      if (next >= 0) return this.#held(withoutLineEnds(text.take(next)), isShort);
      if (text.isComplete) {
        if (text.segment.ending === "damaged") return undefined;
        return this.#held(withoutLineEnds(text.take(text.bytes.length)), isShort);
      }
      if (text.bytes.length > this.#maxRecordBytes) break;
      from = Math.max(0, text.bytes.length - MAX_ARC_LINE_BYTES);
    }
    const kept = Buffer.from(text.bytes.subarray(0, KEPT_HEAD_BYTES));
    const { bytes } = await this.#dropToNextRecord(text);
    return tooLarge(kept, bytes);
  }

  #held(block: Buffer, isShort: boolean): Block {
    if (block.length > this.#maxRecordBytes) return tooLarge(block.subarray(0, KEPT_HEAD_BYTES), block.length);
    return { block, blockBytes: block.length, isTooLarge: false, isShort };
  }

  /** Text that begins no record: skipped to the next one, and accounted for. */
  async #skipJunk(text: SegmentText): Promise<void> {
    const { segment, position, records } = text;
    const { bytes, isZero } = await this.#dropToNextRecord(text);
    if (isZero && text.isComplete && text.bytes.length === 0) return; // padding
    const reason = `${bytes} bytes that are no WARC or ARC record`;
    if (segment.isPlain) this.#log.lost({ offset: position, bytes, reason });
    else if (segment.ending === "whole") {
      // The member itself is sound: it is lost only if nothing in it could be used.
      const isUseless = records === 0 && text.bytes.length === 0;
      this.#log.lost({ offset: segment.offset, bytes: isUseless ? segment.storedBytes : 0, reason });
    }
  }

  async #dropToNextRecord(text: SegmentText): Promise<{ bytes: number; isZero: boolean }> {
    const start = text.position;
    let isZero = true;
    for (;;) {
      await text.need(SEARCH_BYTES);
      // Byte 0 is known to begin no record, or was looked at as the last byte of the round before.
      const next = this.#findNext(text.bytes);
      const isLast = text.isComplete;
      const junkBytes = next >= 0 ? next : isLast ? text.bytes.length : text.bytes.length - MAX_ARC_LINE_BYTES;
      const junk = text.take(junkBytes);
      isZero &&= junk.every((byte) => byte === 0);
      if (next >= 0 || isLast) return { bytes: text.position - start, isZero };
    }
  }

  #findNext(bytes: Buffer): number {
    const warc = this.#format === "arc" ? -1 : findRecord(bytes, 1, bytes.length, false);
    const arc = this.#format === "warc" ? -1 : findRecord(bytes, 1, bytes.length, true);
    return warc < 0 || (arc >= 0 && arc < warc) ? arc : warc;
  }
}

/** What was taken of a text, to be kept while other segments are read. */
function keptOf(text: SegmentText, taken: Buffer): Buffer {
  return text.segment.isLent ? Buffer.from(taken) : taken;
}

function tooLarge(head: Buffer, blockBytes: number): Block {
  return { block: head.subarray(0, KEPT_HEAD_BYTES), blockBytes, isTooLarge: true, isShort: false };
}

/** Skips line ends; false when nothing else follows in this segment. */
async function skipBlank(text: SegmentText): Promise<boolean> {
  while (await text.need(1)) if (skipBlankHeld(text)) return true;
  return false;
}

function skipBlankHeld(text: SegmentText): boolean {
  const blank = skipLineEnds(text.bytes, 0);
  if (blank > 0) text.take(blank);
  return text.bytes.length > 0;
}

async function beginsRecord(text: SegmentText): Promise<boolean> {
  await text.need(MAX_ARC_LINE_BYTES);
  return startsRecord(text.bytes);
}

/** After a block come line ends, and then a record, padding, or nothing. */
function endsWell(bytes: Buffer, blockEnd: number): boolean {
  const at = skipLineEnds(bytes, blockEnd);
  return at >= bytes.length || bytes[at] === 0 || isRecordAt(bytes, at);
}

/** Without the CR LF CR LF (or LF) that separates it from the next record. */
function withoutLineEnds(block: Buffer): Buffer {
  let end = block.length;
  for (let i = 0; i < 2 && end > 0 && block[end - 1] === LF; i++) end -= block[end - 2] === CR ? 2 : 1;
  return block.subarray(0, end);
}

function storedEnd(segment: Segment): number {
  return segment.storedBytes === 0 ? 0 : segment.offset + segment.storedBytes;
}

/** The head of the record that begins here, or undefined if none does. Nothing is taken. */
async function readHead(text: SegmentText): Promise<Head | undefined> {
  await text.need(WARC_AHEAD_BYTES);
  if (!isWarcAt(text.bytes, 0)) return readArcHead(text);
  let head = warcHead(text.bytes);
  for (let wanted = HEADER_STEP_BYTES; head === undefined && wanted <= MAX_HEADER_BYTES; wanted *= 2) {
    if (text.bytes.length >= wanted) continue;
    await text.need(wanted);
    head = warcHead(text.bytes);
    if (text.isComplete) break;
  }
  return head;
}

/** The head of the WARC record that begins `bytes`; undefined if there is none, or it ends behind them. */
function warcHead(bytes: Buffer): Head | undefined {
  if (!isWarcAt(bytes, 0)) return undefined;
  const headBytes = headerEnd(bytes, 0, MAX_HEADER_BYTES);
  if (headBytes < 0) return undefined;
  const fields = parseHeaderFields(bytes.toString("utf8", bytes.indexOf(LF) + 1, headBytes));
  return {
    format: "warc",
    type: firstValue(fields, "warc-type").toLowerCase(),
    url: withoutBrackets(firstValue(fields, "warc-target-uri")),
    date: firstValue(fields, "warc-date"),
    contentType: firstValue(fields, "content-type"),
    fields,
    headBytes,
    declaredBytes: parseLength(firstValue(fields, "content-length")),
  };
}

async function readArcHead(text: SegmentText): Promise<Head | undefined> {
  let lineEnd = text.bytes.subarray(0, MAX_ARC_LINE_BYTES).indexOf(LF);
  if (lineEnd < 0 && text.bytes.length < MAX_ARC_LINE_BYTES) {
    await text.need(MAX_ARC_LINE_BYTES);
    lineEnd = text.bytes.subarray(0, MAX_ARC_LINE_BYTES).indexOf(LF);
  }
  const line = lineEnd <= 0 ? undefined : parseArcLine(arcLineText(text.bytes, 0, lineEnd));
  if (line === undefined) return undefined;
  return {
    format: "arc",
    type: line.url.startsWith("filedesc:") ? "filedesc" : "response",
    url: line.url,
    date: isoDate(line.date),
    contentType: line.mediaType,
    fields: new Map(),
    headBytes: lineEnd + 1,
    declaredBytes: parseLength(line.length),
  };
}

/** wget writes `<http://…>`, as the WARC 1.0 grammar asks by mistake. */
function withoutBrackets(uri: string): string {
  return uri.startsWith("<") && uri.endsWith(">") ? uri.slice(1, -1) : uri;
}

function parseLength(value: string): number | undefined {
  return /^\d+$/.test(value) ? Number(value) : undefined;
}

/** ARC's 14 digits as ISO 8601; other lengths (some writers add milliseconds, or stop early) as far as they go. */
function isoDate(digits: string): string {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(digits);
  if (match === null) return /^\d/.test(digits) ? digits : "";
  return `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`;
}
