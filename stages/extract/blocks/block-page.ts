/** What a page is once it is read: blocks of text, one after another, and the containers that they lie in. */
import type { Marks } from "./marks.ts";
import type { PageFacts } from "./page-facts.ts";

/** What a block is. */
export const BlockKind = {
  paragraph: 0,
  /** Level 1–6. */
  heading: 1,
  /** Text of a list's item; level: how many lists it is in, at least 1. */
  item: 2,
  /** A row of short cells, apart by tabs; level 1: of header cells. */
  row: 3,
  /** Text of a table's cell that is more than a cell of such a row. */
  cell: 4,
  /** Preformatted text, verbatim. */
  code: 5,
  /** Level: how many quotes it is in. */
  quote: 6,
  caption: 7,
  /** Level 0: the term; 1: what it means. */
  definition: 8,
} as const;
export const KIND_NAMES = Object.keys(BlockKind) as (keyof typeof BlockKind)[];

/**
 * A page as a flat list of blocks, column by column. Block `i` is `units[starts[i]..ends[i])`: not empty, white space at
 * neither end, and within it single spaces and line ends ("\n"), except in code. Blocks are in the page's order.
 */
export interface BlockPage {
  readonly facts: PageFacts;
  /** Length of the HTML, UTF-16 units. */
  readonly inputUnits: number;
  readonly count: number;
  readonly units: Uint16Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** `BlockKind`. */
  readonly kinds: Int32Array;
  readonly levels: Int32Array;
  /** The container that makes the block what it is: the list item, table, quote … of which it is a part. */
  readonly owners: Int32Array;
  /** The container that the block lies in. */
  readonly holders: Int32Array;
  /** Tag of the innermost element that was open where the block ended. */
  readonly innerTags: Int32Array;
  /** Units within links. */
  readonly linkUnits: Int32Array;
  /** Links with text. */
  readonly links: Int32Array;
  /** Units in bold type. */
  readonly boldUnits: Int32Array;
  /** Units of code within text. */
  readonly codeUnits: Int32Array;
  readonly containers: Containers;
  /** Where they were asked for. */
  readonly marks?: Marks;
}

/** Elements that blocks lie in. Number 0 is the page; the parent of every other one has a lower number. */
export interface Containers {
  readonly count: number;
  /** Tag ids. */
  readonly tags: Int32Array;
  readonly parents: Int32Array;
  /** How many containers it is in. */
  readonly depths: Int32Array;
  /** Bits of `CLASS_NAMES`, and `ContainerMark`s. */
  readonly masks: Int32Array;
  /** A hash of its tag and class: alike where things are alike. */
  readonly shapes: Int32Array;
}

/** What attributes say of a container beyond names, as bits of its mask above those of `CLASS_NAMES`. */
export const ContainerMark = {
  /** `itemprop` articleBody and the like: the main text, says the page. */
  articleBody: 1 << 24,
  /** Not displayed. */
  hidden: 1 << 25,
  /** schema.org Product, Offer and the like. */
  product: 1 << 26,
  /** schema.org Comment, Answer, DiscussionForumPosting and the like. */
  discussion: 1 << 27,
  /** schema.org Article and the like. */
  article: 1 << 28,
} as const;

/** The text of a block. */
export function blockText(page: BlockPage, block: number): string {
  return unitsText(page.units, page.starts[block]!, page.ends[block]!);
}

/** Beyond this many arguments a call may overflow the stack. */
const MAX_ARGUMENTS = 4096;

/** The text of `units[from..to)`. */
export function unitsText(units: Uint16Array, from: number, to: number): string {
  // This way a text of Latin-1 takes a byte a character; the other is for texts of any length.
  if (to - from <= MAX_ARGUMENTS)
    return String.fromCharCode.apply(null, units.subarray(from, to) as unknown as number[]);
  return Buffer.from(units.buffer, units.byteOffset + 2 * from, 2 * (to - from)).toString("utf16le");
}
