/**
 * What the demo crawl holds: for each kind of page how often it occurs, what a sound pipeline does with it, and how one
 * is made. The table `KINDS` is the whole catalogue; `plantPages` makes a crawl's worth of it.
 */
import { shuffle } from "../../random.ts";
import { countWords, type Declaration, openProse, type Prose, readDeclarations } from "./corpus.ts";
import { answered, CODINGS, encoded, encodeHtml, ok, redirected } from "./http.ts";
import { editLightly, trueJaccard } from "./near-duplicates.ts";
import { buildLockedPdf, buildPdf } from "./pdf.ts";
import { contactParagraph, libraryParagraph, type PersonalData } from "./personal-data.ts";
import {
  type Article,
  dateName,
  goodsName,
  makeSites,
  personName,
  pick,
  renderArticle,
  renderLinkList,
  renderWall,
  type Site,
  slug,
} from "./templates.ts";
import { GOODS, LOREM, QUALITIES } from "./vocabulary.ts";
import type { HttpResponse } from "./warc.ts";

export type Expectation = "kept" | "dropped" | "quarantined" | "lost";

/** What was planted, and what is to come of it. */
export interface Plant {
  readonly url: string;
  readonly planted: Kind;
  /** The variety within the kind: a language, a coding, a status. */
  readonly detail?: string;
  readonly expect: Expectation;
  /** For dropped pages: the stages that may drop it. The source's own refusals count as "warc". */
  readonly by?: readonly string[];
  /** The page that it was made from. That one comes earlier in the crawl, and is to stay. */
  readonly twin?: string;
  /** The true five-word Jaccard similarity to the twin's article. */
  readonly similarity?: number;
  /** Words that the page's text must hold in the end, whitespace aside. */
  readonly contains?: string;
  /** Personal data on the page; none where it is not said. `contains` has it masked. */
  readonly personal?: PersonalData;
}

/** How a record is spoiled when the crawl is written. */
export type Damage = "flipped-bytes" | "garbage-before" | "cut-off";

export interface DemoPage {
  readonly plant: Plant;
  /** The article's paragraphs joined by blank lines: what ideal extraction gives. Empty where there is no article. */
  readonly article: string;
  readonly response: HttpResponse;
  readonly damage?: Damage;
}

const EXTRACT = ["extract-html", "language"] as const;
const JUDGE = [...EXTRACT, "gopher-repetition", "gopher-quality"] as const;
/** Pages whose extracted remainder may equal another one's. */
const EMPTYISH = [...JUDGE, "exact-dedup", "minhash-dedup"] as const;

interface KindOfPage {
  /** Share of the crawl. `original` takes what the others leave. */
  readonly share: number;
  readonly expect: Expectation;
  readonly by?: readonly string[];
  readonly make: (workshop: Workshop, index: number) => Made;
}
/** A page before its kind's fields are added. */
interface Made {
  readonly url: string;
  readonly article: string;
  readonly response: HttpResponse;
  readonly detail?: string;
  readonly contains?: string;
  readonly twin?: Original;
  readonly similarity?: number;
  readonly damage?: Damage;
  readonly personal?: PersonalData;
}

