/** Two texts in two columns, what differs marked, and what does not folded. */
import { styleText } from "node:util";
import { count } from "../show.ts";
import type { LinePair, Segment } from "./compare-texts.ts";
import { beginning, columnsOf, visible } from "./display-width.ts";

export interface SideBySideOptions {
  /** Columns of the terminal. */
  readonly columns: number;
  /** Whether differences are shown by colour; if not, they stand in brackets, as wdiff writes them. */
  readonly color: boolean;
  readonly titles: readonly [page: string, twin: string];
}

/** Equal lines that are shown around others, and words around words. */
const CONTEXT_LINES = 2;
const CONTEXT_WORDS = 12;
/** Folding fewer lines or words than these would hide more than it spares. */
const LEAST_FOLDED_LINES = 3;
const LEAST_FOLDED_WORDS = 24;
/** Lines of the terminal; who wants to see more of two texts so different takes --json. */
const MAX_ROWS = 200;
const MIN_COLUMN = 16;
/** Of a stretch without any difference inside. */
const MAX_CHARS = 4000;

/** Between the columns: what `sdiff` writes there. */
const GUTTERS = { equal: "   ", changed: " | ", page: " < ", twin: " > " } as const;

/** A cell before it is wrapped. */
type Cell = readonly Segment[];
type Row = { readonly gutter: string; readonly page: Cell; readonly twin: Cell } | { readonly folded: string };

export function sideBySide(pairs: readonly LinePair[], { columns, color, titles }: SideBySideOptions): string[] {
  const width = Math.max(MIN_COLUMN, Math.floor((columns - GUTTERS.equal.length) / 2));
  const lines: string[] = [];
  const put = (gutter: string, page: readonly string[], twin: readonly string[]) => {
    for (let i = 0; i < Math.max(page.length, twin.length); i++) {
      const left = page[i] ?? "";
      lines.push(`${left}${" ".repeat(width - columnsIn(left))}${gutter}${twin[i] ?? ""}`.trimEnd());
    }
  };
  const title = (text: string) => wrap([{ text, differs: false }], width, plain);
  put(GUTTERS.equal, title(titles[0]), title(titles[1]));
  lines.push("─".repeat(2 * width + GUTTERS.equal.length));
  const rows = foldLines(pairs);
  for (const [n, row] of rows.entries()) {
    if (lines.length >= MAX_ROWS) {
      lines.push(`… ${count(rows.length - n)} more rows; --json has both texts whole`);
      break;
    }
    if ("folded" in row) lines.push(centred(row.folded, 2 * width + GUTTERS.equal.length));
    else {
      const [page, twin] = color ? [red, green] : [deleted, inserted];
      put(row.gutter, wrap(row.page, width, page), wrap(row.twin, width, twin));
    }
  }
  return lines;
}

/** Stretches of equal lines become a line that counts them. */
function foldLines(pairs: readonly LinePair[]): Row[] {
  const rows: Row[] = [];
  const show = ({ kind, page = [], twin = [] }: LinePair) => {
    const [ours, theirs] = kind === "changed" ? foldWords(page, twin) : [page, twin];
    rows.push({ gutter: GUTTERS[kind], page: ours, twin: theirs });
  };
  for (let start = 0, end = 0; start < pairs.length; start = end) {
    if (pairs[start]!.kind !== "equal") {
      show(pairs[start]!);
      end = start + 1;
      continue;
    }
    while (end < pairs.length && pairs[end]!.kind === "equal") end++;
    const before = start === 0 ? 0 : CONTEXT_LINES;
    const after = end === pairs.length ? 0 : CONTEXT_LINES;
    const folded = end - start - before - after;
    if (folded < LEAST_FOLDED_LINES) for (const pair of pairs.slice(start, end)) show(pair);
    else {
      for (const pair of pairs.slice(start, start + before)) show(pair);
      rows.push({ folded: `… ${count(folded)} equal lines …` });
      for (const pair of pairs.slice(end - after, end)) show(pair);
    }
  }
  return rows;
}

/** In two lines that differ, long stretches of equal words become a count of them, on both sides. */
function foldWords(page: Cell, twin: Cell): [Cell, Cell] {
  const fold = (cell: Cell): Cell =>
    cell.map((segment, i) => {
      if (segment.differs) return segment;
      const words = segment.text.match(/\S+\s*/g) ?? [];
      const [before, after] = [i === 0 ? 0 : CONTEXT_WORDS, i === cell.length - 1 ? 0 : CONTEXT_WORDS];
      const folded = words.length - before - after;
      if (folded < LEAST_FOLDED_WORDS) return segment;
      const lead = segment.text.match(/^\s*/)![0];
      const text = `${lead}${words.slice(0, before).join("")}… ${count(folded)} equal words … ${words.slice(words.length - after).join("")}`;
      return { text: after === 0 ? text.trimEnd() : text, differs: false };
    });
  return [fold(page), fold(twin)];
}

/** Shows a stretch that differs. */
type Mark = { readonly columns: number; readonly show: (text: string) => string };
const plain: Mark = { columns: 0, show: (text) => text };
const deleted: Mark = { columns: 4, show: (text) => `[-${text}-]` };
const inserted: Mark = { columns: 4, show: (text) => `{+${text}+}` };
const red: Mark = { columns: 0, show: (text) => styleText("red", text, { validateStream: false }) };
const green: Mark = { columns: 0, show: (text) => styleText("green", text, { validateStream: false }) };

/** The lines that a cell takes in a column: broken between words, or in words that are wider than it. */
function wrap(cell: Cell, width: number, mark: Mark): string[] {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  const endLine = () => {
    lines.push(line);
    line = "";
    used = 0;
  };
  for (const { text, differs } of cell) {
    const { columns, show } = differs ? mark : plain;
    let held = "";
    let heldColumns = 0;
    const flush = () => {
      if (held !== "") line += show(held);
      used += held === "" ? 0 : heldColumns + columns;
      held = "";
      heldColumns = 0;
    };
    for (const word of shortened(text).match(/\s+|\S+/gu) ?? []) {
      const room = () => width - used - heldColumns - columns;
      let rest = word;
      if (columnsIn(rest) > room() && (used > 0 || held !== "")) {
        flush();
        endLine();
        if (rest.trim() === "") continue;
      }
      while (columnsIn(rest) > room()) {
        const part = beginning(rest, Math.max(1, room()));
        held += part;
        heldColumns += columnsIn(part);
        rest = rest.slice(part.length);
        flush();
        endLine();
      }
      held += rest;
      heldColumns += columnsIn(rest);
    }
    flush();
  }
  if (line !== "" || lines.length === 0) endLine();
  return lines;
}

function shortened(text: string): string {
  const left = text.length - MAX_CHARS;
  return left > 0 ? `${visible(text.slice(0, MAX_CHARS))}… ${count(left)} more characters` : visible(text);
}

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

function columnsIn(text: string): number {
  let columns = 0;
  for (const char of text.replace(ESCAPES, "")) columns += columnsOf(char);
  return columns;
}

function centred(text: string, width: number): string {
  return `${" ".repeat(Math.max(0, Math.floor((width - columnsIn(text)) / 2)))}${text}`;
}
