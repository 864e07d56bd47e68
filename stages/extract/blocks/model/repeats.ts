import { BlockKind, type BlockPage, blockText } from "../block-page.ts";

/** Shorter text may well be said twice: a name beside each post, a price. UTF-16 units. */
const LONG = 60;

/**
 * Leaves out kept blocks whose text an earlier one has: the second copy of a page for small screens, a post that is quoted
 * again, slides that go round. Code, and rows of a table, mean something where they stand.
 */
export function leaveOutRepeats(page: BlockPage, keep: Uint8Array): void {
  const seen = new Set<string>();
  for (let block = 0; block < page.count; block++) {
    if (keep[block] !== 1 || page.ends[block]! - page.starts[block]! < LONG) continue;
    if (page.kinds[block] === BlockKind.code || page.kinds[block] === BlockKind.row) continue;
    const text = blockText(page, block);
    if (seen.has(text)) keep[block] = 0;
    else seen.add(text);
  }
}
