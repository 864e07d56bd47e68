/**
 * HTML → blocks, in one pass and without a tree. What is open is on a stack; text goes to the block that is being
 * written, and the block ends where an element that is laid out as a block begins or ends, at a rule, and at two line
 * breaks in a row.
 *
 *     <div><p>One <b>tw</b>o<p>Three</div>     text  ─▶ units:   O n e _ t w o . T h r e e
 *      │    │          │     │                 tags  ─▶ blocks:  [0..7) paragraph  [8..13) paragraph
 *      └────┴──────────┴─────┴─ open elements               └─▶ containers: page ◀ div ◀ p, p
 *
 * Of the tree that the HTML Standard builds we have what text needs: implied end tags, end tags out of order, raw text.
 * Markup is not judged: whatever comes is read to its end, each unit a bounded number of times, and the memory that is
 * used is proportional to the page.
 */
import { decodeHTML, decodeHTMLAttribute } from "entities/decode";
import { viewUnits } from "../../../pipeline/text/units.ts";
import { Attribute, Attributes } from "./attributes.ts";
import { BlockList } from "./block-list.ts";
import { BlockKind, type BlockPage } from "./block-page.ts";
import { ContainerList, maskOf, shapeOf } from "./container-list.ts";
import { EntityReader } from "./entities.ts";
import { MAX_COLUMNS, MarkCollector, NO_LINK, Style } from "./marks.ts";
import { NOWHERE, OpenElements } from "./open-elements.ts";
import { FactCollector } from "./page-facts.ts";
import { RawText } from "./raw-text.ts";
import { endsTagName, TAG_NAMES, TAG_TABLE, TRAITS, Trait, tagId } from "./tags.ts";

export interface ReadOptions {
  /** XHTML, by its media type: any element may close itself, and CDATA is text. */
  readonly isXml?: boolean;
  /** Whether `marks` are wanted. Blocks are the same with them and without. */
  readonly withMarks?: boolean;
}

/** Reads a page. Never throws, whatever the page holds. */
export function readPage(html: string, { isXml = false, withMarks = false }: ReadOptions = {}): BlockPage {
  return new PageReader(html, isXml, withMarks).read();
}

const TAB = 0x09;
const LINE_END = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const BANG = 0x21;
const AMPERSAND = 0x26;
const SLASH = 0x2f;
const LESS = 0x3c;
const QUESTION = 0x3f;

const PAGE = 0;
/** In the place of a unit that is due before the next visible one. */
const NOTHING = 0;

const A = tagId("a");
const BODY = tagId("body");
const BR = tagId("br");
const BUTTON = tagId("button");
const CODE = tagId("code");
const DD = tagId("dd");
const DL = tagId("dl");
const DT = tagId("dt");
const HR = tagId("hr");
const HTML = tagId("html");
const INPUT = tagId("input");
const LABEL = tagId("label");
const LI = tagId("li");
const LINK = tagId("link");
const MATH = tagId("math");
const META = tagId("meta");
const OTHER = tagId("other");
const NOSCRIPT = tagId("noscript");
const P = tagId("p");
const PRE = tagId("pre");
const QUOTE = tagId("blockquote");
const SCRIPT = tagId("script");
const SELECT = tagId("select");
const SPAN = tagId("span");
const SUMMARY = tagId("summary");
const SVG = tagId("svg");
const TABLE = tagId("table");
const TH = tagId("th");
const TIME = tagId("time");
const TITLE = tagId("title");
const TR = tagId("tr");
const BOLD = ["b", "strong"].map(tagId);
const CAPTIONS = ["caption", "figcaption"].map(tagId);
const CELLS = ["td", "th"].map(tagId);
const EMPHASES = ["em", "i"].map(tagId);
const CODES = ["code", "kbd", "samp", "tt"].map(tagId);
const HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"].map(tagId);
const LISTS = ["ul", "ol", "menu", "dir"].map(tagId);
const ROW_GROUPS = ["tbody", "thead", "tfoot"].map(tagId);
/** End tags of other elements have no effect beyond these. */
const SCOPES = [TABLE, ...CELLS, tagId("caption")];
const LIST_SCOPES = [...SCOPES, ...LISTS];
const DEFINITION_SCOPES = [...SCOPES, DL];
const IN_TABLE = new Set([...CELLS, TR, ...ROW_GROUPS, tagId("caption")]);
/** Buttons in these hold text that the page shows: they open what is below. */
const DISCLOSURES = [...HEADINGS, SUMMARY, DT];

