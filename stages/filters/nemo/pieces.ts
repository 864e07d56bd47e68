/** Lines and paragraphs as NeMo Curator cuts them, and how many of them are distinct. */
import { countCodePoints, skipSpace, skipSpaceBack } from "../../../pipeline/text/python-text.ts";
import { SpanTable } from "../../../pipeline/text/span-table.ts";
import { BULLETS, ELLIPSIS_MARKS, END_MARKS } from "./marks.ts";

export interface Pieces {
  readonly count: number;
  /** Distinct pieces / pieces, and the same of their code points; 0 where there is nothing to share. */
  readonly distinct: number;
  readonly distinctChars: number;
}

class PieceCounter {
  readonly #seen = new SpanTable();
  #count = 0;
  #chars = 0;
  #distinctChars = 0;

  add(text: string, start: number, end: number): void {
    const chars = countCodePoints(text, start, end);
    const known = this.#seen.size;
    this.#count++;
    this.#chars += chars;
    if (this.#seen.intern(text, start, end) === known) this.#distinctChars += chars;
  }

  result(): Pieces {
    return {
      count: this.#count,
      distinct: this.#count === 0 ? 0 : this.#seen.size / this.#count,
      distinctChars: this.#chars === 0 ? 0 : this.#distinctChars / this.#chars,
    };
  }
}

export interface Lines extends Pieces {
  readonly unterminated: number;
  readonly ellipses: number;
  readonly bullets: number;
}

/** Lines that are not blank, white space at their ends included; marks are looked for without it. */
export function measureLines(text: string): Lines {
  const pieces = new PieceCounter();
  let unterminated = 0;
  let ellipses = 0;
  let bullets = 0;
  for (let lineStart = 0; lineStart < text.length; ) {
    const found = text.indexOf("\n", lineStart);
    const lineEnd = found === -1 ? text.length : found;
    const start = skipSpace(text, lineStart, lineEnd);
    if (start < lineEnd) {
      const end = skipSpaceBack(text, start, lineEnd);
      pieces.add(text, lineStart, lineEnd);
      if (!END_MARKS.includes(text[end - 1]!)) unterminated++;
      if (endsInEllipsis(text, start, end)) ellipses++;
      if (BULLETS.includes(text[start]!)) bullets++;
    }
    lineStart = lineEnd + 1;
  }
  return { ...pieces.result(), unterminated, ellipses, bullets };
}

const LAST_OF_ELLIPSES = new Set(ELLIPSIS_MARKS.map((mark) => mark.at(-1)));
const LONGEST_ELLIPSIS = Math.max(...ELLIPSIS_MARKS.map((mark) => mark.length));

function endsInEllipsis(text: string, start: number, end: number): boolean {
  if (!LAST_OF_ELLIPSES.has(text[end - 1]!.toLowerCase())) return false;
  const tail = text.slice(Math.max(start, end - LONGEST_ELLIPSIS), end).toLowerCase();
  return ELLIPSIS_MARKS.some((mark) => tail.endsWith(mark));
}

/** What `text.split("\n\n")` gives: an empty text is one empty paragraph. */
export function measureParagraphs(text: string): Pieces {
  const pieces = new PieceCounter();
  for (let start = 0; ; ) {
    const end = text.indexOf("\n\n", start);
    pieces.add(text, start, end === -1 ? text.length : end);
    if (end === -1) return pieces.result();
    start = end + 2;
  }
}
