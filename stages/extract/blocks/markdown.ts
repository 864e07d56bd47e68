/**
 * Blocks → Markdown: CommonMark, and GitHub's tables.
 *
 *     heading      ## Heading
 *     item         - one, or 1. one; in an item, indented as far as its text
 *     row          | a | b |, with a rule under the first of a table
 *     code         verbatim, between fences, with the language where a class tells it
 *     quote        > Text
 *     definition   term ⏎ : meaning (as many extensions have it; elsewhere it is text)
 *
 * A block lies in *frames*, the items and quotes around it. Each has a mark on its first line, and leaves room for it or
 * repeats it on all others:
 *
 *     <ol><li><p>one<blockquote>two     1. one
 *                                       ⏎
 *                                          > two
 */
import { BlockKind, type BlockPage, blockText, unitsText } from "./block-page.ts";
import { type InlineOptions, inlineMarkdown } from "./markdown-inline.ts";
import { Style } from "./marks.ts";
import { tagId } from "./tags.ts";

/** Frames in more than these are written as if they were beside the last: what is written stays in proportion. */
const MAX_FRAMES = 4;
const NO_FRAME = -1;

const ITEM = tagId("li");
const ORDERED = tagId("ol");
const QUOTE = tagId("blockquote");

/** A row is written with its gaps if the cells pay for them. */
const GAPS_A_CELL = 1;
const FREE_GAPS = 8;

/** The blocks that `keep` has a 1 for. */
export function renderMarkdown(page: BlockPage, keep: Uint8Array, withLinks: boolean): string {
  const writer = new MarkdownWriter(page, withLinks);
  for (let block = 0; block < page.count; block++) if (keep[block] === 1) writer.block(block);
  return writer.end();
}

class MarkdownWriter {
  private readonly page: BlockPage;
  private readonly inline: InlineOptions;
  private readonly frames: Frames;
  private readonly pieces: string[] = [];
  /** The frames of the block before, and how wide a line's beginning each makes. */
  private open: number[] = [];
  private readonly margins = new Map<number, string>();
  /** Numbered items so far, by list. */
  private readonly numbers = new Map<number, number>();
  private before = -1;
  /** Rows of the table that is being written. */
  private rows: number[] = [];

  constructor(page: BlockPage, withLinks: boolean) {
    this.page = page;
    this.inline = { withLinks };
    this.frames = framesOf(page);
  }

  block(block: number): void {
    const isRow = this.page.kinds[block] === BlockKind.row;
    if (this.rows.length > 0 && !(isRow && this.isNextRow(block))) this.endTable();
    if (isRow) this.rows.push(block);
    else this.write(block, this.textOf(block));
  }

  end(): string {
    if (this.rows.length > 0) this.endTable();
    return this.pieces.join("").toWellFormed();
  }

  private isNextRow(block: number): boolean {
    const { owners, holders } = this.page;
    const last = this.rows.at(-1)!;
    return owners[last] === owners[block] && this.frames.of[holders[last]!] === this.frames.of[holders[block]!];
  }

  private textOf(block: number): string {
    const { page } = this;
    const text = blockText(page, block);
    const inline = (options?: Partial<InlineOptions>) =>
      inlineMarkdown(page, text, page.starts[block]!, { ...this.inline, ...options });
    switch (page.kinds[block]) {
      case BlockKind.heading:
        return `${"#".repeat(page.levels[block]!)} ${asHeading(inline({ without: Style.bold, isHeading: true }))}`;
      case BlockKind.code:
        return fenced(text, this.languageOf(block));
      case BlockKind.definition:
        return page.levels[block] === 0 ? inline() : `: ${inline()}`;
      default:
        return inline();
    }
  }

  /** Writes what a block, or the table that ends with it, has come to. */
  private write(block: number, text: string): void {
    const chain = this.frames.chain(this.page.holders[block]!);
    let shared = 0;
    while (shared < chain.length && chain[shared] === this.open[shared]) shared++;
    const margin = (frames: readonly number[]) => frames.map((frame) => this.margins.get(frame)).join("");
    const around = margin(chain.slice(0, shared));
    if (this.before >= 0) {
      this.pieces.push(this.isTight(block, chain, shared) ? "\n" : `\n${around.trimEnd()}\n`);
    }
    const marks = chain.slice(shared).map((frame) => this.mark(frame));
    const inside = margin(chain);
    const lines = text.split("\n");
    this.pieces.push(around, ...marks, lines[0]!);
    for (const line of lines.slice(1)) this.pieces.push("\n", line === "" ? inside.trimEnd() : inside, line);
    this.open = chain;
    this.before = block;
  }