const KINDS = {
  original: { share: 0, expect: "kept", make: makeOriginal },
  "exact-duplicate": { share: 0.06, expect: "dropped", by: ["exact-dedup"], make: makeExactDuplicate },
  "near-duplicate": { share: 0.06, expect: "dropped", by: ["minhash-dedup"], make: makeNearDuplicate },
  "similar-not-duplicate": { share: 0.03, expect: "kept", make: makeSimilar },
  boilerplate: { share: 0.02, expect: "dropped", by: EMPTYISH, make: makeBoilerplate },
  navigation: { share: 0.03, expect: "dropped", by: EMPTYISH, make: makeNavigation },
  "keyword-spam": { share: 0.04, expect: "dropped", by: JUDGE, make: makeSpam },
  short: { share: 0.04, expect: "dropped", by: JUDGE, make: makeShort },
  lorem: { share: 0.01, expect: "dropped", by: JUDGE, make: makeLorem },
  "other-language": { share: 0.08, expect: "dropped", by: ["language"], make: makeOtherLanguage },
  "personal-data": { share: 0.005, expect: "kept", make: makePersonalData },
  charset: { share: 0.012, expect: "kept", make: makeCharset },
  "content-coding": { share: 0.03, expect: "kept", make: makeCoded },
  pdf: { share: 0.015, expect: "kept", make: makePdf },
  "pdf-broken-table": { share: 0.002, expect: "kept", make: makePdfWithBrokenTable },
  "pdf-truncated": { share: 0.002, expect: "dropped", by: ["extract-pdf"], make: makeTruncatedPdf },
  "pdf-encrypted": { share: 0.002, expect: "dropped", by: ["extract-pdf"], make: makeLockedPdf },
  "pdf-damaged": { share: 0.002, expect: "dropped", by: ["extract-pdf"], make: makeNoisePdf },
  status: { share: 0.03, expect: "dropped", by: ["warc"], make: makeStatus },
  "empty-body": { share: 0.005, expect: "dropped", by: ["warc", ...EMPTYISH], make: makeEmpty },
  "deep-nesting": { share: 0.0005, expect: "dropped", by: JUDGE, make: makeDeep },
  "after-garbage": { share: 0.002, expect: "kept", make: makeAfterGarbage },
  "damaged-record": { share: 0.003, expect: "lost", make: makeDamaged },
} as const satisfies Record<string, KindOfPage>;

/** The last record of the crawl, in the middle of which its file ends. */
const CUT_OFF = "cut-off-record";

export type Kind = keyof typeof KINDS | typeof CUT_OFF;

/** Fewer pages would leave kinds out. */
export const MIN_PAGES = 100;

/** Words of an article: drawn evenly from here. Twins of near duplicates are longer, so that an edit stays small. */
const ARTICLE_WORDS = { min: 160, spread: 100 } as const;
const TWIN_WORDS = { min: 280, spread: 60 } as const;
const PDF_WORDS = { min: 420, spread: 400 } as const;
/** Long, since numbers and addresses are no words: some of the prose is close to the least share of words already. */
const PERSONAL_WORDS = { min: 300, spread: 60 } as const;
/** Near duplicates stay above, so that what extraction adds to either page does not bring them under the 0.8 in use. */
const NEAR_DUPLICATE_FLOOR = 0.92;
const NESTED_ELEMENTS = 100_000;

interface Original {
  readonly url: string;
  readonly site: Site;
  readonly article: Article;
  readonly response: HttpResponse;
}

/** What the makers share: one stream of randomness, the prose that is left, and the originals made so far. */
interface Workshop {
  readonly random: () => number;
  readonly prose: Prose;
  readonly declarations: readonly Declaration[];
  /** Pages of other languages that are left, mixed. */
  readonly foreign: { readonly declaration: Declaration; readonly paragraphs: readonly string[] }[];
  readonly sites: readonly Site[];
  readonly usedUrls: Set<string>;
  /** Originals that have no copy yet: each is copied once at most, so that every label has one cause. */
  readonly uncopied: { readonly long: Original[]; readonly ordinary: Original[] };
  /** How many of the originals to come must be long. */
  longOriginals: number;
}

/**
 * A crawl of `pages` pages in their order. Copies come somewhere after what they were made from; everything else is mixed.
 */
