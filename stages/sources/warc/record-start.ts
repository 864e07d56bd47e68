/** How a record begins: a WARC version line, or ARC's line of five words. */

const CR = 0x0d;
const LF = 0x0a;
const WARC = Buffer.from("WARC/");
/** URLs are long now and then; a line that goes on for longer than this is none of ARC's. */
export const MAX_ARC_LINE_BYTES = 16 << 10;
/** "WARC/1.0" and its line end; the versions in use are 0.17, 0.18, 1.0 and 1.1. */
const WARC_LINE = /^WARC\/\d{1,2}\.\d{1,2}[ \t]*(?:\r?\n|\r?$)/;
const WARC_LINE_BYTES = 16;
// Split from the right: URLs with raw spaces occur, and so do media types with parameters, and "null" for a date. The
// address must look like one, or "Date: Sun, 16 Feb 2014 05:02:20 GMT" would pass for a record.
const ARC_LINE =
  /^([a-z][a-z0-9+.-]*:\S.*) (\d{1,3}(?:\.\d{1,3}){3}|[\da-f]*:[\da-f]*:[\da-f:.]*|-|null) (\d{8,20}|null|-) (.*) ([^ ]+)$/i;

/** ARC, version 1: `URL IP-address archive-date content-type length`. */
export interface ArcLine {
  readonly url: string;
  /** 14 digits, in principle; "null" and other lengths occur. */
  readonly date: string;
  readonly mediaType: string;
  readonly length: string;
}

/** An ARC record's first line without its line end, or undefined if it is none. */
export function parseArcLine(line: string): ArcLine | undefined {
  // Without a last word the pattern would try every split of a hostile line.
  const match = line.endsWith(" ") ? null : ARC_LINE.exec(line);
  return match === null ? undefined : { url: match[1]!, date: match[3]!, mediaType: match[4]!, length: match[5]! };
}

/** The position of the first byte at or after `from` that ends no line. */
export function skipLineEnds(text: Uint8Array, from: number): number {
  let at = from;
  while (at < text.length && (text[at] === LF || text[at] === CR)) at++;
  return at;
}

/** Whether a record begins right at `from`. */
export function isRecordAt(text: Buffer, from: number): boolean {
  if (isWarcAt(text, from)) return true;
  const lineEnd = text.subarray(from, from + MAX_ARC_LINE_BYTES).indexOf(LF);
  return lineEnd > 0 && parseArcLine(arcLineText(text, from, from + lineEnd)) !== undefined;
}

export function isWarcAt(text: Buffer, from: number): boolean {
  if (text[from] !== WARC[0] || text[from + 1] !== WARC[1]) return false;
  return WARC_LINE.test(text.toString("latin1", from, from + WARC_LINE_BYTES));
}

export function arcLineText(text: Buffer, from: number, to: number): string {
  return text.toString("utf8", from, text[to - 1] === CR ? to - 1 : to);
}

/** Whether the text, after line ends, begins with a record. */
export function startsRecord(text: Buffer): boolean {
  return isRecordAt(text, skipLineEnds(text, 0));
}

/** The first record that begins a line in [from, to), or -1. `isArc` says which kind to look for. */
export function findRecord(text: Buffer, from: number, to: number, isArc: boolean): number {
  if (!isArc) {
    for (let at = text.indexOf(WARC, from); at >= 0 && at < to; at = text.indexOf(WARC, at + 1)) {
      if ((at === 0 || text[at - 1] === LF) && isWarcAt(text, at)) return at;
    }
    return -1;
  }
  for (let lineStart = from; lineStart < to; ) {
    const lineEnd = text.indexOf(LF, lineStart);
    if (lineEnd < 0) return -1;
    const isLine = lineStart === 0 || text[lineStart - 1] === LF;
    if (isLine && lineEnd - lineStart <= MAX_ARC_LINE_BYTES && lineEnd > lineStart) {
      if (parseArcLine(arcLineText(text, lineStart, lineEnd)) !== undefined) return lineStart;
    }
    lineStart = lineEnd + 1;
  }
  return -1;
}
