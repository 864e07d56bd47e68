/**
 * Blocks → text. Paragraphs are apart by an empty line; items of a list, rows of a table and terms with what they mean
 * are lines, one under another.
 *
 *     kind         text                 Markdown
 *     heading      Heading              ## Heading
 *     item         - one                - one, or 1. one; indented by its depth
 *     row          a ⇥ b                | a | b |, with a rule under the first
 *     code         verbatim             verbatim, between fences
 *     quote        Text                 > Text
 *     definition   term ⏎ meaning       term ⏎ : meaning
 *
 * As text a page is never longer than its HTML; as Markdown it is at most four times as long.
 */
import { BlockKind, type BlockPage, blockText } from "./block-page.ts";
import { TAG_NAMES } from "./tags.ts";

export const TEXT_FORMATS = ["text", "markdown"] as const;
export type TextFormat = (typeof TEXT_FORMATS)[number];

const LINE = "\n";
const PARAGRAPH = "\n\n";

/** Deeper items are indented like these, so that what is written stays in proportion to what was read. */
const MAX_INDENTED_LEVELS = 4;

const ORDERED = TAG_NAMES.indexOf("ol");

/** The text of the blocks that `keep` has a 1 for. It is well-formed Unicode without control characters. */
export function renderBlocks(page: BlockPage, keep: Uint8Array, format: TextFormat): string {
  const pieces: string[] = [];
  const write = format === "markdown" ? new MarkdownWriter(page) : new PlainWriter(page);
  let before = -1;
  for (let block = 0; block < page.count; block++) {
    if (keep[block] !== 1) continue;
    if (before >= 0) pieces.push(separator(page, before, block));
    pieces.push(write.block(block));
    before = block;
  }
  return pieces.join("").toWellFormed();
}

/** What stands between two blocks that are kept. */
function separator(page: BlockPage, before: number, block: number): string {
  const kind = page.kinds[block]!;
  if (page.kinds[before] !== kind) return PARAGRAPH;
  if (kind === BlockKind.item) return isSameList(page, before, block) ? LINE : PARAGRAPH;
  if (kind === BlockKind.row) return page.owners[before] === page.owners[block] ? LINE : PARAGRAPH;
  return kind === BlockKind.definition ? LINE : PARAGRAPH;
}

/** Lists in a list's items are part of it. Two lists that are not in another are two. */
function isSameList({ containers, owners, levels }: BlockPage, before: number, block: number): boolean {
  if (levels[before]! > 1 || levels[block]! > 1) return true;
  return containers.parents[owners[before]!] === containers.parents[owners[block]!];
}

class PlainWriter {
  protected readonly page: BlockPage;
  private readonly begun = new Set<number>();

  constructor(page: BlockPage) {
    this.page = page;
  }

  block(block: number): string {
    const text = blockText(this.page, block);
    return this.page.kinds[block] === BlockKind.item && this.begins(block) ? `- ${text}` : text;
  }

  /** Whether a block is the first that is kept of the thing that it is a part of. */
  protected begins(block: number): boolean {
    const owner = this.page.owners[block]!;
    if (this.begun.has(owner)) return false;
    this.begun.add(owner);
    return true;
  }
}

class MarkdownWriter extends PlainWriter {
  /** Numbered items so far, by list. */
  private readonly numbers = new Map<number, number>();

  override block(block: number): string {
    const text = blockText(this.page, block);
    switch (this.page.kinds[block]) {
      case BlockKind.heading:
        return `${"#".repeat(this.page.levels[block]!)} ${text.replaceAll("\n", " ")}`;
      case BlockKind.item:
        return this.item(block, text);
      case BlockKind.row:
        return this.row(block, text);
      case BlockKind.code:
        return fenced(text);
      case BlockKind.quote:
        return `> ${text.replaceAll("\n", "\n> ")}`;
      case BlockKind.definition:
        return this.page.levels[block] === 0 ? text : `: ${text}`;
      default:
        return text;
    }
  }

  private item(block: number, text: string): string {
    const indent = "  ".repeat(Math.min(this.page.levels[block]!, MAX_INDENTED_LEVELS) - 1);
    const mark = this.begins(block) ? this.mark(block) : "  ";
    return `${indent}${mark}${text.replaceAll("\n", `\n${indent}  `)}`;
  }

  private mark(block: number): string {
    const { parents, tags } = this.page.containers;
    const list = parents[this.page.owners[block]!]!;
    if (tags[list] !== ORDERED) return "- ";
    const number = (this.numbers.get(list) ?? 0) + 1;
    this.numbers.set(list, number);
    return `${number}. `;
  }

  private row(block: number, text: string): string {
    const cells = text.replaceAll("|", "\\|").split("\t");
    const row = `| ${cells.join(" | ")} |`;
    return this.begins(block) ? `${row}\n| ${cells.map(() => "---").join(" | ")} |` : row;
  }
}

/** Between fences longer than any in the code. */
function fenced(code: string): string {
  let longest = 2;
  for (const [run] of code.matchAll(/`{3,}/g)) longest = Math.max(longest, run.length);
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${code}\n${fence}`;
}
