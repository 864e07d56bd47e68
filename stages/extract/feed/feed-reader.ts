/**
 * XML of a feed → the texts of its items.
 *
 *     rss ▸ channel ▸ item      title, content:encoded, description      RSS 0.9x and 2.0
 *     rdf:RDF ▸ item            title, content:encoded, description      RSS 1.0
 *     feed ▸ entry              title, content, summary                  Atom (RFC 4287), also with a prefix
 *
 * A field holds markup as escaped text, as CDATA, or (Atom's `type="xhtml"`, and feeds that forget to escape) as elements
 * of its own; all are gathered as HTML and become text like a page's body does.
 */
import type { Parser as ParserClass } from "htmlparser2";
import { fragmentText } from "./fragment-text.ts";

export interface Feed {
  readonly isFeed: boolean;
  /** Reading stopped: more elements are open at once than are allowed. */
  readonly isTooDeep: boolean;
  readonly title: string;
  readonly lang: string;
  /** Items with text, in order. */
  readonly items: readonly string[];
}

type FieldName = "title" | "content" | "summary" | "lang";
const ROOTS = new Set(["rss", "rdf:rdf", "feed"]);
const ITEMS = new Set(["item", "entry"]);
const FIELDS = new Map<string, FieldName>([
  ["title", "title"],
  ["content:encoded", "content"],
  ["content", "content"],
  ["description", "summary"],
  ["summary", "summary"],
  ["language", "lang"],
  ["dc:language", "lang"],
]);
/** Prefixes that say nothing: a document may bind its main vocabulary to one. */
const MAIN_PREFIX = /^(?:rss|atom|a|rdf|x?html):(?!rdf$)/;
/** Handed to the parser at once, so that a document beyond a limit is not read to its end. */
const STEP_CHARS = 16 << 10;

interface Field {
  readonly name: FieldName;
  /** Elements that were open around it. */
  readonly depth: number;
  /** Its text is text, not escaped markup: `<` means itself. */
  readonly isPlain: boolean;
  readonly parts: string[];
}

export class FeedReader implements Feed {
  isFeed = false;
  isTooDeep = false;
  title = "";
  lang = "";
  readonly items: string[] = [];
  readonly #Parser: typeof ParserClass;
  readonly #maxDepth: number;
  #depth = 0;
  #hasRoot = false;
  #isAtom = false;
  /** Depth of the open item; 0 outside of items. */
  #itemDepth = 0;
  #item = new Map<FieldName, string>();
  #field: Field | undefined;

  constructor(Parser: typeof ParserClass, maxDepth: number) {
    this.#Parser = Parser;
    this.#maxDepth = maxDepth;
  }

  read(xml: string): this {
    const parser = new this.#Parser(
      {
        onopentag: (name, attributes) => this.#open(name, attributes),
        ontext: (text) => this.#field?.parts.push(this.#field.isPlain ? escaped(text) : text),
        onclosetag: (name) => this.#close(name),
      },
      { xmlMode: true, decodeEntities: true, lowerCaseTags: true },
    );
    for (let at = 0; at < xml.length; at += STEP_CHARS) {
      parser.write(xml.slice(at, at + STEP_CHARS));
      if (this.isTooDeep || (this.#hasRoot && !this.isFeed)) return this;
    }
    parser.end(); // closes what a cut document left open
    return this;
  }

  #open(written: string, attributes: Readonly<Record<string, string>>): void {
    this.#depth++;
    if (this.#depth > this.#maxDepth) this.isTooDeep = true;
    const name = written.replace(MAIN_PREFIX, "");
    if (!this.#hasRoot) {
      this.#hasRoot = true;
      this.isFeed = ROOTS.has(name);
      this.#isAtom = name === "feed";
      this.lang = attributes["xml:lang"]?.trim() ?? "";
      return;
    }
    if (this.#field !== undefined) {
      this.#field.parts.push(`<${name}>`);
    } else if (ITEMS.has(name) && this.#itemDepth === 0) {
      this.#itemDepth = this.#depth;
      this.#item = new Map();
    } else {
      const field = FIELDS.get(name);
      if (field === undefined || !this.#isWanted(field)) return;
      const { type = "text" } = attributes;
      // Atom's default type is text (RFC 4287, 3.1.1); RSS has no types, and its texts are escaped markup as a rule.
      const isPlain = this.#isAtom && !/html$/.test(type);
      this.#field = { name: field, depth: this.#depth, isPlain: isPlain || /xhtml/.test(type), parts: [] };
    }
  }

  /** Fields of the item itself, or of the channel: others belong to images, authors, sources. */
  #isWanted(field: FieldName): boolean {
    if (this.#itemDepth > 0) {
      return this.#depth === this.#itemDepth + 1 && field !== "lang" && !this.#item.has(field);
    }
    const channelDepth = this.#isAtom ? 2 : 3;
    if (this.#depth > channelDepth) return false;
    return field === "title" ? this.title === "" : field === "lang";
  }

  #close(written: string): void {
    const field = this.#field;
    if (field !== undefined) {
      if (this.#depth === field.depth) {
        this.#field = undefined;
        this.#keep(field);
      } else field.parts.push(`</${written.replace(MAIN_PREFIX, "")}>`);
    } else if (this.#depth === this.#itemDepth) {
      this.#itemDepth = 0;
      const text = ["title", this.#item.has("content") ? "content" : "summary"]
        .map((name) => this.#item.get(name as FieldName) ?? "")
        .filter((part) => part !== "");
      if (text.length > 0) this.items.push(text.join("\n\n"));
    }
    this.#depth--;
  }

  #keep({ name, parts }: Field): void {
    const text = fragmentText(parts.join(""), this.#Parser, this.#maxDepth);
    if (text === undefined) this.isTooDeep = true;
    else if (text === "") return;
    else if (this.#itemDepth > 0) this.#item.set(name, text);
    else if (name === "title") this.title = text;
    else if (this.lang === "") this.lang = text;
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