/** Tags of which attributes are read. */
const WANTS_ATTRIBUTES = new Uint8Array(TAG_NAMES.length);
for (let tag = 0; tag < TAG_NAMES.length; tag++) {
  if ((TRAITS[tag]! & (Trait.block | Trait.root)) !== 0) WANTS_ATTRIBUTES[tag] = 1;
}
for (const tag of [A, SPAN, OTHER, META, LINK, SCRIPT, TIME]) WANTS_ATTRIBUTES[tag] = 1;

/** Room for the text of a page; kept from page to page, unless a page is huge. */
let room = new Uint16Array(1 << 16);
const MAX_KEPT_UNITS = 1 << 22;

function roomFor(count: number): Uint16Array {
  if (count <= room.length) return room;
  const wider = new Uint16Array(count);
  if (count <= MAX_KEPT_UNITS) room = wider;
  return wider;
}

class PageReader {
  private readonly html: string;
  private readonly isXml: boolean;
  private readonly units: Uint16Array;
  private readonly end: number;
  /** The text so far. Never longer than what was read for it, so that its room is known. */
  private readonly out: Uint16Array;
  private outEnd = 0;
  /** Where the block that is being written began. */
  private blockStart = 0;
  /** A space or line end that is due before the next visible unit. */
  private due = NOTHING;
  private linkUnits = 0;
  private links = 0;
  private boldUnits = 0;
  private codeUnits = 0;
  private isLinkCounted = false;
  /** Where text ended when a link did: another link right there is another word. */
  private linkEnd = -1;
  private isVerbatim = false;
  /** Place of the outermost element whose content is not read. */
  private skippedFrom = NOWHERE;
  private noscriptEnd = -1;
  private readonly blocks = new BlockList();
  private readonly containers = new ContainerList();
  private readonly open: OpenElements;
  private readonly attributes = new Attributes();
  private readonly entities = new EntityReader();
  private readonly raw: RawText;
  private readonly facts = new FactCollector();
  private readonly marks: MarkCollector | undefined;
  /** Where the link leads that is open, if one is. */
  private href = NO_LINK;
  /** Elements of emphasis that are open in the block. */
  private emphases = 0;

  constructor(html: string, isXml: boolean, withMarks: boolean) {
    this.html = html;
    this.isXml = isXml;
    this.marks = withMarks ? new MarkCollector() : undefined;
    this.units = viewUnits(html).units;
    this.end = html.length;
    this.raw = new RawText(html, this.units);
    this.out = roomFor(html.length + 1);
    this.open = new OpenElements(this.containers.add(OTHER, PAGE, 0, 0));
  }

  read(): BlockPage {
    let at = 0;
    while (at < this.end) at = this.isMarkup(at) ? this.markup(at) : this.text(at);
    this.popTo(NOWHERE + 1);
    this.endBlock();
    const { blocks } = this;
    return {
      facts: this.facts.facts(),
      inputUnits: this.end,
      count: blocks.count,
      units: this.out.slice(0, this.outEnd),
      starts: blocks.starts.view(),
      ends: blocks.ends.view(),
      kinds: blocks.kinds.view(),
      levels: blocks.levels.view(),
      owners: blocks.owners.view(),
      holders: blocks.holders.view(),
      innerTags: blocks.innerTags.view(),
      linkUnits: blocks.linkUnits.view(),
      links: blocks.links.view(),
      boldUnits: blocks.boldUnits.view(),
      codeUnits: blocks.codeUnits.view(),
      containers: this.containers.view(),
      ...(this.marks !== undefined && { marks: this.marks.view() }),
    };
  }

