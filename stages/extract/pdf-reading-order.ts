/**
 * Segments of a page → the order they are read in.
 *
 * Most programs write a page in its order, so the file's order counts until the page's shape says otherwise. Two things
 * do: a *gutter*, a strip that no segment of several lines in a row crosses, with lines of prose on both sides of it;
 * and an order that jumps about.
 *
 *     ┌───────────────────┐
 *     │  title, abstract  │  crosses the gutter: read before what is below it
 *     ├─────────┬─────────┤
 *     │ left    │ right   │  read left, then right; each may have gutters of its own
 *     │ column  │ column  │
 *     ├─────────┴─────────┤
 *     │  a wide figure    │
 *     └───────────────────┘
 *
 * Tables and tables of contents have gutters too. The file draws those row by row where it draws columns one after the
 * other; and what stands beside the gutter there is short.
 */
import type { Segment } from "./pdf-segments.ts";

/** Segments side by side. */
export interface Line {
  readonly text: string;
  readonly x0: number;
  readonly x1: number;
  readonly y: number;
  readonly size: number;
  /** Has a gap as between the cells of a table, or of a table of contents. */
  readonly hasWideGap: boolean;
  readonly isMonospaced: boolean;
}

/** Lines one below the other. */
export type Flow = readonly Line[];

/** The least width of a gutter, in font sizes. LaTeX's own is one. */
const GUTTER = 0.8;
/** Gutters are looked for at steps of this, in font sizes, and at so many places at most. */
const GUTTER_STEP = 0.25;
const MAX_GUTTER_PLACES = 400;
const MAX_CLEARINGS = 12;
/** Lines on each side of a gutter, and their mean length, when the file draws one side after the other. */
const COLUMN = { lines: 3, chars: 10, fill: 0 } as const;
/** The same when it draws them row by row: a table, unless both sides are filled with prose. */
const ROWWISE_COLUMN = { lines: 6, chars: 20, fill: 0.8 } as const;
/** The file goes from one side to the other this often at most, per line of the shorter side, if it draws columns. */
const MAX_CROSSINGS = 0.25;
/** Columns lie side by side for at least this share of the shorter one. */
const MIN_OVERLAP = 0.5;
/** Columns within columns within columns are the end of it. */
const MAX_DEPTH = 4;
/** Fewer steps to what is beside or right below, of all steps: the file's order is none. */
const MIN_STEPS = 0.5;
/** How far down right below is, in font sizes. */
const STEP = 4;
/** Base lines this near, in font sizes, are one line. */
const SAME_LINE = 0.35;
const SPACE_GAP = 0.15;
const WIDE_GAP = 1.5;
/** Text drawn twice, a little aside, is bold; in font sizes. */
const OVERPRINT = 0.3;

/** The page's lines, in reading order. */
export function inReadingOrder(segments: readonly Segment[]): Flow[] {
  return readRegion(segments, 0);
}

function readRegion(segments: readonly Segment[], depth: number): Flow[] {
  const downwards = [...segments].sort((a, b) => b.y - a.y || a.x0 - b.x0);
  const gutter = depth < MAX_DEPTH ? findGutter(downwards) : undefined;
  if (gutter === undefined) return flowsOf(linesOf(inFileOrder(segments) ?? downwards));
  const flows: Flow[] = [];
  for (const band of bandsAround(gutter, downwards)) {
    if (band.isColumns) flows.push(...readRegion(band.left, depth + 1), ...readRegion(band.right, depth + 1));
    else flows.push(...readRegion([...band.left, ...band.right], MAX_DEPTH));
  }
  return flows;
}

interface Band {
  readonly isColumns: boolean;
  readonly left: Segment[];
  /** Empty where the band goes over the whole width. */
  readonly right: Segment[];
}

interface Gutter {
  readonly x0: number;
  readonly x1: number;
}

const crosses = (segment: Segment, { x0, x1 }: Gutter) => segment.x0 < x0 && segment.x1 > x1;
const isLeftOf = (segment: Segment, { x0 }: Gutter) => segment.x0 < x0;

