/** What a page says of itself in its head: title, language, address, date, author, type. */

/** Facts as the page gives them, on one line; empty where it gives none. */
export interface PageFacts {
  readonly title: string;
  /** The headline of structured data, else `og:title`. */
  readonly headline: string;
  /** BCP 47, as written. */
  readonly lang: string;
  readonly canonicalUrl: string;
  readonly author: string;
  readonly date: string;
  readonly siteName: string;
  readonly ogType: string;
  /** Types of the things that JSON-LD describes ("NewsArticle", "BreadcrumbList" …). */
  readonly schemaTypes: readonly string[];
  /** Class masks of `<html>` and `<body>`. */
  readonly rootMask: number;
}

const MAX_FACT_UNITS = 1000;

/** `<meta>` names that are read, the best first. */
const META = {
  headline: ["og:title", "twitter:title", "dc.title", "citation_title"],
  canonicalUrl: ["og:url"],
  author: ["author", "article:author", "dc.creator", "sailthru.author", "parsely-author", "byl", "citation_author"],
  date: [
    ..."article:published_time datepublished date dc.date dc.date.issued pubdate publish-date publishdate".split(" "),
    ..."parsely-pub-date sailthru.date og:published_time citation_publication_date".split(" "),
  ],
  siteName: ["og:site_name", "application-name"],
  ogType: ["og:type"],
  lang: ["og:locale", "content-language"],
} as const;
const WANTED: ReadonlySet<string> = new Set(Object.values(META).flat());

/** Collects facts while the page is read. The first of several is the one that counts. */
export class FactCollector {
  title = "";
  lang = "";
  canonicalUrl = "";
  rootMask = 0;
  /** The first `<time datetime>`: what a page without any better date has. */
  firstTime = "";
  private readonly metas = new Map<string, string>();
  private readonly linked = { headline: "", author: "", date: "" };
  private readonly schemaTypes = new Set<string>();
  private structured = 0;

  wantsMeta(name: string): boolean {
    return WANTED.has(name) && !this.metas.has(name);
  }

  meta(name: string, content: string): void {
    const fact = oneLine(content);
    if (fact !== "") this.metas.set(name, fact);
  }

  /** JSON-LD. What is broken, or too much, says nothing. */
  structuredData(json: string): void {
    if (this.structured++ >= MAX_SCRIPTS || json.length > MAX_SCRIPT_UNITS) return;
    let data: unknown;
    try {
      data = JSON.parse(json);
    } catch {
      return;
    }
    const things = listOf(data).flatMap((thing) => [thing, ...listOf(property(thing, "@graph"))]);
    for (const thing of things.slice(0, MAX_THINGS)) this.thing(thing);
  }

  private thing(thing: unknown): void {
    const types = listOf(property(thing, "@type")).filter((type) => typeof type === "string");
    for (const type of types) if (this.schemaTypes.size < MAX_THINGS) this.schemaTypes.add(oneLine(type));
    // Of a site's name and its owner nothing is to be had: dates and authors are those of a work.
    this.linked.headline ||= textOf(property(thing, "headline"));
    this.linked.date ||= textOf(property(thing, "datePublished"));
    this.linked.author ||= listOf(property(thing, "author"))
      .map((author) => textOf(author) || textOf(property(author, "name")))
      .filter((name) => name !== "")
      .slice(0, MAX_AUTHORS)
      .join(", ");
  }

  facts(): PageFacts {
    const meta = (names: readonly string[]) =>
      names.map((name) => this.metas.get(name)).find((fact) => fact !== undefined) ?? "";
    return {
      title: oneLine(this.title),
      headline: this.linked.headline || meta(META.headline),
      lang: oneLine(this.lang) || meta(META.lang),
      canonicalUrl: oneLine(this.canonicalUrl) || meta(META.canonicalUrl),
      author: this.linked.author || meta(META.author),
      date: this.linked.date || meta(META.date) || oneLine(this.firstTime),
      siteName: meta(META.siteName),
      ogType: meta(META.ogType),
      schemaTypes: [...this.schemaTypes],
      rootMask: this.rootMask,
    };
  }
}

const MAX_SCRIPTS = 16;
const MAX_SCRIPT_UNITS = 1 << 18;
const MAX_THINGS = 64;
const MAX_AUTHORS = 10;

function property(thing: unknown, name: string): unknown {
  return typeof thing === "object" && thing !== null ? (thing as Record<string, unknown>)[name] : undefined;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? oneLine(value) : "";
}

function oneLine(text: string): string {
  return text
    .slice(0, MAX_FACT_UNITS)
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ")
    .trim()
    .toWellFormed();
}
