import { type BlockPage, ContainerMark } from "./block-page.ts";
import { CLASS_COUNT, classBit } from "./class-names.ts";
import { tagId } from "./tags.ts";
import type { TextStats } from "./text-stats.ts";

/** What containers hold and what they are in; sums go up from children to parents, surroundings go down. */
export interface ContainerStats {
  readonly units: Float64Array;
  readonly linkUnits: Float64Array;
  /** Units of blocks that look like paragraphs. */
  readonly paragraphUnits: Float64Array;
  readonly blocks: Int32Array;
  /** Bits of `Surrounding`, of the container and all around it. */
  readonly surroundings: Int32Array;
  readonly articles: Uint8Array;
  readonly lists: Uint8Array;
  /** Container × class of names: how many levels up the nearest container with such a name is. */
  readonly classDistances: Uint8Array;
  /** The first of the containers alike under one parent that hold text. */
  readonly groups: Int32Array;
  /** By a group's first container: how many there are, and what they hold together. */
  readonly groupSizes: Int32Array;
  readonly groupUnits: Float64Array;
  readonly groupLinkUnits: Float64Array;
  /** 1 for containers in the one that reads most like an article. */
  readonly isInBest: Uint8Array;
  readonly isInBestParent: Uint8Array;
  readonly best: number;
  /** 1 for containers in the smallest one that has most of the paragraphs. */
  readonly isInCore: Uint8Array;
}

/** Farther than this is as good as nowhere. */
export const FAR = 20;

const ELEMENTS = "nav footer header aside form main figure table blockquote details dialog section noscript".split(" ");

/** Elements and marks whose presence around a block says something, as bits. */
export const SURROUNDING_NAMES = [...ELEMENTS, "hidden", "articleBody", "product", "discussion", "articleSchema"];

const MARKS = [
  [ContainerMark.hidden, 0],
  [ContainerMark.articleBody, 1],
  [ContainerMark.product, 2],
  [ContainerMark.discussion, 3],
  [ContainerMark.article, 4],
].map(([mark, place]) => [mark!, 1 << (ELEMENTS.length + place!)] as const);

/** The bit of each tag. */
const BIT_OF_TAG = new Int32Array(256);
for (const [place, name] of ELEMENTS.entries()) BIT_OF_TAG[tagId(name)] = 1 << place;
BIT_OF_TAG[tagId("fieldset")] = BIT_OF_TAG[tagId("form")]!;
BIT_OF_TAG[tagId("figcaption")] = BIT_OF_TAG[tagId("figure")]!;

const ARTICLE = tagId("article");
const P = tagId("p");
const LISTS = new Set(["ul", "ol", "menu", "dir"].map(tagId));

/** A block of text, rather than of links, long enough to be a paragraph whatever its tag. */
const PARAGRAPH_UNITS = 80;
const MAX_PARAGRAPH_LINK_SHARE = 0.4;

export function isParagraph(page: BlockPage, block: number): boolean {
  const units = page.ends[block]! - page.starts[block]!;
  const isLong = page.containers.tags[page.holders[block]!] === P || units > PARAGRAPH_UNITS;
  return isLong && page.linkUnits[block]! < MAX_PARAGRAPH_LINK_SHARE * units;
}

export function containerStats(page: BlockPage, text: TextStats): ContainerStats {
  const sums = sumUp(page);
  const around = surroundings(page);
  const groups = groupAlike(page, sums);
  const best = bestContainer(page, text, sums);
  const { parents, count } = page.containers;
  const core = coreContainer(page, sums);
  return {
    ...sums,
    ...around,
    ...groups,
    best,
    isInBest: within(best, parents, count),
    isInBestParent: within(parents[best]!, parents, count),
    isInCore: within(core, parents, count),
  };
}

type Sums = Pick<ContainerStats, "units" | "linkUnits" | "paragraphUnits" | "blocks">;

function sumUp(page: BlockPage): Sums {
  const { count, parents } = page.containers;
  const units = new Float64Array(count);
  const linkUnits = new Float64Array(count);
  const paragraphUnits = new Float64Array(count);
  const blocks = new Int32Array(count);
  for (let block = 0; block < page.count; block++) {
    const holder = page.holders[block]!;
    const length = page.ends[block]! - page.starts[block]!;
    units[holder]! += length;
    linkUnits[holder]! += page.linkUnits[block]!;
    if (isParagraph(page, block)) paragraphUnits[holder]! += length;
    blocks[holder]!++;
  }
  for (let container = count - 1; container > 0; container--) {
    const parent = parents[container]!;
    units[parent]! += units[container]!;
    linkUnits[parent]! += linkUnits[container]!;
    paragraphUnits[parent]! += paragraphUnits[container]!;
    blocks[parent]! += blocks[container]!;
  }
  return { units, linkUnits, paragraphUnits, blocks };
}