/** Stretches of the page with the gutter free, and what lies between them, from the top down. */
function bandsAround(gutter: Gutter, downwards: readonly Segment[]): Band[] {
  const bands: Band[] = [];
  let whole: Segment[] = [];
  let left: Segment[] = [];
  let right: Segment[] = [];
  const endBand = () => {
    if (areColumns(left, right)) {
      if (whole.length > 0) bands.push({ isColumns: false, left: whole, right: [] });
      bands.push({ isColumns: true, left, right });
      whole = [];
    } else {
      whole.push(...left, ...right);
    }
    left = [];
    right = [];
  };
  for (const segment of downwards) {
    if (crosses(segment, gutter)) {
      endBand();
      whole.push(segment);
    } else if (isLeftOf(segment, gutter)) left.push(segment);
    else right.push(segment);
  }
  endBand();
  if (whole.length > 0) bands.push({ isColumns: false, left: whole, right: [] });
  return bands;
}

/** The strip with the most text in columns beside it; none if nothing is in columns. */
function findGutter(downwards: readonly Segment[]): Gutter | undefined {
  if (downwards.length < 2 * COLUMN.lines) return undefined;
  let best: Gutter | undefined;
  let mostChars = 0;
  for (const gutter of clearings(downwards)) {
    const chars = charsBeside(gutter, downwards);
    if (chars <= mostChars) continue;
    mostChars = chars;
    best = gutter;
  }
  return best;
}

/** Strips that fewer segments cross than the strips beside them: the clearest few, in the middle of their clearing. */
function clearings(segments: readonly Segment[]): Gutter[] {
  const size = usualSize(segments);
  const from = min(segments, ({ x0 }) => x0);
  const to = max(segments, ({ x1 }) => x1);
  const width = GUTTER * size;
  const step = Math.max(GUTTER_STEP * size, (to - from) / MAX_GUTTER_PLACES);
  const places = Math.floor((to - from - width) / step);
  if (!(places > 0)) return [];
  // A strip at place p reaches from `from + p * step` over `width`. Segments that cross are counted where that begins and ends.
  const crossing = new Int32Array(places + 2);
  for (const { x0, x1 } of segments) {
    const first = Math.floor((x0 - from) / step) + 1;
    const last = Math.min(Math.ceil((x1 - width - from) / step) - 1, places);
    if (first > last) continue;
    crossing[first]!++;
    crossing[last + 1]!--;
  }
  for (let place = 1; place <= places; place++) crossing[place]! += crossing[place - 1]!;
  const found: { count: number; gutter: Gutter }[] = [];
  let begin = 1;
  for (let place = 2; place <= places; place++) {
    const count = crossing[begin]!;
    if (crossing[place] === count) continue;
    if (crossing[place]! > count && begin > 1 && crossing[begin - 1]! > count) {
      const x0 = from + ((begin + place - 1) / 2) * step;
      found.push({ count, gutter: { x0, x1: x0 + width } });
    }
    begin = place;
  }
  return found
    .sort((a, b) => a.count - b.count)
    .slice(0, MAX_CLEARINGS)
    .map(({ gutter }) => gutter);
}

/** Characters in columns beside this strip. */
function charsBeside(gutter: Gutter, downwards: readonly Segment[]): number {
  let chars = 0;
  let left: Segment[] = [];
  let right: Segment[] = [];
  const endBand = () => {
    if (areColumns(left, right)) {
      for (const { text } of left) chars += text.length;
      for (const { text } of right) chars += text.length;
    }
    left = [];
    right = [];
  };
  for (const segment of downwards) {
    if (crosses(segment, gutter)) endBand();
    else if (isLeftOf(segment, gutter)) left.push(segment);
    else right.push(segment);
  }
  endBand();
  return chars;
}

function areColumns(left: readonly Segment[], right: readonly Segment[]): boolean {
  const lines = Math.min(left.length, right.length);
  if (lines < COLUMN.lines) return false;
  const top = Math.min(left[0]!.y, right[0]!.y);
  const bottom = Math.max(left.at(-1)!.y, right.at(-1)!.y);
  const shorter = Math.min(left[0]!.y - left.at(-1)!.y, right[0]!.y - right.at(-1)!.y);
  if (top - bottom < MIN_OVERLAP * shorter || top <= bottom) return false;
  const wanted = crossings(left, right) <= Math.max(2, MAX_CROSSINGS * lines) ? COLUMN : ROWWISE_COLUMN;
  return [left, right].every(
    (side) => side.length >= wanted.lines && meanChars(side) >= wanted.chars && fillOf(side) >= wanted.fill,
  );
}

