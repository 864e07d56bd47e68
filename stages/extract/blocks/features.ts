/**
 * What a model gets to know of a block: 32-bit floats, a row a block. The first columns are of the block itself, then of
 * the containers around it, then of the page (the same in all its rows), then of the two blocks before and behind it.
 *
 * A trained model reads columns by their place: whoever changes them trains anew.
 */
import { BlockKind, type BlockPage, KIND_NAMES } from "./block-page.ts";
import { CLASS_COUNT, CLASS_NAMES, classBit } from "./class-names.ts";
import { type ContainerStats, containerStats, isParagraph, SURROUNDING_NAMES } from "./container-stats.ts";
import { TAG_NAMES } from "./tags.ts";
import { type TextStats, textStats } from "./text-stats.ts";

/** Columns that belong together: their names, and what writes them. */
interface FeatureGroup {
  readonly names: readonly string[];
  /** Writes as many numbers as there are names, from `at` on. */
  write(row: Float32Array, at: number, context: PageContext, block: number): void;
}

interface PageContext {
  readonly page: BlockPage;
  readonly text: TextStats;
  readonly containers: ContainerStats;
  /** Not 0, so that it can be divided by. */
  readonly pageUnits: number;
  readonly paragraphUnits: number;
  /** 1 for each block that looks like a paragraph. */
  readonly isParagraph: Uint8Array;
  readonly places: Places;
  readonly windowSums: WindowSums;
}

/** By block: sums over all blocks before it. */
interface WindowSums {
  readonly units: Float64Array;
  readonly linkUnits: Float64Array;
  readonly paragraphUnits: Float64Array;
  readonly words: Float64Array;
  readonly serviceWords: Float64Array;
}

/** Distances along the page, in blocks. */
interface Places {
  readonly sinceH1: Int32Array;
  readonly sinceHeading: Int32Array;
  readonly headingLevels: Int32Array;
  readonly sinceParagraph: Int32Array;
  readonly untilParagraph: Int32Array;
}

/** Of distances that do not exist. */
const NONE = -1;

/** Tags by their kinship, so that few splits of a tree part them. The models know tags by their places here. */
const TAG_ORDER = [
  ..."other p li dd dt blockquote pre h1 h2 h3 h4 h5 h6 td th tr table figcaption caption summary details".split(" "),
  ..."div section article main center address header footer nav aside form fieldset ul ol dl figure".split(" "),
  ..."span a b strong code time label".split(" "),
];
const TAG_PLACES = Float32Array.from(TAG_NAMES, (name) => Math.max(0, TAG_ORDER.indexOf(name)));

const blockText: FeatureGroup = {
  names: [
    ..."logUnits logWords wordLength linkShare logLinks commas sentences isEnded firstUnit digitShare".split(" "),
    ..."capitalShare signs lineEnds boldShare codeShare wideShare logRepeats titleWordShare titleCover".split(" "),
    ..."serviceWords serviceWordShare kind level holderTag innerTag ownerTag".split(" "),
  ],
  write(row, at, { page, text }, block) {
    const units = page.ends[block]! - page.starts[block]!;
    const words = Math.max(1, text.words[block]!);
    const { tags } = page.containers;
    row[at++] = Math.log1p(units);
    row[at++] = Math.log1p(words);
    row[at++] = units / words;
    row[at++] = page.linkUnits[block]! / units;
    row[at++] = Math.log1p(page.links[block]!);
    row[at++] = text.commas[block]!;
    row[at++] = text.sentences[block]!;
    row[at++] = text.isEnded[block]!;
    row[at++] = text.firstUnits[block]!;
    row[at++] = text.digits[block]! / units;
    row[at++] = text.capitals[block]! / units;
    row[at++] = text.signs[block]!;
    row[at++] = text.lineEnds[block]!;
    row[at++] = page.boldUnits[block]! / units;
    row[at++] = page.codeUnits[block]! / units;
    row[at++] = text.wide[block]! / units;
    row[at++] = Math.log1p(text.repeats[block]!);
    row[at++] = text.titleWords[block]! / words;
    row[at++] = text.titleWords[block]!;
    row[at++] = text.serviceWords[block]!;
    row[at++] = text.serviceWords[block]! / words;
    row[at++] = page.kinds[block]!;
    row[at++] = page.levels[block]!;
    row[at++] = TAG_PLACES[tags[page.holders[block]!]!]!;
    row[at++] = TAG_PLACES[page.innerTags[block]!]!;
    row[at++] = TAG_PLACES[tags[page.owners[block]!]!]!;
  },
};

