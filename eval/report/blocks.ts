/** What a report is made of, before it is HTML or Markdown: both show the same text and the same tables. */
import type { Chart } from "./charts/draw.ts";

/** A piece of a line. `code` is foreign or literal, and breaks anywhere. */
export type Inline =
  | string
  | { readonly strong: string }
  | { readonly code: string }
  | { readonly link: string; readonly to: string }
  | typeof BREAK;

/** The line goes on below. */
const BREAK = { break: true } as const;

export type Line = Inline | readonly Inline[];

export interface Column {
  readonly head: string;
  readonly numeric?: boolean;
  /** Holds addresses or commands. */
  readonly isWide?: boolean;
}

/** Rows begin with what they are about. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Line[])[];
  /** Numbers of rows that matter most. */
  readonly marked?: ReadonlySet<number>;
  /** The id that row `i` can be linked by. */
  readonly anchor?: (row: number) => string;
}

/** Charts of one kind side by side, and the table of all their numbers. */
export interface Figure {
  readonly id: string;
  readonly title: string;
  /** What to see, and what not to conclude. */
  readonly caption: string;
  /** Those whose colours and shapes the charts use, where a legend has to say which is which. */
  readonly arms?: readonly string[];
  readonly panels: readonly { readonly chart: Chart; readonly title: string; readonly note?: string }[];
  readonly table: Table;
  /** Whether the table is open before the charts. */
  readonly isTableShown?: boolean;
}

export type Block =
  | { readonly kind: "paragraph"; readonly line: Line }
  | { readonly kind: "list"; readonly lines: readonly Line[] }
  /** Name and value, a line each. */
  | { readonly kind: "terms"; readonly terms: readonly (readonly [name: string, value: Line])[] }
  | { readonly kind: "table"; readonly table: Table; readonly isFolded?: boolean }
  | { readonly kind: "figure"; readonly figure: Figure }
  /** Foreign text, as it is. */
  | { readonly kind: "quote"; readonly label: Line; readonly text: string };

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** The document, top to bottom. Only `measured` tells of the machine it was made on. */
export interface Outline {
  readonly title: string;
  readonly lead: Lead;
  readonly sections: readonly Section[];
  readonly measured: Section;
}

export interface Lead {
  readonly hypothesis: string;
  readonly expectation: string;
  readonly conclusion: string;
  readonly outcome: "as expected" | "not as expected" | "not decided";
  readonly setting: string;
  /** Undefined where there is nothing to warn of. */
  readonly warning: string | undefined;
}

export function paragraph(...line: readonly Inline[]): Block {
  return { kind: "paragraph", line };
}

export const text = (head: string): Column => ({ head });
export const wide = (head: string): Column => ({ head, isWide: true });
export const number = (head: string): Column => ({ head, numeric: true });

/** An entry a line. */
export function codeLines(entries: readonly string[]): Line {
  return entries.flatMap((code, i): Inline[] => (i === 0 ? [{ code }] : [BREAK, { code }]));
}

/** A line's pieces. */
export function piecesOf(line: Line): readonly Inline[] {
  return Array.isArray(line) ? (line as readonly Inline[]) : [line as Inline];
}
