import { RecipeError } from "../../pipeline/errors.ts";
import { defineFilter, type SetupContext, z } from "../../pipeline/stage.ts";
import { strip } from "../../pipeline/text/python-text.ts";
import { drop, keep } from "../../pipeline/verdict.ts";
import { readListLines } from "./list-file.ts";
import { DomainList } from "./url/domain-list.ts";
import { HashedStrings } from "./url/hashed-strings.ts";
import { type Reading, readingOf } from "./url/readings.ts";
import { Substrings } from "./url/substrings.ts";

const listFiles = z.array(z.string().min(1)).default([]);

const params = z.strictObject({
  domains: listFiles.describe("Files of domains: one a line, `hosts` files, adblock lists; `.gz` and `.zst` too."),
  urls: listFiles.describe("Files of URLs, one a line."),
  words: listFiles.describe("Files of words of which one in the URL drops the page."),
  softWords: listFiles.describe("Files of words of which `minSoftWords` different ones drop the page."),
  minSoftWords: z.int().min(1).default(2).describe("Fewest different soft words that drop a page."),
  substrings: listFiles.describe("Files of strings that drop the page wherever in the URL they are."),
  matching: z
    .enum(["as-datatrove", "as-dclm", "broad"])
    .default("as-datatrove")
    .describe("How lists are held against a URL: as these two do it, or as widely as their makers mean them."),
  otherRules: z
    .enum(["refuse", "skip"])
    .default("refuse")
    .describe("What to do where lines of a domain list name no domain: tell and stop, or use the lines that do."),
});
type Params = z.output<typeof params>;

interface State {
  readonly reading: Reading;
  readonly domains: HashedStrings;
  readonly urls: HashedStrings;
  readonly countWords: (url: string) => number;
  readonly countSoftWords: (url: string) => number;
  readonly substrings: Substrings;
}

/**
 * Drops pages by their URL: by lists of domains, URLs, words and parts of words, which are the user's files. A page
 * without a URL is kept. (datatrove ends the run there.)
 *
 * The rules are by default those of datatrove's URLFilter (huggingface/datatrove e982471, url_filter.py; the first step of
 * FineWeb), in its order. `as-dclm` are the four steps with which mlfoundations/dclm begins (dclm_baseline_refinedweb.yaml
 * at c0b0f6c, RefinedWeb's rules); `broad` is ours.
 *
 * | | `as-datatrove` | `as-dclm` | `broad` |
 * | --- | --- | --- | --- |
 * | `domains` | the registered domain ("domain"), or the whole host ("subdomain"), as written; hosts below a listed one pass, and so do addresses | the host with its port, in lower case and without every "www" | the host, lower case, and all domains above it; addresses |
 * | `urls` | the URL as written: an entry without "http://" matches none | the same | without scheme, "www.", fragment and last "/", in lower case |
 * | `words`, `softWords` | parts between all but ASCII letters and digits, as written, while the lists are put in lower case: "XXX" passes | between `\b`, lower case: "_" parts nothing | as datatrove, lower case |
 * | `substrings` | ASCII letters and digits alone, lower case | lower case without "-" and "." | as datatrove |
 * | order | as here | substrings before words | as here |
 *
 * Lists are read as streams, and told by what is in them; lines that begin with "#" and empty ones are left out (in
 * datatrove an empty line would match every URL that ends in a separator). Domains and URLs take 8 bytes an entry and
 * worker, 18 while they are read; see url/hashed-strings.ts for how seldom an unlisted one is taken for a listed one.
 * (10⁷ domains: 80 MB, read in some 5 s.) An adblock list has many rules on parts of pages, on what pages embed, and
 * exceptions, of which none speaks of a page's own URL: `otherRules: skip` passes over them.
 *
 * @example urlFilter({ domains: ["adult/domains.gz"], words: ["banned_words.txt"], softWords: ["soft_banned_words.txt"] })
 */
export default defineFilter({
  name: "url-filter",
  module: import.meta.url,
  version: 1,
  params,
  // The paths stay in the identity, too: digests alone do not tell a list of words from one of soft words.
  files: ({ domains, urls, words, softWords, substrings }) => [
    ...domains,
    ...urls,
    ...words,
    ...softWords,
    ...substrings,
  ],
  thresholds: ["minSoftWords"],
  referenceReasons: {
    domain: "domain",
    subdomain: "subdomain",
    url: "url",
    word: "hard_blacklisted",
    "soft-words": "soft_blacklisted",
    substring: "blacklisted_subword",
  },
  setup: readLists,
  score: ({ url }, _params, { reading, domains, urls, countWords, countSoftWords, substrings }: State) => {
    const isListed = (name: string): boolean => name !== "" && domains.has(name);
    return {
      domain: Number(reading.domains(url).some(isListed)),
      subdomain: Number(reading.subdomains(url).some(isListed)),
      url: Number(urls.has(reading.url(url))),
      words: countWords(url),
      softWords: countSoftWords(url),
      substring: Number(substrings.isIn(reading.searched(url))),
    };
  },
  keep: ({ domain, subdomain, url, words, softWords, substring }, { matching, minSoftWords }) => {
    if (domain > 0) return drop("domain");
    if (subdomain > 0) return drop("subdomain");
    if (url > 0) return drop("url");
    if (substring > 0 && matching === "as-dclm") return drop("substring");
    if (words > 0) return drop("word", words);
    if (softWords >= minSoftWords) return drop("soft-words", softWords);
    if (substring > 0) return drop("substring");
    return keep;
  },
});

async function readLists(params: Params, { resolvePath }: SetupContext): Promise<State> {
  const reading = await readingOf(params.matching);
  const { domains, urls, words, softWords, substrings, otherRules } = params;
  const entries = (files: readonly string[], keep: (entry: string) => string) =>
    readEntries(files.map(resolvePath), keep);
  return {
    reading,
    domains: await HashedStrings.from(readDomains(domains.map(resolvePath), reading.domainEntry, otherRules)),
    urls: await HashedStrings.from(entries(urls, reading.urlEntry)),
    countWords: reading.wordCounter(await setOf(entries(words, reading.wordEntry))),
    countSoftWords: reading.wordCounter(await setOf(entries(softWords, reading.wordEntry))),
    substrings: new Substrings(await setOf(entries(substrings, reading.substringEntry))),
  };
}

async function* readEntries(
  paths: readonly string[],
  keep: (entry: string) => string,
): AsyncGenerator<readonly string[], void, undefined> {
  for (const path of paths) {
    for await (const lines of readListLines(path)) {
      yield lines
        .filter((line) => line[0] !== "#")
        .map((line) => keep(strip(line)))
        .filter((entry) => entry !== "");
    }
  }
}

async function* readDomains(
  paths: readonly string[],
  keep: (entry: string) => string,
  otherRules: Params["otherRules"],
): AsyncGenerator<readonly string[], void, undefined> {
  for (const path of paths) {
    const list = new DomainList();
    for await (const lines of readListLines(path)) yield lines.flatMap((line) => list.domainsIn(line)).map(keep);
    if (list.others > 0 && otherRules === "refuse") {
      throw new RecipeError(
        `${path}: ${list.others} lines name no domain, such as "${list.firstOther!.slice(0, 60)}"; with otherRules: skip the ${list.applied} that do are used`,
      );
    }
  }
}

async function setOf(groups: AsyncIterable<readonly string[]>): Promise<ReadonlySet<string>> {
  const set = new Set<string>();
  for await (const group of groups) for (const entry of group) set.add(entry);
  return set;
}
