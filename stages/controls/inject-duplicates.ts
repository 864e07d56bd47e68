import { drawUniform } from "../../pipeline/random.ts";
import { defineMap, z } from "../../pipeline/stage.ts";

/**
 * Repeats pages: a corpus that must lose to the same without repeats when both have as many tokens. A positive control
 * for `sluice compare`. Every copy is a page of its own, with an id of its own and the URL and text of the first, so
 * the ledger counts it, and a deduplication stage further on drops it. Copies carry the tag `injected`.
 *
 * Which pages are repeated is drawn from (run seed, page): a greater `share` repeats the same pages and others.
 *
 * @example injectDuplicates({ share: 0.25, copies: 8 })
 */
export default defineMap({
  name: "inject-duplicates",
  module: import.meta.url,
  version: 1,
  params: z.strictObject({
    share: z.number().min(0).max(1).default(0.5).describe("Share of the pages that are repeated."),
    copies: z.int().min(1).max(1000).default(4).describe("Copies of such a page, the page itself not counted."),
  }),
  setup: (_params, { seed }) => seed,
  map: (page, { share, copies }, seed) => {
    if (drawUniform(seed, "inject-duplicates", page.id) >= share) return page;
    // The engine gives the parts of a split ids of their own, made from the page's.
    const copy = { ...page, tags: { ...page.tags, injected: true } };
    return [page, ...Array.from({ length: copies }, () => copy)];
  },
});
