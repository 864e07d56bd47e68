/**
 * The pieces of text of a PDF page → segments: stretches of one line without a wide gap. A PDF says where glyphs are and
 * nothing else; what pdf.js calls an item ends wherever the font, the size or the height changes.
 *
 * Coordinates are turned so that text runs along x, whatever way the page has it: sideways tables, pages that are shown
 * rotated, and vertical writing (which runs down, its lines going left) come out alike. Text that runs another way than
 * most of its page (stamps, axis labels, a watermark) is left out unless it is a good part of the page.
 */

/** What pdf.js tells of a piece of text: the fields used here. */
export interface PdfTextItem {
  readonly str: string;
  /** The last piece of its line. */
  readonly hasEOL: boolean;
  /** `[a, b, c, d, x, y]`: the piece's place on the page, in points, y upwards. */
  readonly transform: readonly number[];
  /** Along the text, points; of vertical writing the height is. */
  readonly width: number;
  readonly height: number;
  /** `ltr`, `rtl` or `ttb`. */
  readonly dir: string;
  readonly fontName: string;
}

/** Names of fonts (`PdfTextItem.fontName`) that are of some kind. */
export interface PdfFonts {
  readonly vertical: ReadonlySet<string>;
  readonly monospaced: ReadonlySet<string>;
}

export interface Segment {
  readonly text: string;
  /** Where it begins and ends along the text, points. */
  readonly x0: number;
  readonly x1: number;
  /** Height of the base line, points, upwards. */
  readonly y: number;
  /** Font size of most of it, points. */
  readonly size: number;
  readonly isRightToLeft: boolean;
  /** All its characters are equally wide, as those of program text. */
  readonly isMonospaced: boolean;
  /** Its place among the segments of the page as the file draws them. */
  readonly order: number;
}

/** A wider gap than this parts segments, in font sizes. Word spaces are a quarter, and up to a half in justified text. */
const WIDE_GAP = 0.8;
/** Text may step back this far in its line, in font sizes: accents, kerning. */
const STEP_BACK = 0.35;
/** A gap this wide is a space, in font sizes. */
const SPACE_GAP = 0.15;
/** How far base lines of one line may differ, in font sizes; and with it those of raised or lowered smaller text. */
const SAME_LINE = 0.3;
const SCRIPT_SHIFT = 0.6;
const SCRIPT_SIZE = 0.85;
/** Text that runs another way is kept if it has at least this share of the page's characters. */
const MIN_TURNED_SHARE = 0.25;
/** Text turned further than this from the page's edges is none of the four ways. */
const MAX_SKEW_RADIANS = Math.PI / 12;
const SKEWED = 4;

interface Piece {
  readonly text: string;
  readonly x0: number;
  readonly x1: number;
  readonly y: number;
  readonly size: number;
  readonly isRightToLeft: boolean;
  readonly isMonospaced: boolean;
  readonly hasSpaceBefore: boolean;
  readonly isFirstOfLine: boolean;
}

/** The segments of a page, in the file's order; a second list for each other way that a good part of the text runs. */
export function segmentsOf(items: readonly PdfTextItem[], fonts: Partial<PdfFonts> = {}): Segment[][] {
  const { vertical = new Set(), monospaced = new Set() } = fonts;
  const ways = new Map<number, { pieces: Piece[]; chars: number }>();
  let hasSpaceBefore = false;
  let isFirstOfLine = true;
  let chars = 0;
  for (const item of items) {
    const text = item.str.trim();
    if (text !== "" && isPlaced(item)) {
      const [x, y] = directionOf(item, vertical.has(item.fontName));
      const way = wayOf(x, y);
      const found = ways.get(way) ?? { pieces: [], chars: 0 };
      ways.set(way, found);
      const space = hasSpaceBefore || !item.str.startsWith(text);
      found.pieces.push(pieceOf(item, text, unitOf(way, x, y), { vertical, monospaced }, space, isFirstOfLine));
      found.chars += text.length;
      chars += text.length;
      isFirstOfLine = false;
      hasSpaceBefore = false;
    }
    hasSpaceBefore ||= text === "" ? item.str !== "" : !item.str.endsWith(text);
    isFirstOfLine ||= item.hasEOL;
  }
  const sorted = [...ways].sort((a, b) => b[1].chars - a[1].chars);
  return sorted
    .filter(([way, found], rank) => rank === 0 || (way !== SKEWED && found.chars >= chars * MIN_TURNED_SHARE))
    .map(([, { pieces }]) => joinPieces(pieces));
}