export function plantPages(pages: number, random: () => number): DemoPage[] {
  const workshop = openWorkshop(random);
  const counts = countKinds(pages);
  workshop.longOriginals = counts["near-duplicate"] + counts["similar-not-duplicate"];
  const placed: { page: DemoPage; at: number }[] = [];
  const placeOf = new Map<string, number>();
  // `original` is the table's first row: what is copied exists by then.
  for (const [kind, count] of Object.entries(counts) as [keyof typeof KINDS, number][]) {
    for (let index = 0; index < count; index++) {
      const { expect, by, make }: KindOfPage = KINDS[kind];
      const page = label(kind, expect, by, make(workshop, index));
      const after = page.plant.twin === undefined ? 0 : placeOf.get(page.plant.twin)!;
      const at = after + (1 - after) * random();
      placeOf.set(page.plant.url, at);
      placed.push({ page, at });
    }
  }
  placed.sort((a, b) => a.at - b.at);
  return [...placed.map(({ page }) => page), label(CUT_OFF, "lost", undefined, makeCutOff(workshop))];
}

/** How many pages of each kind a crawl of this size has; at least one of each. */
export function countKinds(pages: number): Record<keyof typeof KINDS, number> {
  const entries = Object.entries(KINDS).map(([kind, { share }]) => [kind, Math.max(1, Math.round(share * pages))]);
  const counts = Object.fromEntries(entries) as Record<keyof typeof KINDS, number>;
  const others = Object.values(counts).reduce((sum, count) => sum + count, 0) - counts.original;
  counts.original = pages - others - 1;
  return counts;
}

function label(kind: Kind, expect: Expectation, by: readonly string[] | undefined, made: Made): DemoPage {
  const { url, detail, contains, personal, twin, similarity, article, response, damage } = made;
  const plant: Plant = {
    url,
    planted: kind,
    ...(detail === undefined ? {} : { detail }),
    expect,
    ...(by === undefined ? {} : { by }),
    ...(twin === undefined ? {} : { twin: twin.url }),
    ...(similarity === undefined ? {} : { similarity: Math.round(similarity * 1e4) / 1e4 }),
    ...(contains === undefined ? {} : { contains }),
    ...(personal === undefined ? {} : { personal }),
  };
  return { plant, article, response, ...(damage === undefined ? {} : { damage }) };
}

function openWorkshop(random: () => number): Workshop {
  const declarations = readDeclarations();
  const foreign = declarations.flatMap((declaration) =>
    declaration.passages.map((paragraphs) => ({ declaration, paragraphs })),
  );
  shuffle(foreign, random);
  const prose = openProse(random);
  const sites = makeSites(random);
  return {
    random,
    prose,
    declarations,
    foreign,
    sites,
    usedUrls: new Set(),
    uncopied: { long: [], ordinary: [] },
    longOriginals: 0,
  };
}

// Originals and their copies

function makeOriginal(workshop: Workshop): Made {
  const long = workshop.longOriginals > 0;
  const original = newOriginal(workshop, long ? TWIN_WORDS : ARTICLE_WORDS);
  if (long) workshop.longOriginals--;
  workshop.uncopied[long ? "long" : "ordinary"].push(original);
  return { ...pageOf(original), contains: openingWords(original.article) };
}

/** The same bytes under another address: the same site with another query, or a mirror. */
function makeExactDuplicate(workshop: Workshop): Made {
  const twin = workshop.uncopied.ordinary.pop()!;
  const { host, pathname } = new URL(twin.url);
  const ways = [
    `https://${host}${pathname}?utm_source=newsletter`,
    `https://www.${host}${pathname}`,
    `https://mirror.${host}/copy${pathname}`,
    `http://${host}${pathname}`,
  ];
  const detail = "same bytes";
  return { ...pageOf(twin), url: newUrl(workshop, pick(ways, workshop.random)), twin, similarity: 1, detail };
}