  /** In a drawing or formula: what is in it is XML. */
  private get isForeign(): boolean {
    return this.open.lastOf[SVG] !== NOWHERE || this.open.lastOf[MATH] !== NOWHERE;
  }

  private get isSkipping(): boolean {
    return this.skippedFrom !== NOWHERE;
  }

  // ---- markup

  /** Whether a "<" begins markup; else it is text, as in "1 < 2". */
  private isMarkup(at: number): boolean {
    if (this.units[at] !== LESS || at + 1 >= this.end) return false;
    const next = this.units[at + 1]!;
    return isLetter(next) || next === SLASH || next === BANG || next === QUESTION;
  }

  /** Reads one tag, comment or declaration; tells where it ends. */
  private markup(at: number): number {
    const next = this.units[at + 1]!;
    if (isLetter(next)) return this.startTag(at + 1);
    if (next === SLASH) {
      const isTag = at + 2 < this.end && isLetter(this.units[at + 2]!);
      return isTag ? this.endTag(at + 2) : this.behind(">", at + 2);
    }
    if (next === BANG && this.html.startsWith("<!--", at)) return this.comment(at + 4);
    if (this.isXml && this.html.startsWith("<![CDATA[", at)) return this.characterData(at + 9);
    return this.behind(">", at + 2);
  }

  private behind(mark: string, from: number): number {
    const at = this.html.indexOf(mark, from);
    return at < 0 ? this.end : at + mark.length;
  }

  private comment(start: number): number {
    // "<!-->" and "<!--->" are whole.
    if (this.html.startsWith(">", start)) return start + 1;
    if (this.html.startsWith("->", start)) return start + 2;
    for (let at = start; ; at++) {
      at = this.html.indexOf("--", at);
      if (at < 0) return this.end;
      if (this.html.startsWith(">", at + 2)) return at + 3;
      if (this.html.startsWith("!>", at + 2)) return at + 4;
    }
  }

  private characterData(from: number): number {
    const next = this.behind("]]>", from);
    const to = this.html.endsWith("]]>", next) ? next - 3 : next;
    if (this.isSkipping) return next;
    const before = this.outEnd;
    for (let at = from; at < to; at++) this.put(this.units[at]!);
    this.account(before);
    return next;
  }

  private nameEnd(from: number): number {
    const { units, end } = this;
    let at = from;
    while (at < end && !endsTagName(units[at]!)) at++;
    return at;
  }

  private startTag(nameFrom: number): number {
    const nameTo = this.nameEnd(nameFrom);
    const tag = TAG_TABLE.find(this.units, nameFrom, nameTo);
    const traits = TRAITS[tag]!;
    const wantsAttributes = WANTS_ATTRIBUTES[tag] === 1 || (tag === CODE && this.marks !== undefined);
    const next = this.attributes.read(this.units, nameTo, this.end, wantsAttributes);
    if (next < 0) return this.end;
    if ((traits & Trait.raw) !== 0) return this.rawElement(tag, next);
    if ((traits & Trait.block) !== 0) this.startBlockElement(tag);
    else if ((traits & Trait.void) !== 0) this.voidElement(tag);
    else if ((traits & Trait.tracked) !== 0) this.startInline(tag, (traits & Trait.skipped) !== 0);
    else if ((traits & Trait.root) !== 0) this.rootElement(tag);
    else if (EMPHASES.includes(tag)) this.emphases++;
    return next;
  }

  private endTag(nameFrom: number): number {
    const nameTo = this.nameEnd(nameFrom);
    const tag = TAG_TABLE.find(this.units, nameFrom, nameTo);
    const traits = TRAITS[tag]!;
    const next = this.attributes.read(this.units, nameTo, this.end, false);
    if (next < 0) return this.end;
    if ((traits & Trait.block) !== 0) this.endBlockElement(tag);
    else if ((traits & Trait.tracked) !== 0) this.endInline(tag, (traits & Trait.skipped) !== 0);
    else if (tag === BR) this.lineBreak();
    else if (EMPHASES.includes(tag)) this.emphases = Math.max(0, this.emphases - 1);
    return next;
  }

