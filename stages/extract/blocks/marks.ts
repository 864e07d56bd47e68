/**
 * What Markdown needs of a page beside its blocks: the type that words are set in, where links lead, the language of
 * code, the columns of a table's cells. It is collected where it is asked for, and has no part in what main text is.
 */
import { IntList } from "./int-list.ts";

/** How a run of text is set, as bits. */
export const Style = { bold: 1, emphasis: 2, code: 4 } as const;

export interface Marks {
  readonly count: number;
  /**
   * Run `i` is `units[starts[i]..ends[i])` of the page: in the page's order, apart from each other, each within a block
   * but for white space at its edges.
   */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Bits of `Style`. */
  readonly styles: Int32Array;
  /** Places in `hrefs`, or `NO_LINK`. */
  readonly links: Int32Array;
  /** As they are written on the page. */
  readonly hrefs: readonly string[];
  /** By the container that a block lies in, or one around that: the language of code, as the page calls it. */
  readonly languages: ReadonlyMap<number, string>;
  /** By a row's container: the columns of its cells, for rows in tables of at most `MAX_COLUMNS`. */
  readonly columns: ReadonlyMap<number, readonly number[]>;
}

export const NO_LINK = -1;

/** In wider tables columns are not told, so that cells over many rows cost no more than they are worth. */
export const MAX_COLUMNS = 64;

/**
 * A class that names a language: HTML's own "language-js" (4.5.15) and its short form, GitHub's "highlight-source-js",
 * Sphinx's "highlight-js notranslate", SyntaxHighlighter's "brush: js".
 */
const LANGUAGE =
  /(?:^|\s)(?:lang(?:uage)?-|highlight-source-|highlight-(?=[\w+#-]{1,20}\s+notranslate)|brush:\s*)([a-z][\w+#-]{0,19})(?![\w+#-])/i;
/** What highlighters say where nobody told them. */
const NO_LANGUAGES = new Set(["default", "none", "plaintext", "nohighlight"]);

export class MarkCollector {
  private readonly starts = new IntList();
  private readonly ends = new IntList();
  private readonly styles = new IntList();
  private readonly links = new IntList();
  private readonly hrefs: string[] = [];
  private readonly languages = new Map<number, string>();
  private readonly columns = new Map<number, number[]>();
  private readonly cellColumns = new Map<number, number>();
  private readonly tables = new Map<number, TableGrid>();

  text(start: number, end: number, styles: number, link: number): void {
    this.starts.push(start);
    this.ends.push(end);
    this.styles.push(styles);
    this.links.push(link);
  }

  /** Text from a place on was none. */
  endAt(place: number): void {
    const { starts, ends, styles, links } = this;
    while (starts.length > 0 && starts.values[starts.length - 1]! >= place) {
      for (const column of [starts, ends, styles, links]) column.length--;
    }
    const last = ends.length - 1;
    if (last >= 0) ends.values[last] = Math.min(ends.values[last]!, place);
  }

  link(href: string): number {
    return this.hrefs.push(href) - 1;
  }

  /** Remembers the language that a class names, if it does. */
  language(container: number, className: string): void {
    const language = LANGUAGE.exec(className)?.[1];
    if (language !== undefined && !NO_LANGUAGES.has(language.toLowerCase())) this.languages.set(container, language);
  }

  tableRow(table: number): void {
    const grid = this.tables.get(table) ?? new TableGrid();
    this.tables.set(table, grid);
    grid.nextRow();
  }

  cell(container: number, table: number, width: number, height: number): void {
    const column = this.tables.get(table)?.place(width, height) ?? MAX_COLUMNS;
    if (column < MAX_COLUMNS) this.cellColumns.set(container, column);
  }

  /** Cells, by their containers, became a row. */
  joined(row: number, cells: Int32Array): void {
    const columns = Array.from(cells, (cell) => this.cellColumns.get(cell) ?? MAX_COLUMNS);
    if (columns.every((column) => column < MAX_COLUMNS)) this.columns.set(row, columns);
  }

  view(): Marks {
    return {
      count: this.starts.length,
      starts: this.starts.view(),
      ends: this.ends.view(),
      styles: this.styles.view(),
      links: this.links.view(),
      hrefs: this.hrefs,
      languages: this.languages,
      columns: this.columns,
    };
  }
}

/** Which columns of a table's row are taken by cells that reach down into it. */
class TableGrid {
  private row = 0;
  private column = 0;
  /** By column: the last row that is taken. */
  private readonly takenTo = new Int32Array(MAX_COLUMNS);

  nextRow(): void {
    this.row++;
    this.column = 0;
  }

  /** Puts a cell into the row; its column. */
  place(width: number, height: number): number {
    while (this.column < MAX_COLUMNS && this.takenTo[this.column]! >= this.row) this.column++;
    const column = this.column;
    this.column = Math.min(MAX_COLUMNS, column + width);
    if (height > 1) this.takenTo.fill(this.row + height - 1, column, this.column);
    return column;
  }
}