/** The article with small edits, on its own site or on another one with another template. */
function makeNearDuplicate(workshop: Workshop): Made {
  const { random } = workshop;
  const twin = workshop.uncopied.long.pop()!;
  const paragraphs = editLightly(twin.article.paragraphs, NEAR_DUPLICATE_FLOOR, random);
  const syndicated = random() < 0.4;
  const site = syndicated ? pick(workshop.sites, random) : twin.site;
  const article = { ...twin.article, paragraphs, date: dateName(random) };
  const similarity = trueJaccard(twin.article.paragraphs.join(" "), paragraphs.join(" "));
  const detail = syndicated ? "syndicated" : "same site";
  return { ...pageOf(publish(workshop, site, article)), twin, similarity, detail };
}

/** A part of an article among other paragraphs: related, and worth keeping. */
function makeSimilar(workshop: Workshop): Made {
  const { random, prose } = workshop;
  const twin = workshop.uncopied.long.pop()!;
  const own = prose.take(ARTICLE_WORDS.min);
  const shared = [...twin.article.paragraphs];
  // Leaves out paragraphs of the twin until its share of both texts together is well under three fifths.
  let paragraphs = [...shared, ...own];
  const similar = () => trueJaccard(twin.article.paragraphs.join(" "), paragraphs.join(" "));
  while (shared.length > 1 && similar() > 0.5) {
    shared.splice(Math.floor(random() * shared.length), 1);
    paragraphs = [...own.slice(0, 1), ...shared, ...own.slice(1)];
  }
  const original = publish(workshop, pick(workshop.sites, random), newArticle(workshop, paragraphs));
  return { ...pageOf(original), twin, similarity: similar() };
}

/** An article that people can be reached by. */
function makePersonalData(workshop: Workshop): Made {
  const { random, prose } = workshop;
  const site = pick(workshop.sites, random);
  const { text, masked, personal } = contactParagraph(site, random);
  const [first = "", ...rest] = prose.take(drawWords(PERSONAL_WORDS, random));
  const article = newArticle(workshop, [first, text, ...rest, libraryParagraph(random)]);
  return { ...pageOf(publish(workshop, site, article)), contains: masked, personal };
}

// Pages without an article

function makeBoilerplate(workshop: Workshop): Made {
  const site = pick(workshop.sites, workshop.random);
  return htmlPage(workshop, site, "notice", renderWall(site, workshop.random));
}

function makeNavigation(workshop: Workshop): Made {
  const { random } = workshop;
  const site = pick(workshop.sites, random);
  const title = `${goodsName(random)} index`;
  return htmlPage(workshop, site, title, renderLinkList(site, title, 30 + Math.floor(random() * 120), random));
}

function makeSpam(workshop: Workshop): Made {
  const { random } = workshop;
  const thing = `${pick(QUALITIES, random)} ${pick(GOODS, random)}`;
  // Ordinary little words among them: repetition alone gives such a page away.
  const phrases = [
    `the best ${thing} to buy`,
    `price of the ${thing}`,
    `cheap ${thing} with discount`,
    `${thing} and more`,
  ];
  const stuffing = (count: number) => Array.from({ length: count }, () => pick(phrases, random)).join(" ");
  const paragraphs = Array.from({ length: 3 }, () => `Order a ${thing} today and save: ${stuffing(30)}.`);
  const article = { ...newArticle(workshop, paragraphs), title: `${thing} ${thing} cheap` };
  return pageOf(publish(workshop, pick(workshop.sites, random), article));
}

function makeShort(workshop: Workshop): Made {
  const { random } = workshop;
  const words = workshop.prose.take(15).join(" ").split(" ");
  // With the menu that extraction may take along, it stays below the fifty words that an article needs.
  const text = `${words.slice(0, 5 + Math.floor(random() * 12)).join(" ")} …`;
  return pageOf(
    publish(workshop, pick(workshop.sites, random), {
      ...newArticle(workshop, [text]),
      title: goodsName(random),
      comments: false,
    }),
  );
}