const place: FeatureGroup = {
  names: [
    ..."place unitPlace sinceH1 sinceHeading headingLevel headingServiceShare".split(" "),
    ..."sinceParagraph untilParagraph fromStart fromEnd".split(" "),
  ],
  write(row, at, { page, text, places }, block) {
    const heading = block - places.sinceHeading[block]!; // behind the block, where there is none
    row[at++] = block / page.count;
    row[at++] = page.starts[block]! / page.units.length;
    row[at++] = places.sinceH1[block]!;
    row[at++] = places.sinceHeading[block]!;
    row[at++] = places.headingLevels[block]!;
    row[at++] = heading > block ? 0 : text.serviceWords[heading]! / Math.max(1, text.words[heading]!);
    row[at++] = places.sinceParagraph[block]!;
    row[at++] = places.untilParagraph[block]!;
    row[at++] = Math.log1p(block);
    row[at++] = Math.log1p(page.count - 1 - block);
  },
};

const around: FeatureGroup = {
  names: [
    ...SURROUNDING_NAMES.map((name) => `in.${name}`),
    ..."articles lists depth".split(" "),
    ...CLASS_NAMES.map((name) => `near.${name}`),
  ],
  write(row, at, { page, containers }, block) {
    const holder = page.holders[block]!;
    const bits = containers.surroundings[holder]!;
    for (let bit = 0; bit < SURROUNDING_NAMES.length; bit++) row[at++] = (bits >> bit) & 1;
    row[at++] = containers.articles[holder]!;
    row[at++] = containers.lists[holder]!;
    row[at++] = page.containers.depths[holder]!;
    const from = holder * CLASS_COUNT;
    for (let name = 0; name < CLASS_COUNT; name++) row[at++] = containers.classDistances[from + name]!;
  },
};

/** How many containers up from the block are described. */
const LEVELS = 5;
/** How far up a block's place in something repeated is looked for. */
const REPETITION_LEVELS = 12;
/** Fewer alike are no repetition. */
const REPEATED = 3;

const levels: FeatureGroup = {
  names: [
    ...Array.from({ length: LEVELS }, (_, level) =>
      ["unitShare", "linkShare", "paragraphShare", "logBlocks"].map((name) => `up${level}.${name}`),
    ).flat(),
    ..."isInBest isInBestParent isInCore bestParagraphShare".split(" "),
  ],
  write(row, at, { page, containers, pageUnits, paragraphUnits }, block) {
    const { parents } = page.containers;
    let container = page.holders[block]!;
    for (let level = 0; level < LEVELS; level++) {
      row[at++] = containers.units[container]! / pageUnits;
      row[at++] = containers.linkUnits[container]! / Math.max(1, containers.units[container]!);
      row[at++] = containers.paragraphUnits[container]! / paragraphUnits;
      row[at++] = Math.log1p(containers.blocks[container]!);
      container = parents[container]!;
    }
    const holder = page.holders[block]!;
    row[at++] = containers.isInBest[holder]!;
    row[at++] = containers.isInBestParent[holder]!;
    row[at++] = containers.isInCore[holder]!;
    row[at++] = containers.paragraphUnits[containers.best]! / paragraphUnits;
  },
};

