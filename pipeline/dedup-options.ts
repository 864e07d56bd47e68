/** Parameters that every deduplication of pages has. The engine reads them; a stage spreads them into its own schema. */
import { z } from "zod";

/**
 * Which of several like pages stays. `first` decides page by page, in input order; the others need to have seen every page,
 * and decide in their own order, which depends on the pages alone.
 */
export const KEEP_POLICIES = ["first", "longest", "newest", "best"] as const;
export type KeepPolicy = (typeof KEEP_POLICIES)[number];

export const dedupOptions = {
  keep: z
    .enum(KEEP_POLICIES)
    .default("first")
    .describe(
      "Which of like pages stays: the first in the input; the longest; the newest by its date; or the best by the score that `bestBy` names. All but `first` give the same pages for any order of the input.",
    ),
  bestBy: z
    .string()
    .optional()
    .describe("With `keep: best`, the score that decides, as STAGE.SCORE; the highest stays."),
  against: z
    .array(z.string())
    .default([])
    .describe("Output folders of earlier runs that saved their index: pages that are like theirs are dropped, too."),
  saveIndex: z
    .boolean()
    .default(false)
    .describe("Whether the pages that stay are saved as an index, for later runs to be deduplicated against."),
};

export interface DedupOptions {
  readonly keep: KeepPolicy;
  readonly bestBy?: string | undefined;
  readonly against: readonly string[];
  readonly saveIndex: boolean;
}

/** The options of a deduplication whose schema may lack some of them. */
export function dedupOptionsOf(params: unknown): DedupOptions {
  return { keep: "first", against: [], saveIndex: false, ...(params as Partial<DedupOptions>) };
}
