/**
 * Reads the attributes of one tag, as the tokenizer of the HTML Standard does (13.2.5.32 ff.): a quote opens a value only
 * behind "=", so that stray ones do no harm. Only values that somebody reads are remembered, as places in the page.
 */
import { NameTable } from "./name-table.ts";

const NAMES = [
  "other",
  ..."class id role itemprop itemtype style hidden aria-hidden href lang datetime property name content rel type".split(
    " ",
  ),
  ..."data-testid data-component colspan rowspan".split(" "),
] as const;
const TABLE = new NameTable(NAMES);

/** Attributes that are remembered; an attribute's id. */
export const Attribute = {
  class: 1,
  id: 2,
  role: 3,
  itemprop: 4,
  itemtype: 5,
  style: 6,
  hidden: 7,
  ariaHidden: 8,
  href: 9,
  lang: 10,
  datetime: 11,
  property: 12,
  name: 13,
  content: 14,
  rel: 15,
  type: 16,
  testId: 17,
  component: 18,
  colspan: 19,
  rowspan: 20,
} as const;

const COUNT = NAMES.length;
const ABSENT = -1;

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const CLOSE = 0x3e;

export class Attributes {
  /** Where a value begins and ends, by the attribute's id. An attribute without a value has an empty one. */
  readonly from = new Int32Array(COUNT);
  readonly to = new Int32Array(COUNT);
  /** The tag ends in "/>". */
  isSelfClosing = false;

  constructor() {
    this.from.fill(ABSENT);
  }

  has(id: number): boolean {
    return this.from[id] !== ABSENT;
  }

  /**
   * Reads from behind a tag's name, and tells where the tag ends (behind ">"), or −1 where the page ends before it.
   * Without `remember` no values are looked for: most tags need none.
   */
  read(units: Uint16Array, start: number, end: number, remember: boolean): number {
    if (remember) this.from.fill(ABSENT);
    this.isSelfClosing = false;
    let at = start;
    for (;;) {
      while (at < end && isSpaceOrSlash(units[at]!)) at++;
      if (at >= end) return -1;
      if (units[at] === CLOSE) {
        this.isSelfClosing = units[at - 1] === SLASH;
        return at + 1;
      }
      const nameFrom = at++; // whatever its first unit: "=" may begin a name
      while (at < end && !endsName(units[at]!)) at++;
      const nameTo = at;
      while (at < end && isSpace(units[at]!)) at++;
      let from = nameTo;
      let to = nameTo;
      if (at < end && units[at] === EQUALS) {
        at++;
        while (at < end && isSpace(units[at]!)) at++;
        if (at >= end) return -1;
        const quote = units[at]!;
        if (quote === QUOTE || quote === APOSTROPHE) {
          from = ++at;
          while (at < end && units[at] !== quote) at++;
          if (at >= end) return -1;
          to = at++;
        } else {
          from = at;
          while (at < end && units[at] !== CLOSE && !isSpace(units[at]!)) at++;
          to = at;
        }
      }
      if (remember) this.remember(TABLE.find(units, nameFrom, nameTo), from, to);
    }
  }

  /** The first of two attributes with one name counts. */
  private remember(id: number, from: number, to: number): void {
    if (id === 0 || this.from[id] !== ABSENT) return;
    this.from[id] = from;
    this.to[id] = to;
  }
}

/** White space of markup: tab, line feed, form feed, carriage return, space. */
export function isSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d && unit !== 0x0b);
}

function isSpaceOrSlash(unit: number): boolean {
  return unit === SLASH || isSpace(unit);
}

function endsName(unit: number): boolean {
  return unit === EQUALS || unit === CLOSE || unit === SLASH || isSpace(unit);
}