const repetition: FeatureGroup = {
  names: [
    ..."repeat.logMost repeat.mostLevel repeat.logOuter repeat.outerLevel repeat.outerUnitShare".split(" "),
    ..."repeat.outerLinkShare repeat.logUnits repeat.unitLinkShare".split(" "),
  ],
  write(row, at, { page, containers, pageUnits }, block) {
    const { parents } = page.containers;
    const { groups, groupSizes } = containers;
    let most = 0;
    let mostLevel = NONE;
    let outer = 0;
    let outerLevel = NONE;
    let container = page.holders[block]!;
    for (let level = 0; level < REPETITION_LEVELS && container > 0; level++) {
      const size = groupSizes[groups[container]!]!;
      if (size > most) {
        most = size;
        mostLevel = level;
      }
      if (size >= REPEATED) {
        outer = container;
        outerLevel = level;
      }
      container = parents[container]!;
    }
    const group = groups[outer]!;
    const groupUnits = containers.groupUnits[group]!;
    row[at++] = Math.log1p(most);
    row[at++] = mostLevel;
    row[at++] = outer === 0 ? 0 : Math.log1p(groupSizes[group]!);
    row[at++] = outerLevel;
    row[at++] = outer === 0 ? 0 : groupUnits / pageUnits;
    row[at++] = outer === 0 ? 0 : containers.groupLinkUnits[group]! / groupUnits;
    row[at++] = outer === 0 ? 0 : Math.log1p(containers.units[outer]!);
    row[at++] = outer === 0 ? 0 : containers.linkUnits[outer]! / containers.units[outer]!;
  },
};

/** Kinds of which a page tells how much of its text they are. */
const SHARED_KINDS = KIND_NAMES;
const ROOT_CLASSES = ["content", "product", "thread", "listing", "docs", "service"] as const;
const SCHEMA_TYPES = {
  article: /Article|BlogPosting|Report|Recipe/,
  product: /Product|Offer/,
  discussion: /Discussion|QAPage|Question|Comment/,
  list: /ItemList|CollectionPage|SearchResults|OfferCatalog/,
  organisation: /Organization|LocalBusiness|Service|Store|Corporation|FAQPage/,
  page: /^(?:WebPage|WebSite|AboutPage)$/,
} as const;
const OG_TYPES = ["", "website", "article", "blog", "product", "profile", "video"];

const wholePage: FeatureGroup = {
  names: [
    ..."logBlocks logUnits linkShare paragraphShare logParagraphs paragraphLength logContainers".split(" "),
    ..."markupPerUnit articles mainElements forms logRepetition endedShare".split(" "),
    ...SHARED_KINDS.map((name) => `share.${name}`),
    ...ROOT_CLASSES.map((name) => `root.${name}`),
    ...Object.keys(SCHEMA_TYPES).map((name) => `schema.${name}`),
    ..."ogType pathDepth slugWords hasDate hasAuthor".split(" "),
  ].map((name) => `page.${name}`),
  write(row, at, { page, text, containers, pageUnits, paragraphUnits, isParagraph }) {
    const { facts } = page;
    const paragraphs = sum(isParagraph);
    row[at++] = Math.log1p(page.count);
    row[at++] = Math.log1p(pageUnits);
    row[at++] = containers.linkUnits[0]! / pageUnits;
    row[at++] = containers.paragraphUnits[0]! / pageUnits;
    row[at++] = Math.log1p(paragraphs);
    row[at++] = paragraphUnits / Math.max(1, paragraphs);
    row[at++] = Math.log1p(page.containers.count);
    row[at++] = page.inputUnits / pageUnits;
    row[at++] = countOf(page, "article");
    row[at++] = countOf(page, "main");
    row[at++] = countOf(page, "form");
    row[at++] = Math.log1p(largest(containers.groupSizes));
    row[at++] = sum(text.isEnded) / page.count;
    const kindUnits = new Float64Array(SHARED_KINDS.length);
    for (let block = 0; block < page.count; block++) {
      kindUnits[page.kinds[block]!]! += page.ends[block]! - page.starts[block]!;
    }
    for (const units of kindUnits) row[at++] = units / pageUnits;
    for (const name of ROOT_CLASSES) row[at++] = (facts.rootMask & classBit(name)) === 0 ? 0 : 1;
    for (const pattern of Object.values(SCHEMA_TYPES)) {
      row[at++] = facts.schemaTypes.some((type) => pattern.test(type)) ? 1 : 0;
    }
    row[at++] = OG_TYPES.indexOf(facts.ogType.split(".")[0]!.toLowerCase());
    const path = pathOf(facts.canonicalUrl);
    row[at++] = path.length;
    row[at++] = path.length === 0 ? 0 : path.at(-1)!.split(/[-_]/).length;
    row[at++] = facts.date === "" ? 0 : 1;
    row[at++] = facts.author === "" ? 0 : 1;
  },
};