function makeLorem(workshop: Workshop): Made {
  const { random } = workshop;
  const sentence = () => {
    const words = Array.from({ length: 6 + Math.floor(random() * 10) }, () => pick(LOREM, random)).join(" ");
    return `${words[0]!.toUpperCase()}${words.slice(1)}.`;
  };
  const paragraphs = Array.from({ length: 5 }, () => Array.from({ length: 5 }, sentence).join(" "));
  const article = { ...newArticle(workshop, paragraphs), title: "Lorem ipsum" };
  return pageOf(publish(workshop, pick(workshop.sites, random), article));
}

function makeEmpty(workshop: Workshop): Made {
  const url = newUrl(workshop, `https://${pick(workshop.sites, workshop.random).host}/empty`);
  return { url, article: "", response: ok("text/html; charset=utf-8", new Uint8Array(0)) };
}

/** Elements nested deep enough to overflow the stack of a recursive reader, around a few words. */
function makeDeep(workshop: Workshop): Made {
  const site = pick(workshop.sites, workshop.random);
  const [open, close] = ["<div>", "</div>"].map((tag) => tag.repeat(NESTED_ELEMENTS));
  const html = `<!DOCTYPE html><html><head><title>Deep</title></head><body>${open}<p>Deep down.</p>${close}</body></html>`;
  return htmlPage(workshop, site, "deep", html);
}

// Language and charset

function makeOtherLanguage(workshop: Workshop, index: number): Made {
  const { random, foreign, sites } = workshop;
  const { declaration, paragraphs } = foreign[index % foreign.length]!;
  const { language, direction } = declaration;
  const title = paragraphs[0]!.slice(0, 40);
  const article = { ...newArticle(workshop, paragraphs), title, language, direction };
  const site = pick(sites, random);
  // A declaration repeats when a crawl asks for more pages than there are passages: other sites then carry it too.
  const page = publish(workshop, site, article, `${language}-${index}`);
  return { ...pageOf(page), detail: language };
}

const CHARSET_CASES = [
  "windows-1252 undeclared",
  "utf-8 declared iso-8859-1",
  "utf-8 undeclared",
  "windows-1251 in meta",
  "shift_jis in meta",
] as const;

/** English prose whose quotation marks, dashes or foreign words come out wrong when the charset is misread. */
function makeCharset(workshop: Workshop, index: number): Made {
  const { random, sites } = workshop;
  const detail = CHARSET_CASES[index % CHARSET_CASES.length]!;
  const site = pick(sites, random);
  const english = workshop.prose.take(ARTICLE_WORDS.min);
  const render = (paragraphs: readonly string[], contains: string, metaCharset: string | null) => {
    const article = { ...newArticle(workshop, paragraphs), title: goodsName(random) };
    const html = renderArticle(site, article, random, { metaCharset });
    const url = newUrl(workshop, `https://${site.host}/${slug(article.title)}`);
    return { url, article: paragraphs.join("\n\n"), contains, detail, html };
  };
  const send = ({ html, ...page }: ReturnType<typeof render>, contentType: string, bytes: Uint8Array): Made => ({
    ...page,
    response: ok(contentType, bytes),
  });
  switch (detail) {
    case "windows-1252 undeclared": {
      const page = render(...typographic(english, random), null);
      return send(page, "text/html", encodeHtml(page.html, "windows-1252"));
    }
    case "utf-8 declared iso-8859-1": {
      const page = render(...typographic(english, random), null);
      return send(page, "text/html; charset=ISO-8859-1", Buffer.from(page.html));
    }
    case "utf-8 undeclared": {
      const page = render(...typographic(english, random), null);
      return send(page, "text/html", Buffer.from(page.html));
    }
    case "windows-1251 in meta": {
      const quotation = quote(workshop, "ru", (text) => text.split(" ").slice(0, 8).join(" "));
      const page = render(
        [...english, `The inscription read ${quotation} and nothing else.`],
        quotation,
        "windows-1251",
      );
      return send(page, "text/html", encodeHtml(page.html, "windows-1251"));
    }
    case "shift_jis in meta": {
      const quotation = quote(workshop, "ja", (text) => text.slice(0, 14));
      const page = render([...english, `The inscription read ${quotation} and nothing else.`], quotation, "shift_jis");
      return send(page, "text/html", encodeHtml(page.html, "shift_jis"));
    }
  }
}

