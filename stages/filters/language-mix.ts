import { drawUniform } from "../../pipeline/random.ts";
import { defineFilter, z } from "../../pipeline/stage.ts";
import { drop, keep } from "../../pipeline/verdict.ts";

/** What a page without the tag counts as. */
const UNTAGGED = "untagged";

const byLanguage = (most?: number) =>
  z.record(z.string(), most === undefined ? z.number().min(0) : z.number().min(0).max(most)).optional();

const params = z
  .strictObject({
    rates: byLanguage(1).describe("Language → share of its pages to keep, e.g. `{ en: 0.2, de: 1 }`."),
    target: byLanguage().describe("Instead of rates: language → its part in the mix that is wanted, in any unit."),
    found: byLanguage().describe(
      "With `target`: language → its part in what comes in, in the unit of pages or any other.",
    ),
    otherwise: z.number().min(0).max(1).default(0).describe("Share to keep of languages that are not named."),
    tag: z.string().min(1).default("lang").describe("The tag that names a page's language; `language` sets `lang`."),
  })
  .superRefine(({ rates, target, found }, context) => {
    const problem = problemOf(rates, target, found);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });
type Params = z.output<typeof params>;

/**
 * Changes the mix of languages: keeps a share of each language's pages. It is sampling, page by page, at rates that are
 * given: each page draws a number from (run seed, page), and stays if that is below its language's rate. No page is
 * repeated, and nothing looks at how many pages have come: the outcome is as near to the mix as a large number brings it.
 *
 * Either `rates` are given, or `target` and `found`: the mix that is wanted, and what comes in at this place of the recipe
 * (a run without this stage tells it). The rates are then target / found, all scaled so that the scarcest language is kept
 * whole: the largest corpus that has this mix. If pages of one language are longer, give both in tokens or characters.
 * Pages without the tag are the language `untagged`.
 *
 * @example languageMix({ target: { en: 50, de: 25, fr: 25 }, found: { en: 900_000, de: 60_000, fr: 40_000 } })
 */
export default defineFilter({
  name: "language-mix",
  module: import.meta.url,
  version: 1,
  params,
  thresholds: ["rates", "target", "found", "otherwise"],
  setup: (_params, { seed }) => seed,
  // The score's name is the language, so that a finished run can be asked for other rates.
  score: ({ page, tags }, { tag }, seed): Readonly<Record<string, number>> => ({
    [languageOf(Object.hasOwn(tags, tag) ? tags[tag] : undefined)]: drawUniform(seed, "language-mix", page.id),
  }),
  keep: (scores, params) => {
    const [[language, draw]] = Object.entries(scores) as [[string, number]];
    return draw < rateOf(language, params) ? keep : drop("not-in-mix", draw);
  },
});

function languageOf(tag: unknown): string {
  return typeof tag === "string" && tag !== "" ? tag : UNTAGGED;
}

function rateOf(language: string, { rates, target, found, otherwise }: Params): number {
  if (rates !== undefined) return at(rates, language) ?? otherwise;
  const wanted = at(target!, language);
  if (wanted === undefined) return otherwise;
  if (wanted === 0) return 0;
  const most = Math.max(...Object.keys(target!).map((name) => target![name]! / found![name]!));
  return wanted / found![language]! / most;
}

function at(numbers: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(numbers, name) ? numbers[name] : undefined;
}

/** What is wrong with the parameters taken together. */
function problemOf(rates: Params["rates"], target: Params["target"], found: Params["found"]): string | undefined {
  if ((rates === undefined) === (target === undefined)) return "either rates, or target and found";
  if ((target === undefined) !== (found === undefined)) return "target and found together";
  const missing = Object.keys(target ?? {}).find((name) => !((at(found!, name) ?? 0) > 0));
  if (missing !== undefined) return `found.${missing} above 0, since target names "${missing}"`;
  return undefined;
}