const NEIGHBOURS = [-2, -1, 1, 2];

const neighbours: FeatureGroup = {
  names: NEIGHBOURS.flatMap((offset) =>
    "logUnits linkShare sentences isEnded kinship isInBest kind commas isParagraph"
      .split(" ")
      .map((name) => `next${offset}.${name}`),
  ),
  write(row, at, { page, text, containers, isParagraph }, block) {
    const { parents } = page.containers;
    const holder = page.holders[block]!;
    for (const offset of NEIGHBOURS) {
      const other = block + offset;
      if (other < 0 || other >= page.count) {
        row.fill(NONE, at, at + 9);
        at += 9;
        continue;
      }
      const units = page.ends[other]! - page.starts[other]!;
      const itsHolder = page.holders[other]!;
      row[at++] = Math.log1p(units);
      row[at++] = page.linkUnits[other]! / units;
      row[at++] = text.sentences[other]!;
      row[at++] = text.isEnded[other]!;
      row[at++] = itsHolder === holder ? 2 : parents[itsHolder] === parents[holder] ? 1 : 0;
      row[at++] = containers.isInBest[itsHolder]!;
      row[at++] = page.kinds[other]!;
      row[at++] = text.commas[other]!;
      row[at++] = isParagraph[other]!;
    }
  },
};

/** Blocks before and behind that are looked at together. */
const WINDOW = 6;

const windows: FeatureGroup = {
  names: ["before", "behind"].flatMap((side) =>
    "logUnits linkShare paragraphShare serviceWordShare".split(" ").map((name) => `${side}.${name}`),
  ),
  write(row, at, { page, windowSums }, block) {
    at = writeWindow(row, at, windowSums, Math.max(0, block - WINDOW), block);
    writeWindow(row, at, windowSums, block + 1, Math.min(page.count, block + 1 + WINDOW));
  },
};

/** Means of blocks `[from..to)`. */
function writeWindow(row: Float32Array, at: number, sums: WindowSums, from: number, to: number): number {
  const { units, linkUnits, paragraphUnits, words, serviceWords } = sums;
  const its = (column: Float64Array) => (to <= from ? 0 : column[to]! - column[from]!);
  const total = Math.max(1, its(units));
  row[at++] = Math.log1p(total / Math.max(1, to - from));
  row[at++] = its(linkUnits) / total;
  row[at++] = its(paragraphUnits) / total;
  row[at++] = its(serviceWords) / Math.max(1, its(words));
  return at;
}

const BLOCK_GROUPS = [blockText, place, around, levels, repetition];
const GROUPS = [...BLOCK_GROUPS, wholePage, neighbours, windows];

/** The columns, in their order. */
export const FEATURE_NAMES: readonly string[] = GROUPS.flatMap((group) => group.names);
export const FEATURE_COUNT = FEATURE_NAMES.length;

