import { drawUniform } from "../../pipeline/random.ts";
import { defineFilter, z } from "../../pipeline/stage.ts";
import { drop, keep } from "../../pipeline/verdict.ts";

/**
 * Keeps a random share of the pages. Each draws a number from (run seed, `name`, page), so that which pages stay depends
 * neither on order nor on threads, and a greater `share` keeps the same pages and others. It is a share of a large number:
 * of 10,000 pages at 0.1 some 1,000 stay, give or take 60.
 *
 * With `weightTag` a page's chance is its tag's number times `share`, at most 1: give it the probability that a classifier
 * found, or a weight computed elsewhere. A tag that is absent, no number or negative weighs 0, and a boolean 0 or 1.
 *
 * Two samples of one `name` draw the same number for a page: the second at the same share drops nothing more.
 *
 * @example sample({ share: 0.1 })
 */
export default defineFilter({
  name: "sample",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    share: z.number().min(0).default(0.5).describe("Share of the pages to keep; with weights, what they are times."),
    name: z.string().default("sample").describe("Another name draws other numbers."),
    weightTag: z.string().min(1).optional().describe("The tag whose number says how likely a page is to stay."),
  }),
  thresholds: ["share"],
  setup: (_params, { seed }) => seed,
  score: ({ page, tags }, { name, weightTag }, seed) => ({
    draw: drawUniform(seed, `sample ${name}`, page.id),
    weight: weightTag === undefined ? 1 : weightOf(Object.hasOwn(tags, weightTag) ? tags[weightTag] : undefined),
  }),
  keep: ({ draw, weight }, { share }) => (draw < share * weight ? keep : drop("not-sampled", draw)),
});

function weightOf(tag: unknown): number {
  const weight = typeof tag === "string" ? Number.NaN : Number(tag);
  return Number.isFinite(weight) && weight > 0 ? weight : 0;
}