  /** Scripts and their like: everything up to the end tag, markup or not. */
  private rawElement(tag: number, from: number): number {
    const { html, units, end } = this;
    if (this.attributes.isSelfClosing && (this.isXml || this.isForeign)) return from;
    if (tag === NOSCRIPT && this.isReadWithoutScripts(from)) {
      this.startBlockElement(NOSCRIPT);
      return from;
    }
    const isData = tag === SCRIPT && this.attributes.has(Attribute.type);
    const isLinkedData = isData && this.value(Attribute.type).trim().toLowerCase() === "application/ld+json";
    const to = this.raw.end(tag, from);
    if (isLinkedData) this.facts.structuredData(html.slice(from, to));
    if (tag === TITLE && !this.isSkipping)
      this.facts.title ||= decodeHTML(html.slice(from, Math.min(to, from + MAX_VALUE_UNITS)));
    if (to >= end) return end;
    const next = this.attributes.read(units, Math.min(end, to + 2 + TAG_NAMES[tag]!.length), end, false);
    return next < 0 ? end : next;
  }

  /**
   * Whether what stands in `<noscript>` is read. Some sites have their whole text there, for readers like us; most have
   * a picture, or a request to run scripts.
   */
  private isReadWithoutScripts(from: number): boolean {
    if (this.isSkipping || this.open.lastOf[NOSCRIPT] !== NOWHERE) return true;
    // The next end is looked for once, however many elements begin before it.
    if (from > this.noscriptEnd) this.noscriptEnd = this.raw.end(NOSCRIPT, from);
    return this.noscriptEnd < this.end && this.noscriptEnd - from >= MIN_NOSCRIPT_UNITS;
  }

  private voidElement(tag: number): void {
    if (tag === BR) this.lineBreak();
    else if (tag === HR) this.boundary();
    else if (tag === INPUT) this.dueSpace();
    else if (tag === META) this.meta();
    else if (tag === LINK && this.attributes.has(Attribute.href) && this.attributes.has(Attribute.rel)) {
      if (this.value(Attribute.rel).toLowerCase() === "canonical") {
        this.facts.canonicalUrl ||= this.attribute(Attribute.href);
      }
    }
  }

  private meta(): void {
    if (!this.attributes.has(Attribute.content)) return;
    for (const id of [Attribute.property, Attribute.name, Attribute.itemprop]) {
      if (!this.attributes.has(id)) continue;
      const name = this.value(id).trim().toLowerCase();
      if (this.facts.wantsMeta(name)) this.facts.meta(name, this.attribute(Attribute.content));
    }
  }

  private rootElement(tag: number): void {
    if (tag === HTML && this.attributes.has(Attribute.lang)) this.facts.lang ||= this.attribute(Attribute.lang);
    if (tag === HTML || tag === BODY) this.facts.rootMask |= maskOf(this.attributes, this.html, this.units);
  }

  // ---- elements

  private startBlockElement(tag: number): void {
    this.boundary();
    this.impliedEnds(tag);
    const { open } = this;
    if (this.isXml && this.attributes.isSelfClosing) return;
    let container = open.container;
    let mark = 0;
    if (!this.isSkipping) {
      const mask = maskOf(this.attributes, this.html, this.units);
      container = this.containers.add(tag, container, mask, shapeOf(tag, this.attributes, this.units));
      if (LISTS.includes(tag)) mark = 1 + open.markAt(open.lastAmong(LISTS));
      else if (tag === LI) mark = Math.max(1, open.markAt(open.lastAmong(LISTS)));
      else if (tag === QUOTE) mark = 1 + open.markAt(open.lastOf[QUOTE]!);
      else if (tag === TR) mark = this.blocks.count;
      this.markElement(tag, container);
    }
    open.push(tag, container, mark);
    if (tag === PRE && !this.isSkipping) this.isVerbatim = true;
  }

