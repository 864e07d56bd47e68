/**
 * Lines in reading order → text. A line goes on in the next when the first word of that would not have fitted any more;
 * a line that ends early ends on purpose. Gaps, indents, another font size and list marks begin paragraphs.
 */
import type { Flow, Line } from "./pdf-reading-order.ts";

/** A gap this much wider than usual begins a paragraph. Leading varies by rounding. */
const PARAGRAPH_GAP = 1.3;
/** The usual gap where there is nothing to tell it from, in font sizes. */
const USUAL_GAP = 1.5;
/** Sizes that differ by more are a heading and its text. */
const SIZE_CHANGE = 1.08;
/** An indent of at least this begins a paragraph, in font sizes. */
const INDENT = 0.7;
/** Edges this near are one edge, in font sizes. */
const SAME_EDGE = 0.15;
/** Lines before and after that tell where the right margin is. */
const MARGIN_LINES = 6;
/** Widths of words are guessed from the mean of their line: a word that nearly fits may not have fitted. */
const SURELY_FITS = 1.4;
const HARDLY_FITS = 0.8;
/** A sentence goes on after a line that leaves no more of its width free. */
const RAGGED = 0.35;
/** A column of prose is wider, in font sizes. */
const NARROW = 10;
/** Centred lines that are shorter, in font sizes, are names, dates and headings, which end on purpose. */
const CENTRED_PROSE = 25;
/** Lines before and after that tell where program text has its margin, and the most spaces that a line begins with. */
const CODE_LINES = 30;
const MAX_INDENT = 40;
/** The space before a word, in font sizes. */
const WORD_SPACE = 0.25;

