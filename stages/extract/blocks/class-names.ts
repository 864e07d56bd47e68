/**
 * What authors call their containers. Words in `class`, `id`, `role` and the like tell a sidebar from an article; they
 * are looked for all at once (Aho & Corasick 1975): one step of a table for each character, however many words there are.
 */
import { lowerCase } from "./name-table.ts";

/**
 * A class of names, and the words that tell it. "|" is where a name's word begins or ends: anything but letters and
 * digits. The groups began with those of Readability and Dragnet, and were widened for page types beyond articles.
 */
const WORDS = {
  comment: "comment disqus respond discuss |reply |replies",
  related: "|relat recommend |more| read|next readnext |popular trending teaser outbrain taboola |most|",
  share: "|share |sharing social follow| twitter facebook",
  side: "sidebar side|bar widget aside |rail| complementary",
  foot: "foot copyright |legal| |bottom| contentinfo",
  navigation:
    "|nav navbar navigation menu breadcrumb crumb pagination |pager toolbar topbar masthead |header banner |toc| |tabs",
  advert: "|ad| |ads| advert promo sponsor affiliate |adsense |dfp|",
  author: "author byline |bio| profile |user avatar",
  meta: "|meta| |date published |time| timestamp |tag| |tags categor |label |info",
  media: "caption credit |media| gallery |slide carousel image |photo |video player",
  signup:
    "newsletter subscri signup sign|up |login register paywall |modal popup |cookie consent |gdpr |notice |dialog",
  content: "article |story |post |entry content |body |main",
  text: "|text| richtext rich|text |copy| |prose| |rte| paragraph description excerpt summary",
  body: "articlebody article|body storybody story|body postcontent post|content postbody post|body posttext post|text entrycontent entry|content bodycopy body|copy bodytext body|text bodycontent body|content contentbody content|body contenttext content|text articletext article|text articlecontent article|content maincontent main|content",
  hidden: "|hidden| |print| noprint screen|reader sr|only |visually |invisible| collaps",
  product: "product |price |sku |cart |buy |shop |spec| |specs |specification |review |rating variant",
  thread: "|message |thread |topic forum |question |answer |qa| |faq accordion bbp |postbit |reply|content",
  listing: "|card |list| |listing |item| |items| |grid |tile |result |feed |archive |row| |loop",
  docs: "|docs| |doc| documentation markdown |wiki |rst| highlight |code codehilite |prettyprint |reference sphinx apidoc",
  service: "|hero |feature |cta| |section |testimonial |service |benefit |solution |pricing |team |client |partner",
} as const;

export const CLASS_NAMES = Object.keys(WORDS) as (keyof typeof WORDS)[];
export const CLASS_COUNT = CLASS_NAMES.length;

/** The bit of a class of names in a container's mask. */
export function classBit(name: keyof typeof WORDS): number {
  return 1 << CLASS_NAMES.indexOf(name);
}

/** "|", 26 letters, digits. */
const ALPHABET = 28;
const SEPARATOR = 0;
const DIGIT = 27;

/** A letter of the alphabet for each ASCII unit; beyond ASCII, nothing is a word of ours. */
const LETTERS = new Uint8Array(128);
for (let unit = 0; unit < 128; unit++) {
  const lower = lowerCase(unit);
  if (lower >= 0x61 && lower <= 0x7a) LETTERS[unit] = lower - 0x60;
  else if (unit >= 0x30 && unit <= 0x39) LETTERS[unit] = DIGIT;
}

interface Automaton {
  /** State × letter → state. */
  readonly next: Uint16Array;
  /** Classes whose words end in a state. */
  readonly found: Int32Array;
}

const { next: NEXT, found: FOUND } = buildAutomaton();

function buildAutomaton(): Automaton {
  const children: Map<number, number>[] = [new Map()];
  const found: number[] = [0];
  for (const [index, name] of CLASS_NAMES.entries()) {
    for (const word of WORDS[name].split(" ")) {
      let state = 0;
      for (const character of word) {
        const letter = character === "|" ? SEPARATOR : LETTERS[character.charCodeAt(0)]!;
        let child = children[state]!.get(letter);
        if (child === undefined) {
          child = children.length;
          children.push(new Map());
          found.push(0);
          children[state]!.set(letter, child);
        }
        state = child;
      }
      found[state]! |= 1 << index;
    }
  }
  // Breadth first: what a state falls back to is nearer the root, and done.
  const next = new Uint16Array(children.length * ALPHABET);
  const fallback = new Uint16Array(children.length);
  const queue = [0];
  for (const state of queue) {
    found[state]! |= found[fallback[state]!]!;
    for (let letter = 0; letter < ALPHABET; letter++) {
      const child = children[state]!.get(letter);
      const otherwise = state === 0 ? 0 : next[fallback[state]! * ALPHABET + letter]!;
      if (child === undefined) next[state * ALPHABET + letter] = otherwise;
      else {
        next[state * ALPHABET + letter] = child;
        fallback[child] = otherwise;
        queue.push(child);
      }
    }
  }
  return { next, found: Int32Array.from(found) };
}

/** Beyond this many units of a value no words are looked for. */
const MAX_UNITS = 2000;

/** The classes of names that the words in `units[from..to)` tell, as bits. */
export function classMask(units: Uint16Array, from: number, to: number): number {
  const end = Math.min(to, from + MAX_UNITS);
  let state = NEXT[SEPARATOR]!;
  let mask = 0;
  let before = SEPARATOR;
  for (let at = from; at < end; at++) {
    const unit = units[at]!;
    const letter = unit < 128 ? LETTERS[unit]! : SEPARATOR;
    if (letter === SEPARATOR && before === SEPARATOR) continue;
    before = letter;
    state = NEXT[state * ALPHABET + letter]!;
    mask |= FOUND[state]!;
  }
  return mask | FOUND[NEXT[state * ALPHABET + SEPARATOR]!]!;
}