/** The features of all blocks of a page: `page.count` rows of `FEATURE_COUNT` numbers. All are finite. */
export function featuresOf(page: BlockPage): Float32Array {
  const rows = new Float32Array(page.count * FEATURE_COUNT);
  if (page.count === 0) return rows;
  const context = contextOf(page);
  const ofPage = new Float32Array(wholePage.names.length);
  wholePage.write(ofPage, 0, context, 0);
  for (let block = 0; block < page.count; block++) {
    let at = block * FEATURE_COUNT;
    for (const group of BLOCK_GROUPS) {
      group.write(rows, at, context, block);
      at += group.names.length;
    }
    rows.set(ofPage, at);
    at += ofPage.length;
    neighbours.write(rows, at, context, block);
    windows.write(rows, at + neighbours.names.length, context, block);
  }
  return rows;
}

function contextOf(page: BlockPage): PageContext {
  const text = textStats(page);
  const containers = containerStats(page, text);
  const paragraphs = new Uint8Array(page.count);
  for (let block = 0; block < page.count; block++) paragraphs[block] = isParagraph(page, block) ? 1 : 0;
  return {
    page,
    text,
    containers,
    pageUnits: containers.units[0]!,
    paragraphUnits: Math.max(1, containers.paragraphUnits[0]!),
    isParagraph: paragraphs,
    places: placesOf(page, paragraphs),
    windowSums: windowSumsOf(page, text, paragraphs),
  };
}

function windowSumsOf(page: BlockPage, text: TextStats, paragraphs: Uint8Array): WindowSums {
  const lengths = page.ends.map((end, block) => end - page.starts[block]!);
  return {
    units: runningSums(lengths),
    linkUnits: runningSums(page.linkUnits),
    paragraphUnits: runningSums(lengths.map((units, block) => units * paragraphs[block]!)),
    words: runningSums(text.words),
    serviceWords: runningSums(text.serviceWords),
  };
}

function runningSums(values: Int32Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let place = 0; place < values.length; place++) sums[place + 1] = sums[place]! + values[place]!;
  return sums;
}

function placesOf({ count, kinds, levels }: BlockPage, paragraphs: Uint8Array): Places {
  const sinceH1 = new Int32Array(count);
  const sinceHeading = new Int32Array(count);
  const headingLevels = new Int32Array(count);
  const sinceParagraph = new Int32Array(count);
  const untilParagraph = new Int32Array(count);
  let h1 = NONE;
  let heading = NONE;
  let paragraph = NONE;
  for (let block = 0; block < count; block++) {
    if (kinds[block] === BlockKind.heading) {
      heading = block;
      if (levels[block] === 1) h1 = block;
    }
    sinceH1[block] = h1 === NONE ? NONE : block - h1;
    sinceHeading[block] = heading === NONE ? NONE : block - heading;
    headingLevels[block] = heading === NONE ? NONE : levels[heading]!;
    sinceParagraph[block] = paragraph === NONE ? NONE : block - paragraph;
    if (paragraphs[block] === 1) paragraph = block;
  }
  paragraph = NONE;
  for (let block = count - 1; block >= 0; block--) {
    untilParagraph[block] = paragraph === NONE ? NONE : paragraph - block;
    if (paragraphs[block] === 1) paragraph = block;
  }
  return { sinceH1, sinceHeading, headingLevels, sinceParagraph, untilParagraph };
}

function countOf({ containers }: BlockPage, name: string): number {
  const tag = TAG_NAMES.indexOf(name);
  let count = 0;
  for (const its of containers.tags) if (its === tag) count++;
  return count;
}

function sum(values: Uint8Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function largest(values: Int32Array): number {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most;
}

/** The parts of an address's path. */
function pathOf(url: string): string[] {
  return url
    .replace(/^[a-z]+:\/\/[^/]*/i, "")
    .replace(/[?#].*/s, "")
    .split("/")
    .filter((part) => part !== "");
}
