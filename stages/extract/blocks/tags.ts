/** The elements that the scanner knows, and what it has to know of them. */
import { NameTable } from "./name-table.ts";

/** Elements by what they do to text; the first name stands for every element that is not here. */
const UNKNOWN = ["other"] as const;
/** A text block ends where they begin and end. Each is a container. */
const BLOCKS = [
  ..."address article aside blockquote caption center dd details dialog dir div dl dt fieldset figcaption figure".split(
    " ",
  ),
  ..."footer form h1 h2 h3 h4 h5 h6 header hgroup legend li main menu nav ol optgroup option p pre search section".split(
    " ",
  ),
  ..."summary table tbody td tfoot th thead tr ul".split(" "),
];
/** Their content is markup to nobody: it ends at the end tag of the same name, and nowhere else. (`noscript` may be read, as a block.) */
const RAW = "script style textarea title iframe noscript noembed noframes".split(" ");
/** Elements whose content is no text of the page, though it is markup. */
const SKIPPED = "template svg math object applet select button datalist video audio canvas".split(" ");
/** Never have content. */
const VOID = "area base basefont bgsound br col embed frame hr img input link meta param source track wbr".split(" ");
/** Inline elements that say something of the text in them. */
const MARKING = "a b strong span code kbd samp tt label time".split(" ");
/** Inline elements that say nothing here. They are not kept track of. */
const PLAIN = [
  ..."abbr acronym bdi bdo big blink cite data del dfn em font i ins mark nobr output picture q rb rp rt rtc".split(
    " ",
  ),
  ..."ruby s slot small strike sub sup u var colgroup marquee map frameset".split(" "),
];
/** Exist once, and hold everything whether they are written or not. */
const ROOTS = "html head body".split(" ");

/** An element's id is its place here. */
export const TAG_NAMES: readonly string[] = [
  ...UNKNOWN,
  ...BLOCKS,
  ...RAW,
  ...SKIPPED,
  ...VOID,
  ...MARKING,
  ...PLAIN,
  ...ROOTS,
];

export const TAG_TABLE = new NameTable(TAG_NAMES);

/** The id of an element's name. */
export function tagId(name: string): number {
  const id = TAG_NAMES.indexOf(name);
  if (id < 0) throw new Error(`no tag ${name}`);
  return id;
}

/** What an element is, as bits of `TRAITS[tag]`. */
export const Trait = { block: 1, raw: 2, skipped: 4, void: 8, tracked: 16, root: 32, heading: 64 } as const;

export const TRAITS = new Uint8Array(TAG_NAMES.length);
mark(Trait.block | Trait.tracked, BLOCKS);
mark(Trait.raw, RAW);
mark(Trait.block | Trait.tracked, ["noscript"]);
mark(Trait.skipped | Trait.tracked, SKIPPED);
mark(Trait.void, VOID);
// Unknown elements may be containers (custom elements are), so that their ends have to be known.
mark(Trait.tracked, [...MARKING, ...UNKNOWN]);
mark(Trait.root, ROOTS);
mark(Trait.heading, ["h1", "h2", "h3", "h4", "h5", "h6"]);

function mark(traits: number, names: readonly string[]): void {
  for (const name of names) TRAITS[tagId(name)]! |= traits;
}

/** Whether a unit ends a tag's name: ">", "/", white space. */
export function endsTagName(unit: number): boolean {
  return unit === 0x3e || unit === 0x2f || unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}