  /** Collects what Markdown needs of a block element that begins. */
  private markElement(tag: number, container: number): void {
    const { marks, attributes } = this;
    if (marks === undefined) return;
    if (attributes.has(Attribute.class)) marks.language(container, this.value(Attribute.class));
    const table = this.open.containerAt(this.open.lastOf[TABLE]!);
    if (tag === TR) marks.tableRow(table);
    else if (CELLS.includes(tag)) {
      const span = (id: number) => Math.max(1, (attributes.has(id) && Number.parseInt(this.value(id), 10)) || 1);
      marks.cell(container, table, span(Attribute.colspan), Math.min(MAX_ROW_SPAN, span(Attribute.rowspan)));
    }
  }

  /** Ends what an element's beginning ends: paragraphs, and what stands beside it in lists and tables. */
  private impliedEnds(tag: number): void {
    const { open } = this;
    if (IN_TABLE.has(tag)) {
      const table = open.lastOf[TABLE]!;
      if (CELLS.includes(tag)) this.popBeyond(open.lastAmong(CELLS), Math.max(table, open.lastOf[TR]!));
      else if (tag === TR) this.popBeyond(open.lastOf[TR]!, table);
      else this.popBeyond(open.lastAmong(ROW_GROUPS), table);
      return;
    }
    this.popBeyond(open.lastOf[P]!, Math.max(this.skippedFrom, open.lastAmong(SCOPES)));
    if (tag === LI) this.popBeyond(open.lastOf[LI]!, open.lastAmong(LIST_SCOPES));
    else if (tag === DT || tag === DD) {
      this.popBeyond(Math.max(open.lastOf[DT]!, open.lastOf[DD]!), open.lastAmong(DEFINITION_SCOPES));
    } else if ((TRAITS[tag]! & Trait.heading) !== 0) {
      const heading = open.lastAmong(HEADINGS);
      if (heading === open.lastBlock) this.popBeyond(heading, NOWHERE);
    }
  }

  private endBlockElement(tag: number): void {
    const { open } = this;
    const isHeading = (TRAITS[tag]! & Trait.heading) !== 0;
    const place = isHeading ? open.lastAmong(HEADINGS) : open.lastOf[tag]!;
    const barrier =
      tag === TABLE
        ? NOWHERE
        : IN_TABLE.has(tag)
          ? open.lastOf[TABLE]!
          : open.lastAmong(tag === LI ? LIST_SCOPES : SCOPES);
    if (place > barrier) {
      this.boundary();
      this.popTo(place);
    } else if (tag === P) this.boundary();
  }

  private startInline(tag: number, isSkipped: boolean): void {
    const { open } = this;
    if (this.isSkipping && !isSkipped) return;
    const isForeign = tag === SVG || tag === MATH || this.isForeign;
    if (this.attributes.isSelfClosing && (this.isXml || isForeign)) return;
    if (tag === BUTTON || tag === SELECT) this.popBeyond(open.lastOf[tag]!, open.lastAmong(SCOPES)); // none is in another
    let container = open.container;
    if (isSkipped) {
      this.dueSpace();
      const isShown = tag === BUTTON && open.lastAmong(DISCLOSURES) !== NOWHERE;
      if (!this.isSkipping && !isShown) this.skippedFrom = open.top + 1;
    } else if (WANTS_ATTRIBUTES[tag] === 1) {
      if (tag === A) {
        this.endLink();
        if (this.linkEnd === this.outEnd) this.dueSpace();
        if (!this.attributes.has(Attribute.href)) return;
        this.isLinkCounted = false;
        if (this.marks !== undefined) this.href = this.marks.link(this.attribute(Attribute.href));
      }
      if (tag === TIME) {
        if (this.attributes.has(Attribute.datetime)) this.facts.firstTime ||= this.value(Attribute.datetime);
        this.dueSpace();
      }
      const mask = maskOf(this.attributes, this.html, this.units);
      if (mask !== 0) {
        container = this.containers.add(tag, container, mask, shapeOf(tag, this.attributes, this.units));
      }
    } else if (tag === LABEL) this.dueSpace();
    else if (tag === CODE && open.lastOf[PRE] !== NOWHERE && this.attributes.has(Attribute.class)) {
      this.marks?.language(open.containerAt(open.lastOf[PRE]!), this.value(Attribute.class));
    }
    open.push(tag, container, 0);
  }

