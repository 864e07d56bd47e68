import { BlockKind } from "./block-page.ts";
import { IntList } from "./int-list.ts";

const TAB = 0x09;
const LINE_END = 0x0a;
const SPACE = 0x20;

/** A longer cell is a text of its own, not part of a row. */
const MAX_CELL_UNITS = 300;

/** Blocks while a page is read, as columns; see `BlockPage`. */
export class BlockList {
  readonly starts = new IntList();
  readonly ends = new IntList();
  readonly kinds = new IntList();
  readonly levels = new IntList();
  readonly owners = new IntList();
  readonly holders = new IntList();
  readonly innerTags = new IntList();
  readonly linkUnits = new IntList();
  readonly links = new IntList();
  readonly boldUnits = new IntList();
  readonly codeUnits = new IntList();
  private readonly columns = [
    ...[this.starts, this.ends, this.kinds, this.levels, this.owners, this.holders, this.innerTags],
    ...[this.linkUnits, this.links, this.boldUnits, this.codeUnits],
  ];

  get count(): number {
    return this.starts.length;
  }

  /**
   * Makes one block of the cells from block `first` on, if they are a row of short cells: tables of data read as rows,
   * and in those that lay out a page every cell keeps its own blocks. The list's blocks are one unit apart.
   */
  joinRow(first: number, units: Uint16Array, parents: Int32Array, table: number, row: number, isHeader: boolean): void {
    const { count } = this;
    if (count - first < 2) return;
    for (let block = first; block < count; block++) {
      if (this.kinds.values[block] !== BlockKind.cell) return;
      if (this.ends.values[block]! - this.starts.values[block]! > MAX_CELL_UNITS) return;
      const cell = this.owners.values[block]!;
      if (parents[cell] !== row || (block > first && cell === this.owners.values[block - 1])) return;
    }
    const start = this.starts.values[first]!;
    const end = this.ends.values[count - 1]!;
    for (let at = start; at < end; at++) if (units[at] === LINE_END) units[at] = SPACE;
    for (let block = first + 1; block < count; block++) {
      units[this.ends.values[block - 1]!] = TAB;
      for (const sum of [this.linkUnits, this.links, this.boldUnits, this.codeUnits]) {
        sum.values[first]! += sum.values[block]!;
      }
    }
    this.ends.values[first] = end;
    this.kinds.values[first] = BlockKind.row;
    this.levels.values[first] = isHeader ? 1 : 0;
    this.owners.values[first] = table;
    this.holders.values[first] = row;
    for (const column of this.columns) column.length = first + 1;
  }
}
