import { join } from "node:path";
import { RecipeError } from "../../pipeline/errors.ts";
import { drawUniform } from "../../pipeline/random.ts";
import { defineFilter, type SetupContext, z } from "../../pipeline/stage.ts";
import { strip } from "../../pipeline/text/python-text.ts";
import { drop, keep } from "../../pipeline/verdict.ts";
import { PhraseMatcher } from "./bad-words/phrase-matcher.ts";
import { readListLines } from "./list-file.ts";

const LANGUAGE = "{language}";

const params = z.strictObject({
  lists: z
    .string()
    .min(1)
    .describe(
      `A folder with a file of words for each language, named by its code, or a path with ${LANGUAGE} in it; \`.gz\` and \`.zst\`, too.`,
    ),
  languages: z.array(z.string().min(1)).min(1).default(["en"]).describe("The languages to read lists of."),
  language: z.string().min(1).default("en").describe("The language of pages that have no tag `lang`."),
  otherLanguages: z
    .enum(["drop", "keep"])
    .default("drop")
    .describe("What becomes of pages in a language without a list."),
  keepFraction: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("Share of the pages with bad words that stays; which ones, seed and page decide."),
});
type Params = z.output<typeof params>;

interface State {
  readonly matchers: ReadonlyMap<string, PhraseMatcher>;
  readonly seed: number;
}

/** Written without spaces: a word is found inside others. */
const UNSPACED: ReadonlySet<string> = new Set(["ja", "th", "zh"]);

/** Common parts of Japanese and Chinese words, taken out of every list: each alone would drop a tenth of its language. */
const ALLOWED: ReadonlySet<string> = new Set(["sm", "グロ", "女の子", "性"]);

/**
 * Drops pages with a word of a list: C4's filter as datatrove applies it (huggingface/datatrove a649de7,
 * C4BadWordsFilter in c4_filters.py), with lists of yours. The List of Dirty, Naughty, Obscene and Otherwise Bad Words
 * (LDNOOBW), a word or phrase a line, is what the original uses.
 *
 * Words are looked for in the page in lower case, exactly as they stand in the list: one with a capital letter is never
 * found. They must stand between characters that are no letter, number or underscore, but for Japanese, Thai and Chinese.
 *
 * The page's language is its tag `lang`, as the stage `language` sets it. Where there is no list for it the original
 * ends the run, unless told to keep such pages; here they are dropped under a reason of their own.
 *
 * @example badWords({ lists: "ldnoobw", languages: ["en", "de"], keepFraction: 0.1 })
 */
export default defineFilter({
  name: "bad-words",
  module: import.meta.url,
  version: 1,
  params,
  // Which words count, not where they lie.
  places: ["lists"],
  files: (params) => params.languages.map((language) => pathOf(params, language)),
  thresholds: ["otherLanguages", "keepFraction"],
  referenceReasons: { "bad-words": "document_removed_with_badwords" },
  setup: readLists,
  score: ({ text, tags, page }, { language }, { matchers, seed }: State) => {
    const matcher = matchers.get(typeof tags.lang === "string" ? tags.lang : language);
    const badWords = matcher?.count(text.toLowerCase()) ?? 0;
    return {
      hasList: matcher === undefined ? 0 : 1,
      badWords,
      draw: badWords === 0 ? 0 : drawUniform(seed, "bad-words", page.id),
    };
  },
  keep: ({ hasList, badWords, draw }, { otherLanguages, keepFraction }) => {
    if (hasList === 0) return otherLanguages === "keep" ? keep : drop("language-without-list");
    return badWords > 0 && draw >= keepFraction ? drop("bad-words", badWords) : keep;
  },
});

function pathOf({ lists }: Params, language: string): string {
  return lists.includes(LANGUAGE) ? lists.replaceAll(LANGUAGE, language) : join(lists, language);
}

async function readLists(params: Params, { resolvePath, seed }: SetupContext): Promise<State> {
  if (!params.languages.includes(params.language)) {
    throw new RecipeError(
      `bad-words.language: expected one of the languages with a list (${params.languages.join(", ")}), found "${params.language}"`,
    );
  }
  const matchers = new Map<string, PhraseMatcher>();
  for (const language of params.languages) {
    const path = pathOf(params, language);
    const words: string[] = [];
    for await (const lines of readListLines(resolvePath(path))) {
      words.push(...lines.flatMap((line) => line.split("\r").map(strip)));
    }
    const listed = words.filter((word) => word !== "" && !ALLOWED.has(word));
    if (listed.length === 0) throw new RecipeError(`bad-words.lists: ${path} has no words; expected one a line`);
    matchers.set(language, new PhraseMatcher(listed, { wholeWords: !UNSPACED.has(language) }));
  }
  return { matchers, seed };
}