  /** Whether no empty line is between a block and the one before: items of one list, a list in an item, definitions. */
  private isTight(block: number, chain: readonly number[], shared: number): boolean {
    const { kinds, containers } = this.page;
    if (shared === chain.length) {
      const isBeside = shared === this.open.length;
      return isBeside && kinds[block] === BlockKind.definition && kinds[this.before] === BlockKind.definition;
    }
    const frame = chain[shared]!;
    if (containers.tags[frame] !== ITEM) return false;
    const sibling = this.open[shared];
    if (sibling !== undefined) return containers.parents[sibling] === containers.parents[frame];
    // Only a first number begins a list right under a paragraph.
    const isBegun = this.numbers.has(containers.parents[frame]!);
    return shared > 0 && containers.tags[chain[shared - 1]!] === ITEM && !isBegun;
  }

  /** What a frame begins with. */
  private mark(frame: number): string {
    const { tags, parents } = this.page.containers;
    const list = parents[frame]!;
    let mark = "> ";
    if (tags[frame] === ITEM) {
      mark = "- ";
      if (tags[list] === ORDERED) {
        const number = (this.numbers.get(list) ?? 0) + 1;
        this.numbers.set(list, number);
        mark = `${number}. `;
      }
    }
    this.margins.set(frame, tags[frame] === QUOTE ? mark : " ".repeat(mark.length));
    return mark;
  }

  private endTable(): void {
    const rows = this.rows.map((row) => this.cellsOf(row));
    const width = rows.reduce((most, { length }) => Math.max(most, length), 0);
    const head = Array.from({ length: width }, (_, column) => rows[0]![column] ?? "");
    const lines = [head, head.map(() => "---"), ...rows.slice(1)].map((cells) => `| ${cells.join(" | ")} |`);
    this.write(this.rows[0]!, lines.join("\n"));
    this.rows = [];
  }

  /** A row's cells, with empty ones where it has gaps. */
  private cellsOf(row: number): string[] {
    const { page } = this;
    const isHead = page.levels[row] === 1;
    const columns = page.marks?.columns.get(page.holders[row]!);
    const texts = unitsText(page.units, page.starts[row]!, page.ends[row]!).split("\t");
    const isPaidFor = (columns?.at(-1) ?? 0) < texts.length * (1 + GAPS_A_CELL) + FREE_GAPS;
    const cells: string[] = [];
    let from = page.starts[row]!;
    for (const [n, text] of texts.entries()) {
      while (isPaidFor && columns !== undefined && cells.length < columns[n]!) cells.push("");
      cells.push(
        inlineMarkdown(page, text, from, { ...this.inline, isCell: true, ...(isHead && { without: Style.bold }) }),
      );
      from += text.length + 1;
    }
    return cells;
  }

  /** The language that the code's container has, or one of the two around it. */
  private languageOf(block: number): string {
    const { owners, containers, marks } = this.page;
    let container = owners[block]!;
    for (let level = 0; level < 3; level++) {
      const language = marks?.languages.get(container);
      if (language !== undefined) return language;
      container = containers.parents[container]!;
    }
    return "";
  }
}

/** In one line, and without a "#" at its end, which would be no part of it. */
function asHeading(text: string): string {
  return text.replaceAll("\n", " ").replace(/(?<=^|\s)#+$/, "\\$&");
}

/** Between fences longer than any in the code. */
function fenced(code: string, language: string): string {
  let longest = 2;
  for (const [run] of code.matchAll(/`{3,}/g)) longest = Math.max(longest, run.length);
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${code}\n${fence}`;
}

interface Frames {
  /** By container: the innermost frame that it is in or is; `NO_FRAME` for none. */
  readonly of: Int32Array;
  /** The frames around a container's text, outermost first. */
  chain(container: number): number[];
}

function framesOf({ containers: { count, tags, parents } }: BlockPage): Frames {
  const of = new Int32Array(count).fill(NO_FRAME);
  const outer = new Int32Array(count).fill(NO_FRAME);
  const depths = new Uint8Array(count);
  for (let container = 1; container < count; container++) {
    const around = of[parents[container]!]!;
    of[container] = around;
    if (tags[container] !== ITEM && tags[container] !== QUOTE) continue;
    const isDeep = around !== NO_FRAME && depths[around] === MAX_FRAMES;
    outer[container] = isDeep ? outer[around]! : around;
    depths[container] = outer[container] === NO_FRAME ? 1 : depths[outer[container]!]! + 1;
    of[container] = container;
  }
  return {
    of,
    chain(container) {
      const chain: number[] = [];
      for (let frame = of[container]!; frame !== NO_FRAME; frame = outer[frame]!) chain.unshift(frame);
      return chain;
    },
  };
}