  private endInline(tag: number, isSkipped: boolean): void {
    const { open } = this;
    const place = open.lastOf[tag]!;
    if (this.isSkipping && !isSkipped) return;
    if (tag === A) this.linkEnd = this.outEnd;
    if (place === NOWHERE) return;
    if (tag === TIME || tag === LABEL || tag === BUTTON) this.dueSpace();
    if (place > open.lastBlock) this.popTo(place);
    else if (isSkipped) {
      this.boundary();
      this.popTo(place);
    } else open.end(tag);
  }

  /** A link in a link ends it. */
  private endLink(): void {
    const place = this.open.lastOf[A]!;
    if (place === NOWHERE) return;
    this.linkEnd = this.outEnd;
    if (place > this.open.lastBlock) this.popTo(place);
    else this.open.end(A);
  }

  private popBeyond(place: number, barrier: number): void {
    if (place > barrier) this.popTo(place);
  }

  /** Ends the elements from a place on, and the block in them. */
  private popTo(place: number): void {
    const { open } = this;
    while (open.top >= place) {
      const tag = open.topTag;
      if (open.top === this.skippedFrom) this.skippedFrom = NOWHERE;
      else if (!this.isSkipping && open.lastBlock === open.top) {
        if (!this.isVerbatim || tag === PRE) this.endBlock();
        if (tag === TR) this.endRow();
      }
      open.pop();
      if (tag === PRE) this.isVerbatim = open.lastOf[PRE] !== NOWHERE;
    }
  }

  private endRow(): void {
    const { open, containers } = this;
    const first = open.markAt(open.top);
    if (first >= this.blocks.count) return;
    const row = open.container;
    const table = open.lastOf[TABLE]!;
    const owner = table === NOWHERE ? row : open.containerAt(table);
    const isHeader = containers.tags.values[this.blocks.owners.values[first]!] === TH;
    const isNarrow = this.blocks.count - first <= MAX_COLUMNS;
    const cells = this.marks && isNarrow && this.blocks.owners.values.slice(first, this.blocks.count);
    this.blocks.joinRow(first, this.out, containers.parents.values, owner, row, isHeader);
    if (cells && this.blocks.kinds.values[first] === BlockKind.row) this.marks?.joined(row, cells);
  }

  // ---- text

  /** Text up to the next markup; tells where that is. */
  private text(from: number): number {
    if (this.isSkipping) {
      const next = this.html.indexOf("<", from + 1);
      return next < 0 ? this.end : next;
    }
    const before = this.outEnd;
    const next = this.isVerbatim ? this.verbatim(from) : this.flowing(from);
    this.account(before);
    return next;
  }

  private flowing(from: number): number {
    const { units, out, end, blockStart } = this;
    let { outEnd, due } = this;
    let at = from;
    while (at < end) {
      const unit = units[at]!;
      if (unit > SPACE && unit < 0x7f && unit !== AMPERSAND && unit !== LESS) {
        if (due !== NOTHING) {
          if (outEnd > blockStart) out[outEnd++] = due;
          due = NOTHING;
        }
        out[outEnd++] = unit;
        at++;
      } else if (unit === SPACE || unit === LINE_END || unit === TAB || unit === CARRIAGE_RETURN) {
        if (due === NOTHING) due = SPACE;
        at++;
      } else if (unit === LESS && at > from && this.isMarkup(at)) break;
      else {
        this.outEnd = outEnd;
        this.due = due;
        at = this.special(at);
        outEnd = this.outEnd;
        due = this.due;
      }
    }
    this.outEnd = outEnd;
    this.due = due;
    return at;
  }