function isPlaced({ transform, width, height }: PdfTextItem): boolean {
  return (
    transform.length === 6 && transform.every(Number.isFinite) && Number.isFinite(width) && Number.isFinite(height)
  );
}

/** Which way the text runs on the page. Vertical writing runs down its font's own y axis. */
function directionOf({ transform }: PdfTextItem, isVertical: boolean): [number, number] {
  const [a, b, c, d] = transform as [number, number, number, number];
  return isVertical ? [-c, -d] : [a, b];
}

/** 0 to 3: along the page, up, back, down; or `SKEWED`. */
function wayOf(x: number, y: number): number {
  const quarters = Math.atan2(y, x) / (Math.PI / 2);
  const nearest = Math.round(quarters);
  if (Math.abs(quarters - nearest) * (Math.PI / 2) > MAX_SKEW_RADIANS) return SKEWED;
  return (nearest + 4) % 4;
}

function unitOf(way: number, x: number, y: number): readonly [number, number] {
  if (way !== SKEWED) return [[1, 0] as const, [0, 1] as const, [-1, 0] as const, [0, -1] as const][way]!;
  const length = Math.hypot(x, y);
  return [x / length, y / length];
}

function pieceOf(
  item: PdfTextItem,
  text: string,
  [cos, sin]: readonly [number, number],
  { vertical, monospaced }: PdfFonts,
  hasSpaceBefore: boolean,
  isFirstOfLine: boolean,
): Piece {
  const [a, b, c, d, x, y] = item.transform as [number, number, number, number, number, number];
  const isVertical = vertical.has(item.fontName);
  const x0 = x * cos + y * sin;
  const size = (isVertical ? Math.hypot(a, b) : Math.hypot(c, d)) || Math.hypot(a, b) || 1;
  return {
    text,
    x0,
    x1: x0 + (isVertical ? item.height : item.width),
    y: y * cos - x * sin,
    size,
    isRightToLeft: item.dir === "rtl",
    isMonospaced: monospaced.has(item.fontName),
    hasSpaceBefore,
    isFirstOfLine,
  };
}

/** Pieces that the file draws one after the other, side by side, are one segment. */
function joinPieces(pieces: readonly Piece[]): Segment[] {
  const segments: Segment[] = [];
  let run: Piece[] = [];
  for (const piece of pieces) {
    const last = run.at(-1);
    if (last !== undefined && !follows(last, run[0]!, piece)) {
      segments.push(segmentOf(run, segments.length));
      run = [];
    }
    run.push(piece);
  }
  if (run.length > 0) segments.push(segmentOf(run, segments.length));
  return segments;
}

function follows(last: Piece, first: Piece, next: Piece): boolean {
  // Right to left, the file's order within a line is no guide: each piece is placed by itself.
  if (next.isFirstOfLine || next.isRightToLeft || last.isRightToLeft) return false;
  const size = Math.max(last.size, next.size);
  const shift = Math.min(Math.abs(next.y - last.y), Math.abs(next.y - first.y));
  const isScript = Math.min(last.size, next.size) < SCRIPT_SIZE * size;
  if (shift > size * (isScript ? SCRIPT_SHIFT : SAME_LINE)) return false;
  const gap = next.x0 - last.x1;
  return gap > -STEP_BACK * size && gap < WIDE_GAP * size;
}

function segmentOf(run: readonly Piece[], order: number): Segment {
  const main = run.reduce((a, b) => (b.text.length > a.text.length ? b : a));
  let text = "";
  for (const [index, piece] of run.entries()) {
    const gap = index === 0 ? 0 : piece.x0 - run[index - 1]!.x1;
    text += index > 0 && (piece.hasSpaceBefore || gap > SPACE_GAP * piece.size) ? ` ${piece.text}` : piece.text;
  }
  return {
    text,
    x0: run[0]!.x0,
    x1: run.reduce((most, piece) => Math.max(most, piece.x1), Number.NEGATIVE_INFINITY),
    y: main.y,
    size: main.size,
    isRightToLeft: main.isRightToLeft,
    isMonospaced: run.every((piece) => piece.isMonospaced),
    order,
  };
}
