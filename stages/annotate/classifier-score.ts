import { clipText, FastTextScorer, loadFastTextModel } from "../../classifiers/index.ts";
import { RecipeError } from "../../pipeline/errors.ts";
import { defineFilter, type SetupContext, z } from "../../pipeline/stage.ts";
import { drop, keep } from "../../pipeline/verdict.ts";

const params = z.strictObject({
  model: z.string().min(1).describe("A supervised fastText model, `.bin` or `.ftz`."),
  label: z.string().min(1).describe("The label whose probability is the score, without `__label__`."),
  name: z.string().min(1).default("classifier.score").describe("What the score and the tag are called."),
  min: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("Drops pages with a lower probability; without `min` and `max` pages are only tagged."),
  max: z.number().min(0).max(1).optional().describe("Drops pages with a higher probability."),
  newlines: z
    .enum(["space", "glue"])
    .default("space")
    .describe(
      "What becomes of line ends: `space` as in DCLM and Dolma, or `glue`, which takes them out and so joins words across lines, as DataTrove's fastText filter does unless told otherwise.",
    ),
  maxChars: z.int().min(1).default(100_000).describe("Only this much of a page is looked at, in UTF-16 units."),
});
type Params = z.output<typeof params>;

interface State {
  readonly scorer: FastTextScorer;
  readonly label: number;
}

/**
 * Scores pages with any fastText classifier (quality, toxicity, topic), and keeps those whose probability of one label
 * lies between `min` and `max`, ends included. The score is that label's own probability whether or not it is the
 * likeliest; a page of which the model knows nothing scores 0.
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
  score: ({ text }, { name, newlines, maxChars }, { scorer, label }: State): Readonly<Record<string, number>> => {
    const clipped = clipText(text, maxChars);
    const known = scorer.read(newlines === "glue" ? clipped.replaceAll("\n", "") : clipped);
    return { [name]: known ? scorer.probabilityOf(label) : 0 };
  },
  keep: (scores, { name, min = 0, max = Infinity }) => {
    const score = scores[name]!;
    if (score < min) return drop("score-below", score);
    return score > max ? drop("score-above", score) : keep;
  },
  tags: (scores) => scores,
});

function openModel({ model, label }: Params, { resolvePath }: SetupContext): State {
  const scorer = new FastTextScorer(loadFastTextModel(resolvePath(model)));
  const number = scorer.model.labels.indexOf(label);
  if (number < 0) {
    const known = scorer.model.labels.slice(0, 12).join(", ");
    throw new RecipeError(`classifier-score.label: ${model} has no label "${label}" (it has: ${known})`);
  }
  return { scorer, label: number };
}