/** A few words of another language, from its declaration's preamble. */
function quote(workshop: Workshop, language: string, shorten: (text: string) => string): string {
  const declaration = workshop.declarations.find((candidate) => candidate.language === language)!;
  return shorten(pick(declaration.recitals, workshop.random)).replace(/[\s,;、。]+$/, "");
}

/** Straight marks become printers' ones; a closing paragraph makes sure that there are some, and is returned as well. */
function typographic(paragraphs: readonly string[], random: () => number): [paragraphs: string[], contains: string] {
  const set = paragraphs.map((paragraph) =>
    paragraph
      .replace(/(^|[\s(—])"/g, "$1“")
      .replace(/"/g, "”")
      .replace(/(^|[\s(—“])'/g, "$1‘")
      .replace(/'/g, "’"),
  );
  const ending = `On ${dateName(random)} ${personName(random)}’s account — “every word of it” — was found true.`;
  return [[...set, ending], ending];
}

// Transport

function makeCoded(workshop: Workshop, index: number): Made {
  const detail = CODINGS[index % CODINGS.length]!;
  const original = newOriginal(workshop, ARTICLE_WORDS);
  const response = encoded(detail, "text/html; charset=utf-8", original.response.body);
  return { ...pageOf(original), response, detail, contains: openingWords(original.article) };
}

const STATUSES = [
  [404, "Not Found"],
  [410, "Gone"],
  [403, "Forbidden"],
  [500, "Internal Server Error"],
  [503, "Service Unavailable"],
] as const;

/** Error pages that carry good prose: nothing but the status tells them apart. Every sixth is a redirect. */
function makeStatus(workshop: Workshop, index: number): Made {
  const original = newOriginal(workshop, ARTICLE_WORDS);
  const answer = STATUSES[index % (STATUSES.length + 1)];
  if (answer === undefined) {
    return { url: original.url, article: "", response: redirected(`https://${original.site.host}/`), detail: "301" };
  }
  const [status, reason] = answer;
  return { ...pageOf(original), response: answered(status, reason, original.response.body), detail: String(status) };
}

function makeAfterGarbage(workshop: Workshop): Made {
  const original = newOriginal(workshop, ARTICLE_WORDS);
  return { ...pageOf(original), contains: openingWords(original.article), damage: "garbage-before" };
}

function makeDamaged(workshop: Workshop): Made {
  return { ...pageOf(newOriginal(workshop, ARTICLE_WORDS)), damage: "flipped-bytes" };
}

function makeCutOff(workshop: Workshop): Made {
  return { ...pageOf(newOriginal(workshop, TWIN_WORDS)), damage: "cut-off" };
}

// PDF

function makePdf(workshop: Workshop): Made {
  return pdfPage(workshop, (article) => buildPdf(article));
}

/** The table of objects points nowhere, as after a careless rewrite, but every object is there: readers rebuild it. */
function makePdfWithBrokenTable(workshop: Workshop): Made {
  return pdfPage(workshop, (article) => {
    const whole = buildPdf(article).toString("latin1");
    const tableStart = whole.lastIndexOf("xref\n0 ");
    return Buffer.from(
      whole.slice(0, tableStart) + whole.slice(tableStart).replace(/\d{10}|\d+(?=\n%%EOF)/g, "0000000007"),
      "latin1",
    );
  });
}

/** Cut before the catalog and the page tree: there is no way into what is left. */
function makeTruncatedPdf(workshop: Workshop): Made {
  return pdfPage(workshop, (article) => {
    const whole = buildPdf(article);
    return whole.subarray(0, Math.floor(whole.length * 0.4));
  });
}

function makeLockedPdf(workshop: Workshop): Made {
  return pdfPage(workshop, (article) => buildLockedPdf(article, workshop.random));
}

function makeNoisePdf(workshop: Workshop): Made {
  return pdfPage(workshop, (article) => {
    const bytes = Buffer.from(buildPdf(article));
    for (let i = 9; i < bytes.length; i++) bytes[i] = Math.floor(workshop.random() * 256);
    return bytes;
  });
}

function pdfPage(workshop: Workshop, build: (article: Article) => Uint8Array): Made {
  const { random, prose, sites } = workshop;
  const article = newArticle(workshop, prose.take(drawWords(PDF_WORDS, random)));
  const url = newUrl(workshop, `https://${pick(sites, random).host}/files/${slug(article.title)}.pdf`);
  // Only whole lines are promised: where lines join is the extractor's affair.
  const contains = article.paragraphs[0]!.split(" ").slice(0, 6).join(" ");
  return { url, article: article.paragraphs.join("\n\n"), response: ok("application/pdf", build(article)), contains };
}

// What the makers have in common

function newOriginal(workshop: Workshop, words: typeof ARTICLE_WORDS | typeof TWIN_WORDS): Original {
  const { random, prose, sites } = workshop;
  return publish(workshop, pick(sites, random), newArticle(workshop, prose.take(drawWords(words, random))));
}

function publish(workshop: Workshop, site: Site, article: Article, name = slug(article.title)): Original {
  const url = newUrl(
    workshop,
    `https://${site.host}/${pick(["posts", "articles", "t", "pages"], workshop.random)}/${name}`,
  );
  const response = ok("text/html; charset=utf-8", Buffer.from(renderArticle(site, article, workshop.random)));
  return { url, site, article, response };
}

function newArticle(workshop: Workshop, paragraphs: readonly string[]): Article {
  const { random } = workshop;
  const title = titleFor(paragraphs, random);
  return {
    title,
    paragraphs,
    author: personName(random),
    date: dateName(random),
    language: "en",
    direction: "ltr",
    comments: true,
  };
}

function pageOf({ url, article, response }: Original): Made {
  return { url, article: article.paragraphs.join("\n\n"), response };
}

function htmlPage(workshop: Workshop, site: Site, name: string, html: string): Made {
  const url = newUrl(workshop, `https://${site.host}/${slug(name)}`);
  return { url, article: "", response: ok("text/html; charset=utf-8", Buffer.from(html)) };
}

/** A headline of the article's own long words, which repeats no run of them. */
function titleFor(paragraphs: readonly string[], random: () => number): string {
  const words = [...new Set(paragraphs.join(" ").match(/\b[a-z]{7,12}\b/g) ?? ["untitled"])];
  const [first, second] = [pick(words, random), pick(words, random)];
  const capital = first[0]!.toUpperCase() + first.slice(1);
  return pick(
    [`${capital} and ${second}`, `On ${first}`, `${capital}, or ${second}`, `Notes on ${first} and ${second}`],
    random,
  );
}

function openingWords(article: Article): string {
  return article.paragraphs[0]!.split(" ").slice(0, 8).join(" ");
}

/** The URL, or the same with a number where it is taken. */
function newUrl(workshop: Workshop, url: string): string {
  let candidate = url;
  for (let n = 2; workshop.usedUrls.has(candidate); n++) candidate = `${url}${url.includes("?") ? "&" : "?"}n=${n}`;
  workshop.usedUrls.add(candidate);
  return candidate;
}

function drawWords(range: { readonly min: number; readonly spread: number }, random: () => number): number {
  return range.min + Math.floor(random() * range.spread);
}

/** For the report of a crawl: how much prose it carries. */
export function wordsIn(pages: readonly DemoPage[]): number {
  return pages.reduce((sum, page) => sum + countWords(page.article), 0);
}