function surroundings(page: BlockPage): Pick<ContainerStats, "surroundings" | "articles" | "lists" | "classDistances"> {
  const { count, parents, tags, masks } = page.containers;
  const flags = new Int32Array(count);
  const articles = new Uint8Array(count);
  const lists = new Uint8Array(count);
  const distances = new Uint8Array(count * CLASS_COUNT);
  distances.fill(FAR, 0, CLASS_COUNT);
  for (let container = 1; container < count; container++) {
    const parent = parents[container]!;
    const tag = tags[container]!;
    const mask = masks[container]!;
    let bits = flags[parent]! | BIT_OF_TAG[tag]!;
    for (const [mark, bit] of MARKS) if ((mask & mark) !== 0) bits |= bit;
    flags[container] = bits;
    articles[container] = Math.min(255, articles[parent]! + (tag === ARTICLE ? 1 : 0));
    lists[container] = Math.min(255, lists[parent]! + (LISTS.has(tag) ? 1 : 0));
    const own = container * CLASS_COUNT;
    const outer = parent * CLASS_COUNT;
    for (let name = 0; name < CLASS_COUNT; name++) {
      distances[own + name] = (mask >> name) & 1 ? 0 : Math.min(FAR, distances[outer + name]! + 1);
    }
  }
  return { surroundings: flags, articles, lists, classDistances: distances };
}

type Groups = Pick<ContainerStats, "groups" | "groupSizes" | "groupUnits" | "groupLinkUnits">;

/** Containers with text under one parent that are alike: posts of a thread, cards of a list, rows. */
function groupAlike(page: BlockPage, { units, linkUnits }: Sums): Groups {
  const { count, parents, shapes } = page.containers;
  const groups = new Int32Array(count);
  const groupSizes = new Int32Array(count);
  const groupUnits = new Float64Array(count);
  const groupLinkUnits = new Float64Array(count);
  let slots = 64;
  while (slots < 2 * count) slots *= 2;
  const firsts = new Int32Array(slots);
  for (let container = 1; container < count; container++) {
    if (units[container] === 0) continue;
    const parent = parents[container]!;
    const shape = shapes[container]!;
    const hash = Math.imul(shape ^ Math.imul(parent, 0x9e3779b1), 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & (slots - 1);
    let first = firsts[slot]!;
    while (first !== 0 && (parents[first] !== parent || shapes[first] !== shape)) {
      slot = (slot + 1) & (slots - 1);
      first = firsts[slot]!;
    }
    if (first === 0) {
      first = container;
      firsts[slot] = first;
    }
    groups[container] = first;
    groupSizes[first]!++;
    groupUnits[first]! += units[container]!;
    groupLinkUnits[first]! += linkUnits[container]!;
  }
  return { groups, groupSizes, groupUnits, groupLinkUnits };
}

const UNLIKELY =
  classBit("comment") | classBit("related") | classBit("side") | classBit("foot") | classBit("navigation");
const LIKELY = classBit("content") | classBit("body") | classBit("text");

/**
 * The container that reads most like an article. Readability's rule: paragraphs count for their parents, and for less
 * further up; links and names count against.
 */
function bestContainer(page: BlockPage, text: TextStats, { units, linkUnits }: Sums): number {
  const { count, parents, masks } = page.containers;
  const scores = new Float64Array(count);
  for (let block = 0; block < page.count; block++) {
    const length = page.ends[block]! - page.starts[block]!;
    if (length < 25 || page.linkUnits[block]! > 0.5 * length) continue;
    const score = 1 + text.commas[block]! + Math.min(3, Math.floor(length / 100));
    let container = parents[page.holders[block]!]!;
    scores[container]! += score;
    for (let level = 1; level < 4 && container > 0; level++) {
      container = parents[container]!;
      scores[container]! += score / (level === 1 ? 2 : 3 * level);
    }
  }
  let best = 0;
  let bestScore = 0;
  for (let container = 1; container < count; container++) {
    let score = scores[container]!;
    if (score <= 0) continue;
    const mask = masks[container]!;
    if ((mask & UNLIKELY) !== 0) score *= 0.7;
    if ((mask & LIKELY) !== 0 || (mask & ContainerMark.articleBody) !== 0) score *= 1.3;
    score *= 1 - linkUnits[container]! / Math.max(1, units[container]!);
    if (score > bestScore) {
      bestScore = score;
      best = container;
    }
  }
  return best;
}

/** Most: more than half, so that of two containers apart from each other only one can have it. */
const CORE_SHARE = 0.6;

function coreContainer(page: BlockPage, { paragraphUnits }: Sums): number {
  const enough = CORE_SHARE * Math.max(1, paragraphUnits[0]!);
  // Those with enough are in one another: the last is the innermost.
  return Math.max(
    0,
    paragraphUnits.findLastIndex((units, container) => container < page.containers.count && units >= enough),
  );
}

function within(root: number, parents: Int32Array, count: number): Uint8Array {
  const isWithin = new Uint8Array(count);
  isWithin[root] = 1;
  for (let container = root + 1; container < count; container++) isWithin[container] = isWithin[parents[container]!]!;
  return isWithin;
}
