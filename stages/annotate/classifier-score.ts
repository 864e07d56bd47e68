import { clipText, FastTextScorer, loadFastTextModel } from "../../classifiers/index.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import { defineFilter, type SetupContext, z } from "../../pipeline/stage.ts";
import { drop, keep } from "../../pipeline/verdict.ts";

const probability = z.number().min(0).max(1);
/** One for all labels, or a label's own. */
const threshold = z.union([probability, z.record(z.string(), probability)]).optional();

const fields = z.strictObject({
  model: z.string().min(1).describe("A supervised fastText model, `.bin` or `.ftz`."),
  label: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe("The label whose probability is the score, without `__label__`; or several."),
  name: z
    .string()
    .min(1)
    .default("classifier.score")
    .describe("What the score and the tag are called. Where `label` is a list, a label's are `name.label`."),
  min: threshold.describe(
    "Drops pages with a lower probability, for all labels or by label (`{ hq: 0.1 }`); without `min` and `max` pages are only tagged.",
  ),
  max: threshold.describe("Drops pages with a higher probability, for all labels or by label."),
  per: z
    .enum(["page", "paragraph"])
    .default("page")
    .describe("What is scored: the page, or each paragraph (blank lines lie between them)."),
  combine: z
    .enum(["max", "mean", "min"])
    .default("max")
    .describe("What becomes of paragraphs' scores; `max` finds a toxic paragraph in a long page."),
  newlines: z
    .enum(["space", "glue"])
    .default("space")
    .describe(
      "What becomes of line ends: `space` as in DCLM and Dolma, or `glue`, which takes them out and so joins words across lines, as DataTrove's fastText filter does unless told otherwise.",
    ),
  maxChars: z.int().min(1).default(100_000).describe("Only this much of a page is looked at, in UTF-16 units."),
});
const params = fields.superRefine(({ label, min, max }, { addIssue }) => {
  for (const [field, input] of Object.entries({ min, max })) {
    if (areAsked(input, label)) continue;
    addIssue({ code: "custom", path: [field], input, message: "thresholds of labels that are asked for" });
  }
});
type Params = z.output<typeof params>;
type Thresholds = z.output<typeof threshold>;

interface State {
  readonly scorer: FastTextScorer;
  /** Names of the scores, with the numbers of their labels in the model. */
  readonly labels: readonly (readonly [score: string, label: number])[];
}

/**
 * Scores pages with any fastText classifier (quality, toxicity, topic), and keeps those whose probabilities of the
 * labels asked for lie between `min` and `max`, ends included. A score is that label's own probability whether or not it
 * is the likeliest; a text of which the model knows nothing scores 0.
 * @example classifierScore({ model: "models/quality.bin", label: "hq", name: "quality", min: 0.018112 })
 */
export default defineFilter({
  name: "classifier-score",
  module: import.meta.url,
  version: 1,
  params,
  // Which model counts, not where it lies.
  places: ["model"],
  files: ({ model }) => [model],
  thresholds: ["min", "max"],
  setup: openModel,
  score: (
    { text },
    { per, combine, newlines, maxChars },
    { scorer, labels }: State,
  ): Readonly<Record<string, number>> => {
    const clipped = clipText(text, maxChars);
    const parts = per === "page" ? [clipped] : clipped.split(PARAGRAPH_END).filter((part) => part.trim() !== "");
    const scores = parts.map((part) => {
      const known = scorer.read(newlines === "glue" ? part.replaceAll("\n", "") : part);
      return labels.map(([, label]) => (known ? scorer.probabilityOf(label) : 0));
    });
    return Object.fromEntries(labels.map(([name], i) => [name, combined(scores, i, combine)]));
  },
  keep: (scores, { label, name, min, max }) => {
    for (const [score, of] of scoreNames(label, name)) {
      const value = scores[score]!;
      if (value < (thresholdOf(min, of) ?? 0)) return drop("score-below", value);
      if (value > (thresholdOf(max, of) ?? Infinity)) return drop("score-above", value);
    }
    return keep;
  },
  tags: (scores) => scores,
});

const PARAGRAPH_END = /\n(?:[^\S\n]*\n)+/;

/** Of a page without paragraphs 0, as of a text that the model does not know. */
function combined(scores: readonly (readonly number[])[], label: number, combine: Params["combine"]): number {
  if (scores.length === 0) return 0;
  const sum = (a: number, b: number): number => a + b;
  const pick = { max: Math.max, min: Math.min, mean: sum }[combine];
  const all = scores.map((part) => part[label]!).reduce((a, b) => pick(a, b));
  return combine === "mean" ? all / scores.length : all;
}

/** What scores are called, and the label of each. */
function scoreNames(label: Params["label"], name: string): (readonly [score: string, label: string])[] {
  return typeof label === "string" ? [[name, label]] : label.map((one) => [`${name}.${one}`, one]);
}

function areAsked(thresholds: Thresholds, label: string | readonly string[]): boolean {
  const asked = typeof label === "string" ? [label] : label;
  return typeof thresholds !== "object" || Object.keys(thresholds).every((of) => asked.includes(of));
}

function thresholdOf(thresholds: Thresholds, label: string): number | undefined {
  if (typeof thresholds !== "object") return thresholds;
  return Object.hasOwn(thresholds, label) ? thresholds[label] : undefined;
}

function openModel({ model, label, name }: Params, { resolvePath }: SetupContext): State {
  const scorer = new FastTextScorer(loadFastTextModel(resolvePath(model)));
  const labels = scoreNames(label, name).map(([score, of]) => {
    const number = scorer.model.labels.indexOf(of);
    if (number >= 0) return [score, number] as const;
    const known = scorer.model.labels.slice(0, 12).join(", ");
    throw new RecipeError(`classifier-score.label: ${model} has no label "${of}" (it has: ${known})`);
  });
  return { scorer, labels };
}
