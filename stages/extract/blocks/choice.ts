/** What a user wants beside main text, or without it: changes to what the model chose, by the page's structure alone. */
import { BlockKind, type BlockPage, ContainerMark } from "./block-page.ts";
import { classBit } from "./class-names.ts";
import { isParagraph } from "./container-stats.ts";
import { tagId } from "./tags.ts";

const COMMENT = classBit("comment");
const ABOUT_A_COMMENT = classBit("author") | classBit("meta");
const FORMS = new Set(["form", "fieldset", "nav"].map(tagId));
const FIGURE_CAPTION = tagId("figcaption");

/**
 * Adds readers' comments to what is kept: paragraphs in containers that are named for comments (`class`, `id` and the like
 * with a word such as "comment", "disqus" or "reply", or schema.org's Comment, Answer and the like), but not in forms.
 * Authors name whole articles "has-comments", too: what holds main text is no comment. Names, dates and "Reply" are seldom
 * paragraphs; a notice such as "Log in to comment" is one. Of what is added on 26 sites of the shared crawl, notices are
 * some 3 % of the text.
 */
export function addComments(page: BlockPage, keep: Uint8Array): void {
  const { count, masks, parents, tags } = page.containers;
  const holdsMain = new Uint8Array(count);
  for (let block = 0; block < page.count; block++) if (keep[block] === 1) holdsMain[page.holders[block]!] = 1;
  for (let container = count - 1; container > 0; container--) {
    if (holdsMain[container] === 1) holdsMain[parents[container]!] = 1;
  }
  const isComment = new Uint8Array(count);
  const isForm = new Uint8Array(count);
  for (let container = 1; container < count; container++) {
    const parent = parents[container]!;
    const isMain = holdsMain[container] === 1;
    const isNamed = (masks[container]! & (COMMENT | ContainerMark.discussion)) !== 0;
    isComment[container] = isComment[parent] === 1 || (isNamed && !isMain) ? 1 : 0;
    isForm[container] = isForm[parent] === 1 || (FORMS.has(tags[container]!) && !isMain) ? 1 : 0;
  }
  for (let block = 0; block < page.count; block++) {
    const holder = page.holders[block]!;
    if (isComment[holder] === 0 || isForm[holder] === 1) continue;
    if ((masks[holder]! & ABOUT_A_COMMENT) !== 0 || page.kinds[block] === BlockKind.heading) continue;
    if (isParagraph(page, block)) keep[block] = 1;
  }
}

/** Takes captions of figures out of what is kept. */
export function dropCaptions({ count, kinds, owners, containers }: BlockPage, keep: Uint8Array): void {
  for (let block = 0; block < count; block++) {
    if (kinds[block] === BlockKind.caption && containers.tags[owners[block]!] === FIGURE_CAPTION) keep[block] = 0;
  }
}

/** All blocks but those that the page does not show; all, where it shows none. */
export function visibleBlocks({ count, holders, containers: { masks, parents } }: BlockPage): Uint8Array {
  const isHidden = masks.map((mask) => ((mask & ContainerMark.hidden) === 0 ? 0 : 1));
  for (let container = 1; container < isHidden.length; container++)
    isHidden[container]! |= isHidden[parents[container]!]!;
  const keep = new Uint8Array(count);
  for (let block = 0; block < count; block++) keep[block] = isHidden[holders[block]!] === 0 ? 1 : 0;
  return keep.includes(1) ? keep : keep.fill(1);
}
