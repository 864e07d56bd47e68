/** Cuts a page's text into passages: lines, or paragraphs. */
import { withRoom } from "../../../pipeline/text/growable.ts";
import { isSpace } from "../../../pipeline/text/python-text.ts";

const LF = 0x0a;
const CR = 0x0d;

/** Where passages begin and end, in order; what lies between two of them parts them. Refilled for every page. */
export class Passages {
  count = 0;
  starts = new Int32Array(1 << 8);
  ends = new Int32Array(1 << 8);

  push(start: number, end: number): void {
    if (this.count === this.starts.length) {
      this.starts = withRoom(this.starts, this.count + 1);
      this.ends = withRoom(this.ends, this.count + 1);
    }
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }
}

/** `units` hold a text of `length` units, and "\n" behind it. */
export type Splitter = (units: Uint16Array, length: number, passages: Passages) => void;

/** Lines: what lies between "\n", of which a "\r" before it is a part. No line follows a final one. */
export const splitLines: Splitter = (units, length, passages) => {
  passages.count = 0;
  for (let start = 0; start < length; ) {
    let end = start;
    while (units[end] !== LF) end++;
    passages.push(start, end < length && end > start && units[end - 1] === CR ? end - 1 : end);
    start = end + 1;
  }
};

/** Paragraphs: runs of lines that are not blank, from the first one's begin to the last one's end. */
export const splitParagraphs: Splitter = (units, length, passages) => {
  passages.count = 0;
  let paragraphStart = -1;
  let paragraphEnd = 0;
  for (let start = 0; start < length; ) {
    let end = start;
    while (units[end] !== LF) end++;
    const lineEnd = end < length && end > start && units[end - 1] === CR ? end - 1 : end;
    if (!isBlankLine(units, start, lineEnd)) {
      if (paragraphStart === -1) paragraphStart = start;
      paragraphEnd = lineEnd;
    } else if (paragraphStart !== -1) {
      passages.push(paragraphStart, paragraphEnd);
      paragraphStart = -1;
    }
    start = end + 1;
  }
  if (paragraphStart !== -1) passages.push(paragraphStart, paragraphEnd);
};

function isBlankLine(units: Uint16Array, start: number, end: number): boolean {
  let i = start;
  while (i < end && isSpace(units[i]!)) i++;
  return i === end;
}
