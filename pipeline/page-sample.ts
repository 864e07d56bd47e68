/** Which pages of a corpus are taken: decided page by page, so that corpora which share pages agree on them. */
import { drawUniform } from "./random.ts";

/** A random part of the pages, without those that are held out. */
export interface PageSample {
  /** Decides which pages; those held out are the same for every seed. */
  readonly seed: number;
  /** Of the pages, in (0, 1]. */
  readonly share: number;
  /** The part of all pages that no sample has, in [0, 1). */
  readonly heldOut: number;
}

export function isHeldOut(pageId: string, share: number): boolean {
  return share > 0 && drawUniform(0, "held out", pageId) < share;
}

export function isSampled(pageId: string, { seed, share, heldOut }: PageSample): boolean {
  return !isHeldOut(pageId, heldOut) && (share >= 1 || drawUniform(seed, "page sample", pageId) < share);
}