  private verbatim(from: number): number {
    let at = from;
    while (at < this.end && !(at > from && this.units[at] === LESS && this.isMarkup(at))) at = this.special(at);
    return at;
  }

  /** A reference, or any one unit. */
  private special(at: number): number {
    const unit = this.units[at]!;
    if (unit !== AMPERSAND) {
      this.put(unit);
      return at + 1;
    }
    const next = this.entities.read(this.html, this.units, at, this.end);
    const { text } = this.entities;
    for (let i = 0; i < text.length; i++) this.put(text.charCodeAt(i));
    return next;
  }

  /** Writes a unit that is text: what is white space becomes one space, what nobody sees is left out. */
  private put(unit: number): void {
    if (isInvisible(unit)) return;
    if (this.isVerbatim) {
      if (unit === CARRIAGE_RETURN) return;
      if (unit === LINE_END && this.outEnd === this.blockStart) return;
      this.out[this.outEnd++] = unit !== LINE_END && unit !== TAB && isWhite(unit) ? SPACE : unit;
      return;
    }
    if (isWhite(unit)) {
      if (this.due === NOTHING) this.due = SPACE;
      return;
    }
    if (this.due !== NOTHING && this.outEnd > this.blockStart) this.out[this.outEnd++] = this.due;
    this.due = NOTHING;
    this.out[this.outEnd++] = unit;
  }

  /** Counts what was written since `before` as what it is within. */
  private account(before: number): void {
    const written = this.outEnd - before;
    if (written === 0) return;
    const { open } = this;
    if (open.lastOf[A] !== NOWHERE) {
      this.linkUnits += written;
      if (!this.isLinkCounted) this.links++;
      this.isLinkCounted = true;
    }
    if (open.lastAmong(BOLD) !== NOWHERE) this.boldUnits += written;
    if (open.lastAmong(CODES) !== NOWHERE) this.codeUnits += written;
    if (this.marks !== undefined) this.markText(this.marks, before);
  }

  private markText(marks: MarkCollector, start: number): void {
    const { open } = this;
    const styles =
      (open.lastAmong(BOLD) === NOWHERE ? 0 : Style.bold) |
      (this.emphases === 0 ? 0 : Style.emphasis) |
      (open.lastAmong(CODES) === NOWHERE ? 0 : Style.code);
    const link = open.lastOf[A] === NOWHERE ? NO_LINK : this.href;
    if (styles !== 0 || link !== NO_LINK) marks.text(start, this.outEnd, styles, link);
  }

  private dueSpace(): void {
    if (this.due === NOTHING && !this.isSkipping && !this.isVerbatim) this.due = SPACE;
  }

  private lineBreak(): void {
    if (this.isSkipping) return;
    if (this.isVerbatim) this.put(LINE_END);
    // Two in a row are how old pages write a paragraph's end.
    else if (this.due === LINE_END) this.endBlock();
    else this.due = LINE_END;
  }

  /** The edge of an element that is laid out as a block. */
  private boundary(): void {
    if (this.isSkipping) return;
    // Elements in preformatted text lay out its lines; the block ends where `<pre>` does.
    if (!this.isVerbatim) this.endBlock();
    else if (this.outEnd > this.blockStart && this.out[this.outEnd - 1] !== LINE_END) this.put(LINE_END);
  }

