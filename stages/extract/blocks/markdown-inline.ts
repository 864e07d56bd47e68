/**
 * The text of a block → Markdown within a line: what would be read as markup is escaped, and what was set in bold type,
 * as emphasis, as code or as a link is again. CommonMark does not let every place begin or end emphasis; where it would
 * not, the words are written without.
 */
import type { BlockPage } from "./block-page.ts";
import { type Marks, NO_LINK, Style } from "./marks.ts";

export interface InlineOptions {
  /** Whether links keep their address. */
  readonly withLinks: boolean;
  /** Styles that are not written; bits of `Style`. */
  readonly without?: number;
  /** In a table's row. */
  readonly isCell?: boolean;
  /** In a heading: no line begins there that could be another block. */
  readonly isHeading?: boolean;
}

/** A part of a text that is set in one way. */
interface Segment {
  readonly from: number;
  readonly to: number;
  readonly styles: number;
  readonly href: string;
}

/** `units[from..to)` of a page, a block or a cell of a row. */
export function inlineMarkdown(page: BlockPage, text: string, from: number, options: InlineOptions): string {
  const segments = segmentsOf(page.marks, text, from, options);
  const mayBeginBlock = options.isCell !== true && options.isHeading !== true;
  const line = new LineWriter(text, options, mayBeginBlock ? blockMarks(text) : new Set());
  line.write(segments, []);
  return options.isCell === true ? line.written.replaceAll("|", "\\|") : line.written;
}

/** The text, cut where it is set in another way. White space is set as what is on both its sides, but never as code. */
function segmentsOf(marks: Marks | undefined, text: string, from: number, options: InlineOptions): Segment[] {
  const plain = (start: number, end: number): Segment => ({ from: start, to: end, styles: 0, href: "" });
  if (marks === undefined) return [plain(0, text.length)];
  const segments: Segment[] = [];
  const add = (segment: Segment): void => {
    const last = segments.at(-1);
    if (last !== undefined && last.styles === segment.styles && last.href === segment.href) {
      segments[segments.length - 1] = { ...last, to: segment.to };
    } else if (segment.to > segment.from) segments.push(segment);
  };
  let at = 0;
  for (let run = firstBehind(marks.ends, from); run < marks.count; run++) {
    let start = Math.max(at, marks.starts[run]! - from);
    let end = Math.min(text.length, marks.ends[run]! - from);
    if (start >= text.length) break;
    while (start < end && isSpace(text[start]!)) start++;
    while (end > start && isSpace(text[end - 1]!)) end--;
    const styles = marks.styles[run]! & ~(options.without ?? 0);
    const link = marks.links[run]!;
    const href = options.withLinks && link !== NO_LINK ? addressOf(marks.hrefs[link]!) : "";
    if (start === end || (styles === 0 && href === "")) continue;
    const before = segments.at(-1);
    const isSpaced = before !== undefined && at < start && text.slice(at, start).trim() === "";
    if (isSpaced) {
      add({
        from: at,
        to: start,
        styles: before.styles & styles & ~Style.code,
        href: before.href === href ? href : "",
      });
    } else if (at < start) add(plain(at, start));
    add({ from: start, to: end, styles, href });
    at = end;
  }
  add(plain(at, text.length));
  return segments;
}

/** The first run that ends behind a place. */
function firstBehind(ends: Int32Array, place: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle]! <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * An address as a link's destination; empty where it leads nowhere outside of the page. Browsers read over line ends in it
 * and controls before it, so that they must not hide its scheme.
 */
