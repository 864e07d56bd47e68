/**
 * Running headers, footers and page numbers: what stands at the same height of many pages and is the same up to its
 * numbers; and what changes with the chapter, but stands apart at one height of most pages, above or below all else.
 */
import type { Segment } from "./pdf-segments.ts";

/** In a shorter document nothing can be told to repeat. */
const MIN_PAGES = 4;
/** On this share of the pages there is such a line, and on so many at least. */
const MIN_SHARE = 0.5;
const MIN_COUNT = 3;
/** Heights are compared in steps of this, points. */
const HEIGHT_STEP = 3;
/** Among so many lines at the head and the foot of a page running ones are looked for. */
const EDGE_LINES = 4;
/** Stands apart: this far from the next line, in font sizes. */
const APART = 1.9;
/** A line that stands apart and is this much larger than the text is none of these. */
const LARGER = 1.1;
/** What repeats and is more than the rest is the document: forms, tickets, certificates. */
const MIN_LEFT = 0.25;
/** Digits and Roman numerals, which differ from page to page. */
const NUMBERS = /\p{N}+|(?<!\p{L})[ivxlcIVXLC]{1,7}(?!\p{L})/gu;

/** Segments of one page. */
type Page = readonly Segment[];

/** Segments on one base line, under what they are compared by. */
interface Row {
  readonly segments: Segment[];
  readonly y: number;
  readonly size: number;
}

/** The pages without such lines. */
export function withoutRunningLines(pages: readonly Page[]): Page[] {
  if (pages.length < MIN_PAGES) return [...pages];
  const needed = Math.max(MIN_COUNT, pages.length * MIN_SHARE);
  const texts = new Map<string, number>();
  const apart = new Map<string, number>();
  const rowsOfPages = pages.map(rowsOf);
  // A larger line is a heading: every slide has one, at one height.
  const maxSize = LARGER * usualSize(pages);
  const headsAndFeet = rowsOfPages.map((rows) => edgesOf(rows).filter(({ row }) => row.size <= maxSize));
  for (const [index, rows] of rowsOfPages.entries()) {
    const pattern = new Set<string>();
    for (const { segments } of outermost(rows)) {
      for (const { text, y } of segments) for (const key of keysOf(patternOf(text), y)) pattern.add(key);
    }
    for (const key of pattern) texts.set(key, (texts.get(key) ?? 0) + 1);
    for (const edge of headsAndFeet[index]!) {
      for (const key of keysOf(edge.side, edge.row.y)) apart.set(key, (apart.get(key) ?? 0) + 1);
    }
  }
  const isFrequent = (counts: ReadonlyMap<string, number>, keys: readonly string[]) =>
    keys.some((key) => (counts.get(key) ?? 0) >= needed);

  const without = pages.map((page, index) => {
    const rows = rowsOfPages[index]!;
    const gone = new Set<Segment>();
    for (const { side, row } of headsAndFeet[index]!) {
      if (isFrequent(apart, keysOf(side, row.y))) for (const segment of row.segments) gone.add(segment);
    }
    for (const { segments } of outermost(rows)) {
      const isEdge = segments === rows[0]!.segments || segments === rows.at(-1)!.segments;
      const running = segments.filter(({ text, y }) => isFrequent(texts, keysOf(patternOf(text), y)));
      // A number is that of the page only where nothing else is beside it: it may be that of a heading, or in a table.
      const isAll = running.length === segments.length;
      for (const segment of running) if (/\p{L}/u.test(segment.text) || (isAll && isEdge)) gone.add(segment);
    }
    return gone.size === 0 ? page : page.filter((segment) => !gone.has(segment));
  });
  return charsOf(without) < MIN_LEFT * charsOf(pages) ? [...pages] : without;
}

/** The font size of most characters. */
function usualSize(pages: readonly Page[]): number {
  const chars = new Map<number, number>();
  for (const page of pages) {
    for (const { size, text } of page) chars.set(size, (chars.get(size) ?? 0) + text.length);
  }
  let usual = 0;
  for (const [size, count] of chars) if (count > (chars.get(usual) ?? 0)) usual = size;
  return usual;
}

function charsOf(pages: readonly Page[]): number {
  let chars = 0;
  for (const page of pages) for (const { text } of page) chars += text.length;
  return chars;
}

const outermost = (rows: readonly Row[]) =>
  rows.length > 2 * EDGE_LINES ? [...rows.slice(0, EDGE_LINES), ...rows.slice(-EDGE_LINES)] : rows;

/** The page's first and last line, if apart from the others. */
function edgesOf(rows: readonly Row[]): { side: string; row: Row }[] {
  if (rows.length < 3) return [];
  const edges: { side: string; row: Row }[] = [];
  const [first, second] = rows as [Row, Row];
  const [last, secondLast] = [rows.at(-1)!, rows.at(-2)!];
  if (first.y - second.y > APART * first.size) edges.push({ side: "top", row: first });
  if (secondLast.y - last.y > APART * last.size) edges.push({ side: "bottom", row: last });
  return edges;
}

/** The page's lines from the top down. */
function rowsOf(page: Page): Row[] {
  const rows: Row[] = [];
  for (const segment of [...page].sort((a, b) => b.y - a.y)) {
    const last = rows.at(-1);
    if (last !== undefined && last.y - segment.y < HEIGHT_STEP) last.segments.push(segment);
    else rows.push({ segments: [segment], y: segment.y, size: segment.size });
  }
  return rows;
}

const patternOf = (text: string) => (text.length > 200 ? text : text.replace(NUMBERS, "#"));

/** Under the two steps that a height is near to, so that rounding parts no two lines at one height. */
function keysOf(text: string, y: number): [string, string] {
  const steps = y / HEIGHT_STEP;
  return [`${2 * Math.floor(steps)} ${text}`, `${2 * Math.floor(steps + 0.5) + 1} ${text}`];
}