  /** Ends the block that is being written, if there is text in it. */
  private endBlock(): void {
    this.due = NOTHING;
    if (this.isVerbatim) this.trimCode();
    if (this.outEnd > this.blockStart) {
      const { blocks, open } = this;
      blocks.starts.push(this.blockStart);
      blocks.ends.push(this.outEnd);
      blocks.holders.push(open.container);
      blocks.innerTags.push(Math.max(OTHER, open.topTag));
      const length = this.outEnd - this.blockStart; // of code, the spaces at its end are gone
      blocks.linkUnits.push(Math.min(length, this.linkUnits));
      blocks.links.push(this.links);
      blocks.boldUnits.push(Math.min(length, this.boldUnits));
      blocks.codeUnits.push(Math.min(length, this.codeUnits));
      this.classify();
      // Blocks are a unit apart: a row's cells are joined there.
      this.out[this.outEnd++] = LINE_END;
      this.blockStart = this.outEnd;
    }
    this.linkUnits = 0;
    this.links = 0;
    this.boldUnits = 0;
    this.codeUnits = 0;
    this.isLinkCounted = false;
    this.linkEnd = -1;
    this.emphases = 0;
  }

  /** Empty lines at the end of code are no part of it, nor are spaces there. */
  private trimCode(): void {
    while (this.outEnd > this.blockStart && isWhite(this.out[this.outEnd - 1]!)) this.outEnd--;
    this.marks?.endAt(this.outEnd);
  }

  /** A block's kind is that of the innermost element that has one. */
  private classify(): void {
    const { open, blocks } = this;
    let kind: number = BlockKind.paragraph;
    let place = NOWHERE;
    let level = 0;
    const consider = (candidate: number, itsKind: number, itsLevel: number): void => {
      if (candidate <= place) return;
      place = candidate;
      kind = itsKind;
      level = itsLevel;
    };
    consider(open.lastOf[LI]!, BlockKind.item, open.markAt(open.lastOf[LI]!));
    consider(open.lastAmong(CELLS), BlockKind.cell, 0);
    consider(open.lastOf[QUOTE]!, BlockKind.quote, open.markAt(open.lastOf[QUOTE]!));
    consider(open.lastAmong(CAPTIONS), BlockKind.caption, 0);
    consider(open.lastOf[DT]!, BlockKind.definition, 0);
    consider(open.lastOf[DD]!, BlockKind.definition, 1);
    const heading = open.lastAmong(HEADINGS);
    if (heading > place) consider(heading, BlockKind.heading, 1 + HEADINGS.indexOf(open.tagAt(heading)));
    if (open.lastOf[PRE] !== NOWHERE) {
      place = open.lastOf[PRE]!;
      kind = BlockKind.code;
      level = 0;
    }
    blocks.kinds.push(kind);
    blocks.levels.push(level);
    blocks.owners.push(place === NOWHERE ? open.container : open.containerAt(place));
  }

  // ---- attributes

  private value(id: number): string {
    const from = this.attributes.from[id]!;
    return this.html.slice(from, Math.min(this.attributes.to[id]!, from + MAX_VALUE_UNITS));
  }

  /** A value with its references. */
  private attribute(id: number): string {
    return decodeHTMLAttribute(this.value(id));
  }
}

/** A shorter `<noscript>` has no text of the page. */
const MIN_NOSCRIPT_UNITS = 1000;

/** A cell's greatest number of rows (4.9.11). */
const MAX_ROW_SPAN = 65_534;

/** No fact of a page is longer. */
const MAX_VALUE_UNITS = 2000;

function isLetter(unit: number): boolean {
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** JavaScript's white space (it has the no-break and the ideographic space) and the C1 "next line". */
function isWhite(unit: number): boolean {
  if (unit <= SPACE) return unit === SPACE || (unit >= TAB && unit <= CARRIAGE_RETURN);
  if (unit < 0x1680) return unit === 0xa0 || unit === 0x85;
  if (unit < 0x2000 || unit > 0x3000) return unit === 0x1680;
  return unit <= 0x200a || unit === 0x2028 || unit === 0x2029 || unit === 0x202f || unit === 0x205f || unit === 0x3000;
}

/** Invisible in every rendering: soft hyphen, byte order mark, controls other than white space. */
function isInvisible(unit: number): boolean {
  if (unit < SPACE) return !(unit >= TAB && unit <= CARRIAGE_RETURN);
  return (unit >= 0x7f && unit <= 0x9f && unit !== 0x85) || unit === 0xad || unit === 0xfeff;
}