function addressOf(href: string): string {
  const address = href.replace(/[\u0000-\u001f\u007f-\u009f]+/g, "").trim();
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase();
  const isKnown = scheme === undefined || ["http", "https", "mailto"].includes(scheme);
  if (!isKnown || address === "" || address.startsWith("#")) return "";
  return address.replace(/[\s\p{Cf}()<>\\`|]/gu, encodeUnit).replace(/&(?=#?\w+;)/g, "%26");
}

function encodeUnit(unit: string): string {
  if (unit === "(") return "%28";
  return unit === ")" ? "%29" : encodeURIComponent(unit);
}

/** What a segment may be set in; of those that go equally far, the first is around the others. */
const WRAPPERS = ["link", "bold", "emphasis", "code"] as const;
type Wrapper = (typeof WRAPPERS)[number];

class LineWriter {
  // In pieces: to look at the end of a text that grows is to copy it.
  private readonly pieces: string[] = [];
  private last = "";
  private readonly text: string;
  private readonly options: InlineOptions;
  private readonly blockMarks: ReadonlySet<number>;

  /** `last` is the unit that what is written stands behind. */
  constructor(text: string, options: InlineOptions, blockMarks: ReadonlySet<number>, last = "") {
    this.text = text;
    this.options = options;
    this.blockMarks = blockMarks;
    this.last = last;
  }

  get written(): string {
    return this.pieces.join("");
  }

  private put(piece: string): void {
    if (piece === "") return;
    this.pieces.push(piece);
    this.last = piece.at(-1)!;
  }

  /** Writes segments; what they are set in is written by what is `around` them. */
  write(segments: readonly Segment[], around: readonly Wrapper[]): void {
    for (let first = 0; first < segments.length; ) {
      let wrapper: Wrapper | undefined;
      let next = first + 1;
      for (const candidate of WRAPPERS) {
        if (around.includes(candidate)) continue;
        const end = endOfGroup(segments, first, candidate);
        if (end > first && (wrapper === undefined || end > next)) {
          wrapper = candidate;
          next = end;
        }
      }
      if (wrapper === undefined) this.plain(segments[first]!, around.includes("link"));
      else this.wrapped(segments.slice(first, next), wrapper, around);
      first = next;
    }
  }

  private plain({ from, to }: Pick<Segment, "from" | "to">, isInLink: boolean): void {
    const { text, blockMarks } = this;
    const escaped = (unit: string, place: number): string => {
      const at = from + place;
      return blockMarks.has(at) || isMarkup(text, at, to, isInLink) ? `\\${unit}` : unit;
    };
    this.put(text.slice(from, to).replace(blockMarks.size === 0 ? INLINE : INLINE_OR_BLOCK, escaped));
  }

  /** White space at a group's edges stays outside. */
  private wrapped(group: readonly Segment[], wrapper: Wrapper, around: readonly Wrapper[]): void {
    let { from, to } = extentOf(group);
    while (from < to && isSpace(this.text[from]!)) from++;
    while (to > from && isSpace(this.text[to - 1]!)) to--;
    const inner = group
      .map((segment) => ({ ...segment, from: Math.max(from, segment.from), to: Math.min(to, segment.to) }))
      .filter((segment) => segment.from < segment.to);
    this.put(this.text.slice(group[0]!.from, from));
    if (inner.length > 0) {
      if (wrapper === "code") this.code(inner, around);
      else if (wrapper === "link") this.link(inner, [...around, wrapper]);
      else this.emphasis(inner, wrapper === "bold" ? "**" : "*", [...around, wrapper]);
    }
    this.put(this.text.slice(to, group.at(-1)!.to));
  }

  private code(group: readonly Segment[], around: readonly Wrapper[]): void {
    const { from, to } = extentOf(group);
    const code = this.text.slice(from, to).replaceAll("\n", " ");
    const isInLink = around.includes("link");
    // A cell ends at "\\|" and a link's name at "]:", even in code; code right behind code is the same code.
    const isHardToSay =
      (this.options.isCell === true && code.includes("\\")) || (isInLink && code.includes("]")) || this.last === "`";
    if (isHardToSay) {
      this.plain({ from, to }, isInLink);
      return;
    }
    let longest = 0;
    for (const [run] of code.matchAll(/`+/g)) longest = Math.max(longest, run.length);
    const fence = "`".repeat(longest + 1);
    const room = code.startsWith("`") || code.endsWith("`") ? " " : "";
    this.put(`${fence}${room}${code}${room}${fence}`);
  }

  private link(group: readonly Segment[], around: readonly Wrapper[]): void {
    this.noPicture();
    this.put("[");
    this.write(group, around);
    this.put(`](${group[0]!.href})`);
  }

  /** "![" would be a picture. What is not written here is looked after by who wrote it. */
  private noPicture(): void {
    if (this.last === "!" && this.pieces.length > 0) this.pieces.push(this.pieces.pop()!.replace(/!$/, "\\!"));
  }

  private emphasis(group: readonly Segment[], mark: string, around: readonly Wrapper[]): void {
    const inner = new LineWriter(this.text, this.options, this.blockMarks, this.last);
    inner.write(group, around);
    const { written } = inner;
    const before = this.last === "" ? " " : this.last;
    const behind = this.text[extentOf(group).to] ?? " ";
    // Marks of two emphases in a row would be read as one, and one that begins within another as the other's end.
    const isNested = around.includes("bold") && around.includes("emphasis");
    const isApart = before !== "*" && (!isNested || this.pieces.length === 0 || isSpace(before));
    const opens = !mayBePunctuation(written[0]!) || isEdge(before);
    const closes = !mayBePunctuation(inner.last) || isEdge(behind);
    const isMarked = isApart && opens && closes;
    if (!isMarked && written.startsWith("[")) this.noPicture();
    this.put(isMarked ? `${mark}${written}${mark}` : written);
  }
}

/** How far the segments from `first` on are set in the same wrapper; `first`, where none is. */
function endOfGroup(segments: readonly Segment[], first: number, wrapper: Wrapper): number {
  const isSame = ({ href, styles }: Segment): boolean =>
    wrapper === "link" ? href !== "" && href === segments[first]!.href : (styles & Style[wrapper]) !== 0;
  let end = first;
  while (end < segments.length && isSame(segments[end]!)) end++;
  return end;
}

function extentOf(group: readonly Segment[]): { readonly from: number; readonly to: number } {
  return { from: group[0]!.from, to: group.at(-1)!.to };
}

const SPACES = /\s/;
/** Punctuation for all versions of CommonMark, and for some of them. */
const PUNCTUATION = /\p{P}/u;
const PUNCTUATION_OR_SYMBOL = /[\p{P}\p{S}]/u;

function isSpace(unit: string): boolean {
  return SPACES.test(unit);
}

/** What half of a surrogate pair is a half of may be punctuation. */
function mayBePunctuation(unit: string): boolean {
  return PUNCTUATION_OR_SYMBOL.test(unit) || (unit >= "\ud800" && unit <= "\udfff");
}

/** Whether emphasis may begin behind a unit, or end before it, whatever it holds. */
function isEdge(unit: string): boolean {
  return isSpace(unit) || PUNCTUATION.test(unit);
}

/** What may be markup within a line, and where it is. */
const INLINE = /[\\`*_<&~[\]]/g;
const INLINE_OR_BLOCK = /[\\`*_<&~[\]#>+=|:.)-]/g;
const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/;
const REFERENCE = /&(?:#[0-9]|#[xX][0-9a-fA-F]|[A-Za-z][A-Za-z0-9]{1,31};)/y;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
/** Lines that would begin a heading, quote, list, rule, table or an underline; up to the sign that makes them do so. */
const BLOCK_START = /(?:#(?=#{0,5}(?:\s|$))|>|[-+](?=\s|$)|\d{1,9}[.)](?=\s|$)|[=-](?=[\s=:|-]*$)|[|:](?=[\s:|-]*$))/y;
const MAX_BLOCK_START = 200;

/** The places in a text of signs that would begin another block. */
function blockMarks(text: string): ReadonlySet<number> {
  const marks = new Set<number>();
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf("\n", at);
    const line = text.slice(at, Math.min(lineEnd < 0 ? text.length : lineEnd, at + MAX_BLOCK_START));
    BLOCK_START.lastIndex = 0;
    const found = BLOCK_START.exec(line)?.[0];
    if (found !== undefined) marks.add(at + found.length - 1);
    if (lineEnd < 0) return marks;
    at = lineEnd + 1;
  }
}

/** Whether the unit at a place may be markup, in a part that ends at `to`. */
function isMarkup(text: string, at: number, to: number, isInLink: boolean): boolean {
  const before = text[at - 1] ?? " ";
  const next = text[at + 1] ?? " ";
  switch (text[at]) {
    case "\\":
      return ASCII_PUNCTUATION.test(next) || next === "\n" || at + 1 === to;
    case "_":
      return !(LETTER_OR_DIGIT.test(before) && LETTER_OR_DIGIT.test(next));
    case "<":
      return !isSpace(next);
    case "&":
      REFERENCE.lastIndex = at;
      return REFERENCE.test(text);
    case "~":
      return before === "~" || next === "~";
    case "[":
      return isInLink || (at === 0 && /^\[[ xX]\]/.test(text));
    case "]":
      return isInLink || next === "(" || next === ":" || next === "[";
    case "*":
    case "`":
      return true;
    default:
      return false;
  }
}
