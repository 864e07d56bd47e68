/**
 * Blocks → text. Paragraphs are apart by an empty line; items of a list, rows of a table and terms with what they mean
 * are lines, one under another.
 *
 *     kind         text                 Markdown (`markdown.ts`)
 *     heading      Heading              ## Heading
 *     item         - one                - one, or 1. one; indented by its depth
 *     row          a ⇥ b                | a | b |, with a rule under the first
 *     code         verbatim             verbatim, between fences
 *     quote        Text                 > Text
 *     definition   term ⏎ meaning       term ⏎ : meaning
 *
 * As text a page is never longer than its HTML; as Markdown it is at most ten times as long.
 */
import { BlockKind, type BlockPage, blockText } from "./block-page.ts";
import { renderMarkdown } from "./markdown.ts";

export const TEXT_FORMATS = ["text", "markdown"] as const;
export type TextFormat = (typeof TEXT_FORMATS)[number];

const LINE = "\n";
const PARAGRAPH = "\n\n";

/**
 * The text of the blocks that `keep` has a 1 for. It is well-formed Unicode without control characters. Markdown is richer
 * by what the page's `marks` tell.
 */
export function renderBlocks(page: BlockPage, keep: Uint8Array, format: TextFormat, withLinks = false): string {
  return format === "markdown" ? renderMarkdown(page, keep, withLinks) : renderText(page, keep);
}

function renderText(page: BlockPage, keep: Uint8Array): string {
  const pieces: string[] = [];
  const begunItems = new Set<number>();
  let before = -1;
  for (let block = 0; block < page.count; block++) {
    if (keep[block] !== 1) continue;
    if (before >= 0) pieces.push(separator(page, before, block));
    const item = page.owners[block]!;
    if (page.kinds[block] === BlockKind.item && !begunItems.has(item)) {
      begunItems.add(item);
      pieces.push("- ");
    }
    pieces.push(blockText(page, block));
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