/** How often the file goes from one side to the other. */
function crossings(left: readonly Segment[], right: readonly Segment[]): number {
  const sides = [
    ...left.map(({ order }) => ({ order, side: 0 })),
    ...right.map(({ order }) => ({ order, side: 1 })),
  ].sort((a, b) => a.order - b.order);
  return sides.filter(({ side }, index) => index > 0 && side !== sides[index - 1]!.side).length;
}

function meanChars(side: readonly Segment[]): number {
  return side.reduce((sum, { text }) => sum + text.length, 0) / side.length;
}

/** The share of the column's width that its middle line takes. */
function fillOf(side: readonly Segment[]): number {
  const width = max(side, ({ x1 }) => x1) - min(side, ({ x0 }) => x0);
  const widths = side.map(({ x0, x1 }) => x1 - x0).sort((a, b) => a - b);
  return width > 0 ? widths[widths.length >> 1]! / width : 0;
}

/** The segments in the file's order, unless that is none. */
function inFileOrder(segments: readonly Segment[]): readonly Segment[] | undefined {
  const sorted = [...segments].sort((a, b) => a.order - b.order);
  const steps = sorted.filter((segment, index) => index > 0 && isStep(sorted[index - 1]!, segment)).length;
  return steps < MIN_STEPS * (sorted.length - 1) ? undefined : sorted;
}

/** From one segment to the one beside it or right below it. */
function isStep(from: Segment, to: Segment): boolean {
  const size = Math.max(from.size, to.size);
  const down = from.y - to.y;
  if (Math.abs(down) < SAME_LINE * size) return true;
  return down > 0 && down < STEP * size && to.x0 < from.x1 + size && to.x1 > from.x0 - size;
}

/** Neighbours in the list that stand on one base line become one line. */
function linesOf(segments: readonly Segment[]): Line[] {
  const lines: Line[] = [];
  let row: Segment[] = [];
  for (const segment of segments) {
    if (row.length > 0 && Math.abs(segment.y - row[0]!.y) > SAME_LINE * Math.max(segment.size, row[0]!.size)) {
      lines.push(lineOf(row));
      row = [];
    }
    row.push(segment);
  }
  if (row.length > 0) lines.push(lineOf(row));
  return lines;
}

function lineOf(row: readonly Segment[]): Line {
  const main = row.reduce((a, b) => (b.text.length > a.text.length ? b : a));
  const sorted = [...row].sort((a, b) => (main.isRightToLeft ? b.x1 - a.x1 : a.x0 - b.x0));
  let text = "";
  let hasWideGap = false;
  let last: Segment | undefined;
  for (const segment of sorted) {
    if (last !== undefined) {
      if (segment.text === last.text && Math.abs(segment.x0 - last.x0) < OVERPRINT * segment.size) continue;
      const gap = main.isRightToLeft ? last.x0 - segment.x1 : segment.x0 - last.x1;
      if (gap > SPACE_GAP * segment.size) text += " ";
      hasWideGap ||= gap > WIDE_GAP * segment.size;
    }
    text += segment.text;
    last = segment;
  }
  return {
    text,
    x0: min(row, ({ x0 }) => x0),
    x1: max(row, ({ x1 }) => x1),
    y: main.y,
    size: main.size,
    hasWideGap,
    isMonospaced: row.every((segment) => segment.isMonospaced),
  };
}

/** A flow ends where the next line is not below, or has nothing above itself. */
function flowsOf(lines: readonly Line[]): Flow[] {
  const flows: Line[][] = [];
  for (const line of lines) {
    const last = flows.at(-1)?.at(-1);
    const isBelow = last !== undefined && line.y < last.y && line.x0 < last.x1 && line.x1 > last.x0;
    if (isBelow) flows.at(-1)!.push(line);
    else flows.push([line]);
  }
  return flows;
}

/** The font size of most characters. */
function usualSize(segments: readonly Segment[]): number {
  const chars = new Map<number, number>();
  for (const { size, text } of segments) chars.set(size, (chars.get(size) ?? 0) + text.length);
  let usual = 1;
  let most = 0;
  for (const [size, count] of chars) {
    if (count <= most) continue;
    most = count;
    usual = size;
  }
  return usual;
}

// Math.min(...list) would put a page's hundred thousand segments on the stack.
function min<T>(list: readonly T[], of: (element: T) => number): number {
  return list.reduce((least, element) => Math.min(least, of(element)), Number.POSITIVE_INFINITY);
}

function max<T>(list: readonly T[], of: (element: T) => number): number {
  return list.reduce((most, element) => Math.max(most, of(element)), Number.NEGATIVE_INFINITY);
}