/** A hyphen at a line's end whose word is put together later, when all words of the document are known. */
const BROKEN = "\u0001";
const LAST_WORD = /[\p{L}\p{M}\p{N}]+$/u;
const FIRST_WORD = /^[\p{L}\p{M}]+/u;
const SPACES = /\s+/;
/** What words are written with, ASCII alone: this looks at every word of every document. */
const PUNCTUATION = /^["'([]+|["')\].,;:!?]+$/g;
const MAX_WORD_CHARS = 60;

const ENDS_WITH_HYPHEN = /[\p{L}\p{M}\p{N}][-\u2010\u2011]$/u;
const ENDS_WITH_SOFT_HYPHEN = /\u00ad$/;
const ENDS_WITH_DASH = /\S[\u2013\u2014/]$/;
const ENDS_SENTENCE = /[.!?:;\u3002\uff01\uff1f]["'\u201d\u2019\u300d)\]]*$/;
const BEGINS_LOWER = /^["'\u201c\u2018(]?\p{Ll}/u;
const BEGINS_WITH_BULLET =
  /^[\u2022\u2023\u25aa\u25cf\u25e6\u2219\u00b7\u2013\u2014*\u25a0\u25a1\u2751\u27a2\uf0b7-]\s/;
const BEGINS_WITH_NUMBER = /^(?:\[\w{1,12}\]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)])\s/;
/** Scripts that put no spaces between words. */
const WIDE_SCRIPT = /[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]/;
/** Dots and a page number: a line of a table of contents. */
const LEADERS = /(?:\. ?){5,}\S{0,8}$/;

type Joint = "paragraph" | "line" | "space" | "nothing" | "broken word";

const JOINTS: Readonly<Record<Joint, string>> = {
  paragraph: "\n\n",
  line: "\n",
  space: " ",
  nothing: "",
  "broken word": BROKEN,
};

/** The text of all pages' flows. */
export function joinFlows(flows: readonly Flow[]): string {
  const parts: string[] = [];
  let last: Line | undefined;
  let wasJoined = false;
  for (const flow of flows) {
    const gaps = usualGaps(flow);
    for (const [index, line] of flow.entries()) {
      if (last !== undefined) {
        const joint: Joint = index > 0 ? jointIn(flow, index, gaps, wasJoined) : jointBetween(last, line);
        wasJoined = joint !== "paragraph" && joint !== "line";
        if (joint === "broken word") parts.push(parts.pop()!.slice(0, -1));
        parts.push(JOINTS[joint]);
      }
      parts.push(line.isMonospaced ? indentOf(flow, index) + line.text : line.text);
      last = line;
    }
  }
  return mendBrokenWords(parts.join(""));
}

/** The spaces that a line of program text begins with. */
function indentOf(flow: Flow, index: number): string {
  const { x0, x1, text } = flow[index]!;
  let left = x0;
  for (const step of [-1, 1]) {
    for (let at = index + step; flow[at]?.isMonospaced && Math.abs(at - index) <= CODE_LINES; at += step) {
      left = Math.min(left, flow[at]!.x0);
    }
  }
  const width = (x1 - x0) / text.length;
  return width > 0 ? " ".repeat(Math.min(MAX_INDENT, Math.round((x0 - left) / width))) : "";
}

/** Between the last line of a column or page and the first of the next: a sentence may go on. */
function jointBetween(a: Line, b: Line): Joint {
  if (a.isMonospaced && b.isMonospaced) return "line";
  const isProse = a.x1 - a.x0 > NARROW * a.size && !ENDS_SENTENCE.test(a.text);
  const goesOn = isProse && BEGINS_LOWER.test(b.text) && sameSize(a, b);
  return goesOn && !a.hasWideGap && !b.hasWideGap && !BEGINS_WITH_NUMBER.test(b.text) ? glue(a, b) : "paragraph";
}

/** Between a line of a flow and the one above it, which may itself go on what is above. */
function jointIn(flow: Flow, index: number, gaps: ReadonlyMap<number, number>, wasJoined: boolean): Joint {
  const a = flow[index - 1]!;
  const b = flow[index]!;
  if (!sameSize(a, b)) return "paragraph";
  const usualGap = gaps.get(Math.round(b.size)) ?? USUAL_GAP * b.size;
  if (a.y - b.y > PARAGRAPH_GAP * usualGap) return "paragraph";
  if (BEGINS_WITH_BULLET.test(b.text)) return "line";
  if (LEADERS.test(a.text) || LEADERS.test(b.text)) return "line";
  if (a.isMonospaced && b.isMonospaced) return "line";
  if (ENDS_WITH_SOFT_HYPHEN.test(a.text)) return "nothing";
  if (ENDS_WITH_HYPHEN.test(a.text) && BEGINS_LOWER.test(b.text)) return glue(a, b);
  if (a.hasWideGap && b.hasWideGap) return "line";
  if (!isFull(flow, index - 1)) return isIndented(flow, index) ? "paragraph" : "line";
  if (isIndented(flow, index)) return "paragraph";
  const isOut = a.x0 - b.x0 > INDENT * b.size;
  // A hanging indent ends where the next entry begins; a first line's indent ends at once.
  if (isOut && wasJoined) return "line";
  if (BEGINS_WITH_NUMBER.test(b.text) && (isOut || ENDS_SENTENCE.test(a.text))) return "line";
  return glue(a, b);
}

/** What stands between two lines of one paragraph. */
function glue(a: Line, b: Line): Joint {
  if (ENDS_WITH_SOFT_HYPHEN.test(a.text)) return "nothing";
  if (ENDS_WITH_HYPHEN.test(a.text)) return BEGINS_LOWER.test(b.text) ? "broken word" : "nothing";
  if (ENDS_WITH_DASH.test(a.text)) return "nothing";
  return WIDE_SCRIPT.test(a.text.at(-1)!) || WIDE_SCRIPT.test(b.text[0]!) ? "nothing" : "space";
}

/** Whether the first word of the next line would not have fitted into this one. */
function isFull(flow: Flow, index: number): boolean {
  const a = flow[index]!;
  const b = flow[index + 1]!;
  const margin = rightMargin(flow, index);
  const left = leftMargin(flow, index);
  const goesOn = BEGINS_LOWER.test(b.text) && !ENDS_SENTENCE.test(a.text);
  // The longest of a few short lines is not full for that.
  if (margin - left < NARROW * a.size && !WIDE_SCRIPT.test(a.text)) return goesOn;
  // Two lines that end at one place: that is the margin.
  if (sameEdge(a.x1, b.x1, a.size) || (index > 0 && sameEdge(a.x1, flow[index - 1]!.x1, a.size))) return true;
  const isCentred = a.x0 - left > a.size && Math.abs(a.x0 - left - (margin - a.x1)) < a.size;
  const free = isCentred ? margin - a.x1 + (a.x0 - left) : margin - a.x1;
  const needed = WORD_SPACE * a.size + firstWordWidth(b);
  if (isCentred) return free < HARDLY_FITS * needed && a.x1 - a.x0 > CENTRED_PROSE * a.size;
  if (goesOn) return free < RAGGED * (margin - left);
  if (free > SURELY_FITS * needed) return false;
  return free < HARDLY_FITS * needed || !ENDS_SENTENCE.test(a.text);
}

function firstWordWidth(line: Line): number {
  if (WIDE_SCRIPT.test(line.text[0]!)) return 2 * line.size; // no line begins with a comma
  const space = line.text.indexOf(" ");
  return space < 0 ? line.x1 - line.x0 : ((line.x1 - line.x0) * space) / line.text.length;
}

/** Where the lines around this one end: the furthest place that two of them reach. */
function rightMargin(flow: Flow, index: number): number {
  const ends = flow
    .slice(Math.max(0, index - MARGIN_LINES), index + MARGIN_LINES + 1)
    .map(({ x1 }) => x1)
    .sort((a, b) => b - a);
  const { size } = flow[index]!;
  return ends.find((end, rank) => rank + 1 < ends.length && end - ends[rank + 1]! < size / 2) ?? ends[0]!;
}

function leftMargin(flow: Flow, index: number): number {
  const around = flow.slice(Math.max(0, index - MARGIN_LINES), index + MARGIN_LINES + 1);
  return around.reduce((least, { x0 }) => Math.min(least, x0), Number.POSITIVE_INFINITY);
}

/** Begins further right than the line above, and the line below it goes back: the first line of a paragraph. */
function isIndented(flow: Flow, index: number): boolean {
  const b = flow[index]!;
  const above = flow[index - 1]!;
  const below = flow[index + 1];
  const indent = b.x0 - above.x0;
  if (BEGINS_WITH_BULLET.test(above.text) || BEGINS_WITH_NUMBER.test(above.text)) return false;
  if (indent < INDENT * b.size) {
    // After another first line, an equal indent.
    return (
      sameEdge(b.x0, above.x0, b.size) &&
      below !== undefined &&
      isBack(b, below) &&
      index > 1 &&
      isIndented(flow, index - 1)
    );
  }
  return below === undefined || isBack(b, below);
}

const isBack = (line: Line, below: Line) => line.x0 - below.x0 > INDENT * line.size;

const sameEdge = (a: number, b: number, size: number) => Math.abs(a - b) < SAME_EDGE * size;

const sameSize = (a: Line, b: Line) => Math.max(a.size, b.size) < SIZE_CHANGE * Math.min(a.size, b.size);

/** The middle one of the gaps between lines of one size, by that size in whole points. */
function usualGaps(flow: Flow): ReadonlyMap<number, number> {
  const gaps = new Map<number, number[]>();
  for (let index = 1; index < flow.length; index++) {
    const a = flow[index - 1]!;
    const b = flow[index]!;
    if (!sameSize(a, b)) continue;
    const size = Math.round(b.size);
    const found = gaps.get(size);
    if (found === undefined) gaps.set(size, [a.y - b.y]);
    else found.push(a.y - b.y);
  }
  const usual = new Map<number, number>();
  for (const [size, found] of gaps) {
    found.sort((a, b) => a - b);
    usual.set(size, found.length > 1 ? found[(found.length - 1) >> 1]! : Math.min(found[0]!, USUAL_GAP * size));
  }
  return usual;
}

/**
 * Puts words together again. A hyphen stays where the document writes the word with one elsewhere and never without:
 * it was there before the line was broken.
 */
function mendBrokenWords(text: string): string {
  const parts = text.split(BROKEN);
  if (parts.length === 1) return text;
  const counts = new Map<string, number>();
  const halves = parts.slice(1).map((part, index) => {
    const head = LAST_WORD.exec(parts[index]!.slice(-MAX_WORD_CHARS))?.[0] ?? "";
    const tail = FIRST_WORD.exec(part.slice(0, MAX_WORD_CHARS))?.[0] ?? "";
    counts.set(`${head}-${tail}`, 0).set(`${head}${tail}`, 0);
    return [head, tail] as const;
  });
  for (const part of parts) {
    for (const token of part.split(SPACES)) {
      const word = token.replace(PUNCTUATION, "");
      const count = counts.get(word);
      if (count !== undefined) counts.set(word, count + 1);
    }
  }
  const joined = [parts[0]!];
  for (const [index, [head, tail]] of halves.entries()) {
    const keepsHyphen = counts.get(`${head}-${tail}`)! > 0 && counts.get(`${head}${tail}`) === 0;
    joined.push(keepsHyphen ? "-" : "", parts[index + 1]!);
  }
  return joined.join("");
}
