/**
 * Which blocks to keep, when all that is known of each is how likely it is main text. A threshold of a half would be
 * right if blocks were to be judged one by one; texts are judged by F, in which precision and recall share. The choice
 * with the best F to be expected has a threshold too, half of that F itself (Lipton et al. 2014, "Optimal thresholding
 * of classifiers to maximize F1 measure"): on an article, of which the model is sure, near a half; on a page of cards or
 * of specifications, of which it is not, far lower. That F also tells of a page that has no main text at all.
 *
 * `beta` is how much more recall counts than precision: F = (1 + β²) · hits / (kept + β² · wanted), where hits and wanted
 * are sums of chances, and a block counts by its length. It depends on the page: where the model is sure, what it doubts is
 * a caption, a line about the author; where it is not, chances are wrong together, a list of cards is wanted or it is not,
 * and too little is the greater loss.
 */

/** How a choice is judged. */
export interface Judgement {
  /** Where the choice has an F1 of `SURE` or more to be expected … */
  readonly sure: number;
  /** … and where it has `UNSURE` or less: β of a page is between these. */
  readonly unsure: number;
  /** Where it has less than this, nothing is kept: menus, and pages that scripts would fill, have no main text. */
  readonly leastF: number;
}

const SURE = 0.95;
const UNSURE = 0.75;

/** Sets `keep` to 1 for chosen blocks and to 0 for others. Blocks that are equally likely are kept or left together. */
export function selectBlocks(
  lengths: ArrayLike<number>,
  logits: Float64Array,
  judgement: Judgement,
  keep: Uint8Array,
): void {
  const count = lengths.length;
  const chances = logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  const order = Uint32Array.from(chances, (_, block) => block).sort((a, b) => chances[b]! - chances[a]!);
  const { f } = bestChoice(lengths, chances, order, 1);
  if (f < judgement.leastF) {
    keep.fill(0);
    return;
  }
  const { threshold } = bestChoice(lengths, chances, order, betaOf(f, judgement));
  for (let block = 0; block < count; block++) keep[block] = chances[block]! >= threshold ? 1 : 0;
}

/** From one to the other as sureness falls. */
export function betaOf(expectedF: number, { sure, unsure }: Judgement): number {
  const doubt = Math.min(1, Math.max(0, (SURE - expectedF) / (SURE - UNSURE)));
  return sure + doubt * (unsure - sure);
}

/** The least chance of a block that is kept, and the F to be expected. `order` has the blocks by their chance. */
function bestChoice(
  lengths: ArrayLike<number>,
  chances: Float64Array,
  order: Uint32Array,
  beta: number,
): { readonly threshold: number; readonly f: number } {
  const weight = beta * beta;
  let wanted = 0;
  for (let block = 0; block < chances.length; block++) wanted += lengths[block]! * chances[block]!;
  let hits = 0;
  let kept = 0;
  let best = -1;
  let threshold = 0;
  for (let i = 0; i < order.length; i++) {
    const block = order[i]!;
    hits += lengths[block]! * chances[block]!;
    kept += lengths[block]!;
    const isLastOfEquals = i + 1 === order.length || chances[order[i + 1]!]! < chances[block]!;
    const f = ((1 + weight) * hits) / (kept + weight * wanted);
    if (isLastOfEquals && f > best) {
      best = f;
      threshold = chances[block]!;
    }
  }
  return { threshold, f: best };
}
