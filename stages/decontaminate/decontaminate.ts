import { RecipeError } from "../../pipeline/errors.ts";
import { defineRewriter, type SetupContext, z } from "../../pipeline/stage.ts";
import { drop, keep } from "../../pipeline/verdict.ts";
import { cutOut } from "./cut-out.ts";
import { type EvalItem, evalPaths, findEvalFiles, readItems } from "./eval-files.ts";
import { type Search, searchFor } from "./eval-index.ts";
import { FEWEST_WORDS } from "./searched-texts.ts";
import type { Span } from "./spans.ts";

const params = z.strictObject({
  evals: z
    .array(z.string().min(1))
    .min(1)
    .describe(
      "Files of evaluation sets, as paths and globs: .jsonl, .json, .csv, or plain text (.txt, .md) with an item a paragraph; `.gz` and `.zst`, too.",
    ),
  fields: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      "Which fields of a row are its text, as paths (`question.stem`, `choices.text`). Unset: those of GSM8K, MMLU, ARC, HellaSwag, PIQA and other known sets; of other rows every string.",
    ),
  method: z
    .enum(["ngrams", "paragraph", "near-duplicate"])
    .default("ngrams")
    .describe(
      "What makes a page contaminated: `ngram` words of an item in a row; a whole paragraph of it; or a passage that has all but all of its runs of 5 words.",
    ),
  ngram: z
    .int()
    .min(FEWEST_WORDS)
    .max(100)
    .default(13)
    .describe("With `ngrams`, words in a row. A shorter text is found by all of its words, 8 at least."),
  threshold: z
    .number()
    .gt(0)
    .max(1)
    .default(0.8)
    .describe("With `near-duplicate`, the share of a text's runs of 5 words that a passage has."),
  action: z
    .enum(["drop", "mask"])
    .default("drop")
    .describe("Drop the page, or cut out what is an item's and `maskChars` around it."),
  maskChars: z
    .int()
    .min(0)
    .default(200)
    .describe("With `mask`, characters (UTF-16 units) that are cut out on either side, and the rest of a word."),
  maxCuts: z.int().min(0).default(10).describe("With `mask`, pages out of which more would be cut are dropped."),
});
export type DecontaminateParams = z.output<typeof params>;

interface State {
  /** Without their texts. */
  readonly items: readonly Pick<EvalItem, "id" | "suite">[];
  readonly search: Search;
}

/**
 * Takes out what evaluation sets have in common with the pages, so that what is measured later was not learned by heart. The
 * sets are chosen before anything is curated, and are the same for all variants that are compared: a set that one variant
 * was cleaned of and another was not tells nothing about either. `sluice contamination RUN` reports on every item.
 *
 * Words are compared: case, white space and punctuation make no difference, so that an item is found as prose, as a table's
 * row and as JSON. In scripts without spaces every character is a word.
 *
 * | method | a page is contaminated by |
 * | --- | --- |
 * | `ngrams` | 13 words in a row that stand in an item, or all of a text of 8 to 12 words (GPT-3, Brown et al. 2020, appendix C) |
 * | `paragraph` | a paragraph of at least 8 words that is one of an item (allenai/dolma 669f534, with its Bloom filter read-only) |
 * | `near-duplicate` | a passage with `threshold` of the runs of 5 words of one of an item's texts, at most twice as long |
 *
 * An item is looked for by each of its fields of 8 words or more (question, answer, each choice); where its first is shorter,
 * by that with each other one, and with all. An item that has no 8 words cannot be found: it is counted, and reported.
 * Passages that more than 100 items have are what a suite prints before each question, and are not looked for.
 *
 * `mask` is GPT-3's: what an item and a page have in common goes, and 200 characters on either side; a page that would be cut
 * in more than ten places is dropped (the constants of lm-evaluation-harness 4e7e0d4, decontamination/janitor.py). There the
 * parts become pages, and those below 200 characters are dropped; here they stay one page. Others differ in this:
 * huggingface/datatrove a649de7 (decont/n_grams.py) takes 12 words, none of them from the question alone, and
 * never finds an answer below 12 words; mlfoundations/dclm flags only.
 *
 * Each worker holds 30 to 60 bytes for a word of the items (100,000 items of 75 words: some 300 MB, read in 8 s).
 *
 * @example decontaminate({ evals: ["evals/gsm8k/test.jsonl", "evals/mmlu/*.csv"], action: "mask" })
 */
export default defineRewriter({
  name: "decontaminate",
  module: import.meta.url,
  version: 1,
  params,
  files: ({ evals }, { resolvePath, place }) => evalPaths(evals, resolvePath, `${place}.evals`),
  thresholds: ["maxCuts"],
  setup: loadItems,
  rewrite: ({ text }, { action, maskChars }, { items, search }: State) => {
    const { items: found, passages } = search.find(text);
    // Names of items have a "#" in them.
    const byItem = Object.fromEntries([...found].map(([item, value]) => [items[item]!.id, value]));
    const scores: Record<string, number> = {
      items: found.size,
      passages: passages.length,
      chars: lengthOf(passages),
      ...byItem,
    };
    if (action === "drop" || passages.length === 0) return { text, scores };
    const masked = cutOut(text, passages, maskChars);
    return { text: masked.text, scores: { ...scores, cuts: masked.cuts, charsLeft: masked.text.length } };
  },
  keep: ({ items = 0, cuts = 0, charsLeft = 0 }, { action, maxCuts }) => {
    if (items === 0) return keep;
    if (action === "drop") return drop("contaminated", items);
    if (cuts > maxCuts) return drop("too-many-cuts", cuts);
    return charsLeft === 0 ? drop("nothing-left") : keep;
  },
});

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** The items that `evals` hold, and what finds them. Raises RecipeError or FormatError for sets that cannot be used. */
export async function loadItems(
  { evals, fields, method, ngram, threshold }: DecontaminateParams,
  { resolvePath }: Pick<SetupContext, "resolvePath">,
): Promise<State> {
  const items: EvalItem[] = [];
  for (const file of findEvalFiles(evals, resolvePath, "decontaminate.evals")) {
    for (const item of await readItems(file, fields)) items.push(item);
  }
  const search = searchFor(items, { method, ngram, threshold });
  if (search.isSearched.includes(1)) return { items: items.map(({ id, suite }) => ({ id, suite })), search };
  throw new RecipeError(
    `decontaminate.evals: none of the ${items.length} items in ${evals.join(", ")} can be found; expected items of ${FEWEST_WORDS} words that are not all the same`,
  );
}
